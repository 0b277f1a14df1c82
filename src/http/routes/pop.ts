// Routes that pop events and show the next one.
import type { Reply } from "../../resp/reply.ts";
import * as field from "../fields.ts";
import { bytesList, list } from "../list-fields.ts";
import type { Octets } from "../octets.ts";
import { Problem } from "../problem.ts";
import type { Word } from "../request-command.ts";
import type { Input, OctetsAnswer, Route } from "../route.ts";
import * as shape from "../shapes.ts";

const tag = "Events";
const queue = "/v1/queues/{queue}";

/** An event as QPOP answers it. */
export const popped = shape.tuple({
  queue: shape.bytes,
  id: shape.bytes,
  contents: shape.bytes,
  token: shape.optional(shape.text),
  attempt: shape.integer,
  headers: shape.headers,
});

export const popFields = {
  count: field.option("COUNT", field.integer),
  wait: field.option("WAIT", field.number),
  lease: field.option("LEASE", field.number),
  noAck: field.flag("NOACK"),
  worker: field.bytes("AS"),
};

/** The worker and the queues of a pop. */
export function popsOf(input: Input, queues: Word[]): string {
  const words = [...input.words("worker"), ...queues];
  return JSON.stringify(words.map((word) => Buffer.from(word as string).toString("latin1")));
}

const answer = shape.under("events", shape.list(popped));

/** The only event, without JSON. */
function onlyOne(reply: Reply, { given }: Input): Octets | null {
  if (given.count !== undefined && Number(given.count) !== 1) {
    throw new Problem(406, "several events are answered in JSON only");
  }
  if (shape.isNil(reply)) return null;
  const [event] = reply as [Reply[]];
  const [name, id, contents, token, attempt, headers] = event as [
    Buffer,
    Buffer,
    Buffer,
    Buffer | null,
    number,
    Reply,
  ];
  const facts = { queue: name, id, token, attempt };
  return { contents, facts, json: shape.headers.under("headers", headers) };
}

const octets: OctetsAnswer = {
  facts: ["queue", "id", "token", "attempt"],
  mayBeNothing: true,
  of: onlyOne,
};

export const popRoutes: Route[] = [
  {
    method: "POST",
    path: `${queue}/pop`,
    name: "popEvents",
    summary:
      "Claims up to `count` events (1), or with `noAck` removes them; waits up to `wait` seconds " +
      "while there are none.",
    tag,
    command: "QPOP",
    fields: popFields,
    answer,
    octets,
    pops: (input) => popsOf(input, input.words("queue")),
    run: (input, commands) =>
      commands.run("QPOP", ...input.options(), "FROM", ...input.words("queue")),
  },
  {
    method: "POST",
    path: "/v1/pop",
    name: "popFromQueues",
    summary:
      "The same from several queues: from the first one that has any and from those behind it, " +
      "or in an order drawn by `weights`, one for each queue.",
    tag,
    command: "QPOP",
    fields: {
      ...popFields,
      weights: list("WEIGHTS", field.integer),
      queues: bytesList(null, true),
    },
    answer,
    octets,
    pops: (input) => popsOf(input, input.words("queues")),
    run: (input, commands) =>
      commands.run("QPOP", ...input.options("queues"), "FROM", ...input.words("queues")),
  },
  {
    method: "GET",
    path: `${queue}/peek`,
    name: "peek",
    summary: "The ready event that is the next to be popped, or with `end=left` the last.",
    tag,
    command: "QRPEEK",
    fields: { end: field.optional(field.choice("right", "left")) },
    answer: shape.under(
      "event",
      shape.nullable(shape.tuple({ id: shape.bytes, contents: shape.bytes })),
    ),
    run(input, commands) {
      const [end] = input.words("end");
      return commands.run(end === "LEFT" ? "QLPEEK" : "QRPEEK", ...input.words("queue"));
    },
  },
];
