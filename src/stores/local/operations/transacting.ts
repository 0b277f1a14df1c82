// Several operations as one: all or none.
import { Refusal } from "../../../queue/errors.ts";
import { nameOf } from "../../../queue/name-cache.ts";
import type { Operation, Transaction } from "../../../queue/operations.ts";
import {
  nothingOf,
  pushesOf,
  TakenContents,
  takesContents,
  withoutContents,
} from "../../../queue/transaction.ts";
import type { Model } from "../model.ts";
import { treeIn } from "../bound-queues.ts";
import { toBytes } from "../bytes.ts";
import type { LocalQueue } from "../local-queue.ts";
import { isPushable, surplusOf } from "../room.ts";

/** doOne: does an operation in the model. */
export function transact(
  model: Model,
  { operations }: Transaction,
  doOne: (operation: Operation) => unknown,
): unknown[] {
  judge(model, operations);
  const taken = new TakenContents();
  const mark = model.mark();
  model.isJudged = true;
  try {
    return operations.map((operation) => {
      if (!takesContents(operation)) return doOne(operation);
      if (taken.isOver) {
        const shorter = withoutContents(operation);
        return shorter ? doOne(shorter) : nothingOf(operation);
      }
      const result = doOne(operation);
      taken.add(result);
      return result;
    });
  } catch (error) {
    // Without a journal nothing can fail from here on.
    model.undoTo(mark);
    throw error;
  } finally {
    model.isJudged = false;
  }
}

/** Throws a Refusal if a push would be refused. */
function judge(model: Model, operations: Operation[]): void {
  const sums = new Map<string, number>();
  for (const { queue: bytes, count } of operations.flatMap(pushesOf)) {
    const name = nameOf(bytes);
    const queue = model.get(name);
    if (queue && queue.bindings !== null) {
      judgeTree(model, queue, count, sums);
      continue;
    }
    if (queue && !isPushable(model, queue)) throw new Refusal("PAUSED", bytes);
    const sum = (sums.get(name) ?? 0) + count;
    sums.set(name, sum);
    // A queue that is not there has the settings of all queues.
    const { lengthMax, full } = queue ? model.settingsOf(queue) : model.commonSettings;
    const isRefused = queue
      ? surplusOf(model, queue, full === "refuse" ? sum : count) === null
      : lengthMax !== null && (full === "refuse" ? sum : count) > lengthMax;
    if (isRefused) throw new Refusal("QUEUEFULL", bytes);
  }
}

/** So many more events would enter a queue that has bound ones. */
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
