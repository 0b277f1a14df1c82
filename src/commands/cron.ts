// QCRON: events that okq pushes at the times of a spec.
import { CRON_SPECS, CronSchedule } from "../queue/cron.ts";
import {
  type CronDefinition,
  decodeDefinition,
  encodeDefinition,
  versionOf,
} from "../queue/cron-definition.ts";
import { type CronEntry, CRONS_MAX, type QueueNames } from "../queue/cron-operations.ts";
import { cronId } from "../queue/cron-runner.ts";
import { secondsText } from "../queue/durations.ts";
import { Duplicate } from "../queue/event.ts";
import type { Results } from "../queue/operations.ts";
import { OK, Pairs, type Reply } from "../resp/reply.ts";
import type { Answer } from "./answer.ts";
import { checkLength, checkName, checkNew } from "./arguments.ts";
import type { Caller } from "./caller.ts";
import { type QueueCall, type QueueCommand, queueCommand } from "./command.ts";
import { commandError, errorReply } from "./errors.ts";
import { collect, longArray } from "./long-replies.ts";
import { demandPush } from "./permission.ts";
import { checkPart, ORDER, PART, PUSH_OPTIONS, pushOptions, UNIQUE } from "./push-options.ts";
import { Submission } from "./submission.ts";

const NAME_BYTES_MAX = 1024;
/** All entries are in memory. */
const CONTENTS_BYTES_MAX = 64 * 1024;
const WHEN = "[TZ zone] [CATCHUP NONE|ONE]";
const PLACE = "[RIGHT|DELAY seconds]";
const ZONES = "the name of a time zone, such as UTC or Europe/Berlin";
/** As in the reply of LIST. */
const PAGE = 100;

/** Throws a CommandError if there is no such schedule. */
function scheduleOf(spec: Buffer, zone: Buffer): CronSchedule {
  const schedule = CronSchedule.of(spec.toString("latin1"), zone.toString("latin1"));
  if (schedule === "spec")
    throw commandError("notOneOf", { name: "spec", accepts: CRON_SPECS, given: spec });
  if (schedule === "zone")
    throw commandError("notOneOf", { name: "TZ", accepts: ZONES, given: zone });
  if (schedule === "never") throw commandError("cronNever", { spec });
  return schedule;
}

function* rowsOf(entries: CronEntry[]): Generator<Reply> {
  for (const entry of entries) yield rowOf(entry);
}

function rowOf({ queue, name, definition, setAtMs, lastAtMs, nextAtMs }: CronEntry): Pairs {
  const { spec, zone, catchUp, contents } = decodeDefinition(definition);
  const schedule = CronSchedule.of(spec, zone);
  // Nobody has worked it out yet, within the moment since it was set.
  const first = typeof schedule === "string" ? null : schedule.nextAfter(setAtMs);
  const nextMs = nextAtMs ?? first;
  const entries: [string, Reply][] = [
    ["queue", queue],
    ["name", name],
    ["spec", Buffer.from(spec, "latin1")],
    ["tz", zone],
    ["catchup", catchUp],
    ["contents", contents],
    ["last-at", lastAtMs === null ? null : secondsText(lastAtMs)],
    ["next-at", nextMs === null ? null : secondsText(nextMs)],
  ];
  return Pairs.withoutNil(entries);
}

async function* queuesWithEntries({ session, user }: Caller): AsyncGenerator<Buffer> {
  let after: Buffer | null = null;
  do {
    const page: QueueNames = await session.ask({ kind: "cronQueues", after, limit: PAGE });
    for (const queue of page.queues) if (user!.mayUse(queue)) yield queue;
    after = page.next;
  } while (after);
}

/** queue null: all queues that the client may use. */
async function* entryPages(queue: Buffer | null, client: Caller): AsyncGenerator<CronEntry[]> {
  for await (const each of queue ? [queue] : queuesWithEntries(client)) {
    let after: Buffer | null = null;
    do {
      const page: Results["cronList"] = await client.session.ask({
        kind: "cronList",
        queue: each,
        after,
        limit: PAGE,
      });
      yield page.entries;
      after = page.next;
    } while (after);
  }
}

