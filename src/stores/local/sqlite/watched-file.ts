// An open file that has to stay in its place. A file that was removed or replaced still accepts
// writes, but all of them are lost when the process ends.

import { type Stats, statSync } from "node:fs";

export class WatchedFile {
  readonly path: string;
  readonly #bytesMin: number;
  readonly #device: number;
  readonly #inode: number;

  /** Later it counts as cut short if it is smaller than now and smaller than bytesMax. */
  constructor(path: string, bytesMax = 0) {
    const { dev, ino, size } = statSync(path);
    this.path = path;
    this.#bytesMin = Math.min(size, bytesMax);
    this.#device = dev;
    this.#inode = ino;
  }

  /** Examines the file now. Also notices that a folder above it was removed or renamed. */
  findFault(): "removed or replaced" | "cut short" | null {
    const found = statOf(this.path);
    if (found?.ino !== this.#inode || found.dev !== this.#device) return "removed or replaced";
    return found.size < this.#bytesMin ? "cut short" : null;
  }
}

/** Undefined also for a file that cannot be examined, for example for lack of permission. */
function statOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}
