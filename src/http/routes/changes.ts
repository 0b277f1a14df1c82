// Routes that change many events of a queue: by their ids, or by what they are like.
import * as field from "../fields.ts";
import { bytesList } from "../list-fields.ts";
import { Problem } from "../problem.ts";
import { call, type Route } from "../route.ts";
import * as shape from "../shapes.ts";
import { selection, state } from "./selection.ts";

const shared = { method: "POST", tag: "Changes" } as const;
const queue = "/v1/queues/{queue}";

export const changeRoutes: Route[] = [
  {
    ...shared,
    path: `${queue}/purge`,
    name: "purgeEvents",
    summary:
      "Removes the events in that state that fit. It works in steps, and ends when the client " +
      "leaves.",
    command: "QPURGE",
    fields: {
      state: field.required(field.choice("ready", "delayed", "failed", "completed")),
      ...selection,
    },
    answer: shape.under("removed", shape.count),
    run: call("QPURGE", "queue", "state"),
  },
  {
    ...shared,
    path: `${queue}/retry`,
    name: "retryEvents",
    summary:
      "Makes failed events ready, and delayed ones that wait for another attempt, counted from " +
      "0: up to 1,000 `ids`, or `all` that fit. `all` works in steps, and ends when the client " +
      "leaves.",
    command: "QRETRY",
    fields: {
      ids: bytesList("IDS"),
      all: field.flag("ALL"),
      right: field.flag("RIGHT"),
      state: state("failed", "delayed"),
      ...selection,
    },
    answer: shape.under("retried", shape.count),
    run(input, commands) {
      const ids = input.words("ids");
      const options = input.options("ids");
      if (ids.length === 0 && !options.includes("ALL")) {
        throw new Problem(400, "give ids, or all: true");
      }
      if (ids.length > 0 && options.length > 0) {
        throw new Problem(400, "ids stand alone: the other fields are for all: true");
      }
      return commands.run("QRETRY", ...input.words("queue"), ...options, ...ids);
    },
  },
  {
    ...shared,
    path: `${queue}/delete`,
    name: "deleteEvents",
    summary: "Removes up to 1,000 events. Claimed ones are left alone.",
    command: "QDEL",
    fields: { ids: bytesList(null, true) },
    answer: shape.under("removed", shape.count),
    run: call("QDEL", "queue", "ids"),
  },
  {
    ...shared,
    path: `${queue}/move`,
    name: "moveEvents",
    summary:
      "Moves the ready events that fit, or those in another state, or those of up to 1,000 " +
      "`ids`, to the left end of the queue `target`. An event whose id is taken there stays. A " +
      "full or paused target ends it. It works in steps, and ends when the client leaves.",
    command: "QMOVE",
    fields: {
      target: field.bytes(null, true),
      state: state("ready", "delayed", "failed", "completed"),
      ...selection,
      ids: bytesList("IDS"),
    },
    answer: shape.under("moved", shape.count),
    run: call("QMOVE", "queue", "target"),
  },
];
