// Routes about workers, cron entries, counters, groups and bindings.
import * as field from "../fields.ts";
import { object } from "../list-fields.ts";
import { Problem } from "../problem.ts";
import { call, type Route } from "../route.ts";
import * as shape from "../shapes.ts";
import { place, pushOptions } from "./push-fields.ts";
import { pages } from "./selection.ts";

const queue = "/v1/queues/{queue}";
const cron = `${queue}/crons/{name}`;
const counter = `${queue}/counters/{key}`;
const group = `${queue}/groups/{group}`;
const binding = `${queue}/bindings/{name}`;

const workers: Route[] = [
  {
    method: "GET",
    path: "/v1/workers",
    name: "listWorkers",
    summary:
      "A page of the clients that hold claims, and of those that wait for events, in one queue " +
      "or in all.",
    tag: "Workers",
    command: "QWORKERS",
    fields: { queue: field.bytes(null), ...pages },
    answer: shape.tuple({
      next: shape.nullable(shape.bytes),
      workers: shape.list(
        shape.map({
          worker: shape.optional(shape.bytes),
          client: shape.text,
          okq: shape.text,
          claims: shape.integer,
          oldestClaimSeconds: shape.optional(shape.seconds),
          holding: shape.optional(shape.bytesList),
          waiting: shape.optional(shape.bytesList),
        }),
      ),
    }),
    run: call("QWORKERS", "queue"),
  },
];

const crons: Route[] = [
  {
    method: "GET",
    path: "/v1/crons",
    name: "listCrons",
    summary: "The cron entries of a queue, or of all queues.",
    tag: "Cron",
    command: "QCRON LIST",
    fields: { queue: field.bytes(null) },
    answer: shape.under(
      "crons",
      shape.list(
        shape.map({
          queue: shape.bytes,
          name: shape.bytes,
          spec: shape.text,
          tz: shape.text,
          catchup: shape.oneOf("none", "one"),
          contents: shape.bytes,
          lastAt: shape.optional(shape.seconds),
          nextAt: shape.optional(shape.seconds),
        }),
      ),
    ),
    run: call("QCRON LIST", "queue"),
  },
  {
    method: "PUT",
    path: cron,
    name: "setCron",
    summary:
      "Pushes an event at every match of a spec, as crontab has it, in a time zone (UTC). The " +
      "same again changes nothing, another one of that name replaces it.",
    tag: "Cron",
    command: "QCRON SET",
    fields: {
      spec: field.required(field.text),
      contents: field.contents(null, true),
      tz: field.option("TZ", field.text),
      catchup: field.option("CATCHUP", field.choice("none", "one")),
      right: place.right,
      delay: place.delay,
      ...pushOptions,
    },
    answer: shape.under("done", shape.done),
    run: call("QCRON SET", "queue", "name", "spec", "contents"),
  },
  {
    method: "DELETE",
    path: cron,
    name: "deleteCron",
    summary: "Removes a cron entry.",
    tag: "Cron",
    command: "QCRON DEL",
    answer: shape.under("removed", shape.count),
    run: call("QCRON DEL", "queue", "name"),
  },
  {
    method: "POST",
    path: `${cron}/run`,
    name: "runCron",
    summary: "Pushes the event of a cron entry now.",
    tag: "Cron",
    command: "QCRON RUN",
    answer: shape.under("id", shape.bytes),
    run: call("QCRON RUN", "queue", "name"),
    missing: "cron entry",
  },
];

