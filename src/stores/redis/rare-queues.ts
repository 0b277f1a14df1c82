// The queues that a small script has turned away (see script.ts): batches with one of them go to a
// larger one for a while, without asking the small one first.
import type { Clock } from "../../queue/clock.ts";
import type { Level } from "./script.ts";

const RARE_MS = 60_000;
const RARE_MAX = 10_000;

interface Rare {
  untilMs: number;
  level: Level;
}

export class RareQueues {
  readonly #clock: Clock;
  readonly #queues = new Map<string, Rare>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get isEmpty(): boolean {
    return this.#queues.size === 0;
  }

  /** The name is that of name-cache.ts. level: the smallest script that may serve it. */
  add(name: string, level: Level): void {
    if (this.#queues.size >= RARE_MAX) this.#queues.clear();
    this.#queues.set(name, { untilMs: this.#clock.nowMs() + RARE_MS, level });
  }

  levelOf(name: string): Level {
    const rare = this.#queues.get(name);
    return rare && rare.untilMs > this.#clock.nowMs() ? rare.level : "plain";
  }
}
