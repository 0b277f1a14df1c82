// Pushes, one or several in one step.
import { Duplicate, type End, type PushOptions } from "../../../queue/event.ts";
import type { Push, PushBatch } from "../../../queue/operations.ts";
import { nameOf } from "../../../queue/name-cache.ts";
import { textOrNull, toBytes, toKept, toText } from "../bytes.ts";
import { drop, startMs } from "../life.ts";
import { COMPLETED, DELAYED, GONE, LEFT_END, LocalEvent, READY } from "../local-event.ts";
import type { LocalQueue } from "../local-queue.ts";
import type { Model } from "../model.ts";
import { type Facts, moreWith } from "../more.ts";
import { checkPushable, makeRoom } from "../room.ts";

/** One push: its event, which is not in the model yet, and the event that has its id. */
interface Step {
  event: LocalEvent;
  there: LocalEvent | undefined;
}

export function push(model: Model, operation: Push): Buffer | Duplicate {
  const { queue: name, end, id, contents, options } = operation;
  const queue = model.open(nameOf(name));
  checkPushable(model, queue);
  const step = id === null ? unnamed(model, queue, contents) : named(model, queue, id, contents);
  const { event, there } = step;
  const outcome = outcomeOf(step, id ?? toBytes(event.id), options);
  if (outcome === "replace") replace(model, event, there!, end, options!);
  if (outcome !== "add") return outcome === "replace" ? id! : outcome;
  for (const one of makeRoom(model, queue, 1)) drop(model, one);
  if (there !== undefined && there.state === COMPLETED) drop(model, there);
  add(model, event, end, options);
  return id ?? toBytes(event.id);
}

export function pushBatch(model: Model, operation: PushBatch): (Buffer | Duplicate)[] {
  const { queue: name, end, events, options } = operation;
  const queue = model.open(nameOf(name));
  checkPushable(model, queue);
  const ids = new Set<string>();
  const steps = events.map(({ id, contents }) => {
    const isTaken = (text: string) => ids.has(text);
    const step =
      id === null ? unnamed(model, queue, contents, isTaken) : named(model, queue, id, contents);
    const bytes = id ?? toBytes(step.event.id);
    const isSecond = ids.has(step.event.id);
    ids.add(step.event.id);
    const outcome = isSecond ? new Duplicate(bytes) : outcomeOf(step, bytes, options);
    return { ...step, bytes, outcome };
  });
  const adds = steps.filter(({ outcome }) => outcome === "add").length;
  for (const one of makeRoom(model, queue, adds)) drop(model, one);
  return steps.map(({ event, there, bytes, outcome }) => {
    if (outcome !== "add" && outcome !== "replace") return outcome;
    // It may just have made room.
    const isThere = there !== undefined && there.state !== GONE;
    if (isThere && outcome === "replace") replace(model, event, there, end, options);
    else {
      if (isThere) drop(model, there);
      add(model, event, end, options);
    }
    return bytes;
  });
}

function named(model: Model, queue: LocalQueue, id: Buffer, contents: Buffer): Step {
  const event = new LocalEvent(queue, toText(id), toKept(contents));
  return { event, there: model.find(queue, event.id, event.hash) };
}

/** With an id that the store makes. */
function unnamed(
  model: Model,
  queue: LocalQueue,
  contents: Buffer,
  isTaken: (id: string) => boolean = () => false,
): Step {
  for (;;) {
    const event = new LocalEvent(queue, model.count(), toKept(contents));
    const there = model.find(queue, event.id, event.hash);
    if (there === undefined && !isTaken(event.id)) return { event, there };
  }
}

/** What a push does: adds or replaces an event, or nothing but answer. */
function outcomeOf(
  { there }: Step,
  id: Buffer,
  options: PushOptions | null,
): "add" | "replace" | Buffer | Duplicate {
  if (there === undefined || there.state === COMPLETED) return "add";
  const onDuplicate = options?.onDuplicate ?? "refuse";
  if (onDuplicate === "keep") return id;
  const isWaiting = there.state === READY || there.state === DELAYED;
  return onDuplicate === "replace" && isWaiting ? "replace" : new Duplicate(id);
}

function add(model: Model, event: LocalEvent, end: End, options: PushOptions | null): void {
  event.key = model.number();
  event.pushedAtMs = model.nowMs;
  const place = end === "left" ? LEFT_END - event.key : event.key;
  if (options === null) return model.move(event, { state: READY, place });
  const more = moreWith(null, factsOf(options));
  const atMs = startMs(model, options.start);
  if (atMs > 0) model.move(event, { state: DELAYED, atMs, place: event.key, more });
  else model.move(event, { state: READY, place, more });
}

/** Puts an event in the place of one that waits. */
function replace(
  model: Model,
  event: LocalEvent,
  there: LocalEvent,
  end: End,
  options: PushOptions,
): void {
  const { state, place, atMs: atMsBefore, more: before } = there;
  event.key = model.number();
  event.pushedAtMs = model.nowMs;
  const { failures = 0, crashes = 0, lastError = null, errors = [] } = before ?? {};
  const more = moreWith(null, { ...factsOf(options), failures, crashes, lastError, errors });
  const atMs = startMs(model, options.start);
  drop(model, there);
  if (atMs > 0) model.move(event, { state: DELAYED, atMs, place: event.key, more });
  else if (end === "right") model.move(event, { state: READY, place: event.key, more });
  else model.move(event, { state, atMs: atMsBefore, place, more });
}

function factsOf({ headers, ttlMs, attemptsMax, backoff, leaseMs }: PushOptions): Partial<Facts> {
  return { headers: textOrNull(headers), ttlMs, attemptsMax, backoff, leaseMs };
}
