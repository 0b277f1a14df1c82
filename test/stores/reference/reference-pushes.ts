// Pushes in the reference store.
import { Refusal } from "../../../src/queue/errors.ts";
import { Duplicate, NO_OPTIONS, type End } from "../../../src/queue/event.ts";
import type { PushOptions, State } from "../../../src/queue/event.ts";
import type { Push, PushBatch, Results } from "../../../src/queue/operations.ts";
import { mayKeep } from "../../../src/queue/reports-of.ts";
import type { ReferenceEvent } from "./reference-event.ts";
import { ELSEWHERE, type ReferenceQueue } from "./reference-queue.ts";
import type { ReferenceState } from "./reference-state.ts";

export const pushing = {
  push(state: ReferenceState, { queue: name, end, id, contents, options }: Push): Results["push"] {
    const queue = state.queue(textOf(name));
    const unique = options?.unique;
    if (!state.isJudged && queue.isPaused("in")) throw new Refusal("PAUSED", name);
    const owner = unique ? queue.keys.ownerOf(textOf(unique.key)) : null;
    const isIdTaken = id !== null && queue.takenForPush(textOf(id));
    if (owner !== null && !isIdTaken) return pushTaken(queue, owner, contents, options!, end);
    if (owner !== null && owner !== textOf(id!)) return new Duplicate(id!);
    return pushAll(state, name, end, [{ id, contents }], options ?? NO_OPTIONS)[0]!;
  },
  pushBatch: (
    state: ReferenceState,
    { queue, end, events, options }: PushBatch,
  ): Results["pushBatch"] => pushAll(state, queue, end, events, options),
};

function pushAll(
  state: ReferenceState,
  name: Buffer,
  end: End,
  events: { id: Buffer | null; contents: Buffer }[],
  options: PushOptions,
): (Buffer | Duplicate)[] {
  const queue = state.queue(textOf(name));
  if (!state.isJudged && queue.isPaused("in")) throw new Refusal("PAUSED", name);
  const ids = events.map(({ id }) => id && id.toString("latin1"));
  const added = new Set(ids.filter((id) => id !== null && !queue.takenForPush(id)));
  const newCount = added.size + ids.filter((id) => id === null).length;
  const isDropping = queue.given.full === "drop-oldest";
  const needed = isDropping ? events.length : newCount;
  if (!state.isJudged && !queue.hasRoomFor(needed)) throw new Refusal("QUEUEFULL", name);
  if (newCount > 0) queue.makeRoomFor(newCount, new Set(ids));
  const inBatch = new Set<string>();
  return events.map(({ contents: given }, at) => {
    const contents = Buffer.from(given);
    const id = ids[at] ?? state.newId(queue);
    const there = queue.taken(id);
    const isSecond = inBatch.has(id);
    inBatch.add(id);
    const isNamed = ids[at] !== null;
    if (!(isNamed ? queue.takenForPush(id) : there)) {
      add(queue, id, contents, options, end);
      if (isNamed) queue.takeWindow(id);
      if (mayKeep(events[at]!.id, options)) queue.report("pushed", queue.events.get(id)!, {});
    } else if (isSecond || options.onDuplicate === "refuse") return new Duplicate(bytesOf(id));
    else if (options.onDuplicate === "replace") {
      const isReplaced = there && replace(queue, there, contents, options, end);
      if (!isReplaced) return new Duplicate(bytesOf(id));
      queue.takeWindow(id);
    }
    return bytesOf(id);
  });
}

/** The key of the push belongs to that event. */
function pushTaken(
  queue: ReferenceQueue,
  owner: string,
  contents: Buffer,
  options: PushOptions,
  end: End,
): Buffer | Duplicate {
  if (options.onDuplicate === "keep") return bytesOf(owner);
  const there = queue.events.get(owner);
  const hasKey = there?.options.unique?.key.equals(options.unique!.key);
  const isReplaced =
    hasKey && options.onDuplicate === "replace" && replace(queue, there!, contents, options, end);
  return isReplaced ? bytesOf(owner) : new Duplicate(bytesOf(owner));
}

function add(
  queue: ReferenceQueue,
  id: string,
  contents: Buffer,
  options: PushOptions,
  end: End,
): void {
  const { nowMs } = queue;
  const counts = { failures: 0, crashes: 0, version: 0, order: 0, atMs: 0 };
  const none = { claim: null, lastError: null, errors: [], log: [], progress: null, result: null };
  const times = { pushedAtMs: nowMs, ttlFromMs: nowMs };
  const rank = queue.rankAt(end);
  const state: State = "delayed";
  const group = options.group && textOf(options.group);
  const order = { priority: options.priority ?? 0, group, groupNumber: 0, ...ELSEWHERE };
  const event = { id, contents, options, state, rank, ...order, ...times, ...counts, ...none };
  queue.events.delete(id);
  queue.events.set(id, event);
  queue.keys.take(event);
  queue.enter(event, options.start, rank);
}

function replace(
  queue: ReferenceQueue,
  event: ReferenceEvent,
  contents: Buffer,
  options: PushOptions,
  end: End,
): boolean {
  if (event.state !== "ready" && event.state !== "delayed") return false;
  const wasReady = event.state === "ready";
  const kept = event.state === "delayed" ? { atMs: event.atMs } : null;
  const group = options.group ? textOf(options.group) : event.group;
  const priority = options.priority ?? event.priority;
  if (group !== event.group) Object.assign(event, ELSEWHERE);
  const isReordered = group === null && wasReady && priority !== event.priority;
  const isMoved = end === "right" || isReordered || (options.start !== null && !wasReady);
  const rank = isMoved ? queue.rankAt(end) : event.rank;
  Object.assign(event, { group, priority });
  const times = { pushedAtMs: queue.nowMs, ttlFromMs: queue.nowMs };
  Object.assign(event, { contents, options, ...times });
  queue.keys.take(event);
  queue.enter(event, options.start ?? kept, rank);
  return true;
}

function bytesOf(text: string): Buffer {
  return Buffer.from(text, "latin1");
}

function textOf(bytes: Buffer): string {
  return bytes.toString("latin1");
}
