// Puts random operations that follow each other into transactions.
import type { Operation } from "../../src/queue/operations.ts";
import { mayBeInTransaction, queuesOf } from "../../src/queue/transaction.ts";
import type { Known, Step } from "./random-step.ts";
import type { Random } from "./random.ts";

/** In a cluster so many of the queues, and other names, are in one part; the others in another. */
const FIRST_PART = 3;

/** Some of the steps as they are, others in transactions. The order stays. */
export function inTransactions(
  steps: Step[],
  known: Known,
  { queues, random }: { queues: string[]; random: Random },
): Step[] {
  const partOf = (operation: Operation) => {
    const isFirst = (queue: Buffer) =>
      queues.indexOf(queue.toString("latin1")) < FIRST_PART ? "first" : "second";
    const parts = new Set(queuesOf(operation).map(isFirst));
    return parts.size === 1 ? [...parts][0]! : null;
  };
  const all: Step[] = [];
  let rest = steps;
  while (rest.length > 0) {
    const wanted = random.below(3) === 0 ? 1 + random.below(6) : 0;
    const first = partOf(rest[0]!(known));
    const fits = (step: Step) => {
      const operation = step(known);
      return mayBeInTransaction(operation) && first !== null && partOf(operation) === first;
    };
    const end = rest.findIndex((step, at) => at >= wanted || !fits(step));
    const count = end === -1 ? Math.min(wanted, rest.length) : end;
    if (count === 0) all.push(rest[0]!);
    else all.push(transactionOf(rest.slice(0, count)));
    rest = rest.slice(Math.max(1, count));
  }
  return all;
}

function transactionOf(steps: Step[]): Step {
  return (its) => {
    const operations: Operation[] = [];
    for (const step of steps) operations.push(step(knownBehind(operations, its)));
    return { kind: "transaction", operations };
  };
}

/** Whether a change gives an event another version is open. */
function knownBehind(operations: Operation[], its: Known): Known {
  const changed = operations.filter(({ kind }) => changes.has(kind)).flatMap(queuesOf);
  const names = new Set(changed.map((queue) => queue.toString("latin1")));
  const versionOf: Known["versionOf"] = (queue, id, which) =>
    names.has(queue) ? null : its.versionOf(queue, id, which);
  return { startMs: its.startMs, claims: its.claims, madeIds: its.madeIds, versionOf };
}

const changes = new Set<Operation["kind"]>(["set", "listSet", "listInsert"]);

/** Some of the operations of a store of one part as they are, others in transactions. */
export function grouped(operations: Operation[], random: Random): Operation[] {
  const all: Operation[] = [];
  for (let at = 0; at < operations.length;) {
    const count = random.below(3) === 0 ? 2 + random.below(4) : 1;
    const some = operations.slice(at, at + count);
    at += count;
    if (count > 1 && some.every(mayBeInTransaction)) {
      all.push({ kind: "transaction", operations: some });
    } else all.push(...some);
  }
  return all;
}
