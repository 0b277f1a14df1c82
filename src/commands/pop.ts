// QRPOP, QACK, and the peeks: events out, at most once or until they are acknowledged.
import type { End, Event, Pop } from "../queue/store.ts";
import type { Reply } from "../resp/reply.ts";
import { type Answer, type Call, type Client, type Command, Handout } from "./command.ts";
import { parseOptions, parseSeconds } from "./options.ts";

const LEASE_DEFAULT_MS = 30_000;

function pop({ args, client, context }: Call): Promise<Answer> {
  let leaseMs = LEASE_DEFAULT_MS;
  if (args.length > 2) {
    const { EX, NOACK } = parseOptions(args, 2, { EX: "value", NOACK: "word" });
    if (EX) leaseMs = parseSeconds("EX", EX);
    if (NOACK) leaseMs = 0;
  }
  const operation: Pop = { kind: "pop", queue: args[1]!, leaseMs };
  return client.session.submit(operation).then((event) => {
    if (!event) return null;
    context.stats.pops += 1;
    const leaseEndsAt = performance.now() + leaseMs;
    return new Handout(eventReply(event), () => giveBack(client, operation, event, leaseEndsAt));
  });
}

/** Puts an event back at the right end, unless its lease ran out: then it may be another's. */
function giveBack(client: Client, { queue, leaseMs }: Pop, event: Event, leaseEndsAt: number) {
  if (leaseMs > 0 && performance.now() >= leaseEndsAt) return;
  const done =
    leaseMs > 0
      ? client.session.submit({ kind: "ack", queue, id: event.id, redo: true })
      : client.session.submit({ kind: "push", queue, end: "right", ...event });
  // Without a store the lease brings it back; an event popped for good was at most once.
  done.catch(() => {});
}

function eventReply(event: Event | null): Reply {
  return event && [event.id, event.contents];
}

function ack({ args, client, context }: Call): Promise<Reply> {
  const redo = args.length > 3 && parseOptions(args, 3, { REDO: "word" }).REDO === true;
  context.stats.acks += 1;
  return client.session
    .submit({ kind: "ack", queue: args[1]!, id: args[2]!, redo })
    .then((wasClaimed) => (wasClaimed ? 1 : 0));
}

function peek(end: End) {
  return ({ args, client }: Call): Promise<Reply> =>
    client.session.submit({ kind: "peek", queue: args[1]!, end }).then(eventReply);
}

export const popCommands: Command[] = [
  {
    name: "QRPOP",
    syntax: "queue [EX seconds] [NOACK]",
    summary:
      "Pops the right-most event as [eventId, contents], or nil. It is claimed for EX seconds " +
      "(30), then it is ready again unless acknowledged; EX 0 or NOACK removes it at once.",
    group: "queue",
    since: "0.1.0",
    flags: ["write", "fast"],
    run: pop,
  },
  {
    name: "QACK",
    syntax: "queue eventId [REDO]",
    summary:
      "Acknowledges a claimed event: 1 when it is now gone, or with REDO back at the right end; " +
      "0 when it was not claimed.",
    group: "queue",
    since: "0.1.0",
    flags: ["write", "fast"],
    run: ack,
  },
  {
    name: "QLPEEK",
    syntax: "queue",
    summary: "Shows the left-most ready event, the last to be popped, as [eventId, contents].",
    group: "queue",
    since: "0.1.0",
    flags: ["readonly", "fast"],
    run: peek("left"),
  },
  {
    name: "QRPEEK",
    syntax: "queue",
    summary: "Shows the right-most ready event, the next to be popped, as [eventId, contents].",
    group: "queue",
    since: "0.1.0",
    flags: ["readonly", "fast"],
    run: peek("right"),
  },
];
