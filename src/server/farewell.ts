// The end of a connection that okq closes, after all replies are out. okq tells the client that no
// more comes, and drops all bytes that the client still sends until the client closes too. If okq
// closed at once, with bytes unread, the system would reset the connection, and the client might
// lose the last replies.
import type { Socket } from "bun";
import type { Handout } from "../commands/answer.ts";

/** After this time without a byte from the client nothing more is on its way to okq. */
const QUIET_MS = 300;
const LINGER_MS_MAX = 5_000;
/** Within this time a client that is gone refuses bytes, and a client that reads takes them. */
const DOUBT_MS = 30;
const LINGER_BYTES_MAX = 1024 * 1024 * 1024;

export class Farewell {
  readonly #socket: Pick<Socket, "shutdown" | "close">;
  #timer: Timer | undefined;
  #startedAtMs = 0;
  #droppedBytes = 0;
  #hasHeard = false;
  /** Handed to the socket after the client had said that it sends no more: it may be gone. */
  #doubtful: Handout[] = [];

  constructor(socket: Pick<Socket, "shutdown" | "close">) {
    this.#socket = socket;
  }

  get isBegun(): boolean {
    return this.#timer !== undefined;
  }

  /** An event that is delivered at most once is final: the client may have read it. */
  doubt(handout: Handout): void {
    if (handout.mayComeTwice) this.#doubtful.push(handout);
  }

  /** With hasEnded the client sends no more. */
  begin(hasEnded: boolean): void {
    if (!hasEnded) {
      this.#socket.shutdown();
      this.#startedAtMs = performance.now();
      this.#awaitQuiet();
    } else if (this.#doubtful.length > 0) {
      this.#timer = setTimeout(() => this.#socket.close(), DOUBT_MS);
    } else this.#socket.close();
  }

  /** The client sent something, which is dropped. */
  received(bytes: number): void {
    this.#hasHeard = true;
    this.#droppedBytes += bytes;
    if (this.#droppedBytes > LINGER_BYTES_MAX) this.#socket.close();
  }

  /** The connection is closed; isTaken: without a sign that the client is gone. */
  closed(isTaken: boolean): void {
    clearTimeout(this.#timer);
    if (isTaken) this.#doubtful = [];
  }

  giveBack(): void {
    for (const handout of this.#doubtful.toReversed()) handout.giveBack();
  }

  #awaitQuiet(): void {
    this.#hasHeard = false;
    this.#timer = setTimeout(() => {
      const isLate = performance.now() - this.#startedAtMs > LINGER_MS_MAX;
      // Not end(): with TLS that waits for the client, and nothing can close it then.
      if (isLate || !this.#hasHeard) this.#socket.close();
      else this.#awaitQuiet();
    }, QUIET_MS);
  }
}
