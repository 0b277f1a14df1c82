// Messages for one client that are not replies: of the channels that it has subscribed to. They are
// written between replies. A client that reads too slowly loses messages, and is closed when it has
// lost very many.
import type { Budget } from "../commands/budget.ts";
import type { Stats } from "../commands/context.ts";
import { Encoded, type Output } from "../resp/reply.ts";
import { UNSENT_BYTES_MAX } from "./flow/limits.ts";
import type { Outbox } from "./outbox.ts";

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

export class Messages {
  readonly #outbox: Outbox;
  readonly #unsent: Budget;
  readonly #stats: Stats;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #lostBytes = 0;

  constructor(outbox: Outbox, unsent: Budget, stats: Stats) {
    this.#outbox = outbox;
    this.#unsent = unsent;
    this.#stats = stats;
  }

  /** Bytes that wait to be written. */
  get length(): number {
    return this.#waitingBytes;
  }

  /** So many messages are lost that the client has to be told by closing it. */
  get hasLostMany(): boolean {
    return this.#lostBytes > (this.#isTaken(SHORT_PART) ? LOST_SHORT_BYTES_MAX : LOST_BYTES_MAX);
  }

  add(message: Buffer): void {
    const bytes = this.#waitingBytes + this.#outbox.length;
    if (bytes === 0) this.#lostBytes = 0;
    const bytesMax = this.#isTaken(SHORT_PART) ? KEPT_SHORT_BYTES_MAX : KEPT_BYTES_MAX;
    if (this.#isTaken(TAKEN_PART_MAX) || bytes + message.length > bytesMax) {
      this.#lostBytes += message.length;
      this.#stats.messagesLost += 1;
      return;
    }
    this.#waiting.push(message);
    this.#waitingBytes += message.length;
    this.#unsent.take(message.length);
  }

  /** Writes as many as the limit on unsent bytes allows. */
  write(output: Output): void {
    let written = 0;
    while (written < this.#waiting.length) {
      if (this.#outbox.length + output.length > UNSENT_BYTES_MAX) break;
      const message = this.#waiting[written++]!;
      output.write(new Encoded(message), 2);
      this.#release(message.length);
    }
    this.#waiting.splice(0, written);
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
