// Replies that the socket has not taken yet, and the popped events that are in them. Bun's sockets
// do not keep bytes that the system did not take, so the outbox does. To another okq, which passes
// replies on, a reply is not sent until that okq says so.
import type { Budget } from "../commands/budget.ts";

/** The part of a socket that takes bytes. */
export interface Sink {
  /** Takes some of bytes[from, from + length). Returns how many, or -1 when it is closed. */
  write(bytes: Buffer, from: number, length: number): number;
}

/** A popped event in a reply that ends at that byte; or somebody who waits until it is sent. */
export interface Pending {
  end: number;
  handout: {
    /** The client is gone before the reply was sent. */
    giveBack(): void;
    sent?(): void;
  };
}

/** Pieces up to this size together are joined, so that one system call sends them. */
const JOINED_BYTES_MAX = 512 * 1024;
/** Of what another okq has not confirmed. Events in front of that are taken as sent. */
const UNCONFIRMED_BYTES_MAX = 2 * 1024 * 1024;
const UNCONFIRMED_MAX = 4096;

/** The connection. */
interface Owner {
  /** Another okq passes the replies on. */
  readonly isForwarded: boolean;
}

export class Outbox {
  readonly #sink: Sink;
  readonly #budget: Budget;
  readonly #owner: Owner;
  #unsent: Buffer[] = [];
  #unsentBytes = 0;
  #sentBytes = 0;
  /** Their ends are counted in bytes since the connection began. */
  #pending: Pending[] = [];
  /** The client of the other okq has got so many bytes. */
  #confirmedBytes = 0;
  /** That client is gone, and did not get the others. */
  #isLost = false;
  /** Bytes that were sent and whose events are still pending. They count against the budget. */
  #keptBytes = 0;

  constructor(sink: Sink, budget: Budget, owner: Owner) {
    this.#sink = sink;
    this.#budget = budget;
    this.#owner = owner;
  }

  /** Another okq says what its client has got. */
  get isConfirmed(): boolean {
    return this.#owner.isForwarded;
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
    const isNext = this.#unsentBytes === 0 && length > 0;
    const taken = isNext ? Math.max(0, this.#sink.write(bytes, 0, length)) : 0;
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

  /** The client of the other okq has got so many bytes since the connection began. */
  confirm(bytes: number): void {
    this.#confirmedBytes = bytes;
    this.#forgetSent();
  }

  /** That client is gone: it gets no more than was confirmed. */
  lose(): void {
    this.#isLost = true;
  }

  /** The client is gone: requeues the events that the socket did not take. */
  abandon(): void {
    const sentBytes = this.#isLost ? 0 : this.#sentBytes;
    const unsent = this.#pending.filter(({ end }) => end > sentBytes);
    // The event that was popped first is requeued last, so that it is the next one out again.
    for (const { handout } of unsent.toReversed()) handout.giveBack();
    this.#pending = [];
    this.#keep(0);
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
    const pending = this.#pending;
    if (pending.length === 0) return;
    const sentBytes = this.#keptFrom();
    let count = 0;
    for (; count < pending.length && pending[count]!.end <= sentBytes; count++) {
      pending[count]!.handout.sent?.();
    }
    if (count === pending.length) pending.length = 0;
    else pending.splice(0, count);
    this.#keep(pending.length === 0 ? 0 : this.#sentBytes - sentBytes);
  }

  #keep(bytes: number): void {
    this.#budget.change(bytes - this.#keptBytes);
    this.#keptBytes = bytes;
  }

  /** The bytes in front of that are sent. */
  #keptFrom(): number {
    if (!this.isConfirmed) return this.#sentBytes;
    const last = this.#pending.at(-UNCONFIRMED_MAX - 1)?.end ?? 0;
    const from = Math.max(this.#confirmedBytes, last, this.#sentBytes - UNCONFIRMED_BYTES_MAX);
    return Math.min(from, this.#sentBytes);
  }
}
