// Makes random operations on counters, and makes some pushed events members of them.
import type { CounterEvent } from "../../src/queue/counters.ts";
import { NO_OPTIONS, type Part } from "../../src/queue/event.ts";
import type { Operation } from "../../src/queue/operations.ts";
import { bytesOf } from "./contract/caller.ts";
import type { Step } from "./random-step.ts";
import type { Random } from "./random.ts";

const keys = ["k", "a:b"];

export class RandomCounters {
  readonly #random: Random;
  readonly #queues: string[];

  /** queues: as RandomLife names them. */
  constructor(random: Random, queues: string[]) {
    this.#random = random;
    this.#queues = queues;
  }

  /** Some of the events that the steps push are members now. */
  joined(steps: Step[]): Step[] {
    return steps.map((step) => {
      const random = this.#random;
      const [isMember, at, key] = [random.below(2) === 0, random.below(6), random.of(keys)];
      if (!isMember) return step;
      return (known) => this.#withPart(step(known), at, key);
    });
  }

  some(): Step[] {
    const random = this.#random;
    const count = random.below(4);
    return Array.from({ length: count }, () => {
      const operation = this.#operation();
      return () => operation;
    });
  }

  #withPart(operation: Operation, at: number, key: string): Operation {
    if (operation.kind !== "push" && operation.kind !== "pushBatch") return operation;
    const part = this.#partFor(operation.queue.toString("latin1"), at, key);
    const options = { ...(operation.options ?? NO_OPTIONS), part };
    return { ...operation, options } as Operation;
  }

  /** A counter in the part of the store that the queue is in: see RandomLife. */
  #partFor(queue: string, at: number, key: string): Part {
    const isFirst = this.#queues.indexOf(queue) < 3;
    const near = isFirst ? this.#queues.slice(0, 3) : this.#queues.slice(3);
    return { queue: bytesOf(near[at % near.length]!), key: bytesOf(key) };
  }

  #operation(): Operation {
    const random = this.#random;
    const place = { queue: bytesOf(random.of(this.#queues)), key: bytesOf(random.of(keys)) };
    const kind = random.weighted(weights);
    switch (kind) {
      case "initCounter": {
        const ttlMs = random.of([null, null, 1200, 4000]);
        return { kind, ...place, count: 1 + random.below(4), ttlMs, event: this.#event() };
      }
      case "countDown":
        return { kind, ...place, member: bytesOf(random.of(["a", "b", "c", "d"])) };
      case "listCounters":
        return { kind, queue: place.queue, after: random.of([null, place.key]), limit: 1 };
      default:
        return { kind, ...place };
    }
  }

  #event(): CounterEvent | null {
    const random = this.#random;
    if (random.below(5) === 0) return null;
    const ttlMs = random.of([null, 1500, 5000]);
    const end = random.of(["left", "right"] as const);
    const options = ttlMs === null ? null : { ...NO_OPTIONS, ttlMs };
    return { contents: bytesOf(random.of(["joined", "\xff\x00"])), end, options };
  }
}

const weights = { initCounter: 8, countDown: 6, getCounter: 2, dropCounter: 1, listCounters: 2 };
