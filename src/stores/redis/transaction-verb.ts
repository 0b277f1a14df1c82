// The verb of transactions, which calls other verbs of its script. See transaction/*.lua.
import { Refusal, StoreError } from "../../queue/errors.ts";
import type { Operation as StoreOperation, Transaction } from "../../queue/operations.ts";
import {
  nothingOf,
  pushesOf,
  queuesOf,
  takesContents,
  withoutContents,
} from "../../queue/transaction.ts";
import type { Operation } from "./operation.ts";
import { refusesWithoutMemory } from "./operation-size.ts";
import type { Argument, Encoding, ScriptReply, Verb } from "./verb.ts";
import { REFUSED } from "./verb-values.ts";

const BROKEN = -3;

/** As transaction.lua reads it. */
function contentsIn(operation: StoreOperation): string {
  if (!takesContents(operation)) return "-";
  return withoutContents(operation) ? "SHOWS" : "TAKES";
}

/** The verb of an operation in the same script. */
type VerbOf = (operation: Operation) => Verb<Operation["kind"]>;

/** A queue, and how many events a push adds to it, if there is one. */
interface Judged {
  queue: Buffer;
  count: number | "-";
}

/** The queues in the order in which pushes to them are judged, some several times. */
function judgedIn({ operations }: Transaction): Judged[] {
  return operations.flatMap((operation): Judged[] => {
    const pushes = pushesOf(operation);
    // A list operation may take from another queue than that to which it pushes.
    const others = queuesOf(operation).filter(
      (queue) => !pushes.some((push) => push.queue.equals(queue)),
    );
    return [...pushes, ...others.map((queue) => ({ queue, count: "-" as const }))];
  });
}

/** The first operations of these transactions, then the second ones, and so on. */
function stepsOf(transactions: Transaction[]): StoreOperation[][] {
  return transactions[0]!.operations.map((_, at) =>
    transactions.map(({ operations }) => operations[at]!),
  );
}

/**
 * Transactions that share a call are done one by one, or step by step where no push can be refused
 * (see variantOf).
 */
export function transactionVerb(
  verbOf: VerbOf,
  how: "one by one" | "step by step",
): Verb<"transaction"> {
  const groupsOf = (transactions: Transaction[]) =>
    how === "step by step" ? [transactions] : transactions.map((each) => [each]);

  const callOf = (transactions: Transaction[], encoding: Encoding): Argument[] => {
    const [first] = transactions;
    const judged = judgedIn(first!);
    const grows = first!.operations.some(refusesWithoutMemory) ? "GROWS" : "-";
    const call: Argument[] = [grows, String(judged.length)];
    for (const { queue, count } of judged) call.push(encoding.numberOf(queue), String(count));
    const steps = stepsOf(transactions);
    call.push(String(steps.length));
    for (const operations of steps) {
      const verb = verbOf(operations[0]!);
      const args = verb.call(operations as never, encoding);
      call.push(verb.name, contentsIn(operations[0]!), String(args.length));
      for (const argument of args) call.push(argument);
    }
    return call;
  };

  const resultsIn = (reply: ScriptReply, transactions: Transaction[]) => {
    const [code, rest] = reply as [number, ScriptReply];
    const refusal = REFUSED[code as -1 | -2];
    const error =
      code === BROKEN
        ? new StoreError("unknown", `a part may be done: ${rest}`)
        : refusal && new Refusal(refusal, rest as Buffer);
    if (error) return transactions.map(() => error);
    const steps = stepsOf(transactions).map((operations, at) => {
      const own = (rest as ScriptReply[])[at]!;
      const [first] = operations;
      if (own === null && takesContents(first!)) return [nothingOf(first!)];
      return verbOf(first!).results(own, operations as never);
    });
    return transactions.map((_, at) => steps.map((results) => results[at]));
  };

  return {
    name: "transaction",
    call: (transactions, encoding) =>
      groupsOf(transactions).flatMap((group) => callOf(group, encoding)),
    results: (reply, transactions) =>
      groupsOf(transactions).flatMap((group, at) =>
        resultsIn((reply as ScriptReply[])[at]!, group),
      ),
  };
}
