// The route of the history of a queue.
import { call, type Route } from "../route.ts";
import * as shape from "../shapes.ts";

const numbers = shape.list(shape.nullable(shape.integer));

const series = shape.map({
  stepSeconds: shape.integer,
  startsAt: shape.seconds,
  ready: numbers,
  claimed: numbers,
  delayed: numbers,
  failed: numbers,
  pushed: numbers,
  popped: numbers,
  acked: numbers,
  failures: numbers,
  newlyFailed: numbers,
});

export const historyRoutes: Route[] = [
  {
    method: "GET",
    path: "/v1/queues/{queue}/history",
    name: "getHistory",
    summary:
      "What happened in a queue in the last hour, in steps of a minute, and in the last day, in " +
      "steps of ten minutes, the oldest first: how many events there were (ready, claimed, " +
      "delayed, failed), and how many were pushed, popped, acknowledged, reported as failures, " +
      "and failed for good. null where nothing is known. The last step is not over.",
    tag: "Queues",
    command: "QHISTORY",
    answer: shape.map({ hour: series, day: series }),
    run: call("QHISTORY", "queue"),
  },
];
