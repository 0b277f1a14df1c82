// DEL, EXISTS, TYPE and their kin: a queue with events in any state is a key, of the type "list".
import type { Event } from "../queue/event.ts";
import type { Operation } from "../queue/operations.ts";
import { hasEvents, type QueueStatus, totalOf } from "../queue/queue-status.ts";
import { slicesOf } from "../queue/slices.ts";
import { OK, type Reply, Simple } from "../resp/reply.ts";
import { checkCount } from "./arguments.ts";
import type { Client } from "./caller.ts";
import type { Call, Command } from "./command.ts";
import { commandError } from "./errors.ts";
import { integerOf, valuesOf } from "./key-options.ts";
import { keyPages } from "./key-pages.ts";
import { Submission } from "./submission.ts";
import { wordOf } from "./words.ts";

/** Keys in one step, and in one command of a transaction. More would delay other clients. */
const AT_ONCE = 64;
/** What an event takes besides its contents, and a key besides its events, about. */
const EVENT_BYTES = 100;
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
  ];
}

function wasThere(results: unknown): boolean {
  const [[status]] = results as [[QueueStatus]];
  return hasEvents(status);
}

function remove(call: Call): Submission | Promise<number> {
  return forKeys(call, (keys) => {
    const removals = keys.map(removalOf);
    if (call.phase === "alone") {
      const operations = removals.map(
        (each) => ({ kind: "transaction", operations: each }) as const,
      );
      return { operations, count: (results) => results.filter(wasThere).length };
    }
    const { length } = removals[0]!;
    return {
      operations: removals.flat(),
      count: (results) => slicesOf(results, length).filter(wasThere).length,
    };
  });
}

/** A key that is named twice is counted twice. */
function exists(call: Call): Submission | Promise<number> {
  return forKeys(call, (keys) => ({
    operations: [{ kind: "status", queues: keys }],
    count: ([statuses]) => (statuses as QueueStatus[]).filter(hasEvents).length,
  }));
}

/** Its answer depends on whether the key is there. */
function about(answer: (isThere: boolean) => Reply) {
  return ({ args }: Call): Submission =>
    Submission.one({ kind: "status", queues: [args[1]!] }, ([status]) =>
      answer(hasEvents(status!)),
    );
}

/** An estimate: as if all events were as large as the ready ones at both ends. */
function memoryUsage({ args }: Call): Submission {
  const key = args[2]!;
  const { SAMPLES } = valuesOf(args, 3, ["SAMPLES"]);
  if (SAMPLES && integerOf(SAMPLES) < 0) throw commandError("syntax");
  const operations: Operation[] = [
    { kind: "status", queues: [key] },
    { kind: "peek", queue: key, end: "left" },
    { kind: "peek", queue: key, end: "right" },
  ];
  return Submission.all(operations, (results) => {
    const [[status], ...ends] = results as [[QueueStatus], Event | null, Event | null];
    if (!hasEvents(status)) return null;
    const sizes = ends.flatMap((event) => (event ? event.id.length + event.contents.length : []));
    const mean = sizes.reduce((sum, size) => sum + size, 0) / Math.max(1, sizes.length);
    const events = totalOf(status) + status.failed + status.completed;
    return Math.round(KEY_BYTES + events * (EVENT_BYTES + mean));
  });
}

/** In steps, so that nobody waits. What is pushed meanwhile may stay. Ends when the client leaves. */
async function removeAll({ args, client }: Call): Promise<Reply> {
  const { user, session } = client;
  const isSyntax = args.length === 1 || (args.length === 2 && /^A?SYNC$/.test(wordOf(args[1]!)));
  if (!isSyntax) throw commandError("syntax");
  if (!user!.mayUseAll) {
    throw commandError("noQueueRight", { user: user!.name, queue: ALL_QUEUES });
  }
  for await (const { names } of keyPages(client)) {
    for (const some of slicesOf(names, FLUSHED_AT_ONCE)) {
      if (client.isClosed) return OK;
      await Promise.all(some.map((queue) => session.ask({ kind: "flush", queue })));
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
    access: "push",
    name,
    syntax,
    summary,
    flags: ["write", "fast"],
    run: refuseExpiry,
  };
}

export const keyCommands: Command[] = [
  removing("DEL", "As QFLUSH for each of these keys; how many were there."),
  removing("UNLINK", "The same."),
  {
    ...looking,
    name: "EXISTS",
    syntax: "queue [queue ...]",
    summary: "How many of these are keys: queues with events in any state.",
    run: exists,
  },
  {
    ...looking,
    name: "TYPE",
    syntax: "queue",
    summary: "list, or none.",
    run: about((isThere) => new Simple(isThere ? "list" : "none")),
  },
  {
    ...looking,
    name: "TTL",
    syntax: "queue",
    summary: "-1 for a key: keys do not expire. Else -2.",
    run: about((isThere) => (isThere ? -1 : -2)),
  },
  {
    ...looking,
    name: "PTTL",
    syntax: "queue",
    summary: "The same.",
    run: about((isThere) => (isThere ? -1 : -2)),
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
