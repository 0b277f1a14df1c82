// QLPUSH and QRPUSH: events in, at either end.
import { Duplicate, type End } from "../queue/event.ts";
import type { Push } from "../queue/operations.ts";
import { OK } from "../resp/reply.ts";
import { checkNew } from "./arguments.ts";
import { InBackground } from "./background.ts";
import { type StoreCommand, storeCommand } from "./command.ts";
import { errorReply } from "./errors.ts";

function pushCommand(name: string, end: End, summary: string): StoreCommand {
  return storeCommand({
    name,
    syntax: "queue eventId contents [NOBLOCK]",
    summary,
    group: "queue",
    access: "push",
    since: "0.1.0",
    flags: ["write", "fast"],
    parse([, queue, id, contents], { NOBLOCK }, context) {
      checkNew("queue name", queue, context);
      checkNew("id", id, context);
      const push: Push = { kind: "push", queue, end, id, contents, options: null };
      return NOBLOCK ? new InBackground(push) : push;
    },
    reply(result, _, { stats }) {
      if (result instanceof Duplicate) return errorReply("duplicateEvent", { id: result.id });
      stats.pushes += 1;
      return OK;
    },
  });
}

export const pushCommands = [
  pushCommand(
    "QLPUSH",
    "left",
    "Pushes an event at the left end, the last to be popped; OK once the store has it. " +
      "With NOBLOCK, OK at once.",
  ),
  pushCommand(
    "QRPUSH",
    "right",
    "Pushes an event at the right end, where it is the next one out. Otherwise as QLPUSH.",
  ),
];
