// What happened in a queue in the last hour and day, as QHISTORY answers it.
import { Fields, msOf } from "./fields.ts";
import { numberIn, type Reply } from "../reply.ts";

/** undefined: nothing is known. The last step of a series is not over. */
export interface HistoryStep {
  startsAt: Date;
  /** How many there were when something was counted last. */
  ready: number | undefined;
  claimed: number | undefined;
  delayed: number | undefined;
  failed: number | undefined;
  /** Counted within the step. */
  pushed: number | undefined;
  popped: number | undefined;
  acked: number | undefined;
  failures: number | undefined;
  /** Failed for good. */
  newlyFailed: number | undefined;
}

/** Steps of the same length, the oldest first. */
export interface HistorySeries {
  stepMs: number;
  steps: HistoryStep[];
}

export interface QueueHistory {
  /** In steps of a minute. */
  hour: HistorySeries;
  /** In steps of ten minutes. */
  day: HistorySeries;
}

export function historyOf(reply: Reply): QueueHistory {
  const fields = new Fields(reply);
  return { hour: seriesOf(fields.fields("hour")), day: seriesOf(fields.fields("day")) };
}

function seriesOf(fields: Fields): HistorySeries {
  const stepMs = msOf(fields.count("step-seconds"));
  const startMs = msOf(fields.count("starts-at"));
  const numbers = (name: string) => fields.list(name).map(numberOrUnknown);
  const columns = {
    ready: numbers("ready"),
    claimed: numbers("claimed"),
    delayed: numbers("delayed"),
    failed: numbers("failed"),
    pushed: numbers("pushed"),
    popped: numbers("popped"),
    acked: numbers("acked"),
    failures: numbers("failures"),
    newlyFailed: numbers("newly-failed"),
  };
  const steps = columns.ready.map((ready, at) => ({
    startsAt: new Date(startMs + at * stepMs),
    ready,
    claimed: columns.claimed[at],
    delayed: columns.delayed[at],
    failed: columns.failed[at],
    pushed: columns.pushed[at],
    popped: columns.popped[at],
    acked: columns.acked[at],
    failures: columns.failures[at],
    newlyFailed: columns.newlyFailed[at],
  }));
  return { stepMs, steps };
}

function numberOrUnknown(reply: Reply): number | undefined {
  return reply === null ? undefined : numberIn(reply);
}
