// Lines that wait for a slow reader, of at most so many bytes. Beyond that they are dropped and
// counted: messages are sent at most once, and memory has an end.

const BYTES_MAX = 4 * 1024 * 1024;

export class BoundedLines {
  readonly #write: (lines: string) => Promise<void>;
  readonly #dropped: (count: number) => string;
  readonly #failed: (error: unknown) => void;
  #waiting: string[] = [];
  /** Of those that wait, and those that are being written. */
  #bytes = 0;
  #droppedCount = 0;
  #writing: Promise<void> | null = null;

  /**
   * `write` gets lines without the last line end, and resolves when the reader has them.
   * `dropped` makes the line that stands in the place of dropped ones. `failed` hears once when a
   * write fails; then nothing more is written.
   */
  constructor(
    write: (lines: string) => Promise<void>,
    dropped: (count: number) => string,
    failed: (error: unknown) => void,
  ) {
    this.#write = write;
    this.#dropped = dropped;
    this.#failed = failed;
  }

  push(line: string): void {
    if (this.#bytes + line.length > BYTES_MAX) {
      this.#droppedCount += 1;
      return;
    }
    this.#noteDropped();
    this.#add(line);
  }

  /** Resolves when the reader has all of them, or a write has failed. */
  async end(): Promise<void> {
    this.#noteDropped();
    await this.#writing;
  }

  #noteDropped(): void {
    if (this.#droppedCount > 0) this.#add(this.#dropped(this.#droppedCount));
    this.#droppedCount = 0;
  }

  #add(line: string): void {
    this.#bytes += line.length;
    this.#waiting.push(line);
    this.#writing ??= this.#writeAll().catch(this.#failed);
  }

  /** The lines that come while the reader takes some are written at once. */
  async #writeAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const lines = this.#waiting;
      this.#waiting = [];
      // oxlint-disable-next-line no-await-in-loop -- in order
      await this.#write(lines.join("\n"));
      this.#bytes -= lines.reduce((sum, line) => sum + line.length, 0);
    }
    this.#writing = null;
  }
}
