// A journal whose commits and reads fail on purpose, at once or later. Everything else goes to the
// real journal.

import type { Changes } from "../../src/stores/local/changes.ts";
import type {
  Journal,
  JournalError,
  LoadProgress,
  Restoration,
} from "../../src/stores/local/journal.ts";
import type { StoredEvent } from "../../src/stores/local/stored-event.ts";

export class FailingJournal implements Journal {
  readonly name = "failing";
  readonly isDurable = true;
  readonly #inner: Journal;
  /** Called for each commit: its failure or null. A commit that fails with "unknown" is done. */
  nextFailure: () => JournalError | null = () => null;
  /** Called for each read: its failure or null. */
  nextReadFailure: () => JournalError | null = () => null;
  /** Called for each commit: whether it settles in a later turn. */
  isLate: () => boolean = () => false;

  constructor(inner: Journal) {
    this.#inner = inner;
  }

  get clockMs(): number {
    return this.#inner.clockMs;
  }

  load(restoration: Restoration, onProgress: LoadProgress): Promise<void> {
    return this.#inner.load(restoration, onProgress);
  }

  commit(changes: Changes, nowMs: number): void | Promise<void> {
    const failure = this.nextFailure();
    const isDone = failure === null || failure.reason === "unknown";
    const commit = () => {
      const committing = isDone ? this.#inner.commit(changes, nowMs) : undefined;
      if (failure) throw failure;
      return committing;
    };
    if (!this.isLate()) return commit();
    return new Promise((resolve) => void setImmediate(resolve)).then(commit);
  }

  pushRefusal(): string | null {
    return this.#inner.pushRefusal();
  }

  recentFailure(): string | null {
    return this.#inner.recentFailure();
  }

  read(key: number): StoredEvent {
    this.#failReads();
    return this.#inner.read(key);
  }

  readRange(from: number, to: number): StoredEvent[] {
    this.#failReads();
    return this.#inner.readRange(from, to);
  }

  readThen(counter: number): string | Buffer {
    this.#failReads();
    return this.#inner.readThen(counter);
  }

  #failReads(): void {
    const failure = this.nextReadFailure();
    if (failure) throw failure;
  }

  backup(file: string): Promise<void> {
    return this.#inner.backup(file);
  }

  describe(): [string, string | number][] {
    return this.#inner.describe();
  }

  close(): void {
    this.#inner.close();
  }
}
