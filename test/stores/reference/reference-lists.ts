// Queues as lists in the reference store: an array of the ready events, from left to right.
import { type End, NO_OPTIONS } from "../../../src/queue/event.ts";
import type {
  ListInsert,
  ListLength,
  ListMove,
  ListPop,
  ListPush,
  ListRange,
  ListRemove,
  ListResults,
  ListSet,
  ListTrim,
} from "../../../src/queue/lists.ts";
import { LIST_BYTES_MAX, LIST_REACH, TOO_LARGE, WRONG_TYPE } from "../../../src/queue/lists.ts";
import { ExpectedCounters } from "./reference-counters.ts";
import type { ReferenceEvent } from "./reference-event.ts";
import { eventAt, popFrom, popSome } from "./reference-pops.ts";
import { pushing } from "./reference-pushes.ts";
import { isNoList } from "./reference-kinds.ts";
import type { ReferenceQueue } from "./reference-queue.ts";
import type { ReferenceState } from "./reference-state.ts";
import { judgePush } from "./reference-transaction.ts";

const FOR_GOOD = { leaseMs: 0, claimant: null };

export const listing = {
  listPush(state: ReferenceState, operation: ListPush): ListResults["listPush"] {
    const { queue: name, end, contents, ifThere } = operation;
    if (isNoList(state, name)) return WRONG_TYPE;
    const queue = state.queue(textOf(name));
    if (ifThere && queue.count("ready") === 0) return { ids: [], length: 0 };
    const events = contents.map((each) => ({ id: null, contents: each }));
    const push = { kind: "pushBatch", queue: name, end, events, options: NO_OPTIONS } as const;
    const isList = queue.isList || queue.events.size === 0;
    const ids = pushing.pushBatch(state, push) as Buffer[];
    queue.isList = isList && queue.events.size > 0;
    return { ids, length: queue.count("ready") };
  },

  listPop(state: ReferenceState, { queues, end, count }: ListPop): ListResults["listPop"] {
    for (const name of queues) {
      if (isNoList(state, name)) return WRONG_TYPE;
      const popped = popSome(state, [state.queue(textOf(name))], { count, end, ...FOR_GOOD });
      if (popped.length > 0) return popped;
    }
    return [];
  },

  listMove(state: ReferenceState, operation: ListMove): ListResults["listMove"] {
    const { queue, from, target, to } = operation;
    if (isNoList(state, queue)) return WRONG_TYPE;
    const source = state.queue(textOf(queue));
    const event = nextAt(source, from);
    if (!event) return null;
    if (isNoList(state, target)) return WRONG_TYPE;
    if (!state.isJudged) judgeMove(state, operation, event);
    const { isJudged } = state;
    state.isJudged = true;
    try {
      const taken = popFrom(state, source, 0, null, from)!;
      const { contents } = taken;
      const events = [{ id: null, contents }];
      const options = { ...NO_OPTIONS, headers: event.options.headers };
      const push = { kind: "pushBatch", queue: target, end: to, events, options } as const;
      const aim = state.queue(textOf(target));
      const isList = aim.isList || aim.events.size === 0;
      const [id] = pushing.pushBatch(state, push) as Buffer[];
      aim.isList = isList && aim.events.size > 0;
      return { taken, id: id!, contents };
    } finally {
      state.isJudged = isJudged;
    }
  },

  listLength: (state: ReferenceState, { queue }: ListLength): ListResults["listLength"] =>
    isNoList(state, queue) ? WRONG_TYPE : state.queue(textOf(queue)).count("ready"),

  listRange(state: ReferenceState, { queue, from, to }: ListRange): ListResults["listRange"] {
    if (isNoList(state, queue)) return WRONG_TYPE;
    const line = lineOf(state, queue);
    const [first, behind] = spanOf(line, from, to);
    const found = line.slice(first, behind).map(({ contents }) => Buffer.from(contents));
    const isNear = behind === first || mayGo(state, Math.min(behind, line.length - first));
    const bytes = found.reduce((sum, { length }) => sum + length, 0);
    return isNear && bytes <= LIST_BYTES_MAX ? found : TOO_LARGE;
  },

  listRemove(state: ReferenceState, operation: ListRemove): ListResults["listRemove"] {
    const { queue, contents, count } = operation;
    if (isNoList(state, queue)) return WRONG_TYPE;
    const line = lineOf(state, queue);
    if (!mayGo(state, line.length)) return TOO_LARGE;
    const inOrder = count < 0 ? line.toReversed() : line;
    const found = inOrder.filter((event) => event.contents.equals(contents));
    const gone = found.slice(0, Math.abs(count) || Infinity);
    for (const event of gone) state.queue(textOf(queue)).remove(event);
    return gone.length;
  },

  listTrim(state: ReferenceState, { queue, from, to }: ListTrim): ListResults["listTrim"] {
    if (isNoList(state, queue)) return WRONG_TYPE;
    const line = lineOf(state, queue);
    const [first, behind] = spanOf(line, from, to);
    const gone = [...line.slice(0, first), ...line.slice(behind)];
    if (!mayGo(state, gone.length)) return TOO_LARGE;
    for (const event of gone) state.queue(textOf(queue)).remove(event);
    return true;
  },

  listSet(state: ReferenceState, { queue, index, contents }: ListSet): ListResults["listSet"] {
    if (isNoList(state, queue)) return WRONG_TYPE;
    const line = lineOf(state, queue);
    if (line.length === 0) return null;
    const at = index < 0 ? line.length + index : index;
    const event = line[at];
    if (!event) return false;
    if (!mayGo(state, Math.min(at + 1, line.length - at))) return TOO_LARGE;
    event.contents = Buffer.from(contents);
    return true;
  },

  listInsert(state: ReferenceState, operation: ListInsert): ListResults["listInsert"] {
    const { queue: name, side, pivot, contents } = operation;
    if (isNoList(state, name)) return WRONG_TYPE;
    const queue = state.queue(textOf(name));
    const line = lineOf(state, name);
    if (line.length === 0) return { length: 0, id: null };
    const isOrdered = line.some(({ group, priority }) => group !== null || priority !== 0);
    if (isOrdered || !mayGo(state, line.length)) return TOO_LARGE;
    const at = line.findIndex((event) => event.contents.equals(pivot));
    if (at === -1) return { length: -1, id: null };
    const place = side === "before" ? at : at + 1;
    const [left, right] = [line.slice(0, place), line.slice(place)];
    const end = right.length <= left.length ? "right" : "left";
    const events = [{ id: null, contents }];
    const push = { kind: "pushBatch", queue: name, end, events, options: NO_OPTIONS } as const;
    const [id] = pushing.pushBatch(state, push) as Buffer[];
    const beyond = end === "right" ? right : left.toReversed();
    for (const event of beyond) event.rank = queue.rankAt(end);
    return { length: queue.count("ready"), id: id! };
  },
};

