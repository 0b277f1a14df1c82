// A call of a batch: operations that share a call of their verb; and the chains of calls that share
// sessions. See batch.ts.
import { Failures } from "../../queue/failures.ts";
import type { StoreError } from "../../queue/errors.ts";
import type { Receiver } from "../../queue/store.ts";
import type { Operation } from "./operation.ts";

/** Which call has the session's latest operation: later ones may not join an earlier call. */
export class Position extends Failures {
  batch: object | null = null;
  call = 0;
}

/** The calls of one batch that have sessions in common. Each chain has its own number. */
interface Chain {
  number: number;
  /** The chain that it was merged into. */
  into: Chain | null;
  hasSeveralCalls: boolean;
}

export interface Call {
  index: number;
  kind: Operation["kind"];
  chain: Chain;
  operations: Operation[];
  /** For each operation: its receiver, its session, and the session's failures at that time. */
  receivers: Receiver<unknown>[];
  positions: Position[];
  failures: number[];
  /**
   * One for each operation, an error if it was refused; or the error of them all. null until Redis
   * has answered.
   */
  results: unknown[] | StoreError | null;
}

/** Merges the chains of two calls. */
export function link(before: Call, call: Call): void {
  const [to, from] = [endOf(before.chain), endOf(call.chain)];
  if (to === from) return;
  from.into = to;
  to.hasSeveralCalls = true;
}

/** The chain that it belongs to after all merges. */
export function endOf(chain: Chain): Chain {
  let end = chain;
  while (end.into) end = end.into;
  return end;
}

/** Moves an operation within its call, towards the front. */
export function move(call: Call, from: number, to: number): void {
  if (from === to) return;
  call.operations[to] = call.operations[from]!;
  call.receivers[to] = call.receivers[from]!;
  call.positions[to] = call.positions[from]!;
  call.failures[to] = call.failures[from]!;
}

export function truncate(call: Call, length: number): void {
  if (length === call.operations.length) return;
  call.operations.length = length;
  call.receivers.length = length;
  call.positions.length = length;
  call.failures.length = length;
}

/** The position in the list of the first call with at least that index. */
export function lowerBound(calls: Call[], index: number): number {
  let low = 0;
  let high = calls.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (calls[middle]!.index < index) low = middle + 1;
    else high = middle;
  }
  return low;
}
