// QRPOP, QACK, and the peeks: events out, at most once or until they are acknowledged.
import { BehindFailure } from "../queue/errors.ts";
import type { Ack, End, Event, Pop } from "../queue/store.ts";
import type { Reply } from "../resp/reply.ts";
import {
  type Answer,
  type Call,
  type Client,
  type Command,
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

function answerPop(event: Event | null, { client, context }: Call, operation: Pop): Answer {
  if (!event) return null;
  context.stats.pops += 1;
  return new PoppedEvent(client, operation, event);
}

class PoppedEvent extends Handout {
  readonly #client: Client;
  readonly #pop: Pop;
  readonly #event: Event;
  readonly #leaseEndsAt: number;

  constructor(client: Client, operation: Pop, event: Event) {
    super(eventReply(event), operation.leaseMs > 0);
    this.#client = client;
    this.#pop = operation;
    this.#event = event;
    this.#leaseEndsAt = performance.now() + operation.leaseMs;
  }

  /** Back to the right end, unless its lease ran out: then it may be another's. */
  giveBack(): void {
    const { session } = this.#client;
    const { queue, leaseMs } = this.#pop;
    const { id } = this.#event;
    if (leaseMs > 0 && performance.now() >= this.#leaseEndsAt) return;
    const done =
      leaseMs > 0
        ? session.ask({ kind: "ack", queue, id, redo: true })
        : session.ask({ kind: "push", queue, end: "right", ...this.#event });
    done.catch((error: unknown) => {
      // Another one that could not be given back must not keep this one.
      if (error instanceof BehindFailure) this.giveBack();
      // Without a store the lease brings it back; an event popped for good was at most once.
    });
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
