// XGROUP: creates and ends groups of a stream, and consumers of groups.
import { BOUND_MAX, boundName } from "../queue/bindings.ts";
import { LIST_REACH, TOO_LARGE, WRONG_TYPE } from "../queue/lists.ts";
import type { Status } from "../queue/management.ts";
import type { Operation, ResultOf } from "../queue/operations.ts";
import { isKey, type QueueStatus } from "../queue/queue-status.ts";
import type { StreamId } from "../queue/stream-ids.ts";
import {
  NO_GROUP,
  type StreamCreateConsumer,
  type StreamCreateGroupOutcome,
  type StreamDeleteConsumer,
} from "../queue/streams.ts";
import { OK, quoteForError, type Reply, Simple } from "../resp/reply.ts";
import { checkName, checkNew, checkWorker } from "./arguments.ts";
import type { QueueCall, QueueCommand } from "./command.ts";
import { commandError } from "./errors.ts";
import { integerOf } from "./list-arguments.ts";
import { streamIdIn, streamResultOf } from "./stream-arguments.ts";
import { type GroupName, groupNameIn } from "./stream-group.ts";
import { Submission } from "./submission.ts";
import { wordOf } from "./words.ts";

const GROUP_BYTES_MAX = 1024;
const DOLLAR = 36;

const HELP = [
  "XGROUP <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
  "CREATE <key> <groupname> <id|$> [option]",
  "    Create a new consumer group. Options are:",
  "    * MKSTREAM",
  "      Create the empty stream if it does not exist.",
  "CREATECONSUMER <key> <groupname> <consumer>",
  "    Create a new consumer in the specified group.",
  "DELCONSUMER <key> <groupname> <consumer>",
  "    Remove the specified consumer.",
  "DESTROY <key> <groupname>",
  "    Remove the specified group.",
  "HELP",
  "    Prints this help.",
];

export function helpOf(lines: string[]): Submission {
  return Submission.nothing(() => lines.map((line) => new Simple(line)));
}

function statusOf(queue: Buffer): Status {
  return { kind: "status", queues: [queue] };
}

function isThere([status]: QueueStatus[]): boolean {
  return status!.isStream || isKey(status!);
}

/** Reads `[MKSTREAM]`, and what Redis has besides. */
function isMakingIn(options: Buffer[]): boolean {
  let isMaking = false;
  let entriesRead = false;
  for (let at = 0; at < options.length; at++) {
    const option = wordOf(options[at]!);
    if (option === "MKSTREAM") isMaking = true;
    else if (option === "ENTRIESREAD" && at + 1 < options.length) {
      integerOf(options[++at]!);
      entriesRead = true;
    } else throw commandError("wrongSubcommand", { subcommand: "CREATE", help: "XGROUP HELP" });
  }
  if (!entriesRead) return isMaking;
  const [option, command] = ["ENTRIESREAD", "XGROUP CREATE"];
  throw commandError("notOfGroups", { option, command, reason: "it counts for itself" });
}

function create(call: QueueCall): Submission {
  const name = groupNameIn(call, 2);
  const [, , , , id, ...options] = call.args;
  const isMaking = isMakingIn(options);
  let after: StreamId | "last" = "last";
  if (!(id!.length === 1 && id![0] === DOLLAR)) {
    try {
      after = streamIdIn(id!);
    } catch (error) {
      return refuseId(error, name.queue, isMaking);
    }
  }
  checkName("the name of a group is", name.group, GROUP_BYTES_MAX);
  checkNew("queue name", boundName(name.queue, name.group), call.context);
  const operation = { ...name, kind: "streamCreateGroup", after, isMaking } as const;
  return Submission.one(operation, (outcome) => createdReply(outcome, name));
}

/** As in Redis, a key of another type, or none, is told first. */
function refuseId(error: unknown, queue: Buffer, isMaking: boolean): Submission {
  return Submission.two(statusOf(queue), { kind: "streamLength", queue }, (status, length) => {
    streamResultOf(length, "XGROUP", queue);
    if (!isMaking && !isThere(status)) throw commandError("groupWithoutKey");
    throw error;
  });
}

