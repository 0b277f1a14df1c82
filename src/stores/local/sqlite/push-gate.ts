// Decides whether a database accepts pushes: its files are still in place, its disk has room,
// and writes reach that disk. Pops and acks do not need this: they go on.

import { dirname } from "node:path";
import { DiskRoom } from "./disk-room.ts";
import { type Reserve, reservedBytes } from "./reserve.ts";
import { WatchedFile } from "./watched-file.ts";

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
  readonly #room: DiskRoom;
  readonly #database: WatchedFile;
  readonly #onChange: (refusal: string | null) => void;
  readonly #timer: ReturnType<typeof setInterval>;
  #wal: WatchedFile | null = null;
  #walFailure: () => string | null = () => null;
  #refusal: string | null = null;
  #lookedAtMs = -Infinity;

  /** onChange is called when pushes begin to be refused, with the reason, and when that ends. */
  constructor(file: string, reserve: Reserve, onChange: (refusal: string | null) => void) {
    this.#file = file;
    this.#reserve = reserve;
    this.#room = new DiskRoom(dirname(file), file);
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
    this.#set(this.#room.noteFull());
    this.#lookedAtMs = performance.now();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /** Also creates the reserve again, which may have been released or removed by somebody. */
  #lookWhenIdle(): void {
    this.#look();
    const isRoomy = this.#room.hasRoomFor(reservedBytes);
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
    return this.#filesFault() ?? this.#room.refusal();
  }

  #filesFault(): string | null {
    const fault = this.#database.findFault();
    if (fault) return `${this.#file} was ${fault} while in use: ${databaseAdvice}`;
    const walFault = this.#wal?.findFault();
    return walFault
      ? `${this.#wal!.path} was ${walFault} while in use: ${walAdvice[walFault]}`
      : null;
  }
}
