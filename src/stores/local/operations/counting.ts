// Counters, and acknowledgements of events that are their members.
import {
  type CounterPage,
  COUNTERS_MAX,
  type CountDown,
  decodeEvent,
  type DropCounter,
  encodeEvent,
  type GetCounter,
  type InitCounter,
  type InitOutcome,
  type ListCounters,
  type CounterEvent,
} from "../../../queue/counters.ts";
import { Duplicate } from "../../../queue/event.ts";
import { nameOf } from "../../../queue/name-cache.ts";
import { contentsToBytes, toBytes, toKept, toText } from "../bytes.ts";
import { type KeptEvent, type LocalCounter, Members } from "../counters.ts";
import { hashOf } from "../hash-index.ts";
import { complete, drop } from "../life.ts";
import type { LocalEvent, LocalQueue } from "../local-queue.ts";
import type { Model } from "../model.ts";
import { decodePart } from "../more.ts";
import { checkRoom } from "../room.ts";
import { DELAYED, READY } from "../states.ts";
import { ExpectedCounters, isNew, isTaken } from "./expected-counters.ts";
import { push } from "./pushing.ts";

/** A member, and the counter that it counts down. */
interface Step {
  counter: LocalCounter;
  member: string;
}

/** What undoes the acknowledgement of a member. */
export interface Uncount extends Step {
  /** It brought the counter to 0. */
  isLast: boolean;
  /** When the counter pushed its event; null if it pushed none. */
  pushedAtMs: number | null;
  /** That event, as long as a client may not have it. */
  event: KeptEvent | null;
}

export function initCounter(model: Model, operation: InitCounter): InitOutcome {
  const { key: bytes, count, ttlMs, event } = operation;
  const name = nameOf(operation.queue);
  const key = toText(bytes);
  const counters = model.get(name)?.counters;
  const before = counters?.get(key);
  const there = model.counterOf(model.get(name), key);
  if (there && !isSame(model, there, operation)) return "there";
  if (!before && counters && counters.size >= COUNTERS_MAX) return "too many";
  if (before) model.dropCounter(before);
  model.addCounter({
    number: 0,
    queue: name,
    key,
    hash: hashOf(key),
    count,
    left: count,
    sinceMs: model.nowMs,
    endsAtMs: ttlMs === null ? Infinity : model.nowMs + ttlMs,
    event: event && { text: encodeEvent(event), contents: toKept(event.contents) },
    members: new Members(),
    isBack: false,
    origin: null,
  });
  return "ok";
}

/** Whether it is as that operation would make it. Throws a JournalError. */
function isSame(model: Model, counter: LocalCounter, { count, event }: InitCounter): boolean {
  if (counter.left !== count || counter.count !== count) return false;
  const own = eventOf(model, counter);
  if (event === null || own === null) return event === own;
  return counter.event!.text === encodeEvent(event) && own.contents.equals(event.contents);
}

/** What it pushes. Throws a JournalError. */
function eventOf(model: Model, counter: LocalCounter): CounterEvent | null {
  const { event } = counter;
  if (event === null) return null;
  const contents = event.contents ?? model.readThen(counter.number);
  return decodeEvent(event.text, contentsToBytes(contents));
}

export function countDown(model: Model, operation: CountDown): number | null {
  const counter = model.counterOf(model.get(nameOf(operation.queue)), toText(operation.key));
  if (!counter) return null;
  const step = { counter, member: toText(operation.member) };
  checkRoom(model, pushedInto(model, [step]));
  countOne(model, step);
  return counter.left;
}

export function getCounter(model: Model, { queue, key }: GetCounter): number | null {
  return model.counterOf(model.get(nameOf(queue)), toText(key))?.left ?? null;
}

export function dropCounter(model: Model, { queue, key }: DropCounter): boolean {
  const counter = model.counterOf(model.get(nameOf(queue)), toText(key));
  if (counter) model.dropCounter(counter);
  return counter !== undefined;
}

export function listCounters(
  model: Model,
  { queue: name, after, limit }: ListCounters,
): CounterPage {
  const { counters } = model.get(nameOf(name)) ?? {};
  const found = counters?.page(after && toText(after), limit + 1) ?? [];
  const page = found.slice(0, limit);
  const next = found.length > limit ? toBytes(page.at(-1)!.key) : null;
  const shown = page.map(({ key, left, sinceMs }) => ({ key: toBytes(key), left, sinceMs }));
  return { counters: shown, next };
}

/**
 * To be called before these events are acknowledged in one step; one leaves the line of
 * `makesRoom`, and then one is pushed into `target`. Throws a Refusal if that is not to be, or a
 * JournalError.
 */
