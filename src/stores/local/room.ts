// Whether a queue takes pushes, and which events make room for others.
import { Refusal } from "../../queue/errors.ts";
import { toBytes } from "./bytes.ts";
import { type LocalQueue, type LocalEvent } from "./local-queue.ts";
import type { Model } from "./model.ts";

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

/** The ready events that would be handed out first, then the delayed ones that are due first. */
export function oldestOf(model: Model, queue: LocalQueue, count: number): LocalEvent[] {
  if (count === 0) return [];
  const ready = queue.line.page(null, count, false).map((entry) => model.inLine(queue, entry));
  const left = count - ready.length;
  if (left === 0 || queue.delayed === null) return ready;
  const delayed = queue.delayed.page(null, left, false);
  return [...ready, ...delayed.map(([, entry]) => model.byTime(queue, entry))];
}
