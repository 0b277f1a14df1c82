// The verb of transactions, which calls other verbs of its script. See transaction/*.lua.
import { Refusal, StoreError } from "../../queue/errors.ts";
import type { Transaction } from "../../queue/operations.ts";
import {
  nothingOf,
  pushesOf,
  queuesOf,
  takesContents,
  withoutContents,
} from "../../queue/transaction.ts";
import type { Operation } from "./operation.ts";
import { refusesWithoutMemory } from "./operation-size.ts";
import type { Argument, ScriptReply, Verb } from "./verb.ts";
import { REFUSED } from "./verb-values.ts";

const BROKEN = -3;

/** As transaction.lua reads it. */
function contentsIn(operation: Transaction["operations"][number]): string {
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
    if (pushes.length > 0) return pushes;
    return queuesOf(operation).map((queue) => ({ queue, count: "-" }));
  });
}

export function transactionVerb(verbOf: VerbOf): Verb<"transaction"> {
  return {
    name: "transaction",
    call([transaction], encoding) {
      const { operations } = transaction!;
      const judged = judgedIn(transaction!);
      const grows = operations.some(refusesWithoutMemory) ? "GROWS" : "-";
      const call: Argument[] = [grows, String(judged.length)];
      for (const { queue, count } of judged) call.push(encoding.numberOf(queue), String(count));
      for (const operation of operations) {
        const verb = verbOf(operation);
        const args = verb.call([operation as never], encoding);
        call.push(verb.name, contentsIn(operation), String(args.length));
        for (const argument of args) call.push(argument);
      }
      return call;
    },
    results(reply, [transaction]) {
      const [code, rest] = reply as [number, ScriptReply];
      if (code === BROKEN) return [new StoreError("unknown", `a part may be done: ${rest}`)];
      const refusal = REFUSED[code as -1 | -2];
      if (refusal) return [new Refusal(refusal, rest as Buffer)];
      const replies = rest as ScriptReply[];
      return [
        transaction!.operations.map((operation, at) => {
          const own = replies[at]!;
          if (own === null && takesContents(operation)) return nothingOf(operation);
          return verbOf(operation).results(own, [operation as never])[0];
        }),
      ];
    },
  };
}
