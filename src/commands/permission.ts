// Whether a client may call a command, with these queues: the one place that decides it.
import { Failure, quoteForError } from "../resp/reply.ts";
import type { Call } from "./command.ts";
import { wireName } from "./syntax.ts";
import type { Entry } from "./table.ts";

/** Before a login nothing is told of what there is. */
export const LOG_IN_FIRST = new Failure("NOAUTH Authentication required.");

/** Queues that one command may name: all are compared with the user's patterns in one go. */
const QUEUES_MAX = 16_384;

/** Null when it may. Fixed words first: a name could be anything, and drivers act on some words. */
export function refusalOf({ command, queues }: Entry, { args, client }: Call): Failure | null {
  const { access, name } = command;
  if (access === "anybody") return null;
  const { user } = client;
  if (user === null) return LOG_IN_FIRST;
  if (access === "logged-in" && queues === null) return null;
  if (access !== "logged-in" && !user.may(access)) {
    const what = `run the '${wireName(name)}' command`;
    return new Failure(`NOPERM User ${user.name} has no permissions to ${what}`);
  }
  if (!queues) return null;
  const end = Math.min(args.length, queues.first + queues.count);
  if (end - queues.first > QUEUES_MAX) {
    return new Failure(`ERR too many queues, ${end - queues.first} of at most ${QUEUES_MAX}`);
  }
  for (let at = queues.first; at < end; at++) {
    if (user.mayUse(args[at]!)) continue;
    const what = `use the queue '${quoteForError(args[at]!)}'`;
    return new Failure(`NOPERM User ${user.name} has no permissions to ${what}`);
  }
  return null;
}
