// Sums of figures over queues, and which of the queues are the largest.
import type { QueueStatus } from "../../queue/queue-status.ts";

export const STATES = ["ready", "delayed", "claimed", "failed", "completed"] as const;
export type StateSums = Record<(typeof STATES)[number], number>;

export class QueueSums {
  queues = 0;
  consumers = 0;
  pausedIn = 0;
  pausedOut = 0;
  readonly events: StateSums = { ready: 0, delayed: 0, claimed: 0, failed: 0, completed: 0 };

  /** With -1 takes the queue off. */
  add(status: QueueStatus, sign: 1 | -1 = 1): void {
    this.queues += sign;
    this.consumers += sign * status.consumers;
    if (status.paused.includes("in")) this.pausedIn += sign;
    if (status.paused.includes("out")) this.pausedOut += sign;
    for (const state of STATES) this.events[state] += sign * status[state];
  }

  /** The sums over the other queues. */
  without(statuses: QueueStatus[]): QueueSums {
    const rest = new QueueSums();
    Object.assign(rest, this, { events: { ...this.events } });
    for (const status of statuses) rest.add(status, -1);
    return rest;
  }
}

/** Events in any state. */
function sizeOf(status: QueueStatus): number {
  return STATES.reduce((sum, state) => sum + status[state], 0);
}

function compare(a: QueueStatus, b: QueueStatus): number {
  return sizeOf(b) - sizeOf(a) || Buffer.compare(a.queue, b.queue);
}

/** The largest of many queues, in the memory of a few. */
export class LargestQueues {
  readonly #count: number;
  #kept: QueueStatus[] = [];
  /** Queues up to that size are passed over: those kept come before them by name, too. */
  #passed = -1;

  constructor(count: number) {
    this.#count = count;
  }

  add(status: QueueStatus): void {
    if (sizeOf(status) <= this.#passed) return;
    this.#kept.push(status);
    if (this.#kept.length >= 2 * this.#count + 1) this.#cut();
  }

  /** The largest first; queues of the same size by the bytes of their names. */
  get all(): QueueStatus[] {
    this.#cut();
    return this.#kept;
  }

  #cut(): void {
    this.#kept = this.#kept.toSorted(compare).slice(0, this.#count);
    const last = this.#kept[this.#count - 1];
    if (last) this.#passed = sizeOf(last);
  }
}
