// Runs random operations on the whole life of events on two stores at once, as differential.ts does
// with the classic ones. Both must give the same answers and show the same events. Events that are
// due at the same time are removed but for one: stores may order them differently.
// oxlint-disable no-await-in-loop -- the steps take place in this order

import type { EventFacts, State } from "../../src/queue/event.ts";
import type { Operation } from "../../src/queue/operations.ts";
import { groupsOf } from "./comparable.ts";
import type { StoreUnderTest } from "./contract.ts";
import { bytesOf } from "./contract/caller.ts";
import { type Outcome, Side } from "./life-side.ts";
import { RandomLife, states } from "./random-life.ts";
import { RandomListed } from "./random-listed.ts";
import type { Known, Step } from "./random-step.ts";
import { Random } from "./random.ts";
import { RandomCounters } from "./random-counters.ts";
import { RandomCrons } from "./random-crons.ts";
import { RandomOrder } from "./random-order.ts";
import { RandomStreamed } from "./random-streamed.ts";
import { RandomSets } from "./random-sets.ts";
import { hearBoth } from "./report-comparison.ts";
import { openResults } from "./reference/reference-streams.ts";
import { inTransactions } from "./random-transactions.ts";

const TICK = { kind: "tick", limit: 1_000_000, parts: "all" } as const;
const STEP_MS = 50;
/**
 * A new process makes ids that may be up to a second ahead of its clock (see writeClock of the
 * journal): among other entries they would have other places than in a store that goes on. So
 * nothing is done in that second.
 */
const AHEAD_MS = 1001;

export interface Compared {
  seed: number;
  rounds: number;
  hasGroups?: boolean | undefined;
  /** What most queues have most of the time: priorities and groups only, plain lists, streams. */
  only?: "order" | "lists" | "streams" | null | undefined;
}

/**
 * Both stores are new and empty. If the second one is durable, it is restarted now and then. Throws
 * at the first difference, with the seed, the round, the operation and both answers.
 */
export async function compareLives(
  a: StoreUnderTest,
  b: StoreUnderTest,
  { seed, rounds, hasGroups = seed % 3 === 0, only = null }: Compared,
): Promise<void> {
  const random = new Random(seed);
  // Where failed events move on, the store chooses which queue comes first: so ticks come often.
  const hasChains = seed % 2 === 0 && only === null;
  const stepMs = hasChains ? STEP_MS : Infinity;
  const life = lifeOf(random, only, { hasChains, hasGroups });
  const crons = new RandomCrons(new Random(seed), life.queues);
  const counters = new RandomCounters(new Random(seed + 1), life.queues);
  const sets = new RandomSets(new Random(seed + 2), life.queues);
  const pair = new Pair(new Side(a), new Side(b), seed);
  const reports = seed % 4 === 0 ? null : await hearBoth(a, b);
  await pair.submitAll(life.first());
  for (pair.round = 1; pair.round <= rounds; pair.round++) {
    await pair.wait(life.pauseMs(), stepMs, life.queues);
    if (only === null && random.below(6) === 0) {
      await pair.submitAll([life.configure()]);
      await pair.settle(life.queues);
    }
    const { known } = pair;
    const { queues } = life;
    if (only !== null) await pair.submitAll([...life.batch(known), ...sets.some()]);
    else if (random.below(5) === 0) {
      const steps = life.streams.batch(known);
      await pair.submitAll(inTransactions(steps, known, { queues, random }));
    } else {
      const batch = counters.joined(life.batch(known));
      const others = [...crons.some(), ...counters.some(), ...life.groups.some(), ...sets.some()];
      const steps = [...batch, ...others];
      await pair.submitAll(inTransactions(steps, known, { queues, random }));
    }
    await pair.separate(life.queues);
    if (!hasChains && only === null && random.below(3) === 0)
      await pair.submitAll([life.figures(), life.history()]);
    if (random.below(3) === 0) await pair.unpopSome(random);
    if (random.below(4) === 0) await pair.compareScans(life.queues, 1 + random.below(4));
    if (b.reopen && random.below(15) === 0) {
      if (hasGroups || only === "order") await pair.leaveOneGroup(life.queues);
      // A new process begins with it.
      await pair.tick();
      await pair.restartSecond(random);
      life.restarted();
      await pair.wait(AHEAD_MS, stepMs, life.queues);
    }
  }
  await pair.end(life.queues);
  await pair.submitAll(sets.all());
  await reports?.compare(seed);
}

function lifeOf(
  random: Random,
  only: Compared["only"],
  has: { hasChains: boolean; hasGroups: boolean },
): RandomLife {
  if (only === "order") return new RandomOrder(random);
  if (only === "streams") return new RandomStreamed(random);
  return only === "lists" ? new RandomListed(random) : new RandomLife(random, has);
}

