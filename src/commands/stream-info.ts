// XINFO: facts about a stream, its groups, and the consumers of a group.
import type { ResultOf } from "../queue/operations.ts";
import { FIRST_ID, LAST_ID, textOfStreamId } from "../queue/stream-ids.ts";
import {
  type PendingClaim,
  STREAM_STEP_MAX,
  type StreamConsumer,
  type StreamEntry,
  type StreamFacts,
  type StreamGroup,
  type StreamInfo,
} from "../queue/streams.ts";
import { Pairs, type Reply } from "../resp/reply.ts";
import type { QueueCall, QueueCommand } from "./command.ts";
import { type CommandError, commandError } from "./errors.ts";
import { integerOf } from "./list-arguments.ts";
import { streamResultOf } from "./stream-arguments.ts";
import { entryReply } from "./stream-entries.ts";
import { type GroupName, groupNameIn, groupResultOf, lookFor } from "./stream-group.ts";
import { helpOf } from "./stream-groups.ts";
import { groupIn } from "./stream-pending.ts";
import { Submission } from "./submission.ts";
import { wordOf } from "./words.ts";

/** So many entries has a node of the tree in which Redis keeps a stream. */
const NODE_ENTRIES = 100;
const FULL_DEFAULT = 10;

const HELP = [
  "XINFO <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
  "CONSUMERS <key> <groupname>",
  "    Show consumers of <groupname>.",
  "GROUPS <key>",
  "    Show the stream consumer groups.",
  "STREAM <key> [FULL [COUNT <count>]",
  "    Show information about the stream.",
  "HELP",
  "    Prints this help.",
];

type Rows = [string, Reply][];

function infoOf(queue: Buffer): StreamInfo {
  return { kind: "streamInfo", queue };
}

function factsIn(result: ResultOf<StreamInfo>, queue: Buffer): StreamFacts {
  const facts = streamResultOf(result, "XINFO", queue);
  if (facts === null) throw commandError("noSuchKey");
  return facts;
}

/** What Redis shows of a stream before all else. okq has no such tree. */
function headOf({ length, lastId, removedId, added, first }: StreamFacts): Rows {
  const keys = Math.ceil(length / NODE_ENTRIES);
  return [
    ["length", length],
    ["radix-tree-keys", keys],
    ["radix-tree-nodes", keys < 2 ? keys + 1 : 2 * keys + 2],
    ["last-generated-id", textOfStreamId(lastId)],
    ["max-deleted-entry-id", textOfStreamId(removedId)],
    ["entries-added", added],
    ["recorded-first-entry-id", first ? first.id : textOfStreamId(FIRST_ID)],
  ];
}

function streamReply(facts: StreamFacts): Reply {
  return new Pairs([
    ...headOf(facts),
    ["groups", facts.groups.length],
    ["first-entry", entryOrNil(facts.first)],
    ["last-entry", entryOrNil(facts.last)],
  ]);
}

function entryOrNil(entry: StreamEntry | null): Reply {
  return entry && entryReply(entry);
}

function groupReply({ name, consumers, pending, deliveredId, ready }: StreamGroup): Reply {
  return new Pairs([
    ["name", name],
    ["consumers", consumers.length],
    ["pending", pending],
    ["last-delivered-id", textOfStreamId(deliveredId)],
    ["entries-read", null],
    ["lag", ready],
  ]);
}

function consumerReply({ name, pending, idleMs, inactiveMs }: StreamConsumer): Reply {
  return new Pairs([
    ["name", name],
    ["pending", pending],
    ["idle", idleMs],
    ["inactive", inactiveMs],
  ]);
}

/** Reads `FULL [COUNT count]`; 0: all. */
function fullCountIn([full, option, given, ...more]: Buffer[]): number {
  const isCount = option === undefined || (wordOf(option) === "COUNT" && given !== undefined);
  if (wordOf(full!) !== "FULL" || !isCount || more.length > 0) {
    throw commandError("wrongSubcommand", { subcommand: "STREAM", help: "XINFO HELP" });
  }
  const count = given ? integerOf(given) : FULL_DEFAULT;
  return count < 0 ? FULL_DEFAULT : count;
}

