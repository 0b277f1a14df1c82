// What dispatch needs of a descriptor, worked out once.
import type { Caller, Client } from "./caller.ts";
import type { Command } from "./command.ts";
import type { Context, QueueContext } from "./context.ts";
import { arityOf, type QueueArguments, queueArgumentsOf } from "./syntax.ts";

export interface Entry<C extends Caller = Client, X extends QueueContext = Context> {
  command: Command<C, X>;
  /** Bounds of the argument count, the command's words included. */
  min: number;
  max: number;
  queues: QueueArguments | null;
}

export function entryOf<C extends Caller, X extends QueueContext>(
  command: Command<C, X>,
): Entry<C, X> {
  const words = command.name.split(" ").length;
  const { min, max } = arityOf(command.syntax);
  return { command, min: min + words, max: max + words, queues: queueArgumentsOf(command) };
}
