// Which arguments of a call name queues: for the rights to them, and for COMMAND GETKEYS.
import type { Caller } from "./caller.ts";
import type { QueueContext } from "./context.ts";
import type { Entry } from "./entry.ts";
import { parseInteger } from "./numbers.ts";
import type { QueueArguments } from "./syntax.ts";

type Places<C extends Caller, X extends QueueContext> = Pick<
  Entry<C, X>,
  "queues" | "queuesBehindToken"
>;

/** The index behind the last queue of those that do not follow a token. */
export function endOfFirstQueues(
  { first, count, behind, isCounted }: QueueArguments,
  args: Buffer[],
): number {
  // A wrong number is an error of the command.
  const most = isCounted ? (parseInteger(args[first - 1]!) ?? 0) : count;
  return Math.min(args.length - behind, first + most);
}

/** The indexes of the first queue behind a token, and behind the last one; null without a token. */
export function queuesBehindTokenIn<C extends Caller, X extends QueueContext>(
  { queues, queuesBehindToken }: Places<C, X>,
  args: Buffer[],
): [number, number] | null {
  if (!queuesBehindToken) return null;
  const first = queuesBehindToken(args);
  // An odd number is an error of the command: then any of them may be a queue.
  const end = queues!.isHalf ? first + Math.ceil((args.length - first) / 2) : args.length;
  return [first, end];
}

/** Null: the call names none, or another number than it says, though it has to. */
export function queuesNamedIn<C extends Caller, X extends QueueContext>(
  entry: Places<C, X>,
  args: Buffer[],
): Buffer[] | null {
  const { first, count, isCounted, isOptional, isHalf } = entry.queues!;
  const end = endOfFirstQueues(entry.queues!, args);
  const isWrong = isCounted && parseInteger(args[first - 1]!) !== end - first;
  const named = isWrong || count === 0 ? [] : args.slice(first, end);
  const behindToken = queuesBehindTokenIn(entry, args);
  if (behindToken) {
    const [from, to] = behindToken;
    // As Redis counts an odd number.
    const isOdd = isHalf && (args.length - from) % 2 === 1;
    named.push(...args.slice(from, isOdd ? to - 1 : to));
  }
  return named.length > 0 || isOptional ? named : null;
}
