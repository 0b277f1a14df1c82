// The channels of queues to which an okq process is subscribed: of those that its clients wait for,
// and for a while after that.
import type { Redis } from "ioredis";
import { slicesOf } from "../../queue/slices.ts";

/** okq is not told of further queues: clients that wait for these get events when it polls. */
const CHANNELS_MAX = 65_536;
/** A channel that was not asked for again stays so long. */
const KEPT_MS = 30_000;
const SWEEP_EVERY_MS = 10_000;
/** Channels named in one command. */
const PAGE = 512;

interface Channel {
  wantedAtMs: number;
  /** The connection on which it is subscribed, or is about to be. */
  on: Redis | null;
  /** Until Redis has confirmed it. */
  pending: Promise<void> | null;
}

export class Channels {
  readonly #channels = new Map<string, Channel>();
  #sweptAtMs = 0;

  /**
   * Resolves when the connection is subscribed to these channels. Rejects if it may not subscribe,
   * and resolves if the connection breaks: then subscribeAll() is to be called for the next one.
   */
  async want(names: string[], redis: Redis | null, nowMs: number): Promise<void> {
    const missing: string[] = [];
    const pending = new Set<Promise<void>>();
    for (const name of names) {
      const channel = this.#channel(name);
      if (!channel) continue;
      channel.wantedAtMs = nowMs;
      if (channel.on !== redis) missing.push(name);
      else if (channel.pending) pending.add(channel.pending);
    }
    if (!redis) return;
    if (missing.length > 0) pending.add(this.#subscribe(missing, redis));
    this.#sweep(redis, nowMs);
    if (pending.size > 0) await Promise.all(pending);
  }

  /** Resolves when the connection, which is new, is subscribed to all of them. */
  async subscribeAll(redis: Redis): Promise<void> {
    const names = [...this.#channels.keys()];
    if (names.length > 0) await this.#subscribe(names, redis);
  }

  #channel(name: string): Channel | null {
    let channel = this.#channels.get(name);
    if (!channel && this.#channels.size < CHANNELS_MAX) {
      channel = { wantedAtMs: 0, on: null, pending: null };
      this.#channels.set(name, channel);
    }
    return channel ?? null;
  }

  async #subscribe(names: string[], redis: Redis): Promise<void> {
    const pages = slicesOf(names, PAGE).map((page) => redis.subscribe(...page.map(bytesOf)));
    const done = Promise.all(pages).then(
      () => this.#settle(names, redis, redis),
      (error: Error) => {
        this.#settle(names, redis, null);
        if (error.name === "ReplyError") throw error;
      },
    );
    for (const name of names) {
      const channel = this.#channels.get(name)!;
      channel.on = redis;
      channel.pending = done;
    }
    await done;
  }

  #settle(names: string[], redis: Redis, on: Redis | null): void {
    for (const name of names) {
      const channel = this.#channels.get(name);
      if (channel?.on !== redis) continue;
      channel.on = on;
      channel.pending = null;
    }
  }

  #sweep(redis: Redis, nowMs: number): void {
    if (nowMs < this.#sweptAtMs + SWEEP_EVERY_MS) return;
    this.#sweptAtMs = nowMs;
    const old: string[] = [];
    for (const [name, { wantedAtMs }] of this.#channels) {
      if (wantedAtMs < nowMs - KEPT_MS) old.push(name);
    }
    for (const name of old) this.#channels.delete(name);
    // Without the right to UNSUBSCRIBE okq hears of more queues than it needs.
    for (const page of slicesOf(old, PAGE)) redis.unsubscribe(...page.map(bytesOf)).catch(() => {});
  }
}

/** Names have a character for each byte. */
function bytesOf(name: string): Buffer {
  return Buffer.from(name, "latin1");
}
