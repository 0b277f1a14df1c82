// What is counted of a queue: since it came into being, and in the last minute.
import { addCounts, emptyCounts, COUNTED, type Counted } from "../../queue/queue-status.ts";
import type { QueueCounts } from "../../queue/queue-status.ts";

const slotMs = 5000;
const slotsKept = 12;

export class Figures {
  readonly counts: QueueCounts;
  /** By number, of the last minute. */
  readonly #slots = new Map<number, QueueCounts>();

  constructor(counts: QueueCounts = emptyCounts()) {
    this.counts = counts;
  }

  /** With -1 takes them back. */
  add(nowMs: number, added: QueueCounts, sign: 1 | -1 = 1): void {
    addCounts(this.counts, added, sign);
    addCounts(this.#slotAt(nowMs), added, sign);
  }

  /** With -1 takes it back. */
  addOne(nowMs: number, what: Counted, sign: 1 | -1 = 1): void {
    const place = COUNTED.indexOf(what);
    this.counts.totals[place]! += sign;
    this.#slotAt(nowMs).totals[place]! += sign;
  }

  recentAt(nowMs: number): QueueCounts {
    const recent = emptyCounts();
    const oldest = Math.floor(nowMs / slotMs) - slotsKept;
    for (const [number, counts] of this.#slots) if (number > oldest) addCounts(recent, counts);
    return recent;
  }

  #slotAt(nowMs: number): QueueCounts {
    const number = Math.floor(nowMs / slotMs);
    const slot = this.#slots.get(number);
    if (slot) return slot;
    for (const old of this.#slots.keys()) if (old <= number - slotsKept) this.#slots.delete(old);
    const counts = emptyCounts();
    this.#slots.set(number, counts);
    return counts;
  }
}
