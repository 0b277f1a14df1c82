// QMOVE, QSET and QCANCEL: moves events to another queue, and changes or cancels one.
import type { EventFacts } from "../queue/event.ts";
import type { Target } from "../queue/management.ts";
import { slicesOf } from "../queue/slices.ts";
import { checkNew } from "./arguments.ts";
import { countOf, selected, targetsOf } from "./change.ts";
import { type QueueCall, type QueueCommand, queueCommand, storeCommand } from "./command.ts";
import { commandError } from "./errors.ts";
import { demandPush } from "./permission.ts";
import { headersOf, START, startOf } from "./push-options.ts";
import { pagesOf, Selection, stateOf, WHICH } from "./selection.ts";
import { Submission } from "./submission.ts";
import type { Options } from "./syntax-types.ts";

const MOVED = ["ready", "delayed", "failed", "completed"] as const;
/** Events in one step, so that it takes a store no more than some milliseconds. */
const STEP = 32;
/** Events that are looked at in one step: with their contents. */
const LOOKED_AT_ONCE = 8;

const MOVE_OPTIONS = `[STATE state] ${WHICH} [COUNT limit] [IDS id ...]` as const;

type MoveOptions = Options<typeof MOVE_OPTIONS>;

interface Way {
  queue: Buffer;
  target: Buffer;
}

function move(way: Way, options: MoveOptions, call: QueueCall): Submission | Promise<number> {
  const { client, context } = call;
  checkNew("queue name", way.target, context);
  demandPush(way.target, client);
  if (way.queue.equals(way.target)) throw commandError("moveToItself");
  if (call.phase !== "alone") return moveAtOnce(way, options);
  if (options.IDS) return moveIds(way, options, options.IDS, call);
  return moveSelected(way, options, call);
}

/** As a part of a transaction. */
function moveAtOnce(way: Way, { IDS, ...others }: MoveOptions): Submission {
  const [other] = Object.keys(others);
  if (!IDS || other) {
    throw commandError("inPieces", { form: `QMOVE ${other ? `with ${other}` : "without IDS"}` });
  }
  return Submission.one({ kind: "move", ...way, targets: targetsOf(IDS) }, countOf);
}

async function moveSelected(way: Way, options: MoveOptions, call: QueueCall): Promise<number> {
  const { client } = call;
  const state = options.STATE ? stateOf("STATE", options.STATE, MOVED) : "ready";
  const { COUNT: count = Infinity } = options;
  const selection = new Selection(options);
  let moved = 0;
  for await (const page of pagesOf({ queue: way.queue, state, selection, count }, client)) {
    const done = await moveInSteps(way, selected(page), call);
    moved += done.moved;
    if (done.isOver) break;
  }
  return moved;
}

/** In steps. isOver: the target takes no more. */
async function moveInSteps(way: Way, targets: Target[], { client }: QueueCall) {
  let moved = 0;
  for (let at = 0; at < targets.length && !client.isClosed;) {
    const some = targets.slice(at, at + STEP);
    const results = await client.session.ask({ kind: "move", ...way, targets: some });
    if (results.length === 0) return { moved, isOver: true };
    moved += countOf(results);
    at += results.length;
  }
  return { moved, isOver: false };
}

/** Those of these events that fit. */
async function moveIds(
  way: Way,
  options: MoveOptions,
  ids: Buffer[],
  call: QueueCall,
): Promise<number> {
  const { STATE, COUNT } = options;
  const { session } = call.client;
  const states = STATE ? [stateOf("STATE", STATE, MOVED)] : MOVED;
  const selection = new Selection(options);
  const isWhole = selection.needsContents;
  let targets = targetsOf(ids);
  if (STATE || COUNT !== undefined || !selection.isAll) {
    const found: EventFacts[] = [];
    for (const some of slicesOf(ids, LOOKED_AT_ONCE)) {
      if (found.length === COUNT || call.client.isClosed) break;
      const get = (id: Buffer) => session.ask({ kind: "get", queue: way.queue, id, isWhole });
      for (const event of await Promise.all(some.map(get))) {
        const isOf = event && (states as readonly string[]).includes(event.state);
        if (found.length === COUNT || !isOf || !selection.has(event)) continue;
        found.push({ ...event, contents: null });
      }
    }
    targets = selected(found);
  }
  return (await moveInSteps(way, targets, call)).moved;
}

const OTHERS = "[TTL seconds>0] [PRIORITY priority] [HEADER name value]...";

const shared = { group: "queue", access: "manage", since: "0.1.0", flags: ["write"] } as const;

export const moveCommands: QueueCommand[] = [
  queueCommand({
    ...shared,
    name: "QMOVE",
    syntax: `queue target ${MOVE_OPTIONS}`,
    summary:
      "Moves the ready events that fit (see QLIST), or those in another STATE but claimed, or " +
      "those of up to 1,000 IDS, to the left end of another queue; how many. An event whose id " +
      "is taken there stays. A full or paused target ends it. It works in steps, and ends when " +
      "its client leaves. The user needs the right to push into the target. Other options stand " +
      "before IDS.",
    isExclusive: true,
    inTransaction: "queued",
    run: ([, queue, target], options, call) => move({ queue, target }, options, call),
  }),
  storeCommand({
    ...shared,
    name: "QSET",
    syntax: `queue id [CONTENTS contents] ${START} ${OTHERS}`,
    summary:
      "Changes a ready, delayed or failed event: 1, or 0 if it is not there as such. DELAY 0 " +
      "makes a delayed one ready. TTL counts from now. PRIORITY: a ready one is then at the left " +
      "end of its new priority; it means nothing to one of a group. HEADER sets that header, " +
      "others stay.",
    parse([, queue, id], { CONTENTS = null, TTL = null, PRIORITY = null, HEADER = [], ...start }) {
      if (HEADER.length > 0) headersOf(HEADER);
      return {
        kind: "set",
        queue,
        id,
        contents: CONTENTS,
        start: startOf(start),
        ttlMs: TTL,
        priority: PRIORITY,
        headers: HEADER,
      };
    },
    reply: (isDone) => (isDone ? 1 : 0),
  }),
  storeCommand({
    ...shared,
    name: "QCANCEL",
    syntax: "queue id",
    summary:
      "Removes a ready or delayed event (removed), or asks the consumer of a claimed one to stop " +
      "(asked): it hears that from QTOUCH, and the event is not retried. Else nil.",
    parse: ([, queue, id]) => ({ kind: "cancel", queue, id }),
    reply: (outcome) => outcome,
  }),
];
