// SADD, SREM, SMEMBERS, SISMEMBER, SMISMEMBER and SCARD: small sets beside the queues. Programs
// that use Redis as a queue note the names of queues in them, producers too.
import { TOO_LARGE, WRONG_TYPE } from "../queue/lists.ts";
import type { ResultOf } from "../queue/operations.ts";
import {
  SET_FULL,
  SET_MEMBER_BYTES_MAX,
  SET_MEMBERS_MAX,
  type SetAdd,
  type SetMembers,
  SETS_FULL,
  SETS_MAX,
} from "../queue/sets.ts";
import { Members } from "../resp/reply.ts";
import type { Answer } from "./answer.ts";
import { checkCount, checkLength, checkNew } from "./arguments.ts";
import type { QueueCall, QueueCommand } from "./command.ts";
import { commandError } from "./errors.ts";
import { inTurn, longSet } from "./long-replies.ts";
import { Submission } from "./submission.ts";

/** Members with more bytes take turns with those of other clients. */
const FEW_BYTES = 64 * 1024;
const MEMBER_BYTES = 16;

/** Throws if the result says that the name is that of a queue. */
function resultOf<T>(result: T): Exclude<T, typeof WRONG_TYPE> {
  if (result === WRONG_TYPE) throw commandError("wrongType");
  return result as Exclude<T, typeof WRONG_TYPE>;
}

function addedOf(result: ResultOf<SetAdd>, set: Buffer): number {
  if (result === SET_FULL) throw commandError("setFull", { max: SET_MEMBERS_MAX, set });
  if (result === SETS_FULL) throw commandError("tooManySets", { max: SETS_MAX, set });
  return resultOf(result);
}

function showMembers(call: QueueCall): Submission | Promise<Answer> {
  const queue = call.args[1]!;
  if (call.phase === "alone") return showAlone(queue, call);
  return Submission.one({ kind: "setMembers", queue, bytesMax: null }, (members) =>
    membersIn(members, queue),
  );
}

function membersIn(result: ResultOf<SetMembers>, set: Buffer): Members {
  if (result === TOO_LARGE) throw commandError("membersTooLarge", { set });
  return new Members(resultOf(result));
}

async function showAlone(queue: Buffer, call: QueueCall): Promise<Answer> {
  call.isExclusive = true;
  const { session } = call.client;
  const few = await session.ask({ kind: "setMembers", queue, bytesMax: FEW_BYTES });
  if (few !== TOO_LARGE) return membersIn(few, queue);
  return await inTurn(call, async () => {
    const all = await session.ask({ kind: "setMembers", queue, bytesMax: null });
    return longReplyOf(resultOf(all) as Buffer[], call);
  });
}

function longReplyOf(members: Buffer[], { context }: QueueCall): Answer {
  const { unsent } = context.longReplies;
  let bytes = members.reduce((sum, { length }) => sum + length + MEMBER_BYTES, 0);
  unsent.take(bytes);
  return longSet(members.length, members, () => {
    unsent.release(bytes);
    bytes = 0;
  });
}

/** Throws if there are too many; a command of Redis takes any number. */
function checkMembers(members: Buffer[]): void {
  checkCount("members", members.length, SET_MEMBERS_MAX);
}

const shared = { group: "set", since: "0.1.0" } as const;
const changes = { ...shared, access: "push" } as const;
const looks = { ...shared, access: "inspect or push" } as const;
const readsFast = { ...looks, flags: ["readonly", "fast"] } as const;

export const setCommands: QueueCommand[] = [
  {
    ...changes,
    name: "SADD",
    syntax: "queue member [member ...]",
    summary:
      "Adds members to a set; how many were not in it. A set is no queue, but has a name as one, " +
      "and is there while it has members. It has at most " +
      `${SET_MEMBERS_MAX} of them, of at most ${SET_MEMBER_BYTES_MAX} bytes each; there are at ` +
      `most ${SETS_MAX} sets (in a cluster in each of its shards).`,
    flags: ["write", "denyoom", "fast"],
    run({ args: [, queue, ...members], context }) {
      checkNew("queue name", queue!, context);
      checkMembers(members);
      for (const member of members) checkLength("the member is", member, SET_MEMBER_BYTES_MAX);
      return Submission.one({ kind: "setAdd", queue: queue!, members }, (added) =>
        addedOf(added, queue!),
      );
    },
  },
  {
    ...changes,
    name: "SREM",
    syntax: "queue member [member ...]",
    summary: "Removes members from a set; how many were in it.",
    flags: ["write", "fast"],
    run({ args: [, queue, ...members] }) {
      checkMembers(members);
      return Submission.one({ kind: "setRemove", queue: queue!, members }, resultOf);
    },
  },
  {
    ...looks,
    name: "SMEMBERS",
    syntax: "queue",
    summary: "The members of a set, in any order.",
    flags: ["readonly"],
    run: showMembers,
  },
  {
    ...readsFast,
    name: "SISMEMBER",
    syntax: "queue member",
    summary: "1 if the member is in the set, else 0.",
    run: ({ args: [, queue, member] }) =>
      Submission.one({ kind: "setContains", queue: queue!, members: [member!] }, (found) =>
        Number(resultOf(found)[0]),
      ),
  },
  {
    ...readsFast,
    name: "SMISMEMBER",
    syntax: "queue member [member ...]",
    summary: "For each of these members 1 if it is in the set, else 0.",
    run({ args: [, queue, ...members] }) {
      checkMembers(members);
      return Submission.one({ kind: "setContains", queue: queue!, members }, (found) =>
        resultOf(found).map(Number),
      );
    },
  },
  {
    ...readsFast,
    name: "SCARD",
    syntax: "queue",
    summary: "How many members a set has.",
    run: ({ args: [, queue] }) => Submission.one({ kind: "setCount", queue: queue! }, resultOf),
  },
];
