// Results of operations in a form that is the same for every store.
import type { CronAt } from "../../src/queue/cron-operations.ts";
import { EarlierFailure, Refusal, StoreError } from "../../src/queue/errors.ts";
import type { Popped } from "../../src/queue/event.ts";
import type { GroupFacts } from "../../src/queue/groups.ts";
import type { QueueHistory } from "../../src/queue/history.ts";
import type { ListMoved } from "../../src/queue/lists.ts";
import type { Operation } from "../../src/queue/operations.ts";
import type { QueueStats } from "../../src/queue/queue-status.ts";
import { type Comparable, comparableStreamed } from "./comparable-streams.ts";
import { textOf } from "./contract/caller.ts";
import type { LifeCaller } from "./contract/life-caller.ts";

/** Without what the contract leaves open, such as how many moves a Tick makes of a due event. */
export function comparable(operation: Operation, result: unknown, has: Comparable): unknown {
  if (operation.kind === "tick") return "moved";
  if (operation.kind === "transaction") {
    return operation.operations.map((each, at) => comparable(each, (result as unknown[])[at], has));
  }
  const streamed = comparableStreamed(operation, result, has);
  if (streamed !== undefined) return streamed;
  if (operation.kind === "cronDue") return inOrderOfNames(result as CronAt[]);
  if (operation.kind === "stats") return comparableStats(result as QueueStats);
  if (operation.kind === "history") return comparableHistory(result as QueueHistory);
  if (operation.kind === "group") return withoutOldest(result as GroupFacts);
  if (operation.kind === "setMembers" && Array.isArray(result))
    return result.map(textOf).toSorted();
  if (operation.kind === "listPop" && Array.isArray(result)) return result.map(bare);
  if (operation.kind === "listMove" && typeof result === "object" && result !== null) {
    const { taken, ...pushed } = result as ListMoved;
    return { ...pushed, taken: bare(taken) };
  }
  return operation.kind === "pop" && !operation.claimant && result
    ? bare(result as Popped)
    : result;
}

/** A popped event of which nothing more is asked. */
function bare({ queue, id, contents, token, pushedAtMs }: Popped): object {
  return { queue, id, contents, token, pushedAtMs };
}

/** Those of the same time may come in any order. */
function inOrderOfNames(due: CronAt[]): CronAt[] {
  const nameOf = ({ entry: { queue, name } }: CronAt) => `${textOf(queue)}\n${textOf(name)}`;
  return due.toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
}

/** A minute begins at other times in the other store. Of several groups any may be the reason. */
function comparableStats({ heldBackBy, ...stats }: QueueStats): object {
  const reason = heldBackBy?.startsWith("group") ? "group" : heldBackBy;
  return { ...withoutOldest(stats), recent: null, heldBackBy: reason };
}

/** A minute begins at other times in the other store. */
function comparableHistory({ hour, day }: QueueHistory): object {
  return [hour, day].map(({ counts, levels }) => ({
    counts: counts.map((steps) => steps.reduce<number>((sum, step) => sum + (step ?? 0), 0)),
    isUnknown: counts.every((steps) => steps.every((step) => step === null)),
    levels: levels.map((steps) => steps.at(-1)),
  }));
}

/** The oldest event is not always found. */
function withoutOldest<T extends { oldestReadyAtMs: number | null }>(facts: T): object {
  const { oldestReadyAtMs, ...others } = facts;
  return { ...others, hasReady: oldestReadyAtMs !== null };
}

const SHOWN_MAX = 60;

/** Exact as far as anybody can read, then by its hash. */
export function shortened(text: string): string {
  if (text.length <= SHOWN_MAX) return JSON.stringify(text);
  const rest = `${text.length} characters, ${Bun.hash(text).toString(36)}`;
  return `${JSON.stringify(text.slice(0, SHOWN_MAX))}... (${rest})`;
}

export function failureText(error: unknown): string {
  if (error instanceof EarlierFailure) return "after a failure";
  if (error instanceof Refusal) return `refused: ${error.code} ${textOf(error.queue)}`;
  return error instanceof StoreError
    ? `StoreError ${error.failure}: ${error.message}`
    : String(error);
}

/** All that is known of the groups that are there; a store may not find the oldest event. */
export async function groupsOf(store: LifeCaller, queue: string, limit: number): Promise<object> {
  const names = Object.keys(await store.groups(queue, limit));
  const all = await Promise.all(names.map((name) => store.group(queue, name)));
  return names.map((name, at) => [name, { ...all[at]!, oldestReadyMs: null }]);
}
