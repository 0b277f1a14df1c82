// Makes random operations on queues as streams: mostly with ids that go up, on few groups.
import { claimantOf } from "../../src/queue/claimant.ts";
import {
  FIRST_ID,
  LAST_ID,
  type StreamId,
  streamIdOf,
  textOfStreamId,
} from "../../src/queue/stream-ids.ts";
import type { StreamAdd, StreamOperation, TrimBy } from "../../src/queue/streams.ts";
import { nastyTexts } from "./contract/bytes.ts";
import { bytesOf } from "./contract/caller.ts";
import type { Known, Step } from "./random-step.ts";
import type { Random } from "./random.ts";

const adding = { streamAdd: 24, streamTrim: 3, streamRemove: 3, streamLength: 2, streamRange: 5 };
const taking = { streamTake: 16, streamClaim: 8, streamAck: 10, streamNack: 5, streamPending: 4 };
const groups = { streamCreateGroup: 6, streamDestroyGroup: 1, streamInfo: 5 };
const consumers = { streamCreateConsumer: 1, streamDeleteConsumer: 2 };
const weights = { ...adding, ...taking, ...groups, ...consumers };
const fast = { streamAdd: 6, streamTake: 5, streamAck: 4, streamLength: 1 };

/** Ids that a client chose have greater numbers than those that a store makes in a millisecond. */
export const CHOSEN_SEQ = 1_000_000_000n;

const workers = ["", "a", "b", "a b\xff"];
const ALL = 1000;

interface Has {
  /** Failed events move on between the first queues: these are not bound. */
  hasChains: boolean;
  /** No two entries have the same place, and those of the first and the fourth queue stand in the
   * order of their places: then it is not open which of them comes first. */
  isOrdered: boolean;
}

export class RandomStreams {
  readonly #random: Random;
  readonly #queues: string[];
  /** The names of groups of each queue, but for those of other queues. */
  readonly #groups: string[][];
  readonly #contents: Buffer[];
  readonly #has: Has;
  #chosen = 0;
  #ms = 1;

  /** queues: as RandomLife names them. */
  constructor(random: Random, queues: string[], has: Has) {
    this.#random = random;
    this.#queues = queues;
    this.#has = has;
    this.#contents = random.shuffled(nastyTexts).slice(0, 6).map(bytesOf);
    const ofChain = has.hasChains ? [[], [], []] : [["1", "1@2"], ["2"], []];
    this.#groups = [...ofChain, ["1"], []].map((names) => names.concat("default"));
  }

  /** Some at one time, at which nothing else makes ids: the store may choose those of entries. */
  batch(known: Known): Step[] {
    const random = this.#random;
    const count = 1 + random.below(random.below(4) === 0 ? 40 : 10);
    const isMade = !this.#has.hasChains;
    const steps = Array.from({ length: count }, () => this.one(known, { isMade }));
    return withOneRule(steps, known);
  }

  /** An id that an entry may have. */
  id(): Buffer {
    const { ms, seq } = this.#early();
    return bytesOf(textOfStreamId({ ms, seq }));
  }

