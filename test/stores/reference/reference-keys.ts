// The unique keys of a queue in the reference store: which events have them.
import type { ReferenceEvent } from "./reference-event.ts";
import type { ReferenceQueue } from "./reference-queue.ts";
import { ReferenceWindows } from "./reference-windows.ts";

export class ReferenceKeys {
  /** The keys that are taken for some time, and by which event. */
  readonly windows = new ReferenceWindows();
  readonly #owners = new Map<string, string>();
  readonly #queue: ReferenceQueue;

  constructor(queue: ReferenceQueue) {
    this.#queue = queue;
  }

  /** The id of the event that has taken this key; null if it is free. */
  ownerOf(key: string): string | null {
    const { events, nowMs } = this.#queue;
    if ((this.windows.get(key) ?? 0) > nowMs) return this.#owners.get(key)!;
    const owner = [...events.values()].find((event) => heldBy(event) === key);
    return owner?.id ?? null;
  }

  /** A push gives that event its key. */
  take({ id, options: { unique } }: ReferenceEvent): void {
    if (!unique || unique.forMs === null) return;
    const key = unique.key.toString("latin1");
    this.windows.take(key, this.#queue.nowMs + unique.forMs);
    this.#owners.set(key, id);
  }

  /** Whether another event has taken the key that this one gave up. */
  hasLost(event: ReferenceEvent): boolean {
    const { unique } = event.options;
    if (!unique || unique.forMs !== null) return false;
    const owner = this.ownerOf(unique.key.toString("latin1"));
    return owner !== null && owner !== event.id;
  }
}

/** The key that the event has taken as long as it is in its state. */
function heldBy({ state, options: { unique } }: ReferenceEvent): string | null {
  if (!unique || unique.forMs !== null) return null;
  const isWaiting = state === "ready" || state === "delayed";
  const isHeld = isWaiting || (state === "claimed" && unique.until === "end");
  return isHeld ? unique.key.toString("latin1") : null;
}
