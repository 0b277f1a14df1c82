// XLEN, XRANGE and XREVRANGE: show the entries of a stream.
import { isKey } from "../queue/queue-status.ts";
import {
  STREAM_STEP_MAX,
  type StreamEntry,
  type StreamLength,
  type StreamRange,
} from "../queue/streams.ts";
import type { ResultOf } from "../queue/operations.ts";
import { NIL_ARRAY } from "../resp/reply.ts";
import type { Answer } from "./answer.ts";
import type { QueueCall, QueueCommand } from "./command.ts";
import { commandError } from "./errors.ts";
import { integerOf } from "./list-arguments.ts";
import { inTurn, longArray } from "./long-replies.ts";
import { endIn, startIn, streamResultOf } from "./stream-arguments.ts";
import { bytesOf, entryReply } from "./stream-entries.ts";
import { Submission } from "./submission.ts";
import { wordOf } from "./words.ts";

/** So many entries may be looked at beside what other clients do. */
const FEW = 100;

function range(call: QueueCall, name: string, isReverse: boolean): Submission | Promise<Answer> {
  const [, queue, first, second, ...options] = call.args as [Buffer, Buffer, Buffer, Buffer];
  const from = startIn(isReverse ? second : first);
  const to = endIn(isReverse ? first : second);
  const wanted = countIn(options);
  if (wanted === 0) return noneOf(queue, name);
  const isGiven = wanted <= STREAM_STEP_MAX;
  const most = isGiven ? wanted : call.phase === "alone" ? STREAM_STEP_MAX : FEW;
  // Without COUNT, or with a large one, one more tells that there are too many.
  const count = isGiven ? wanted : most + 1;
  const operation: StreamRange = { kind: "streamRange", queue, from, to, count, isReverse };
  const entriesOf = (result: ResultOf<StreamRange>) => {
    const entries = streamResultOf(result, name, queue);
    if (entries.length <= most) return entries;
    throw commandError("streamTooLarge", { command: name, queue });
  };
  if (call.phase !== "alone" || count <= FEW) {
    return Submission.one(operation, (result) => entriesOf(result).map(entryReply));
  }
  call.isExclusive = true;
  const asked = inTurn(call, async () => entriesOf(await call.client.session.ask(operation)));
  return asked.then((entries) => show(entries, call));
}

/** Infinity if it is not given. */
function countIn(options: Buffer[]): number {
  let count = Infinity;
  for (let at = 0; at < options.length; at += 2) {
    const value = options[at + 1];
    if (wordOf(options[at]!) !== "COUNT" || !value) throw commandError("syntax");
    count = Math.max(0, integerOf(value));
  }
  return count;
}

/** As in Redis: none of the entries of a stream is nil. */
function noneOf(queue: Buffer, name: string): Submission {
  return Submission.two(
    { kind: "streamLength", queue },
    { kind: "status", queues: [queue] },
    (size, [status]) => {
      streamResultOf(size, name, queue);
      return isKey(status!) ? NIL_ARRAY : [];
    },
  );
}

function show(entries: StreamEntry[], { context }: QueueCall): Answer {
  if (entries.length <= FEW) return entries.map(entryReply);
  const { unsent } = context.longReplies;
  let bytes = entries.reduce((sum, entry) => sum + bytesOf(entry), 0);
  unsent.take(bytes);
  return longArray(entries.length, repliesTo(entries), () => {
    unsent.release(bytes);
    bytes = 0;
  });
}

function* repliesTo(entries: StreamEntry[]) {
  for (const entry of entries) yield entryReply(entry);
}

const shared = {
  group: "stream",
  access: "inspect or consume",
  since: "0.1.0",
  flags: ["readonly"],
} as const;

export const streamLookCommands: QueueCommand[] = [
  {
    ...shared,
    name: "XLEN",
    syntax: "queue",
    summary: "How many events are ready or claimed.",
    flags: ["readonly", "fast"],
    parse: ([, queue]) => ({ kind: "streamLength", queue: queue! }),
    reply(size, operation) {
      const { queue } = operation as StreamLength;
      return streamResultOf(size as ResultOf<StreamLength>, "XLEN", queue).length;
    },
  },
  {
    ...shared,
    name: "XRANGE",
    syntax: "queue start end [COUNT count]",
    summary:
      "The ready and claimed events with ids from start to end, oldest first, as [id, [field, " +
      "value, ...]]; `-` and `+` for the ends, with `(` without that id itself. An error for " +
      "more than 10,000 events (in a transaction 100, unless COUNT says it) or 64 MiB.",
    run: (call) => range(call, "XRANGE", false),
  },
  {
    ...shared,
    name: "XREVRANGE",
    syntax: "queue end start [COUNT count]",
    summary: "As XRANGE, latest first.",
    run: (call) => range(call, "XREVRANGE", true),
  },
];
