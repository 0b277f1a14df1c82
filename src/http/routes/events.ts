// Routes that push, pop and show events.
import * as field from "../fields.ts";
import { Problem } from "../problem.ts";
import { call, type Route } from "../route.ts";
import * as shape from "../shapes.ts";

const events = "/v1/queues/{queue}/events";

/** An event as QPOP answers it. */
export const popped = shape.tuple({
  queue: shape.bytes,
  id: shape.bytes,
  contents: shape.bytes,
  token: shape.optional(shape.text),
  attempt: shape.integer,
  headers: shape.headers,
});

/** An event as QGET and QLIST show it. */
const shown = shape.map({
  id: shape.bytes,
  state: shape.text,
  contents: shape.optional(shape.bytes),
  attempts: shape.integer,
  failures: shape.integer,
  crashes: shape.integer,
  maxAttempts: shape.optional(shape.integer),
  priority: shape.optional(shape.integer),
  group: shape.optional(shape.bytes),
  pushedAt: shape.seconds,
  dueAt: shape.optional(shape.seconds),
  leaseEndsAt: shape.optional(shape.seconds),
  worker: shape.optional(shape.bytes),
  expiresAt: shape.optional(shape.seconds),
  unique: shape.optional(shape.bytes),
  headers: shape.optional(shape.headers),
  lastError: shape.optional(shape.bytes),
  errors: shape.optional(
    shape.list(shape.tuple({ at: shape.seconds, attempt: shape.integer, error: shape.bytes })),
  ),
  log: shape.optional(shape.list(shape.bytes)),
  progress: shape.optional(shape.bytes),
  result: shape.optional(shape.bytes),
  heldBackBy: shape.optional(shape.text),
});

export const eventRoutes: Route[] = [
  {
    method: "POST",
    path: events,
    name: "pushEvent",
    summary: "Pushes an event. Without an id okq makes one.",
    tag: "Events",
    command: "QPUSH",
    status: 201,
    fields: {
      contents: field.bytes(null, true),
      id: field.bytes("ID"),
      right: field.flag("RIGHT"),
      delay: field.option("DELAY", field.number),
      at: field.option("AT", field.number),
      priority: field.option("PRIORITY", field.integer),
      group: field.bytes("GROUP"),
      ttl: field.option("TTL", field.number),
      attempts: field.option("ATTEMPTS", field.integer),
      backoff: field.option("BACKOFF", field.text),
      lease: field.option("LEASE", field.number),
      headers: field.texts("HEADER"),
    },
    answer: shape.under("id", shape.bytes),
    run: call("QPUSH", "queue", "contents"),
  },
  {
    method: "POST",
    path: "/v1/queues/{queue}/pop",
    name: "popEvents",
    summary: "Claims up to `count` events (1); waits up to `wait` seconds while there are none.",
    tag: "Events",
    command: "QPOP",
    fields: {
      count: field.option("COUNT", field.integer),
      wait: field.option("WAIT", field.number),
      lease: field.option("LEASE", field.number),
      noAck: field.flag("NOACK"),
      worker: field.bytes("AS"),
    },
    answer: shape.under("events", shape.list(popped)),
    run: (input, commands) =>
      commands.run("QPOP", ...input.options(), "FROM", ...input.words("queue")),
  },
  {
    method: "GET",
    path: `${events}/{id}`,
    name: "getEvent",
    summary: "All that is known of an event.",
    tag: "Events",
    command: "QGET",
    answer: shown,
    run: call("QGET", "queue", "id"),
    check(reply) {
      if (shape.isNil(reply)) throw new Problem(404, "there is no such event");
    },
  },
];
