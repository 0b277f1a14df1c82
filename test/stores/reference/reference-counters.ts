// Counters in the reference store, and the members that count them down.
import { Refusal } from "../../../src/queue/errors.ts";
import {
  COUNTERS_MAX,
  type CounterEvent,
  type CounterResults,
  type CountDown,
  type DropCounter,
  type GetCounter,
  type InitCounter,
  isSameEvent,
  type ListCounters,
} from "../../../src/queue/counters.ts";
import { Duplicate } from "../../../src/queue/event.ts";
import type { Operation } from "../../../src/queue/operations.ts";
import type { ReferenceCounter } from "./reference-counter.ts";
import type { ReferenceEvent } from "./reference-event.ts";
import { isTaken, pushing } from "./reference-pushes.ts";
import type { ReferenceQueue } from "./reference-queue.ts";
import type { ReferenceState } from "./reference-state.ts";

/** A member, and the counter that it counts down. */
interface Step {
  queue: ReferenceQueue;
  counter: ReferenceCounter;
  member: string;
}

/** What undoes the acknowledgement of a member. */
export interface Uncount extends Step {
  /** It brought the counter to 0. */
  isLast: boolean;
  /** When the counter pushed its event; null if it pushed none. */
  pushed: number | null;
}

/** Ends counters whose time is over. */
function counterOf(queue: ReferenceQueue, key: Buffer): ReferenceCounter | undefined {
  const counter = queue.counters.get(textOf(key));
  return counter && counter.endsAtMs > queue.nowMs ? counter : undefined;
}

export const counting = {
  initCounter(state: ReferenceState, operation: InitCounter): CounterResults["initCounter"] {
    const { queue: name, key, count, ttlMs, event } = operation;
    const queue = state.queue(textOf(name));
    const there = counterOf(queue, key);
    const isSame =
      there?.left === count && there.count === count && isSameEvent(there.event, event);
    if (there && !isSame) return "there";
    if (!there && queue.counters.size >= COUNTERS_MAX) return "too many";
    queue.counters.set(textOf(key), {
      key: textOf(key),
      count,
      left: count,
      sinceMs: queue.nowMs,
      endsAtMs: ttlMs === null ? Infinity : queue.nowMs + ttlMs,
      event: event && { ...event, contents: Buffer.from(event.contents) },
      members: new Set(),
      open: null,
    });
    return "ok";
  },

  countDown(state: ReferenceState, operation: CountDown): CounterResults["countDown"] {
    const queue = state.queue(textOf(operation.queue));
    const counter = counterOf(queue, operation.key);
    if (!counter) return null;
    const step = { queue, counter, member: textOf(operation.member) };
    judge(state, [step]);
    countOne(state, step);
    return counter.left;
  },

  getCounter: (state: ReferenceState, { queue, key }: GetCounter): CounterResults["getCounter"] =>
    counterOf(state.queue(textOf(queue)), key)?.left ?? null,

  dropCounter(state: ReferenceState, { queue, key }: DropCounter): CounterResults["dropCounter"] {
    const { counters } = state.queue(textOf(queue));
    const isThere = counterOf(state.queue(textOf(queue)), key) !== undefined;
    counters.delete(textOf(key));
    return isThere;
  },

  listCounters(state: ReferenceState, operation: ListCounters): CounterResults["listCounters"] {
    const { queue: name, after, limit } = operation;
    const queue = state.queue(textOf(name));
    const all = [...queue.counters.values()].toSorted((a, b) => (a.key < b.key ? -1 : 1));
    const behind = all.filter(({ key }) => after === null || key > textOf(after));
    const page = behind.slice(0, limit);
    return {
      counters: page.map(({ key, left, sinceMs }) => ({ key: bytesOf(key), left, sinceMs })),
      next: behind.length > limit ? bytesOf(page.at(-1)!.key) : null,
    };
  },
};

/**
 * To be called before these events are acknowledged in one step: refuses that if need be. One
 * leaves the line of `makesRoom`.
 */
export function judgeParts(
  state: ReferenceState,
  events: ReferenceEvent[],
  makesRoom?: ReferenceQueue,
): Step[] {
  const steps = events.flatMap((event) => stepOf(state, event) ?? []);
  judge(state, steps, makesRoom);
  return steps;
}

/** The event is acknowledged. */
export function countPart(state: ReferenceState, event: ReferenceEvent): Uncount | null {
  const step = stepOf(state, event);
  if (!step || !isNew(step)) return null;
  const pushed = countOne(state, step);
  return { ...step, pushed, isLast: step.counter.left === 0 };
}

/** The acknowledgement is undone. */
export function uncount({ queue, counter, member, pushed, isLast }: Uncount): void {
  const there = queue.counters.get(counter.key);
  if (there === counter) return uncountOne(counter, member);
  if ((there && there.endsAtMs > queue.nowMs) || !isLast || counter.endsAtMs <= queue.nowMs) return;
  const event = queue.events.get(counter.key);
  const isWaiting = event?.state === "ready" || event?.state === "delayed";
  if (pushed !== null && !(isWaiting && event.pushedAtMs === pushed)) return;
  if (pushed !== null) queue.remove(event!);
  Object.assign(counter, { left: 0, open: new Set() });
  queue.counters.set(counter.key, counter);
  uncountOne(counter, member);
}

