// Whether a queue takes pushes, and which events make room for others.
import { Refusal } from "../../queue/errors.ts";
import { toBytes } from "./bytes.ts";
import type { LocalEvent } from "./local-event.ts";
import type { LocalQueue } from "./local-queue.ts";
import type { Model } from "./model.ts";

export function isPushable(model: Model, { pauses }: LocalQueue): boolean {
  return pauses === null || !model.isPaused(pauses.in);
}

/** Throws a Refusal if pushes are paused. */
export function checkPushable(model: Model, queue: LocalQueue): void {
  if (!isPushable(model, queue)) throw new Refusal("PAUSED", toBytes(queue.name));
}

/**
 * The events that have to go so that `count` more fit into the queue. Throws a Refusal if they do
 * not fit, or a JournalError.
 */
export function makeRoom(model: Model, queue: LocalQueue, count: number): LocalEvent[] {
  const { lengthMax, full } = model.settingsOf(queue);
  if (lengthMax === null || count === 0) return [];
  const surplus = queue.waiting + count - lengthMax;
  if (surplus <= 0) return [];
  if (full === "refuse" || count > lengthMax) {
    model.noteIfUnused(queue);
    throw new Refusal("QUEUEFULL", toBytes(queue.name));
  }
  return oldestOf(model, queue, surplus);
}

/** The ready events that would be handed out first, then the delayed ones that are due first. */
export function oldestOf(model: Model, queue: LocalQueue, count: number): LocalEvent[] {
  const ready = queue.line.page(null, count, false).map((entry) => model.inLine(queue, entry));
  const left = count - ready.length;
  if (left === 0 || queue.delayed === null) return ready;
  const delayed = queue.delayed.page(null, left, false);
  return [...ready, ...delayed.map(([, entry]) => model.byTime(queue, entry))];
}
