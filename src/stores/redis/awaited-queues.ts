// Notes in a cluster that clients wait until something has ended in a queue. Only with such a note
// a batch sends a message of that, because in a cluster messages go to every node.
import type { Clock } from "../../queue/clock.ts";
import { nameOf } from "../../queue/name-cache.ts";
import { AWAITED, queueKey } from "./keys.ts";
import type { Route } from "./route.ts";
import { within } from "./within.ts";

const KEPT_MS = 30_000;
const RENEWED_MS = 10_000;
/** A client does not wait longer for its note, but hears of what it missed when okq looks. */
const ANSWER_MS_MAX = 500;

export class AwaitedQueues {
  readonly #placeOf: (queue: Buffer) => { route: Route; tag: string };
  readonly #clock: Clock;
  /** By the name of a queue; those of the last seconds. Each resolves when the note is there. */
  readonly #notes = new Map<string, Promise<void>>();
  #sinceMs = 0;

  constructor(placeOf: (queue: Buffer) => { route: Route; tag: string }, clock: Clock) {
    this.#placeOf = placeOf;
    this.#clock = clock;
  }

  /** Resolves when the queues are noted for at least twenty seconds, or cannot be noted now. */
  async note(queues: Buffer[]): Promise<void> {
    const nowMs = this.#clock.nowMs();
    if (nowMs >= this.#sinceMs + RENEWED_MS) {
      this.#notes.clear();
      this.#sinceMs = nowMs;
    }
    await Promise.all(queues.map((queue) => this.#noteOf(queue)));
  }

  #noteOf(queue: Buffer): Promise<void> {
    const name = nameOf(queue);
    let note = this.#notes.get(name);
    if (!note) {
      note = this.#leave(queue).catch(() => void this.#notes.delete(name));
      this.#notes.set(name, note);
    }
    return note;
  }

  async #leave(queue: Buffer): Promise<void> {
    const { route, tag } = this.#placeOf(queue);
    const redis = route.redis();
    if (!redis) throw new Error(route.reason());
    await within(ANSWER_MS_MAX, redis.set(queueKey(tag, AWAITED, queue), "", "PX", KEPT_MS));
  }
}
