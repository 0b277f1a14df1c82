// Judges whether the pushes of a transaction are refused, by the state before it.
import { Refusal } from "../../../queue/errors.ts";
import { nameOf } from "../../../queue/name-cache.ts";
import type { Operation } from "../../../queue/operations.ts";
import { pushesOf } from "../../../queue/transaction.ts";
import { treeIn } from "../bound-queues.ts";
import { toBytes, toText } from "../bytes.ts";
import type { LocalQueue } from "../local-queue.ts";
import type { Model } from "../model.ts";
import { decodePart, type PartNames } from "../more.ts";
import { isPushable, surplusOf } from "../room.ts";
import { claimsOf } from "../stream-group.ts";
import { claimed } from "./claims.ts";
import { ExpectedCounters } from "./expected-counters.ts";

/**
 * Throws a Refusal if a push would be refused, also one of a counter that comes to 0 by members
 * that are named or claimed before; or a JournalError.
 */
export function judge(model: Model, operations: Operation[]): void {
  const sums = new Map<string, number>();
  for (const { queue, count } of operations.flatMap(pushesOf)) {
    judgePush(model, nameOf(queue), count, sums);
  }
  const expected = new ExpectedCounters(model);
  for (const operation of operations) {
    for (const name of pushedByCounters(model, operation, expected)) {
      judgePush(model, name, 1, sums);
    }
  }
}

/** The names of the queues into which it has counters push. */
function pushedByCounters(
  model: Model,
  operation: Operation,
  expected: ExpectedCounters,
): string[] {
  switch (operation.kind) {
    case "initCounter": {
      const { queue, key, count, event } = operation;
      expected.init(nameOf(queue), toText(key), count, event !== null);
      return [];
    }
    case "dropCounter":
      expected.drop(nameOf(operation.queue), toText(operation.key));
      return [];
    default: {
      const members = membersOf(model, operation);
      return members.flatMap((member) => expected.count(...member) ?? []);
    }
  }
}

/** The members that it counts down. */
function membersOf(model: Model, operation: Operation): PartNames[] {
  if (operation.kind === "countDown") {
    const { queue, key, member } = operation;
    return [[nameOf(queue), toText(key), toText(member)]];
  }
  if (operation.kind === "streamAck") {
    return claimsOf(model, operation).flatMap(({ more }) =>
      more?.part ? [decodePart(more.part)] : [],
    );
  }
  if (operation.kind !== "ack" && operation.kind !== "ackBatch") return [];
  const claims = operation.kind === "ack" ? [operation] : operation.claims;
  return claims.flatMap((claim) => {
    const part = claimed(model, operation.queue, claim)?.more?.part;
    return part ? [decodePart(part)] : [];
  });
}

/** So many more events would enter that queue. */
function judgePush(model: Model, name: string, count: number, sums: Map<string, number>): void {
  const queue = model.get(name);
  if (queue && queue.bindings !== null) return judgeTree(model, queue, count, sums);
  if (queue && !isPushable(model, queue)) throw new Refusal("PAUSED", toBytes(name));
  const sum = (sums.get(name) ?? 0) + count;
  sums.set(name, sum);
  // A queue that is not there has the settings of all queues.
  const { lengthMax, full } = queue ? model.settingsOf(queue) : model.commonSettings;
  const isRefused = queue
    ? surplusOf(model, queue, full === "refuse" ? sum : count) === null
    : lengthMax !== null && (full === "refuse" ? sum : count) > lengthMax;
  if (isRefused) throw new Refusal("QUEUEFULL", toBytes(name));
}

function judgeTree(
  model: Model,
  queue: LocalQueue,
  count: number,
  sums: Map<string, number>,
): void {
  const { queues, keepers } = treeIn(model, queue);
  const paused = queues.find((each) => !isPushable(model, each));
  if (paused) throw new Refusal("PAUSED", toBytes(paused.name));
  for (const each of keepers) {
    const sum = (sums.get(each.name) ?? 0) + count;
    sums.set(each.name, sum);
    const { full } = model.settingsOf(each);
    const isRefused = surplusOf(model, each, full === "refuse" ? sum : count) === null;
    if (isRefused) throw new Refusal("QUEUEFULL", toBytes(each.name));
  }
}
