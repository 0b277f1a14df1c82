// DEL, EXISTS, TYPE and their kin. A key is a queue with events in any state, a stream, or a
// set.
import type { Event } from "../queue/event.ts";
import type { Operation } from "../queue/operations.ts";
import { isKey, type QueueStatus, totalOf } from "../queue/queue-status.ts";
import type { Flush } from "../queue/management.ts";
import type { SetCount, SetDrop, SetResults } from "../queue/sets.ts";
import { slicesOf } from "../queue/slices.ts";
import { OK, type Reply, Simple } from "../resp/reply.ts";
import { checkCount } from "./arguments.ts";
import type { Client } from "./caller.ts";
import type { Call, Command } from "./command.ts";
import { commandError } from "./errors.ts";
import { valuesOf } from "./key-options.ts";
import { keyPages } from "./key-pages.ts";
import type { KeyType } from "./key-place.ts";
import { integerOf } from "./list-arguments.ts";
import { Submission } from "./submission.ts";
import { wordOf } from "./words.ts";

/** Keys in one step, and in one command of a transaction. More would delay other clients. */
const AT_ONCE = 64;
/** About what an event takes besides its contents, a member of a set, and a key besides these. */
const EVENT_BYTES = 100;
const MEMBER_BYTES = 100;
const KEY_BYTES = 200;
const FLUSHED_AT_ONCE = 16;
const ALL_QUEUES = Buffer.from("*");

/** What a command asks of the store for some keys, and how many of them it counts. */
interface Asked {
  operations: Operation[];
  count(results: unknown[]): number;
}

/** For many keys in steps: then later commands of the client wait. */
function forKeys(call: Call, askFor: (keys: Buffer[]) => Asked): Submission | Promise<number> {
  const keys = call.args.slice(1);
  if (call.phase !== "alone") checkCount("keys in a transaction", keys.length, AT_ONCE);
  if (keys.length <= AT_ONCE) {
    const { operations, count } = askFor(keys);
    return Submission.all(operations, count);
  }
  call.isExclusive = true;
  return inSteps(keys, call.client, askFor);
}

/** Ends when the client leaves. */
async function inSteps(
  keys: Buffer[],
  client: Client,
  askFor: (keys: Buffer[]) => Asked,
): Promise<number> {
  let sum = 0;
  for (const some of slicesOf(keys, AT_ONCE)) {
    if (client.isClosed) break;
    const { operations, count } = askFor(some);
    sum += count(await Promise.all(operations.map((each) => client.session.ask(each))));
  }
  return sum;
}

/** Nothing comes between them: an event that is removed is counted. */
function removalOf(queue: Buffer): Operation[] {
  return [
    { kind: "status", queues: [queue] },
    { kind: "flush", queue },
    { kind: "setDrop", queue },
  ];
}

function wasThere(results: unknown): boolean {
  const [[status], , isSet] = results as [[QueueStatus], null, boolean];
  return isKey(status) || isSet;
}

function remove(call: Call): Submission | Promise<number> {
  return forKeys(call, (keys) => {
    const removals = keys.map(removalOf);
    const countIn = (results: unknown[]) => results.filter(wasThere).length;
    if (call.phase === "alone") {
      const operations = removals.map(
        (each) => ({ kind: "transaction", operations: each }) as const,
      );
      return { operations, count: countIn };
    }
    const { length } = removals[0]!;
    return {
      operations: removals.flat(),
      count: (results) => countIn(slicesOf(results, length)),
    };
  });
}

/** A key that is named twice is counted twice. */
function exists(call: Call): Submission | Promise<number> {
  return forKeys(call, (keys) => ({
    operations: [{ kind: "status", queues: keys }, ...keys.map(countOfSet)],
    count: ([statuses, ...counts]) =>
      (statuses as QueueStatus[]).filter((status, at) => typeOf(status, counts[at]) !== "none")
        .length,
  }));
}

/** Its answer depends on the type of the key. */
function about(answer: (type: KeyType | "none") => Reply) {
  return ({ args }: Call): Submission =>
    Submission.two(
      { kind: "status", queues: [args[1]!] },
      countOfSet(args[1]!),
      ([status], members) => answer(typeOf(status!, members)),
    );
}

function countOfSet(queue: Buffer): SetCount {
  return { kind: "setCount", queue };
}

/** The name of a set that has events nevertheless is that of a queue. */
function typeOf(status: QueueStatus, members: unknown): KeyType | "none" {
  if (status.isStream) return "stream";
  if (isKey(status)) return "list";
  return typeof members === "number" && members > 0 ? "set" : "none";
}

type MemoryFacts = [[QueueStatus], Event | null, Event | null, SetResults["setCount"]];

