// How many keys there are on the server, for INFO. To count them okq looks at every queue, so a
// plain INFO shows the last count, and has a new one made in the background when it is old.
import type { Clock } from "../queue/clock.ts";
import { isKey, type QueuePage } from "../queue/queue-status.ts";
import type { SetResults } from "../queue/sets.ts";
import type { Session, Store } from "../queue/store.ts";

type SetNames = SetResults["setList"];

/** More would delay clients. */
const PAGE = 64;
/** A count is as good as new for that time, and for so many times as long as it took. */
const FRESH_MS = 1000;
const FRESH_TIMES = 50;

export class KeyCount {
  readonly #store: Pick<Store, "session">;
  readonly #clock: Clock;
  #session: Session | null = null;
  #last: number | null = null;
  #oldAtMs = -Infinity;
  #running: Promise<number> | null = null;
  #next: Promise<number> | null = null;

  constructor(store: Pick<Store, "session">, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** The last count; null if there was none. */
  recent(): number | null {
    if (this.#running === null && this.#clock.nowMs() >= this.#oldAtMs) this.now().catch(() => {});
    return this.#last;
  }

  /** Counts from now on. Calls that come while it waits for another count share it. */
  now(): Promise<number> {
    this.#next ??= (this.#running ?? Promise.resolve()).then(this.#begin, this.#begin);
    return this.#next;
  }

  readonly #begin = (): Promise<number> => {
    this.#next = null;
    this.#running = this.#count().finally(() => (this.#running = null));
    return this.#running;
  };

  /** Rejects with a StoreError. */
  async #count(): Promise<number> {
    this.#session ??= this.#store.session();
    const beganAtMs = this.#clock.nowMs();
    let [keys, after] = [0, null as Buffer | null];
    do {
      const page: QueuePage = await this.#session.ask({ kind: "list", after, limit: PAGE });
      keys += page.queues.filter(isKey).length;
      after = page.next;
    } while (after !== null);
    do {
      const page: SetNames = await this.#session.ask({ kind: "setList", after, limit: PAGE });
      keys += page.names.length;
      after = page.next;
    } while (after !== null);
    const nowMs = this.#clock.nowMs();
    this.#oldAtMs = nowMs + Math.max(FRESH_MS, FRESH_TIMES * (nowMs - beganAtMs));
    this.#last = keys;
    return keys;
  }
}
