// Makes random operations on few sets of few members: some have the names of queues, one does not.
import type { Operation } from "../../src/queue/operations.ts";
import { nastyTexts } from "./contract/bytes.ts";
import { bytesOf } from "./contract/caller.ts";
import { always, type Step } from "./random-step.ts";
import type { Random } from "./random.ts";

const weights = {
  setAdd: 12,
  setRemove: 5,
  setDrop: 2,
  setMembers: 4,
  setContains: 4,
  setCount: 2,
  setList: 2,
};

export class RandomSets {
  readonly #random: Random;
  readonly #sets: string[];
  readonly #members: string[];

  /** queues: as RandomLife names them. */
  constructor(random: Random, queues: string[]) {
    this.#random = random;
    // In a cluster in the part of the first queues.
    this.#sets = [...queues, `${queues[0]}@set`];
    this.#members = random.shuffled(nastyTexts).slice(0, 5);
  }

  /** Mostly none. */
  some(): Step[] {
    const random = this.#random;
    if (random.below(3) > 0) return [];
    return Array.from({ length: 1 + random.below(6) }, () => always(this.#one()));
  }

  /** All that the sets have. */
  all(): Step[] {
    const shown = this.#sets.map((set): Operation => {
      return { kind: "setMembers", queue: bytesOf(set), bytesMax: null };
    });
    return [{ kind: "setList", after: null, limit: 100 } as const, ...shown].map(always);
  }

  #one(): Operation {
    const random = this.#random;
    const queue = bytesOf(random.of(this.#sets));
    const kind = random.weighted(weights);
    switch (kind) {
      case "setAdd":
      case "setRemove":
      case "setContains": {
        const count = 1 + random.below(3);
        const members = Array.from({ length: count }, () => bytesOf(random.of(this.#members)));
        return { kind, queue, members };
      }
      case "setMembers":
        return { kind, queue, bytesMax: random.of([null, null, 4]) };
      case "setList":
        return { kind, after: random.of([null, queue]), limit: 100 };
      default:
        return { kind, queue };
    }
  }
}
