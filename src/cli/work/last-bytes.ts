// The last bytes of what a command wrote to stderr, which become the error of a failed attempt.

export class LastBytes {
  #bytes: Buffer = Buffer.alloc(0);

  constructor(readonly bytesMax: number) {}

  add(chunk: Uint8Array): void {
    const bytes = Buffer.concat([this.#bytes, chunk.subarray(-this.bytesMax)]);
    this.#bytes = bytes.subarray(-this.bytesMax);
  }

  /** As text, without white space around it. A character that was cut in two is left out. */
  text(): string {
    const isCut = this.#bytes.length === this.bytesMax;
    let start = 0;
    if (isCut) while (start < 3 && (this.#bytes[start]! & 0xc0) === 0x80) start += 1;
    return this.#bytes.subarray(start).toString("utf8").trim();
  }
}
