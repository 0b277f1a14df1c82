// Notices that okq is silent: commands are under way, and for a time no byte has moved.
import type { Cancel, Clock } from "../../queue/clock.ts";

export class Silence {
  readonly #clock: Clock;
  readonly #limitMs: number;
  readonly #onSilence: (ms: number) => void;
  #movedAtMs = 0;
  #isBusy = false;
  /** How long okq may wait before it answers the commands under way. */
  #waitMs = 0;
  #cancel: Cancel | null = null;

  constructor(clock: Clock, limitMs: number, onSilence: (ms: number) => void) {
    this.#clock = clock;
    this.#limitMs = limitMs;
    this.#onSilence = onSilence;
  }

  /** Commands are sent. */
  begin(waitMs: number): void {
    this.moved();
    this.#isBusy = true;
    this.#waitMs = Math.max(this.#waitMs, waitMs);
    this.#cancel ??= this.#clock.after(this.#limitMs + this.#waitMs, this.#look);
  }

  moved(): void {
    this.#movedAtMs = this.#clock.nowMs();
  }

  /** All commands are answered or lost. */
  end(): void {
    this.#isBusy = false;
    // Otherwise the timer may stay: the next commands use it.
    if (this.#waitMs > 0) this.stop();
    this.#waitMs = 0;
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = null;
  }

  readonly #look = (): void => {
    this.#cancel = null;
    if (!this.#isBusy) return;
    const limitMs = this.#limitMs + this.#waitMs;
    const leftMs = this.#movedAtMs + limitMs - this.#clock.nowMs();
    if (leftMs > 0) this.#cancel = this.#clock.after(leftMs, this.#look);
    else this.#onSilence(limitMs);
  };
}
