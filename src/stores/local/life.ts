// What becomes of an event when its claim ends, when it expires, and when it has failed for good.
import { backoffMs } from "../../queue/backoff.ts";
import { type Header, replaceHeaders } from "../../queue/headers.ts";
import type { FailOutcome, When } from "../../queue/event.ts";
import type { Fail } from "../../queue/operations.ts";
import { REPORTED_ERROR_BYTES_MAX, type ReportFacts } from "../../queue/report.ts";
import { failedToOf } from "../../queue/settings.ts";
import { enterFromElsewhere, findIn, isTakenBy, treeIn } from "./bound-queues.ts";
import { toBytes, toText } from "./bytes.ts";
import { type LocalEvent, type LocalQueue, type Position } from "./local-queue.ts";
import type { Model } from "./model.ts";
import { type Facts, type More, moreWith } from "./more.ts";
import { newEvent } from "./new-event.ts";
import { roomIn } from "./room.ts";
import { COMPLETED, DELAYED, FAILED, READY } from "./states.ts";
import { workerIn } from "./workers.ts";

const errorsMax = 10;
const lastErrorBytesMax = 4096;
const errorBytesMax = 1024;
/** Events over the number that is kept are removed with a later one, at most so many at a time. */
const trimmedAtOnce = 100;

const noClaim = { claimedAtMs: null, isCancelled: false };

/** The rare facts of an event begin anew like this in another queue. */
export function leftBehind(): Partial<Facts> {
  return { ttlMs: null, ttlFromMs: null, unique: null, failures: 0, crashes: 0, ...noClaim };
}

/** Another event takes its place: it is gone. */
export function dropOldest(model: Model, event: LocalEvent): void {
  model.tally(event.queue, "dropped");
  drop(model, event);
}

/** The rare facts of an event whose claim ends, with these changes. */
export function withoutClaim(event: LocalEvent, changes: Partial<Facts> | null): More | null {
  const { more } = event;
  const isOfClaim = more !== null && (more.isCancelled || more.claimedAtMs !== null);
  if (changes === null && !isOfClaim) return more;
  return moreWith(more, { ...noClaim, ...changes });
}

/** When it begins; 0 if that is now. */
export function startMs(model: Model, start: When | null): number {
  if (start === null) return 0;
  const atMs = "atMs" in start ? Math.ceil(start.atMs) : model.nowMs + Math.ceil(start.afterMs);
  return atMs > model.nowMs ? atMs : 0;
}

/** The event is gone. */
export function drop(model: Model, event: LocalEvent): void {
  model.drop(event);
}

/** The event is ready at that place. */
export function makeReady(model: Model, event: LocalEvent, place: number, more: More | null): void {
  model.move(event, { state: READY, atMs: 0, place, more });
}

/** The event waits until then. Of events due at the same time its place says which comes first. */
export function delay(
  model: Model,
  event: LocalEvent,
  atMs: number,
  place: number,
  more: More | null,
): void {
  model.move(event, { state: DELAYED, atMs, place, more });
}

/** Ends a claim with success. */
export function complete(model: Model, event: LocalEvent, result: string | null): void {
  const keep = model.settingsOf(event.queue).keepCompleted;
  if (keep.count === 0 || model.isFull) return drop(model, event);
  const isMore = event.more !== null && (event.more.unique !== null || event.more.part !== null);
  const over = isMore ? { unique: null, part: null } : null;
  const facts = result === null ? over : { ...over, result };
  settle(model, event, COMPLETED, withoutClaim(event, facts));
}

/** Ends a claim as a failure. */
export function fail(
  model: Model,
  event: LocalEvent,
  error: string,
  next: Fail["next"],
): FailOutcome {
  if (event.more?.isCancelled) return removed(model, event);
  const failures = (event.more?.failures ?? 0) + 1;
  const settings = model.settingsOf(event.queue);
  const more = withoutClaim(event, { failures, ...noted(model, event, event.attempt, error) });
  const isLast = next === "final" || hasNoAttemptLeft(more!, settings.attemptsMax);
  if (model.reports) {
    const facts = { ...claimFacts(event), error: errorFact(error), ...finalFact(isLast) };
    model.report("failed", event, facts);
  }
  if (isLast) return failForGood(model, event, more);
  if (next !== "backoff") return retryAt(model, event, startMs(model, next), more);
  const rule = event.more?.backoff ?? settings.backoff;
  return retryAfter(model, event, backoffMs(rule, failures, model.random()), more);
}

