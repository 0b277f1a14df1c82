// What the servers tell of themselves: whether they evict keys when their memory is full, how full
// it is, and how far their replicas are. It is asked when a connection is made and then
// periodically, because all of that changes.
import type { Cancel, Clock } from "../../queue/clock.ts";
import { type Connected, factIn } from "./connect.ts";

/** The policy that evicts nothing, and the stand-in for servers that do not tell theirs. */
const NO_EVICTION = "noeviction";
const UNTOLD = "unknown";
const LOOK_EVERY_MS = 5_000;

/** Called with a server's policy if it is not noeviction, and with null when it is again. */
export type OnPolicy = (server: string, policy: string | null) => void;

interface Facts {
  usedBytes: number;
  /** 0: no limit. */
  bytesMax: number;
  /** How many bytes of changes each replica lacks. */
  replicasBehind: number[];
}

export class ServerFacts {
  readonly #onPolicy: OnPolicy;
  readonly #connections = new Set<Connected>();
  /** By the names of servers, also of those without a connection now. */
  readonly #policies = new Map<string, string>();
  readonly #facts = new WeakMap<Connected, Facts>();
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
    this.#note(connected, connected.info);
    return connected;
  }

  /** Of the servers that are connected: for INFO. */
  describe(): [string, string | number][] {
    const servers = [...this.#servers().values()];
    const all = servers.flatMap((each) => this.#facts.get(each) ?? []);
    const policies = servers.map(({ name }) => this.#policies.get(name) ?? NO_EVICTION);
    const replicas = all.map(({ replicasBehind }) => replicasBehind.length);
    return [
      ["store_maxmemory_policy", [...new Set(policies)].toSorted().join(",")],
      ["store_memory_bytes", sumOf(all.map(({ usedBytes }) => usedBytes))],
      ["store_memory_bytes_max", sumOf(all.map(({ bytesMax }) => bytesMax))],
      ["store_replicas", all.length > 0 ? Math.min(...replicas) : 0],
      ["store_replicas_behind_bytes", Math.max(0, ...all.flatMap((each) => each.replicasBehind))],
    ];
  }

  close(): void {
    this.#stop();
  }

  async #look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    await Promise.all(
      [...this.#servers().values()].map(async (connected) => {
        const { redis } = connected;
        // A server that fails is looked at when it is connected again.
        const asked = Promise.all([redis.info("memory"), redis.info("replication")]);
        const info = await asked.catch(() => null);
        if (info !== null) this.#note(connected, info.join("\n"));
      }),
    );
    this.#isLooking = false;
  }

  /** One connection to each. */
  #servers(): Map<string, Connected> {
    return new Map([...this.#connections].map((connected) => [connected.name, connected]));
  }

  #note(connected: Connected, info: string): void {
    this.#facts.set(connected, factsIn(info));
    const { name } = connected;
    const policy = factIn(info, "maxmemory_policy") ?? UNTOLD;
    const before = this.#policies.get(name) ?? NO_EVICTION;
    if (policy === before || policy === UNTOLD) return;
    this.#policies.set(name, policy);
    this.#onPolicy(name, policy === NO_EVICTION ? null : policy);
  }
}

function factsIn(info: string): Facts {
  const numberOf = (name: string) => Number(factIn(info, name) ?? 0);
  const sentTo = numberOf("master_repl_offset");
  const replicas = info.matchAll(/^slave\d+:\S*state=online,offset=(\d+)/gm);
  return {
    usedBytes: numberOf("used_memory"),
    bytesMax: numberOf("maxmemory"),
    replicasBehind: [...replicas].map(([, offset]) => Math.max(0, sentTo - Number(offset))),
  };
}

function sumOf(numbers: number[]): number {
  return numbers.reduce((sum, each) => sum + each, 0);
}
