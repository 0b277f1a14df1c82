// Decides whether a client may call a command, and use the queues that it names.
import type { ErrorReply } from "../resp/reply.ts";
import type { Right, User } from "../users/user.ts";
import type { Caller } from "./caller.ts";
import type { Call } from "./command.ts";
import type { QueueContext } from "./context.ts";
import type { Entry } from "./entry.ts";
import { commandError, errorReply } from "./errors.ts";
import { endOfFirstQueues, queuesBehindTokenIn } from "./named-queues.ts";
import { wireName } from "./syntax.ts";

/** Before a login every command gets this reply, also an unknown one. */
export const LOG_IN_FIRST = errorReply("loginRequired");

/** How many queues one command may name: all are compared with the user's patterns in one go. */
const QUEUES_MAX = 16_384;

/** The error reply, or null if the client may call it. */
export function permissionError<C extends Caller, X extends QueueContext>(
  entry: Entry<C, X>,
  { args, client }: Call<C, X>,
): ErrorReply | null {
  const { name, access, rights, queues } = entry;
  if (access === "anybody") return null;
  const { user } = client;
  if (user === null) return LOG_IN_FIRST;
  if (user.mayAll && args.length <= QUEUES_MAX) return null;
  if (rights && !user.mayOneOf(rights)) {
    return errorReply("noCommandRight", { user: user.name, command: wireName(name) });
  }
  if (!queues) return null;
  const error = queuesError(user, args, queues.first, endOfFirstQueues(queues, args));
  const behindToken = error ? null : queuesBehindTokenIn(entry, args);
  return behindToken ? queuesError(user, args, ...behindToken) : error;
}

/** Throws unless the client has that right, which a command needs for a part of what it does. */
export function demandRight(right: Right, command: string, { user }: Caller): User {
  if (user!.may(right)) return user!;
  const { name } = user!;
  throw commandError("noFormRight", { user: name, command: wireName(command), group: right });
}

/** Throws unless the client may remove events of others. */
export function demandRemove(command: string, { user }: Caller): void {
  if (user!.mayOneOf(["consume", "manage"])) return;
  const group = "consume or manage";
  throw commandError("noFormRight", { user: user!.name, command: wireName(command), group });
}

/** Throws unless the client may use that queue, which is no argument of the command. */
export function demandQueue(queue: Buffer, { user }: Caller): void {
  if (!user!.mayUse(queue)) throw commandError("noQueueRight", { user: user!.name, queue });
}

/** Throws unless the client may push into a queue that a command makes events enter. */
export function demandPush(queue: Buffer, client: Caller): void {
  demandQueue(queue, client);
  const { user } = client;
  if (!user!.may("push")) throw commandError("noPushRight", { user: user!.name, queue });
}

/** The error reply if the user may not use one of the arguments from `first` to before `end`. */
function queuesError(user: User, args: Buffer[], first: number, end: number): ErrorReply | null {
  if (end - first > QUEUES_MAX) {
    return errorReply("tooMany", { things: "queues", count: end - first, max: QUEUES_MAX });
  }
  for (let at = first; at < end; at++) {
    if (user.mayUse(args[at]!)) continue;
    return errorReply("noQueueRight", { user: user.name, queue: args[at]! });
  }
  return null;
}