class Pair {
  round = 0;
  readonly #a: Side;
  readonly #b: Side;
  readonly #seed: number;
  /** Events may have got the same due time since they were separated. */
  #isMixed = true;

  constructor(a: Side, b: Side, seed: number) {
    this.#a = a;
    this.#b = b;
    this.#seed = seed;
  }

  get known(): Known {
    return this.#a;
  }

  advance(ms: number): void {
    this.#a.store.advance(ms);
    this.#b.store.advance(ms);
  }

  /** Lets time pass in steps, after which everything is done that is due. */
  async wait(ms: number, stepMs: number, queues: string[]): Promise<void> {
    let leftMs = ms;
    for (; leftMs > stepMs; leftMs -= stepMs) {
      this.advance(stepMs);
      if (!this.#isDue) continue;
      await this.tick();
      await this.separate(queues);
    }
    this.advance(leftMs);
    await this.settle(queues);
  }

  /** Whether the first store has something to do by now. */
  get #isDue(): boolean {
    return this.#a.store.under.store.dueInMs() === 0;
  }

  async submitAll(steps: Step[]): Promise<void> {
    const operations = steps.map((step) => step(this.#a));
    if (operations.some(({ kind }) => kind !== "peek")) this.#isMixed = true;
    const texts = operations.map((operation) => this.#a.written(operation));
    const [ofA, ofB] = await Promise.all([this.#a.outcomes(steps), this.#b.outcomes(steps)]);
    for (const [at, text] of texts.entries()) {
      const hasOpen = ![ofA[at]!, ofB[at]!].some(isOpen);
      const [a, b] = [this.#a.answer(ofA[at]!, hasOpen), this.#b.answer(ofB[at]!, hasOpen)];
      if (a === b) continue;
      const before = texts.slice(0, at).join("\n    ");
      this.#compare(`${text}, in its batch after\n    ${before}`, a, b);
    }
  }

  /** Does what is due. A store may do some of it in steps. */
  async tick(): Promise<void> {
    const tickAll = async ({ store }: Side) => {
      for (;;) {
        const { moved } = await store.submit(TICK);
        if (moved > 0) this.#isMixed = true;
        if (moved < TICK.limit) return;
      }
    };
    await Promise.all([tickAll(this.#a), tickAll(this.#b)]);
  }

  async settle(queues: string[]): Promise<void> {
    await this.tick();
    // Before the tick a peek might show an expired event, or not.
    const peeks = queues.map(bytesOf).map((queue): Operation[] => [
      { kind: "peek", queue, end: "left" },
      { kind: "peek", queue, end: "right" },
    ]);
    await this.submitAll(peeks.flat().map((peek) => () => peek));
    await this.separate(queues);
  }

  /** Leaves one delayed event of each due time. */
  async separate(queues: string[]): Promise<void> {
    if (!this.#isMixed) return;
    for (const queue of queues) {
      const [ofA, ofB] = await this.#scan(queue, "delayed", 100);
      const idsOf = new Map([
        [this.#a, doubledAmong(ofA)],
        [this.#b, doubledAmong(ofB)],
      ]);
      if (idsOf.get(this.#a)!.length === 0) continue;
      const targetsOf = (known: Known) =>
        idsOf.get(known as Side)!.map((id) => ({ id, version: null }));
      await this.submitAll([
        (known) => ({ kind: "remove", queue: bytesOf(queue), targets: targetsOf(known) }),
      ]);
    }
    this.#isMixed = false;
  }

  async unpopSome(random: Random): Promise<void> {
    const count = this.#a.unpops.length;
    const chosen = random.shuffled([...Array(count).keys()]).slice(0, 1 + random.below(3));
    await this.submitAll(chosen.map((at) => (known) => (known as Side).unpops[at]!));
  }

  /**
   * Before a restart, after which groups may be in another order: then a flush leaves one of those
   * that have something of their own.
   */
  async leaveOneGroup(queues: string[]): Promise<void> {
    await this.flush(queues);
    for (const name of queues) {
      const queue = bytesOf(name);
      const [, ...others] = Object.keys(await this.#a.store.groups(name)).map(bytesOf);
      const values: ["limit" | "rate", null][] = [
        ["limit", null],
        ["rate", null],
      ];
      const directions: ["out"] = ["out"];
      const steps = others.flatMap((group): Step[] => [
        () => ({ kind: "setGroup", queue, group, values }),
        () => ({ kind: "resume", queue, directions, worker: null, group }),
      ]);
      await this.submitAll(steps);
    }
  }

  async flush(queues: string[]): Promise<void> {
    await this.submitAll(queues.map((queue) => () => ({ kind: "flush", queue: bytesOf(queue) })));
  }

  /** All states and groups of some queues, in pages of that size, either way. */
  async compareScans(queues: string[], limit: number): Promise<void> {
    for (const queue of queues) {
      for (const state of states) await this.#scan(queue, state, limit);
      const sides = [this.#a, this.#b];
      const [a, b] = await Promise.all(
        sides.map(async (side) => side.written(await groupsOf(side.store, queue, limit))),
      );
      this.#compare(`the groups of ${JSON.stringify(queue)}`, a!, b!);
    }
    const [ofA, ofB] = await Promise.all([this.#a.store.list(limit), this.#b.store.list(limit)]);
    this.#compare("the list of queues", this.#a.written(ofA), this.#b.written(ofB));
  }

  async #scan(
    queue: string,
    state: State,
    limit: number,
  ): Promise<[ofA: EventFacts[], ofB: EventFacts[]]> {
    const isReverse = (this.round + limit) % 2 === 0;
    const options = { limit, isReverse, isWhole: limit > 2 };
    const both = await Promise.all(
      [this.#a, this.#b].map(async (side) => {
        const shown = await side.store.scan(queue, state, options);
        // Of the ready ones some may come twice.
        const found = state === "ready" ? onceEach(shown) : shown;
        for (const facts of found) side.noteVersion(queue, facts);
        return found;
      }),
    );
    const [ofA, ofB] = both as [EventFacts[], EventFacts[]];
    const [a, b] = [inComparableOrder(this.#a, ofA), inComparableOrder(this.#b, ofB)];
    const what = `the scan of ${JSON.stringify(queue)}, ${state}, ${JSON.stringify(options)}`;
    this.#compare(what, this.#a.written(a), this.#b.written(b));
    return [a, b];
  }

  /** The new process cannot undo earlier pops, and has no consumers. */
  async restartSecond(random: Random): Promise<void> {
    const { reopen, crash } = this.#b.store.under;
    await (random.below(2) === 0 ? reopen : crash)?.();
    for (const side of [this.#a, this.#b]) {
      side.unpops.length = 0;
      side.isRestarted = true;
    }
  }

  /** Compares everything that is left, then hands it out, until nothing is there. */
  async end(queues: string[]): Promise<void> {
    await this.settle(queues);
    await this.compareScans(queues, 3);
    for (const queue of queues) {
      const name = bytesOf(queue);
      const directions = ["in", "out"] as const;
      const resume = {
        kind: "resume",
        queue: name,
        directions: [...directions],
        worker: null,
        group: null,
      };
      const given = await this.#a.store.settings(queue);
      const none = Object.keys(given).map((setting): [string, null] => [setting, null]);
      await this.submitAll([
        () => resume as Operation,
        () => ({ kind: "settings", queue: name }),
        () => ({ kind: "configure", queue: name, values: none }),
      ]);
    }
    for (let round = 0; round < 3; round++) {
      this.advance(20_000);
      await this.settle(queues);
      const claimant = bytesOf("process 7 last");
      const pop = { kind: "popBatch", queues: queues.map(bytesOf), count: 1000 } as const;
      await this.submitAll([() => ({ ...pop, leaseMs: 1000, claimant })]);
    }
    await this.flush(queues);
    await this.submitAll([() => ({ kind: "status", queues: queues.map(bytesOf) })]);
  }

  #compare(what: string, ofA: string, ofB: string): void {
    if (ofA === ofB) return;
    throw new Error(
      `the stores differ: seed ${this.#seed}, round ${this.round}\n` +
        `  first  ${ofA}\n  second ${ofB}\n  to ${what}`,
    );
  }
}

/** Whether a result, or one in a transaction, is one of several that a store may give. */
function isOpen(outcome: Outcome): boolean {
  if ("error" in outcome) return false;
  const { operation, result } = outcome;
  const all = operation.kind === "transaction" ? (result as unknown[]) : [result];
  return all.some((each) => typeof each === "object" && each && openResults.has(each));
}

/** The ids of all but the first event of each due time. */
function doubledAmong(events: EventFacts[]): Buffer[] {
  return events.filter(({ atMs }, at) => events[at - 1]?.atMs === atMs).map(({ id }) => id);
}

/** Those of the same time in one order: it is open which of them comes first. */
function inComparableOrder(side: Side, events: EventFacts[]): EventFacts[] {
  const isTimed = events.some(({ state }) => state !== "ready" && state !== "completed");
  if (!isTimed) return events;
  const keyed = events.map((event) => ({ event, atMs: event.atMs!, text: side.written(event) }));
  const inOrder = keyed.toSorted((a, b) => a.atMs - b.atMs || (a.text < b.text ? -1 : 1));
  return inOrder.map(({ event }) => event);
}

function onceEach(events: EventFacts[]): EventFacts[] {
  const first = new Map<string, EventFacts>();
  for (const facts of events) {
    const id = facts.id.toString("latin1");
    if (!first.has(id)) first.set(id, facts);
  }
  return [...first.values()];
}
