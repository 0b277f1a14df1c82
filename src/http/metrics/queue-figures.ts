// The figures of queues for scrapes. To collect them okq looks at every queue, page by page, with
// the work of clients and rests in between. The figures are kept for a while: many scrapers cost
// one walk.
import type { Context } from "../../commands/context.ts";
import { statusPagesOfAll } from "../../commands/inspect.ts";
import { StoreError } from "../../queue/errors.ts";
import type { Clock } from "../../queue/clock.ts";
import { COUNTED, type QueueStats, type QueueStatus } from "../../queue/queue-status.ts";
import { slicesOf } from "../../queue/slices.ts";
import type { Session } from "../../queue/store.ts";
import type { User } from "../../users/user.ts";
import { queueLabel } from "./queue-label.ts";
import { LargestQueues, QueueSums } from "./queue-sums.ts";

export interface ShownQueue {
  label: string;
  status: QueueStatus;
  /** By the places of COUNTED. */
  totals: number[];
  /** null if none is ready. */
  oldestReadyS: number | null;
}

export interface QueueFigures {
  /** The largest first. */
  shown: ShownQueue[];
  all: QueueSums;
  /** When the walk began, and how long it took. */
  beganAtMs: number;
  tookMs: number;
}

/** Queues in one operation. More would delay clients. */
const PAGE = 32;
const STATS_AT_ONCE = 16;
/** Figures are fresh for that time, and for so many times as long as the walk took. */
const FRESH_MS = 5000;
const FRESH_TIMES = 2;
/** A walk rests after so much work, so many times as long. */
const WORK_MS = 4;
const REST_TIMES = 2;

const POPPED = COUNTED.indexOf("popped");

/** Of users who may use the same queues. */
interface Walk {
  /** How many queues are shown at most: the most that a scraper has asked for. */
  count: number;
  latest: QueueFigures | null;
  running: Promise<void> | null;
}

type Parts = Pick<Context, "store" | "clock" | "reportFailure">;

export class QueueWalks {
  readonly #context: Parts;
  readonly #ofAll = newWalk();
  readonly #ofUsers = new WeakMap<User, Walk>();
  /** One walk at a time. */
  #last: Promise<void> = Promise.resolve();

  constructor(context: Parts) {
    this.#context = context;
  }

  /**
   * The figures of the queues that the user may use, with at least `count` queues shown if there
   * are so many. After `waitMs` those of the walk before, or at once if that took longer; null if
   * there was none, or the store failed.
   */
  async figuresFor(user: User, count: number, waitMs: number): Promise<QueueFigures | null> {
    const walk = this.#walkOf(user);
    if (this.#isFresh(walk, count)) return walk.latest;
    const renewed = this.#renewed(walk, user, count);
    if (walk.latest !== null && walk.latest.tookMs > waitMs) return walk.latest;
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const cancel = this.#context.clock.after(waitMs, resolve);
    await Promise.race([renewed, late]);
    cancel();
    return walk.latest;
  }

  #walkOf(user: User): Walk {
    if (user.mayUseAll) return this.#ofAll;
    const known = this.#ofUsers.get(user) ?? newWalk();
    this.#ofUsers.set(user, known);
    return known;
  }

  #isFresh({ latest, count: known }: Walk, count: number): boolean {
    if (latest === null || known < count) return false;
    const { beganAtMs, tookMs } = latest;
    const keptMs = Math.max(FRESH_MS, FRESH_TIMES * tookMs);
    return this.#context.clock.nowMs() < beganAtMs + tookMs + keptMs;
  }

  async #renewed(walk: Walk, user: User, count: number): Promise<void> {
    // A walk that is under way may show fewer.
    if (walk.running && walk.count < count) await walk.running;
    walk.count = Math.max(walk.count, count);
    walk.running ??= this.#begin(walk, user).finally(() => (walk.running = null));
    await walk.running;
  }

  #begin(walk: Walk, user: User): Promise<void> {
    const renew = async () => {
      try {
        walk.latest = await this.#walk(user, walk);
      } catch (error) {
        walk.latest = null;
        // Of a store that fails its own metrics and log lines tell.
        if (error instanceof StoreError) return;
        this.#context.reportFailure("collecting figures of queues", error as Error);
      }
    };
    this.#last = this.#last.then(renew);
    return this.#last;
  }

  /** Rejects with a StoreError. */
  async #walk(user: User, { count, latest }: Walk): Promise<QueueFigures> {
    const { store, clock } = this.#context;
    const session = store.session();
    const beganAtMs = clock.nowMs();
    const rests = new Rests(clock);
    const all = new QueueSums();
    const largest = new LargestQueues(count);
    for await (const { statuses } of statusPagesOfAll({ session, user }, null, PAGE)) {
      for (const status of statuses) {
        all.add(status);
        largest.add(status);
      }
      await rests.afterWork();
    }
    const before = new Map(latest?.shown.map((queue) => [queue.label, queue.totals]));
    const shown: ShownQueue[] = [];
    for (const some of slicesOf(largest.all, STATS_AT_ONCE)) {
      const stats = await Promise.all(some.map(({ queue }) => statsOf(queue, session)));
      shown.push(...some.map((status, at) => shownQueue(status, stats[at]!, before)));
      await rests.afterWork();
    }
    return { shown, all, beganAtMs, tookMs: clock.nowMs() - beganAtMs };
  }
}

/** Between parts of a walk, so that it takes a part of the store's time only. */
class Rests {
  readonly #clock: Clock;
  #workedSinceMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#workedSinceMs = clock.nowMs();
  }

  async afterWork(): Promise<void> {
    const workedMs = this.#clock.nowMs() - this.#workedSinceMs;
    if (workedMs < WORK_MS) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#clock.after(workedMs * REST_TIMES, resolve);
    await promise;
    this.#workedSinceMs = this.#clock.nowMs();
  }
}

function newWalk(): Walk {
  return { count: 0, latest: null, running: null };
}

function statsOf(queue: Buffer, session: Session): Promise<QueueStats> {
  return session.ask({ kind: "stats", queue, isWhole: false });
}

function shownQueue(
  status: QueueStatus,
  { counts, oldestReadyAtMs, nowMs }: QueueStats,
  before: ReadonlyMap<string, number[]>,
): ShownQueue {
  const label = queueLabel(status.queue);
  return {
    label,
    // A name of its own: a part of a page would keep all of it in memory.
    status: { ...status, queue: Buffer.from(status.queue) },
    // A local store goes on counting in its own array.
    totals: neverLess([...counts.totals], before.get(label)),
    oldestReadyS: oldestReadyAtMs === null ? null : Math.max(0, nowMs - oldestReadyAtMs) / 1000,
  };
}

/**
 * A pop that is undone is not counted any more. A scraper would take the smaller number for that of
 * a new queue. In a new queue other totals are smaller too.
 */
function neverLess(totals: number[], before: number[] | undefined): number[] {
  if (!before) return totals;
  const isSameQueue = totals.every((total, at) => at === POPPED || total >= before[at]!);
  return isSameQueue ? totals.with(POPPED, Math.max(totals[POPPED]!, before[POPPED]!)) : totals;
}
