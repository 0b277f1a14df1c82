// Makes random operations on cron entries, of few queues and few names.
import { NO_OPTIONS } from "../../src/queue/event.ts";
import type { Operation } from "../../src/queue/operations.ts";
import { SHARDS } from "../../src/stores/redis/shards.ts";
import { nastyTexts } from "./contract/bytes.ts";
import { bytesOf } from "./contract/caller.ts";
import type { Step } from "./random-step.ts";
import type { Random } from "./random.ts";

const STEP_MS = 700;
/** Those of a cluster. */
const PARTS = Array.from({ length: SHARDS }, (_, part) => part);

export class RandomCrons {
  readonly #random: Random;
  readonly #queues: string[];
  readonly #names: string[];
  /** What the last fire of an entry set, in steps from the start; null after a new version. */
  readonly #nexts = new Map<string, number | null>();
  readonly #versions = new Map<string, string>();

  constructor(random: Random, queues: string[]) {
    this.#random = random;
    this.#queues = queues;
    this.#names = random.shuffled(nastyTexts).slice(0, 3);
  }

  /** Mostly none. */
  some(): Step[] {
    const random = this.#random;
    if (random.below(3) > 0) return [];
    return Array.from({ length: 1 + random.below(5) }, () => this.#step());
  }

  #step(): Step {
    const random = this.#random;
    const [queueName, nameText] = [random.of(this.#queues), random.of(this.#names)];
    const [queue, name] = [bytesOf(queueName), bytesOf(nameText)];
    const key = `${queueName}\n${nameText}`;
    const kind = random.weighted(weights);
    switch (kind) {
      case "cronSet": {
        const version = random.of(["v1", "v1", "v2"]);
        if (this.#versions.get(key) !== version) this.#nexts.set(key, null);
        this.#versions.set(key, version);
        return always({ kind, queue, name, version, definition: bytesOf(`${key}\n${version}`) });
      }
      case "cronDelete":
        this.#versions.delete(key);
        return always({ kind, queue, name });
      case "cronGet":
        return always({ kind, queue, name });
      case "cronList":
        return always({ kind, queue, after: random.of([null, null, name]), limit: 2 });
      case "cronQueues":
        return always({ kind, after: random.of([null, queue]), limit: 10 });
      case "cronDue":
        return always({ kind, limit: 100, parts: PARTS });
      default:
        return this.#fire(queue, name, key);
    }
  }

  /** Mostly as expected. */
  #fire(queue: Buffer, name: Buffer, key: string): Step {
    const random = this.#random;
    const version = random.below(8) === 0 ? "v2" : (this.#versions.get(key) ?? "v1");
    const expected = random.below(8) === 0 ? null : (this.#nexts.get(key) ?? null);
    const next = random.below(100);
    const fired = { queue, name, version };
    if (this.#versions.get(key) === version && this.#nexts.get(key) === expected) {
      this.#nexts.set(key, next);
    }
    const id = bytesOf(`${random.of(["", "x"])}@${random.below(5)}`);
    const ttlMs = random.of([1500, 4000, null]);
    const options = ttlMs === null ? null : { ...NO_OPTIONS, ttlMs };
    const end = random.of(["left", "right"] as const);
    const push = random.below(4) === 0 ? null : { end, id, contents: bytesOf(key), options };
    return ({ startMs }) => ({
      kind: "cronFire",
      ...fired,
      expectedAtMs: expected === null ? null : startMs + expected * STEP_MS,
      nextAtMs: startMs + next * STEP_MS,
      firesAtMs: startMs + (expected ?? 0) * STEP_MS,
      push,
    });
  }
}

const changes = { cronSet: 5, cronDelete: 2, cronFire: 9 };
const weights = { ...changes, cronGet: 3, cronList: 2, cronQueues: 2, cronDue: 3 };

function always(operation: Operation): Step {
  return () => operation;
}
