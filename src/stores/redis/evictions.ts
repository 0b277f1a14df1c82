// Finds out whether servers evict keys when their memory is full. It looks when a connection is
// made and then periodically, because the policy can be changed at any time.
import type { Cancel, Clock } from "../../queue/clock.ts";
import { type Connected, policyIn } from "./connect.ts";

/** The policy that evicts nothing, and the stand-in for servers that do not tell theirs. */
const NO_EVICTION = "noeviction";
const UNTOLD = "unknown";
const LOOK_EVERY_MS = 5_000;

/** Called with a server's policy if it is not noeviction, and with null when it is again. */
export type OnPolicy = (server: string, policy: string | null) => void;

export class Evictions {
  readonly #onPolicy: OnPolicy;
  readonly #connections = new Set<Connected>();
  /** By the names of servers, also of those without a connection now. */
  readonly #policies = new Map<string, string>();
  readonly #stop: Cancel;
  #isLooking = false;

  constructor(onPolicy: OnPolicy, clock: Clock) {
    this.#onPolicy = onPolicy;
    this.#stop = clock.every(LOOK_EVERY_MS, () => void this.#look());
  }

  /** Watches the server that a new connection leads to; returns the connection. */
  watch(connected: Connected): Connected {
    const { redis } = connected;
    if (redis.status !== "end") this.#connections.add(connected);
    redis.once("end", () => this.#connections.delete(connected));
    this.#note(connected.name, connected.policy);
    return connected;
  }

  /** The policies of the servers that are connected. */
  get policies(): string {
    const found = [...this.#servers().keys()].map(
      (name) => this.#policies.get(name) ?? NO_EVICTION,
    );
    return [...new Set(found)].toSorted().join(",");
  }

  close(): void {
    this.#stop();
  }

  async #look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    await Promise.all(
      [...this.#servers()].map(async ([name, { redis }]) => {
        // A server that fails is looked at when it is connected again.
        const info = await redis.info("memory").catch(() => null);
        if (info !== null) this.#note(name, policyIn(info));
      }),
    );
    this.#isLooking = false;
  }

  /** One connection to each. */
  #servers(): Map<string, Connected> {
    return new Map([...this.#connections].map((connected) => [connected.name, connected]));
  }

  #note(name: string, policy: string): void {
    const before = this.#policies.get(name) ?? NO_EVICTION;
    if (policy === before || policy === UNTOLD) return;
    this.#policies.set(name, policy);
    this.#onPolicy(name, policy === NO_EVICTION ? null : policy);
  }
}
