// XADD, XTRIM and XDEL: entries into a stream, and out of it.
import type { ResultOf } from "../queue/operations.ts";
import {
  NO_MORE_IDS,
  SMALLER_ID,
  STREAM_STEP_MAX,
  type StreamAdd,
  type StreamRemove,
  type StreamTrim,
} from "../queue/streams.ts";
import type { Reply } from "../resp/reply.ts";
import { checkCount, checkNew } from "./arguments.ts";
import type { QueueCall, QueueCommand } from "./command.ts";
import { commandError } from "./errors.ts";
import { demandRemove } from "./permission.ts";
import { idsMeant, streamResultOf } from "./stream-arguments.ts";
import { contentBytesOf, contentsOf } from "./stream-entries.ts";
import {
  addOptionsIn,
  type GivenTrim,
  TRIMMED_BY_ADDING_PART,
  TRIMMED_BY_PART,
  trimIn,
} from "./stream-trim.ts";
import { Submission } from "./submission.ts";

function add(call: QueueCall): Submission {
  const { args, client, context, phase } = call;
  const { id, ifThere, trim, at } = addOptionsIn(args);
  if (trim) demandRemove("XADD", client);
  const fields = args.length - at - 1;
  if (fields < 2 || fields % 2 === 1) throw commandError("wrongArgumentCount", { command: "xadd" });
  if (id?.ms === 0n && id.seq === 0n) throw commandError("zeroId");
  const queue = args[1]!;
  checkNew("queue name", queue, context);
  const bytes = contentBytesOf(args, at + 1);
  const bytesMax = context.settings.maxEventBytes;
  if (bytes > bytesMax) throw commandError("eventTooLarge", { bytes, bytesMax });
  const operation: StreamAdd = {
    kind: "streamAdd",
    queue,
    id,
    contents: contentsOf(args, at + 1, bytes),
    ifThere,
    trim: trim && trimOf(trim, phase === "alone" ? STREAM_STEP_MAX : TRIMMED_BY_ADDING_PART),
  };
  return Submission.one(operation, (result) => addedReply(result, operation, call));
}

function trimOf({ by, most }: GivenTrim, mostAtOnce: number): NonNullable<StreamAdd["trim"]> {
  return { by, most: Math.min(most, mostAtOnce) };
}

function addedReply(
  result: ResultOf<StreamAdd>,
  { queue }: StreamAdd,
  { context: { stats } }: QueueCall,
): Reply {
  const id = streamResultOf(result, "XADD", queue);
  if (id === SMALLER_ID) throw commandError("smallerId");
  if (id === NO_MORE_IDS) throw commandError("noMoreIds");
  if (id !== null) stats.pushes += 1;
  return id;
}

function trimStream(call: QueueCall): Submission | Promise<Reply> {
  const queue = call.args[1]!;
  const given = trimIn(call.args);
  const mostAtOnce = call.phase === "alone" ? STREAM_STEP_MAX : TRIMMED_BY_PART;
  const operation: StreamTrim = { kind: "streamTrim", queue, ...trimOf(given, mostAtOnce) };
  if (call.phase !== "alone" || given.most <= mostAtOnce) {
    return Submission.one(operation, (count) => streamResultOf(count, "XTRIM", queue));
  }
  // Later commands of its client wait, so that others come between the steps.
  call.isExclusive = true;
  return trimInSteps(operation, given.most, call);
}

/** Ends when the client leaves. */
async function trimInSteps(step: StreamTrim, most: number, { client }: QueueCall): Promise<number> {
  let sum = 0;
  for (let count = step.most; count === step.most && sum < most && !client.isClosed;) {
    const next = { ...step, most: Math.min(step.most, most - sum) };
    count = streamResultOf(await client.session.ask(next), "XTRIM", step.queue);
    sum += count;
  }
  return sum;
}

const shared = { group: "stream", since: "0.1.0" } as const;
/** Consumers may acknowledge any event, so they may also remove some. */
const removes = { ...shared, access: "consume or manage" } as const;

export const streamAddCommands: QueueCommand[] = [
  {
    ...shared,
    name: "XADD",
    syntax:
      "queue [NOMKSTREAM] [MAXLEN ~ length|MINID ~ id] [LIMIT count] id field value " +
      "[field value ...]",
    summary:
      "Pushes an event on the left whose contents are these fields; its id. id: `*`, `<ms>-*`, " +
      "or one that is greater than all that the stream has had. Then removes the oldest ready " +
      "events, as XTRIM does and with its rights, but at most 10,000 at a time (in a transaction " +
      "8). NOMKSTREAM: nil if there is no such stream.",
    access: "push",
    flags: ["write", "denyoom", "fast"],
    run: add,
  },
  {
    ...removes,
    name: "XTRIM",
    syntax: "queue MAXLEN|MINID [~] threshold [LIMIT count]",
    summary:
      "Removes the oldest ready events, until there are no more than MAXLEN ready and claimed " +
      "ones, or those with ids below MINID; how many. `MAXLEN ~`: only if at least 100 go. " +
      "With `~` at most LIMIT (10,000) of them, in a transaction at most 100.",
    flags: ["write"],
    run: trimStream,
  },
  {
    ...removes,
    name: "XDEL",
    syntax: "queue id [id ...]",
    summary: `Removes ready and claimed events; how many. At most ${STREAM_STEP_MAX} ids.`,
    flags: ["write", "fast"],
    parse([, queue, ...ids]): StreamRemove {
      checkCount("ids", ids.length, STREAM_STEP_MAX);
      return { kind: "streamRemove", queue: queue!, ids: ids.flatMap(idsMeant) };
    },
    reply: (count, operation) =>
      streamResultOf(count as ResultOf<StreamRemove>, "XDEL", (operation as StreamRemove).queue),
  },
];