  /** isMade: the store may choose ids. isFast: one of those that fast scripts on Redis do. */
  one(known: Known, { isMade = false, isFast = false, queues = this.#queues } = {}): Step {
    const random = this.#random;
    const name = random.of(queues);
    const [queue, group] = [bytesOf(name), this.#group(name)];
    const claimant = claimantOf("process", 7, bytesOf(random.of(workers)));
    const count = 1 + random.below(5);
    const kind = random.weighted<keyof typeof weights>(
      isFast ? ({ ...none, ...fast } as typeof weights) : weights,
    );
    switch (kind) {
      case "streamAdd":
        return this.#add(queue, isMade, isFast);
      case "streamTrim": {
        const [by, most] = [this.#by(), random.of([1, 3, ALL])];
        return (its) => ({ kind, queue, by: by(its), most });
      }
      case "streamRemove": {
        const ids = this.#ids(known, name);
        return (its) => ({ kind, queue, ids: ids(its) });
      }
      case "streamLength":
      case "streamInfo":
        return () => ({ kind, queue });
      case "streamRange": {
        const [span, isReverse] = [this.#span(), random.below(2) === 0];
        return (its) => ({ kind, queue, ...span(its), isReverse });
      }
      case "streamTake": {
        const isForGood = random.below(5) === 0;
        return () => ({ kind, queue, group, claimant, count, isForGood });
      }
      case "streamClaim":
        return this.#claim({ queue, group, claimant }, known, name);
      case "streamAck": {
        const held = this.#held(known, name, group);
        const others = isFast ? "keep" : random.of(["keep", "remove", "count"] as const);
        return (its) => ({ kind, queue, ...held(its), others });
      }
      case "streamNack": {
        const held = this.#held(known, name, group);
        const how = random.of(["redo", "fail", "final"] as const);
        // Events that fail at the same time are due at the same time, in any order.
        const most = how === "fail" ? 1 : ALL;
        return (its) => {
          const { ids, ...of } = held(its);
          return { kind, queue, ...of, ids: ids.slice(0, most), how };
        };
      }
      case "streamPending": {
        const [span, consumer] = [this.#span(), random.of([null, null, ...workers])];
        const from = { consumer: consumer === null ? null : bytesOf(consumer) };
        const minIdleMs = random.of([0, 0, 300]);
        return (its) => ({ kind, queue, group, ...span(its), ...from, minIdleMs });
      }
      default:
        return this.#ofGroups(kind, queue, group);
    }
  }

  #ofGroups(
    kind: keyof typeof groups | keyof typeof consumers,
    queue: Buffer,
    group: Buffer,
  ): Step {
    const random = this.#random;
    const consumer = bytesOf(random.of(workers));
    if (kind !== "streamCreateGroup") {
      return () => ({ kind, queue, group, consumer }) as StreamOperation;
    }
    const isTop =
      queue.equals(bytesOf(this.#queues[0]!)) || queue.equals(bytesOf(this.#queues[3]!));
    const place = isTop ? this.#some() : () => FIRST_ID;
    const after = !this.#has.isOrdered || random.below(3) === 0 ? null : place;
    const isMaking = random.below(2) === 0;
    const name = group.toString() === "none" ? bytesOf("default") : group;
    return (its) => ({ kind, queue, group: name, after: after?.(its) ?? "last", isMaking });
  }

  #add(queue: Buffer, isMade: boolean, isFast: boolean): Step {
    const random = this.#random;
    const contents = random.of(this.#contents);
    const isLarge = random.below(60) === 0;
    const id = this.#newId(isMade);
    const trim = isFast || random.below(4) > 0 ? null : this.#by();
    const most = random.of([1, ALL]);
    const ifThere = random.below(8) === 0;
    return (its) => ({
      kind: "streamAdd",
      queue,
      id: id(its),
      contents: isLarge ? Buffer.alloc(80_000, "large") : contents,
      ifThere,
      trim: trim && { by: trim(its), most },
    });
  }

  #claim(of: { queue: Buffer; group: Buffer; claimant: Buffer }, known: Known, name: string): Step {
    const random = this.#random;
    const minIdleMs = random.of([0, 0, 200, 1000]);
    const isCounted = random.below(3) > 0;
    const kind = "streamClaim";
    // Stores claim those of the same place in any order.
    if (random.below(2) === 0 || !this.#has.isOrdered) {
      const held = this.#held(known, name, of.group);
      return (its) => {
        const { group, ids } = held(its);
        return { kind, ...of, group, minIdleMs, which: { ids }, isCounted };
      };
    }
    const [from, isOwn] = [this.#some(), random.below(3) === 0];
    const count = 1 + random.below(4);
    return (its) => {
      return { kind, ...of, minIdleMs, which: { from: from(its), count, isOwn }, isCounted };
    };
  }

  /** Some of the ids that were claimed latest or were made, and others. */
  #ids(known: Known, name: string): (its: Known) => Buffer[] {
    const random = this.#random;
    const { length } = known.claims;
    const ids = Array.from({ length: 1 + random.below(3) }, () => {
      const at = length - 1 - random.below(Math.min(8, length || 1));
      const early = this.id();
      if (random.below(6) === 0) return () => early;
      return (its: Known) => {
        const same = its.claims.slice(0, at + 1).findLast(({ queue }) => queue.startsWith(name));
        return same?.id ?? early;
      };
    });
    return (its) => ids.map((id) => id(its));
  }

  /** Mostly such ids of the group that has claimed one of them latest. */
  #held(known: Known, name: string, group: Buffer) {
    const random = this.#random;
    const ids = this.#ids(known, name);
    const isOther = random.below(4) === 0;
    const at = known.claims.length - random.below(6);
    return (its: Known): { group: Buffer; ids: Buffer[] } => {
      const isIn = (queue: string) => queue === name || queue.startsWith(`${name}@`);
      const latest = its.claims.slice(0, at).findLast(({ queue }) => isIn(queue));
      if (!latest || isOther) return { group, ids: ids(its) };
      const own = latest.queue === name ? "default" : latest.queue.slice(name.length + 1);
      return { group: bytesOf(own), ids: [latest.id, ...ids(its)] };
    };
  }

  #group(name: string): Buffer {
    const random = this.#random;
    if (random.below(12) === 0) return bytesOf("none");
    return bytesOf(random.of(this.#groups[this.#queues.indexOf(name)]!));
  }

  #newId(isMade: boolean): (its: Known) => StreamAdd["id"] {
    const random = this.#random;
    if (isMade && random.below(2) === 0) return () => null;
    const isPart = random.below(4) === 0;
    if (this.#has.isOrdered || random.below(4) > 0) {
      this.#ms += random.below(2);
      const { ms, seq } = this.#early();
      return () => ({ ms, seq: isPart ? null : seq });
    }
    const id = this.#late();
    return (its) => ({ ...id(its), ...(isPart && { seq: null }) });
  }

  /** Mostly greater than those before it. */
  #early(): StreamId {
    const random = this.#random;
    const ms = random.below(4) === 0 ? random.below(this.#ms + 1) : this.#ms;
    return { ms: BigInt(ms), seq: BigInt(random.below(6)) };
  }

  /** About now, or later: then what the store chooses comes behind that. */
  #late(): (its: Known) => StreamId {
    const [laterMs, chosen] = [this.#random.below(60_000), BigInt(this.#chosen++)];
    return ({ startMs }) => ({ ms: BigInt(startMs + laterMs), seq: CHOSEN_SEQ + chosen });
  }

  /** Any place. */
  #some(): (its: Known) => StreamId {
    const random = this.#random;
    const late = this.#late();
    const early = this.#early();
    const ofClaim = ({ claims }: Known) => {
      const claim = claims.at(-1 - Number(early.seq));
      return (claim && streamIdOf(claim.id)) ?? early;
    };
    return random.of([late, () => early, ofClaim, () => FIRST_ID]);
  }

  #span(): (its: Known) => { from: StreamId; to: StreamId; count: number } {
    const random = this.#random;
    const count = random.of([1, 2, 3, ALL]);
    const [from, to] = [this.#some(), this.#some()];
    const isOpen = random.below(2) === 0;
    if (random.below(2) === 0) return () => ({ from: FIRST_ID, to: LAST_ID, count });
    return (its) => ({ from: from(its), to: isOpen ? LAST_ID : to(its), count });
  }

  #by(): (its: Known) => TrimBy {
    const random = this.#random;
    const [length, slack] = [random.below(6), random.of([0, 0, 2])];
    const from = this.#some();
    return random.below(3) === 0 ? (its) => ({ from: from(its) }) : () => ({ length, slack });
  }
}

const none = Object.fromEntries(Object.keys(weights).map((kind) => [kind, 0]));

/**
 * Without a second step of a kind: events that fail at the same time by the same rule are due at
 * the same time, in any order.
 */
export function withOneRule(steps: Step[], known: Known): Step[] {
  const isRule = (step: Step) => {
    const operation = step(known);
    if (operation.kind === "streamNack") return operation.how === "fail";
    return operation.kind === "fail" && operation.next === "backoff";
  };
  const first = steps.findIndex(isRule);
  return steps.filter((step, at) => at <= first || !isRule(step));
}
