// QRPOP, QACK, and the peeks: events out, at most once or until they are acknowledged.
import type { End, Event, Popped } from "../queue/event.ts";
import type { Ack, Pop, Redo } from "../queue/operations.ts";
import type { Reply } from "../resp/reply.ts";
import { Handout } from "./answer.ts";
import { type QueueCommand, type StoreCommand, storeCommand } from "./command.ts";
import type { QueueContext } from "./context.ts";

const LEASE_DEFAULT_MS = 30_000;

const shared = { group: "queue", since: "0.1.0" } as const;

class PoppedEvent extends Handout {
  readonly #store: QueueContext["store"];
  readonly #pop: Pop;
  readonly #popped: Popped;

  constructor(store: QueueContext["store"], pop: Pop, popped: Popped) {
    super(eventReply(popped), pop.leaseMs !== 0);
    this.#store = store;
    this.#pop = pop;
    this.#popped = popped;
  }

  /** Undoes the pop, unless its claim has ended: then another consumer may have the event. */
  giveBack(): void {
    const { queue } = this.#pop;
    // A session of its own: in the client's it would fail after a failed operation.
    const session = this.#store.session();
    const undone = session.ask({ kind: "unpop", queue, popped: this.#popped });
    // If the store fails, the event is requeued when its lease expires. Without a lease it is lost:
    // it was to be delivered at most once.
    undone.catch(() => {});
  }
}

function eventReply(event: Event | null): Reply {
  return event && [event.id, event.contents];
}

function peekCommand(name: string, end: End, summary: string): StoreCommand {
  return storeCommand({
    ...shared,
    name,
    syntax: "queue",
    summary,
    access: "inspect",
    flags: ["readonly", "fast"],
    parse: ([, queue]) => ({ kind: "peek", queue, end }),
    reply: (event) => eventReply(event),
  });
}

export const popCommands: QueueCommand[] = [
  storeCommand({
    ...shared,
    name: "QRPOP",
    syntax: "queue [EX seconds] [NOACK]",
    summary:
      "Pops the right-most ready event as [eventId, contents], or nil. It is claimed for EX " +
      "seconds (30), then ready again unless acknowledged; EX 0 or NOACK removes it at once.",
    access: "consume",
    flags: ["write", "fast"],
    parse: ([, queue], { EX = LEASE_DEFAULT_MS, NOACK }) => ({
      kind: "pop",
      queue,
      leaseMs: NOACK ? 0 : EX,
      claimant: null,
    }),
    reply(popped, operation, { stats, store }) {
      if (!popped) return null;
      stats.pops += 1;
      return new PoppedEvent(store, operation, popped);
    },
  }),
  storeCommand({
    ...shared,
    name: "QACK",
    syntax: "queue eventId [REDO]",
    summary:
      "Acknowledges a claimed event: 1 if it was claimed and is now gone, or with REDO ready at " +
      "the right end; 0 if it was not claimed.",
    access: "consume",
    flags: ["write", "fast"],
    parse: ([, queue, id], { REDO }): Ack | Redo =>
      REDO
        ? { kind: "redo", queue, id, token: null, start: null }
        : { kind: "ack", queue, id, token: null, result: null },
    reply(wasClaimed, { kind }, { stats }) {
      if (wasClaimed && kind === "ack") stats.acks += 1;
      return wasClaimed ? 1 : 0;
    },
  }),
  peekCommand(
    "QLPEEK",
    "left",
    "Shows the left-most ready event, the last to be popped, as [eventId, contents].",
  ),
  peekCommand(
    "QRPEEK",
    "right",
    "Shows the right-most ready event, the next to be popped, as [eventId, contents].",
  ),
];