type Retry = (model: Model, event: LocalEvent, more: More) => FailOutcome;

function afterBackoff(model: Model, event: LocalEvent, more: More): FailOutcome {
  const { crashBackoff } = model.settingsOf(event.queue);
  return retryAfter(model, event, backoffMs(crashBackoff, more.crashes, model.random()), more);
}

/** Ends a claim whose lease ended. retry: what is done with the event if it has an attempt left. */
export function crash(model: Model, event: LocalEvent, retry: Retry = afterBackoff): FailOutcome {
  if (event.more?.isCancelled) return removed(model, event);
  const crashes = (event.more?.crashes ?? 0) + 1;
  const { attemptsMax, crashesMax } = model.settingsOf(event.queue);
  model.tally(event.queue, "crashes");
  const worker = workerIn(event.claimant);
  const error = worker === "" ? "crashed: the lease ended" : crashedText(worker);
  const more = withoutClaim(event, { crashes, ...noted(model, event, event.attempt, error) })!;
  const isLast =
    (crashesMax !== null && crashes >= crashesMax) || hasNoAttemptLeft(more, attemptsMax);
  if (model.reports) {
    const facts = { ...claimFacts(event), ...finalFact(isLast) };
    model.report("crashed", event, facts);
    if (isLast) model.report("failed", event, { ...facts, error: errorFact(error) });
  }
  if (isLast) {
    model.tally(event.queue, "failed");
    return failForGood(model, event, more);
  }
  return retry(model, event, more);
}

/** Ends a waiting event whose TTL has ended. */
export function expire(model: Model, event: LocalEvent): void {
  model.tally(event.queue, "expired");
  const isLast = model.settingsOf(event.queue).expired !== "drop";
  if (model.reports) {
    model.report("expired", event, finalFact(isLast));
    const error = errorFact("expired");
    if (isLast) model.report("failed", event, { error, isFinal: true });
  }
  if (!isLast) return drop(model, event);
  model.tally(event.queue, "failed");
  const facts = noted(model, event, event.attempt - 1, "expired");
  failForGood(model, event, moreWith(event.more, facts));
}

function removed(model: Model, event: LocalEvent): "removed" {
  drop(model, event);
  return "removed";
}

/** Of the claim that ends. */
function claimFacts({ claimant, attempt }: LocalEvent): ReportFacts {
  const worker = workerIn(claimant);
  return worker === "" ? { attempt } : { worker: toBytes(worker), attempt };
}

function errorFact(error: string): Buffer {
  return toBytes(error.slice(0, REPORTED_ERROR_BYTES_MAX));
}

function finalFact(isFinal: boolean): ReportFacts {
  return isFinal ? { isFinal } : {};
}

function crashedText(worker: string): string {
  return `crashed: the lease of ${worker} ended`;
}

/** Notes an error, unless there is no room for it. */
function noted(model: Model, event: LocalEvent, attempt: number, error: string): Partial<Facts> {
  if (model.isFull) return {};
  const latest = { atMs: model.nowMs, attempt, text: error.slice(0, errorBytesMax) };
  const errors = [...(event.more?.errors ?? []), latest].slice(-errorsMax);
  return { lastError: error.slice(0, lastErrorBytesMax), errors };
}

function hasNoAttemptLeft(more: More, queueMax: number | null): boolean {
  const max = more.attemptsMax ?? queueMax;
  return max !== null && max > 0 && more.failures + more.crashes >= max;
}

function retryAfter(
  model: Model,
  event: LocalEvent,
  ms: number,
  more: More | null,
): "ready" | "delayed" {
  return retryAt(model, event, ms > 0 ? model.nowMs + ms : 0, more);
}

