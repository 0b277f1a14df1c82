// Whether a database may take more events: its file is still where it was, its disk has room, and
// what was written reaches that disk. Pops and acks need none of this: they go on.

import { statfsSync, statSync } from "node:fs";
import { dirname } from "node:path";

/** Kept free for acks, claims and checkpoints. */
const freeBytesMin = 16 * 1024 * 1024;
/** Once refused, pushes are taken again from there on. */
const freeBytesEnough = 20 * 1024 * 1024;
const lookEveryMs = 100;

export class PushGate {
  readonly #file: string;
  readonly #identity: string;
  readonly #onChange: (refusal: string | null) => void;
  #refusal: string | null = null;
  #spaceRefusal: string | null = null;
  #lookedAtMs = -Infinity;

  /** onChange is told when pushes begin to be refused, with the reason, and when that ends. */
  constructor(file: string, onChange: (refusal: string | null) => void) {
    this.#file = file;
    this.#onChange = onChange;
    this.#identity = identityOf(file);
  }

  /** Whether the file has not been removed or replaced. */
  get isInPlace(): boolean {
    return identityOf(this.#file) === this.#identity;
  }

  /** The reason as one line, or null. `walFailure` is the one that it may have. */
  refusal(walFailure: string | null): string | null {
    const refusal = this.#find(walFailure);
    if (refusal !== this.#refusal) this.#onChange(refusal);
    this.#refusal = refusal;
    return refusal;
  }

  /** There was no room although it looked as if. */
  full(): void {
    this.#lookedAtMs = performance.now();
    this.#spaceRefusal = this.#noRoom();
  }

  #find(walFailure: string | null): string | null {
    if (walFailure) return `${this.#file}: a write did not reach the disk (${walFailure})`;
    if (!this.isInPlace) {
      const advice = "save what is left with okq backup, then restart";
      return `${this.#file} was removed or replaced while in use: ${advice}`;
    }
    if (performance.now() - this.#lookedAtMs >= lookEveryMs) this.#look();
    return this.#spaceRefusal;
  }

  #look(): void {
    this.#lookedAtMs = performance.now();
    const freeBytes = freeBytesOf(dirname(this.#file));
    const needed = this.#spaceRefusal ? freeBytesEnough : freeBytesMin;
    this.#spaceRefusal = freeBytes < needed ? this.#noRoom() : null;
  }

  #noRoom(): string {
    return `no room on the disk of ${this.#file}: pushes are refused until there is`;
  }
}

function identityOf(file: string): string {
  const found = statSync(file, { throwIfNoEntry: false });
  return found ? `${found.dev}:${found.ino}` : "none";
}

function freeBytesOf(folder: string): number {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize;
  } catch {
    // Where nobody can say, the write itself will.
    return Infinity;
  }
}
