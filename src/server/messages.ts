// Messages for one client that are not replies: of the channels that it has subscribed to. They are
// written between replies.
import type { Budget } from "../commands/budget.ts";
import type { Stats } from "../commands/context.ts";
import { UnsentMessages } from "../commands/unsent-messages.ts";
import { Encoded, type Output } from "../resp/reply.ts";
import { UNSENT_BYTES_MAX } from "./flow/limits.ts";
import type { Outbox } from "./outbox.ts";

export class Messages {
  readonly #outbox: Outbox;
  readonly #unsent: UnsentMessages;

  constructor(outbox: Outbox, unsent: Budget, stats: Stats) {
    this.#outbox = outbox;
    this.#unsent = new UnsentMessages(unsent, stats);
  }

  /** Bytes that wait to be written. */
  get length(): number {
    return this.#unsent.length;
  }

  /** So many messages are lost that the client has to be told by closing it. */
  get hasLostMany(): boolean {
    return this.#unsent.hasLostMany;
  }

  add(message: Buffer): void {
    this.#unsent.add(message, this.#outbox.length);
  }

  /** Writes as many as the limit on unsent bytes allows. */
  write(output: Output): void {
    this.#unsent.take((message) => {
      if (this.#outbox.length + output.length > UNSENT_BYTES_MAX) return false;
      output.write(new Encoded(message), 2);
      return true;
    });
  }

  /** The client is gone. */
  abandon(): void {
    this.#unsent.abandon();
  }
}