function createdReply(outcome: StreamCreateGroupOutcome, { queue, group }: GroupName): Reply {
  const bound = boundName(queue, group);
  const things = `queues bound to '${quoteForError(queue)}' and below`;
  switch (outcome) {
    case "ok":
      return OK;
    case "exists":
      throw commandError("groupExists");
    case "absent":
      throw commandError("groupWithoutKey");
    case "apart":
      throw commandError("boundApart", { queue: bound });
    case "tooMany":
      throw commandError("tooMany", { things, count: BOUND_MAX + 1, max: BOUND_MAX });
    case "full":
      throw commandError("queueFull", { queue: bound });
    case WRONG_TYPE:
      throw commandError("wrongType");
    case TOO_LARGE:
      throw commandError("groupTooLarge", { reach: LIST_REACH, queue });
  }
}

function destroy(call: QueueCall): Submission {
  const name = groupNameIn(call, 2);
  const { queue } = name;
  return Submission.one({ ...name, kind: "streamDestroyGroup" }, (result) => {
    const wasThere = streamResultOf(result, "XGROUP", queue);
    if (wasThere === "absent") throw commandError("groupWithoutKey");
    return Number(wasThere);
  });
}

function withConsumer<O extends StreamCreateConsumer | StreamDeleteConsumer>(
  kind: O["kind"],
  call: QueueCall,
): Submission {
  const { queue, group } = groupNameIn(call, 2);
  const consumer = call.args[4]!;
  checkWorker(consumer);
  const operation: Operation = { kind, queue, group, consumer };
  return Submission.two(statusOf(queue), operation, (status, given) => {
    const result = streamResultOf(given as ResultOf<O>, "XGROUP", queue);
    if (result !== NO_GROUP) return Number(result);
    if (!isThere(status)) throw commandError("groupWithoutKey");
    throw commandError("noGroup", { queue, group });
  });
}

const shared = { group: "stream", access: "consume", since: "0.1.0" } as const;

export const streamGroupsCommands: QueueCommand[] = [
  {
    ...shared,
    name: "XGROUP CREATE",
    syntax: "queue group id [MKSTREAM]",
    summary:
      "Creates a group of a stream. The first one is the queue itself, and has what is there; it " +
      "is also called default, which needs no XGROUP. Each further one is a bound queue, " +
      "queue@group: it gets copies of the entries behind that id, with $ of later ones only. " +
      "MKSTREAM: makes the stream too.",
    flags: ["write", "denyoom"],
    run: create,
  },
  {
    ...shared,
    name: "XGROUP SETID",
    syntax: "queue group id [ENTRIESREAD entries-read]",
    summary: "Refused: a group has its entries in a queue, and cannot go back.",
    flags: ["write"],
    run() {
      const reason = "a group has its entries in a queue of its own";
      throw commandError("notOfGroups", { option: "SETID", command: "XGROUP", reason });
    },
  },
  {
    ...shared,
    name: "XGROUP DESTROY",
    syntax: "queue group",
    summary:
      "Ends a group: 1, or 0 if it is not there. The first one gives its claims back, and the " +
      "entries stay. The queue of any other one is unbound and emptied.",
    flags: ["write"],
    run: destroy,
  },
  {
    ...shared,
    name: "XGROUP CREATECONSUMER",
    syntax: "queue group consumer",
    summary: "Notes the name of a consumer: 1, or 0 if it was known. XREADGROUP does it too.",
    flags: ["write", "denyoom"],
    run: (call) => withConsumer<StreamCreateConsumer>("streamCreateConsumer", call),
  },
  {
    ...shared,
    name: "XGROUP DELCONSUMER",
    syntax: "queue group consumer",
    summary: "Forgets a consumer and gives its claims back; how many it had.",
    flags: ["write"],
    run: (call) => withConsumer<StreamDeleteConsumer>("streamDeleteConsumer", call),
  },
  {
    ...shared,
    name: "XGROUP HELP",
    access: "logged-in",
    syntax: "",
    summary: "The subcommands of XGROUP.",
    flags: [],
    run: () => helpOf(HELP),
  },
];
