// Periodic work: ticks when something is due (see Tick), renews the counts of consumers, polls for
// ready events, because a message to the waiters may be lost, gives the store the counts of the
// tally, and tells the other processes which clients wait, and what clients listen to.
import type { Cancel, Clock } from "./clock.ts";
import type { Consumers } from "./consumers.ts";
import type { Counting } from "./counting.ts";
import type { Endings } from "./endings.ts";
import { CronRunner, type OnSkipped } from "./cron-runner.ts";
import type { Readers } from "./readers.ts";
import type { Reporter } from "./reporter.ts";
import { slicesOf } from "./slices.ts";
import type { Ticked } from "./operations.ts";
import type { DueListener, Session, Store } from "./store.ts";
import type { QueueStatus } from "./queue-status.ts";
import type { Waiters } from "./waiters.ts";
import type { WaitingNotes } from "./waiting-notes.ts";

/** Between two rounds of ticks, however much becomes due. Less than half a second, see README. */
const TICK_PAUSE_MS = 200;
/** How often it also looks where nothing seems due: messages about due times may be lost. */
const TICK_SOME_EVERY_MS = 10_000;
/** Events of one tick: with 500 other operations waited three times as long when many were due. */
const TICK_LIMIT = 64;
const REPORT_EVERY_MS = 5_000;
const POLL_EVERY_MS = 1_000;
const COUNT_EVERY_MS = 1_000;
const NOTE_EVERY_MS = 1_000;
/** Queues named in one operation. */
const PAGE = 64;

/** The kinds of periodic work. */
export type Work = "tick" | "cron" | "register" | "watch" | "hear" | "count";
/** Called after each round of a kind of work, with the error if it failed. */
export type OnRound = (work: Work, error: Error | null) => void;

/** Polling of one part of the store. */
interface Poll {
  session: Session;
  isUnderWay: boolean;
}

export interface HousekeeperParts {
  store: Store;
  consumers: Consumers;
  waiters: Waiters;
  readers: Readers;
  endings: Endings;
  waitingNotes: WaitingNotes;
  reporter: Pick<Reporter, "renew" | "clear">;
  counting: Pick<Counting, "send">;
  clock: Clock;
  /** Whether there is a pause between two rounds of ticks. */
  hasPauses?: boolean;
  onRound: OnRound;
  onSkipped: OnSkipped;
}

export class Housekeeper {
  readonly #store: Store;
  readonly #crons: CronRunner;
  readonly #waiters: Waiters;
  readonly #clock: Clock;
  readonly #tickPauseMs: number;
  /** Several sessions, so that none waits for the other's work on another part of the store. */
  readonly #ticks: Session;
  /** By part of the store. */
  readonly #polls = new Map<number, Poll>();
  readonly #counting: HousekeeperParts["counting"];
  readonly #waitingNotes: WaitingNotes;
  readonly #reporter: HousekeeperParts["reporter"];
  readonly #timers: Cancel[];
  readonly #onTicked: (error: Error | null) => void;
  readonly #onCrons: (error: Error | null) => void;
  /** When it looks also where nothing seems due. null: it has not looked everywhere yet. */
  #looksAtMs: number | null = null;
  #isTicking = false;
  #isRunningCrons = false;
  #tickedAtMs = -Infinity;
  /** The timer for the next ticks, and its time. */
  #cancelWake: Cancel = () => {};
  #wakesAtMs = Infinity;
  #isStopped = false;

