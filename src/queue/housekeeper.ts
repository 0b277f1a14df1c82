// Periodic work: requeues expired claims, renews the counts of consumers, and polls for events that
// no message announced to waiters.
import type { Consumers } from "./consumers.ts";
import type { Session, Store } from "./store.ts";
import type { Waiters } from "./waiters.ts";

/** How often it checks whether a reclaim is due. The check costs the store nothing. */
const RECLAIM_EVERY_MS = 200;
/** How often it looks at all parts of the store: a message that something is due may be lost. */
const RECLAIM_ALL_EVERY_MS = 10_000;
const RECLAIM_LIMIT = 500;
const REGISTER_EVERY_MS = 5_000;
const WATCH_EVERY_MS = 1_000;
/** Queues named in one operation. */
const PAGE = 256;

/** The kinds of periodic work. */
export type Work = "reclaim" | "register" | "watch" | "hear";
/** Called after each round of a kind of work, with the error if it failed. */
export type OnRound = (work: Work, error: Error | null) => void;

export class Housekeeper {
  readonly #registrations: Session;
  /** Sessions of their own, so that nothing waits behind work on another part of the store. */
  readonly #reclaims: Session;
  readonly #looks: Session;
  readonly #timers: ReturnType<typeof setInterval>[];
  #reclaimedAllAtMs = -Infinity;
  /** Whether the store was told of consumers, or may have been. */
  #hasRegistered = false;

  /**
   * Work that failed is tried again in the next round. Single registrations must travel by the
   * same session, so that they and full counts stay in order.
   */
  constructor(
    store: Store,
    consumers: Consumers,
    waiters: Waiters,
    onRound: OnRound,
    registrations: Session,
  ) {
    this.#registrations = registrations;
    this.#reclaims = store.session();
    this.#looks = store.session();
    const hear = (error: Error | null) => onRound("hear", error);
    store.watch().catch(hear);
    this.#timers = [
      every(
        RECLAIM_EVERY_MS,
        () => this.#reclaim(store),
        (error) => onRound("reclaim", error),
      ),
      every(RECLAIM_ALL_EVERY_MS, () => store.watch(), hear),
      every(
        REGISTER_EVERY_MS,
        () => this.#register(consumers),
        (error) => onRound("register", error),
      ),
      every(
        WATCH_EVERY_MS,
        () => this.#watch(store, waiters),
        (error) => onRound("watch", error),
      ),
    ];
  }

  stop(): void {
    for (const timer of this.#timers) clearInterval(timer);
  }

  async #reclaim(store: Store): Promise<void> {
    const nowMs = performance.now();
    const isAllDue = nowMs >= this.#reclaimedAllAtMs + RECLAIM_ALL_EVERY_MS;
    if (!isAllDue && !store.isDue()) return;
    const parts = isAllDue ? "all" : "due";
    const reclaim = () => this.#reclaims.ask({ kind: "reclaim", limit: RECLAIM_LIMIT, parts });
    while ((await reclaim()) >= RECLAIM_LIMIT);
    if (isAllDue) this.#reclaimedAllAtMs = nowMs;
  }

  /** Once there are no consumers, that is said once. */
  async #register(consumers: Consumers): Promise<void> {
    const counts = consumers.counts();
    if (counts.length === 0 && !this.#hasRegistered) return;
    this.#hasRegistered = true;
    const pages = Array.from({ length: Math.ceil(counts.length / PAGE) || 1 }, (_, page) =>
      this.#registrations.ask({
        kind: "register",
        consumers: counts.slice(page * PAGE, (page + 1) * PAGE),
        isReset: page === 0,
      }),
    );
    await Promise.all(pages);
    this.#hasRegistered = counts.length > 0;
  }

  async #watch(store: Store, waiters: Waiters): Promise<void> {
    const queues = waiters.queues();
    if (queues.length === 0) return;
    for (let at = 0; at < queues.length; at += PAGE) {
      const page = queues.slice(at, at + PAGE);
      for (const status of await this.#looks.ask({ kind: "status", queues: page })) {
        const ready = status.total - status.processing;
        if (ready > 0) waiters.wake(status.queue, ready);
      }
    }
    await store.watch();
  }
}

/** Does the work again and again, but never beside itself. */
function every(
  ms: number,
  work: () => Promise<void>,
  onRound: (error: Error | null) => void,
): ReturnType<typeof setInterval> {
  let working = false;
  return setInterval(() => {
    if (working) return;
    working = true;
    work()
      .then(() => onRound(null), onRound)
      .finally(() => (working = false));
  }, ms);
}
