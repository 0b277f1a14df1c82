// Messages for one subscriber that it has not read yet. One that reads too slowly loses messages,
// and is to be closed when it has lost very many.
import type { Budget } from "./budget.ts";
import type { Stats } from "./context.ts";

/** Of one client's messages and replies that are not sent; and while memory is short. */
const KEPT_BYTES_MAX = 1024 * 1024;
const KEPT_SHORT_BYTES_MAX = 64 * 1024;
/** Lost without a time in between at which everything was sent; and while memory is short. */
const LOST_BYTES_MAX = 32 * 1024 * 1024;
const LOST_SHORT_BYTES_MAX = 1024 * 1024;
/** The part of the memory for what clients have not read that messages may take in all. */
const TAKEN_PART_MAX = 1 / 2;
/** Memory is short when so much of it is taken: those who read at once still get messages. */
const SHORT_PART = 3 / 8;

export class UnsentMessages {
  readonly #unsent: Budget;
  readonly #stats: Pick<Stats, "messagesLost">;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #lostBytes = 0;
  #lost = 0;

  constructor(unsent: Budget, stats: Pick<Stats, "messagesLost">) {
    this.#unsent = unsent;
    this.#stats = stats;
  }

  /** Bytes that wait. */
  get length(): number {
    return this.#waitingBytes;
  }

  /** So many messages are lost that the client has to be told by closing it. */
  get hasLostMany(): boolean {
    return this.#lostBytes > (this.#isTaken(SHORT_PART) ? LOST_SHORT_BYTES_MAX : LOST_BYTES_MAX);
  }

  /** How many messages are lost, all in all. */
  get lost(): number {
    return this.#lost;
  }

  /** Whether there is room for so many bytes. `others`: bytes that are not sent besides. */
  hasRoom(bytes: number, others: number): boolean {
    const bytesMax = this.#isTaken(SHORT_PART) ? KEPT_SHORT_BYTES_MAX : KEPT_BYTES_MAX;
    return !this.#isTaken(TAKEN_PART_MAX) && this.#waitingBytes + others + bytes <= bytesMax;
  }

  /** Without room the message is lost. */
  add(message: Buffer, others: number): void {
    if (this.#waitingBytes + others === 0) this.#lostBytes = 0;
    if (!this.hasRoom(message.length, others)) {
      this.#lostBytes += message.length;
      this.#lost += 1;
      this.#stats.messagesLost += 1;
      return;
    }
    this.#waiting.push(message);
    this.#waitingBytes += message.length;
    this.#unsent.take(message.length);
  }

  /** Takes messages in order, as long as `send` does not refuse one with false. */
  take(send: (message: Buffer) => boolean): void {
    let taken = 0;
    while (taken < this.#waiting.length) {
      const message = this.#waiting[taken]!;
      if (!send(message)) break;
      taken += 1;
      this.#release(message.length);
    }
    this.#waiting.splice(0, taken);
  }

  /** The client is gone. */
  abandon(): void {
    this.#waiting = [];
    this.#release(this.#waitingBytes);
  }

  /** Whether all clients together have taken that part of the memory. */
  #isTaken(part: number): boolean {
    return this.#unsent.bytes > this.#unsent.bytesMax * part;
  }

  #release(bytes: number): void {
    this.#waitingBytes -= bytes;
    this.#unsent.release(bytes);
  }
}
