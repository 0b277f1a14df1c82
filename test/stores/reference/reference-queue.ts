// A queue of the reference store: its events, and the transitions that each verb is made of. It
// looks through all events each time, because it is made to be read.
import { workerOf } from "../../../src/queue/claimant.ts";
import type { Report, Reported, ReportFacts } from "../../../src/queue/report.ts";
import { backoffMs } from "../../../src/queue/backoff.ts";
import type { End, State, When } from "../../../src/queue/event.ts";
import { PAUSED_WORKERS_MAX } from "../../../src/queue/management.ts";
import type { CronEntry } from "../../../src/queue/cron-operations.ts";
import {
  COUNTED,
  type Counted,
  type Direction,
  emptyCounts,
} from "../../../src/queue/queue-status.ts";
import {
  failedToOf,
  type Keep,
  type QueueSettings,
  settingsOf,
} from "../../../src/queue/settings.ts";
import { moveFailed } from "./reference-failed-to.ts";
import { type Claimed, compareKeys, keyOf, type Rank } from "./reference-event.ts";
import type { ReferenceEvent } from "./reference-event.ts";
import type { ReferenceCounter } from "./reference-counter.ts";
import { ReferenceGiven } from "./reference-given.ts";
import { ReferenceHistory } from "./reference-history.ts";
import { ReferenceKeys } from "./reference-keys.ts";
import { ReferenceEvents, type ReferenceStream } from "./reference-stream.ts";
import { ReferenceTree } from "./reference-tree.ts";
import { ReferenceTurns } from "./reference-turns.ts";
import { ReferenceWindows } from "./reference-windows.ts";

const LAST_ERROR_BYTES_MAX = 4096;
const ERROR_BYTES_MAX = 1024;
const ERRORS_MAX = 10;

/** What the queues share. */
export interface Shared {
  nowMs: number;
  /** Ascends with each call. */
  number(): number;
  /** A text for a token or a made id. */
  made(): string;
  newId(queue: ReferenceQueue): string;
  allSettings: ReferenceGiven;
  queue(name: string): ReferenceQueue;
  becameReady(name: string, count: number): void;
  report(report: Report): void;
}

export class ReferenceQueue {
  consumers = 0;
  /** Its settings have changed: a tick drops what is too many. */
  isReviewed = false;
  /** It became a list, and has events since. */
  isList = false;
  stream: ReferenceStream | null = null;
  readonly events = new ReferenceEvents(() => (this.isList = false));
  readonly settings = new ReferenceGiven();
  /** When each pause ends. */
  readonly pauses = new Map<Direction, number>();
  readonly workerPauses = new Map<string, number>();
  /** The names under which queues are bound to it. */
  readonly bindings = new Set<string>();
  /** When the window of each id ends. */
  readonly windows = new ReferenceWindows();
  readonly keys = new ReferenceKeys(this);
  /** By their keys. */
  readonly counters = new Map<string, ReferenceCounter>();
  readonly crons = new Map<string, CronEntry>();
  readonly counts = emptyCounts();
  history = new ReferenceHistory();
  readonly turns: ReferenceTurns;
  readonly name: string;
  readonly #shared: Shared;
  /** What followed from the settings after so many changes. */
  #given: { changes: number; values: QueueSettings } | null = null;

  constructor(name: string, shared: Shared) {
    this.name = name;
    this.#shared = shared;
    this.turns = new ReferenceTurns(this, shared);
  }

  get nowMs(): number {
    return this.#shared.nowMs;
  }

  get given(): QueueSettings {
    const { allSettings } = this.#shared;
    const changes = this.settings.changes + allSettings.changes;
    if (this.#given?.changes !== changes) {
      this.#given = { changes, values: settingsOf(this.settings, allSettings) };
    }
    return this.#given.values;
  }

  get isUsed(): boolean {
    const { events, consumers, settings, pauses, workerPauses, windows, keys, crons } = this;
    const own = [settings, pauses, workerPauses, crons, this.bindings, this.counters];
    const things = [events, windows, keys.windows, ...own];
    if (consumers > 0 || this.stream !== null) return true;
    return this.turns.areCounting || things.some(({ size }) => size > 0);
  }

