// Builds the model from what a journal has at start. Ready events stay cold: only their keys and
// hashes are in memory until they are popped.

import type { Changes } from "./changes.ts";
import { hashOf } from "./hash-index.ts";
import type { Restoration, StoredPlace } from "./journal.ts";
import { LocalEvent, type LocalQueue } from "./local-queue.ts";
import type { Model } from "./model.ts";

/** A ready event that came in on the right. */
interface OnTheRight {
  queue: LocalQueue;
  hash: number;
  key: number;
  place: number;
}

export class Restorer implements Restoration {
  readonly #model: Model;
  readonly #changes: Changes;
  #right: OnTheRight[] = [];

  constructor(model: Model, changes: Changes) {
    this.#model = model;
    this.#changes = changes;
  }

  queue(name: string, number: number): void {
    const queue = this.#model.open(name);
    queue.number = number;
    this.#model.noteIfUnused(queue);
  }

  /** Pushed on the left, events come from right to left: every key is further left. */
  event({ key, queue: name, id, place, deadlineMs }: StoredPlace): void {
    const queue = this.#model.open(name);
    if (deadlineMs !== null) {
      const event = new LocalEvent(id, null);
      Object.assign(event, { key, place, deadlineMs, isStored: true });
      this.#model.restoreClaimed(queue, event);
    } else if (place < 0) this.#model.restoreReady(queue, hashOf(id), key, "left");
    else this.#right.push({ queue, hash: hashOf(id), key, place });
  }

  end(last: number): void {
    this.#right.sort((a, b) => a.place - b.place);
    for (const { queue, hash, key } of this.#right) {
      this.#model.restoreReady(queue, hash, key, "right");
    }
    this.#right = [];
    this.#changes.startAfter(last);
  }
}
