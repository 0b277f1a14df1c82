// Routes that push, show and change single events, and list them.
import * as field from "../fields.ts";
import { pairs } from "../list-fields.ts";
import { Pairs } from "../../resp/reply.ts";
import { call, type Route } from "../route.ts";
import { Problem } from "../problem.ts";
import * as shape from "../shapes.ts";
import { previewBytes, valueIn, withPreviews } from "./previews.ts";
import { place, pushOptions } from "./push-fields.ts";
import { pushRoute } from "./pushes.ts";
import { pages, selection, state } from "./selection.ts";

const tag = "Events";
const events = "/v1/queues/{queue}/events";
const event = `${events}/{id}`;

/** An event as QGET and QLIST show it. */
const shown = shape.map({
  id: shape.bytes,
  state: shape.oneOf("ready", "delayed", "claimed", "failed", "completed"),
  contents: shape.optional(shape.bytes),
  contentsLength: shape.optional(shape.integer),
  attempts: shape.integer,
  failures: shape.integer,
  crashes: shape.integer,
  maxAttempts: shape.optional(shape.integer),
  priority: shape.optional(shape.integer),
  group: shape.optional(shape.bytes),
  pushedAt: shape.seconds,
  dueAt: shape.optional(shape.seconds),
  endedAt: shape.optional(shape.seconds),
  leaseEndsAt: shape.optional(shape.seconds),
  claimedAt: shape.optional(shape.seconds),
  worker: shape.optional(shape.bytes),
  client: shape.optional(shape.text),
  okq: shape.optional(shape.text),
  cancelled: shape.optional(shape.boolean),
  expiresAt: shape.optional(shape.seconds),
  unique: shape.optional(shape.bytes),
  headers: shape.optional(shape.headers),
  lastError: shape.optional(shape.bytes),
  errors: shape.optional(
    shape.list(shape.tuple({ at: shape.seconds, attempt: shape.integer, error: shape.bytes })),
  ),
  log: shape.optional(shape.bytesList),
  progress: shape.optional(shape.bytes),
  result: shape.optional(shape.bytes),
  heldBackBy: shape.optional(shape.text),
});

const NOTHING = Buffer.alloc(0);

function withoutContents({ entries }: Pairs): Pairs {
  return new Pairs(
    entries.map(([key, value]) =>
      key === "contents" ? ["contents-length", (value as Buffer).length] : [key, value],
    ),
  );
}

const single: Route[] = [
  {
    method: "GET",
    path: event,
    name: "getEvent",
    summary:
      "All that is known of an event: its contents, or with `withoutContents` how many bytes " +
      "these have.",
    tag,
    command: "QGET",
    fields: { raw: field.mark, withoutContents: field.flag("WITHOUT") },
    answer: shown,
    async run(input, commands) {
      const reply = await commands.run("QGET", ...input.words("queue", "id"));
      const isShort = input.words("withoutContents").length > 0 && !shape.isNil(reply);
      return isShort ? withoutContents(reply as Pairs) : reply;
    },
    missing: "event",
    octets: {
      facts: ["id", "state"],
      mayBeNothing: false,
      of(reply) {
        const value = (name: string) => valueIn(reply, name);
        return {
          contents: (value("contents") ?? NOTHING) as Buffer,
          facts: { id: value("id") as Buffer, state: value("state") as string },
          json: shape.headers.under("headers", value("headers")),
        };
      },
    },
  },
  {
    method: "PATCH",
    path: event,
    name: "setEvent",
    summary:
      "Changes a ready, delayed or failed event. The outcome is null if it is not there as such. " +
      "`delay` 0 makes a delayed one ready. `ttl` counts from now. Headers that are not named " +
      "stay.",
    tag,
    command: "QSET",
    fields: {
      contents: field.contents("CONTENTS", false),
      delay: place.delay,
      at: place.at,
      ttl: pushOptions.ttl,
      priority: pushOptions.priority,
      headers: pairs("HEADER"),
    },
    answer: shape.under("outcome", shape.word({ 0: null, 1: "changed" })),
    run: call("QSET", "queue", "id"),
  },
  {
    method: "DELETE",
    path: event,
    name: "deleteEvent",
    summary: "Removes an event, unless it is claimed.",
    tag,
    command: "QDEL",
    answer: shape.under("removed", shape.count),
    run: call("QDEL", "queue", "id"),
  },
  {
    method: "POST",
    path: `${event}/cancel`,
    name: "cancelEvent",
    summary:
      "Removes a ready or delayed event, or asks the consumer of a claimed one to stop. The " +
      "outcome is null if there is none.",
    tag,
    command: "QCANCEL",
    answer: shape.under("outcome", shape.word(["removed", "asked"])),
    run: call("QCANCEL", "queue", "id"),
  },
  {
    method: "POST",
    path: `${event}/retry`,
    name: "retryEvent",
    summary: "Makes a failed event ready, or one that waits for another attempt.",
    tag,
    command: "QRETRY",
    answer: shape.under("retried", shape.count),
    run: (input, commands) =>
      commands.run("QRETRY", ...input.words("queue"), "IDS", ...input.words("id")),
  },
  {
    method: "GET",
    path: `${event}/wait`,
    name: "waitForEvent",
    summary:
      "Waits up to so many seconds until an event has ended. The outcome is null at the end of " +
      "the time. A result is only kept with the setting keep-completed.",
    tag,
    command: "QWAIT",
    fields: { seconds: field.required(field.number) },
    answer: shape.ending,
    run: call("QWAIT", "queue", "id", "seconds"),
  },
];

export const eventRoutes: Route[] = [
  pushRoute,
  {
    method: "GET",
    path: events,
    name: "listEvents",
    summary:
      "A page of the events that fit, up to `count` (100), with their contents only with " +
      "`withContents`, or the first `contentsBytes` (up to 4096) of them and the " +
      "`contentsLength`, of as many events as have contents of 1 MiB. It may be short or empty: " +
      "only `next` null is the end.",
    tag,
    command: "QLIST",
    fields: {
      state: state("ready", "delayed", "claimed", "failed", "completed"),
      ...selection,
      after: pages.after,
      reverse: field.flag("REVERSE"),
      withContents: field.flag("CONTENTS"),
      contentsBytes: field.optional(previewBytes),
    },
    answer: shape.tuple({ next: shape.nullable(shape.bytes), events: shape.list(shown) }),
    async run(input, commands) {
      const queue = input.words("queue");
      const [bytes] = input.words("contentsBytes");
      if (bytes !== undefined && input.words("withContents").length > 0) {
        throw new Problem(400, "give withContents or contentsBytes, not both");
      }
      const reply = await commands.run("QLIST", ...queue, ...input.options("contentsBytes"));
      if (bytes === undefined) return reply;
      return await withPreviews(reply, { queue, bytes: Number(bytes) }, commands);
    },
  },
  ...single,
];
