// A transaction of the reference store: judged as a whole, then done one by one.
import { Refusal } from "../../../src/queue/errors.ts";
import { TOO_LARGE, WRONG_TYPE } from "../../../src/queue/lists.ts";
import {
  BATCH_CONTENTS_BYTES,
  type Operation,
  type Transaction,
} from "../../../src/queue/operations.ts";
import { claimedBy } from "./reference-claims.ts";
import { ExpectedCounters } from "./reference-counters.ts";
import type { ReferenceEvent } from "./reference-event.ts";
import type { ReferenceQueue } from "./reference-queue.ts";
import type { ReferenceState } from "./reference-state.ts";

type DoOne = (operation: Operation) => unknown;

export function transact(
  state: ReferenceState,
  { operations }: Transaction,
  doOne: DoOne,
): unknown[] {
  judge(state, operations);
  let bytes = 0;
  state.isJudged = true;
  try {
    return operations.map((operation) => {
      const { kind } = operation;
      const isOver = bytes > BATCH_CONTENTS_BYTES;
      if (kind === "get" && isOver) return doOne({ ...operation, isWhole: false });
      if (kind === "setMembers" && isOver) return TOO_LARGE;
      const isTaking = kind === "pop" || kind === "popBatch" || kind === "peek" || kind === "get";
      if (kind === "setMembers") {
        const members = doOne(operation) as Buffer[] | typeof WRONG_TYPE;
        if (members !== WRONG_TYPE) for (const { length } of members) bytes += length;
        return members;
      }
      if (isTaking && isOver) return kind === "popBatch" ? [] : null;
      const result = doOne(operation);
      const taken = isTaking ? [result as { contents: Buffer | null } | null].flat() : [];
      for (const event of taken) bytes += event?.contents?.length ?? 0;
      return result;
    });
  } finally {
    state.isJudged = false;
  }
}

function judge(state: ReferenceState, operations: Operation[]): void {
  const sums = new Map<string, number>();
  for (const operation of operations) {
    if (operation.kind !== "push" && operation.kind !== "pushBatch") continue;
    const queue = state.queue(operation.queue.toString("latin1"));
    judgePush(queue, operation.kind === "push" ? 1 : operation.events.length, sums);
  }
  const counters = new ExpectedCounters();
  for (const operation of operations) {
    const acked = ackedBy(state, operation);
    for (const queue of counters.pushedBy(state, operation, acked)) judgePush(queue, 1, sums);
  }
}

/** The claimed events that it acknowledges. */
function ackedBy(state: ReferenceState, operation: Operation): ReferenceEvent[] {
  if (operation.kind !== "ack" && operation.kind !== "ackBatch") return [];
  const queue = state.queue(operation.queue.toString("latin1"));
  const claims = operation.kind === "ack" ? [operation] : operation.claims;
  return claims.flatMap((claim) => claimedBy(queue, claim) ?? []);
}

function judgePush({ tree }: ReferenceQueue, own: number, sums: Map<string, number>): void {
  const { pausedOne } = tree;
  if (pausedOne) throw new Refusal("PAUSED", Buffer.from(pausedOne.name, "latin1"));
  for (const queue of tree.keepers) {
    const { name, given } = queue;
    sums.set(name, (sums.get(name) ?? 0) + own);
    const count = given.full === "drop-oldest" ? own : sums.get(name)!;
    if (!queue.hasRoomFor(count)) throw new Refusal("QUEUEFULL", Buffer.from(name, "latin1"));
  }
}
