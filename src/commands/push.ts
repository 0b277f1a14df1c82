// QLPUSH and QRPUSH: events in, at either end.
import type { End, Push, Results } from "../queue/store.ts";
import { Failure, OK, quoteForError, type Reply } from "../resp/reply.ts";
import { type Answer, type Call, type Command, CommandError, FromStore } from "./command.ts";
import { checkNew, parseOptions } from "./options.ts";

function push(end: End) {
  return (call: Call): Answer | FromStore => {
    const { args, context } = call;
    const [, queue, id, contents] = args as [Buffer, Buffer, Buffer, Buffer];
    checkNew("queue name", queue, context);
    checkNew("id", id, context);
    const isBackground = args.length > 4 && parseOptions(args, 4, { NOBLOCK: "word" }).NOBLOCK;
    const operation: Push = { kind: "push", queue, end, id, contents };
    if (isBackground) return pushInBackground(call, operation);
    return FromStore.of(operation, answerPush);
  };
}

function answerPush(result: Results["push"], { context }: Call, { id }: Push): Reply {
  if (result !== "ok") return new Failure(`ERR duplicate event ${quoteForError(id)}`);
  context.stats.pushes += 1;
  return OK;
}

function pushInBackground(call: Call, operation: Push): Reply {
  const { client, context } = call;
  const { stats, settings } = context;
  const bytes = operation.contents.length;
  const hasRoom =
    stats.backgroundPushes < settings.bgPushPoolSize &&
    (stats.backgroundPushes === 0 || stats.backgroundBytes + bytes <= settings.maxEventBytes);
  if (!hasRoom) throw new CommandError("ERR too busy to process NOBLOCK event");
  stats.backgroundPushes += 1;
  stats.backgroundBytes += bytes;
  client.session
    .ask(operation)
    .then((result) => {
      const reply = answerPush(result, call, operation);
      if (reply instanceof Failure) throw new Error(reply.text);
    })
    .catch((error: Error) => {
      const { queue, id } = operation;
      context.warn("NOBLOCK push failed", { queue, id, error });
    })
    .finally(() => {
      stats.backgroundPushes -= 1;
      stats.backgroundBytes -= bytes;
    });
  return OK;
}

const syntax = "queue eventId contents [NOBLOCK]";

export const pushCommands: Command[] = [
  {
    name: "QLPUSH",
    syntax,
    summary:
      "Pushes an event at the left end, the last to be popped; OK once the store has it. " +
      "With NOBLOCK, OK at once.",
    group: "queue",
    access: "push",
    since: "0.1.0",
    flags: ["write", "fast"],
    run: push("left"),
  },
  {
    name: "QRPUSH",
    syntax,
    summary: "Pushes an event at the right end: it is the next one out. Otherwise as QLPUSH.",
    group: "queue",
    access: "push",
    since: "0.1.0",
    flags: ["write", "fast"],
    run: push("right"),
  },
];
