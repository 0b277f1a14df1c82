// The bytes of a client that the parser has not looked at yet, as the chunks in which they arrived.

const NOTHING: Buffer = Buffer.alloc(0);

export class Chunks {
  /** The chunk being read, from `at` to `end`, which is its end. */
  chunk = NOTHING;
  at = 0;
  end = 0;
  /** The chunks after it: later[first] is the next one, earlier ones are gone. */
  #later: Buffer[] = [];
  #first = 0;
  #laterBytes = 0;

  /** Whether all of the chunk being read was read. */
  get isAtEnd(): boolean {
    return this.at === this.end;
  }

  get unparsedBytes(): number {
    return this.#laterBytes + this.end - this.at;
  }

  add(chunk: Buffer): void {
    if (this.chunk === NOTHING && this.#laterBytes === 0) return this.#start(chunk);
    this.#later.push(chunk);
    this.#laterBytes += chunk.length;
  }

  /** Frees this chunk and goes on to the next one. Returns false when there is none. */
  advance(): boolean {
    if (this.#laterBytes === 0) {
      this.#start(NOTHING);
      return false;
    }
    const chunk = this.#later[this.#first]!;
    this.#start(chunk);
    this.#laterBytes -= chunk.length;
    this.#later[this.#first++] = NOTHING;
    if (this.#first * 2 > this.#later.length) {
      this.#later.splice(0, this.#first);
      this.#first = 0;
    }
    return true;
  }

  /** Frees this chunk. To be called when all of it was read. */
  free(): void {
    this.#start(NOTHING);
  }

  clear(): void {
    this.#start(NOTHING);
    this.#later = [];
    this.#first = 0;
    this.#laterBytes = 0;
  }

  #start(chunk: Buffer): void {
    this.chunk = chunk;
    this.at = 0;
    this.end = chunk.length;
  }
}
