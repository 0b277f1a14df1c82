// QDEL, QRETRY and QPURGE: removes events, or makes failed ones ready again. They are named by
// their ids or by what they are like.
import type { End, EventFacts, State } from "../queue/event.ts";
import { slicesOf } from "../queue/slices.ts";
import type { Target } from "../queue/management.ts";
import type { Reply } from "../resp/reply.ts";
import { checkCount } from "./arguments.ts";
import type { Caller } from "./caller.ts";
import { type QueueCall, type QueueCommand, queueCommand } from "./command.ts";
import { commandError } from "./errors.ts";
import { Submission } from "./submission.ts";
import { pagesOf, Selection, stateOf, WHICH } from "./selection.ts";
import type { Options } from "./syntax-types.ts";

const IDS_MAX = 1000;
/** Events in one operation. More of them would delay other clients. */
const STEP = 64;
const PURGED = ["ready", "delayed", "failed", "completed"] as const;
const RETRIED = ["failed", "delayed"] as const;

const RETRY_OPTIONS = `[RIGHT] [STATE state] ${WHICH} [COUNT limit]` as const;

/** Events as they are now, by their ids. */
export function targetsOf(ids: Buffer[]): Target[] {
  checkCount("ids", ids.length, IDS_MAX);
  return ids.map((id) => ({ id, version: null }));
}

/** Events that have not changed since they were selected. */
export function selected(events: EventFacts[]): Target[] {
  return events.map(({ id, version }) => ({ id, version }));
}

/** In steps, as long as the client is there. */
async function inSteps(
  targets: Target[],
  client: Caller,
  change: (targets: Target[]) => Promise<boolean[]>,
): Promise<boolean[]> {
  const results: boolean[] = [];
  for (const some of slicesOf(targets, STEP)) {
    if (client.isClosed) break;
    results.push(...(await change(some)));
  }
  return results;
}

function remove(queue: Buffer, targets: Target[], client: Caller): Promise<boolean[]> {
  return inSteps(targets, client, (some) =>
    client.session.ask({ kind: "remove", queue, targets: some }),
  );
}

function makeReady(queue: Buffer, targets: Target[], end: End, client: Caller): Promise<boolean[]> {
  return inSteps(targets, client, (some) =>
    client.session.ask({ kind: "retry", queue, targets: some, end }),
  );
}

function ones(results: boolean[]): number[] {
  return results.map((isDone) => (isDone ? 1 : 0));
}

export function countOf(results: boolean[]): number {
  return results.filter((isDone) => isDone).length;
}

async function purge(
  queue: Buffer,
  state: State,
  options: Options<typeof WHICH> & { COUNT?: number },
  { client }: QueueCall,
): Promise<number> {
  const selection = new Selection(options);
  const { COUNT: count = Infinity } = options;
  let removed = 0;
  for await (const page of pagesOf({ queue, state, selection, count }, client)) {
    removed += countOf(await remove(queue, selected(page), client));
  }
  return removed;
}

type RetryOptions = Options<typeof RETRY_OPTIONS> & { IDS?: Buffer[]; ALL?: true };

function retry(queue: Buffer, options: RetryOptions, call: QueueCall): Submission | Promise<Reply> {
  const { IDS } = options;
  const end = options.RIGHT ? "right" : "left";
  if (!IDS) {
    if (call.phase !== "alone") throw commandError("inPieces", { form: "QRETRY ALL" });
    return retryAll(queue, end, options, call);
  }
  const other = Object.keys(options).find((each) => each !== "IDS");
  if (other !== undefined) throw commandError("exclusiveOptions", { option: other, other: "IDS" });
  const targets = targetsOf(IDS);
  if (call.phase !== "alone") return Submission.one({ kind: "retry", queue, targets, end }, ones);
  return makeReady(queue, targets, end, call.client).then(ones);
}

async function retryAll(
  queue: Buffer,
  end: End,
  options: RetryOptions,
  { client }: QueueCall,
): Promise<number> {
  const { STATE, COUNT = Infinity } = options;
  const selection = new Selection(options);
  const states = STATE ? [stateOf("STATE", STATE, RETRIED)] : RETRIED;
  let retried = 0;
  for (const state of states) {
    const search = { queue, state, selection, count: COUNT - retried };
    if (search.count === 0) break;
    for await (const page of pagesOf(search, client)) {
      const tried = page.filter(
        ({ failures, crashes }) => failures + crashes > 0 || state === "failed",
      );
      retried += countOf(await makeReady(queue, selected(tried), end, client));
    }
  }
  return retried;
}

const shared = { group: "queue", access: "manage", since: "0.1.0", flags: ["write"] } as const;

export const changeCommands: QueueCommand[] = [
  queueCommand({
    ...shared,
    name: "QDEL",
    syntax: "queue id [id ...]",
    summary: "Removes up to 1,000 events; an array of 1 or 0. Claimed ones are left alone (0).",
    run([, queue, ...ids], _, { client, phase }) {
      const targets = targetsOf(ids);
      if (phase !== "alone") return Submission.one({ kind: "remove", queue, targets }, ones);
      // All steps are submitted at once, so that later commands need not wait.
      const steps = slicesOf(targets, STEP).map((some) =>
        client.session.ask({ kind: "remove", queue, targets: some }),
      );
      return Promise.all(steps).then((results) => ones(results.flat()));
    },
  }),
  queueCommand({
    ...shared,
    name: "QRETRY",
    syntax: `queue IDS id [id ...] | ALL ${RETRY_OPTIONS}`,
    summary:
      "Makes failed events ready, and delayed ones that wait for another attempt, counted from " +
      "0, at the left end, or with RIGHT as the next ones out: an array of 1 or 0 for up to " +
      "1,000 IDS, or how many of ALL that fit (see QLIST). ALL works in steps, and ends when " +
      "its client leaves. Behind IDS every word is an id; options are for ALL only.",
    isExclusive: true,
    inTransaction: "queued",
    run: ([, queue], options, call) => retry(queue, options, call),
  }),
  queueCommand({
    ...shared,
    name: "QPURGE",
    syntax: `queue state ${WHICH} [COUNT limit]`,
    summary:
      "Removes the ready, delayed, failed or completed events that fit (see QLIST); how many. It " +
      "works in steps, and ends when its client leaves.",
    isExclusive: true,
    async run([, queue, state], options, call) {
      return await purge(queue, stateOf("the state", state, PURGED), options, call);
    },
  }),
];
