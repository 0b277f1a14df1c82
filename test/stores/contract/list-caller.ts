// Short functions for the operations on lists, with latin1 text instead of bytes. What is no such
// answer, as WRONG_TYPE, comes as it is.
import type { End, Popped } from "../../../src/queue/event.ts";
import type { Operation } from "../../../src/queue/operations.ts";
import { bytesOf, type Caller, textOf } from "./caller.ts";

export const pushed = (queue: string, end: End, contents: string[], ifThere = false) =>
  ({
    kind: "listPush",
    queue: bytesOf(queue),
    end,
    contents: contents.map(bytesOf),
    ifThere,
  }) as const;
export const popped = (queues: string[], end: End, count = 1) =>
  ({ kind: "listPop", queues: queues.map(bytesOf), end, count }) as const;
export const moved = (queue: string, from: End, target: string, to: End) =>
  ({ kind: "listMove", queue: bytesOf(queue), from, target: bytesOf(target), to }) as const;
export const ranged = (queue: string, from = 0, to = -1) =>
  ({ kind: "listRange", queue: bytesOf(queue), from, to }) as const;
export const counted = (queue: string) => ({ kind: "listLength", queue: bytesOf(queue) }) as const;
export const removed = (queue: string, contents: string, count: number) =>
  ({ kind: "listRemove", queue: bytesOf(queue), contents: bytesOf(contents), count }) as const;
export const trimmed = (queue: string, from: number, to: number) =>
  ({ kind: "listTrim", queue: bytesOf(queue), from, to }) as const;
export const changed = (queue: string, index: number, contents: string) =>
  ({ kind: "listSet", queue: bytesOf(queue), index, contents: bytesOf(contents) }) as const;
export const inserted = (
  queue: string,
  side: "before" | "after",
  pivot: string,
  contents: string,
) =>
  ({
    kind: "listInsert",
    queue: bytesOf(queue),
    side,
    pivot: bytesOf(pivot),
    contents: bytesOf(contents),
  }) as const;

/** All operations on that list. Those that would add something come last. */
export const onList = (queue: string, other: string): Operation[] => [
  counted(queue),
  ranged(queue),
  removed(queue, "x", 0),
  trimmed(queue, 1, 0),
  changed(queue, 0, "x"),
  inserted(queue, "before", "x", "y"),
  popped([queue], "left"),
  popped([queue], "right", 9),
  moved(queue, "left", other, "left"),
  pushed(queue, "left", ["x"], true),
  pushed(queue, "right", ["x"]),
];

/** The length of the list then. */
export async function pushTo(
  store: Caller,
  queue: string,
  end: End,
  ...contents: string[]
): Promise<number | string> {
  const result = await store.submit(pushed(queue, end, contents));
  return typeof result === "string" ? result : result.length;
}

export async function popUndoable(
  store: Caller,
  queues: string[],
  end: End,
  count = 1,
): Promise<Popped[]> {
  const result = await store.submit(popped(queues, end, count));
  if (typeof result === "string") throw new Error(result);
  return result;
}

/** What was taken, as "queue: contents". */
export async function popFrom(
  store: Caller,
  queues: string[],
  end: End,
  count = 1,
): Promise<string[]> {
  const events = await popUndoable(store, queues, end, count);
  return events.map(({ queue, contents }) => `${textOf(queue)}: ${textOf(contents)}`);
}

/** The contents that were moved. */
export async function moveFrom(
  store: Caller,
  queue: string,
  from: End,
  target: string,
  to: End,
): Promise<string | null> {
  const result = await store.submit(moved(queue, from, target, to));
  return result === null || typeof result === "string" ? result : textOf(result.contents);
}

/** The contents from left to right. */
export async function listOf(
  store: Caller,
  queue: string,
  from = 0,
  to = -1,
): Promise<string[] | string> {
  const result = await store.submit(ranged(queue, from, to));
  return typeof result === "string" ? result : result.map(textOf);
}

/** The length of the list then. */
export async function insertInto(
  store: Caller,
  queue: string,
  side: "before" | "after",
  pivot: string,
  contents: string,
): Promise<number | string> {
  const result = await store.submit(inserted(queue, side, pivot, contents));
  return typeof result === "string" ? result : result.length;
}
