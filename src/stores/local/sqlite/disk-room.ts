// Whether a disk has room for pushes, beside the room that everything else needs.

import { statfsSync } from "node:fs";

/** Room that is kept for acks, claims and checkpoints. */
const freeBytesMin = 16 * 1024 * 1024;
/** After a refusal, pushes are accepted again when this much is free. */
const freeBytesEnough = 20 * 1024 * 1024;

export class DiskRoom {
  readonly #folder: string;
  readonly #refusal: string;
  #isRefusing = false;

  /** `place` is for the text of a refusal. */
  constructor(folder: string, place: string) {
    this.#folder = folder;
    this.#refusal = `no room on the disk of ${place}: pushes are refused until there is`;
  }

  /** Looks now. Returns why pushes are refused, as one line, or null. */
  refusal(): string | null {
    this.#isRefusing = !this.hasRoomFor(this.#isRefusing ? freeBytesEnough - freeBytesMin : 0);
    return this.#isRefusing ? this.#refusal : null;
  }

  /** A write found no room, even if the file system reports some. Returns the refusal. */
  noteFull(): string {
    this.#isRefusing = true;
    return this.#refusal;
  }

  /** Beside the room that is kept. */
  hasRoomFor(bytes: number): boolean {
    return freeBytesOf(this.#folder) >= freeBytesMin + bytes;
  }
}

function freeBytesOf(folder: string): number {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize;
  } catch {
    // Unknown: a write will show it.
    return Infinity;
  }
}
