// XPENDING: the claims of a group, all of them in short, or some one by one.
import type { ResultOf } from "../queue/operations.ts";
import {
  DEFAULT_GROUP,
  STREAM_STEP_MAX,
  type StreamFacts,
  type StreamGroup,
  type StreamInfo,
  type StreamPending,
} from "../queue/streams.ts";
import { NIL_ARRAY, type Reply } from "../resp/reply.ts";
import type { QueueCommand } from "./command.ts";
import { commandError } from "./errors.ts";
import { integerOf } from "./list-arguments.ts";
import { endIn, startIn, streamResultOf } from "./stream-arguments.ts";
import { type GroupName, groupNameIn, groupResultOf, lookFor } from "./stream-group.ts";
import { Submission } from "./submission.ts";
import { wordOf } from "./words.ts";

/**
 * The group of that name; null if nothing is known of it. "default" is the first one, which may
 * have another name too.
 */
export function groupIn(facts: StreamFacts | null, name: Buffer): StreamGroup | null {
  const groups = facts?.groups ?? [];
  const found = groups.find((group) => group.name.equals(name));
  return found ?? (name.equals(DEFAULT_GROUP) ? (groups[0] ?? null) : null);
}

/** [how many, the first and the last id, [[consumer, how many], ...]] */
function summaryOf(group: StreamGroup | null): Reply {
  if (!group || group.pending === 0) return [0, null, null, NIL_ARRAY];
  const { pending, firstPending, lastPending, consumers } = group;
  const rows = consumers.filter((each) => each.pending > 0);
  return [pending, firstPending, lastPending, rows.map((each) => [each.name, `${each.pending}`])];
}

function summary(name: GroupName): Submission {
  const info: StreamInfo = { kind: "streamInfo", queue: name.queue };
  return Submission.two(lookFor(name), info, (look, result) => {
    groupResultOf(look, "XPENDING", name);
    return summaryOf(groupIn(streamResultOf(result, "XPENDING", name.queue), name.group));
  });
}

/** Reads `[IDLE min-idle-time] start end count [consumer]`, in the order of Redis. */
function pendingIn(name: GroupName, words: Buffer[]): StreamPending {
  const hasIdle = wordOf(words[0]!) === "IDLE";
  const idle = hasIdle ? integerOf(words[1]!) : 0;
  const rest = words.slice(hasIdle ? 2 : 0);
  const [start, end, given, consumer = null] = rest as [Buffer, Buffer, Buffer?, Buffer?];
  if (!given) throw commandError("syntax");
  const count = Math.min(Math.max(0, integerOf(given)), STREAM_STEP_MAX);
  const [from, to] = [startIn(start), endIn(end)];
  const minIdleMs = Math.max(0, idle);
  return { ...name, kind: "streamPending", from, to, count, consumer, minIdleMs };
}

function claims(name: GroupName, words: Buffer[]): Submission {
  const operation = pendingIn(name, words);
  const { count } = operation;
  // Without a count only the group is looked for.
  const asked = count === 0 ? lookFor(name) : operation;
  return Submission.one(asked, (result: ResultOf<StreamPending>) => {
    const found = groupResultOf(result, "XPENDING", name).slice(0, count);
    return found.map(({ id, consumer, idleMs, attempt }) => [id, consumer, idleMs, attempt]);
  });
}

export const streamPendingCommands: QueueCommand[] = [
  {
    name: "XPENDING",
    syntax: "queue group [IDLE min-idle-time] [start] [end] [count] [consumer]",
    summary:
      "The claims of the group: [how many, first id, last id, [[consumer, how many], ...]]; or " +
      "up to count of them (at most 10,000), each as [id, consumer, ms since the claim began, " +
      "attempt].",
    group: "stream",
    access: "inspect or consume",
    since: "0.1.0",
    flags: ["readonly"],
    run(call) {
      const name = groupNameIn(call, 1);
      const words = call.args.slice(3);
      if (words.length === 0) return summary(name);
      if (words.length < 3 || words.length > 6) throw commandError("syntax");
      return claims(name, words);
    },
  },
];