  get tree(): ReferenceTree {
    return new ReferenceTree(this, (name) => this.#shared.queue(name));
  }

  /** The events of a state in the order of a scan. */
  inState(state: State): ReferenceEvent[] {
    const found = [...this.events.values()].filter((event) => event.state === state);
    return found.toSorted((a, b) => compareKeys(keyOf(a), keyOf(b)));
  }

  count(state: State): number {
    let count = 0;
    for (const event of this.events.values()) if (event.state === state) count += 1;
    return count;
  }

  get length(): number {
    return this.count("ready") + this.count("delayed");
  }

  /** The event of that id unless it is completed: then its id is free. */
  taken(id: string): ReferenceEvent | undefined {
    const event = this.events.get(id);
    return event?.state === "completed" ? undefined : event;
  }

  /** Whether a push finds the id taken. */
  takenForPush(id: string): boolean {
    return this.taken(id) !== undefined || (this.windows.get(id) ?? 0) > this.nowMs;
  }

  /** A push has taken the id, and not a shorter time than an earlier one. */
  takeWindow(id: string): void {
    const { dedupeMs } = this.given;
    if (dedupeMs === null) return;
    this.windows.take(id, this.nowMs + dedupeMs);
  }

  isPaused(direction: Direction, worker: Buffer | null = null): boolean {
    const { nowMs } = this;
    const ofWorker = direction === "out" && worker ? worker.toString("latin1") : null;
    return (
      (this.pauses.get(direction) ?? 0) > nowMs ||
      (ofWorker !== null && (this.workerPauses.get(ofWorker) ?? 0) > nowMs)
    );
  }

  get pausedWorkers(): string[] {
    const paused = [...this.workerPauses].filter(([, endsAtMs]) => endsAtMs > this.nowMs);
    return paused.map(([worker]) => worker).toSorted((a, b) => (a < b ? -1 : 1));
  }

  /** Whether it is one of the workers that may be paused. */
  pauseWorker(worker: string, untilMs: number): boolean {
    const { workerPauses } = this;
    const paused = this.pausedWorkers;
    const ended = [...workerPauses.keys()].filter((each) => !paused.includes(each));
    for (const each of ended) workerPauses.delete(each);
    if (ended.length > 0) this.tellReady(this.count("ready"));
    if (!workerPauses.has(worker) && workerPauses.size >= PAUSED_WORKERS_MAX) return false;
    workerPauses.set(worker, untilMs);
    return true;
  }

  rankAt(end: End): Rank {
    const number = this.#shared.number();
    return end === "right" ? ["1 right end", -number] : ["3 left end", number];
  }

  expiresAtMs(event: ReferenceEvent): number | null {
    const ttlMs = event.options.ttlMs ?? this.given.ttlMs;
    return ttlMs === null ? null : event.ttlFromMs + ttlMs;
  }

  isExpired(event: ReferenceEvent): boolean {
    const endsAtMs = this.expiresAtMs(event);
    return endsAtMs !== null && endsAtMs <= this.nowMs;
  }

  /** Ready at that rank, or delayed if the start is to come. */
  enter(event: ReferenceEvent, start: When | null, rank: Rank): "ready" | "delayed" {
    const atMs = start === null ? 0 : "atMs" in start ? start.atMs : this.nowMs + start.afterMs;
    const isLater = atMs > this.nowMs;
    if (this.keys.hasLost(event)) event.options = { ...event.options, unique: null };
    const wasReady = event.state === "ready" && this.events.get(event.id) === event;
    this.turns.noteEntering(event, isLater);
    this.#become(event, isLater ? "delayed" : "ready");
    event.atMs = isLater ? atMs : 0;
    event.rank = rank;
    if (!isLater && !wasReady) this.tellReady(1);
    return isLater ? "delayed" : "ready";
  }

  /** Where events take turns or have a rate, turns tell what may be handed out instead. */
  tellReady(count: number): void {
    if (this.turns.areTaken || this.isPaused("out")) return;
    if (count > 0) this.#shared.becameReady(this.name, count);
  }

  claim(event: ReferenceEvent, leaseMs: number, claimant: Buffer | null): Claimed {
    const claim = {
      number: this.#shared.number(),
      token: claimant === null ? null : this.#shared.made(),
      claimant,
      sinceMs: this.nowMs,
      leaseMs,
      endsAtMs: this.nowMs + leaseMs,
      isCancelled: false,
    };
    this.#become(event, "claimed");
    event.claim = claim;
    event.wasClaimed = true;
    return claim;
  }

  complete(event: ReferenceEvent, result: Buffer | null): void {
    this.#become(event, "completed");
    event.options = { ...event.options, unique: null };
    Object.assign(event, { atMs: this.nowMs, order: this.#shared.number(), result });
    this.#trim("completed", this.given.keepCompleted);
  }

  fail(event: ReferenceEvent, error: Buffer | null, next: When | "backoff" | "final"): State {
    const { claim } = event;
    event.failures += 1;
    const { attemptsMax, backoff } = this.given;
    this.#note(event, error ?? Buffer.alloc(0));
    const most = event.options.attemptsMax ?? attemptsMax ?? 0;
    const isLast = most > 0 && event.failures + event.crashes >= most;
    const isFinal = next === "final" || isLast;
    const text = (error ?? Buffer.alloc(0)).subarray(0, 1024);
    this.report("failed", event, { ...this.#claimFacts(event, isFinal), error: text });
    if (isFinal) return this.failForGood(event);
    const rule = event.options.backoff ?? backoff;
    const start =
      next === "backoff" ? { afterMs: backoffMs(rule, event.failures, Math.random()) } : next;
    return this.enter(event, start, ["2 came back", claim!.number]);
  }

  /** Something that no result tells. */
  report(kind: Reported, event: ReferenceEvent, facts: ReportFacts): void {
    const [queue, id] = [Buffer.from(this.name, "latin1"), Buffer.from(event.id, "latin1")];
    this.#shared.report({ kind, queue, id, atMs: this.nowMs, ...facts });
  }

  /** Of the claim that ends, when its attempt is counted. */
  #claimFacts({ claim, failures, crashes }: ReferenceEvent, isLast: boolean): ReportFacts {
    const worker = claim?.claimant ? workerOf(claim.claimant) : Buffer.alloc(0);
    return {
      attempt: failures + crashes,
      ...(worker.length > 0 && { worker }),
      ...(isLast && { isFinal: true as const }),
    };
  }

  /** A cancelled one is removed. retry: what is done if it has an attempt left. */
  crash(event: ReferenceEvent, retry?: () => void): void {
    const { claim } = event;
    if (claim!.isCancelled) return this.remove(event);
    event.crashes += 1;
    this.tally("crashes");
    const { attemptsMax, crashesMax, crashBackoff } = this.given;
    const worker = claim!.claimant && workerOf(claim!.claimant).toString("latin1");
    const text = `crashed: the lease${worker ? ` of ${worker}` : ""} ended`;
    this.#note(event, Buffer.from(text, "latin1"));
    const most = event.options.attemptsMax ?? attemptsMax ?? 0;
    const isLast =
      (most > 0 && event.failures + event.crashes >= most) ||
      (crashesMax !== null && event.crashes >= crashesMax);
    const facts = this.#claimFacts(event, isLast);
    this.report("crashed", event, facts);
    if (isLast) {
      const error = Buffer.from(text, "latin1").subarray(0, 1024);
      this.report("failed", event, { ...facts, error });
      this.tally("failed");
      this.failForGood(event);
      return;
    }
    if (retry) return retry();
    const start = { afterMs: backoffMs(crashBackoff, event.crashes, Math.random()) };
    this.enter(event, start, ["2 came back", claim!.number]);
  }

  expire(event: ReferenceEvent): void {
    this.tally("expired");
    const isFinal = this.given.expired !== "drop";
    this.report("expired", event, isFinal ? { isFinal } : {});
    if (!isFinal) return this.remove(event);
    this.report("failed", event, { error: Buffer.from("expired"), isFinal });
    this.tally("failed");
    this.#note(event, Buffer.from("expired"));
    this.failForGood(event);
  }

  /** It has failed here, or is in the queue for failed events. */
  failForGood(event: ReferenceEvent): State {
    const { keepFailed } = this.given;
    const failedTo = failedToOf(this.name, this.settings, this.#shared.allSettings);
    const target = failedTo === null ? null : this.#shared.queue(failedTo);
    if (target && !target.tree.has(this) && target.tree.isOpen) {
      moveFailed(this, target, event, (queue) => this.#shared.newId(queue));
    } else {
      this.#become(event, "failed");
      Object.assign(event, { atMs: this.nowMs, order: this.#shared.number() });
      this.#trim("failed", keepFailed);
    }
    return "failed";
  }

  /** A failed or completed event that came from another queue. */
  keep(event: ReferenceEvent): void {
    event.order = this.#shared.number();
    event.version = this.#shared.number();
    const { keepFailed, keepCompleted } = this.given;
    this.#trim(event.state, event.state === "failed" ? keepFailed : keepCompleted);
  }

  hasRoomFor(count: number): boolean {
    const { lengthMax, full } = this.given;
    if (lengthMax === null || count === 0) return true;
    return full === "drop-oldest" ? count <= lengthMax : this.length + count <= lengthMax;
  }

  /** Drops the oldest, but none of those ids. */
  makeRoomFor(count: number, spared: ReadonlySet<string | null> = new Set()): void {
    const { lengthMax, full } = this.given;
    if (lengthMax === null || full !== "drop-oldest") return;
    const surplus = Math.max(0, this.length + count - lengthMax);
    const ready = this.inState("ready");
    // toSorted keeps the order of those of one priority.
    const lowest = ready.toSorted((a, b) => priorityOf(a) - priorityOf(b));
    const oldest = [...lowest, ...this.inState("delayed")];
    const others = oldest.filter(({ id }) => !spared.has(id));
    for (const event of others.slice(0, surplus)) {
      this.tally("dropped");
      this.remove(event);
    }
  }

  /** What is too many since the settings have changed. */
  dropSurplus(): void {
    if (!this.isReviewed) return;
    this.isReviewed = false;
    const { keepFailed, keepCompleted } = this.given;
    this.makeRoomFor(0);
    this.#trim("failed", keepFailed);
    this.#trim("completed", keepCompleted);
  }

  remove(event: ReferenceEvent): void {
    this.#leaveClaim(event);
    this.events.delete(event.id);
  }

  /** Counts what only the store knows. */
  tally(what: Counted): void {
    this.counts.totals[COUNTED.indexOf(what)]! += 1;
    this.history.tally(what);
  }

  #become(event: ReferenceEvent, state: State): void {
    this.#leaveClaim(event);
    event.state = state;
    event.version = this.#shared.number();
  }

  #leaveClaim(event: ReferenceEvent): void {
    if (!event.claim) return;
    event.claim = null;
    if (this.given.claimedMax === null || this.isPaused("out")) return;
    if (this.turns.offered > 0) this.#shared.becameReady(this.name, 1);
  }

  #note(event: ReferenceEvent, text: Buffer): void {
    event.lastError = text.subarray(0, LAST_ERROR_BYTES_MAX);
    const attempt = event.failures + event.crashes;
    const error = { atMs: this.nowMs, attempt, text: text.subarray(0, ERROR_BYTES_MAX) };
    event.errors = [...event.errors, error].slice(-ERRORS_MAX);
  }

  #trim(state: State, { count }: Keep): void {
    if (count === null) return;
    const kept = this.inState(state);
    for (const event of kept.slice(0, Math.max(0, kept.length - count))) this.remove(event);
  }
}

/** Those of a group count as 0 among the others. */
function priorityOf({ group, priority }: ReferenceEvent): number {
  return group === null ? priority : 0;
}