/** The pop may have been undone before. */
function uncountOne(counter: ReferenceCounter, member: string): void {
  const { open, members, count } = counter;
  if (open ? open.has(member) : !members.has(member)) return;
  members.delete(member);
  open?.add(member);
  counter.left += 1;
  if (counter.left < count) return;
  counter.open = null;
  members.clear();
}

function stepOf(state: ReferenceState, { part }: ReferenceEvent): Step | null {
  if (!part) return null;
  const queue = state.queue(textOf(part.queue));
  const counter = counterOf(queue, part.key);
  return counter ? { queue, counter, member: part.member } : null;
}

interface Expected {
  left: number;
  event: CounterEvent | null;
  members: string[];
  /** null: one of these operations makes it. */
  there: ReferenceCounter | null;
}

function isNew({ counter, member }: Step): boolean {
  return counter.open ? counter.open.has(member) : !counter.members.has(member);
}

/** Throws a Refusal if a queue does not take the events of counters that these bring to 0. */
function judge({ isJudged }: ReferenceState, steps: Step[], makesRoom?: ReferenceQueue): void {
  if (isJudged) return;
  const expected = new ExpectedCounters();
  const pushes = new Map<ReferenceQueue, number>();
  for (const { queue, counter, member } of steps) {
    const isPushing = expected.count(queue, counter.key, member);
    if (isPushing) pushes.set(queue, (pushes.get(queue) ?? 0) + 1);
  }
  for (const [queue, count] of pushes) {
    const { pausedOne } = queue.tree;
    if (pausedOne) throw new Refusal("PAUSED", bytesOf(pausedOne.name));
    const fullOne = queue.tree.fullOne(1, count, makesRoom);
    if (fullOne) throw new Refusal("QUEUEFULL", bytesOf(fullOne.name));
  }
}

/** What operations that follow each other will make of counters, before they are done. */
export class ExpectedCounters {
  /** By queue and key; null: it will be gone. */
  readonly #expected = new Map<ReferenceQueue, Map<string, Expected | null>>();

  /** The queues into which it has counters push. `acked`: the events that it acknowledges. */
  pushedBy(state: ReferenceState, operation: Operation, acked: ReferenceEvent[]): ReferenceQueue[] {
    if (operation.kind === "initCounter") {
      const { queue: name, key, count, event } = operation;
      const queue = state.queue(textOf(name));
      const there = this.#of(queue, textOf(key));
      if (!there) this.#set(queue, textOf(key), { left: count, event, members: [], there: null });
    } else if (operation.kind === "dropCounter") {
      this.#set(state.queue(textOf(operation.queue)), textOf(operation.key), null);
    } else if (operation.kind === "countDown") {
      const queue = state.queue(textOf(operation.queue));
      const isLast = this.count(queue, textOf(operation.key), textOf(operation.member));
      return isLast ? [queue] : [];
    }
    return acked.flatMap(({ part }) => {
      if (!part) return [];
      const queue = state.queue(textOf(part.queue));
      return this.count(queue, textOf(part.key), part.member) ? [queue] : [];
    });
  }

  /** Whether the counter pushes its event then. */
  count(queue: ReferenceQueue, key: string, member: string): boolean {
    const counter = this.#of(queue, key);
    if (!counter || counter.members.includes(member)) return false;
    const { there, event } = counter;
    if (there && !isNew({ queue, counter: there, member })) return false;
    counter.members.push(member);
    counter.left -= 1;
    if (counter.left > 0) return false;
    this.#set(queue, key, null);
    return event !== null && !isTaken(queue, key);
  }

  #of(queue: ReferenceQueue, key: string): Expected | null {
    const known = this.#expected.get(queue)?.get(key);
    if (known !== undefined) return known;
    const there = counterOf(queue, bytesOf(key));
    if (!there) return null;
    const { left, event } = there;
    return this.#set(queue, key, { left, event, members: [], there });
  }

  #set(queue: ReferenceQueue, key: string, expected: Expected | null): Expected | null {
    const own = this.#expected.get(queue) ?? new Map<string, Expected | null>();
    this.#expected.set(queue, own);
    own.set(key, expected);
    return expected;
  }
}

/** Returns when it pushed its event; null if it pushed none. */
function countOne(state: ReferenceState, step: Step): number | null {
  const { queue, counter, member } = step;
  if (!isNew(step)) return null;
  counter.members.add(member);
  counter.open?.delete(member);
  counter.left -= 1;
  if (counter.left > 0) return null;
  queue.counters.delete(counter.key);
  if (!counter.event || isTaken(queue, counter.key)) return null;
  const own = { kind: "push", queue: bytesOf(queue.name), id: bytesOf(counter.key) } as const;
  const result = pushing.push(state, { ...own, ...counter.event });
  if (result instanceof Duplicate) return null;
  queue.tally("pushed");
  const event = queue.events.get(counter.key);
  if (event) queue.report("pushed", event, {});
  return event ? queue.nowMs : null;
}

function bytesOf(text: string): Buffer {
  return Buffer.from(text, "latin1");
}

function textOf(bytes: Buffer): string {
  return bytes.toString("latin1");
}
