// Puts a mark before each line that a command writes, so that the lines of commands that run at
// the same time can be told apart.

/** A longer line is written in parts, each with the mark. */
const LINE_BYTES_MAX = 64 << 10;
const LINE_END = 0x0a;

export class MarkedLines {
  readonly #mark: Buffer;
  #rest: Buffer = Buffer.alloc(0);

  constructor(mark: string) {
    this.#mark = Buffer.from(mark);
  }

  /** The whole lines so far. */
  add(chunk: Uint8Array): Buffer {
    const bytes = Buffer.concat([this.#rest, chunk]);
    const parts: Buffer[] = [];
    let start = 0;
    for (;;) {
      const end = bytes.indexOf(LINE_END, start);
      if (end < 0) break;
      parts.push(this.#mark, bytes.subarray(start, end + 1));
      start = end + 1;
    }
    this.#rest = bytes.subarray(start);
    if (this.#rest.length > LINE_BYTES_MAX) parts.push(this.end());
    return Buffer.concat(parts);
  }

  /** The last line if it has no end; it gets one. */
  end(): Buffer {
    const rest = this.#rest;
    this.#rest = Buffer.alloc(0);
    return rest.length === 0 ? rest : Buffer.concat([this.#mark, rest, Buffer.of(LINE_END)]);
  }
}
