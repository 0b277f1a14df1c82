// Results of operations in a form that is the same for every store.
import type { CronAt } from "../../src/queue/cron-operations.ts";
import type { Popped } from "../../src/queue/event.ts";
import type { Operation } from "../../src/queue/operations.ts";
import type { QueueStats } from "../../src/queue/queue-status.ts";
import { textOf } from "./contract/caller.ts";

/** Without what the contract leaves open, such as how many moves a Tick makes of a due event. */
export function comparable(operation: Operation, result: unknown): unknown {
  if (operation.kind === "tick") return "moved";
  if (operation.kind === "transaction") {
    return operation.operations.map((each, at) => comparable(each, (result as unknown[])[at]));
  }
  if (operation.kind === "cronDue") return inOrderOfNames(result as CronAt[]);
  if (operation.kind === "stats") return comparableStats(result as QueueStats);
  if (operation.kind !== "pop" || operation.claimant || !result) return result;
  const { queue, id, contents, token } = result as Popped;
  return { queue, id, contents, token };
}

/** Those of the same time may come in any order. */
function inOrderOfNames(due: CronAt[]): CronAt[] {
  const nameOf = ({ entry: { queue, name } }: CronAt) => `${textOf(queue)}\n${textOf(name)}`;
  return due.toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
}

/** A minute begins at other times in the other store, and the oldest event is not always found. */
function comparableStats({ oldestReadyAtMs, ...stats }: QueueStats): object {
  return { ...stats, recent: null, hasReady: oldestReadyAtMs !== null };
}
