// The commands of one connection that were started and whose replies are not sent, in order.
import { FIRST_REPLY_BYTES, IN_FLIGHT_BYTES_MAX, IN_FLIGHT_MAX } from "./flow/limits.ts";
import type { Slot } from "./slot.ts";

export class Pipeline {
  readonly #slots: Slot[] = [];
  /** A command that must be answered before the next one may start. */
  #exclusive: Slot | null = null;
  #commandBytes = 0;
  /** The average size of the latest replies. */
  #replyBytes = FIRST_REPLY_BYTES;

  get size(): number {
    return this.#slots.length;
  }

  /** Bytes of the arguments of commands that wait for their answer. */
  get commandBytes(): number {
    return this.#commandBytes;
  }

  /** Why no further command may be started; null when one may. */
  get limit(): "exclusive" | "in-flight" | null {
    if (this.#exclusive) return "exclusive";
    const { size } = this;
    if (size === 0) return null;
    const bytes = this.#commandBytes + size * this.#replyBytes;
    return size >= IN_FLIGHT_MAX || bytes > IN_FLIGHT_BYTES_MAX ? "in-flight" : null;
  }

  get isAnswered(): boolean {
    return this.#slots.every(({ answer }) => answer !== undefined);
  }

  /** The slot at that position, if it is answered. */
  answered(index: number): Slot | null {
    const slot = this.#slots[index];
    return slot === undefined || slot.answer === undefined ? null : slot;
  }

  includes(slot: Slot): boolean {
    return this.#slots.includes(slot);
  }

  add(slot: Slot): void {
    this.#slots.push(slot);
  }

  /** The slot, which was added before, waits for its answer. */
  wait(slot: Slot): void {
    this.#commandBytes += slot.bytes;
    if (slot.isExclusive) this.#exclusive = slot;
  }

  /** The slot has its answer. */
  settle(slot: Slot): void {
    this.#commandBytes -= slot.bytes;
    if (this.#exclusive === slot) this.#exclusive = null;
  }

  /** The first replies were sent: that many, in that many bytes. */
  sent(count: number, bytes: number): void {
    if (count === 0) return;
    this.#replyBytes = bytes / count;
    if (count === this.#slots.length) this.#slots.length = 0;
    else this.#slots.splice(0, count);
  }

  /** The client is gone. The event popped first is requeued last, so it is the next one out. */
  abandon(): void {
    for (const slot of this.#slots.splice(0).toReversed()) slot.abandon();
  }
}
