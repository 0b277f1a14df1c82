// Replies that the socket has not taken yet, and the popped events that are in them. Bun's sockets
// do not keep bytes that the system did not take, so the outbox does.
import type { Budget } from "../commands/budget.ts";
import type { Handout } from "../commands/answer.ts";

/** The part of a socket that takes bytes. */
export interface Sink {
  /** Takes some of bytes[from, from + length). Returns how many, or -1 when it is closed. */
  write(bytes: Buffer, from: number, length: number): number;
}

/** A popped event in a reply that ends at that byte. */
export interface Pending {
  end: number;
  handout: Handout;
}

/** Pieces up to this size together are joined, so that one system call sends them. */
const JOINED_BYTES_MAX = 512 * 1024;

export class Outbox {
  readonly #sink: Sink;
  readonly #budget: Budget;
  #unsent: Buffer[] = [];
  #unsentBytes = 0;
  #sentBytes = 0;
  /** Their ends are counted in bytes since the connection began. */
  #pending: Pending[] = [];

  constructor(sink: Sink, budget: Budget) {
    this.#sink = sink;
    this.#budget = budget;
  }

  /** Bytes that the socket has not taken. */
  get length(): number {
    return this.#unsentBytes;
  }

  /** Bytes that the socket has taken since the connection began. */
  get sentBytes(): number {
    return this.#sentBytes;
  }

  /**
   * Sends the first `length` bytes. It copies the bytes that the socket does not take. The ends of
   * the pending events are counted from the first of these bytes.
   */
  send(bytes: Buffer, length: number, pending: readonly Pending[]): void {
    const start = this.#sentBytes + this.#unsentBytes;
    for (const { end, handout } of pending) this.#pending.push({ end: start + end, handout });
    const taken = this.#unsentBytes === 0 ? Math.max(0, this.#sink.write(bytes, 0, length)) : 0;
    this.#sentBytes += taken;
    if (taken < length) {
      this.#unsent.push(Buffer.from(bytes.subarray(taken, length)));
      this.#unsentBytes += length - taken;
      this.#budget.take(length - taken);
    }
    this.#forgetSent();
  }

  /** Gives the socket what it takes now, in order. False when the socket is closed. */
  drain(): boolean {
    let taken = 0;
    while (this.#unsent.length > 0) {
      const first = this.#firstUnsent();
      taken = this.#sink.write(first, 0, first.length);
      if (taken < 0) break;
      this.#sentBytes += taken;
      this.#release(taken);
      if (taken < first.length) {
        this.#unsent[0] = first.subarray(taken);
        break;
      }
      this.#unsent.shift();
    }
    this.#forgetSent();
    return taken >= 0;
  }

  /** The client is gone: requeues the events that the socket did not take. */
  abandon(): void {
    // The event that was popped first is requeued last, so that it is the next one out again.
    for (const { handout } of this.#pending.toReversed()) handout.giveBack();
    this.#pending = [];
    this.#unsent = [];
    this.#release(this.#unsentBytes);
  }

  #firstUnsent(): Buffer {
    if (this.#unsent.length > 1 && this.#unsentBytes <= JOINED_BYTES_MAX) {
      this.#unsent = [Buffer.concat(this.#unsent)];
    }
    return this.#unsent[0]!;
  }

  #release(bytes: number): void {
    this.#unsentBytes -= bytes;
    this.#budget.release(bytes);
  }

  #forgetSent(): void {
    if (this.#pending.length === 0) return;
    if (this.#unsentBytes === 0) this.#pending.length = 0;
    else this.#pending = this.#pending.filter(({ end }) => end > this.#sentBytes);
  }
}
