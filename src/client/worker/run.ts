// The run of a handler, for one event or for a batch of them.
import type { Cancel } from "../../queue/clock.ts";
import type { Claim } from "./claim.ts";

export class Run {
  claims: readonly Claim[];
  /** Ends the timer of its time limit. */
  timer: Cancel = () => {};
  #controller: AbortController | null = null;
  #reason: Error | null = null;

  constructor(claims: readonly Claim[]) {
    this.claims = claims;
  }

  /** Aborts when the handler should stop altogether. Each event has a signal of its own. */
  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      if (this.#reason) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  /** The handler should stop. The first reason stays. */
  abort(reason: Error): void {
    for (const claim of this.claims) claim.abort(reason);
    this.#abort(reason);
  }

  /** One of its events was aborted. Without any event left, the handler should stop. */
  aborted(reason: Error): void {
    if (this.claims.every(({ abortReason }) => abortReason !== null)) this.#abort(reason);
  }

  #abort(reason: Error): void {
    if (this.#reason) return;
    this.#reason = reason;
    this.#controller?.abort(reason);
  }
}
