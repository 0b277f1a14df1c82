// How many commands of a client may be under way: more while it takes its answers, else fewer.
import { EXPECTED_BYTES_MAX, WINDOW_MAX, WINDOW_START } from "./bounds.ts";

export class Window {
  #size = WINDOW_START;
  /** Of an answer, as the last ones were on average. */
  #answerBytes = 0;

  isFull(inFlight: number): boolean {
    if (inFlight >= this.#size) return true;
    return inFlight > 0 && inFlight * this.#answerBytes > EXPECTED_BYTES_MAX;
  }

  /** So many answers left in so many bytes, and the client has taken them all or not. */
  answered(count: number, bytes: number, isTaken: boolean): void {
    this.#answerBytes = bytes / Math.max(1, count);
    this.#size = isTaken ? Math.min(WINDOW_MAX, this.#size * 2) : this.#size >> 1 || 1;
  }
}