export function judgeParts(
  model: Model,
  events: LocalEvent[],
  makesRoom: LocalQueue | null = null,
  target: LocalQueue | null = null,
): void {
  if (target === null && !events.some(isMember)) return;
  const steps = events.flatMap((event) => stepOf(model, event) ?? []);
  const own = target === null ? [] : [target];
  checkRoom(model, [...own, ...pushedInto(model, steps)], makesRoom);
}

/** Ends a claim with success. It was judged. */
export function acknowledge(model: Model, event: LocalEvent, result: string | null): void {
  const step = stepOf(model, event);
  complete(model, event, result);
  if (step) countOne(model, step);
}

/** The event is gone by a pop without a claim. It was judged. */
export function acknowledgePopped(model: Model, event: LocalEvent): Uncount | null {
  const step = stepOf(model, event);
  drop(model, event);
  if (!step || !isNew(step.counter, step.member)) return null;
  const { event: own } = step.counter;
  const kept = own && { ...own };
  const pushedAtMs = countOne(model, step);
  return { ...step, event: kept, pushedAtMs, isLast: step.counter.left === 0 };
}

/**
 * The acknowledgement is undone. Members that were counted in one step come in reverse order: the
 * last one brings its counter back, and those before it find it. Throws a JournalError.
 */
export function uncount(
  model: Model,
  { counter, member, pushedAtMs, isLast, event: own }: Uncount,
): void {
  const queue = model.open(counter.queue);
  const origin = counter.origin ?? counter;
  const there = model.counterOf(queue, counter.key);
  if (there) {
    if (there === origin || there.origin === origin) uncountOne(model, there, member);
    return;
  }
  if (!isLast || counter.endsAtMs <= model.nowMs) return;
  if (pushedAtMs !== null) {
    const event = model.find(queue, counter.key, hashOf(counter.key));
    const isWaiting = event?.state === READY || event?.state === DELAYED;
    if (!isWaiting || event.pushedAtMs !== pushedAtMs) return;
    drop(model, event);
  }
  // Another one of that key may be there, but its time is over.
  const over = queue.counters?.get(counter.key);
  if (over) model.dropCounter(over);
  const event = own && { ...own };
  if (counter.count === 1) return model.addCounter(asInTheBeginning(counter, event));
  const fresh = { number: 0, left: 0, members: new Members(), isBack: true, origin };
  const back: LocalCounter = { ...counter, ...fresh, event };
  model.addCounter(back);
  model.uncountMember(back, member);
}

/** The counter counts that member again, unless it would anyway. Throws a JournalError. */
function uncountOne(model: Model, counter: LocalCounter, member: string): void {
  if (isNew(counter, member)) return;
  if (!counter.isBack || counter.left + 1 < counter.count) {
    return model.uncountMember(counter, member);
  }
  const { event: own, number } = counter;
  const event = own && { ...own, contents: own.contents ?? model.readThen(number) };
  model.dropCounter(counter);
  model.addCounter(asInTheBeginning(counter, event));
}

/** It has counted none. */
function asInTheBeginning(counter: LocalCounter, event: KeptEvent | null): LocalCounter {
  const origin = counter.origin ?? counter;
  const fresh = { number: 0, left: counter.count, members: new Members(), isBack: false, origin };
  return { ...counter, ...fresh, event };
}

/** Whether a counter has it as a member: its acknowledgement is to be judged. */
export function isMember({ more }: LocalEvent): boolean {
  return more !== null && more.part !== null;
}

function stepOf(model: Model, { more }: LocalEvent): Step | null {
  if (more === null || more.part === null) return null;
  const [queue, key, member] = decodePart(more.part);
  const counter = model.counterOf(model.get(queue), key);
  return counter ? { counter, member } : null;
}

/** The queues into which counters push then. Throws a JournalError. */
function pushedInto(model: Model, steps: Step[]): LocalQueue[] {
  const expected = new ExpectedCounters(model);
  const names = steps.map(({ counter, member }) =>
    expected.count(counter.queue, counter.key, member),
  );
  return names.flatMap((name) => (name === null ? [] : model.get(name)!));
}

/** Returns when it pushed its event; null if it pushed none. */
function countOne(model: Model, step: Step): number | null {
  const { counter, member } = step;
  if (!isNew(counter, member)) return null;
  model.countMember(counter, member);
  if (counter.left > 0) return null;
  const event = eventOf(model, counter);
  model.dropCounter(counter);
  const queue = model.open(counter.queue);
  if (event === null || isTaken(model, queue, counter.key)) return null;
  const own = { kind: "push", queue: toBytes(queue.name), id: toBytes(counter.key) } as const;
  if (push(model, { ...own, ...event }) instanceof Duplicate) return null;
  model.tally(queue, "pushed");
  const pushed = model.find(queue, counter.key, counter.hash);
  if (pushed === undefined) return null;
  if (model.reports) model.report("pushed", pushed, {});
  return model.nowMs;
}
