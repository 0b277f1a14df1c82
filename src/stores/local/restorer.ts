// Builds the model from a journal at start. Ready events stay cold: only their keys and hashes are
// in memory until they are popped.

import type { Changes } from "./changes.ts";
import { hashOf } from "./hash-index.ts";
import type { Restoration, StoredPlace } from "./journal.ts";
import { LEFT_END, LocalEvent, type LocalQueue } from "./local-queue.ts";
import type { Model } from "./model.ts";

export class Restorer implements Restoration {
  readonly #model: Model;
  readonly #changes: Changes;
  #lastClaim = 0;
  /** Events that an okq claimed which did not number claims. */
  #unnumbered: { queue: LocalQueue; event: LocalEvent }[] = [];

  constructor(model: Model, changes: Changes) {
    this.#model = model;
    this.#changes = changes;
  }

  queue(name: string, number: number): void {
    const queue = this.#model.open(name);
    queue.number = number;
    this.#model.noteIfUnused(queue);
  }

  /** Keys ascend, so events that were pushed on the left come from right to left. */
  event({ key, queue: name, id, place, deadlineMs }: StoredPlace): void {
    const queue = this.#model.open(name);
    const isReady = deadlineMs === null;
    if (isReady && (place === null || place === key)) {
      const end = place === null ? "left" : "right";
      return this.#model.restoreCold(queue, hashOf(id), key, end);
    }
    const event = new LocalEvent(id, null);
    Object.assign(event, { key, place: place ?? 0, deadlineMs: deadlineMs ?? 0, isStored: true });
    const isNumbered = event.place < 0;
    if (isNumbered && event.place > LEFT_END) {
      this.#lastClaim = Math.max(this.#lastClaim, -event.place);
    }
    if (isReady || isNumbered) this.#model.restoreWarm(queue, event, !isReady);
    else this.#unnumbered.push({ queue, event });
  }

  end(last: number): void {
    this.#changes.startAfter(last);
    this.#model.numberClaimsAfter(Math.max(this.#lastClaim, last));
    this.#restoreUnnumbered();
  }

  /**
   * In order of deadline, then of id. Their claims get the keys of these events as numbers; later
   * claims get greater ones. The next commit writes the numbers: after another restart some of the
   * events may be gone, and the others would get different numbers.
   */
  #restoreUnnumbered(): void {
    const claims = this.#unnumbered;
    const numbers = claims.map(({ event }) => event.key).toSorted((a, b) => a - b);
    claims.sort(
      ({ event: a }, { event: b }) => a.deadlineMs - b.deadlineMs || (a.id < b.id ? -1 : 1),
    );
    for (const [at, { queue, event }] of claims.entries()) {
      event.place = -numbers[at]!;
      this.#model.restoreWarm(queue, event, true);
      this.#changes.touch(queue, event, () => {});
    }
    this.#unnumbered = [];
  }
}
