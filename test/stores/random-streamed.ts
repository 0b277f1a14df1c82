// Makes random operations on queues that are mostly used as streams, and as queues by others:
// without settings, priorities and groups of events. All ids have the form of stream ids, and what
// is on the left stands in the order of its places.
import type { Operation } from "../../src/queue/operations.ts";
import { FIRST_ID } from "../../src/queue/stream-ids.ts";
import { bytesOf } from "./contract/caller.ts";
import { NOW, RandomSimple } from "./random-simple.ts";
import { always, type Known, type Step } from "./random-step.ts";
import type { Random } from "./random.ts";

const fastWeights = {
  stream: 60,
  push: 5,
  made: 5,
  pop: 8,
  ack: 8,
  ackBatch: 2,
  redo: 4,
  flush: 1,
};
const weights = { ...fastWeights, list: 6, fail: 5 };
const ids = ["1-0", "2-4", "4-2", "7-7", "12-1", "20-0", "30-3"];

export class RandomStreamed extends RandomSimple {
  readonly #random: Random;
  /** Few, to have long streams; in a cluster in two parts. */
  readonly #streamed: string[];
  /** Whether the batch has only what fast scripts do. */
  #isFast = false;
  /** Whether the store chooses ids of entries in the batch: then it makes no others. */
  #isMade = false;

  constructor(random: Random) {
    super(random, false, ids);
    this.#random = random;
    const [first, second, , fourth] = this.queues as [string, string, string, string];
    this.#streamed = [first, first, second, fourth, fourth];
  }

  override batch(known: Known): Step[] {
    this.#isFast = this.#random.below(2) === 0;
    this.#isMade = this.#random.below(2) === 0;
    const groups = this.#random.below(4) === 0 ? this.#twoGroups() : [];
    return [...groups, ...super.batch(known)];
  }

  /** One of the streams has two groups from now on, if it is a stream. */
  #twoGroups(): Step[] {
    const queue = bytesOf(this.#random.of([this.#streamed[0]!, this.#streamed[3]!]));
    const after = this.#random.of(["last", FIRST_ID, { ms: 8n, seq: 0n }] as const);
    const create = { kind: "streamCreateGroup", queue, after, isMaking: true } as const;
    return ["default", "1"].map((group) => always({ ...create, group: bytesOf(group) }));
  }

  /** Nothing else comes in on the left. */
  protected override others(known: Known): Step[] {
    return super.others(known).flatMap((step) => {
      const { kind } = step(known);
      if (kind === "move" || kind.startsWith("list")) return [];
      return (its) => withoutLeft(step(its));
    });
  }

  protected simple(known: Known): Step {
    const random = this.#random;
    const name = random.of(this.#streamed);
    const queue = bytesOf(name);
    const id = bytesOf(random.of(ids));
    const claimIn = this.claim(known, name, id);
    const kind = random.weighted<keyof typeof weights>(
      this.#isFast ? { ...weights, list: 0, fail: 0 } : weights,
    );
    switch (kind) {
      case "stream":
        return this.#stream(known);
      case "list":
        return always(this.#list(queue));
      case "push":
      case "made": {
        const end = "right";
        const [own, contents] = [kind === "push" || this.#isMade ? id : null, bytesOf("0")];
        return always({ kind: "push", queue, end, id: own, contents, options: null });
      }
      default:
        return this.simplest(kind, queue, claimIn);
    }
  }

  /** Without a push on the left. */
  #list(queue: Buffer): Operation {
    const operation = this.lists.one();
    switch (operation.kind) {
      case "listPop":
        return { ...operation, end: "right" };
      case "listPush":
        if (!this.#isMade) return { ...operation, end: "right" };
        return { kind: "listLength", queue };
      case "listMove":
      case "listInsert":
        return { kind: "listLength", queue };
      default:
        return operation;
    }
  }

  #stream(known: Known): Step {
    const [isMade, isFast, queues] = [this.#isMade, this.#isFast, this.#streamed];
    const step = this.streams.one(known, { isMade, isFast, queues });
    return (its) => {
      const operation = step(its);
      const isRule = operation.kind === "streamNack" && operation.how === "fail";
      return isRule ? { ...operation, how: "redo" } : operation;
    };
  }
}

function withoutLeft(operation: Operation): Operation {
  switch (operation.kind) {
    case "push":
    case "pushBatch": {
      const options = operation.options && { ...operation.options, start: null, priority: null };
      return { ...operation, end: "right", options } as Operation;
    }
    case "retry":
      return { ...operation, end: "right" };
    case "redo":
      return { ...operation, start: null };
    case "fail":
      return { ...operation, next: operation.next === "final" ? "final" : NOW.next };
    case "set":
      return { ...operation, start: null, priority: null };
    default:
      return operation;
  }
}
