// WAITs for replicas on connections that many share. While a server waits it does nothing else for
// that connection, so there is one WAIT at a time, for all who asked before it was sent.
import type { Redis } from "ioredis";

export class ReplicaWaits {
  /** By connection the WAIT that was asked for last, sent or not. */
  readonly #latest = new WeakMap<Redis, Promise<number>>();
  /** By connection the WAIT that is not sent yet. */
  readonly #unsent = new WeakMap<Redis, Promise<number>>();

  constructor(
    private readonly replicas: number,
    private readonly timeoutMs: number,
  ) {}

  /** The longest time that an answer on such a connection takes because of WAITs. */
  get delayMsMax(): number {
    // The command may stand behind a WAIT, its own WAIT behind another one.
    return this.replicas === 0 ? 0 : 3 * this.timeoutMs;
  }

  /**
   * To be called when a write on that connection was answered. Rejects unless so many replicas have
   * in time all that was written on the connection.
   */
  async have(redis: Redis): Promise<void> {
    if (this.replicas === 0) return;
    const count = await (this.#unsent.get(redis) ?? this.#next(redis));
    if (count >= this.replicas) return;
    throw new TooFewReplicas(`only ${count} of ${this.replicas} replicas have it in time`);
  }

  #next(redis: Redis): Promise<number> {
    const before = this.#latest.get(redis) ?? Promise.resolve(0);
    const next = before
      .catch(() => {})
      .then(() => {
        this.#unsent.delete(redis);
        return redis.wait(this.replicas, this.timeoutMs);
      });
    this.#unsent.set(redis, next);
    this.#latest.set(redis, next);
    return next;
  }
}

/** Everything is written, but too few replicas are known to have it. */
export class TooFewReplicas extends Error {}
