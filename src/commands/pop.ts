// QRPOP and the peeks: events out, at most once or until they are acknowledged.
import type { End, Event } from "../queue/event.ts";
import type { Reply } from "../resp/reply.ts";
import { type QueueCommand, type StoreCommand, storeCommand } from "./command.ts";
import { PoppedEvents } from "./popped-events.ts";

const shared = { group: "queue", since: "0.1.0" } as const;

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
      "seconds (else its lease), then ready again unless acknowledged; EX 0 or NOACK removes it " +
      "at once.",
    access: "consume",
    flags: ["write", "fast"],
    parse: ([, queue], { EX = null, NOACK }) => ({
      kind: "pop",
      queue,
      leaseMs: NOACK ? 0 : EX,
      claimant: null,
    }),
    reply(popped, operation, { stats, store }) {
      if (!popped) return null;
      stats.pops += 1;
      return new PoppedEvents(store, [popped], eventReply(popped), operation.leaseMs !== 0);
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
