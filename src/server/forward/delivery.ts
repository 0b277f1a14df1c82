// Which replies of the okq that serves a client has got, on one link. That okq gives back the
// events in the others when the client is gone.
import type { Receipt } from "../../commands/answer.ts";

/** After so many replies or bytes that okq is told: it keeps their events until then. */
const UNTOLD_MAX = 32;
const UNTOLD_BYTES_MAX = 8 * 1024;

export class Delivery {
  readonly #tell: (bytes: number) => void;
  /** Replies that may hand out events, and that the client has not got. */
  #missing = 0;
  /** Bytes of replies that it has got since the link began, and that the other okq knows of. */
  #bytes = 0;
  #toldBytes = 0;
  #untold = 0;
  #willTell = false;

  /** tell: called now and then with the bytes that the client has got. */
  constructor(tell: (bytes: number) => void) {
    this.#tell = tell;
  }

  /** The client has not got all that it is to get. */
  get isDue(): boolean {
    return this.#missing > 0;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** A command was sent whose reply may hand out events. */
  begin(): LinkReceipt {
    this.#missing += 1;
    return new LinkReceipt(this);
  }

  /** The client has got the reply that ends there, and all before it. */
  sent(end: number): void {
    this.#missing -= 1;
    this.#bytes = end;
    this.#untold += 1;
    if (this.#willTell) return;
    if (this.#untold < UNTOLD_MAX && end - this.#toldBytes < UNTOLD_BYTES_MAX) return;
    this.#willTell = true;
    // Once for all that was sent in one go.
    queueMicrotask(() => {
      this.#willTell = false;
      this.#untold = 0;
      this.#toldBytes = this.#bytes;
      this.#tell(this.#bytes);
    });
  }
}

/** Of one command. */
export class LinkReceipt implements Receipt {
  readonly #delivery: Delivery;
  /** Of its reply, in bytes since the link began; 0: it has not come, or was lost. */
  #end = 0;
  #isSent = false;

  constructor(delivery: Delivery) {
    this.#delivery = delivery;
  }

  /** All of the reply has come, up to that byte. */
  came(end: number): void {
    this.#end = end;
    if (this.#isSent) this.#delivery.sent(end);
  }

  /** It may not have come yet, if the client does not want it. */
  sent(): void {
    this.#isSent = true;
    if (this.#end > 0) this.#delivery.sent(this.#end);
  }

  /** The okq that serves does it. */
  giveBack(): void {}
}
