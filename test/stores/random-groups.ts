// Makes random priorities and groups of events, and random operations on few groups.
import type { PushOptions } from "../../src/queue/event.ts";
import type { Operation } from "../../src/queue/operations.ts";
import { nastyTexts } from "./contract/bytes.ts";
import { bytesOf } from "./contract/caller.ts";
import type { Step } from "./random-step.ts";
import type { Random } from "./random.ts";

/** Values of settings. */
const values: Record<string, (string | null)[]> = {
  "group-limit": ["0", "1", "1", "2", "3", null],
  rate: ["", "", "3/1", "9/3.5", null],
  "group-rate": ["", "2/1", "5/2.5", "1/0.3", null],
};

export class RandomGroups {
  readonly #random: Random;
  readonly #queues: string[];
  readonly #names: string[];
  readonly #areUsed: boolean;

  /** Unless they are used, no event has a group. */
  constructor(random: Random, queues: string[], areUsed: boolean) {
    this.#random = random;
    this.#queues = queues;
    this.#names = random.shuffled(nastyTexts).slice(0, 4);
    this.#areUsed = areUsed;
  }

  /** Of a push. */
  order(): Pick<PushOptions, "priority" | "group"> {
    const random = this.#random;
    const isGrouped = this.#areUsed && random.below(5) < 3;
    const priority = random.below(3) === 0 ? random.of([-1000, -1, 0, 1, 7]) : null;
    const group = isGrouped ? bytesOf(random.of(this.#names)) : null;
    return { priority: group ? null : priority, group };
  }

  /** Settings of a queue or of all queues. */
  get settings(): typeof values {
    return this.#areUsed ? values : {};
  }

  /** Mostly none. */
  some(): Step[] {
    const random = this.#random;
    if (!this.#areUsed || random.below(3) > 0) return [];
    return Array.from({ length: 1 + random.below(3) }, () => {
      const operation = this.#operation();
      return () => operation;
    });
  }

  #operation(): Operation {
    const random = this.#random;
    const queue = bytesOf(random.of(this.#queues));
    const group = bytesOf(random.of(this.#names));
    const directions: ["out"] = ["out"];
    switch (random.below(5)) {
      case 0: {
        const limit = ["limit", random.of(["0", "1", "2", null])] as ["limit", string | null];
        const rate = ["rate", random.of(["", "3/2", null])] as ["rate", string | null];
        const given = random.of([[limit], [rate], [limit, rate]]);
        return { kind: "setGroup", queue, group, values: given };
      }
      case 1: {
        const forMs = random.below(10) === 0 ? null : 1 + random.below(1500);
        return { kind: "pause", queue, directions, forMs, worker: null, group };
      }
      case 2:
        return { kind: "resume", queue, directions, worker: null, group };
      default:
        return { kind: "group", queue, group };
    }
  }
}
