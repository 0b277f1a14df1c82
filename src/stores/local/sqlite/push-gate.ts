// Decides whether a database accepts pushes: its files are still in place, its disk has room,
// and writes reach that disk. Pops and acks do not need this: they go on.

import { statfsSync } from "node:fs";
import { dirname } from "node:path";
import { type Reserve, reservedBytes } from "./reserve.ts";
import { WatchedFile } from "./watched-file.ts";

/** Room on the disk that is kept for acks, claims and checkpoints. */
const freeBytesMin = 16 * 1024 * 1024;
/** After a refusal, pushes are accepted again when this much is free. */
const freeBytesEnough = 20 * 1024 * 1024;
/** How often the files and the disk are checked when no batch asks. */
const idleLookEveryMs = 1000;
const lookEveryMs = 100;

const databaseAdvice = "save the events with okq backup FILE, then stop okq and restore FILE";
const walAdvice = {
  "removed or replaced":
    "stop okq with SIGTERM, not SIGKILL, and start it again: no event is lost then",
  "cut short": "kill okq with SIGKILL: SIGTERM would write what is left of it into the database",
};

export class PushGate {
  readonly #file: string;
  readonly #reserve: Reserve;
  readonly #database: WatchedFile;
  readonly #onChange: (refusal: string | null) => void;
  readonly #timer: ReturnType<typeof setInterval>;
  #wal: WatchedFile | null = null;
  #walFailure: () => string | null = () => null;
  #refusal: string | null = null;
  #spaceRefusal: string | null = null;
  #lookedAtMs = -Infinity;

  /** onChange is called when pushes begin to be refused, with the reason, and when that ends. */
  constructor(file: string, reserve: Reserve, onChange: (refusal: string | null) => void) {
    this.#file = file;
    this.#reserve = reserve;
    this.#onChange = onChange;
    this.#database = new WatchedFile(file);
    this.#timer = setInterval(() => this.#lookWhenIdle(), idleLookEveryMs);
  }

  /** Call it when the -wal is in use; `failure` returns the error of a failed sync. */
  watchWal(wal: WatchedFile, failure: () => string | null): void {
    this.#wal = wal;
    this.#walFailure = failure;
  }

  /** Finds whether the -wal was removed or replaced, so that a kill would lose it. */
  findsWalMissing(): boolean {
    const isDatabaseThere = this.#database.findFault() === null;
    return isDatabaseThere && this.#wal?.findFault() === "removed or replaced";
  }

  /** Checks only the files, and returns whether they are in place. For every batch of pushes. */
  checkFiles(): boolean {
    const areInPlace = this.#filesFault() === null;
    if (!areInPlace) this.#look();
    return areInPlace;
  }

  /**
   * Returns why pushes are refused, as one line, or null. Looks again if the last look was 100 ms
   * ago, and after a failed sync.
   */
  check(): string | null {
    const isDue = performance.now() - this.#lookedAtMs >= lookEveryMs;
    if (isDue || this.#walFailure() !== null) this.#look();
    return this.#refusal;
  }

  /** A write found no room: pushes are refused, even if the file system reports free space. */
  noteFull(): void {
    this.#spaceRefusal = this.#noRoom();
    this.#set(this.#spaceRefusal);
    this.#lookedAtMs = performance.now();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /** Also creates the reserve again, which may have been released or removed by somebody. */
  #lookWhenIdle(): void {
    this.#look();
    const isRoomy = freeBytesOf(dirname(this.#file)) >= freeBytesMin + reservedBytes;
    if (isRoomy && this.#refusal === null) this.#reserve.create();
  }

  #look(): void {
    this.#lookedAtMs = performance.now();
    this.#set(this.#findRefusal());
  }

  #set(refusal: string | null): void {
    const isNew = refusal !== this.#refusal;
    this.#refusal = refusal;
    if (isNew) this.#onChange(refusal);
  }

  #findRefusal(): string | null {
    const walFailure = this.#walFailure();
    if (walFailure) return `${this.#file}: a write did not reach the disk (${walFailure})`;
    const filesFault = this.#filesFault();
    if (filesFault) return filesFault;
    const freeBytes = freeBytesOf(dirname(this.#file));
    const needed = this.#spaceRefusal ? freeBytesEnough : freeBytesMin;
    this.#spaceRefusal = freeBytes < needed ? this.#noRoom() : null;
    return this.#spaceRefusal;
  }

  #filesFault(): string | null {
    const fault = this.#database.findFault();
    if (fault) return `${this.#file} was ${fault} while in use: ${databaseAdvice}`;
    const walFault = this.#wal?.findFault();
    return walFault
      ? `${this.#wal!.path} was ${walFault} while in use: ${walAdvice[walFault]}`
      : null;
  }

  #noRoom(): string {
    return `no room on the disk of ${this.#file}: pushes are refused until there is`;
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
