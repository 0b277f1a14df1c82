// QHISTORY: what happened in a queue in the last hour and day, for charts.
import { type Series, STEP_COUNTS, STEP_LEVELS } from "../queue/history.ts";
import { Pairs, type Reply } from "../resp/reply.ts";
import { type QueueCall, type QueueCommand, queueCommand } from "./command.ts";

/** The level has that name already. */
const NAMES_OF_COUNTS = STEP_COUNTS.map((name) => (name === "failed" ? "newly-failed" : name));

async function showHistory(queue: Buffer, { client }: QueueCall): Promise<Reply> {
  const { hour, day } = await client.session.ask({ kind: "history", queue });
  return new Pairs([
    ["hour", shownSeries(hour)],
    ["day", shownSeries(day)],
  ]);
}

function shownSeries({ stepMs, startsAtMs, counts, levels }: Series): Pairs {
  return new Pairs([
    ["step-seconds", stepMs / 1000],
    ["starts-at", startsAtMs / 1000],
    ...STEP_LEVELS.map((name, at): [string, Reply] => [name, levels[at]!]),
    ...NAMES_OF_COUNTS.map((name, at): [string, Reply] => [name, counts[at]!]),
  ]);
}

export const historyCommands: QueueCommand[] = [
  queueCommand({
    name: "QHISTORY",
    syntax: "queue",
    summary:
      "A map of two maps, of the last hour in steps of a minute and the last day in steps of ten " +
      "minutes: step-seconds; starts-at (seconds since 1970); then arrays with a number for each " +
      "step, the oldest first, nil where nothing is known: ready, claimed, delayed and failed " +
      "(how many there were when something was counted last), pushed, popped, acked, failures " +
      "and newly-failed (for good) over all okq processes, about a second late. The last step is " +
      "not over, and has the events of now. The history ends with the queue, and begins anew " +
      "after a day in which nothing was counted.",
    group: "queue",
    access: "inspect",
    since: "0.1.0",
    flags: ["readonly"],
    isExclusive: true,
    run: ([, queue], _, call) => showHistory(queue, call),
  }),
];