/** An estimate: as if all events were as large as the ready ones at both ends. */
function memoryUsage({ args }: Call): Submission {
  const key = args[2]!;
  const { SAMPLES } = valuesOf(args, 3, ["SAMPLES"]);
  if (SAMPLES && integerOf(SAMPLES) < 0) throw commandError("syntax");
  const operations: Operation[] = [
    { kind: "status", queues: [key] },
    { kind: "peek", queue: key, end: "left" },
    { kind: "peek", queue: key, end: "right" },
    countOfSet(key),
  ];
  return Submission.all(operations, (results) => {
    const [[status], left, right, members] = results as MemoryFacts;
    const type = typeOf(status, members);
    if (type === "none") return null;
    if (type === "set") return KEY_BYTES + Number(members) * MEMBER_BYTES;
    const ends = [left, right];
    const sizes = ends.flatMap((event) => (event ? event.id.length + event.contents.length : []));
    const mean = sizes.reduce((sum, size) => sum + size, 0) / Math.max(1, sizes.length);
    const events = totalOf(status) + status.failed + status.completed;
    return Math.round(KEY_BYTES + events * (EVENT_BYTES + mean));
  });
}

/**
 * Removes the keys in small steps, so that other clients do not wait. Ends when its client leaves.
 * Keys that appear meanwhile may stay.
 */
async function removeAll({ args, client }: Call): Promise<Reply> {
  const { user, session } = client;
  const isSyntax = args.length === 1 || (args.length === 2 && /^A?SYNC$/.test(wordOf(args[1]!)));
  if (!isSyntax) throw commandError("syntax");
  if (!user!.mayUseAll) {
    throw commandError("noQueueRight", { user: user!.name, queue: ALL_QUEUES });
  }
  for await (const { keys } of keyPages(client)) {
    for (const some of slicesOf(keys, FLUSHED_AT_ONCE)) {
      if (client.isClosed) return OK;
      const drops = some.map(({ name, type }): Flush | SetDrop => ({
        kind: type === "set" ? "setDrop" : "flush",
        queue: name,
      }));
      await Promise.all(drops.map((drop) => session.ask(drop)));
    }
  }
  return OK;
}

function refuseExpiry({ args }: Call): never {
  throw commandError("noExpiry", { command: wordOf(args[0]!) });
}

const shared = { group: "key", access: "inspect", since: "0.1.0" } as const;
const looking = { ...shared, flags: ["readonly", "fast"] } as const;

function removing(name: string, summary: string): Command {
  const syntax = "queue [queue ...]";
  return { ...shared, access: "manage", name, syntax, summary, flags: ["write"], run: remove };
}

function emptying(name: string, summary: string): Command {
  return {
    ...shared,
    access: "admin",
    name,
    syntax: "[ASYNC|SYNC]",
    summary,
    flags: ["write"],
    isExclusive: true,
    run: removeAll,
  };
}

function expiring(name: string, syntax: string): Command {
  const summary = "An error: events expire, see the option TTL of QPUSH and the setting ttl.";
  return {
    ...shared,
    access: "logged-in",
    name,
    syntax,
    summary,
    flags: ["write", "fast"],
    run: refuseExpiry,
  };
}

export const keyCommands: Command[] = [
  removing("DEL", "As QFLUSH for each of these keys, and removes sets; how many were there."),
  removing("UNLINK", "The same."),
  {
    ...looking,
    name: "EXISTS",
    syntax: "queue [queue ...]",
    summary: "How many of these are keys: queues with events in any state, streams, or sets.",
    run: exists,
  },
  {
    ...looking,
    name: "TYPE",
    syntax: "queue",
    summary:
      "stream for a key made by XADD or XGROUP, list for another queue with events, set, or none.",
    run: about((type) => new Simple(type)),
  },
  {
    ...looking,
    name: "TTL",
    syntax: "queue",
    summary: "-1 for a key: keys do not expire. Else -2.",
    run: about((type) => (type === "none" ? -2 : -1)),
  },
  {
    ...looking,
    name: "PTTL",
    syntax: "queue",
    summary: "The same.",
    run: about((type) => (type === "none" ? -2 : -1)),
  },
  {
    ...looking,
    name: "PERSIST",
    syntax: "queue",
    access: "manage",
    summary: "0: keys do not expire.",
    run: about(() => 0),
  },
  expiring("EXPIRE", "queue seconds [option]"),
  expiring("PEXPIRE", "queue milliseconds [option]"),
  expiring("EXPIREAT", "queue unix-time [option]"),
  expiring("PEXPIREAT", "queue unix-time [option]"),
  {
    ...looking,
    name: "MEMORY USAGE",
    syntax: "queue [SAMPLES samples]",
    summary:
      "About how many bytes a key takes, from the number of its events and the sizes of those at " +
      "both ends; nil if it is no key.",
    flags: ["readonly"],
    run: memoryUsage,
  },
  emptying("FLUSHDB", "As DEL of all keys. Settings, pauses, counters and cron entries stay."),
  emptying("FLUSHALL", "The same."),
];
