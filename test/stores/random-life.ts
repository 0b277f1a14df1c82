// Makes random operations on the whole life of events, on few queues and few ids. Whatever differs
// between two stores, such as tokens, made ids, versions and times, is filled in for each of them.
import type { PushOptions, State, Unique, When } from "../../src/queue/event.ts";
import { NO_OPTIONS } from "../../src/queue/event.ts";
import { claimantOf } from "../../src/queue/claimant.ts";
import { encodeHeaders, type Header } from "../../src/queue/headers.ts";
import { bucketOf } from "../../src/queue/histogram.ts";
import type { Count, Target } from "../../src/queue/management.ts";
import type { Operation } from "../../src/queue/operations.ts";
import { COUNTED, type Direction } from "../../src/queue/queue-status.ts";
import { bytesOf } from "./contract/caller.ts";
import { nastyTexts } from "./contract/bytes.ts";
import type { Random } from "./random.ts";
import { randomBinding } from "./random-bindings.ts";
import { RandomGroups } from "./random-groups.ts";
import { RandomLists } from "./random-lists.ts";
import { RandomStreams, withOneRule } from "./random-streams.ts";
import { ofChains, ofOthers, values } from "./random-settings.ts";
import { always, type GivenClaim, type Known, type Step } from "./random-step.ts";

export const states: State[] = ["ready", "delayed", "claimed", "failed", "completed"];

const workers = ["", "a", "a b\xff", "long-name"];

interface Has {
  hasChains: boolean;
  hasGroups: boolean;
  /** Ids that clients choose; some nasty ones if there are none. */
  ids?: string[];
}

export class RandomLife {
  /** In a cluster the first three are in one part, and so are the others. */
  readonly queues: string[];
  readonly groups: RandomGroups;
  readonly lists: RandomLists;
  readonly streams: RandomStreams;
  readonly #ids: string[];
  readonly #random: Random;
  readonly #hasChains: boolean;
  #unique = 0;
  #counts = 0;
  /** Counts that may come again. */
  #latestCounts: Count | null = null;

  /**
   * hasChains: failed events may move on to another queue. Without, every queue always has a
   * setting of its own and so is never gone: its figures are exact. hasGroups: some events do.
   */
  constructor(random: Random, { hasChains, hasGroups, ids }: Has) {
    this.#random = random;
    this.#hasChains = hasChains;
    const [chain, other] = random.shuffled(nastyTexts) as [string, string];
    this.queues = [chain, `${chain}@1`, `${chain}@1@2`, other, `${other}@1`];
    this.#ids = ids ?? random.shuffled(nastyTexts).slice(0, 7);
    this.groups = new RandomGroups(random, this.queues, hasGroups);
    this.lists = new RandomLists(random, this.queues);
    this.streams = new RandomStreams(random, this.queues, {
      hasChains,
      isOrdered: ids !== undefined,
    });
  }

  /** What every queue is given at the start. */
  first(): Step[] {
    const named = this.queues.map(bytesOf);
    const lease: [string, string][] = [["lease", "3"]];
    const own = named.map((queue) => always({ kind: "configure", queue, values: lease }));
    const backoff: [string, string][] = [["backoff", "fixed 1"]];
    const all = always({ kind: "configure", queue: null, values: backoff });
    return this.#hasChains ? [all] : [all, ...own];
  }

  /** Up to 3 seconds, and never 0: a time says which operations came first. */
  pauseMs(): number {
    return 1 + this.#random.below(this.#random.below(3) === 0 ? 3000 : 400);
  }

