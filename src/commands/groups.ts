// QGROUPS and QGROUP: the groups of a queue, and what one has of its own.
import type { GroupFacts, GroupPage } from "../queue/groups.ts";
import { slicesOf } from "../queue/slices.ts";
import { settingNamed } from "../queue/settings.ts";
import { OK, Pairs, type Reply } from "../resp/reply.ts";
import { checkNew } from "./arguments.ts";
import type { Caller } from "./caller.ts";
import { type QueueCall, type QueueCommand, queueCommand } from "./command.ts";
import { commandError } from "./errors.ts";
import { ageOf } from "./figures.ts";
import { tooManyGroups } from "./pause.ts";
import { demandRight } from "./permission.ts";
import { checkGroup } from "./push-options.ts";
import { Submission } from "./submission.ts";
import { wordOf } from "./words.ts";

/** Groups in one operation. More of them would delay other clients. */
const PAGE = 500;
const SHOWN_AT_ONCE = 16;

function rowOf(facts: GroupFacts): Pairs {
  const entries: [string, Reply][] = [
    ["group", facts.group],
    ["ready", facts.ready],
    ["delayed", facts.delayed],
    ["claimed", facts.claimed],
    ["oldest-ready-seconds", ageOf(facts)],
    ["paused", facts.isPaused ? 1 : 0],
    ["limit", facts.limit ?? 0],
    ["rate", facts.rate],
  ];
  return Pairs.withoutNil(entries);
}

/** The groups with the most ready events, and how many these have; the largest first. */
class Largest {
  readonly #count: number;
  #groups = new Map<string, number>();

  constructor(count: number) {
    this.#count = count;
  }

  add({ groups }: GroupPage): void {
    for (const { group, ready } of groups) this.#groups.set(group.toString("latin1"), ready);
    this.#groups = new Map(this.#sorted());
  }

  names(): Buffer[] {
    return this.#sorted().map(([name]) => Buffer.from(name, "latin1"));
  }

  #sorted(): [string, number][] {
    return [...this.#groups].toSorted(([, a], [, b]) => b - a).slice(0, this.#count);
  }
}

async function showGroups(queue: Buffer, count: number, client: Caller): Promise<Reply> {
  const largest = new Largest(count);
  let after: Buffer | null = null;
  do {
    const page: GroupPage = await client.session.ask({ kind: "groups", queue, after, limit: PAGE });
    largest.add(page);
    after = page.next;
  } while (after !== null && !client.isClosed);
  const rows: Pairs[] = [];
  for (const some of slicesOf(largest.names(), SHOWN_AT_ONCE)) {
    const all = some.map((group) => client.session.ask({ kind: "group", queue, group }));
    rows.push(...(await Promise.all(all)).map(rowOf));
  }
  return rows;
}

/** The value of a setting, or null for DEFAULT. */
function ownValue(option: "LIMIT" | "RATE", bytes: Buffer): string | null {
  if (wordOf(bytes) === "DEFAULT") return null;
  const { accepts, read } = settingNamed(option === "LIMIT" ? "group-limit" : "group-rate")!;
  const value = read(bytes.toString("latin1"));
  if (value !== null) return value;
  throw commandError("notOneOf", { name: option, accepts: `${accepts}, or DEFAULT`, given: bytes });
}

interface Own {
  LIMIT?: Buffer;
  RATE?: Buffer;
}

function setGroup(
  queue: Buffer,
  group: Buffer,
  { LIMIT, RATE }: Own,
  { client, context }: QueueCall,
): Submission {
  demandRight("manage", "QGROUP", client);
  checkNew("queue name", queue, context);
  const values: ["limit" | "rate", string | null][] = [];
  if (LIMIT) values.push(["limit", ownValue("LIMIT", LIMIT)]);
  if (RATE) values.push(["rate", ownValue("RATE", RATE)]);
  return Submission.one({ kind: "setGroup", queue, group, values }, (isDone) => {
    if (isDone) return OK;
    throw tooManyGroups();
  });
}

const shared = { group: "queue", since: "0.1.0" } as const;

export const groupCommands: QueueCommand[] = [
  queueCommand({
    ...shared,
    name: "QGROUPS",
    access: "inspect",
    flags: ["readonly"],
    isExclusive: true,
    syntax: "queue [COUNT count]",
    summary:
      "Maps of the groups of a queue, those with the most ready events first, up to COUNT (10): " +
      "group, ready, delayed, claimed, oldest-ready-seconds, paused (1 or 0), limit (0 for " +
      "none), rate. It works in steps.",
    run: ([, queue], { COUNT = 10 }, { client }) => showGroups(queue, COUNT, client),
  }),
  queueCommand({
    ...shared,
    name: "QGROUP",
    access: "inspect or manage",
    flags: ["write"],
    syntax: "queue group [LIMIT most] [RATE rate]",
    summary:
      "The map of one group, as QGROUPS has it. With LIMIT or RATE gives it a group-limit or " +
      "group-rate of its own, until DEFAULT is given in its place; that needs the right manage.",
    run([, queue, group], own, call) {
      checkGroup(group);
      if (own.LIMIT || own.RATE) return setGroup(queue, group, own, call);
      return Submission.one({ kind: "group", queue, group }, rowOf);
    },
  }),
];
