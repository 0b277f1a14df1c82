// Notes that okq processes leave for each other, in one hash: by process when the note ends, in
// ms by the server's clock, and its text. The hash is gone when no process has renewed its own.
import type { Redis } from "ioredis";
import type { Notes } from "../../queue/store.ts";
import { LAYOUT } from "./keys.ts";
import { unavailable } from "./lane.ts";
import type { Route } from "./route.ts";
import type { ServerTime } from "./server-time.ts";

const KEPT_MS = 30_000;

export class RedisNotes implements Notes {
  readonly #processId: string;
  readonly #key: string;
  readonly #route: Route;
  readonly #time: ServerTime;

  /** key: of the hash, without tag and layout. */
  constructor(
    key: string,
    processId: string,
    place: { tag: string; route: Route },
    time: ServerTime,
  ) {
    this.#processId = processId;
    this.#key = `${place.tag}${LAYOUT}${key}`;
    this.#route = place.route;
    this.#time = time;
  }

  async leave(note: string): Promise<void> {
    await this.#ask<unknown>((redis) => {
      if (note === "") return redis.hdel(this.#key, this.#processId);
      const value = `${Math.round(this.#time.nowMs()) + KEPT_MS} ${note}`;
      const together = redis.multi().hset(this.#key, this.#processId, value);
      return together.pexpire(this.#key, KEPT_MS).exec();
    });
  }

  async others(): Promise<string[]> {
    const all = await this.#ask((redis) => redis.hgetall(this.#key));
    const nowMs = this.#time.nowMs();
    const found: string[] = [];
    const ended: string[] = [];
    for (const [process, value] of Object.entries(all)) {
      const endsAtMs = Number.parseInt(value, 10);
      if (!(endsAtMs >= nowMs)) ended.push(process);
      else if (process !== this.#processId) found.push(value.slice(value.indexOf(" ") + 1));
    }
    // Of processes that have died while others renewed theirs, or without a time.
    if (ended.length > 0) await this.#ask((redis) => redis.hdel(this.#key, ...ended));
    return found;
  }

  async #ask<T>(ask: (redis: Redis) => Promise<T>): Promise<T> {
    const redis = this.#route.redis();
    if (!redis) throw unavailable(this.#route.reason());
    try {
      return await ask(redis);
    } catch (error) {
      throw unavailable((error as Error).message);
    }
  }
}
