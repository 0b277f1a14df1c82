// Where the output of a command goes: to that of the worker, line by line with a mark if the user
// wants one, and to the result of its event.
import { fstatSync } from "node:fs";
import { printable } from "../terminal/printable.ts";
import { MarkedLines } from "./output-lines.ts";

export interface OutputSink {
  /** Resolves when the system has the bytes. */
  write(bytes: Uint8Array): Promise<void>;
}

export interface ChildOutputOptions {
  stdout: OutputSink;
  /** Its failures are ignored: what a command says about its work is not the work. */
  stderr: OutputSink;
  /** Stands before each line. */
  mark: string | null;
  keepsResult: boolean;
}

const RESULT_BYTES_MAX = 64 << 10;

export class ChildOutput {
  /** Otherwise the command writes to the worker's own stdout. */
  readonly isPiped: boolean;
  readonly #options: ChildOutputOptions;
  readonly #lines: { stdout: MarkedLines; stderr: MarkedLines } | null;
  readonly #result: Uint8Array[] = [];
  #resultBytes = 0;

  constructor(options: ChildOutputOptions) {
    this.#options = options;
    const { mark, keepsResult } = options;
    const text = `${printable(mark ?? "")}: `;
    this.#lines =
      mark === null ? null : { stdout: new MarkedLines(text), stderr: new MarkedLines(text) };
    this.isPiped = mark !== null || keepsResult || isPipe(1);
  }

  /** Rejects if the worker cannot write it. */
  async takeOutput(chunk: Uint8Array): Promise<void> {
    const { stdout, keepsResult } = this.#options;
    if (keepsResult && this.#resultBytes < RESULT_BYTES_MAX) {
      this.#result.push(chunk.slice(0, RESULT_BYTES_MAX - this.#resultBytes));
      this.#resultBytes += chunk.length;
    }
    await stdout.write(this.#lines ? this.#lines.stdout.add(chunk) : chunk);
  }

  async takeErrors(chunk: Uint8Array): Promise<void> {
    await this.#writeErrors(this.#lines ? this.#lines.stderr.add(chunk) : chunk);
  }

  /** Writes the rests of lines. */
  async end(): Promise<void> {
    if (!this.#lines) return;
    await this.#writeErrors(this.#lines.stderr.end());
    await this.#options.stdout.write(this.#lines.stdout.end());
  }

  /** What the command has written to stdout, or the beginning of it. */
  result(): Buffer {
    return Buffer.concat(this.#result);
  }

  async #writeErrors(bytes: Uint8Array): Promise<void> {
    try {
      await this.#options.stderr.write(bytes);
    } catch {
      // Nobody reads it.
    }
  }
}

/**
 * A reader may close a pipe. Then the worker must know that before the commands fail of it. A file
 * or a terminal the commands may have themselves.
 */
function isPipe(descriptor: number): boolean {
  try {
    const stat = fstatSync(descriptor);
    return stat.isFIFO() || stat.isSocket();
  } catch {
    return true;
  }
}
