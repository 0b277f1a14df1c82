// Reads files again while okq runs: when they change, or on request. It looks at them twice a
// second instead of watching them, which also notices a file or a link put in the place of one.
import { statSync } from "node:fs";
import type { Log } from "../log/log.ts";

/** A changed file is read once it is the same at two looks: nobody is writing it any more. */
const LOOK_EVERY_MS = 500;

interface Entry {
  /** For the log: "the users". */
  name: string;
  files: string[];
  load(): void;
  /** The state of the files when they were last loaded, and at the last look. */
  loadedState: string;
  seenState: string;
}

export class FileReloader {
  readonly #log: Log;
  readonly #entries: Entry[] = [];
  #timer: ReturnType<typeof setInterval> | null = null;

  constructor(log: Log) {
    this.#log = log;
  }

  /** From now on calls load() when a file changed. An error of load() is logged as a warning. */
  add(name: string, files: string[], load: () => void): void {
    const state = stateOf(files);
    this.#entries.push({ name, files, load, loadedState: state, seenState: state });
    this.#timer ??= setInterval(() => this.#look(), LOOK_EVERY_MS);
  }

  reloadAll(): void {
    for (const entry of this.#entries) this.#load(entry, stateOf(entry.files));
  }

  close(): void {
    if (this.#timer) clearInterval(this.#timer);
  }

  #look(): void {
    for (const entry of this.#entries) {
      const state = stateOf(entry.files);
      if (state === entry.seenState && state !== entry.loadedState) this.#load(entry, state);
      entry.seenState = state;
    }
  }

  #load(entry: Entry, state: string): void {
    entry.loadedState = state;
    try {
      entry.load();
    } catch (error) {
      this.#log.warn(`cannot load ${entry.name}, the old ones stay in use`, { error });
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
        return "missing";
      }
    })
    .join("\n");
}
