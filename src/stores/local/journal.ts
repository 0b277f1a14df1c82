// The interface of a journal, which makes the local store durable: it commits the net changes of a
// batch together, and loads everything at start.

import type { Changes } from "./changes.ts";
import type { LocalCron } from "./local-cron.ts";
import type { WindowKind } from "./local-windows.ts";
import type { StoredEvent, StoredPlace } from "./stored-event.ts";

/** A counter as a journal has it, without the contents of its event. */
export interface StoredCounter {
  number: number;
  queue: string;
  key: string;
  count: number;
  left: number;
  sinceMs: number;
  /** null: never. */
  endsAtMs: number | null;
  /** As LocalCounter has it. */
  isBack: boolean;
  /** As encodeEvent writes it. */
  event: string | null;
}

/** Receives everything in a journal at start, in ascending order of keys. */
export interface Restoration {
  /** The settings of all queues, as text, and the latest time in a token or made id. */
  begin(defaults: string | null, countedMs: number): void;
  /** A queue and its number in the journal; `facts` as queue-facts.ts encodes them. */
  queue(name: string, number: number, facts: string | null): void;
  /** The minutes and ten minutes that are over in the history of a queue, packed. */
  steps(queue: string, hour: Uint8Array, day: Uint8Array): void;
  /** `more` is only there for a claimed event. isRetrying: delayed after a failure or crash. */
  event(queue: string, stored: StoredPlace, more: string | null, isRetrying: boolean): void;
  /** What a group has beside its events, as group.ts encodes it. */
  group(queue: string, name: string, facts: string): void;
  /**
   * Groups in the order of their turns, null for the events without a group. All events and groups
   * of the queue were restored; those that are not named had theirs before.
   */
  turns(queue: string, names: (string | null)[]): void;
  /** The dedupe window of an id, or that of a unique key, which the event `owner` has taken. */
  window(queue: string, kind: WindowKind, id: string, endsAtMs: number, owner: string): void;
  counter(counter: StoredCounter): void;
  /** One of the members of the counter of that number. */
  member(counter: number, member: string): void;
  cron(entry: LocalCron): void;
  /** One of the members of the set of that name. */
  setMember(name: string, member: string): void;
  /** Called at the end; `last` is the highest number that was given to anything. */
  end(last: number): void;
}

/** Larger contents are left out when several events are read. */
export const LOOKED_AT_BYTES_MAX = 4096;

/** Called with the number of events loaded so far. */
export type LoadProgress = (events: number) => void;

/** What the next commit may wait for. */
export interface Awaited {
  /** Operations of clients that are waiting for it. */
  waiting: number;
  /** How many there may be, when all clients that were just answered have sent the next one. */
  expected: number;
  answeredAtMs: number;
  /** Some were left over by the latest commit, which was full. */
  isCut: boolean;
}

export interface Journal {
  /** For INFO. */
  readonly name: string;
  /** False if it keeps nothing: then changes are not recorded. */
  readonly isDurable: boolean;
  /** Call it once, before everything else. Rejects with a message of one line. */
  load(restoration: Restoration, onProgress: LoadProgress): Promise<void>;
  /** The latest time that was committed. The store's time is never earlier. */
  readonly clockMs: number;
  /** How long the next commit should wait for more operations. Without it commits do not wait. */
  commitDelayMs?(awaited: Awaited): number;
  /**
   * For a batch that changed nothing: returns, or resolves, if the model may be read. Throws or
   * rejects with a JournalError. Without it the model may be read at any time.
   */
  confirm?(): void | Promise<void>;
  /**
   * Commits all changes or none. Returns, or resolves, when they are durable. Throws or rejects
   * with a JournalError; nothing was changed unless its reason is "unknown".
   */
  commit(changes: Changes, nowMs: number): void | Promise<void>;
  /** Why pushes are refused at present, as one line; else null. */
  pushRefusal(): string | null;
  /** The latest failure if it was in the last minute, as one line; else null. */
  recentFailure(): string | null;
  /** One event with its contents. Throws a JournalError. */
  read(key: number): StoredEvent;
  /** The events with keys from `from` to `to`, ascending; see LOOKED_AT_BYTES_MAX. */
  readRange(from: number, to: number): StoredEvent[];
  /** The contents of the event that the counter of that number pushes. Throws a JournalError. */
  readThen(counter: number): string | Buffer;
  /** Writes a consistent copy into a new file, while operations go on. */
  backup(file: string): Promise<void>;
  describe(): [string, string | number][];
  close(): void;
}

/**
 * - full: there is no room; operations that need none may still succeed
 * - failed: nothing was written
 * - unavailable: nothing was written, because the store cannot be reached or is another okq's now
 * - unknown: it was written, but may not survive a power cut, or not be there
 */
export class JournalError extends Error {
  constructor(
    readonly reason: "full" | "failed" | "unavailable" | "unknown",
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
  readThen: notThere,
  backup: async () => notThere(),
  describe: () => [],
  close() {},
};

function notThere(): never {
  throw new JournalError("failed", "queues in memory have no database");
}
