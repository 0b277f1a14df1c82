// Pushes in the reference store.
import { Refusal } from "../../../src/queue/errors.ts";
import { memberOf } from "../../../src/queue/counters.ts";
import { Duplicate, NO_OPTIONS, type End } from "../../../src/queue/event.ts";
import type { PushOptions, State } from "../../../src/queue/event.ts";
import type { Push, PushBatch, Results } from "../../../src/queue/operations.ts";
import { mayKeep } from "../../../src/queue/reports-of.ts";
import { ELSEWHERE, type ReferenceEvent } from "./reference-event.ts";
import type { ReferenceQueue } from "./reference-queue.ts";
import type { ReferenceState } from "./reference-state.ts";

export const pushing = {
  push(state: ReferenceState, { queue: name, end, id, contents, options }: Push): Results["push"] {
    const queue = state.queue(textOf(name));
    const unique = options?.unique;
    checkPauses(state, queue);
    const owner = unique ? queue.keys.ownerOf(textOf(unique.key)) : null;
    const isIdTaken = id !== null && isTaken(queue, textOf(id));
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
  const { tree } = queue;
  checkPauses(state, queue);
  const ids = events.map(({ id }) => id && id.toString("latin1"));
  const added = new Set(ids.filter((id) => id !== null && !isTaken(queue, id)));
  const newCount = added.size + ids.filter((id) => id === null).length;
  const fullOne = state.isJudged ? undefined : tree.fullOne(events.length, newCount);
  if (fullOne) throw new Refusal("QUEUEFULL", bytesOf(fullOne.name));
  if (newCount > 0) tree.makeRoomFor(newCount, new Set(ids));
  const inBatch = new Set<string>();
  return events.map(({ contents: given }, at) => {
    const contents = Buffer.from(given);
    const id = ids[at] ?? state.newId(queue);
    const there = queue.taken(id);
    const isSecond = inBatch.has(id);
    inBatch.add(id);
    const isNamed = ids[at] !== null;
    if (!isNamed || !isTaken(queue, id)) {
      const event = newEvent(queue, id, contents, options);
      enterTree(queue, event, end);
      if (isNamed) queue.takeWindow(id);
      if (mayKeep(events[at]!.id, options)) queue.report("pushed", event, {});
    } else if (isSecond || options.onDuplicate === "refuse") return new Duplicate(bytesOf(id));
    else if (options.onDuplicate === "replace") {
      const isReplaced = there && replace(queue, there, contents, options, end);
      if (!isReplaced) return new Duplicate(bytesOf(id));
      queue.takeWindow(id);
    }
    return bytesOf(id);
  });
}

/** The id is free. */
export function enterTree(queue: ReferenceQueue, event: ReferenceEvent, end: End): void {
  queue.tree.enter(event, (each, own) => {
    each.keys.take(own);
    each.enter(own, event.options.start, each.rankAt(end));
  });
}

/** Throws a Refusal if a queue of its tree is paused. */
export function checkPauses({ isJudged }: ReferenceState, { tree }: ReferenceQueue): void {
  const paused = isJudged ? undefined : tree.pausedOne;
  if (paused) throw new Refusal("PAUSED", bytesOf(paused.name));
}

export function isTaken(queue: ReferenceQueue, id: string): boolean {
  return queue.takenForPush(id) || queue.tree.isTaken(id);
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

export function newEvent(
  queue: ReferenceQueue,
  id: string,
  contents: Buffer,
  options: PushOptions,
): ReferenceEvent {
  const counts = { failures: 0, crashes: 0, version: 0, order: 0, atMs: 0 };
  const none = { claim: null, lastError: null, errors: [], log: [], progress: null, result: null };
  const times = { pushedAtMs: queue.nowMs, ttlFromMs: queue.nowMs };
  const rank = ["3 left end", 0] as const;
  const state: State = "delayed";
  const group = options.group && textOf(options.group);
  const part = partOf(queue, id, options);
  const order = { priority: options.priority ?? 0, group, groupNumber: 0, ...ELSEWHERE };
  return { id, contents, options, state, part, rank, ...order, ...times, ...counts, ...none };
}

function partOf(queue: ReferenceQueue, id: string, { part }: PushOptions): ReferenceEvent["part"] {
  if (!part) return null;
  const member = memberOf(bytesOf(queue.name), bytesOf(id)).toString("latin1");
  return { queue: Buffer.from(part.queue), key: Buffer.from(part.key), member };
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
  const part = partOf(queue, event.id, options);
  Object.assign(event, { contents, options, part, ...times });
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
