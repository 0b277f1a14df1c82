// QPUSH and QMPUSH, QLPUSH and QRPUSH: events in, one or many, at either end.
import { Duplicate, type End } from "../queue/event.ts";
import type { Push, PushBatch } from "../queue/operations.ts";
import { OK } from "../resp/reply.ts";
import { checkBatch, checkNew } from "./arguments.ts";
import { InBackground } from "./background.ts";
import type { Caller } from "./caller.ts";
import { type StoreCommand, storeCommand } from "./command.ts";
import type { QueueContext } from "./context.ts";
import { errorReply } from "./errors.ts";
import {
  allOptions,
  checkPart,
  ORDER,
  PART,
  PUSH_OPTIONS,
  pushOptions,
  START,
  UNIQUE,
} from "./push-options.ts";

const BATCH_MAX = 1000;

const shared = { group: "queue", access: "push" } as const;

type ClassicOptions = Parameters<typeof pushOptions>[0];

function classicPush(
  { queue, end, id, contents }: { queue: Buffer; end: End; id: Buffer; contents: Buffer },
  given: ClassicOptions,
  context: QueueContext,
  caller: Caller,
): Push | InBackground {
  checkNew("queue name", queue, context);
  checkNew("id", id, context);
  const options = pushOptions(given);
  checkPart(queue, options, context, caller);
  const push: Push = { kind: "push", queue, end, id, contents, options };
  return given.NOBLOCK ? new InBackground(push) : push;
}

function classicReply(result: Buffer | Duplicate, { stats }: QueueContext) {
  if (result instanceof Duplicate) return errorReply("duplicateEvent", { id: result.id });
  stats.pushes += 1;
  return OK;
}

/** The events of a batch, which has either EVENTS or PAIRS. */
function eventsOf(
  { EVENTS, PAIRS = [] }: { EVENTS?: Buffer[] | undefined; PAIRS?: Buffer[] | undefined },
  context: QueueContext,
): PushBatch["events"] {
  const events: PushBatch["events"] = (EVENTS ?? []).map((contents) => ({ id: null, contents }));
  for (let at = 0; at < PAIRS.length; at += 2) {
    const id = PAIRS[at]!;
    checkNew("id", id, context);
    events.push({ id, contents: PAIRS[at + 1]! });
  }
  checkBatch(
    "events",
    events.map(({ contents }) => contents),
    BATCH_MAX,
    context,
  );
  return events;
}

const classic = { ...shared, since: "0.1.0", flags: ["write", "fast"] } as const;
const CLASSIC = "queue eventId contents [NOBLOCK]";
const PLACE = "[RIGHT|DELAY seconds|AT time]";
const EVENTS_OR_PAIRS = "EVENTS contents [contents ...] | PAIRS id contents [id contents ...]";
const ONDUP = "[ONDUP ERROR|KEEP|REPLACE]";

export const pushCommands: StoreCommand[] = [
  storeCommand({
    ...classic,
    name: "QLPUSH",
    syntax: `${CLASSIC} ${START} ${ORDER} ${PUSH_OPTIONS} ${UNIQUE} ${PART}`,
    summary:
      "Pushes an event at the left end, the last to be popped; OK once the store has it. " +
      "With NOBLOCK, OK at once. For the options see QPUSH.",
    parse: ([, queue, id, contents], given, context, caller) =>
      classicPush({ queue, end: "left", id, contents }, given, context, caller),
    reply: (result, _, context) => classicReply(result, context),
  }),
  storeCommand({
    ...classic,
    name: "QRPUSH",
    syntax: `${CLASSIC} [PRIORITY priority] ${PUSH_OPTIONS} ${UNIQUE} ${PART}`,
    summary:
      "Pushes an event at the right end, where it is the next one out of its priority, so it " +
      "takes neither a delay nor a group. Otherwise as QLPUSH.",
    parse: ([, queue, id, contents], given, context, caller) =>
      classicPush({ queue, end: "right", id, contents }, given, context, caller),
    reply: (result, _, context) => classicReply(result, context),
  }),
  storeCommand({
    ...shared,
    name: "QPUSH",
    syntax: `queue contents [ID id] ${PLACE} ${ORDER} ${PUSH_OPTIONS} ${UNIQUE} ${PART} ${ONDUP}`,
    summary:
      "Pushes an event and answers its id, which okq makes unless ID names it. RIGHT: it is the " +
      "next one out of its priority. DELAY, AT: not before then. PRIORITY: from -1000 to 1000 " +
      "(0), higher ones are handed out first. GROUP: in order within that group, which takes " +
      "turns with the others; not with RIGHT. TTL: it expires so long after its push, unless " +
      "it is claimed. ATTEMPTS, BACKOFF, LEASE: instead of the queue's settings. HEADER: any " +
      "number of times. UNIQUE: no second event of that key while this one is ready, delayed or " +
      "claimed; UNTIL CLAIMED: while it is ready or delayed; FOR: for so long from the push, " +
      "whatever becomes of it. ONDUP: an event with that id or key is there: an error " +
      "with its id, or keep it, or replace it while it is ready or delayed. PART: a member of " +
      "that counter, see QCOUNTER: it is counted down when it is acknowledged.",
    since: "0.1.0",
    flags: ["write", "fast"],
    parse([, queue, contents], given, context, caller): Push {
      const { ID, RIGHT } = given;
      checkNew("queue name", queue, context);
      if (ID) checkNew("id", ID, context);
      const end = RIGHT ? "right" : "left";
      const options = pushOptions(given);
      checkPart(queue, options, context, caller);
      return { kind: "push", queue, end, id: ID ?? null, contents, options };
    },
    reply(result, _, { stats }) {
      if (result instanceof Duplicate) return errorReply("duplicate", { id: result.id });
      stats.pushes += 1;
      return result;
    },
  }),
  storeCommand({
    ...shared,
    name: "QMPUSH",
    syntax: `queue ${PLACE} ${ORDER} ${PUSH_OPTIONS} ${PART} ${ONDUP} ${EVENTS_OR_PAIRS}`,
    summary:
      "Pushes up to 1,000 events in one step, all with these options (see QPUSH), or with an " +
      "error none. The array of their ids; nil in the place of one that was there, unless ONDUP " +
      "keeps or replaces it. With RIGHT the last one is the next one out. Options stand before " +
      "EVENTS or PAIRS.",
    since: "0.1.0",
    flags: ["write"],
    parse([, queue], { EVENTS, PAIRS, ...given }, context, caller): PushBatch {
      checkNew("queue name", queue, context);
      const events = eventsOf({ EVENTS, PAIRS }, context);
      const end = given.RIGHT ? "right" : "left";
      const options = allOptions(given);
      checkPart(queue, options, context, caller);
      return { kind: "pushBatch", queue, end, events, options };
    },
    reply(results, { options }, { stats }) {
      const keeps = options.onDuplicate === "keep";
      return results.map((result) => {
        if (result instanceof Duplicate) return keeps ? result.id : null;
        stats.pushes += 1;
        return result;
      });
    },
  }),
];
