// Routes about queues: their figures, settings and pauses.
import { COUNTED } from "../../queue/queue-status.ts";
import { settings } from "../../queue/settings.ts";
import type { Reply } from "../../resp/reply.ts";
import * as field from "../fields.ts";
import { type Given, isNone } from "../fields.ts";
import { Problem } from "../problem.ts";
import type { RequestCommands, Word } from "../request-command.ts";
import { call, type Route } from "../route.ts";
import * as shape from "../shapes.ts";
import { pages } from "./selection.ts";

const tag = "Queues";
const queue = "/v1/queues/{queue}";

const paused = shape.oneOf("no", "in", "out", "all");

const row = shape.map({
  queue: shape.bytes,
  ready: shape.integer,
  delayed: shape.integer,
  claimed: shape.integer,
  failed: shape.integer,
  completed: shape.integer,
  consumers: shape.integer,
  paused,
  oldestReadySeconds: shape.optional(shape.seconds),
});

function counted(suffix: string, kind: shape.Shape): Record<string, shape.Shape> {
  return Object.fromEntries(COUNTED.map((name) => [`${name}${suffix}`, kind]));
}

const quantile = shape.optional(shape.seconds);

const stats = shape.map({
  ready: shape.integer,
  delayed: shape.integer,
  retrying: shape.integer,
  claimed: shape.integer,
  failed: shape.integer,
  completed: shape.integer,
  ...counted("Total", shape.integer),
  ...counted("PerSecond", shape.number),
  oldestReadySeconds: shape.optional(shape.seconds),
  waitP50: quantile,
  waitP99: quantile,
  runP50: quantile,
  runP99: quantile,
  paused,
  pausedWorkers: shape.optional(shape.bytesList),
  windows: shape.integer,
  bindings: shape.optional(shape.bytesList),
  heldBackBy: shape.optional(shape.text),
});

const settingsShown = shape.under("settings", shape.dictionary);

/** By their names; null takes one back. */
const settingFields: field.Fields = {};
for (const { name } of settings) {
  settingFields[name] = name === "failed-to" ? field.bytes(null) : field.optional(field.setting);
}

/** Sets the settings that were given, or takes them back, and answers all. */
async function configure(
  command: "QCONFIG" | "QDEFAULT",
  place: Word[],
  given: Given,
  commands: RequestCommands,
): Promise<Reply> {
  const reset = Object.keys(given).filter((name) => isNone(given[name]));
  const values: Word[] = [];
  for (const [name, each] of Object.entries(settingFields)) {
    const value = each.words(name, given);
    if (value.length > 0) values.push(name, ...value);
  }
  if (reset.length + values.length === 0) throw new Problem(400, "no setting is given");
  if (reset.length > 0 && values.length > 0) {
    throw new Problem(400, "null takes a setting back: not together with settings that get values");
  }
  await commands.run(command, ...place, ...(reset.length > 0 ? ["RESET", ...reset] : values));
  return await commands.run(command, ...place);
}

const pauseFields = {
  direction: field.optional(field.choice("in", "out", "all")),
  group: field.bytes("GROUP"),
  worker: field.bytes("WORKER"),
};

const config: Route[] = [
  {
    method: "GET",
    path: `${queue}/config`,
    name: "getConfig",
    summary: "All settings of a queue.",
    tag,
    command: "QCONFIG",
    answer: settingsShown,
    run: call("QCONFIG", "queue"),
  },
  {
    method: "PATCH",
    path: `${queue}/config`,
    name: "setConfig",
    summary: "Changes settings of a queue, all or none. With null they are as in the defaults.",
    tag,
    command: "QCONFIG",
    fields: settingFields,
    answer: settingsShown,
    run: (input, commands) => configure("QCONFIG", input.words("queue"), input.given, commands),
  },
  {
    method: "GET",
    path: "/v1/defaults",
    name: "getDefaults",
    summary: "The settings of all queues that have none of their own.",
    tag,
    command: "QDEFAULT",
    answer: settingsShown,
    run: call("QDEFAULT"),
  },
  {
    method: "PATCH",
    path: "/v1/defaults",
    name: "setDefaults",
    summary: "Changes these. The user needs the right to all queues.",
    tag,
    command: "QDEFAULT",
    fields: settingFields,
    answer: settingsShown,
    run: (input, commands) => configure("QDEFAULT", [], input.given, commands),
  },
];

const pauses: Route[] = [
  {
    method: "POST",
    path: `${queue}/pause`,
    name: "pauseQueue",
    summary:
      "Hands out nothing more (out, the default), or refuses pushes (in), or both (all), for so " +
      "many seconds or until it is resumed. With a group or a worker: hands out nothing of that " +
      "group, or to that worker.",
    tag,
    command: "QPAUSE",
    fields: { ...pauseFields, seconds: field.option("FOR", field.number) },
    answer: shape.under("done", shape.done),
    run: call("QPAUSE", "queue", "direction", "seconds"),
  },
  {
    method: "POST",
    path: `${queue}/resume`,
    name: "resumeQueue",
    summary: "Ends the pauses of a queue, or those in a direction, of a group or of a worker.",
    tag,
    command: "QRESUME",
    fields: pauseFields,
    answer: shape.under("done", shape.done),
    run: call("QRESUME", "queue", "direction"),
  },
];

export const queueRoutes: Route[] = [
  {
    method: "GET",
    path: "/v1/queues",
    name: "listQueues",
    summary:
      "A page of the active queues in ascending order of their bytes, up to `count` (100). It " +
      "may be short or empty: only `next` null is the end.",
    tag,
    command: "QUEUES",
    fields: { match: field.bytes("MATCH"), ...pages },
    answer: shape.tuple({ next: shape.nullable(shape.bytes), queues: shape.list(row) }),
    run: call("QUEUES"),
  },
  {
    method: "GET",
    path: queue,
    name: "getQueue",
    summary: "Figures of a queue over all okq processes, about a second late.",
    tag,
    command: "QSTATS",
    answer: stats,
    run: call("QSTATS", "queue"),
  },
  {
    method: "DELETE",
    path: queue,
    name: "flushQueue",
    summary:
      "Removes all events of a queue, in all states, and its windows; settings, pauses and " +
      "counters stay.",
    tag,
    command: "QFLUSH",
    answer: shape.under("done", shape.done),
    run: call("QFLUSH", "queue"),
  },
  {
    method: "GET",
    path: `${queue}/errors`,
    name: "listErrors",
    summary:
      "The most frequent last errors (10) of failed events and of those that wait for another " +
      "attempt, each with an id. Each run of digits stands as *, so that it can be the `error` " +
      "of a selection.",
    tag,
    command: "QERRORS",
    fields: { count: field.option("COUNT", field.integer) },
    answer: shape.under(
      "errors",
      shape.list(shape.tuple({ error: shape.bytes, count: shape.integer, id: shape.bytes })),
    ),
    run: call("QERRORS", "queue"),
  },
  {
    method: "GET",
    path: `${queue}/empty`,
    name: "waitUntilEmpty",
    summary:
      "Waits up to so many seconds until nothing is ready, delayed or claimed in a queue, or " +
      "with `claimed` until nothing is claimed.",
    tag,
    command: "QEMPTY",
    fields: { seconds: field.required(field.number), claimed: field.flag("CLAIMED") },
    answer: shape.under("isEmpty", shape.boolean),
    run: call("QEMPTY", "queue", "seconds"),
  },
  ...config,
  ...pauses,
];
