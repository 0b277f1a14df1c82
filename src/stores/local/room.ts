// Whether a queue takes pushes, and which events make room for others.
import { Refusal } from "../../queue/errors.ts";
import { toBytes } from "./bytes.ts";
import type { EventOrPlace } from "./line.ts";
import type { EventOrKey, LocalEvent, LocalQueue } from "./local-queue.ts";
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
  const [byPlace, byKey] = [new Map<number, LocalEvent>(), new Map<number, LocalEvent>()];
  for (const event of found) {
    if (event.state === READY) byPlace.set(event.place, event);
    else byKey.set(event.key, event);
  }
  let left = found.length;
  return () => {
    if (left === 0) return [];
    const surplus = Math.min(left, surplusOf(model, queue, 1)!);
    const oldest = oldestBy(
      queue,
      surplus,
      (entry) => (typeof entry === "number" ? byPlace.get(entry) : entry),
      (entry) => (typeof entry === "number" ? byKey.get(entry) : entry),
    );
    // One was not read only where so many are too many that most of them stay for now.
    const end = oldest.indexOf(undefined);
    const dropped = (end === -1 ? oldest : oldest.slice(0, end)) as LocalEvent[];
    left -= dropped.length;
    return dropped;
  };
}

/** The ready events that would be handed out first, then the delayed ones that are due first. */
export function oldestOf(model: Model, queue: LocalQueue, count: number): LocalEvent[] {
  return oldestBy(
    queue,
    count,
    (entry) => model.inLine(queue, entry),
    (entry) => model.byTime(queue, entry),
  );
}

function oldestBy<E>(
  queue: LocalQueue,
  count: number,
  inLine: (entry: EventOrPlace<LocalEvent>) => E,
  byTime: (entry: EventOrKey) => E,
): E[] {
  if (count === 0) return [];
  const ready = queue.line.page(null, count, false).map(inLine);
  const left = count - ready.length;
  if (left === 0 || queue.delayed === null) return ready;
  return [...ready, ...queue.delayed.page(null, left, false).map(([, entry]) => byTime(entry))];
}
