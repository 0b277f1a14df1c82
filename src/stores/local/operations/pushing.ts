// Pushes, one or several in one step.
import { Duplicate, type End, type Part, type PushOptions } from "../../../queue/event.ts";
import type { Push, PushBatch } from "../../../queue/operations.ts";
import { nameOf } from "../../../queue/name-cache.ts";
import { mayKeep } from "../../../queue/reports-of.ts";
import { dropCompleted, findIn, isTakenBy, noteCopy, treeIn } from "../bound-queues.ts";
import { textOrNull, toBytes, toKept, toText } from "../bytes.ts";
import { hashOf } from "../hash-index.ts";
import { keyIn, writtenKey } from "../keys.ts";
import { drop, dropOldest, startMs } from "../life.ts";
import { type LocalQueue, LocalEvent } from "../local-queue.ts";
import type { Model } from "../model.ts";
import { newEvent } from "../new-event.ts";
import { encodePart, type Facts, type More, moreOf, moreWith, type PushedFacts } from "../more.ts";
import { rankIn } from "../ranks.ts";
import { checkPushable, makeRoom, makeRoomFor } from "../room.ts";
import { COMPLETED, DELAYED, LEFT_END, READY } from "../states.ts";

/** One push: its event, which is not in the model yet, and the event that has its id. */
export interface Step {
  event: LocalEvent;
  there: LocalEvent | undefined;
  /** Of a queue that has bound ones: the events of its id in all its tree. */
  met: LocalEvent[] | null;
}

export function push(model: Model, operation: Push): Buffer | Duplicate {
  const { queue: name, end, id, contents, options } = operation;
  const queue = model.open(nameOf(name));
  checkPushable(model, queue);
  const step =
    id === null ? unnamed(model, queue, contents) : named(model, queue, toText(id), contents);
  if (options === null && step.met === null) return pushPlain(model, step, end, id);
  const { event, there } = step;
  if (options !== null && options.unique !== null) {
    const outcome = pushOfTaken(model, step, operation, options);
    if (outcome !== null) return outcome;
  }
  const outcome = outcomeOf(model, step, id, options);
  if (outcome === "replace") {
    replace(model, event, there!, end, options!);
    model.takeWindow(queue, event.id);
  }
  if (outcome !== "add") return outcome === "replace" ? id! : outcome;
  for (const one of makeRoom(model, queue, 1)) dropOldest(model, one);
  enter(model, step, end, options);
  reportKept(model, event, options, id);
  if (id !== null) model.takeWindow(queue, event.id);
  return id ?? toBytes(event.id);
}

/** What becomes of a push whose key is taken; null if it is free, or its id has it. */
function pushOfTaken(
  model: Model,
  step: Step,
  { id: given, end, contents }: Push,
  options: PushOptions,
): Buffer | Duplicate | null {
  const { queue, id } = step.event;
  const unique = writtenKey(options.unique!);
  const key = keyIn(unique);
  const ofWindow = model.windowOwner(queue, key);
  const holder =
    ofWindow === null ? model.holderOf(queue, key) : model.find(queue, ofWindow, hashOf(ofWindow));
  const owner = ofWindow ?? holder?.id;
  if (owner === undefined) return null;
  if (given !== null && !isFree(model, step)) {
    return owner === id ? null : new Duplicate(given);
  }
  if (options.onDuplicate === "keep") return toBytes(owner);
  const isWaiting = holder?.state === READY || holder?.state === DELAYED;
  const hasKey = isWaiting && holder.more?.unique && keyIn(holder.more.unique) === key;
  if (options.onDuplicate === "refuse" || !hasKey) return new Duplicate(toBytes(owner));
  replace(model, new LocalEvent(queue, owner, toKept(contents)), holder, end, options);
  return toBytes(owner);
}

/** A push without options, as fast as it can be. `id`: not made by the store. */
function pushPlain(
  model: Model,
  { event, there }: Step,
  end: End,
  id: Buffer | null,
): Buffer | Duplicate {
  const { queue } = event;
  if (id !== null) {
    if (there !== undefined && there.state !== COMPLETED) return new Duplicate(id);
    if (model.isWindowed(queue, event.id)) return new Duplicate(id);
  }
  if (model.settingsOf(queue).lengthMax !== null) {
    for (const one of makeRoom(model, queue, 1)) dropOldest(model, one);
  }
  if (there !== undefined) drop(model, there);
  add(model, event, end, null);
  if (id === null) return toBytes(event.id);
  model.takeWindow(queue, event.id);
  return id;
}

