// QGROUP and QGROUPS: shows the groups of a queue, and gives one a limit or a rate of its own.
import { type GroupFacts, type GroupPage, OWN_GROUPS_MAX, type SetGroup } from "../queue/groups.ts";
import { secondsText } from "../queue/durations.ts";
import { settingNamed } from "../queue/settings.ts";
import { slicesOf } from "../queue/slices.ts";
import { OK, Pairs, type Reply } from "../resp/reply.ts";
import { checkGroup, checkNew } from "./arguments.ts";
import { type QueueCall, type QueueCommand, queueCommand } from "./command.ts";
import { commandError } from "./errors.ts";
import { demandRight } from "./permission.ts";
import { Submission } from "./submission.ts";
import { wordOf } from "./words.ts";

/** Groups in one operation. More of them would delay other clients. */
const PAGE = 256;
const FACTS_AT_ONCE = 16;
const SHOWN_DEFAULT = 10;

/** For a change that would give one group more something of its own. */
export function tooManyGroups(): Error {
  const max = OWN_GROUPS_MAX;
  const things = "groups with a limit, a rate or a pause of their own";
  return commandError("tooMany", { things, count: max + 1, max });
}

function mapOf(facts: GroupFacts): Pairs {
  const { group, ready, delayed, claimed, oldestReadyAtMs, isPaused, limit, rate, nowMs } = facts;
  const ageMs = oldestReadyAtMs === null ? null : Math.max(0, nowMs - oldestReadyAtMs);
  const entries: [string, Reply][] = [
    ["group", group],
    ["ready", ready],
    ["delayed", delayed],
    ["claimed", claimed],
    ["oldest-ready-seconds", ageMs === null ? null : secondsText(ageMs)],
    ["paused", isPaused ? "out" : "no"],
    ["limit", limit ?? 0],
    ["rate", rate],
  ];
  return Pairs.withoutNil(entries);
}

/** null for DEFAULT. Throws if it is no value of that setting. */
function valueOf(option: "LIMIT" | "RATE", given: Buffer): string | null {
  if (wordOf(given) === "DEFAULT") return null;
  const { read, accepts } = settingNamed(`group-${option.toLowerCase()}`)!;
  const value = read(given.toString("latin1"));
  if (value !== null) return value;
  throw commandError("notOneOf", { name: option, accepts: `${accepts}, or DEFAULT`, given });
}

function valuesOf({ LIMIT, RATE }: { LIMIT?: Buffer; RATE?: Buffer }): SetGroup["values"] {
  const values: SetGroup["values"] = [];
  if (LIMIT) values.push(["limit", valueOf("LIMIT", LIMIT)]);
  if (RATE) values.push(["rate", valueOf("RATE", RATE)]);
  return values;
}

/** So many names with the most ready events: the others of a hundred thousand need not be kept. */
class Longest {
  readonly #count: number;
  #ready = new Map<string, number>();

  constructor(count: number) {
    this.#count = count;
  }

  /** The same name may come twice. */
  add({ group, ready }: GroupPage["groups"][number]): void {
    this.#ready.set(group.toString("latin1"), ready);
    if (this.#ready.size >= 4 * this.#count) this.#ready = new Map(this.#first());
  }

  names(): Buffer[] {
    return this.#first().map(([name]) => Buffer.from(name, "latin1"));
  }

  #first(): [name: string, ready: number][] {
    return [...this.#ready].toSorted(([, a], [, b]) => b - a).slice(0, this.#count);
  }
}

async function showGroups(queue: Buffer, count: number, { client }: QueueCall): Promise<Reply> {
  const longest = new Longest(count);
  let after: Buffer | null = null;
  do {
    const scan = { kind: "groups", queue, after, limit: PAGE } as const;
    const page: GroupPage = await client.session.ask(scan);
    for (const group of page.groups) longest.add(group);
    after = page.next;
  } while (after !== null && !client.isClosed);
  const maps: GroupFacts[] = [];
  for (const some of slicesOf(longest.names(), FACTS_AT_ONCE)) {
    const asked = some.map((group) => client.session.ask({ kind: "group", queue, group }));
    maps.push(...(await Promise.all(asked)));
  }
  // They may have changed meanwhile.
  return maps.toSorted((a, b) => b.ready - a.ready).map(mapOf);
}

const shared = { group: "queue", since: "0.1.0" } as const;

export const groupCommands: QueueCommand[] = [
  queueCommand({
    ...shared,
    name: "QGROUP",
    syntax: "queue group [LIMIT number] [RATE rate]",
    summary:
      "A map of a group: group, ready, delayed, claimed, oldest-ready-seconds, paused (no or " +
      "out), limit (0: none), rate. With LIMIT or RATE gives it its own in the place of the " +
      "queue's group-limit or group-rate, until DEFAULT takes it back.",
    access: "inspect or manage",
    flags: ["write"],
    run([, queue, group], given, { client, context }) {
      checkGroup(group);
      const values = valuesOf(given);
      if (values.length === 0) return Submission.one({ kind: "group", queue, group }, mapOf);
      demandRight("manage", "QGROUP", client);
      checkNew("queue name", queue, context);
      return Submission.one({ kind: "setGroup", queue, group, values }, (isDone) => {
        if (!isDone) throw tooManyGroups();
        return OK;
      });
    },
  }),
  queueCommand({
    ...shared,
    name: "QGROUPS",
    syntax: "queue [COUNT count]",
    summary: "Maps of the groups with the most ready events (10), as QGROUP answers.",
    access: "inspect",
    flags: ["readonly"],
    isExclusive: true,
    run: ([, queue], { COUNT = SHOWN_DEFAULT }, call) => showGroups(queue, COUNT, call),
  }),
];
