// The reports of an operation that was done. What stores report themselves (see StoreObserver) is
// not among them.
import { workerOf } from "./claimant.ts";
import { Duplicate, type Popped, type PushOptions } from "./event.ts";
import { listChanges } from "./list-changes.ts";
import type { Pause } from "./management.ts";
import type { Operation, Results } from "./operations.ts";
import type { Report, Reported } from "./report.ts";
import { tellStreamChanges } from "./stream-changes.ts";

type Tell = (report: Report) => void;

/** Tells what the operation did to events of queues that somebody listens to. */
export function reportsOf(
  operation: Operation,
  result: unknown,
  nowMs: number,
  isHeard: (queue: Buffer) => boolean,
  tell: Tell,
): void {
  if (operation.kind === "popBatch") {
    for (const popped of result as Popped[]) {
      if (isHeard(popped.queue)) tell(poppedReport(operation.claimant, popped, nowMs));
    }
    return;
  }
  for (const { popped, pushed } of listChanges(operation, result)) {
    if (popped && isHeard(popped.queue)) tell(poppedReport(null, popped, nowMs));
    if (pushed && isHeard(pushed.queue)) tell({ kind: "pushed", ...pushed, atMs: nowMs });
  }
  const tellOf = (kind: Reported) => (queue: Buffer, id: Buffer) => {
    if (isHeard(queue)) tell({ kind, queue, id, atMs: nowMs });
  };
  tellStreamChanges(operation, result, {
    pushed: tellOf("pushed"),
    popped: (popped, claimant) => {
      if (isHeard(popped.queue)) tell(poppedReport(claimant, popped, nowMs));
    },
    acked: tellOf("acked"),
    failed: () => {},
  });
  if (!("queue" in operation) || operation.queue === null) return;
  const { queue } = operation;
  if (!isHeard(operation.kind === "move" ? operation.target : queue)) return;
  const one = (kind: Reported, id: Buffer) => tell({ kind, queue, id, atMs: nowMs });
  switch (operation.kind) {
    case "push":
      if (mayKeep(operation.id, operation.options)) break;
      if (!(result instanceof Duplicate)) one("pushed", result as Buffer);
      break;
    case "cronFire":
      if (!Buffer.isBuffer(result) || mayKeep(result, operation.push!.options)) break;
      one("pushed", result);
      break;
    case "pushBatch":
      for (const [at, id] of (result as Results["pushBatch"]).entries()) {
        if (mayKeep(operation.events[at]!.id, operation.options)) continue;
        if (!(id instanceof Duplicate)) one("pushed", id);
      }
      break;
    case "pop":
      if (result) tell(poppedReport(operation.claimant, result as Popped, nowMs));
      break;
    case "ack":
      if (result) one("acked", operation.id);
      break;
    case "ackBatch":
      chosen(operation.claims, result).forEach(({ id }) => one("acked", id));
      break;
    case "retry":
      chosen(operation.targets, result).forEach(({ id }) => one("retried", id));
      break;
    case "move":
      for (const { id } of chosen(operation.targets, result)) {
        tell({ kind: "pushed", queue: operation.target, id, atMs: nowMs, from: queue });
      }
      break;
    case "pause":
      if (result) tell(pausedReport(operation, nowMs));
  }
}

/** Whether the result of a push does not tell if it added an event. Then the store reports it. */
export function mayKeep(id: Buffer | null, options: PushOptions | null): boolean {
  return options?.onDuplicate === "keep" && (id !== null || options.unique !== null);
}

function poppedReport(claimant: Buffer | null, popped: Popped, atMs: number): Report {
  const { queue, id, attempt } = popped;
  if (claimant === null) return { kind: "popped", queue, id, atMs };
  const worker = workerOf(claimant);
  const named = worker.length > 0 ? { worker } : {};
  return { kind: "popped", queue, id, atMs, ...named, attempt };
}

function pausedReport(operation: Pause, atMs: number): Report {
  const { queue, directions, forMs, worker, group } = operation;
  return {
    kind: "paused",
    queue,
    id: null,
    atMs,
    direction: directions.length > 1 ? "all" : directions[0]!,
    ...(forMs === null ? {} : { forMs }),
    ...(worker === null ? {} : { worker }),
    ...(group === null ? {} : { group }),
  };
}

/** Those whose result is true. */
function chosen<T>(all: T[], results: unknown): T[] {
  return all.filter((_, at) => (results as boolean[])[at]);
}
