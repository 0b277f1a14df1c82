// Periodic work: requeues expired claims, renews the counts of consumers, and polls for ready
// events, because a message to the waiters may be lost.
import type { Cancel, Clock } from "./clock.ts";
import type { Consumers } from "./consumers.ts";
import type { Session, Store } from "./store.ts";
import type { Waiters } from "./waiters.ts";

/** How often it checks whether something is due. The check costs the store nothing. */
const TICK_EVERY_MS = 200;
/** How often it also looks where nothing seems due: messages about leases may be lost. */
const TICK_SOME_EVERY_MS = 10_000;
const TICK_LIMIT = 500;
const REPORT_EVERY_MS = 5_000;
const POLL_EVERY_MS = 1_000;
/** Queues named in one operation. */
const PAGE = 256;

/** The kinds of periodic work. */
export type Work = "tick" | "register" | "watch" | "hear";
/** Called after each round of a kind of work, with the error if it failed. */
export type OnRound = (work: Work, error: Error | null) => void;

export interface HousekeeperParts {
  store: Store;
  consumers: Consumers;
  waiters: Waiters;
  clock: Clock;
  onRound: OnRound;
}

export class Housekeeper {
  readonly #store: Store;
  readonly #waiters: Waiters;
  readonly #clock: Clock;
  /** Two sessions, so that neither waits for the other's work on another part of the store. */
  readonly #ticks: Session;
  readonly #polls: Session;
  readonly #timers: Cancel[];
  /** When it last looked also where nothing seemed due. null: it has not looked everywhere yet. */
  #lookedAtMs: number | null = null;

  /** Work that failed is tried again in the next round. */
  constructor({ store, consumers, waiters, clock, onRound }: HousekeeperParts) {
    this.#store = store;
    this.#waiters = waiters;
    this.#clock = clock;
    this.#ticks = store.session();
    this.#polls = store.session();
    const round = (work: Work) => (error: Error | null) => onRound(work, error);
    store.watch().catch(round("hear"));
    this.#timers = [
      this.#every(TICK_EVERY_MS, () => this.#tick(), round("tick")),
      this.#every(TICK_SOME_EVERY_MS, () => store.watch(), round("hear")),
      this.#every(REPORT_EVERY_MS, () => consumers.reportAll(), round("register")),
      this.#every(POLL_EVERY_MS, () => this.#poll(), round("watch")),
    ];
  }

  stop(): void {
    for (const cancel of this.#timers) cancel();
  }

  async #tick(): Promise<void> {
    const nowMs = this.#clock.nowMs();
    const lookedAtMs = this.#lookedAtMs;
    const looksFurther = lookedAtMs === null || nowMs >= lookedAtMs + TICK_SOME_EVERY_MS;
    if (!looksFurther && !this.#store.isDue()) return;
    const parts = lookedAtMs === null ? "all" : looksFurther ? "some" : "due";
    const tick = () => this.#ticks.ask({ kind: "tick", limit: TICK_LIMIT, parts });
    while ((await tick()) >= TICK_LIMIT);
    if (looksFurther) this.#lookedAtMs = nowMs;
  }

  async #poll(): Promise<void> {
    const queues = this.#waiters.queues();
    if (queues.length === 0) return;
    for (let at = 0; at < queues.length; at += PAGE) {
      const page = queues.slice(at, at + PAGE);
      for (const status of await this.#polls.ask({ kind: "status", queues: page })) {
        if (status.ready > 0) this.#waiters.wake(status.queue, status.ready);
      }
    }
    await this.#store.watch();
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
