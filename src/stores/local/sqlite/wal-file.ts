// The write-ahead file of a database as a file: when what SQLite wrote into it reaches the disk.
// It knows nothing of what is in it.

import { closeSync, fdatasync, fdatasyncSync, fstatSync, openSync, writeSync } from "node:fs";

/** When the disk has to have a batch: before its reply, within about a second, or some time. */
export type Fsync = "always" | "everysec" | "no";

/** Allocated in advance: overwriting takes half the time of growing, and needs no room. */
const allocatedBytes = 8 * 1024 * 1024;
const syncEveryMs = 1000;

export class WalFile {
  readonly #descriptor: number;
  readonly #fsync: Fsync;
  readonly #timer: ReturnType<typeof setInterval> | null;
  #isDirty = false;
  #isSyncing = false;
  /** What went wrong with a sync: after that nobody can say what the disk has. */
  failure: string | null = null;

  constructor(file: string, fsync: Fsync) {
    this.#descriptor = openSync(`${file}-wal`, "r+");
    this.#fsync = fsync;
    this.#allocate();
    const isTimed = fsync === "everysec";
    this.#timer = isTimed ? setInterval(() => this.#syncAside(), syncEveryMs).unref() : null;
  }

  /** A batch was written. Throws the system's error when it had to be on disk now and is not. */
  written(): void {
    this.#isDirty = true;
    if (this.#fsync !== "always") return;
    this.#isDirty = false;
    this.#noting(() => fdatasyncSync(this.#descriptor));
  }

  close(): void {
    if (this.#timer) clearInterval(this.#timer);
    closeSync(this.#descriptor);
  }

  /** Zeros behind its end mean nothing to SQLite. Without room for them it grows as it needs. */
  #allocate(): void {
    const zeros = Buffer.alloc(1024 * 1024);
    try {
      for (let at = fstatSync(this.#descriptor).size; at < allocatedBytes; at += zeros.length) {
        writeSync(this.#descriptor, zeros, 0, Math.min(zeros.length, allocatedBytes - at), at);
      }
    } catch {
      return;
    }
    this.#noting(() => fdatasyncSync(this.#descriptor));
  }

  /** In another thread: nobody waits for it. */
  #syncAside(): void {
    if (!this.#isDirty || this.#isSyncing) return;
    this.#isDirty = false;
    this.#isSyncing = true;
    fdatasync(this.#descriptor, (error) => {
      this.#isSyncing = false;
      if (error) this.failure = error.message;
    });
  }

  #noting(sync: () => void): void {
    try {
      sync();
    } catch (error) {
      this.failure = (error as Error).message;
      throw error;
    }
  }
}