const counters: Route[] = [
  {
    method: "GET",
    path: `${queue}/counters`,
    name: "listCounters",
    summary: "A page of counters (100) in the order of their keys.",
    tag: "Counters",
    command: "QCOUNTER LIST",
    fields: pages,
    answer: shape.tuple({
      next: shape.nullable(shape.bytes),
      counters: shape.list(
        shape.map({ key: shape.bytes, left: shape.integer, since: shape.seconds }),
      ),
    }),
    run: call("QCOUNTER LIST", "queue"),
  },
  {
    method: "GET",
    path: counter,
    name: "getCounter",
    summary: "How many members of a counter are left.",
    tag: "Counters",
    command: "QCOUNTER GET",
    answer: shape.under("left", shape.integer),
    run: call("QCOUNTER GET", "queue", "key"),
    missing: "counter",
  },
  {
    method: "PUT",
    path: counter,
    name: "makeCounter",
    summary:
      "Makes a counter that counts so many members down, and at the end pushes `event` with the " +
      "key as its id.",
    tag: "Counters",
    command: "QCOUNTER INIT",
    fields: {
      members: field.required(field.integer),
      ttl: field.option("TTL", field.number),
      // The last one: the command takes all behind it as the event.
      event: object("THEN", { contents: field.contents(null, true), ...place, ...pushOptions }),
    },
    answer: shape.under("done", shape.done),
    run: call("QCOUNTER INIT", "queue", "key", "members"),
  },
  {
    method: "DELETE",
    path: counter,
    name: "deleteCounter",
    summary: "Removes a counter. Its event never comes.",
    tag: "Counters",
    command: "QCOUNTER DEL",
    answer: shape.under("removed", shape.count),
    run: call("QCOUNTER DEL", "queue", "key"),
  },
  {
    method: "POST",
    path: `${counter}/done`,
    name: "countDown",
    summary:
      "Counts a member down, once however often it is said. At 0, which is answered once, the " +
      "counter is gone and its event is pushed.",
    tag: "Counters",
    command: "QCOUNTER DONE",
    fields: { member: field.bytes(null, true) },
    answer: shape.under("left", shape.integer),
    run: call("QCOUNTER DONE", "queue", "key", "member"),
    missing: "counter",
  },
];

const groupShape = shape.map({
  group: shape.bytes,
  ready: shape.integer,
  delayed: shape.integer,
  claimed: shape.integer,
  oldestReadySeconds: shape.optional(shape.seconds),
  paused: shape.boolean,
  limit: shape.integer,
  rate: shape.optional(shape.text),
});

const groups: Route[] = [
  {
    method: "GET",
    path: `${queue}/groups`,
    name: "listGroups",
    summary: "The groups of a queue with the most ready events, up to `count` (10).",
    tag: "Groups",
    command: "QGROUPS",
    fields: { count: field.option("COUNT", field.integer) },
    answer: shape.under("groups", shape.list(groupShape)),
    run: call("QGROUPS", "queue"),
  },
  {
    method: "GET",
    path: group,
    name: "getGroup",
    summary: "Figures, limit and rate of one group.",
    tag: "Groups",
    command: "QGROUP",
    answer: groupShape,
    run: call("QGROUP", "queue", "group"),
  },
  {
    method: "PATCH",
    path: group,
    name: "setGroup",
    summary: "Gives a group a limit or rate of its own, or with null that of the queue.",
    tag: "Groups",
    command: "QGROUP",
    fields: {
      limit: field.groupSetting("LIMIT"),
      rate: field.groupSetting("RATE"),
    },
    answer: groupShape,
    async run(input, commands) {
      const options = input.options();
      if (options.length === 0) throw new Problem(400, "give limit or rate");
      await commands.run("QGROUP", ...input.words("queue", "group"), ...options);
      return await commands.run("QGROUP", ...input.words("queue", "group"));
    },
  },
];

const bindings: Route[] = [
  {
    method: "PUT",
    path: binding,
    name: "bindQueue",
    summary:
      "Binds the queue called queue@name: it gets a copy of each event that enters the queue " +
      "from now on.",
    tag: "Bindings",
    command: "QBIND",
    answer: shape.under("done", shape.done),
    run: call("QBIND", "queue", "name"),
  },
  {
    method: "DELETE",
    path: binding,
    name: "unbindQueue",
    summary: "Ends that. The queue called queue@name and its events stay.",
    tag: "Bindings",
    command: "QUNBIND",
    answer: shape.under("removed", shape.count),
    run: call("QUNBIND", "queue", "name"),
  },
];

export const otherRoutes: Route[] = [...workers, ...crons, ...counters, ...groups, ...bindings];
