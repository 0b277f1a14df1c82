// Turns what a worker tells into lines of the log.
import type { Worker } from "../../client/client.ts";
import type { CommandEnd } from "./exit-verdict.ts";
import type { LogEntry, WorkLog } from "./work-log.ts";

type Named = { queue: string; id: string; attempt: number };

export function logWorker(
  worker: Worker<Buffer>,
  log: WorkLog,
  endOf: (job: object) => CommandEnd | undefined,
): void {
  const about = ({ queue, id, attempt }: Named) => ({ queue, id, attempt });
  const endIn = (job: Named): Partial<LogEntry> => {
    const end = endOf(job);
    if (end === undefined) return {};
    const { code, signal } = end.status;
    return { ...(code === null ? { signal } : { exit: code }), ms: Math.round(end.ms) };
  };
  // What the command wrote to stderr stands there already.
  const reasonOf = (job: Named, reason: string) => {
    const end = endOf(job);
    return end && reason.startsWith(end.reason) ? end.reason : reason;
  };
  worker.on("popped", ({ job }) => log.write({ event: "popped", ...about(job) }));
  worker.on("done", ({ job }) => log.write({ event: "done", ...about(job), ...endIn(job) }));
  worker.on("snoozed", ({ job }) => {
    log.write({ event: "returned", ...about(job), text: "given back" });
  });
  worker.on("retried", ({ job, reason }) => {
    const text = `attempt ${job.attempt} failed: ${reasonOf(job, reason)}`;
    log.write({ event: "retried", ...about(job), ...endIn(job), text });
  });
  worker.on("failed", ({ job, reason }) => {
    const text = `failed for good: ${reasonOf(job, reason)}`;
    log.write({ event: "failed", ...about(job), ...endIn(job), text });
  });
  worker.on("lost", ({ job, error }) => {
    log.write({ event: "lost", ...about(job), text: error.message });
  });
  worker.on("cancelled", ({ job }) => {
    log.write({ event: "cancelled", ...about(job), text: "cancelled: its command is stopped" });
  });
  let isAway = false;
  worker.on("disconnected", ({ error }) => {
    isAway = true;
    log.write({ event: "disconnected", text: `okq is away: ${messageOf(error)}` });
  });
  worker.on("connected", () => {
    log.write({ event: "connected", ...(isAway && { text: "okq is back" }) });
    isAway = false;
  });
  worker.on("problem", ({ job, error }) => {
    log.write({ event: "problem", ...(job && about(job)), text: messageOf(error) });
  });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
