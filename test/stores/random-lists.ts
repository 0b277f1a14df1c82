// Makes random operations on queues as lists. Few contents, so that searches find some.
import type { End } from "../../src/queue/event.ts";
import type { ListOperation } from "../../src/queue/lists.ts";
import { nastyTexts } from "./contract/bytes.ts";
import { bytesOf } from "./contract/caller.ts";
import type { Random } from "./random.ts";

const weights = {
  listPush: 20,
  listPop: 12,
  listMove: 10,
  listLength: 3,
  listRange: 6,
  listRemove: 4,
  listTrim: 2,
  listSet: 6,
  listInsert: 12,
};

const none = { listMove: 0, listRange: 0, listRemove: 0, listTrim: 0, listSet: 0, listInsert: 0 };
const fast: typeof weights = { listPush: 5, listPop: 5, listLength: 1, ...none };

/** In a cluster so many of the queues are in one part, and the others in another. */
const FIRST_PART = 3;

const LARGE_BYTES = 400_000;

export class RandomLists {
  readonly #random: Random;
  readonly #queues: string[];
  readonly #contents: string[];
  #usualEnd: End = "right";

  constructor(random: Random, queues: string[]) {
    this.#random = random;
    this.#queues = queues;
    this.#contents = random.shuffled(nastyTexts).slice(0, 5);
  }

  /** isFast: one of those that fast scripts on Redis do. */
  one(isFast = false): ListOperation {
    const random = this.#random;
    const queue = bytesOf(random.of(this.#queues));
    const kind = random.weighted<keyof typeof weights>(isFast ? fast : weights);
    switch (kind) {
      case "listPush": {
        const count = 1 + random.below(random.below(8) === 0 ? 40 : 4);
        const contents = Array.from({ length: count }, () => this.#some());
        if (random.below(30) === 0) contents.push(Buffer.alloc(LARGE_BYTES, "large"));
        // Most programs push at one end.
        if (random.below(20) === 0) this.#usualEnd = this.#end();
        const end = isFast ? this.#usualEnd : this.#end();
        return { kind, queue, end, contents, ifThere: random.below(4) === 0 };
      }
      case "listPop": {
        const most = isFast ? 1 : 3;
        const queues = random.shuffled(this.#queues).slice(0, 1 + random.below(most));
        const count = random.below(2) === 0 ? 1 : 1 + random.below(6);
        return { kind, queues: queues.map(bytesOf), end: this.#end(), count };
      }
      case "listMove":
        return { kind, ...this.#twoQueues(), from: this.#end(), to: this.#end() };
      case "listLength":
        return { kind, queue };
      case "listRange":
      case "listTrim": {
        const isAll = random.below(3) === 0;
        return { kind, queue, from: isAll ? 0 : this.#index(), to: isAll ? -1 : this.#index() };
      }
      case "listRemove":
        return { kind, queue, contents: this.#some(), count: random.below(7) - 3 };
      case "listSet":
        return { kind, queue, index: this.#index(), contents: this.#some() };
      case "listInsert": {
        const [pivot, contents] = [this.#some(), this.#some()];
        return { kind, queue, side: random.of(["before", "after"]), pivot, contents };
      }
    }
  }

  #end(): End {
    return this.#random.of(["left", "right"]);
  }

  /** Mostly within a short list. */
  #index(): number {
    const random = this.#random;
    return random.below(8) === 0 ? random.below(200) - 100 : random.below(10) - 5;
  }

  #some(): Buffer {
    return bytesOf(this.#random.of(this.#contents));
  }

  /** In one part of the store; they may be the same. */
  #twoQueues(): { queue: Buffer; target: Buffer } {
    const random = this.#random;
    const isFirst = random.below(5) < FIRST_PART;
    const near = isFirst ? this.#queues.slice(0, FIRST_PART) : this.#queues.slice(FIRST_PART);
    return { queue: bytesOf(random.of(near)), target: bytesOf(random.of(near)) };
  }
}
