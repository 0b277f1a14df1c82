// QBIND and QUNBIND: bind a queue to another one, so that it gets copies of its events.
import { BOUND_MAX, boundName } from "../queue/bindings.ts";
import { OK, quoteForError } from "../resp/reply.ts";
import { checkNew } from "./arguments.ts";
import { type QueueCommand, queueCommand } from "./command.ts";
import { commandError, errorReply } from "./errors.ts";
import { demandPush } from "./permission.ts";
import { Submission } from "./submission.ts";

const shared = { group: "queue", access: "manage", since: "0.1.0", flags: ["write"] } as const;

export const bindCommands: QueueCommand[] = [
  queueCommand({
    ...shared,
    name: "QBIND",
    syntax: "queue name",
    summary:
      "Binds the queue called queue@name: it gets a copy of each event that enters the queue " +
      "from now on, in the same step, by pushes of all kinds and, if ready or delayed, by " +
      "failed-to or QMOVE. The user needs the right to push into it. Later changes of an event " +
      `do not reach its copies. At most ${BOUND_MAX} queues in all below one.`,
    run([, queue, name], _, { client, context }) {
      const bound = boundName(queue, name);
      if (name.length === 0) throw commandError("empty", { name: "the name of a binding is" });
      checkNew("queue name", bound, context);
      demandPush(bound, client);
      return Submission.one({ kind: "bind", queue, name }, (outcome) => {
        if (outcome === "ok") return OK;
        if (outcome === "apart") return errorReply("boundApart", { queue: bound });
        const things = `queues bound to '${quoteForError(outcome.tooMany)}' and below`;
        return errorReply("tooMany", { things, count: BOUND_MAX + 1, max: BOUND_MAX });
      });
    },
  }),
  queueCommand({
    ...shared,
    name: "QUNBIND",
    syntax: "queue name",
    summary:
      "Ends that: 1, or 0 if it was not bound. The queue called queue@name and its events stay. " +
      "The user needs the right to push into it.",
    run([, queue, name], _, { client }) {
      demandPush(boundName(queue, name), client);
      return Submission.one({ kind: "unbind", queue, name }, Number);
    },
  }),
];