  batch(known: Known): Step[] {
    const random = this.#random;
    const size = 1 + random.below(random.below(10) === 0 ? 40 : 9);
    const steps = Array.from({ length: size }, () => this.#step(known));
    return withOneRule(steps, known);
  }

  /** A change of settings: by itself, because it may end events at once. */
  configure(): Step {
    const random = this.#random;
    const at = random.below(this.queues.length + 1);
    const queue = this.queues[at];
    const isChain = at < 3;
    const own = queue === undefined ? {} : isChain ? ofChains : ofOthers;
    const choices = { ...values, ...this.groups.settings, ...own };
    const names = random.shuffled(Object.keys(choices)).slice(0, 1 + random.below(3));
    const given = names.map((name): [string, string | null] => [name, random.of(choices[name]!)]);
    if (!this.#hasChains && queue !== undefined) {
      for (const setting of given) if (setting[0] === "lease") setting[1] ??= "3";
    }
    if (this.#hasChains && at < 2 && random.below(2) === 0) {
      // Its own queue would be a cycle.
      const targets = [this.queues[at + 1]!, this.queues[at + 1]!, this.queues[at]!, null];
      given.push(["failed-to", random.of(targets)]);
    }
    const name = queue === undefined ? null : bytesOf(queue);
    return () => ({ kind: "configure", queue: name, values: given });
  }

  /**
   * What an okq process has counted, now and then again, or the figures: by itself, because they
   * may be late.
   */
  figures(): Step {
    const random = this.#random;
    const queue = bytesOf(random.of(this.queues));
    if (random.below(2) === 0)
      return always({ kind: "stats", queue, isWhole: random.below(2) === 0 });
    if (this.#latestCounts && random.below(4) === 0) return always(this.#latestCounts);
    const durations = () =>
      new Map([[bucketOf(random.below(100_000)), 1 + random.below(9)] as const]);
    const totals = COUNTED.map(() => (random.below(2) === 0 ? 0 : random.below(1000)));
    const counts = { totals, waits: durations(), runs: durations() };
    const number = ++this.#counts;
    const counted = [{ queue, counts }];
    this.#latestCounts = { kind: "count", number, settled: number, counted };
    return always(this.#latestCounts);
  }

  /** That of a queue whose counts came. */
  history(): Step {
    const queue = this.#latestCounts?.counted[0]!.queue ?? bytesOf(this.queues[0]!);
    return always({ kind: "history", queue });
  }

  /** The process has restarted: it repeats no counts from before. */
  restarted(): void {
    this.#latestCounts = null;
  }

  #step(known: Known): Step {
    const random = this.#random;
    const queue = bytesOf(random.of(this.queues));
    const kind = random.weighted(weights);
    switch (kind) {
      case "push":
        return this.#push(queue, known);
      case "pushBatch":
        return this.#pushBatch(queue);
      case "pop":
      case "popBatch":
        return this.#pop(queue, kind);
      case "flush":
        return always({ kind, queue });
      case "settings":
        return always({ kind, queue: random.below(4) === 0 ? null : queue });
      case "status":
      case "ready":
        return always({ kind, queues: random.shuffled(this.queues).map(bytesOf) });
      case "pause":
      case "resume":
        return this.#pause(queue, kind);
      case "get": {
        const id = this.#id(known);
        const isWhole = random.below(4) > 0;
        return (its) => ({ kind, queue, id: id(its), isWhole });
      }
      case "list":
        return always(this.lists.one());
      case "stream":
        return this.streams.one(known);
      case "bind":
        return always(randomBinding(random, this.queues, this.#hasChains));
      case "cancel":
        return this.#cancel(queue, known);
      case "remove":
      case "retry":
      case "move":
        return this.#change(queue, kind, known);
      case "set":
        return this.#set(queue, known);
      default:
        return this.#end(kind, known);
    }
  }

  #push(queue: Buffer, known: Known): Step {
    const random = this.#random;
    const end = random.below(4) === 0 ? "right" : "left";
    const id = random.below(5) === 0 ? () => null : this.#id(known);
    const isPlain = random.below(3) === 0;
    const options = isPlain ? null : this.#options(end === "left");
    const unique = this.#key();
    const contents = this.#contents();
    return (its) => ({
      kind: "push",
      queue,
      end,
      id: id(its),
      contents,
      options: options && { ...options(its), unique },
    });
  }

  #pushBatch(queue: Buffer): Step {
    const random = this.#random;
    const end = random.below(3) === 0 ? "right" : "left";
    const events = Array.from({ length: random.below(5) }, () => ({
      id: random.below(3) === 0 ? null : bytesOf(random.of(this.#ids)),
      contents: this.#contents(),
    }));
    // Delayed events of one batch would be due at the same time.
    const options = this.#options(false);
    return (its) => ({ kind: "pushBatch", queue, end, events, options: options(its) });
  }

  #options(mayWait: boolean): (known: Known) => PushOptions {
    const random = this.#random;
    const maybe = <T>(choices: readonly T[]) => (random.below(3) === 0 ? random.of(choices) : null);
    const start = mayWait && random.below(3) === 0 ? this.#when() : () => null;
    const headers = random.below(3) === 0 ? [[bytesOf("name"), this.#contents()] as const] : [];
    const fixed = {
      headers: encodeHeaders(headers.map(([name, value]) => [name, value.subarray(0, 500)])),
      ttlMs: maybe([1500, 4000, 9000]),
      attemptsMax: maybe([0, 1, 2, 4]),
      backoff: maybe(["none", "fixed 2", "0,1"]),
      leaseMs: maybe([700, 2000]),
      onDuplicate: random.of(["refuse", "refuse", "keep", "replace"] as const),
      ...this.groups.order(),
    };
    return (its) => ({ ...NO_OPTIONS, ...fixed, start: start(its) });
  }

  /** Mostly none. */
  #key(): Unique | null {
    const random = this.#random;
    if (random.below(2) === 0) return null;
    const key = bytesOf(random.of(this.#ids.slice(0, 3)));
    const forMs = random.below(3) === 0 ? random.of([1, 700, 2500, 6000]) : null;
    return { key, until: random.of(["end", "claimed"]), forMs };
  }

  /** Times that no two events share. */
  #when(): (known: Known) => When {
    const random = this.#random;
    if (random.below(6) === 0) return () => ({ afterMs: 0 });
    if (random.below(8) === 0) return () => ({ atMs: 1000 });
    const afterMs = 10_000 * random.below(2) + 1 + ((this.#unique++ * 37) % 4001);
    return () => ({ afterMs });
  }

  #pop(queue: Buffer, kind: "pop" | "popBatch"): Step {
    const random = this.#random;
    const leaseMs = random.of([null, null, 0, 500, 1500, 4000]);
    const claimant = claimantOf("process", 7, bytesOf(random.of(workers)));
    if (kind === "pop") {
      return always({ kind, queue, leaseMs, claimant: random.below(5) === 0 ? null : claimant });
    }
    const queues = random
      .shuffled(this.queues)
      .slice(0, 1 + random.below(4))
      .map(bytesOf);
    return always({ kind, queues, count: 1 + random.below(5), leaseMs, claimant });
  }

  #pause(queue: Buffer, kind: "pause" | "resume"): Step {
    const random = this.#random;
    const worker = random.below(3) === 0 ? bytesOf(random.of(workers.slice(1))) : null;
    const all: Direction[][] = [["in"], ["out"], ["in", "out"]];
    const directions = worker ? ["out" as const] : random.of(all);
    if (kind === "resume") return always({ kind, queue, directions, worker, group: null });
    // Mostly short: a queue that stays paused shows nothing.
    const forMs = random.below(10) === 0 ? null : 1 + random.below(1500);
    return always({ kind, queue, directions, forMs, worker, group: null });
  }

  /** Changes some events, mostly as they were when they were last seen. */
  #change(queue: Buffer, kind: "remove" | "retry" | "move", known: Known): Step {
    const random = this.#random;
    const isFirst = this.queues.indexOf(queue.toString("latin1")) < 3;
    const target = bytesOf(random.of(isFirst ? this.queues.slice(0, 3) : this.queues.slice(3)));
    const ids = Array.from({ length: 1 + random.below(5) }, () => this.#id(known));
    const which = random.of(["latest", "latest", "latest", "former", null, null] as const);
    const end = random.below(2) === 0 ? "left" : "right";
    return (its) => {
      const targets: Target[] = ids.map((id) => {
        const version = which && its.versionOf(queue.toString("latin1"), id(its), which);
        return { id: id(its), version };
      });
      if (kind === "move") return { kind, queue, target, targets };
      return kind === "remove" ? { kind, queue, targets } : { kind, queue, targets, end };
    };
  }

  /** Mostly of what was claimed lately. */
  #cancel(queue: Buffer, known: Known): Step {
    const [kind, random] = ["cancel" as const, this.#random];
    const { length } = known.claims;
    const at = length - 1 - random.below(Math.min(3, length || 1));
    const id = this.#id(known);
    if (length === 0 || random.below(3) === 0) return (its) => ({ kind, queue, id: id(its) });
    return (its) => ({ kind, queue: bytesOf(its.claims[at]!.queue), id: its.claims[at]!.id });
  }

  #set(queue: Buffer, known: Known): Step {
    const random = this.#random;
    const maybe = <T>(value: T) => (random.below(3) === 0 ? value : null);
    const id = this.#id(known);
    const [contents, when] = [maybe(this.#contents()), maybe(this.#when())];
    const ttlMs = maybe(random.of([1500, 4000]));
    const priority = maybe(random.of([-1, 0, 7]));
    const names = random.shuffled(["name", "other", ""]).slice(0, random.below(3));
    const headers = names.map((name): Header => [bytesOf(name), this.#contents().subarray(0, 100)]);
    const changes = { contents, ttlMs, priority, headers };
    return (its) => ({ kind: "set", queue, id: id(its), start: when && when(its), ...changes });
  }

  /** What names a claim: an old one, the latest, or whichever an event has. */
  #end(kind: ClaimKind, known: Known): Step {
    const random = this.#random;
    const count = known.claims.length;
    const isAny = count === 0 || random.below(5) === 0;
    const queue = random.of(this.queues);
    const id = this.#id(known);
    const at =
      random.below(3) === 0
        ? random.below(count || 1)
        : count - 1 - random.below(Math.min(5, count || 1));
    const claimIn = (its: Known): GivenClaim =>
      isAny ? { queue, id: id(its), token: null } : its.claims[at]!;
    const detail = this.#detail(kind);
    return (its) => {
      const { queue: name, ...claim } = claimIn(its);
      const named = { queue: bytesOf(name), ...claim };
      if (kind !== "ackBatch" && kind !== "touchBatch") {
        return { kind, ...named, ...detail(its) } as Operation;
      }
      const same = its.claims.filter((other) => other.queue === name).slice(-4);
      const claims = [claim, ...same].map(({ id: of, token }) => ({ id: of, token }));
      return { kind, queue: bytesOf(name), claims, ...detail(its) } as Operation;
    };
  }

  #detail(kind: ClaimKind): (known: Known) => object {
    const random = this.#random;
    const text = () => (random.below(3) === 0 ? null : this.#contents().subarray(0, 300));
    const [first, second] = [text(), text()];
    const leaseMs = random.of([null, 300, 2000, 5000]);
    const when = this.#when();
    const choice = random.below(5);
    switch (kind) {
      case "ack":
        return () => ({ result: first });
      case "redo":
        return (its) => ({ start: choice < 3 ? null : when(its) });
      case "fail":
        return (its) => {
          const next = choice < 3 ? "backoff" : choice === 3 ? "final" : when(its);
          return { error: first, next };
        };
      case "touch":
        return () => ({ leaseMs, progress: first, log: second });
      case "touchBatch":
        return () => ({ leaseMs });
      default:
        return () => ({});
    }
  }

  #id(known: Known): (its: Known) => Buffer {
    const random = this.#random;
    const { length } = known.madeIds;
    if (length > 0 && random.below(4) === 0) {
      const at = length - 1 - random.below(Math.min(length, 6));
      return (its) => its.madeIds[at]!;
    }
    const id = random.below(8) === 0 ? this.streams.id() : bytesOf(random.of(this.#ids));
    return () => id;
  }

  #contents(): Buffer {
    const random = this.#random;
    if (random.below(4) === 0) return bytesOf(random.of(nastyTexts));
    if (random.below(20) === 0) return Buffer.alloc(random.below(80_000), random.below(256));
    return Buffer.from(Array.from({ length: random.below(40) }, () => random.below(256)));
  }
}

type ClaimKind = "ack" | "ackBatch" | "redo" | "fail" | "crash" | "touch" | "touchBatch";

const pushesAndPops = { push: 26, pushBatch: 4, pop: 18, popBatch: 4 };
const ends = { ack: 8, ackBatch: 2, redo: 7, fail: 10, crash: 4, touch: 5, touchBatch: 1 };
const looks = { get: 4, ready: 2, status: 2, settings: 1 };
const changes = { remove: 3, retry: 4, move: 4, set: 4, cancel: 3, flush: 1, pause: 2, resume: 4 };
const weights = { ...pushesAndPops, ...ends, ...looks, ...changes, bind: 3, list: 16, stream: 22 };
