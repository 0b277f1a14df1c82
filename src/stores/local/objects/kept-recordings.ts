// The recordings behind the segments, which the next segment is made of, as long as they are not
// too many for the memory.

import type { Logged } from "./segments.ts";

export class KeptRecordings {
  readonly #bytesMax: number;
  #list: Logged[] | null = [];
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** null: some are not kept, and only a snapshot has them. */
  get list(): readonly Logged[] | null {
    return this.#list;
  }

  /** Of all of them, also of those that are not kept. */
  get bytes(): number {
    return this.#bytes;
  }

  add(logged: Logged): void {
    this.#bytes += logged.body.length;
    if (this.#bytes > this.#bytesMax) this.#list = null;
    this.#list?.push(logged);
  }

  /** A segment has these, which were the first ones. */
  remove(first: readonly Logged[]): void {
    // Null if it became too long meanwhile.
    this.#list?.splice(0, first.length);
    this.#bytes -= first.reduce((sum, { body }) => sum + body.length, 0);
  }

  /** A snapshot is to have them. Returns their bytes. */
  clear(): number {
    const bytes = this.#bytes;
    [this.#list, this.#bytes] = [[], 0];
    return bytes;
  }

  /** After clear(): the snapshot failed. */
  lose(bytes: number): void {
    this.#list = null;
    this.#bytes += bytes;
  }
}
