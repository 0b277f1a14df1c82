// QRPOP, QACK, and the peeks: events out, at most once or until they are acknowledged.
import type { Ack, End, Event, Pop, Popped } from "../queue/store.ts";
import type { Reply } from "../resp/reply.ts";
import {
  type Answer,
  type Call,
  type Command,
  type Context,
  FromStore,
  Handout,
} from "./command.ts";
import { parseOptions, parseSeconds } from "./options.ts";

const LEASE_DEFAULT_MS = 30_000;

function pop({ args }: Call): FromStore {
  let leaseMs = LEASE_DEFAULT_MS;
  if (args.length > 2) {
    const { EX, NOACK } = parseOptions(args, 2, { EX: "value", NOACK: "word" });
    if (EX) leaseMs = parseSeconds("EX", EX);
    if (NOACK) leaseMs = 0;
  }
  return FromStore.of({ kind: "pop", queue: args[1]!, leaseMs }, answerPop);
}

function answerPop(popped: Popped | null, { context }: Call, operation: Pop): Answer {
  if (!popped) return null;
  context.stats.pops += 1;
  return new PoppedEvent(context, operation, popped);
}

class PoppedEvent extends Handout {
  readonly #context: Context;
  readonly #pop: Pop;
  readonly #popped: Popped;

  constructor(context: Context, operation: Pop, popped: Popped) {
    super(eventReply(popped), operation.leaseMs > 0);
    this.#context = context;
    this.#pop = operation;
    this.#popped = popped;
  }

  /** Undoes the pop, unless its claim has ended: then another consumer may have the event. */
  giveBack(): void {
    const { queue, leaseMs } = this.#pop;
    // Not the client's session: there it would be refused behind an operation that was refused.
    const session = this.#context.store.session();
    const undone = session.ask({ kind: "unpop", queue, leaseMs, popped: this.#popped });
    // Without a store the lease brings it back; an event popped for good was at most once.
    undone.catch(() => {});
  }
}

function eventReply(event: Event | null): Reply {
  return event && [event.id, event.contents];
}

function ack({ args }: Call): FromStore {
  const redo = args.length > 3 && parseOptions(args, 3, { REDO: "word" }).REDO === true;
  return FromStore.of({ kind: "ack", queue: args[1]!, id: args[2]!, redo }, answerAck);
}

function answerAck(wasClaimed: boolean, { context }: Call, { redo }: Ack): Answer {
  if (wasClaimed && !redo) context.stats.acks += 1;
  return wasClaimed ? 1 : 0;
}

function peek(end: End) {
  return ({ args }: Call): FromStore =>
    FromStore.of({ kind: "peek", queue: args[1]!, end }, eventReply);
}

export const popCommands: Command[] = [
  {
    name: "QRPOP",
    syntax: "queue [EX seconds] [NOACK]",
    summary:
      "Pops the right-most event as [eventId, contents], or nil. It is claimed for EX seconds " +
      "(30), then it is ready again unless acknowledged; EX 0 or NOACK removes it at once.",
    group: "queue",
    access: "consume",
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
    access: "consume",
    since: "0.1.0",
    flags: ["write", "fast"],
    run: ack,
  },
  {
    name: "QLPEEK",
    syntax: "queue",
    summary: "Shows the left-most ready event, the last to be popped, as [eventId, contents].",
    group: "queue",
    access: "inspect",
    since: "0.1.0",
    flags: ["readonly", "fast"],
    run: peek("left"),
  },
  {
    name: "QRPEEK",
    syntax: "queue",
    summary: "Shows the right-most ready event, the next to be popped, as [eventId, contents].",
    group: "queue",
    access: "inspect",
    since: "0.1.0",
    flags: ["readonly", "fast"],
    run: peek("right"),
  },
];
