// Lines that wait for a slow reader, of at most so many bytes. Beyond that they are dropped and
// counted: messages are sent at most once, and memory has an end.

const BYTES_MAX = 4 * 1024 * 1024;

export class BoundedLines {
  readonly #write: (line: string) => Promise<void>;
  readonly #dropped: (count: number) => string;
  readonly #failed: (error: unknown) => void;
  #waitingBytes = 0;
  #droppedCount = 0;

  /** `dropped` makes the line that stands in the place of dropped ones. */
  constructor(
    write: (line: string) => Promise<void>,
    dropped: (count: number) => string,
    failed: (error: unknown) => void,
  ) {
    this.#write = write;
    this.#dropped = dropped;
    this.#failed = failed;
  }

  push(line: string): void {
    if (this.#waitingBytes + line.length > BYTES_MAX) {
      this.#droppedCount += 1;
      return;
    }
    if (this.#droppedCount > 0) this.#send(this.#dropped(this.#droppedCount));
    this.#droppedCount = 0;
    this.#send(line);
  }

  #send(line: string): void {
    this.#waitingBytes += line.length;
    this.#write(line).then(() => (this.#waitingBytes -= line.length), this.#failed);
  }
}
