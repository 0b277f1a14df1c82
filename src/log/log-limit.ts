// Keeps repeated lines from filling the log.
import type { LogFields } from "./log.ts";

type Warn = (message: string, fields: LogFields) => void;

const WINDOW_MS = 10_000;
const LINES_MAX = 5;

/** Writes five lines with the same message in ten seconds, and then how many more there were. */
export class LogLimit {
  readonly #write: Warn;
  readonly #counts = new Map<string, number>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(write: Warn) {
    this.#write = write;
  }

  readonly warn: Warn = (message, fields) => {
    const count = (this.#counts.get(message) ?? 0) + 1;
    this.#counts.set(message, count);
    if (count <= LINES_MAX) this.#write(message, fields);
    this.#timer ??= setTimeout(() => this.close(), WINDOW_MS);
  };

  /** Writes how many lines were left out, and starts over. */
  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const [message, count] of this.#counts) {
      if (count > LINES_MAX) this.#write(`${message} (repeated)`, { count: count - LINES_MAX });
    }
    this.#counts.clear();
  }
}
