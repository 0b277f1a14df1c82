// What a connection owes its socket: bytes that the socket did not take yet, and the events whose
// replies are among them. The socket keeps nothing that it did not take, so this must.
import type { Handout } from "../commands/answer.ts";

/** The part of a socket that takes bytes: how many it took, 0 for none, -1 when it is closed. */
export interface Sink {
  write(bytes: Buffer): number;
}

/** An event handed out in a reply that ends there, counted in bytes since the connection began. */
export interface Pending {
  end: number;
  handout: Handout;
}

export class Outbox {
  readonly #sink: Sink;
  readonly #total: { unsentBytes: number };
  #unsent: Buffer[] = [];
  #unsentBytes = 0;
  #sentBytes = 0;
  #pending: Pending[] = [];

  /** In the total it counts the bytes that its socket has yet to take. */
  constructor(sink: Sink, total: { unsentBytes: number } = { unsentBytes: 0 }) {
    this.#sink = sink;
    this.#total = total;
  }

  /** Bytes that the socket has yet to take. */
  get length(): number {
    return this.#unsentBytes;
  }

  /** Bytes that the socket took, ever. */
  get sentBytes(): number {
    return this.#sentBytes;
  }

  /**
   * Sends bytes that are only lent, copying what the socket does not take. The handouts come with
   * the end of their reply within these bytes.
   */
  send(bytes: Buffer, handouts: Pending[]): void {
    const start = this.#sentBytes + this.#unsentBytes;
    for (const { end, handout } of handouts) this.#pending.push({ end: start + end, handout });
    const taken = this.#unsentBytes === 0 ? Math.max(0, this.#sink.write(bytes)) : 0;
    this.#sentBytes += taken;
    if (taken < bytes.length) {
      this.#unsent.push(Buffer.from(bytes.subarray(taken)));
      this.#count(bytes.length - taken);
    }
    this.#forgetTaken();
  }

  /** The socket can take more: gives it what is left, in order. False when it is closed. */
  drain(): boolean {
    let taken = 0;
    while (this.#unsent.length > 0) {
      const first = this.#unsent[0]!;
      taken = this.#sink.write(first);
      if (taken < 0) break;
      this.#sentBytes += taken;
      this.#count(-taken);
      if (taken < first.length) {
        this.#unsent[0] = first.subarray(taken);
        break;
      }
      this.#unsent.shift();
    }
    this.#forgetTaken();
    return taken >= 0;
  }

  /** The client is gone: events that its socket did not take go back in line. */
  abandon(): void {
    // The last one out was the first to be popped: so it must be the last to go back.
    for (const { handout } of this.#pending.toReversed()) handout.giveBack();
    this.#pending = [];
    this.#unsent = [];
    this.#count(-this.#unsentBytes);
  }

  #count(bytes: number): void {
    this.#unsentBytes += bytes;
    this.#total.unsentBytes += bytes;
  }

  #forgetTaken(): void {
    if (this.#pending.length === 0) return;
    if (this.#unsentBytes === 0) this.#pending = [];
    else this.#pending = this.#pending.filter(({ end }) => end > this.#sentBytes);
  }
}
