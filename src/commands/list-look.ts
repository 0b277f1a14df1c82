// LLEN, LRANGE, LINDEX and LPOS: show the ready events of a queue from left to right.
import type { ListLength, ListRange, WRONG_TYPE } from "../queue/lists.ts";
import type { Reply } from "../resp/reply.ts";
import type { Answer } from "./answer.ts";
import type { QueueCall, QueueCommand } from "./command.ts";
import { commandError } from "./errors.ts";
import { integerOf, notNegativeOf, parseInteger, resultOf } from "./list-arguments.ts";
import { inTurn, longArray } from "./long-replies.ts";
import { Submission } from "./submission.ts";
import { wordOf } from "./words.ts";

/** So many events may be looked at beside what other clients do. */
const FEW = 100;
/** So far from an end. */
const NEAR = 1000;
const ARRAY_ELEMENT_BYTES = 16;

/** A look at many events takes turns with those of other clients: its result may be large. */
function look(
  range: ListRange,
  call: QueueCall,
  answer: (contents: Buffer[]) => Answer,
): Submission | Promise<Answer> {
  const { from, to, queue } = range;
  const areFew = from < 0 === to < 0 && to - from < FEW && (from < 0 ? -from : to) < NEAR;
  if (!areFew && call.phase === "alone") return lookInTurn(range, call).then(answer);
  return Submission.one(range, (contents) => answer(resultOf(contents, queue)));
}

function lookInTurn(range: ListRange, call: QueueCall): Promise<Buffer[]> {
  call.isExclusive = true;
  return inTurn(call, async () => resultOf(await call.client.session.ask(range), range.queue));
}

function showRange(range: ListRange, call: QueueCall): Submission | Promise<Answer> {
  const { unsent } = call.context.longReplies;
  return look(range, call, (contents) => {
    if (contents.length <= FEW || call.phase !== "alone") return contents;
    let bytes = contents.reduce((sum, { length }) => sum + length + ARRAY_ELEMENT_BYTES, 0);
    unsent.take(bytes);
    return longArray(contents.length, contents, () => {
      unsent.release(bytes);
      bytes = 0;
    });
  });
}

/** Redis judges an index only if there is a list. `nothing` answers if there is none. */
export function badIndex(queue: Buffer, nothing: () => Reply): Submission {
  return Submission.one({ kind: "listLength", queue }, (length) => {
    if (resultOf(length, queue) === 0) return nothing();
    throw commandError("notAnInteger");
  });
}

function showIndex([, queue, index]: Buffer[], call: QueueCall): Submission | Promise<Answer> {
  const at = parseInteger(index!);
  if (at === null) return badIndex(queue!, () => null);
  const range = { kind: "listRange", queue: queue!, from: at, to: at } as const;
  return look(range, call, ([contents]) => contents ?? null);
}

/** What LPOS looks for. */
interface Sought {
  element: Buffer;
  /** The first match that counts; from the right if negative. */
  rank: number;
  /** null: the first position alone. */
  count: number | null;
  /** How many elements are compared at most. */
  compared: number;
}

/** The options may come again: the last one counts. */
function readSought([, , element, ...options]: Buffer[]): Sought {
  const sought: Sought = { element: element!, rank: 1, count: null, compared: Infinity };
  for (let at = 0; at < options.length; at += 2) {
    const [option, value] = [wordOf(options[at]!), options[at + 1]];
    if (!value) throw commandError("syntax");
    if (option === "RANK") {
      sought.rank = integerOf(value);
      if (sought.rank === 0) throw commandError("rankZero");
    } else if (option === "COUNT") sought.count = notNegativeOf(option, value) || Infinity;
    else if (option === "MAXLEN") sought.compared = notNegativeOf(option, value) || Infinity;
    else throw commandError("syntax");
  }
  return sought;
}

/** Up to `count` positions, those nearest to the end from which it searches first. */
function positionsIn(contents: Buffer[], { element, rank, count, compared }: Sought): number[] {
  const found: number[] = [];
  const isReverse = rank < 0;
  const length = Math.min(contents.length, compared);
  let left = Math.abs(rank);
  for (let n = 0; n < length && found.length < (count ?? 1); n++) {
    const at = isReverse ? contents.length - 1 - n : n;
    if (isSame(contents[at]!, element) && --left <= 0) found.push(at);
  }
  return found;
}

/** Most contents differ in their length or their last byte: that is faster to see. */
function isSame(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && a[a.length - 1] === b[b.length - 1] && a.equals(b);
}

function showPositions(call: QueueCall): Submission | Promise<Answer> {
  const sought = readSought(call.args);
  const { count, rank, compared } = sought;
  // From the right it needs the whole list too, because positions count from the left.
  const to = rank > 0 && compared < Infinity ? compared - 1 : -1;
  const range = { kind: "listRange", queue: call.args[1]!, from: 0, to } as const;
  return look(range, call, (contents) => {
    const found = positionsIn(contents, sought);
    return count === null ? (found[0] ?? null) : found;
  });
}

const shared = {
  group: "list",
  access: "inspect",
  since: "0.1.0",
  flags: ["readonly"],
} as const;

export const listLookCommands: QueueCommand[] = [
  {
    ...shared,
    name: "LLEN",
    syntax: "queue",
    summary: "How many events are ready.",
    flags: ["readonly", "fast"],
    parse: ([, queue]) => ({ kind: "listLength", queue: queue! }),
    reply: (length, operation) =>
      resultOf(length as number | typeof WRONG_TYPE, (operation as ListLength).queue),
  },
  {
    ...shared,
    name: "LRANGE",
    syntax: "queue start stop",
    summary:
      "The contents of the ready events from start to stop, both included, from left to right: 0 " +
      "is the left-most, -1 the right-most one. An error for more than 64 MiB, or further than " +
      "100,000 events from both ends.",
    run(call) {
      const [, queue, start, stop] = call.args;
      const [from, to] = [integerOf(start!), integerOf(stop!)];
      return showRange({ kind: "listRange", queue: queue!, from, to }, call);
    },
  },
  {
    ...shared,
    name: "LINDEX",
    syntax: "queue index",
    summary: "The contents of the event at that index, as LRANGE counts them, or nil.",
    run: (call) => showIndex(call.args, call),
  },
  {
    ...shared,
    name: "LPOS",
    syntax: "queue element [RANK rank] [COUNT count] [MAXLEN length]",
    summary:
      "The index of the first event with these contents, or nil; with COUNT an array of up to so " +
      "many, with 0 of all. RANK: beginning with the match of that number, from the right if it " +
      "is negative. MAXLEN: compares at most so many. An error for more than 100,000 ready events.",
    run: showPositions,
  },
];