/** atMs 0: at once, in front of the line by the begin of its claim. */
function retryAt(
  model: Model,
  event: LocalEvent,
  atMs: number,
  more: More | null,
): "ready" | "delayed" {
  if (atMs > 0) delay(model, event, atMs, event.place, more);
  else makeReady(model, event, event.place, more);
  return atMs > 0 ? "delayed" : "ready";
}

function failForGood(model: Model, event: LocalEvent, more: More | null): "failed" {
  const { name, given } = event.queue;
  const failedTo = failedToOf(name, given, model.defaults);
  if (failedTo !== null && hasMoved(model, event, model.open(failedTo), more)) return "failed";
  settle(model, event, FAILED, more);
  return "failed";
}

/** Moves a failed event to that queue, unless it takes none. */
function hasMoved(model: Model, event: LocalEvent, to: LocalQueue, more: More | null): boolean {
  const tree = treeIn(model, to);
  const oldest = tree.queues.includes(event.queue) ? null : roomIn(model, tree);
  if (oldest === null) {
    model.noteIfUnused(to);
    return false;
  }
  const found = findIn(model, tree, event.id, event.hash);
  const isTaken = isTakenBy(found);
  const facts = moved(model, event, more, isTaken);
  const [id, there] = isTaken ? [newEvent(model, to, "").id, []] : [event.id, found];
  const from = toBytes(event.queue.name);
  enterFromElsewhere(model, event, tree, { state: READY, atMs: 0, more: facts, id, there });
  if (model.reports && tree.keepers.includes(to)) {
    const report = { kind: "pushed", queue: toBytes(to.name), id: toBytes(id) } as const;
    model.reports.push({ ...report, atMs: model.nowMs, from });
  }
  for (const one of oldest) dropOldest(model, one);
  return true;
}

/** What an event takes along when it has failed for good; with its id if it loses that. */
function moved(model: Model, event: LocalEvent, more: More | null, isTaken: boolean): More | null {
  const facts: [name: string, value: string][] = [
    ["okq-from", event.queue.name],
    ["okq-error", more?.lastError ?? ""],
    ["okq-attempts", `${(more?.failures ?? 0) + (more?.crashes ?? 0)}`],
    ["okq-failed-at", `${model.nowMs / 1000}`],
  ];
  if (isTaken) facts.push(["okq-id", event.id]);
  const added = facts.map(([name, value]): Header => [toBytes(name), toBytes(value)]);
  const own = more?.headers ? toBytes(more.headers) : null;
  const headers = toText(replaceHeaders(own, added)!);
  return moreWith(more, { ...leftBehind(), log: [], progress: null, headers });
}

/**
 * The event has failed or is completed, and is kept as long as its queue says. `to` says more if
 * that is not so from now on, or in another queue.
 */
export function settle(
  model: Model,
  event: LocalEvent,
  state: typeof FAILED | typeof COMPLETED,
  more: More | null,
  to: Partial<Position> = {},
): void {
  const queue = to.queue ?? event.queue;
  const settings = model.settingsOf(queue);
  const { count } = state === FAILED ? settings.keepFailed : settings.keepCompleted;
  const line = state === FAILED ? queue.failed : queue.completed;
  const surplus = count === null ? 0 : (line?.length ?? 0) + 1 - count;
  // Read before anything is changed: a read may fail.
  const page = line?.page(null, Math.max(0, Math.min(surplus, trimmedAtOnce)), false) ?? [];
  const atMs = to.atMs ?? model.nowMs;
  // One that comes from another queue may be the oldest itself.
  const isOldest = surplus > 0 && page.length > 0 && page.at(-1)![0][0] > atMs;
  if (isOldest) page.pop();
  const oldest = page.map(([, entry]) => model.byTime(queue, entry));
  if (count === 0 || isOldest) drop(model, event);
  else model.move(event, { ...to, atMs, state, place: model.number(), more });
  for (const one of oldest) drop(model, one);
}
