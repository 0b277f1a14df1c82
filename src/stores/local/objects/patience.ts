// Waits between tries that may disturb others: one lease at first, longer after each.

import type { Clock } from "../../../queue/clock.ts";

const LEASES_MAX = 8;

export class Patience {
  readonly #clock: Clock;
  readonly #leaseMs: number;
  #leases = 1;
  #untilMs = 0;

  constructor(clock: Clock, leaseMs: number) {
    this.#clock = clock;
    this.#leaseMs = leaseMs;
  }

  get isOver(): boolean {
    return this.#clock.nowMs() >= this.#untilMs;
  }

  wait(): void {
    this.#untilMs = this.#clock.nowMs() + this.#leases * this.#leaseMs;
    this.#leases = Math.min(this.#leases * 2, LEASES_MAX);
  }

  reset(): void {
    this.#leases = 1;
    this.#untilMs = 0;
  }
}
