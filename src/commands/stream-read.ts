// XREAD: entries behind those that a client has seen, from one stream or several. It may wait for
// them. It takes nothing: every client that reads gets every entry.
import { TOO_LARGE, WRONG_TYPE } from "../queue/lists.ts";
import { BATCH_CONTENTS_BYTES, type ResultOf } from "../queue/operations.ts";
import { FIRST_ID, LAST_ID, type StreamId, streamIdAfter } from "../queue/stream-ids.ts";
import {
  STREAM_STEP_MAX,
  type StreamEntry,
  type StreamLength,
  type StreamRange,
} from "../queue/streams.ts";
import { NIL_ARRAY, PairLists, type Reply } from "../resp/reply.ts";
import type { QueueCall, QueueCommand } from "./command.ts";
import { type CommandError, commandError } from "./errors.ts";
import { integerOf } from "./list-arguments.ts";
import { checkQueues } from "./notify.ts";
import { blockMsIn, streamIdIn, streamResultOf } from "./stream-arguments.ts";
import { bytesOf, entryReply } from "./stream-entries.ts";
import { Submission } from "./submission.ts";
import { waiting } from "./waiting.ts";
import { wordOf } from "./words.ts";

/** So many entries of a stream are read at first, and without COUNT in a transaction. */
const FEW = 100;
/** No further streams are read behind so many bytes. */
const BYTES_MAX = 16 * BATCH_CONTENTS_BYTES;
const [DOLLAR, PLUS, GREATER] = [36, 43, 62];

/** Behind that id; behind all that is there now; the last one and all behind it. */
type From = StreamId | "end" | "last";

interface Reading {
  queues: Buffer[];
  from: From[];
  /** An id was wrong: the error stands after that of the streams that come before it. */
  wrong: CommandError | null;
  count: number;
  /** null: it does not wait. */
  blockMs: number | null;
}

/** What there is in some of the streams. */
type Found = { queue: Buffer; entries: StreamEntry[] }[];

/** Reads `XREAD [COUNT count] [BLOCK milliseconds] STREAMS queue ... id ...`. */
function readingIn(args: Buffer[]): Reading {
  let [count, blockMs] = [Infinity, null as number | null];
  for (let at = 1; at < args.length - 1; at += 2) {
    const [option, value] = [wordOf(args[at]!), args[at + 1]!];
    if (option === "BLOCK") blockMs = blockMsIn(value);
    else if (option === "COUNT") count = Math.max(0, integerOf(value)) || Infinity;
    else if (option === "STREAMS") return { ...streamsIn(args.slice(at + 1)), count, blockMs };
    else refuse(option, args.length - at - 1);
  }
  // An option that is the last argument.
  const last = wordOf(args.at(-1)!);
  if (last === "NOACK") refuse(last, 0);
  throw commandError("syntax");
}

function refuse(option: string, behind: number): never {
  if (option === "NOACK" || (option === "GROUP" && behind >= 2)) {
    throw commandError("groupOnly", { option });
  }
  throw commandError("syntax");
}

function streamsIn(words: Buffer[]): Pick<Reading, "queues" | "from" | "wrong"> {
  if (words.length % 2 === 1) {
    throw commandError("unbalancedStreams", { list: "XREAD list of streams", symbol: "$" });
  }
  const queues = words.slice(0, words.length / 2);
  checkQueues(queues);
  const from: From[] = [];
  try {
    for (const id of words.slice(queues.length)) from.push(fromIn(id));
  } catch (error) {
    return { queues, from, wrong: error as CommandError };
  }
  return { queues, from, wrong: null };
}

function fromIn(id: Buffer): From {
  const [character] = id.length === 1 ? id : [];
  if (character === DOLLAR) return "end";
  if (character === PLUS) return "last";
  if (character === GREATER) throw commandError("newOfGroup");
  return streamIdIn(id);
}

function rangeOf(queue: Buffer, from: From, count: number): StreamRange | StreamLength {
  if (from === "end") return { kind: "streamLength", queue };
  if (from === "last") {
    return { kind: "streamRange", queue, from: FIRST_ID, to: LAST_ID, count: 1, isReverse: true };
  }
  const first = streamIdAfter(from);
  // Nothing is behind the last id.
  if (!first) return { kind: "streamLength", queue };
  return { kind: "streamRange", queue, from: first, to: LAST_ID, count, isReverse: false };
}

/** A transaction reads the entries that are there, and does not wait. */
function readPart({ queues, from, wrong, count }: Reading): Submission {
  const asked = wrong ? queues.slice(0, from.length + 1) : queues;
  const most = Math.min(count === Infinity ? FEW : count, STREAM_STEP_MAX);
  const operations = asked.map((queue, at) => rangeOf(queue, from[at] ?? "end", most));
  return Submission.all(operations, (results) => {
    const found = results.map((result, at) => {
      const own = streamResultOf(result as ResultOf<StreamRange>, "XREAD", queues[at]!);
      return { queue: queues[at]!, entries: Array.isArray(own) ? own : [] };
    });
    if (wrong) throw wrong;
    return replyTo(found.filter(({ entries }) => entries.length > 0));
  });
}

