// The windows of the queues: an id (a dedupe window) or a unique key is taken for some time.
import { forgottenBefore, WINDOWS_MAX } from "../../queue/windows.ts";
import type { TakenWindow } from "./changes.ts";
import { LocalFigures } from "./local-figures.ts";
import type { LocalQueue } from "./local-queue.ts";
import { Windows } from "./windows.ts";

/** The windows of a queue that are of one kind. */
export type WindowKind = "windows" | "keyWindows";

const kinds: WindowKind[] = ["windows", "keyWindows"];

export class LocalWindows extends LocalFigures {
  /** Whether a window of that id lasts. */
  isWindowed({ windows }: LocalQueue, id: string): boolean {
    return windows !== null && windows.endOf(id) > this.nowMs;
  }

  /** The id of the event that has taken this key for a time which lasts; null if none has. */
  windowOwner({ keyWindows }: LocalQueue, key: string): string | null {
    if (keyWindows === null || keyWindows.endOf(key) <= this.nowMs) return null;
    return keyWindows.ownerOf(key);
  }

  /** A push has taken that id: its window begins, if its queue has windows. */
  takeWindow(queue: LocalQueue, id: string): void {
    const { dedupeMs } = this.settingsOf(queue);
    if (dedupeMs !== null) this.#take(queue, "windows", id, this.nowMs + dedupeMs, "");
  }

  /** The event of that id takes a unique key for so long. */
  takeKeyFor(queue: LocalQueue, key: string, forMs: number, id: string): void {
    this.#take(queue, "keyWindows", key, this.nowMs + forMs, id);
  }

  #take(queue: LocalQueue, kind: WindowKind, id: string, endsAtMs: number, owner: string): void {
    const taken = this.addWindow(queue, kind, id, endsAtMs, owner);
    if (taken === null) return;
    const { before, ownerBefore, putBack } = taken;
    const windows = queue[kind]!;
    this.changes?.tookWindow(queue, taken, () => {
      windows.remove(id, endsAtMs);
      if (before > 0) windows.add(id, before, ownerBefore);
      putBack?.();
      this.usage.windows -= before > 0 || putBack ? 0 : 1;
      this.#noteWindows(queue);
    });
  }

  /** Adds a window; null if the id has one that lasts as long. A journal knows of it. */
  addWindow(
    queue: LocalQueue,
    kind: WindowKind,
    id: string,
    endsAtMs: number,
    owner: string,
  ): TakenWindow | null {
    const windows = (queue[kind] ??= new Windows());
    const before = windows.endOf(id);
    if (before >= endsAtMs) return null;
    const ownerBefore = before > 0 ? windows.ownerOf(id) : "";
    if (before > 0) windows.remove(id, before);
    const putBack = before === 0 && windows.size === WINDOWS_MAX ? windows.removeFirst() : null;
    windows.add(id, endsAtMs, owner);
    this.usage.windows += before > 0 || putBack ? 0 : 1;
    this.noteDue(queue);
    return { kind, id, endsAtMs, owner, before, ownerBefore, putBack };
  }

  /** Forgets windows that have ended, at most so many. Returns how many. */
  endWindows(queue: LocalQueue, limit: number): number {
    const beforeMs = forgottenBefore(this.nowMs);
    let count = 0;
    for (const kind of kinds) {
      const windows = queue[kind];
      if (windows === null) continue;
      for (; count < limit && windows.firstMs < beforeMs; count++) windows.removeFirst();
    }
    this.usage.windows -= count;
    // It is not undone: whatever becomes of this batch, they have ended.
    if (count > 0) this.changes?.endedWindows(queue, beforeMs);
    this.#noteWindows(queue);
    return count;
  }

  #noteWindows(queue: LocalQueue): void {
    for (const kind of kinds) if (queue[kind]?.size === 0) queue[kind] = null;
    this.noteDue(queue);
    this.noteIfUnused(queue);
  }
}