async function list(queue: Buffer | null, call: QueueCall): Promise<Answer> {
  const { user } = call.client;
  if (queue && !user!.mayUse(queue)) {
    throw commandError("noQueueRight", { user: user!.name, queue });
  }
  const rows: CronEntry[] = [];
  const release = await collect(call, entryPages(queue, call.client), (page) => {
    rows.push(...page);
    return page.reduce((sum, { definition }) => sum + definition.length, 0);
  });
  return longArray(rows.length, rowsOf(rows), release);
}

async function runNow(queue: Buffer, name: Buffer, call: QueueCall): Promise<Reply> {
  const { client, context } = call;
  const found = await client.session.ask({ kind: "cronGet", queue, name });
  if (!found) return null;
  const { end, contents, options } = decodeDefinition(found.entry.definition);
  const id = cronId(name, found.nowMs);
  const push = { kind: "push", queue, end, id, contents, options } as const;
  const result = await client.session.ask(push);
  // It was pushed within this second already.
  if (!(result instanceof Duplicate)) context.stats.pushes += 1;
  return id;
}

const shared = { group: "queue", access: "manage", since: "0.1.0", flags: ["write"] } as const;

export const cronCommands: QueueCommand[] = [
  queueCommand({
    ...shared,
    name: "QCRON SET",
    syntax: `queue name spec contents ${WHEN} ${PLACE} ${ORDER} ${PUSH_OPTIONS} ${UNIQUE} ${PART}`,
    summary:
      "Pushes an event at every match of a spec of five fields, or of six with seconds first: " +
      "minute hour day-of-month month weekday, in the time zone TZ (UTC). Its id is " +
      "name@<seconds since 1970>. CATCHUP ONE: if no okq ran at some of its times, one event " +
      "for the latest of these. The other options are those of QPUSH. The same again changes " +
      "nothing, another one of that name replaces it. Needs push too.",
    run([, , queue, name, spec, contents], { TZ, CATCHUP = "NONE", ...given }, call) {
      const { client, context } = call;
      checkNew("queue name", queue, context);
      demandPush(queue, client);
      checkName("the name of a cron entry is", name, NAME_BYTES_MAX);
      checkNew("id", cronId(name, Date.now()), context);
      checkLength("the contents of a cron entry are", contents, CONTENTS_BYTES_MAX);
      const zone = TZ ?? Buffer.from("UTC");
      scheduleOf(spec, zone);
      const options = pushOptions(given);
      checkPart(queue, options, context, client);
      const definition: CronDefinition = {
        spec: spec.toString("latin1"),
        zone: zone.toString("latin1"),
        catchUp: CATCHUP === "ONE" ? "one" : "none",
        end: given.RIGHT ? "right" : "left",
        contents,
        options,
      };
      const bytes = encodeDefinition(definition);
      const entry = { queue, name, definition: bytes, version: versionOf(bytes) };
      return Submission.one({ kind: "cronSet", ...entry }, (isSet) => {
        const things = "cron entries";
        return isSet ? OK : errorReply("tooMany", { things, count: CRONS_MAX + 1, max: CRONS_MAX });
      });
    },
  }),
  queueCommand({
    ...shared,
    name: "QCRON DEL",
    syntax: "queue name",
    summary: "Removes a cron entry: 1, or 0 if it is not there. Needs push too.",
    run([, , queue, name], _, { client }) {
      demandPush(queue, client);
      return Submission.one({ kind: "cronDelete", queue, name }, Number);
    },
  }),
  queueCommand({
    ...shared,
    name: "QCRON RUN",
    inTransaction: "never",
    syntax: "queue name",
    summary:
      "Pushes the event of a cron entry now, and answers its id, which is name@<seconds since " +
      "1970>; nil if there is no such entry. Needs push too.",
    run([, , queue, name], _, call) {
      demandPush(queue, call.client);
      return runNow(queue, name, call);
    },
  }),
  {
    ...shared,
    access: "inspect",
    flags: ["readonly"],
    isExclusive: true,
    name: "QCRON LIST",
    syntax: "[queue-name]",
    summary:
      "An array of maps of the cron entries of a queue, or of all queues: queue, name, spec, tz, " +
      "catchup, contents, last-at (the latest time of the spec at which it was pushed), next-at.",
    run: (call) => list(call.args[2] ?? null, call),
  },
];
