// The queues that the plain script has turned away (see script.ts): batches with one of them go to
// the other scripts for a while, without asking the plain one first.
import type { Clock } from "../../queue/clock.ts";

const RARE_MS = 60_000;
const RARE_MAX = 10_000;

export class RareQueues {
  readonly #clock: Clock;
  readonly #until = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get isEmpty(): boolean {
    return this.#until.size === 0;
  }

  /** The name is that of name-cache.ts. */
  add(name: string): void {
    if (this.#until.size >= RARE_MAX) this.#until.clear();
    this.#until.set(name, this.#clock.nowMs() + RARE_MS);
  }

  has(name: string): boolean {
    return (this.#until.get(name) ?? 0) > this.#clock.nowMs();
  }
}
