// The interface of a journal, which makes the local store durable: it commits the net changes of a
// batch together, and returns everything at the next start.

import type { Changes } from "./changes.ts";

/** An event in a journal. */
export interface StoredEvent {
  /** Ascending with every push, over all queues. */
  key: number;
  id: string;
  /** Null for large contents, which must be read alone. */
  contents: string | Buffer | null;
}

/** The state of an event at the last commit, without its contents. */
export interface StoredPlace {
  key: number;
  queue: string;
  id: string;
  /** Its place in the line, as in LocalEvent; null if it follows from the key. */
  place: number | null;
  /** Null for a ready event. */
  deadlineMs: number | null;
}

/** Receives the events of a journal at start, in ascending order of keys. */
export interface Restoration {
  /** A queue with its number in the journal. Called before its first event. */
  queue(name: string, number: number): void;
  event(stored: StoredPlace): void;
  /** The end. `last` is the highest number ever used. */
  end(last: number): void;
}

/** Called with the number of events loaded so far. */
export type LoadProgress = (events: number) => void;

export interface Journal {
  /** For INFO. */
  readonly name: string;
  /** False for a journal that keeps nothing, which needs no changes. */
  readonly isDurable: boolean;
  /** Call once, before anything else. Rejects with a message of one line. */
  load(restoration: Restoration, onProgress: LoadProgress): Promise<void>;
  /** The time of the last commit. The store's time never goes back before it. */
  readonly clockMs: number;
  /**
   * Settles when all changes are durable. Throws or rejects with a JournalError otherwise; unless
   * its reason is "unknown", nothing was changed.
   */
  commit(changes: Changes, nowMs: number): void | Promise<void>;
  /** Why pushes are refused now, as a message of one line; else null. */
  pushRefusal(): string | null;
  /** A failure of the last minute as one line, also if later commits succeeded; else null. */
  recentFailure(): string | null;
  /** One event with its contents. Throws a JournalError. */
  read(key: number): StoredEvent;
  /** Events with keys in this range, ascending. Large contents may be left out. */
  readRange(from: number, to: number): StoredEvent[];
  /** Writes a consistent copy into a new file while the journal goes on. */
  backup(file: string): Promise<void>;
  describe(): [string, string | number][];
  close(): void;
}

/**
 * - full: there is no space; changes that need none may still succeed
 * - failed: it was not written; nothing was changed
 * - unknown: it was written, but may not survive a power cut
 */
export class JournalError extends Error {
  constructor(
    readonly reason: "full" | "failed" | "unknown",
    message: string,
  ) {
    super(message);
  }
}

/** The journal of queues that are only in memory. */
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