  /** Work that failed is tried again in the next round. */
  constructor(parts: HousekeeperParts) {
    const { store, consumers, waiters, readers, endings, waitingNotes, reporter } = parts;
    const { counting, clock, onRound } = parts;
    this.#store = store;
    this.#crons = new CronRunner(store, parts.onSkipped);
    this.#waitingNotes = waitingNotes;
    this.#reporter = reporter;
    this.#waiters = waiters;
    this.#clock = clock;
    this.#tickPauseMs = (parts.hasPauses ?? true) ? TICK_PAUSE_MS : 0;
    this.#ticks = store.session();
    this.#counting = counting;
    const round = (work: Work) => (error: Error | null) => onRound(work, error);
    const lookForOthers = async () => {
      await Promise.all([this.#lookForEndings(endings), this.#lookForReaders(readers)]);
    };
    const renewNotes = async () => {
      await Promise.all([waitingNotes.renew(), reporter.renew()]);
    };
    this.#onTicked = round("tick");
    this.#onCrons = round("cron");
    store.watch([], "ready").catch(round("hear"));
    this.#timers = [
      this.#every(TICK_SOME_EVERY_MS, () => store.watch([], "ready"), round("hear")),
      this.#every(REPORT_EVERY_MS, () => consumers.reportAll(), round("register")),
      this.#every(POLL_EVERY_MS, () => this.#watch(), round("watch")),
      clock.every(POLL_EVERY_MS, () => this.#pollAll(round("watch"))),
      this.#every(COUNT_EVERY_MS, () => this.#counting.send(), round("count")),
      this.#every(POLL_EVERY_MS, lookForOthers, () => {}),
      this.#every(NOTE_EVERY_MS, renewNotes, () => {}),
    ];
    this.#sleep();
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancelWake();
    for (const cancel of this.#timers) cancel();
  }

  /** Tells the store the last counts. Call it when no client is served any more. */
  async finish(): Promise<void> {
    const cleared = [this.#waitingNotes.clear(), this.#reporter.clear()];
    await Promise.allSettled([this.#counting.send(), ...cleared]);
  }

  /** To be called when dueInMs() of the store became less than before. */
  readonly wake: DueListener = () => {
    const isInTime = this.#clock.nowMs() + this.#store.dueInMs() >= this.#wakesAtMs;
    if (!this.#isTicking && !isInTime) this.#sleep();
  };

  /** Until something is due, or it is time to look further. */
  #sleep(): void {
    this.#cancelWake();
    if (this.#isStopped) return;
    const nowMs = this.#clock.nowMs();
    const nextMs = Math.min(nowMs + this.#store.dueInMs(), this.#looksAtMs ?? nowMs);
    this.#wakesAtMs = Math.max(nowMs, nextMs, this.#tickedAtMs + this.#tickPauseMs);
    this.#cancelWake = this.#clock.after(this.#wakesAtMs - nowMs, () => void this.#work());
  }

  async #work(): Promise<void> {
    this.#isTicking = true;
    try {
      await this.#tick();
      this.#onTicked(null);
    } catch (error) {
      this.#onTicked(error as Error);
    } finally {
      this.#isTicking = false;
      this.#sleep();
    }
  }

  async #tick(): Promise<void> {
    const nowMs = this.#clock.nowMs();
    const isFirst = this.#looksAtMs === null;
    const looksFurther = isFirst || nowMs >= this.#looksAtMs!;
    // Another okq may have done the due work meanwhile.
    if (!looksFurther && this.#store.dueInMs() > 0) return;
    const parts = isFirst ? "all" : looksFurther ? "some" : "due";
    const tick = () => this.#ticks.ask({ kind: "tick", limit: TICK_LIMIT, parts });
    try {
      let ticked: Ticked;
      do {
        // oxlint-disable-next-line no-await-in-loop -- until nothing more is due
        ticked = await tick();
        this.#runCrons(ticked.cronParts);
      } while (ticked.moved >= TICK_LIMIT);
    } finally {
      this.#tickedAtMs = this.#clock.nowMs();
    }
    if (looksFurther) this.#looksAtMs = nowMs + TICK_SOME_EVERY_MS;
  }

  /** Ticks do not wait for it. */
  #runCrons(parts: number[]): void {
    if (this.#isRunningCrons || parts.length === 0) return;
    this.#isRunningCrons = true;
    this.#crons
      .run(parts)
      .then(() => this.#onCrons(null), this.#onCrons)
      .finally(() => (this.#isRunningCrons = false));
  }

  async #watch(): Promise<void> {
    const queues = this.#waiters.queues();
    if (queues.length > 0) await this.#store.watch(queues, "ready");
  }

  /** Each part by itself: one that is away or does not answer must not hold up the others. */
  #pollAll(onRound: (error: Error | null) => void): void {
    const parts = new Map<number, Buffer[]>();
    for (const queue of this.#waiters.queues()) {
      const part = this.#store.partOf?.(queue) ?? 0;
      const own = parts.get(part);
      if (own) own.push(queue);
      else parts.set(part, [queue]);
    }
    for (const [part, queues] of parts) {
      const poll = this.#polls.get(part) ?? { session: this.#store.session(), isUnderWay: false };
      this.#polls.set(part, poll);
      if (poll.isUnderWay) continue;
      poll.isUnderWay = true;
      this.#lookAt(queues, poll.session)
        .then(() => onRound(null), onRound)
        .finally(() => (poll.isUnderWay = false));
    }
  }

  async #lookAt(queues: Buffer[], session: Session): Promise<void> {
    for (const page of slicesOf(queues, PAGE)) {
      for (const status of await session.ask({ kind: "status", queues: page })) {
        if (status.ready > 0 && !status.paused.includes("out")) await this.#look(status, session);
      }
    }
  }

  /** There are events, and clients that wait. */
  async #look({ queue, ready }: QueueStatus, session: Session): Promise<void> {
    const workers = this.#waiters.workersAt(queue);
    if (workers.size > 0) {
      const { pausedWorkers } = await session.ask({ kind: "stats", queue, isWhole: true });
      const paused = pausedWorkers.map((worker) => worker.toString("latin1"));
      this.#waiters.holdBack(queue, new Set(paused.filter((worker) => workers.has(worker))));
    }
    this.#waiters.look(queue, ready);
  }

  async #lookForEndings(endings: Endings): Promise<void> {
    endings.lookAll();
    const queues = endings.queues();
    if (queues.length > 0) await this.#store.watch(queues, "ended");
  }

  async #lookForReaders(readers: Readers): Promise<void> {
    readers.poll((queue) => this.#store.session().ask({ kind: "streamLength", queue }));
    const queues = readers.queues();
    if (queues.length > 0) await this.#store.watch(queues, "ready");
  }

  /** Does the work periodically. Skips a round while the last one is still in progress. */
  #every(
    periodMs: number,
    work: () => Promise<void>,
    onRound: (error: Error | null) => void,
  ): Cancel {
    let isWorking = false;
    return this.#clock.every(periodMs, () => {
      if (isWorking) return;
      isWorking = true;
      work()
        .then(() => onRound(null), onRound)
        .finally(() => (isWorking = false));
    });
  }
}
