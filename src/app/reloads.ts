// Files that are read again while okq runs: when they change, or when somebody says so. They are
// looked at instead of watched, for that sees files and links that are put in their place, too.
import { statSync } from "node:fs";
import type { Log } from "../log/log.ts";

/** What changed is read once it has stayed the same from one look to the next. */
const LOOK_EVERY_MS = 500;

interface Reload {
  what: string;
  files: string[];
  reload(): void;
  /** What the files were when they were read last, and at the last look. */
  read: string;
  seen: string;
}

export class Reloads {
  readonly #log: Log;
  readonly #reloads: Reload[] = [];
  #timer: ReturnType<typeof setInterval> | null = null;

  constructor(log: Log) {
    this.#log = log;
  }

  /** From now on reload() is called when one of the files changed. It throws what is wrong. */
  add(what: string, files: string[], reload: () => void): void {
    const now = stateOf(files);
    this.#reloads.push({ what, files, reload, read: now, seen: now });
    this.#timer ??= setInterval(() => this.#look(), LOOK_EVERY_MS);
  }

  /** Reads everything again. */
  all(): void {
    for (const each of this.#reloads) this.#read(each, stateOf(each.files));
  }

  close(): void {
    if (this.#timer) clearInterval(this.#timer);
  }

  #look(): void {
    for (const each of this.#reloads) {
      const now = stateOf(each.files);
      if (now === each.seen && now !== each.read) this.#read(each, now);
      each.seen = now;
    }
  }

  #read(each: Reload, state: string): void {
    each.read = state;
    try {
      each.reload();
    } catch (error) {
      this.#log.warn(`cannot load ${each.what} again, so they stay as they were`, { error });
    }
  }
}

function stateOf(files: string[]): string {
  return files
    .map((file) => {
      try {
        const { ino, mtimeMs, size } = statSync(file);
        return `${ino} ${mtimeMs} ${size}`;
      } catch {
        return "not there";
      }
    })
    .join("\n");
}
