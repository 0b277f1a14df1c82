// Messages for one client that are not replies: of the channels that it has subscribed to. They are
// written between replies. A client that reads too slowly loses messages, and is closed when it has
// lost very many.
import type { Budget } from "../commands/budget.ts";
import type { Stats } from "../commands/context.ts";
import { Encoded, type Output } from "../resp/reply.ts";
import { UNSENT_BYTES_MAX } from "./flow/limits.ts";
import type { Outbox } from "./outbox.ts";

/** Of one client's messages and replies that are not sent. */
const KEPT_BYTES_MAX = 1024 * 1024;
/** Lost without a time in between at which everything was sent. */
const LOST_BYTES_MAX = 32 * 1024 * 1024;

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
    return this.#lostBytes > LOST_BYTES_MAX;
  }

  /** Half of the budget stays for replies. */
  add(message: Buffer): void {
    const bytes = this.#waitingBytes + this.#outbox.length;
    if (bytes === 0) this.#lostBytes = 0;
    const isFull = this.#unsent.bytes > this.#unsent.bytesMax / 2;
    if (isFull || bytes + message.length > KEPT_BYTES_MAX) {
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

  #release(bytes: number): void {
    this.#waitingBytes -= bytes;
    this.#unsent.release(bytes);
  }
}
