// The cron entries of all queues of the local store, by when they are due. They are always in
// memory.
import type { Changes } from "./changes.ts";
import { dueMsOf, type LocalCron } from "./local-cron.ts";
import type { LocalQueue } from "./local-queue.ts";
import { SortedNames } from "./sorted-names.ts";
import { TimeLine } from "./time-line.ts";
import type { Usage } from "./usage.ts";

/** Bytes of an entry besides its name and definition. */
const overheadBytes = 600;

export class Crons {
  /** Of the queues that have entries. */
  readonly queueNames = new SortedNames();
  readonly #usage: Usage;
  readonly #times = new TimeLine<LocalCron>();
  readonly #ranks = new Map<LocalCron, number>();
  #lastRank = 0;

  constructor(usage: Usage) {
    this.#usage = usage;
  }

  /** When the first one is due; Infinity if there is none. */
  get firstMs(): number {
    return this.#times.firstMs;
  }

  /** At most so many of those that are due, the first one first. */
  due(nowMs: number, limit: number): LocalCron[] {
    const page = this.#times.page(null, limit, false).map(([, entry]) => entry);
    return page.filter((entry) => dueMsOf(entry) <= nowMs);
  }

  /** Sets an entry, or removes it (null). Undone with the changes. */
  set(queue: LocalQueue, name: string, entry: LocalCron | null, changes: Changes | null): void {
    const before = queue.crons?.get(name) ?? null;
    changes?.changedCron(queue, name, () => this.put(queue, name, before));
    this.put(queue, name, entry);
  }

  /** As set(), and nothing undoes it. */
  put(queue: LocalQueue, name: string, entry: LocalCron | null): void {
    const crons = (queue.crons ??= new Map<string, LocalCron>());
    const before = crons.get(name);
    if (before) this.#remove(before);
    if (entry) {
      if (crons.size === 0) this.queueNames.add(queue.name);
      crons.set(name, entry);
      this.#add(entry);
    } else if (crons.delete(name) && crons.size === 0) this.queueNames.remove(queue.name);
    if (crons.size === 0) queue.crons = null;
  }

  #add(entry: LocalCron): void {
    const rank = ++this.#lastRank;
    this.#ranks.set(entry, rank);
    this.#times.add(dueMsOf(entry), rank, entry);
    this.#usage.settingBytes += bytesOf(entry);
  }

  #remove(entry: LocalCron): void {
    this.#times.remove(dueMsOf(entry), this.#ranks.get(entry)!);
    this.#ranks.delete(entry);
    this.#usage.settingBytes -= bytesOf(entry);
  }
}

function bytesOf({ name, definition }: LocalCron): number {
  return name.length + definition.length + overheadBytes;
}