/** As PushBatch. */
interface Batch extends Pick<PushBatch, "queue" | "end" | "events"> {
  /** null: those of NO_OPTIONS. */
  options: PushOptions | null;
}

export function pushBatch(model: Model, operation: Batch): (Buffer | Duplicate)[] {
  const { queue: name, end, events, options } = operation;
  const queue = model.open(nameOf(name));
  checkPushable(model, queue);
  // Everything is read before anything is changed: a read may fail.
  const found = new Map<string, Step>();
  const steps = events.map(({ id, contents }) => {
    const isTaken = (text: string) => found.has(text);
    const step =
      id === null
        ? unnamed(model, queue, contents, isTaken)
        : named(model, queue, toText(id), contents);
    if (!found.has(step.event.id)) found.set(step.event.id, step);
    return step;
  });
  const adds = [...found.values()].filter((step) => isFree(model, step)).length;
  for (const one of makeRoomFor(model, queue, { adds, found, events: events.length })) {
    dropOldest(model, one);
  }
  const pushed = new Set<string>();
  return steps.map((step, at) => {
    const { event, there } = step;
    const { id } = events[at]!;
    const bytes = id ?? toBytes(event.id);
    if (pushed.has(event.id)) return new Duplicate(bytes);
    pushed.add(event.id);
    const outcome = outcomeOf(model, step, id, options);
    if (outcome !== "add" && outcome !== "replace") return outcome;
    if (outcome === "replace") replace(model, event, there!, end, options!);
    else {
      enter(model, step, end, options);
      reportKept(model, event, options, id);
    }
    if (id !== null) model.takeWindow(queue, event.id);
    return bytes;
  });
}

export function named(model: Model, queue: LocalQueue, id: string, contents: Buffer): Step {
  const event = new LocalEvent(queue, id, toKept(contents));
  if (queue.bindings === null) {
    return { event, there: model.find(queue, event.id, event.hash), met: null };
  }
  const met = findIn(model, treeIn(model, queue), event.id, event.hash);
  return { event, there: met.find((one) => one.queue === queue), met };
}

/** With an id that the store makes. */
function unnamed(
  model: Model,
  queue: LocalQueue,
  contents: Buffer,
  isTaken?: (id: string) => boolean,
): Step {
  const event = newEvent(model, queue, toKept(contents), isTaken);
  return { event, there: undefined, met: queue.bindings === null ? null : [] };
}

/** Whether its id is free. */
function isFree(model: Model, step: Step): boolean {
  const { event } = step;
  return isIdFree(step) && !model.isWindowed(event.queue, event.id);
}

/** Whether it is free, whatever windows say. */
export function isIdFree({ there, met }: Step): boolean {
  return met === null ? there === undefined || there.state === COMPLETED : !isTakenBy(met);
}

/** On the left, an event whose id is free. Throws a Refusal before anything is changed. */
export function pushFree(model: Model, step: Step): void {
  const { queue } = step.event;
  if (queue.bindings !== null || model.settingsOf(queue).lengthMax !== null) {
    for (const one of makeRoom(model, queue, 1)) dropOldest(model, one);
  }
  enter(model, step, "left", null);
}

/** What a push does: adds or replaces an event, or nothing but answer. */
function outcomeOf(
  model: Model,
  step: Step,
  id: Buffer | null,
  options: PushOptions | null,
): "add" | "replace" | Buffer | Duplicate {
  if (isFree(model, step)) return "add";
  const { there } = step;
  const onDuplicate = options?.onDuplicate ?? "refuse";
  if (onDuplicate === "keep") return id!;
  const isWaiting = there?.state === READY || there?.state === DELAYED;
  return onDuplicate === "replace" && isWaiting ? "replace" : new Duplicate(id!);
}

/** Adds an event whose id is free, and its copies. There is room for them. */
function enter(model: Model, step: Step, end: End, options: PushOptions | null): void {
  const { event, there, met } = step;
  if (met === null) {
    if (there !== undefined) drop(model, there);
    add(model, event, end, options);
  } else addToTree(model, event, met, end, options);
}

