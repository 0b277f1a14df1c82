// The end of a connection whose replies are all sent. okq half-closes it, and discards input until
// the client closes its half too. If okq closed at once without reading all input, the system would
// reset the connection, and the client might lose the last replies.
import type { Handout } from "../commands/answer.ts";
import type { Cancel, Clock } from "../queue/clock.ts";
import type { ClientSocket } from "./client-socket.ts";

/** After this time without input from the client, none is on its way. */
const QUIET_MS = 300;
const LINGER_MS_MAX = 5_000;
const LINGER_BYTES_MAX = 1024 * 1024 * 1024;
/** Within this time the system learns from a client that is gone that it refuses the bytes. */
const CONFIRM_MS = 30;

export class Closing {
  readonly #socket: Pick<ClientSocket, "shutdown" | "close">;
  readonly #clock: Clock;
  #cancel: Cancel = () => {};
  #beganAtMs = 0;
  #discardedBytes = 0;
  #hasReceived = false;
  #hasPeerHalfClosed = false;
  /** Popped events that were sent after the peer had half-closed: it may be gone altogether. */
  #unconfirmed: Handout[] = [];

  constructor(socket: Pick<ClientSocket, "shutdown" | "close">, clock: Clock) {
    this.#socket = socket;
    this.#clock = clock;
  }

  /** The client has half-closed the connection: it sends no more. */
  peerHalfClosed(): void {
    this.#hasPeerHalfClosed = true;
  }

  get hasPeerHalfClosed(): boolean {
    return this.#hasPeerHalfClosed;
  }

  /** The event was sent to a client that may be gone. Events delivered at most once are final. */
  addUnconfirmed(handout: Handout): void {
    if (handout.mayComeTwice) this.#unconfirmed.push(handout);
  }

  begin(): void {
    if (!this.#hasPeerHalfClosed) {
      this.#socket.shutdown();
      this.#beganAtMs = this.#clock.nowMs();
      this.#awaitQuiet();
    } else if (this.#unconfirmed.length > 0) {
      this.#cancel = this.#clock.after(CONFIRM_MS, () => void this.#socket.close());
    } else this.#socket.close();
  }

  discard(bytes: number): void {
    this.#hasReceived = true;
    this.#discardedBytes += bytes;
    if (this.#discardedBytes > LINGER_BYTES_MAX) this.#socket.close();
  }

  /** The socket is closed; isConfirmed: nothing shows that the client was gone before. */
  closed(isConfirmed: boolean): void {
    this.#cancel();
    if (isConfirmed) this.#unconfirmed = [];
  }

  /** Requeues the events that the client did not get. */
  requeue(): void {
    for (const handout of this.#unconfirmed.toReversed()) handout.giveBackUnconfirmed();
    this.#unconfirmed = [];
  }

  #awaitQuiet(): void {
    this.#hasReceived = false;
    this.#cancel = this.#clock.after(QUIET_MS, () => {
      const isLate = this.#clock.nowMs() - this.#beganAtMs > LINGER_MS_MAX;
      // Not end(): with TLS that waits for the client, and nothing can close it then.
      if (isLate || !this.#hasReceived) this.#socket.close();
      else this.#awaitQuiet();
    });
  }
}
