// Queues as lists: see queue/lists.ts. Everything is read before anything is changed.
import { NO_OPTIONS } from "../../../queue/event.ts";
import {
  LIST_BYTES_MAX,
  type ListInsert,
  type ListInserted,
  type ListLength,
  type ListMove,
  type ListMoved,
  type ListPush,
  type ListPushed,
  type ListRange,
  type ListRemove,
  type ListSet,
  type ListTrim,
  TOO_LARGE,
  WRONG_TYPE,
} from "../../../queue/lists.ts";
import { nameOf } from "../../../queue/name-cache.ts";
import { bytesOrNull, contentsToBytes, toKept, toText } from "../bytes.ts";
import { LOOKED_AT_BYTES_MAX } from "../journal.ts";
import { drop } from "../life.ts";
import type { EventOrPlace } from "../line.ts";
import type { LocalEvent, LocalQueue } from "../local-queue.ts";
import type { Model } from "../model.ts";
import { isNoList } from "../name-kind.ts";
import { mayGo } from "../reach.ts";
import { entriesFrom } from "../ready-page.ts";
import { checkRoom } from "../room.ts";
import { READY } from "../states.ts";
import { judgeParts } from "./counting.ts";
import { forGood, nextOut, take } from "./popping.ts";
import { push, pushBatch } from "./pushing.ts";
import { asOne } from "./transacting.ts";

type TooLarge = typeof TOO_LARGE;

/** An event of a list, and its index. */
interface Found {
  index: number;
  event: LocalEvent;
}

export function listPush(model: Model, { queue, end, contents, ifThere }: ListPush): ListPushed {
  if (ifThere && lengthOf(model, queue) === 0) return { ids: [], length: 0 };
  const common = { queue, end, options: null };
  const [first] = contents;
  const ids = asList(model, model.open(nameOf(queue)), () =>
    contents.length === 1
      ? [push(model, { kind: "push", ...common, id: null, contents: first! })]
      : pushBatch(model, {
          ...common,
          events: contents.map((each) => ({ id: null, contents: each })),
        }),
  );
  return { ids: ids as Buffer[], length: lengthOf(model, queue) };
}

export function listMove(model: Model, operation: ListMove): ListMoved | null | typeof WRONG_TYPE {
  const { queue: name, from, target: to, to: end } = operation;
  const terms = forGood(from);
  const event = nextOut(model, name, terms);
  if (!event) return null;
  if (isNoList(model, nameOf(to))) return WRONG_TYPE;
  const target = model.open(nameOf(to));
  model.noteIfUnused(target);
  judgeParts(model, [event], event.queue, target);
  const headers = bytesOrNull(event.more?.headers ?? null);
  const options = headers === null ? null : { ...NO_OPTIONS, headers };
  return asOne(model, () => {
    const taken = take(model, event, name, terms);
    const { contents } = taken;
    const id = asList(model, target, () =>
      push(model, { kind: "push", queue: to, end, id: null, contents, options }),
    ) as Buffer;
    return { taken, id, contents };
  });
}

/** Pushes into a queue, which becomes a list if it has no events. */
function asList<T>(model: Model, queue: LocalQueue, pushes: () => T): T {
  const isNew = queue.size === 0;
  const pushed = model.pushing(queue, pushes);
  if (isNew) model.setList(queue, true);
  return pushed;
}

export function listLength(model: Model, { queue }: ListLength): number {
  return lengthOf(model, queue);
}

export function listRange(model: Model, operation: ListRange): Buffer[] | TooLarge {
  const queue = model.get(nameOf(operation.queue));
  const span = queue && spanIn(queue, operation);
  if (!span) return [];
  const entries = entriesOf(model, queue!, span);
  if (entries === null) return TOO_LARGE;
  const range: Buffer[] = [];
  let bytes = 0;
  for (const entry of entries) {
    const contents = contentsToBytes(model.contentsOf(model.inLine(queue!, entry)));
    bytes += contents.length;
    if (bytes > LIST_BYTES_MAX) return TOO_LARGE;
    range.push(contents);
  }
  return range;
}

export function listRemove(model: Model, operation: ListRemove): number | TooLarge {
  const { queue: name, contents, count } = operation;
  const queue = model.get(nameOf(name));
  if (!queue) return 0;
  const found = search(model, queue, contents, Math.abs(count) || Infinity, count >= 0);
  if (found === TOO_LARGE) return TOO_LARGE;
  for (const { event } of found) drop(model, event);
  return found.length;
}

