// Routes about the server, and about the errors of all queues.
import { infoOf } from "../../commands/server-info.ts";
import { inTurn } from "../../commands/long-replies.ts";
import { Pairs, type Reply } from "../../resp/reply.ts";
import * as field from "../fields.ts";
import { Problem } from "../problem.ts";
import type { RequestCommands } from "../request-command.ts";
import type { CommandRoute } from "../route.ts";
import * as shape from "../shapes.ts";

/** The sections that every INFO has. */
const SECTIONS = [
  "server",
  "clients",
  "memory",
  "persistence",
  "stats",
  "replication",
  "cpu",
  "store",
  "cluster",
];

/** A section of INFO: `uptime_in_seconds` becomes `uptimeInSeconds`, numbers become numbers. */
const section = shape.plain(
  { type: "object", additionalProperties: { type: ["number", "string"] } },
  (reply) => {
    const { entries } = reply as Pairs;
    return Object.fromEntries(
      entries.map(([name, value]) => [camelCase(String(name)), figureOf(value as string)]),
    );
  },
);

const server = shape.map({
  version: shape.text,
  ...Object.fromEntries(SECTIONS.map((name) => [name, section])),
  options: shape.optional(shape.dictionary),
});

function camelCase(name: string): string {
  return name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
}

function figureOf(value: string | number): number | string {
  const isNumber = typeof value === "string" && /^-?\d{1,15}(\.\d+)?$/.test(value);
  return isNumber ? Number(value) : value;
}

const ERRORS_DEFAULT = 100;
const ERRORS_MAX = 1000;
/** Different errors that are counted, and queues that are named for each. */
const COUNTED_MAX = 10_000;
const NAMED_MAX = 100;

interface Found {
  count: number;
  queues: Reply[];
}

/** The errors of all queues of the user by their text; the most frequent ones first. */
async function errorsOfAll(commands: RequestCommands, most: number): Promise<Reply> {
  const found = new Map<string, Found>();
  let after: Reply = null;
  do {
    const words: Buffer[] = after === null ? [] : [Buffer.from("AFTER"), after as Buffer];
    const [next, rows] = (await commands.run("QUEUES", ...words)) as [Reply, Pairs[]];
    for (const { entries } of rows) {
      const row = Object.fromEntries(entries) as Record<string, Reply>;
      const mayHaveErrors = Number(row.failed) + Number(row.delayed) > 0;
      if (mayHaveErrors) await addErrors(found, row.queue as Buffer, commands);
    }
    after = next;
  } while (after !== null && !commands.caller.isClosed);
  const sorted = [...found].toSorted(([, a], [, b]) => b.count - a.count).slice(0, most);
  return sorted.map(([error, { count, queues }]) => [Buffer.from(error, "latin1"), count, queues]);
}

async function addErrors(
  found: Map<string, Found>,
  queue: Buffer,
  commands: RequestCommands,
): Promise<void> {
  const errors = (await commands.run("QERRORS", queue, "COUNT", ERRORS_MAX)) as [
    Buffer,
    number,
    Buffer,
  ][];
  for (const [error, count, id] of errors) {
    const text = error.toString("latin1");
    let all = found.get(text);
    if (!all) {
      if (found.size === COUNTED_MAX) continue;
      all = { count: 0, queues: [] };
      found.set(text, all);
    }
    all.count += count;
    if (all.queues.length < NAMED_MAX) all.queues.push([queue, count, id]);
  }
}

export const serverRoutes: CommandRoute[] = [
  {
    method: "GET",
    path: "/v1/errors",
    name: "listAllErrors",
    summary:
      "The most frequent last errors (100) over all queues of the user, each with up to 100 of " +
      "its queues.",
    tag: "Server",
    command: "QERRORS",
    fields: { count: field.optional(field.integer) },
    answer: shape.under(
      "errors",
      shape.list(
        shape.tuple({
          error: shape.bytes,
          count: shape.integer,
          queues: shape.list(
            shape.tuple({ queue: shape.bytes, count: shape.integer, id: shape.bytes }),
          ),
        }),
      ),
    ),
    async run(input, commands) {
      const count = Number(input.words("count")[0] ?? ERRORS_DEFAULT);
      if (!Number.isInteger(count) || count < 1 || count > ERRORS_MAX) {
        throw new Problem(400, `count must be an integer from 1 to ${ERRORS_MAX}`);
      }
      const { caller: client, context } = commands;
      return await inTurn({ client, context }, () => errorsOfAll(commands, count));
    },
  },
  {
    method: "GET",
    path: "/v1/server",
    name: "getServer",
    summary: "What INFO tells, by section, and to users with the right admin the options.",
    tag: "Server",
    command: "INFO",
    answer: server,
    async run(_, commands) {
      // It demands the right, and is cheap.
      await commands.run("INFO", "persistence");
      const { caller, context } = commands;
      const sections = infoOf(context).map(([name, lines]): [Reply, Reply] => [
        name.toLowerCase(),
        new Pairs(lines),
      ]);
      const options: [Reply, Reply][] = caller.user?.may("admin")
        ? [["options", new Pairs([...context.options])]]
        : [];
      return new Pairs([["version", context.settings.version], ...sections, ...options]);
    },
  },
];
