// Standard output or standard error. A write ends when the system has taken all bytes, so that a
// reader that does not read holds the command back and no memory grows.
import { write } from "node:fs";
import { promisify } from "node:util";
import { CommandFailure } from "../command-failure.ts";

const writeTo = promisify(write) as (
  descriptor: number,
  bytes: Uint8Array,
  offset: number,
  length: number,
) => Promise<{ bytesWritten: number }>;

/** A pipe that somebody else has made non-blocking is tried again after so long. */
const FULL_MS = 5;

/** The reader has closed the pipe, as in `okq ... | head`: not a failure. */
export class OutputClosed extends Error {
  constructor() {
    super("the reader of the output has closed it");
  }
}

export class Output {
  readonly #descriptor: number;
  #last: Promise<void> = Promise.resolve();

  constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  /**
   * Resolves when the system has the bytes. Writes in the order of the calls. Rejects with
   * OutputClosed, or with an error such as that of a full disk; then all later writes do too.
   */
  write(bytes: Uint8Array | string): Promise<void> {
    const data = typeof bytes === "string" ? Buffer.from(bytes) : bytes;
    const written = this.#last.then(() => this.#writeAll(data));
    this.#last = written;
    // Rejects for the callers, and for each of them only if they wait.
    written.catch(() => {});
    return written;
  }

  async #writeAll(bytes: Uint8Array): Promise<void> {
    for (let from = 0; from < bytes.length;) {
      try {
        const result = await writeTo(this.#descriptor, bytes, from, bytes.length - from);
        from += typeof result === "number" ? result : result.bytesWritten;
      } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException;
        if (code === "EPIPE") throw new OutputClosed();
        if (code !== "EAGAIN") {
          throw new CommandFailure(`cannot write the output: ${message}`);
        }
        await new Promise((resolve) => setTimeout(resolve, FULL_MS));
      }
    }
  }
}
