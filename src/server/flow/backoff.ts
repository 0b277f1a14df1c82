// Pauses of a connection that uses much processor time while other clients are busy. Meanwhile no
// command of the connection is started.
import type { Clock } from "../../queue/clock.ts";
import type { Scheduler } from "./scheduler.ts";

/** After its share of a turn a connection that has more to do pauses for this time. */
const PAUSE_MS = 1;
/** After long work the pause is this many times as long as the work took, up to the maximum. */
const WORK_FACTOR = 4;
const PAUSE_MS_MAX = 1000;

export class Backoff {
  readonly #clock: Clock;
  readonly #scheduler: Pick<Scheduler, "isCrowded">;
  readonly #onEnd: () => void;
  #isActive = false;
  #untilMs = 0;

  /** Calls onEnd at the end of each pause. */
  constructor(clock: Clock, scheduler: Pick<Scheduler, "isCrowded">, onEnd: () => void) {
    this.#clock = clock;
    this.#scheduler = scheduler;
    this.#onEnd = onEnd;
  }

  get isActive(): boolean {
    return this.#isActive;
  }

  /** After a share of a turn. Does nothing while no other client is busy. */
  afterShare(): void {
    if (this.#scheduler.isCrowded) this.#pause(PAUSE_MS);
  }

  /** After long work that began at that time; as above. */
  afterWork(startedAtMs: number): void {
    if (!this.#scheduler.isCrowded) return;
    this.#pause(Math.min(WORK_FACTOR * (this.#clock.nowMs() - startedAtMs), PAUSE_MS_MAX));
  }

  /** From now on, or until a longer pause ends. */
  #pause(ms: number): void {
    this.#untilMs = Math.max(this.#untilMs, this.#clock.nowMs() + ms);
    if (!this.#isActive) this.#sleep(ms);
  }

  #sleep(ms: number): void {
    this.#isActive = true;
    this.#clock.after(ms, () => {
      const leftMs = this.#untilMs - this.#clock.nowMs();
      if (leftMs > 0) return this.#sleep(leftMs);
      this.#isActive = false;
      this.#onEnd();
    });
  }
}
