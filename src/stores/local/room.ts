// Whether a queue takes pushes, and which events make room for others.
import { Refusal } from "../../queue/errors.ts";
import { toBytes } from "./bytes.ts";
import { type LocalQueue, type LocalEvent } from "./local-queue.ts";
import type { Model } from "./model.ts";
import { READY } from "./states.ts";

export function isPushable(model: Model, { pauses }: LocalQueue): boolean {
  return pauses === null || !model.isPaused(pauses.in);
}

/** Throws a Refusal if pushes are paused. */
export function checkPushable(model: Model, queue: LocalQueue): void {
  if (!isPushable(model, queue)) throw new Refusal("PAUSED", toBytes(queue.name));
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
 * The events that have to go so that `count` more fit into the queue. Throws a Refusal if they do
 * not fit, or a JournalError.
 */
export function makeRoom(model: Model, queue: LocalQueue, count: number): LocalEvent[] {
  const surplus = surplusOf(model, queue, count);
  if (surplus !== null) return oldestOf(model, queue, surplus);
  model.noteIfUnused(queue);
  throw new Refusal("QUEUEFULL", toBytes(queue.name));
}

/**
 * As makeRoom, for events that enter one by one: call the result before each of them. It reads
 * nothing. Until then only these events are pushed into the queue or replaced there.
 */
export function makeRoomByOne(model: Model, queue: LocalQueue, count: number): () => LocalEvent[] {
  const found = makeRoom(model, queue, count);
  if (found.length === 0) return () => [];
  const [byPlace, byKey] = [new Map<number, LocalEvent>(), new Map<number, LocalEvent>()];
  for (const event of found) {
    if (event.state === READY) byPlace.set(event.place, event);
    else byKey.set(event.key, event);
  }
  const read: Read = {
    inLine: (_, entry) => (typeof entry === "number" ? byPlace.get(entry)! : entry),
    byTime: (_, entry) => (typeof entry === "number" ? byKey.get(entry)! : entry),
  };
  return () => oldestOf(model, queue, surplusOf(model, queue, 1)!, read);
}

/** How the events of entries are found. */
type Read = Pick<Model, "inLine" | "byTime">;

/** The ready events that would be handed out first, then the delayed ones that are due first. */
export function oldestOf(
  model: Model,
  queue: LocalQueue,
  count: number,
  read: Read = model,
): LocalEvent[] {
  if (count === 0) return [];
  const ready = queue.line.page(null, count, false).map((entry) => read.inLine(queue, entry));
  const left = count - ready.length;
  if (left === 0 || queue.delayed === null) return ready;
  const delayed = queue.delayed.page(null, left, false);
  return [...ready, ...delayed.map(([, entry]) => read.byTime(queue, entry))];
}
