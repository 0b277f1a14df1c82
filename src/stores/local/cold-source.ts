// Where the cold events are, which the model has only keys of: in a journal, or in slabs.
import { type Journal, JournalError } from "./journal.ts";
import type { StoredEvent } from "./stored-event.ts";
import type { LocalEvent, LocalQueue } from "./local-queue.ts";
import { Slabs } from "./slabs.ts";
import type { Usage } from "./usage.ts";

/** The events must be there. */
export interface ColdSource {
  /** Those with these ascending keys; large contents may be left out. Throws a JournalError. */
  look(queue: LocalQueue, keys: number[]): StoredEvent[];
  /** With its contents. Throws a JournalError. */
  read(queue: LocalQueue, key: number): StoredEvent;
  /** The contents of what a counter pushes; the model lacks them. Throws a JournalError. */
  readThen(counter: number): string | Buffer;
  /** The event becomes cold. */
  keep(event: LocalEvent): void;
  /** An event of that queue is not cold any more. */
  release(queue: LocalQueue, key: number): void;
}

/** The journal has all events, cold or not. */
export class JournalSource implements ColdSource {
  readonly #journal: Journal;

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  look(_queue: LocalQueue, keys: number[]): StoredEvent[] {
    const [first, last] = [keys[0]!, keys.at(-1)!];
    const stored = this.#journal.readRange(first, last);
    if (keys.length === 1 && stored.length === 1) return stored;
    // A key between two of them may belong to an event elsewhere.
    const found = new Map(stored.map((one) => [one.key, one]));
    return keys.map((key) => found.get(key) ?? missing(key));
  }

  read(_queue: LocalQueue, key: number): StoredEvent {
    return this.#journal.read(key);
  }

  readThen(counter: number): string | Buffer {
    return this.#journal.readThen(counter);
  }

  keep(): void {}

  release(): void {}
}

/** Without a journal: each queue has slabs of its own. */
export class SlabSource implements ColdSource {
  readonly #usage: Usage;

  constructor(usage: Usage) {
    this.#usage = usage;
  }

  look(queue: LocalQueue, keys: number[]): StoredEvent[] {
    return keys.map((key) => this.read(queue, key));
  }

  read(queue: LocalQueue, key: number): StoredEvent {
    return queue.slabs!.read(key) ?? missing(key);
  }

  readThen(counter: number): never {
    return missing(counter);
  }

  keep(event: LocalEvent): void {
    const { queue } = event;
    queue.slabs ??= new Slabs();
    this.#change(queue.slabs, (slabs) => slabs.add(event));
  }

  release(queue: LocalQueue, key: number): void {
    const slabs = queue.slabs!;
    if (slabs.size > 1) return this.#change(slabs, () => slabs.remove(key));
    this.#usage.addSlabs(slabs, -1);
    queue.slabs = null;
  }

  #change(slabs: Slabs, change: (slabs: Slabs) => void): void {
    this.#usage.addSlabs(slabs, -1);
    change(slabs);
    this.#usage.addSlabs(slabs, 1);
  }
}

function missing(key: number): never {
  throw new JournalError("failed", `event ${key} is not in the database any more`);
}
