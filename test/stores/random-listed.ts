// Makes random operations on queues that are mostly used as lists, and as queues by others: without
// settings, priorities and groups.
import type { Operation } from "../../src/queue/operations.ts";
import { nastyTexts } from "./contract/bytes.ts";
import { bytesOf } from "./contract/caller.ts";
import { RandomLists } from "./random-lists.ts";
import { RandomSimple } from "./random-simple.ts";
import { always, type Known, type Step } from "./random-step.ts";
import type { Random } from "./random.ts";

const fastWeights = { list: 60, push: 8, made: 6, pop: 8, ack: 8, ackBatch: 2, redo: 4, flush: 3 };
const weights = { ...fastWeights, pop: 16, fail: 5 };

export class RandomListed extends RandomSimple {
  readonly #random: Random;
  readonly #ids: string[];
  /** Few, to have long lists; in a cluster in two parts. */
  readonly #listed: string[];
  readonly #lists: RandomLists;
  /** Whether the batch has only what fast scripts do. */
  #isFast = false;

  constructor(random: Random) {
    super(random, false);
    this.#random = random;
    this.#ids = random.shuffled(nastyTexts).slice(0, 12);
    this.#listed = [this.queues[0]!, this.queues[1]!, this.queues[1]!, this.queues[3]!];
    this.#lists = new RandomLists(random, this.#listed);
  }

  override batch(known: Known): Step[] {
    this.#isFast = this.#random.below(2) === 0;
    return super.batch(known);
  }

  /** In a list with priorities nothing can be inserted. */
  protected override others(known: Known): Step[] {
    return super.others(known).map((step) => (its) => {
      const operation = step(its);
      if (operation.kind === "set") return { ...operation, priority: null };
      if (operation.kind !== "push" && operation.kind !== "pushBatch") return operation;
      const options = operation.options && { ...operation.options, priority: null };
      return { ...operation, options } as Operation;
    });
  }

  protected simple(known: Known): Step {
    const random = this.#random;
    const name = random.of(this.#listed);
    const queue = bytesOf(name);
    const id = bytesOf(random.of(this.#ids));
    const claimIn = this.claim(known, name, id);
    const kind = random.weighted(this.#isFast ? fastWeights : weights);
    switch (kind) {
      case "list":
        return always(this.#lists.one(this.#isFast));
      case "push":
      case "made": {
        const end = random.of(["left", "left", "right"] as const);
        const [own, contents] = [kind === "push" ? id : null, bytesOf(random.of(["a", "0"]))];
        return always({ kind: "push", queue, end, id: own, contents, options: null });
      }
      default:
        return this.simplest(kind, queue, claimIn);
    }
  }
}