/** Whether an operation may go so far, in a transaction together with those before it. */
export function mayGo(state: ReferenceState, far: number): boolean {
  if (far > (state.reachLeft ?? LIST_REACH)) return false;
  if (state.reachLeft !== null) state.reachLeft -= far;
  return true;
}

function lineOf(state: ReferenceState, queue: Buffer): ReferenceEvent[] {
  return state.queue(textOf(queue)).inState("ready").toReversed();
}

/** The first of these indexes, and the one behind the last. */
function spanOf({ length }: ReferenceEvent[], from: number, to: number): [number, number] {
  const first = Math.max(0, from < 0 ? length + from : from);
  const last = Math.min(length - 1, to < 0 ? length + to : to);
  return first > last ? [0, 0] : [first, last + 1];
}

/** The event that a pop takes. */
function nextAt(queue: ReferenceQueue, end: End): ReferenceEvent | undefined {
  if (queue.isPaused("out") || queue.turns.room <= 0) return undefined;
  const event = eventAt(queue, end);
  if (!event || !queue.isExpired(event)) return event;
  queue.expire(event);
  return nextAt(queue, end);
}

/** Throws a Refusal if the target, or the queue of a counter, takes no more. */
function judgeMove(state: ReferenceState, operation: ListMove, event: ReferenceEvent): void {
  const sums = new Map([[textOf(operation.queue), -1]]);
  judgePush(state.queue(textOf(operation.target)), 1, sums);
  for (const queue of new ExpectedCounters().pushedBy(state, operation, [event])) {
    judgePush(queue, 1, sums);
  }
}

function textOf(bytes: Buffer): string {
  return bytes.toString("latin1");
}