/** As in Redis, a key that is not there is told before wrong arguments. */
function showStream(call: QueueCall): Submission | Promise<Reply> {
  const [, , queue, ...options] = call.args as [Buffer, Buffer, Buffer, ...Buffer[]];
  const only = (answer: (facts: StreamFacts) => Reply) =>
    Submission.one(infoOf(queue), (result) => answer(factsIn(result, queue)));
  if (options.length === 0) return only(streamReply);
  let count: number;
  try {
    count = fullCountIn(options);
  } catch (error) {
    return only(() => {
      throw error as CommandError;
    });
  }
  if (call.phase !== "alone") {
    throw commandError("notInTransaction", { command: "XINFO STREAM FULL" });
  }
  return showAll(queue, Math.min(count || STREAM_STEP_MAX, STREAM_STEP_MAX), call);
}

/** In steps: what changes between them may be seen or not. */
async function showAll(queue: Buffer, count: number, call: QueueCall): Promise<Reply> {
  call.isExclusive = true;
  const { session } = call.client;
  const facts = factsIn(await session.ask(infoOf(queue)), queue);
  const [from, to] = [FIRST_ID, LAST_ID];
  const range = { kind: "streamRange", queue, from, to, count, isReverse: false } as const;
  const entries = streamResultOf(await session.ask(range), "XINFO", queue);
  const groups: Reply[] = [];
  for (const group of facts.groups) {
    const name = { queue, group: group.name };
    const all = { ...lookFor(name), to, count: STREAM_STEP_MAX };
    groups.push(fullGroupReply(group, groupResultOf(await session.ask(all), "XINFO", name), count));
  }
  return new Pairs([...headOf(facts), ["entries", entries.map(entryReply)], ["groups", groups]]);
}

function fullGroupReply(group: StreamGroup, claims: PendingClaim[], count: number): Reply {
  const { name, deliveredId, ready, pending, consumers } = group;
  const nowMs = Date.now();
  const rows = claims.slice(0, count);
  return new Pairs([
    ["name", name],
    ["last-delivered-id", textOfStreamId(deliveredId)],
    ["entries-read", null],
    ["lag", ready],
    ["pel-count", pending],
    ["pending", rows.map((each) => [each.id, each.consumer, nowMs - each.idleMs, each.attempt])],
    ["consumers", consumers.map((each) => fullConsumerReply(each, claims, count, nowMs))],
  ]);
}

function fullConsumerReply(
  { name, pending, idleMs, inactiveMs }: StreamConsumer,
  claims: PendingClaim[],
  count: number,
  nowMs: number,
): Reply {
  const own = claims.filter(({ consumer }) => consumer.equals(name)).slice(0, count);
  return new Pairs([
    ["name", name],
    ["seen-time", nowMs - idleMs],
    ["active-time", inactiveMs < 0 ? -1 : nowMs - inactiveMs],
    ["pel-count", pending],
    ["pending", own.map((each) => [each.id, nowMs - each.idleMs, each.attempt])],
  ]);
}

function showConsumers(name: GroupName): Submission {
  const { queue, group } = name;
  return Submission.two(infoOf(queue), lookFor(name), (result, look) => {
    const facts = factsIn(result, queue);
    if (look === "no group") throw commandError("noGroup", { queue, group });
    return groupIn(facts, group)?.consumers.map(consumerReply) ?? [];
  });
}

const shared = {
  group: "stream",
  access: "inspect or consume",
  since: "0.1.0",
  flags: ["readonly"],
} as const;

export const streamInfoCommands: QueueCommand[] = [
  {
    ...shared,
    name: "XINFO STREAM",
    syntax: "queue [FULL] [COUNT count]",
    summary:
      "A map of facts about a stream, as Redis has them. FULL: with up to COUNT entries (10; 0 " +
      "for up to 10,000), and as many claims of each group and consumer.",
    run: showStream,
  },
  {
    ...shared,
    name: "XINFO GROUPS",
    syntax: "queue",
    summary:
      "Maps of the groups of a stream: name, consumers, pending, last-delivered-id, " +
      "entries-read (nil), lag (ready entries).",
    run: ({ args: [, , queue] }) =>
      Submission.one(infoOf(queue!), (result) => factsIn(result, queue!).groups.map(groupReply)),
  },
  {
    ...shared,
    name: "XINFO CONSUMERS",
    syntax: "queue group",
    summary:
      "Maps of the consumers of a group: name, pending, idle and inactive (ms since it read or " +
      "claimed, and since it got something; -1 for never).",
    run: (call) => showConsumers(groupNameIn(call, 2)),
  },
  {
    ...shared,
    name: "XINFO HELP",
    access: "logged-in",
    syntax: "",
    summary: "The subcommands of XINFO.",
    flags: [],
    run: () => helpOf(HELP),
  },
];
