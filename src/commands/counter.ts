// QCOUNTER: counters that members count down, with an event at their end.
import { COUNTERS_MAX } from "../queue/counters.ts";
import { secondsText } from "../queue/durations.ts";
import { OK, Pairs } from "../resp/reply.ts";
import { argumentReader, checkName, checkNew } from "./arguments.ts";
import type { Caller } from "./caller.ts";
import { type StoreCommand, storeCommand } from "./command.ts";
import type { QueueContext } from "./context.ts";
import { errorReply } from "./errors.ts";
import { checkPart, ORDER, PART, PUSH_OPTIONS, pushOptions, UNIQUE } from "./push-options.ts";
import { LISTED_DEFAULT } from "./selection.ts";

const NAME_BYTES_MAX = 1024;

/** Reads THEN and the arguments behind it. */
const pushed = argumentReader(
  "THEN",
  `contents [RIGHT|DELAY seconds|AT time] ${ORDER} ${PUSH_OPTIONS} ${UNIQUE} ${PART}`,
);

interface Place {
  queue: Buffer;
  key: Buffer;
}

function eventOf(args: Buffer[], { queue, key }: Place, context: QueueContext, caller: Caller) {
  const given = pushed.options([Buffer.from("THEN"), ...args]);
  const options = pushOptions(given);
  checkNew("id", key, context);
  checkPart(queue, options, context, caller);
  const end = given.RIGHT ? ("right" as const) : ("left" as const);
  return { contents: args[0]!, end, options };
}

function checkKey(key: Buffer): void {
  checkName("the key is", key, NAME_BYTES_MAX);
}

const shared = {
  group: "queue",
  access: "push",
  since: "0.1.0",
  flags: ["write", "fast"],
} as const;

export const counterCommands: StoreCommand[] = [
  storeCommand({
    ...shared,
    name: "QCOUNTER INIT",
    syntax: "queue key members [TTL seconds>0] [THEN contents ...]",
    summary:
      "Makes a counter that counts so many members down. TTL: then it is gone. THEN, the last " +
      "option: an event that okq pushes into the queue when the last member is counted, with the " +
      "key as its id; behind the contents may stand options of QPUSH but for ID and ONDUP. OK " +
      "also if the same counter is there and has not counted yet.",
    parse([, , queue, key, count], { TTL = null, THEN }, context, caller) {
      checkNew("queue name", queue, context);
      checkKey(key);
      const event = THEN ? eventOf(THEN, { queue, key }, context, caller) : null;
      return { kind: "initCounter", queue, key, count, ttlMs: TTL, event };
    },
    reply(outcome, { key }) {
      if (outcome === "there") return errorReply("counterThere", { key });
      return outcome === "ok" ? OK : errorReply("tooManyCounters", { max: COUNTERS_MAX });
    },
  }),
  storeCommand({
    ...shared,
    name: "QCOUNTER DONE",
    syntax: "queue key member",
    summary:
      "Counts a member down, once however often it is said. How many are left, or nil without " +
      "such a counter. At 0, which is answered once, the counter is gone and the event of THEN " +
      "is pushed in the same step; while the queue does not take that, nothing is counted.",
    parse([, , queue, key, member]) {
      checkKey(key);
      checkName("the member is", member, NAME_BYTES_MAX);
      return { kind: "countDown", queue, key, member };
    },
    reply: (left) => left,
  }),
  storeCommand({
    ...shared,
    name: "QCOUNTER GET",
    syntax: "queue key",
    summary: "How many members of a counter are left, or nil without such a counter.",
    access: "inspect",
    flags: ["readonly", "fast"],
    parse: ([, , queue, key]) => ({ kind: "getCounter", queue, key }),
    reply: (left) => left,
  }),
  storeCommand({
    ...shared,
    name: "QCOUNTER DEL",
    syntax: "queue key",
    summary: "Removes a counter: 1, or 0 if it was not there. Its event never comes.",
    parse: ([, , queue, key]) => ({ kind: "dropCounter", queue, key }),
    reply: (isDropped) => (isDropped ? 1 : 0),
  }),
  storeCommand({
    ...shared,
    name: "QCOUNTER LIST",
    syntax: "queue [AFTER cursor] [COUNT count]",
    summary:
      "A page of counters (100) in the order of their keys, as [next cursor, maps]: key, left, " +
      "since. Only a nil cursor is the end.",
    access: "inspect",
    flags: ["readonly"],
    parse: ([, , queue], { AFTER = null, COUNT = LISTED_DEFAULT }) => ({
      kind: "listCounters",
      queue,
      after: AFTER,
      limit: COUNT,
    }),
    reply: ({ counters, next }) => [
      next,
      counters.map(({ key, left, sinceMs }) =>
        Pairs.withoutNil([
          ["key", key],
          ["left", left],
          ["since", secondsText(sinceMs)],
        ]),
      ),
    ],
  }),
];
