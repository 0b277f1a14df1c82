// Whether a queue takes pushes, and which events make room for others.
import { Refusal } from "../../queue/errors.ts";
import { type Tree, treeIn } from "./bound-queues.ts";
import { toBytes } from "./bytes.ts";
import type { LocalEvent, LocalQueue } from "./local-queue.ts";
import type { Model } from "./model.ts";
import { firstToGo } from "./ready-page.ts";

export function isPushable(model: Model, { pauses }: LocalQueue): boolean {
  return pauses === null || !model.isPaused(pauses.in);
}

/** Throws a Refusal if pushes to the queue, or to one in its tree, are paused. */
export function checkPushable(model: Model, queue: LocalQueue): void {
  if (model.isJudged) return;
  if (queue.bindings === null) return checkOne(model, queue);
  for (const each of treeIn(model, queue).queues) checkOne(model, each);
}

function checkOne(model: Model, queue: LocalQueue): void {
  if (!isPushable(model, queue)) throw new Refusal("PAUSED", toBytes(queue.name));
}

/**
 * Throws a Refusal if these queues do not take an event more each, one after the other, and one
 * event leaves `makesRoom` before.
 */
export function checkRoom(
  model: Model,
  tops: LocalQueue[],
  makesRoom: LocalQueue | null = null,
): void {
  if (model.isJudged) return;
  const sums = new Map<LocalQueue, number>();
  for (const top of tops) {
    checkPushable(model, top);
    for (const each of treeIn(model, top).keepers) {
      const sum = (sums.get(each) ?? (each === makesRoom ? -1 : 0)) + 1;
      sums.set(each, sum);
      const isDropping = model.settingsOf(each).full === "drop-oldest";
      const isRefused = surplusOf(model, each, isDropping ? 1 : sum) === null;
      if (isRefused) throw new Refusal("QUEUEFULL", toBytes(each.name));
    }
  }
}

/** If more than these are too many, they go with later pushes: one would hold up everybody. */
const droppedAtOnce = 100;

/** How many events have to go so that `count` more fit; null if they do not fit. */
export function surplusOf(model: Model, queue: LocalQueue, count: number): number | null {
  const { lengthMax, full } = model.settingsOf(queue);
  if (lengthMax === null || count === 0) return 0;
  const surplus = Math.max(0, queue.waiting + count - lengthMax);
  const isRefused = surplus > 0 && (full === "refuse" || count > lengthMax);
  return isRefused ? null : Math.min(surplus, count + droppedAtOnce);
}

/**
 * The events that have to go so that one more may enter the queues of a tree; null if it may not:
 * one of them is paused or full. Throws a JournalError.
 */
export function roomIn(model: Model, { queues, keepers }: Tree): LocalEvent[] | null {
  if (!queues.every((queue) => isPushable(model, queue))) return null;
  const surpluses = keepers.map((queue) => surplusOf(model, queue, 1));
  if (surpluses.includes(null)) return null;
  return keepers.flatMap((queue, at) => oldestOf(model, queue, surpluses[at]!));
}

/**
 * The events that have to go so that `count` more may enter the queue. Throws a Refusal if they do
 * not fit into it, or into one that is bound to it; or a JournalError.
 */
export function makeRoom(model: Model, queue: LocalQueue, count: number): LocalEvent[] {
  if (queue.bindings === null) return makeRoomIn(model, queue, count);
  return treeIn(model, queue).keepers.flatMap((each) => makeRoomIn(model, each, count));
}

function makeRoomIn(model: Model, queue: LocalQueue, count: number): LocalEvent[] {
  const surplus = surplusOf(model, queue, count) ?? (model.isJudged ? 0 : null);
  if (surplus !== null) return oldestOf(model, queue, surplus);
  model.noteIfUnused(queue);
  throw new Refusal("QUEUEFULL", toBytes(queue.name));
}

/** A batch of pushes. */
interface Batch {
  /** How many events it has, and how many of these it adds. */
  events: number;
  adds: number;
  /** The ids in it, and the events of these ids that are there. */
  found: ReadonlyMap<string, unknown>;
}

/** As makeRoom, for a batch: none of its ids has to go. */
export function makeRoomFor(model: Model, queue: LocalQueue, batch: Batch): LocalEvent[] {
  if (queue.bindings === null) return makeRoomForIn(model, queue, batch);
  return treeIn(model, queue).keepers.flatMap((each) => makeRoomForIn(model, each, batch));
}

function makeRoomForIn(
  model: Model,
  queue: LocalQueue,
  { events, adds, found }: Batch,
): LocalEvent[] {
  const { full } = model.settingsOf(queue);
  if (full === "refuse") return makeRoomIn(model, queue, adds);
  // A batch that is larger than the queue is refused, even if it would add fewer.
  if (surplusOf(model, queue, events) === null) makeRoomIn(model, queue, events);
  const surplus = adds === 0 ? 0 : (surplusOf(model, queue, adds) ?? 0);
  return oldestOf(model, queue, surplus, found);
}

const NONE: ReadonlyMap<string, unknown> = new Map();

/**
 * The ready events that go first (see ready-page.ts), then the delayed ones that are due first;
 * none with an id in `spared`.
 */
export function oldestOf(
  model: Model,
  queue: LocalQueue,
  count: number,
  spared = NONE,
): LocalEvent[] {
  const found: LocalEvent[] = [];
  if (count === 0) return found;
  const add = (event: LocalEvent) => {
    if (!spared.has(event.id)) found.push(event);
    return found.length === count;
  };
  const most = count + spared.size;
  for (const entry of firstToGo(queue, most)) {
    if (add(model.inLine(queue, entry))) return found;
  }
  for (const [, entry] of queue.delayed?.page(null, most, false) ?? []) {
    if (add(model.byTime(queue, entry))) return found;
  }
  return found;
}
