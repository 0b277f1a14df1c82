// The route to one Redis, or to the one that the sentinels call master at the time.
import type { Redis } from "ioredis";
import { type Connected, connectRedis, type Patience } from "./connect.ts";
import type { ServerFacts } from "./server-facts.ts";
import { Link, type LinkOptions } from "./link.ts";
import type { Route } from "./route.ts";
import { findMaster } from "./sentinels.ts";
import { nameOfNode, type RedisTarget } from "./target.ts";

const ANOTHER_MASTER = "the sentinels name another master";

export class ServerRoute implements Route {
  readonly #target: RedisTarget;
  readonly #link: Link;
  #isLooking = false;

  constructor(target: RedisTarget, facts: ServerFacts, onState: LinkOptions["onState"]) {
    this.#target = target;
    this.#link = new Link({
      connect: async (patience) => facts.watch(await connectToMaster(target, patience)),
      onState,
    });
  }

  /** Rejects with one line that says why the first connection failed. */
  async open(): Promise<void> {
    await this.#link.open();
  }

  get version(): string | null {
    return this.#link.version;
  }

  /** Where it leads, or null while it is down. */
  get server(): string | null {
    return this.#link.name;
  }

  redis(): Redis | null {
    return this.#link.redis;
  }

  reason(): string {
    return this.#link.reason;
  }

  async turnedAway(code: string, message: string): Promise<boolean> {
    // A master that became a replica: by the next connection there may be another one.
    if (code === "READONLY") this.#link.cut(message);
    return false;
  }

  suspect(): void {
    if (this.#target.mode !== "sentinel" || this.#isLooking) return;
    this.#isLooking = true;
    findMaster(this.#target, this.#link.isFar ? "patient" : "quick")
      .then(
        (master) => {
          const name = this.#link.name;
          if (name && name !== nameOfNode(master)) {
            this.#link.cut(ANOTHER_MASTER);
          }
        },
        // Without the sentinels' word the connection stays until the time for an answer is over.
        () => {},
      )
      .finally(() => (this.#isLooking = false));
  }

  cut(_redis: Redis, reason: string): void {
    this.#link.cut(reason);
  }

  close(): void {
    this.#link.close();
  }
}

/** A connection to the Redis itself, or to the master of the sentinels' group. */
export async function connectToMaster(target: RedisTarget, patience: Patience): Promise<Connected> {
  const isNamed = target.mode === "sentinel";
  const node = isNamed ? await findMaster(target, patience) : (target.nodes[0] ?? null);
  const connected = await connectRedis(target, node, patience);
  // It took so long that there may be another master by now.
  if (isNamed && connected.isFar) await confirm(connected, target, patience);
  return connected;
}

/** Rejects, and closes the connection, unless it leads to the master that the sentinels name. */
async function confirm(
  { redis, name }: Connected,
  target: RedisTarget,
  patience: Patience,
): Promise<void> {
  try {
    const master = await findMaster(target, patience);
    if (nameOfNode(master) !== name) throw new Error(ANOTHER_MASTER);
  } catch (error) {
    redis.disconnect();
    throw error;
  }
}
