// QGET and QLIST: shows events of a queue, one with all that is known of it, or many page by page.
import { partsOf } from "../queue/claimant.ts";
import type { EventFacts, State } from "../queue/event.ts";
import type { EventPage } from "../queue/management.ts";
import { NIL_ARRAY, Pairs, type Reply } from "../resp/reply.ts";
import { type QueueCall, type QueueCommand, queueCommand } from "./command.ts";
import { commandError } from "./errors.ts";
import { secondsText } from "../queue/durations.ts";
import { headersReply } from "./popped-events.ts";
import { LISTED_DEFAULT, pageLimit, Selection, STATES, stateOf, WHICH } from "./selection.ts";
import { Submission } from "./submission.ts";
import type { Options } from "./syntax-types.ts";

/** How many operations one call may make, and about how many bytes of contents it may answer. */
const SCANS_MAX = 20;
const CONTENTS_BYTES_MAX = 1024 * 1024;

const LIST_OPTIONS =
  `[STATE state] ${WHICH} [COUNT count] [AFTER cursor] [REVERSE] [CONTENTS]` as const;

type ListOptions = Options<typeof LIST_OPTIONS>;

/** Keys that do not apply are left out. */
function factsOf(event: EventFacts, isFull: boolean): Pairs {
  const { id, state, contents, failures, crashes, atMs, claimant } = event;
  // The claim under way counts as an attempt. So does the claim that completed the event.
  const isUnderWay = state === "claimed" || state === "completed";
  const hasEnded = state === "failed" || state === "completed";
  const [okq = null, client = null, worker = null] = claimant ? partsOf(claimant) : [];
  const entries: [string, Reply][] = [
    ["id", id],
    ["state", state],
    ["contents", contents],
    ["attempts", failures + crashes + (isUnderWay ? 1 : 0)],
    ["failures", failures],
    ["crashes", crashes],
    ["max-attempts", event.attemptsMax || null],
    ["priority", event.group ? null : event.priority],
    ["group", event.group],
    ["pushed-at", secondsText(event.pushedAtMs)],
    ["due-at", state === "delayed" ? timeOf(atMs) : null],
    ["ended-at", hasEnded ? timeOf(atMs) : null],
    ["lease-ends-at", state === "claimed" ? timeOf(atMs) : null],
    ["claimed-at", state === "claimed" ? timeOf(event.claimedAtMs) : null],
    ["worker", worker && nameOrNull(worker)],
    ["client", client],
    ["okq", okq],
    ["cancelled", state === "claimed" && event.isCancelled ? 1 : null],
    ["expires-at", timeOf(event.expiresAtMs)],
    ["unique", event.unique],
    ["headers", listOf(headersReply(event.headers))],
    ["last-error", event.lastError],
    ["errors", isFull ? listOf(event.errors.map(errorOf)) : null],
    ["log", isFull ? listOf(event.log) : null],
    ["progress", event.progress],
    ["result", event.result],
    ["held-back-by", event.heldBackBy],
  ];
  return Pairs.withoutNil(entries);
}

function nameOrNull(worker: Buffer): Buffer | null {
  return worker.length > 0 ? worker : null;
}

function timeOf(ms: number | null): string | null {
  return ms === null ? null : secondsText(ms);
}

function listOf(list: Reply[]): Reply {
  return list.length > 0 ? list : null;
}

function errorOf({ atMs, attempt, text }: EventFacts["errors"][number]): Reply {
  return [secondsText(atMs), attempt, text];
}

/** Where a page begins: the state, and the cursor of the store within it. */
interface Start {
  state: State;
  after: Buffer | null;
}

/** A cursor is the first letters of a state that no other has, a dot, and the store's cursor. */
const LETTERS: Record<State, string> = {
  ready: "r",
  delayed: "d",
  claimed: "c",
  failed: "f",
  completed: "o",
};

