// Without a journal: puts events into slabs that wait or are kept for long, if there are many.
//
// Objects are faster for events that move soon. But each garbage collection looks at the index of
// the objects again, and now and then at all of them: with millions of objects that takes several
// times as long as the operations themselves.
import type { ColdEvents } from "./cold-events.ts";
import type { LocalEvent } from "./local-queue.ts";
import { Ring } from "./ring.ts";
import { isSlabbable } from "./slabs.ts";
import { CLAIMED, GONE, LEFT_END, READY } from "./states.ts";
import type { Usage } from "./usage.ts";

/** The ready events of a queue stay objects if they are fewer than this part of `warmMax`. */
const lineShare = 1 / 16;

export class Cooling {
  readonly #usage: Usage;
  readonly #cold: ColdEvents;
  readonly #warmMax: number;
  /** Events in the order in which they came into a state; the left-most one came last. */
  #entered = new Ring<LocalEvent>();

  constructor(usage: Usage, cold: ColdEvents, warmMax: number) {
    this.#usage = usage;
    this.#cold = cold;
    this.#warmMax = warmMax;
  }

  /** The event came into its state. */
  note(event: LocalEvent): void {
    if (this.#hasMany && this.#mayCool(event)) this.#entered.pushLeft(event);
  }

  /** Call it after a batch. Cools events that `warmMax` others came after, if there are many. */
  cool(): void {
    const entered = this.#entered;
    if (entered.length === 0) return;
    if (!this.#hasMany) {
      this.#entered = new Ring();
      return;
    }
    while (entered.length > this.#warmMax && this.#hasMany) {
      const event = entered.popRight()!;
      if (this.#mayCool(event) && isThere(event)) this.#cold.cool(event);
    }
  }

  /** Whether there are many objects besides those of claimed events. */
  get #hasMany(): boolean {
    const { warm } = this.#usage;
    return warm > this.#warmMax && warm - this.#usage.count(CLAIMED) > this.#warmMax;
  }

  #mayCool(event: LocalEvent): boolean {
    const { state, queue, place, lease } = event;
    if (state === GONE || state === CLAIMED) return false;
    if (state === READY) {
      // An event that came back is popped soon.
      const isLong = queue.ready > this.#warmMax * lineShare;
      if (!isLong || (place > LEFT_END && lease > 0)) return false;
    }
    return isSlabbable(event);
  }
}

/** Whether it is still an object of the model: it may have been flushed, or be cold already. */
function isThere(event: LocalEvent): boolean {
  return event.queue.events.get(event.id, event.hash) === event;
}
