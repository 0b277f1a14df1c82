// Reads standard input or a file in bounded memory: whole, or as records that end with a line end
// or with NUL.
import { close, fstat, open, read, stat } from "node:fs";
import { promisify } from "node:util";
import { bytesOf } from "../../client/words.ts";
import { UsageError } from "../../config/usage-error.ts";
import { CommandFailure } from "../command-failure.ts";

const CHUNK_BYTES = 256 * 1024;
/** The largest event that any okq takes (--max-event-bytes). */
const RECORD_BYTES_MAX = 512 * 1024 * 1024;
/** A pipe that somebody else has made non-blocking is tried again after so long. */
const EMPTY_MS = 5;
const STDIN = 0;

const readFrom = promisify(read) as unknown as (
  descriptor: number,
  bytes: Buffer,
  offset: number,
  length: number,
  position: null,
) => Promise<number | { bytesRead: number }>;

export type Separator = "\n" | "\0";

export class Input {
  readonly #file: string | null;
  /** The bytes read so far. */
  bytesRead = 0;

  /** null is standard input. */
  constructor(file: string | null) {
    this.#file = file;
  }

  /** For errors: `standard input` or the name of the file in quotes. */
  get name(): string {
    return this.#file === null ? "standard input" : JSON.stringify(this.#file);
  }

  /** The size, if it is a file; else null. */
  async totalBytes(): Promise<number | null> {
    try {
      const found =
        this.#file === null
          ? await promisify(fstat)(STDIN)
          : await promisify(stat)(bytesOf(this.#file));
      return found.isFile() ? found.size : null;
    } catch {
      return null;
    }
  }

  /** All bytes. Rejects if they are more than an event may have. */
  async whole(): Promise<Buffer> {
    const chunks: Buffer[] = [];
    for await (const chunk of this.chunks()) {
      if (this.bytesRead > RECORD_BYTES_MAX) {
        throw new UsageError(
          `${this.name} has more than 512 MiB, the most that an event may have: ` +
            "--lines or -0 makes an event of each line or record",
        );
      }
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  }

  /**
   * The records without their separators; behind the last one it may be missing. With "\n" a "\r"
   * before it belongs to the separator. null stands where the caller may have to wait for the next
   * one. Rejects if one is longer than an event may be.
   */
  async *records(separator: Separator): AsyncGenerator<Buffer | null, undefined> {
    const end = separator.charCodeAt(0);
    let held: Buffer[] = [];
    let heldBytes = 0;
    let count = 0;
    for await (const chunk of this.chunks()) {
      let from = 0;
      for (let at = chunk.indexOf(end); at >= 0; at = chunk.indexOf(end, from)) {
        count += 1;
        yield recordOf([...held, chunk.subarray(from, at)], separator);
        held = [];
        heldBytes = 0;
        from = at + 1;
      }
      if (from < chunk.length) held.push(chunk.subarray(from));
      heldBytes += chunk.length - from;
      if (heldBytes > RECORD_BYTES_MAX) {
        const what = separator === "\n" ? "line" : "record";
        throw new CommandFailure(`${what} ${count + 1} of ${this.name} has more than 512 MiB`);
      }
      yield null;
    }
    if (held.length > 0) yield recordOf(held, separator);
  }

  /** Reads as fast as the caller takes the chunks. Each has memory of its own, and no more. */
  async *chunks(): AsyncGenerator<Buffer, undefined> {
    const descriptor = await this.#open();
    const bytes = Buffer.allocUnsafeSlow(CHUNK_BYTES);
    try {
      for (;;) {
        const length = await this.#read(descriptor, bytes);
        if (length === 0) return;
        this.bytesRead += length;
        yield Buffer.from(bytes.subarray(0, length));
      }
    } finally {
      if (this.#file !== null) await promisify(close)(descriptor);
    }
  }

  async #open(): Promise<number> {
    if (this.#file === null) return STDIN;
    try {
      return await promisify(open)(bytesOf(this.#file), "r");
    } catch (error) {
      throw new UsageError(`cannot read ${this.name} (${reasonOf(error)})`);
    }
  }

  async #read(descriptor: number, bytes: Buffer): Promise<number> {
    for (;;) {
      try {
        const result = await readFrom(descriptor, bytes, 0, bytes.length, null);
        return typeof result === "number" ? result : result.bytesRead;
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code === "EOF") return 0;
        if (code !== "EAGAIN") {
          const message = `cannot read ${this.name} (${reasonOf(error)})`;
          // A folder can be opened: that is found out before anything is done.
          throw code === "EISDIR" ? new UsageError(message) : new CommandFailure(message);
        }
        await new Promise((resolve) => setTimeout(resolve, EMPTY_MS));
      }
    }
  }
}

function recordOf(parts: Buffer[], separator: Separator): Buffer {
  const record = parts.length === 1 ? parts[0]! : Buffer.concat(parts);
  const hasReturn = separator === "\n" && record.at(-1) === 0x0d;
  return hasReturn ? record.subarray(0, -1) : record;
}

function reasonOf(error: unknown): string {
  return (error as Error).message.split(",")[0]!;
}