function cursorOf({ state, after }: Start): Buffer {
  return Buffer.concat([Buffer.from(`${LETTERS[state]}.`), after ?? Buffer.alloc(0)]);
}

function startAt(cursor: Buffer, states: readonly State[]): Start {
  const [letter, dot] = cursor.toString("latin1", 0, 2);
  const state = states.find((each) => LETTERS[each] === letter);
  if (state !== undefined && dot === ".") {
    return { state, after: cursor.length > 2 ? cursor.subarray(2) : null };
  }
  throw commandError("notOneOf", { name: "AFTER", accepts: "a cursor of QLIST", given: cursor });
}

async function listEvents(queue: Buffer, options: ListOptions, call: QueueCall): Promise<Reply> {
  const { STATE, COUNT = LISTED_DEFAULT, AFTER, REVERSE = false, CONTENTS = false } = options;
  const selection = new Selection(options);
  const all = REVERSE ? STATES.toReversed() : STATES;
  const states = STATE ? [stateOf("STATE", STATE, STATES)] : all;
  const isWhole = CONTENTS || selection.needsContents;
  let at: Start | null = AFTER ? startAt(AFTER, states) : { state: states[0]!, after: null };
  const found: EventFacts[] = [];
  let bytes = 0;
  for (let scans = 0; at !== null && scans < SCANS_MAX; scans++) {
    const limit = Math.min(COUNT - found.length, pageLimit(isWhole));
    if (limit === 0 || bytes > CONTENTS_BYTES_MAX || call.client.isClosed) break;
    const { state, after }: Start = at;
    const page: EventPage = await call.client.session.ask({
      kind: "scan",
      queue,
      state,
      after,
      limit,
      isReverse: REVERSE,
      isWhole,
    });
    for (const event of page.events) {
      if (!selection.has(event)) continue;
      found.push(event);
      if (CONTENTS) bytes += event.contents?.length ?? 0;
      else event.contents = null;
    }
    const next = states[states.indexOf(state) + 1];
    if (page.next) at = { state, after: page.next };
    else at = next === undefined ? null : { state: next, after: null };
  }
  const maps = found.map((event) => factsOf(event, false));
  return [at && cursorOf(at), maps];
}

const shared = {
  group: "queue",
  access: "inspect",
  since: "0.1.0",
  flags: ["readonly"],
} as const;

export const lookCommands: QueueCommand[] = [
  queueCommand({
    ...shared,
    name: "QGET",
    syntax: "queue id",
    summary:
      "A map of all that is known of an event, or nil: id, state, contents, attempts, failures, " +
      "crashes, max-attempts (its own, else the queue's), priority, group, pushed-at, due-at, " +
      "ended-at (failed, completed), lease-ends-at, claimed-at, worker, client and okq (that " +
      "claimed it, see QWORKERS), cancelled (1 if its consumer was asked to stop), expires-at, " +
      "unique, headers, last-error, errors (the last 10: [time, attempt, text]), log, progress, " +
      "result, held-back-by (why a ready one is not handed out, see QSTATS).",
    run: ([, queue, id]) =>
      Submission.one({ kind: "get", queue, id, isWhole: true }, (event) =>
        event ? factsOf(event, true) : NIL_ARRAY,
      ),
  }),
  queueCommand({
    ...shared,
    name: "QLIST",
    syntax: `queue ${LIST_OPTIONS}`,
    summary:
      "[next cursor or nil, maps as QGET answers, without errors, log and held-back-by, and " +
      "with contents only with CONTENTS] of the events that fit: in that STATE, MATCH (id), " +
      "ERROR (the last one) and HEADER fit their globs, of that GROUP, CONTAINS (contents), " +
      "pushed BEFORE. COUNT: at most so many (100). A page may be short or empty: only a nil " +
      "cursor is the end.",
    isExclusive: true,
    run: ([, queue], options, call) => listEvents(queue, options, call),
  }),
];