export function listTrim(model: Model, operation: ListTrim): true | TooLarge {
  const queue = model.get(nameOf(operation.queue));
  if (!queue) return true;
  const { ready } = queue;
  const { from, to } = spanIn(queue, operation) ?? { from: ready, to: ready - 1 };
  const atRight = ready - 1 - to;
  if (!mayGo(model, from + atRight)) return TOO_LARGE;
  const entries = [...entriesFrom(queue, from, true), ...entriesFrom(queue, atRight, false)];
  const events = entries.map((entry) => model.inLine(queue, entry));
  for (const event of events) drop(model, event);
  return true;
}

export function listSet(model: Model, operation: ListSet): boolean | null | TooLarge {
  const { queue: name, index, contents } = operation;
  const queue = model.get(nameOf(name));
  if (!queue || queue.ready === 0) return null;
  const at = index < 0 ? index + queue.ready : index;
  if (at < 0 || at >= queue.ready) return false;
  const entries = entriesOf(model, queue, { from: at, to: at });
  if (entries === null) return TOO_LARGE;
  const event = model.inLine(queue, entries[0]!);
  model.move(event, { state: READY });
  model.setContents(event, toKept(contents));
  return true;
}

export function listInsert(model: Model, operation: ListInsert): ListInserted | TooLarge {
  const { queue: name, side, pivot, contents } = operation;
  const queue = model.get(nameOf(name));
  const length = queue?.ready ?? 0;
  if (!queue || length === 0) return { length: 0, id: null };
  if (queue.ready > queue.line.length) return TOO_LARGE;
  const found = search(model, queue, pivot, 1, true);
  if (found === TOO_LARGE) return TOO_LARGE;
  const [beside] = found;
  if (beside === undefined) return { length: -1, id: null };
  checkRoom(model, [queue]);
  const onTheLeft = beside.index + (side === "after" ? 1 : 0);
  const end = length - onTheLeft <= onTheLeft ? "right" : "left";
  // Between two whole places.
  const from = beside.event.place + (side === "after" ? 0.5 : -0.5);
  const id = asOne(model, () => {
    const pushed = push(model, {
      kind: "push",
      queue: name,
      end,
      id: null,
      contents,
      options: null,
    });
    const newest = toText(pushed as Buffer);
    for (const entry of queue.line.page(from, length, end === "right")) {
      const event = model.inLine(queue, entry);
      const place = end === "right" ? model.number() : model.leftPlace();
      if (event.id !== newest) model.move(event, { state: READY, place });
    }
    return pushed as Buffer;
  });
  return { length: queue.ready, id };
}

function lengthOf(model: Model, name: Buffer): number {
  return model.get(nameOf(name))?.ready ?? 0;
}

/** Indexes from the left, both included. */
interface Span {
  from: number;
  to: number;
}

/** null: there is no event between them. */
function spanIn({ ready }: LocalQueue, { from, to }: Span): Span | null {
  const first = Math.max(0, from < 0 ? from + ready : from);
  const last = Math.min(ready - 1, to < 0 ? to + ready : to);
  return first > last ? null : { from: first, to: last };
}

/** From left to right; null if they are too far from one of the ends. */
function entriesOf(
  model: Model,
  queue: LocalQueue,
  { from, to }: Span,
): EventOrPlace<LocalEvent>[] | null {
  const [toLeft, toRight] = [to + 1, queue.ready - from];
  if (!mayGo(model, Math.min(toLeft, toRight))) return null;
  if (toLeft <= toRight) return entriesFrom(queue, toLeft, true).slice(from);
  return entriesFrom(queue, toRight, false)
    .slice(queue.ready - 1 - to)
    .toReversed();
}

/** The first `most` events with these contents, from the left end or from the right end. */
function search(
  model: Model,
  queue: LocalQueue,
  contents: Buffer,
  most: number,
  isFromLeft: boolean,
): Found[] | TooLarge {
  const { ready } = queue;
  if (!mayGo(model, ready)) return TOO_LARGE;
  const wanted = toKept(contents);
  const found: Found[] = [];
  let bytesRead = 0;
  for (const [at, entry] of entriesFrom(queue, ready, isFromLeft).entries()) {
    const event = model.inLine(queue, entry);
    let own = event.contents;
    if (own === null) {
      // A look has left them out: they are larger.
      if (event.isCold && contents.length <= LOOKED_AT_BYTES_MAX) continue;
      own = model.contentsOf(event);
      bytesRead += own.length;
      if (bytesRead > LIST_BYTES_MAX) return TOO_LARGE;
    }
    if (!isSame(own, wanted)) continue;
    found.push({ index: isFromLeft ? at : ready - 1 - at, event });
    if (found.length === most) break;
  }
  return found;
}

function isSame(one: string | Buffer, other: string | Buffer): boolean {
  if (one.length !== other.length) return false;
  if (typeof one === "string" && typeof other === "string") return one === other;
  return contentsToBytes(one).equals(contentsToBytes(other));
}
