// Calls that okq could not do now, because its store is away: each is sent again after a pause.
import type { Cancel, Clock } from "../../queue/clock.ts";
import type { Call } from "./call.ts";

const FIRST_MS = 50;
const MAX_MS = 1_000;

export class Pauses {
  readonly #clock: Clock;
  readonly #over: (call: Call) => void;
  readonly #paused = new Map<Call, Cancel>();

  constructor(clock: Clock, over: (call: Call) => void) {
    this.#clock = clock;
    this.#over = over;
  }

  get size(): number {
    return this.#paused.size;
  }

  pause(call: Call): void {
    const cancel = this.#clock.after(pauseMs(call.failures, FIRST_MS, MAX_MS), () => {
      this.#paused.delete(call);
      this.#over(call);
    });
    this.#paused.set(call, cancel);
  }

  /** Ends all pauses and returns their calls. */
  end(): Call[] {
    const calls = [...this.#paused.keys()];
    for (const cancel of this.#paused.values()) cancel();
    this.#paused.clear();
    return calls;
  }
}

/** The pause after the n-th failure: twice as long each time, and up to half less by chance. */
export function pauseMs(failures: number, firstMs: number, maxMs: number): number {
  const fullMs = Math.min(maxMs, firstMs * 2 ** Math.min(failures - 1, 20));
  return fullMs * (0.5 + Math.random() / 2);
}
