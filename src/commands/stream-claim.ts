// XCLAIM and XAUTOCLAIM: claims of a group that go to another consumer.
import type { Popped } from "../queue/event.ts";
import type { ResultOf } from "../queue/operations.ts";
import { type StreamId, textOfStreamId } from "../queue/stream-ids.ts";
import { STREAM_TAKE_MAX, type StreamClaim } from "../queue/streams.ts";
import type { Reply } from "../resp/reply.ts";
import type { Answer } from "./answer.ts";
import type { QueueCall, QueueCommand } from "./command.ts";
import { commandError } from "./errors.ts";
import { parseInteger } from "./list-arguments.ts";
import { PoppedEvents } from "./popped-events.ts";
import { idsMeant, startIn } from "./stream-arguments.ts";
import { entryReply } from "./stream-entries.ts";
import {
  checkIds,
  claimantOf,
  type GroupName,
  groupNameIn,
  groupResultOf,
  ofClaims,
  refuse,
} from "./stream-group.ts";
import { Submission } from "./submission.ts";
import { wordOf } from "./words.ts";

const CLAIMED_DEFAULT = 100;
/** Redis counts claims so far. */
const COUNT_MAX = 2 ** 40;
const NO_NEXT = "0-0";
const LETTERS = /^[A-Z]+$/;

/** Options of XCLAIM that say what okq knows better; those of the first kind take a value. */
const UNKNOWN_TO_OKQ: ReadonlyMap<string, boolean> = new Map([
  ["IDLE", true],
  ["TIME", true],
  ["RETRYCOUNT", true],
  ["LASTID", true],
  ["FORCE", false],
]);

/** In ms; 0 if it is negative. */
export function minIdleIn(bytes: Buffer, command: string): number {
  const ms = parseInteger(bytes);
  if (ms === null) throw commandError("minIdle", { command });
  return Math.max(0, ms);
}

interface Asked {
  minIdleMs: number;
  which: StreamClaim["which"];
  justIds: boolean;
}

/** Ids of events may be any bytes; but behind the first one a word of letters is an option. */
function isOption(bytes: Buffer, at: number): boolean {
  const word = wordOf(bytes);
  return at > 0 ? LETTERS.test(word) : word === "JUSTID" || UNKNOWN_TO_OKQ.has(word);
}

/** Reads `min-idle-time id [id ...] [JUSTID]`. */
function claimIn([minIdle, ...words]: Buffer[]): Asked {
  const minIdleMs = minIdleIn(minIdle!, "XCLAIM");
  const first = words.findIndex(isOption);
  const given = first < 0 ? words : words.slice(0, first);
  for (const option of words.slice(given.length)) {
    const word = wordOf(option);
    if (word === "JUSTID") continue;
    if (!UNKNOWN_TO_OKQ.has(word)) throw commandError("unknownClaimOption", { option });
    const reason = "a claim begins now, and has its own attempts";
    throw commandError("notOfGroups", { option: word, command: "XCLAIM", reason });
  }
  const ids = given.flatMap(idsMeant);
  checkIds(ids);
  return { minIdleMs, which: { ids }, justIds: given.length < words.length };
}

/** Reads `min-idle-time start [COUNT count] [JUSTID]`. */
function autoclaimIn([minIdle, start, ...words]: Buffer[]): Asked {
  const minIdleMs = minIdleIn(minIdle!, "XAUTOCLAIM");
  const from = startIn(start!);
  let [count, justIds] = [CLAIMED_DEFAULT, false];
  for (let at = 0; at < words.length; at++) {
    const word = wordOf(words[at]!);
    if (word === "JUSTID") justIds = true;
    else if (word === "COUNT" && at + 1 < words.length) count = countIn(words[++at]!);
    else throw commandError("syntax");
  }
  return { minIdleMs, which: { from, count, isOwn: false }, justIds };
}

function countIn(bytes: Buffer): number {
  const count = parseInteger(bytes);
  if (count === null || count < 1 || count >= COUNT_MAX) throw commandError("claimCount");
  return Math.min(count, STREAM_TAKE_MAX);
}

function claim(
  command: string,
  name: GroupName,
  { minIdleMs, which, justIds }: Asked,
  call: QueueCall,
): Submission {
  const claimant = claimantOf(call.args[3]!, call);
  const isCounted = !justIds;
  const operation = {
    ...name,
    kind: "streamClaim",
    claimant,
    minIdleMs,
    which,
    isCounted,
  } as const;
  return Submission.one(operation, (result: ResultOf<StreamClaim>) => {
    const { claimed, next } = groupResultOf(result, command, name);
    const popped = claimed.map((each) => each.popped);
    const rows = popped.map((each) => (justIds ? each.id : entryReply(each)));
    const reply = command === "XCLAIM" ? rows : [nextReply(next), rows, []];
    return answerWith(popped, reply, isCounted, call);
  });
}

function nextReply(next: StreamId | null): Reply {
  return next ? textOfStreamId(next) : NO_NEXT;
}

function answerWith(popped: Popped[], reply: Reply, isCounted: boolean, call: QueueCall): Answer {
  const { client, context } = call;
  for (const each of popped) client.held?.add(each);
  if (!isCounted || popped.length === 0) return reply;
  context.stats.pops += popped.length;
  return new PoppedEvents(context.store, popped, reply, true);
}

export const streamClaimCommands: QueueCommand[] = [
  {
    ...ofClaims,
    name: "XCLAIM",
    syntax: "queue group consumer min-idle-time id [id ...] [JUSTID]",
    summary:
      "Gives claims of the group that have lasted so many ms to that consumer, with a new lease, " +
      "and answers their entries. It counts as a crash and a new attempt; with JUSTID, which " +
      "answers the ids, nothing is counted. At most 1000 ids.",
    run(call) {
      const name = groupNameIn(call, 1);
      const rest = call.args.slice(4);
      let asked: Asked;
      try {
        asked = claimIn(rest);
      } catch (error) {
        return refuse(error, "XCLAIM", [name]);
      }
      return claim("XCLAIM", name, asked, call);
    },
  },
  {
    ...ofClaims,
    name: "XAUTOCLAIM",
    syntax: "queue group consumer min-idle-time start [COUNT count] [JUSTID]",
    summary:
      "As XCLAIM, for up to COUNT claims (100) from that id on: [id of the next claim or 0-0, " +
      "entries or ids, an empty array].",
    run(call) {
      const name = groupNameIn(call, 1);
      return claim("XAUTOCLAIM", name, autoclaimIn(call.args.slice(4)), call);
    },
  },
];
