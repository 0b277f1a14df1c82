// A long reply of the okq that serves, passed on to the client while it arrives. So only a part of
// it is in memory here.
import { LongReply } from "../../commands/answer.ts";
import type { Budget } from "../../commands/budget.ts";
import { Encoded, type Reply } from "../../resp/reply.ts";

/** With more bytes that the client has not read, okq reads no more of the reply. */
const KEPT_BYTES_MAX = 256 * 1024;

/** The connection that the reply comes from. */
interface Source {
  pause(): void;
  resume(): void;
}

export class PassedReply extends LongReply {
  readonly #source: Source;
  readonly #budget: Budget;
  readonly #pieces: Buffer[] = [];
  #bytes = 0;
  #isComplete = false;
  #isBroken = false;
  #isDropped = false;

  constructor(source: Source, budget: Budget) {
    super({ next: () => this.#next() }, () => this.#drop());
    this.#source = source;
    this.#budget = budget;
  }

  override get isReady(): boolean {
    return this.#isComplete || this.#isBroken || this.#pieces.length > 0;
  }

  add(piece: Buffer): void {
    if (this.#isDropped) return;
    this.#pieces.push(piece);
    this.#keep(piece.length);
    if (this.#bytes > KEPT_BYTES_MAX) this.#source.pause();
  }

  /** All of it was added. */
  complete(): void {
    this.#isComplete = true;
  }

  /** The rest does not come: the client's connection ends in the middle of the reply. */
  breakOff(): void {
    this.#isBroken = true;
  }

  #next(): IteratorResult<Reply> {
    const piece = this.#pieces.shift();
    if (!piece && this.#isBroken) throw new Error("the okq that serves broke off in a reply");
    if (!piece) return { done: true, value: undefined };
    this.#keep(-piece.length);
    if (this.#bytes <= KEPT_BYTES_MAX) this.#source.resume();
    return { done: false, value: new Encoded(piece) };
  }

  #keep(bytes: number): void {
    this.#bytes += bytes;
    this.#budget.change(bytes);
  }

  /** Nobody reads it. */
  #drop(): void {
    this.#isDropped = true;
    this.#keep(-this.#bytes);
    this.#pieces.length = 0;
    this.#source.resume();
  }
}