function replyTo(found: Found): Reply {
  if (found.length === 0) return NIL_ARRAY;
  return new PairLists(found.map(({ queue, entries }) => [queue, entries.map(entryReply)]));
}

/** As in Redis, a list or a set among the streams does not matter once a client waits. */
async function look(reading: Reading, isFirst: boolean, call: QueueCall) {
  const { queues, from, wrong, count } = reading;
  const asked = wrong ? queues.slice(0, from.length + 1) : queues;
  const most = Math.min(count, FEW);
  const ranges = asked.map((queue, at) => rangeOf(queue, from[at] ?? "end", most));
  const results = await Promise.all(ranges.map((range) => askFor(range, call)));
  if (isFirst && results.includes(WRONG_TYPE)) throw commandError("wrongType");
  if (wrong) throw wrong;
  return results;
}

/** Fewer entries where so many are too large. */
async function askFor(operation: StreamRange | StreamLength, { client: { session } }: QueueCall) {
  if (operation.kind === "streamLength") return await session.ask(operation);
  for (let { count } = operation; ; count = Math.ceil(count / 10)) {
    const result = await session.ask({ ...operation, count });
    if (result !== TOO_LARGE || count === 1) {
      return result === TOO_LARGE ? streamResultOf(result, "XREAD", operation.queue) : result;
    }
  }
}

/** Up to about so many bytes of entries; `few` are the first ones. */
async function more(
  { queues, from, count }: Reading,
  at: number,
  few: StreamEntry[],
  bytesMax: number,
  call: QueueCall,
): Promise<StreamEntry[]> {
  const bytes = few.reduce((sum, entry) => sum + bytesOf(entry), 0);
  const fitting = Math.ceil((few.length * bytesMax) / bytes);
  const most = Math.min(count, STREAM_STEP_MAX, fitting);
  if (few.length < FEW || most <= FEW) return cut(few, bytesMax);
  const all = await askFor(rangeOf(queues[at]!, from[at]!, most), call);
  return cut(Array.isArray(all) && all.length > 0 ? all : few, bytesMax);
}

/** At least one entry. */
function cut(entries: StreamEntry[], bytesMax: number): StreamEntry[] {
  let bytes = 0;
  const end = entries.findIndex((entry, at) => {
    bytes += bytesOf(entry);
    return at > 0 && bytes > bytesMax;
  });
  return end < 0 ? entries : entries.slice(0, end);
}

/** All that the reply to a look has; null if the look found nothing. */
async function replyOf(
  reading: Reading,
  results: Awaited<ReturnType<typeof look>>,
  call: QueueCall,
): Promise<Reply | null> {
  const withEntries = [...results.entries()].filter(isWithEntries);
  if (withEntries.length === 0) return null;
  const share = BATCH_CONTENTS_BYTES / withEntries.length;
  const all: Found = [];
  let left = BYTES_MAX;
  for (const [at, few] of withEntries) {
    if (left < 0) break;
    const entries = await more(reading, at, few, share, call);
    left -= entries.reduce((sum, entry) => sum + bytesOf(entry), 0);
    all.push({ queue: reading.queues[at]!, entries });
  }
  return replyTo(all);
}

function isWithEntries(result: [number, unknown]): result is [number, StreamEntry[]] {
  return Array.isArray(result[1]) && result[1].length > 0;
}

async function read(reading: Reading, call: QueueCall): Promise<Reply> {
  const { queues, blockMs } = reading;
  const results = await look(reading, true, call);
  const reply = await replyOf(reading, results, call);
  if (reply !== null || blockMs === null) return reply ?? NIL_ARRAY;
  // The ends were those of the first look.
  const from = results.map((result, at) => {
    const isEnd = reading.from[at] === "end" && typeof result === "object" && "lastId" in result;
    return isEnd ? result.lastId : reading.from[at]!;
  });
  const next = { ...reading, from };
  const { client, context } = call;
  await context.store.watch(queues, "ready");
  const attempt = async () => await replyOf(next, await look(next, false, call), call);
  const wait = (signal: AbortSignal) =>
    context.readers.wait({ queues, timeoutMs: blockMs, attempt, signal });
  const what = { queues, worker: null, reads: true, target: null } as const;
  return (await waiting(client, wait, what)) ?? NIL_ARRAY;
}

export const streamReadCommands: QueueCommand[] = [
  {
    group: "stream",
    name: "XREAD",
    syntax: "[COUNT count] [BLOCK milliseconds] STREAMS queue [queue ...] id [id ...]",
    summary:
      "The ready and claimed events with greater ids than these, oldest first, as [[queue, " +
      "[[id, [field, value, ...]], ...]], ...] (in RESP3 a map), or nil. `$`: only what comes " +
      "from now on. `+`: the latest event. BLOCK: waits for events, with 0 for ever, as QPOP " +
      "does; every client that waits gets every event. At most 10,000 events of a queue, and " +
      "about 1 MiB in all (in a transaction 100 without COUNT).",
    access: "inspect or consume",
    since: "0.1.0",
    flags: ["readonly", "blocking", "movablekeys"],
    isExclusive: true,
    inTransaction: "queued",
    run(call) {
      const reading = readingIn(call.args);
      return call.phase === "alone" ? read(reading, call) : readPart(reading);
    },
  },
];
