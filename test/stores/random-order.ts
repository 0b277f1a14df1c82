// Makes random operations on queues that have priorities and groups, and most of the time nothing
// else: those of the script "ordered" on Redis.
import { claimantOf } from "../../src/queue/claimant.ts";
import { NO_OPTIONS, type PushOptions } from "../../src/queue/event.ts";
import { encodeHeaders } from "../../src/queue/headers.ts";
import type { Operation } from "../../src/queue/operations.ts";
import { nastyTexts } from "./contract/bytes.ts";
import { bytesOf } from "./contract/caller.ts";
import { RandomSimple } from "./random-simple.ts";
import type { Known, Step } from "./random-step.ts";
import type { Random } from "./random.ts";

const groups = ["", "=", "1=2", "12345678", "\0\xff", "k=", ":7"];
const priorities = [null, null, null, 0, 1, 7, -1, 999, -999];
const weights = {
  push: 30,
  made: 12,
  batch: 8,
  pop: 30,
  popBatch: 6,
  ack: 24,
  ackBatch: 4,
  touch: 4,
  ready: 4,
};

export class RandomOrder extends RandomSimple {
  readonly #random: Random;
  readonly #ids: string[];
  /** Few, to have many events in each; in a cluster in two parts. */
  readonly #ordered: string[];

  constructor(random: Random) {
    super(random, true);
    this.#random = random;
    this.#ids = random.shuffled(nastyTexts).slice(0, 12);
    this.#ordered = [this.queues[0]!, this.queues[3]!];
  }

  protected simple(known: Known): Step {
    const random = this.#random;
    const queue = bytesOf(random.of(this.#ordered));
    const claimant = claimantOf("process", 7, bytesOf(random.of(["", "a"])));
    const leaseMs = random.of([null, null, 1500, 40_000]);
    const kind = random.weighted(weights);
    switch (kind) {
      case "push":
      case "made": {
        const id = kind === "push" ? bytesOf(random.of(this.#ids)) : null;
        const [end, contents, options] = [this.#end(), this.#contents(), this.#options()];
        return () => ({ kind: "push", queue, end, id, contents, options });
      }
      case "ready":
        return () => ({ kind, queues: [queue] });
      case "batch":
        return this.#pushBatch(queue);
      case "pop": {
        const whose = random.below(4) === 0 ? null : claimant;
        return () => ({ kind, queue, leaseMs, claimant: whose });
      }
      case "popBatch": {
        const queues = random.shuffled(this.#ordered).slice(0, 1 + random.below(2));
        const count = 1 + random.below(9);
        return () => ({ kind, queues: queues.map(bytesOf), count, leaseMs, claimant });
      }
      default:
        return this.#ofClaim(kind, known, queue);
    }
  }

  #end(): "left" | "right" {
    return this.#random.below(4) === 0 ? "right" : "left";
  }

  #pushBatch(queue: Buffer): Step {
    const random = this.#random;
    const isNamed = random.below(2) === 0;
    const events = Array.from({ length: 1 + random.below(6) }, () => ({
      id: isNamed ? bytesOf(random.of(this.#ids)) : null,
      contents: this.#contents(),
    }));
    const operation: Operation = {
      kind: "pushBatch",
      queue,
      end: this.#end(),
      events,
      options: this.#options() ?? NO_OPTIONS,
    };
    return () => operation;
  }

  #options(): PushOptions | null {
    const random = this.#random;
    if (random.below(5) === 0) return null;
    const group = random.below(5) < 3 ? bytesOf(random.of(groups)) : null;
    const headers = random.below(4) === 0 ? [[bytesOf("name"), bytesOf("value")] as const] : [];
    const block = encodeHeaders(headers.map(([name, value]) => [name, value]));
    return { ...NO_OPTIONS, headers: block, priority: random.of(priorities), group };
  }

  #ofClaim(kind: "ack" | "ackBatch" | "touch", known: Known, queue: Buffer): Step {
    const random = this.#random;
    const anyId = bytesOf(random.of(this.#ids));
    const claimIn = this.claim(known, queue.toString("latin1"), anyId);
    if (kind === "ackBatch") return this.ackBatch(claimIn);
    const leaseMs = random.of([null, 2000]);
    const isById = kind === "ack" && random.below(6) === 0;
    return (its) => {
      const { queue: name, id, token } = claimIn(its);
      const named = { queue: bytesOf(name), id: isById ? anyId : id, token: isById ? null : token };
      if (kind === "ack") return { kind, ...named, result: null };
      return { kind, ...named, leaseMs, progress: null, log: null };
    };
  }

  #contents(): Buffer {
    const random = this.#random;
    if (random.below(25) === 0) return Buffer.alloc(random.below(80_000), random.below(256));
    return Buffer.from(`contents ${random.below(1000)}`);
  }
}
