// The time of the Redis server that has the keys under a tag, as its replies have shown it.
import type { Clock } from "../../queue/clock.ts";
import { TICKS_PER_MS } from "./keys.ts";

export class ServerTime {
  /** The first tick that no reply has reported yet. */
  unseenTick = 0;
  readonly #clock: Clock;
  readonly #given: (() => number) | undefined;
  #offsetMs = 0;

  /** given: what the server's clock shows, for tests. */
  constructor(clock: Clock, given: (() => number) | undefined) {
    this.#clock = clock;
    this.#given = given;
  }

  /** A reply to what was sent at that time: this tick was the next one. */
  note(tick: number, sentAtMs: number): void {
    this.unseenTick = tick;
    this.set(tick / TICKS_PER_MS, sentAtMs);
  }

  /** It showed that time when it answered what was sent at the other, which is of the clock. */
  set(serverMs: number, sentAtMs: number): void {
    this.#offsetMs = serverMs - (sentAtMs + this.#clock.nowMs()) / 2;
  }

  /** About what the server's clock shows now, in ms since 1970. */
  nowMs(): number {
    return this.#given ? this.#given() : this.#clock.nowMs() + this.#offsetMs;
  }
}
