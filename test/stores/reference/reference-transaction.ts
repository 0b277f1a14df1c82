// A transaction of the reference store: judged as a whole, then done one by one.
import { Refusal } from "../../../src/queue/errors.ts";
import { LIST_REACH, TOO_LARGE } from "../../../src/queue/lists.ts";
import {
  BATCH_CONTENTS_BYTES,
  type Operation,
  type Transaction,
} from "../../../src/queue/operations.ts";
import { claimedBy } from "./reference-claims.ts";
import { ExpectedCounters } from "./reference-counters.ts";
import type { ReferenceEvent } from "./reference-event.ts";
import type { ReferenceQueue } from "./reference-queue.ts";
import { claimsEndedBy as streamClaimsOf } from "./reference-stream-claims.ts";
import type { ReferenceState } from "./reference-state.ts";

/** What operations answer where a transaction takes no more contents. */
const nothing = new Map<Operation["kind"], null | [] | typeof TOO_LARGE>([
  ["pop", null],
  ["peek", null],
  ["get", null],
  ["listMove", null],
  ["popBatch", []],
  ["listPop", []],
  ["listRange", TOO_LARGE],
  ["setMembers", TOO_LARGE],
  ["streamRange", TOO_LARGE],
  ["streamClaim", TOO_LARGE],
  ["streamInfo", TOO_LARGE],
]);

type DoOne = (operation: Operation) => unknown;

export function transact(
  state: ReferenceState,
  { operations }: Transaction,
  doOne: DoOne,
): unknown[] {
  judge(state, operations);
  let bytes = 0;
  state.isJudged = true;
  state.reachLeft = LIST_REACH;
  try {
    return operations.map((operation) => {
      const { kind } = operation;
      const isOver = bytes > BATCH_CONTENTS_BYTES;
      if (kind === "get" && isOver) return doOne({ ...operation, isWhole: false });
      if (kind === "streamTake" && isOver) return { queue: operation.queue, popped: [] };
      const isTaking = nothing.has(kind) || kind === "streamTake";
      if (isTaking && isOver) return nothing.get(kind);
      const result = doOne(operation);
      if (isTaking) bytes += bytesIn(result);
      return result;
    });
  } finally {
    state.isJudged = false;
    state.reachLeft = null;
  }
}

function judge(state: ReferenceState, operations: Operation[]): void {
  const sums = new Map<string, number>();
  for (const operation of operations) {
    const pushed = pushedBy(operation);
    if (pushed) judgePush(state.queue(pushed.queue.toString("latin1")), pushed.count, sums);
  }
  const counters = new ExpectedCounters();
  for (const operation of operations) {
    const acked = ackedBy(state, operation);
    for (const queue of counters.pushedBy(state, operation, acked)) judgePush(queue, 1, sums);
  }
}

/** The contents of all events in it. */
function bytesIn(result: unknown): number {
  if (Array.isArray(result)) return result.reduce((sum: number, one) => sum + bytesIn(one), 0);
  if (Buffer.isBuffer(result)) return result.length;
  if (typeof result !== "object" || result === null) return 0;
  const { contents, popped, claimed, first, last } = result as Record<string, unknown>;
  return bytesIn([contents, popped, claimed, first, last]);
}

/** What it pushes by itself, at most; null: nothing. */
function pushedBy(operation: Operation): { queue: Buffer; count: number } | null {
  switch (operation.kind) {
    case "push":
    case "listInsert":
    case "streamAdd":
      return { queue: operation.queue, count: 1 };
    case "pushBatch":
      return { queue: operation.queue, count: operation.events.length };
    case "listPush":
      return { queue: operation.queue, count: operation.contents.length };
    case "listMove":
      return { queue: operation.target, count: 1 };
    default:
      return null;
  }
}

/** The claimed events that it acknowledges. */
function ackedBy(state: ReferenceState, operation: Operation): ReferenceEvent[] {
  if (operation.kind === "streamAck") return streamClaimsOf(state, operation);
  if (operation.kind !== "ack" && operation.kind !== "ackBatch") return [];
  const queue = state.queue(operation.queue.toString("latin1"));
  const claims = operation.kind === "ack" ? [operation] : operation.claims;
  return claims.flatMap((claim) => claimedBy(queue, claim) ?? []);
}

export function judgePush({ tree }: ReferenceQueue, own: number, sums: Map<string, number>): void {
  const { pausedOne } = tree;
  if (pausedOne) throw new Refusal("PAUSED", Buffer.from(pausedOne.name, "latin1"));
  for (const queue of tree.keepers) {
    const { name, given } = queue;
    sums.set(name, (sums.get(name) ?? 0) + own);
    const count = given.full === "drop-oldest" ? own : sums.get(name)!;
    if (!queue.hasRoomFor(count)) throw new Refusal("QUEUEFULL", Buffer.from(name, "latin1"));
  }
}