/** There is room in the tree of its queue. */
function addToTree(
  model: Model,
  event: LocalEvent,
  met: LocalEvent[],
  end: End,
  options: PushOptions | null,
): void {
  const { queue: top, id, contents } = event;
  const tree = treeIn(model, top);
  dropCompleted(model, tree, met);
  for (const queue of tree.keepers) {
    if (queue === top) add(model, event, end, options);
    else {
      const copy = new LocalEvent(queue, id, contents);
      add(model, copy, end, options && { ...options, unique: null, part: null });
      noteCopy(model, copy, {});
    }
  }
}

function add(model: Model, event: LocalEvent, end: End, options: PushOptions | null): void {
  event.key = model.number();
  event.pushedAtMs = model.nowMs;
  const place = end === "left" ? LEFT_END - event.key : event.key;
  if (options === null) return model.push(event, place);
  takeKey(model, event, options);
  const more = moreOf(factsOf(event, options));
  const atMs = startMs(model, options.start);
  if (atMs > 0) model.move(event, { state: DELAYED, atMs, place, more });
  else model.move(event, { state: READY, place, more });
}

function reportKept(
  model: Model,
  event: LocalEvent,
  options: PushOptions | null,
  id: Buffer | null,
): void {
  if (model.reports && mayKeep(id, options)) model.report("pushed", event, {});
}

/** Puts an event in the place of one that waits. */
function replace(
  model: Model,
  event: LocalEvent,
  there: LocalEvent,
  end: End,
  options: PushOptions,
): void {
  const { state, place, atMs: dueMs, more: before } = there;
  event.key = model.number();
  event.pushedAtMs = model.nowMs;
  const kept = before ? keptFacts(before) : {};
  const order = orderOf(event, there, options);
  const more = moreWith(null, { ...kept, ...factsOf(event, options), ...order });
  const startsAtMs = startMs(model, options.start);
  const atMs = options.start === null && state === DELAYED ? dueMs : startsAtMs;
  drop(model, there);
  takeKey(model, event, options);
  const newPlace = end === "left" ? LEFT_END - event.key : event.key;
  if (atMs > 0) return model.move(event, { state: DELAYED, atMs, place: newPlace, more });
  const isOfLine = order.group === (before?.group ?? null);
  const isReordered = !isOfLine || order.priority !== (before?.priority ?? 0);
  const keepsPlace = state === READY && end === "left" && !isReordered;
  const isTold = state !== READY;
  model.move(event, { state: READY, place: keepsPlace ? place : newPlace, more }, isTold);
}

/** The priority and group of an event that takes the place of another one. */
function orderOf(
  event: LocalEvent,
  there: LocalEvent,
  { priority, group }: PushOptions,
): Pick<Facts, "priority" | "group" | "rank"> {
  const { more } = there;
  const own = { priority: priority ?? more?.priority ?? 0, group: textOrNull(group) };
  if (more === null || more.group === null) return { ...own, rank: 0 };
  if (own.group !== null && own.group !== more.group) return { ...own, rank: 0 };
  // It goes on waiting for its next attempt, if it does.
  event.lease = there.lease;
  return { ...own, group: more.group, rank: rankIn(there, more) };
}

/** An event takes other keys by being there. */
function takeKey(model: Model, { queue, id }: LocalEvent, { unique }: PushOptions): void {
  if (unique === null || unique.forMs === null) return;
  model.takeKeyFor(queue, toText(unique.key), unique.forMs, id);
}

/** What a push leaves as it was. */
function keptFacts({ failures, crashes, lastError, errors, log, progress }: More): Partial<Facts> {
  return { failures, crashes, lastError, errors, log, progress };
}

function partOf({ queue, id }: LocalEvent, part: Part | null): string | null {
  if (part === null) return null;
  return encodePart([toText(part.queue), toText(part.key), `${queue.name}/${id}`]);
}

function factsOf(event: LocalEvent, options: PushOptions): PushedFacts {
  const { headers, unique, ttlMs, attemptsMax, backoff, leaseMs, priority, group } = options;
  return {
    attemptsMax,
    backoff,
    group: group === null ? null : groupNameIn(event.queue, group),
    headers: textOrNull(headers),
    leaseMs,
    part: partOf(event, options.part),
    priority: priority ?? 0,
    ttlMs,
    unique: unique && writtenKey(unique),
  };
}

/** The events of a group share its name. */
function groupNameIn({ groups }: LocalQueue, bytes: Buffer): string {
  const name = toText(bytes);
  return groups?.get(name)?.name ?? name;
}
