// QLPUSH and QRPUSH: events in, at either end.
import type { End, Results } from "../queue/store.ts";
import { Failure, OK, quoteForError, type Reply } from "../resp/reply.ts";
import { type Call, type Command, CommandError } from "./command.ts";
import { parseOptions } from "./options.ts";

function push(end: End) {
  return ({ args, client, context }: Call): Reply | Promise<Reply> => {
    const [, queue, id, contents] = args as [Buffer, Buffer, Buffer, Buffer];
    const isBackground = args.length > 4 && parseOptions(args, 4, { NOBLOCK: "word" }).NOBLOCK;
    const { stats, settings } = context;
    if (isBackground && stats.backgroundPushes >= settings.bgPushPoolSize) {
      throw new CommandError("ERR too busy to process NOBLOCK event");
    }
    stats.pushes += 1;
    const pushed = client.session.submit({ kind: "push", queue, end, id, contents });
    const answered = pushed.then((result) => replyTo(result, id));
    if (!isBackground) return answered;
    stats.backgroundPushes += 1;
    void answered
      .then((reply) => {
        if (reply instanceof Failure) throw new Error(reply.text);
      })
      .catch((error: Error) => context.reportFailure(`NOBLOCK push ${quoteForError(id)}`, error))
      .finally(() => (stats.backgroundPushes -= 1));
    return OK;
  };
}

function replyTo(result: Results["push"], id: Buffer): Reply {
  return result === "ok" ? OK : new Failure(`ERR duplicate event ${quoteForError(id)}`);
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
    since: "0.1.0",
    flags: ["write", "fast"],
    run: push("left"),
  },
  {
    name: "QRPUSH",
    syntax,
    summary: "Pushes an event at the right end: it is the next one out. Otherwise as QLPUSH.",
    group: "queue",
    since: "0.1.0",
    flags: ["write", "fast"],
    run: push("right"),
  },
];
