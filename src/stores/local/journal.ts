// What makes the local store durable, as an interface. A journal takes the net changes of a batch,
// makes them durable together and gives everything back at start. It knows no operations, sessions
// or clients.

import type { Changes } from "./changes.ts";

/** An event as a journal has it. */
export interface StoredEvent {
  /** Rises with every push, in all queues together. */
  key: number;
  id: string;
  /** null when it was left out because of its size: to be read alone. */
  contents: string | Buffer | null;
}

/** Where an event was when the journal was written last, without its contents. */
export interface StoredPlace {
  key: number;
  queue: string;
  id: string;
  /** Its place in line, as LocalEvent has it; null when that follows from its key. */
  place: number | null;
  /** null when it is ready. */
  deadlineMs: number | null;
}

/** Takes what a journal has at start, in ascending order of keys. */
export interface Restoration {
  /** The number under which the journal knows a queue; before its first event. */
  queue(name: string, number: number): void;
  event(stored: StoredPlace): void;
  /** Everything was handed over; `last` is the highest number ever given to anything. */
  end(last: number): void;
}

/** How long and how far loading has come, for people who wait. */
export type LoadProgress = (events: number) => void;

export interface Journal {
  /** For INFO. */
  readonly name: string;
  /** Whether it keeps anything: if not, there is no need to tell it of changes. */
  readonly isDurable: boolean;
  /** To be called once, before all else. Rejects with one line for a person if it cannot. */
  load(restoration: Restoration, onProgress: LoadProgress): Promise<void>;
  /** The store's time that it was told last; time never goes back behind it. */
  readonly clockMs: number;
  /**
   * Settles when the changes are durable, together. Throws a JournalError otherwise; unless it
   * says "unknown", nothing was changed.
   */
  commit(changes: Changes, nowMs: number): void | Promise<void>;
  /** Why nothing may be pushed at present: one line for a person, or null. */
  pushRefusal(): string | null;
  /** A failure of the last minute as one line, even if later tries worked; else null. */
  recentFailure(): string | null;
  /** Contents of one event. Throws a JournalError. */
  read(key: number): StoredEvent;
  /** Events with these keys, ascending; large contents may be left out. */
  readRange(from: number, to: number): StoredEvent[];
  /** Writes a consistent copy into a new file, beside everything else. */
  backup(file: string): Promise<void>;
  describe(): [string, string | number][];
  close(): void;
}

/**
 * - full: there is no room for it; what needs none may still succeed
 * - failed: it could not be written; nothing was changed
 * - unknown: it was written, and whether it survives a power cut is not known
 */
export class JournalError extends Error {
  constructor(
    readonly reason: "full" | "failed" | "unknown",
    message: string,
  ) {
    super(message);
  }
}

/** Keeps nothing: queues live in memory only. */
export const noJournal: Journal = {
  name: "memory",
  isDurable: false,
  clockMs: 0,
  load: async (restoration) => restoration.end(0),
  commit() {},
  pushRefusal: () => null,
  recentFailure: () => null,
  read: notThere,
  readRange: notThere,
  backup: async () => notThere(),
  describe: () => [],
  close() {},
};

function notThere(): never {
  throw new JournalError("failed", "queues in memory have no database");
}
