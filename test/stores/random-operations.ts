// Makes random operations on few queues and few ids, so that they often affect each other.

import type { Operation } from "../../src/queue/operations.ts";
import { bytesOf } from "./contract/caller.ts";
import { nastyTexts } from "./contract/bytes.ts";
import type { Random } from "./random.ts";

const queueCount = 5;
const idCount = 8;

/** Times are multiples of this, so that deadlines are often equal. */
const tickMs = 16;

/** A queue for refused pushes: see StoreUnderTest.setRefusing. */
export const REFUSING = "refusing";

/** Above any number of events, because each store chooses the queues that a limit serves first. */
export const RECLAIM_ALL = 1_000_000;

/** Makes operations. The same random numbers make the same operations. */
export class RandomOperations {
  readonly queues: string[];
  readonly #ids: string[];
  readonly #random: Random;
  readonly #consumers = new Map<string, number>();

  constructor(random: Random) {
    this.#random = random;
    this.queues = random.shuffled(nastyTexts).slice(0, queueCount);
    this.#ids = random.shuffled(nastyTexts).slice(0, idCount);
  }

  /** The time to advance before the next batch: mostly 0, else up to 3 s. */
  pauseMs(): number {
    return this.#random.below(3) > 0 ? 0 : this.#random.below(190) * tickMs;
  }

  batch(): Operation[] {
    const size = 1 + this.#random.below(this.#random.below(10) === 0 ? 60 : 8);
    return Array.from({ length: size }, () => this.#operation());
  }

  /** Sometimes adds a refused push, but after registers, which a heartbeat repeats. */
  withRefusal(batch: Operation[]): Operation[] {
    const random = this.#random;
    if (random.below(6) > 0) return batch;
    const push = { kind: "push", queue: bytesOf(REFUSING), end: "left", options: null } as const;
    const refused: Operation = {
      ...push,
      id: bytesOf(random.of(this.#ids)),
      contents: bytesOf("x"),
    };
    const first = batch.findLastIndex((operation) => operation.kind === "register") + 1;
    return batch.toSpliced(first + random.below(batch.length + 1 - first), 0, refused);
  }

  /** Reports the counts of consumers again, as a process does regularly. */
  heartbeat(): Operation {
    const consumers = [...this.#consumers].map(([queue, count]) => ({
      queue: bytesOf(queue),
      count,
    }));
    return { kind: "register", consumers, isReset: false };
  }

  #operation(): Operation {
    const random = this.#random;
    const queue = bytesOf(random.of(this.queues));
    const id = bytesOf(random.of(this.#ids));
    const weights = { push: 30, pop: 22, ack: 20, peek: 6, ready: 4, status: 4, tick: 6 };
    const kind = random.weighted({ ...weights, register: 3, flush: 2 });
    const end = random.below(3) > 0 ? "left" : "right";
    switch (kind) {
      case "push":
        return { kind, queue, end, id, contents: this.#contents(), options: null };
      case "pop":
        return { kind, queue, leaseMs: this.#leaseMs(), claimant: null };
      case "ack":
        if (random.below(2) === 0) return { kind, queue, id, token: null, result: null };
        return { kind: "redo", queue, id, token: null, start: null };
      case "peek":
        return { kind, queue, end };
      case "flush":
        return { kind, queue };
      case "tick":
        return { kind, limit: RECLAIM_ALL, parts: "all" };
      case "register":
        return this.#register();
      case "ready":
      case "status":
        return { kind, queues: random.shuffled(this.queues).slice(random.below(3)).map(bytesOf) };
    }
  }

  #contents(): Buffer {
    const random = this.#random;
    if (random.below(4) === 0) return bytesOf(random.of(nastyTexts));
    if (random.below(8) === 0) return Buffer.alloc(random.below(80_000), random.below(256));
    return Buffer.from(Array.from({ length: random.below(40) }, () => random.below(256)));
  }

  #leaseMs(): number {
    if (this.#random.below(5) === 0) return 0;
    return (1 + this.#random.below(5)) * 64 * tickMs;
  }

  #register(): Operation {
    const queue = this.#random.of(this.queues);
    const count = this.#random.below(3);
    const isReset = this.#random.below(4) === 0;
    if (isReset) this.#consumers.clear();
    this.#consumers.set(queue, count);
    return { kind: "register", consumers: [{ queue: bytesOf(queue), count }], isReset };
  }
}
