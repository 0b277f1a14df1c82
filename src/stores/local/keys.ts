// The unique keys that the events of a queue have taken. A key in the rare facts of an event has a
// letter in front of it, which says how long it is taken.
import type { Unique } from "../../queue/event.ts";
import { toText } from "./bytes.ts";
import { ColdIndex } from "./cold-index.ts";
import { HashIndex, hashOf } from "./hash-index.ts";
import { CLAIMED, DELAYED, READY, type StateNumber } from "./states.ts";

/** Until the event ends; until it is claimed; for some time (see Windows). */
const UNTIL_END = "e";
const UNTIL_CLAIMED = "c";
const FOR_TIME = "f";

/** As the rare facts of an event have it. */
export function writtenKey({ key, until, forMs }: Unique): string {
  if (forMs !== null) return FOR_TIME + toText(key);
  return (until === "end" ? UNTIL_END : UNTIL_CLAIMED) + toText(key);
}

export function keyIn(written: string): string {
  return written.slice(1);
}

/** Whether the event has taken its key as long as it waits. */
export function isOfEvent(written: string): boolean {
  return !written.startsWith(FOR_TIME);
}

/** Whether an event has taken its key in that state. */
export function isTakenIn(state: StateNumber, written: string): boolean {
  if (state === CLAIMED) return written.startsWith(UNTIL_END);
  return (state === READY || state === DELAYED) && isOfEvent(written);
}

interface Keyed {
  readonly more: { readonly unique: string | null } | null;
}

interface Taken<T> {
  key: string;
  hash: number;
  event: T;
}

/** A key is in here once. */
export class Keys<T extends Keyed> {
  /** Of events in memory. */
  readonly #warm = new HashIndex<Taken<T>>(({ key }) => key);
  /** The keys of cold events by the hash of their unique key. */
  readonly #cold = new ColdIndex();

  /** The event that has taken this unique key. `coldOne` reads the cold event of a key. */
  find(key: string, coldOne: (eventKey: number) => T): T | undefined {
    const hash = hashOf(key);
    let event = this.#warm.get(key, hash)?.event;
    if (event !== undefined || this.#cold.size === 0) return event;
    this.#cold.find(hash, (eventKey) => {
      const one = coldOne(eventKey);
      const isIt = keyIn(one.more!.unique!) === key;
      if (isIt) event = one;
      return isIt;
    });
    return event;
  }

  add(key: string, event: T): void {
    this.#warm.add({ key, hash: hashOf(key), event });
  }

  /** It must be that of an event in memory. */
  remove(key: string): void {
    this.#warm.remove(this.#warm.get(key, hashOf(key))!);
  }

  addCold(key: string, eventKey: number): void {
    this.#cold.add(hashOf(key), eventKey);
  }

  removeCold(key: string, eventKey: number): void {
    this.#cold.remove(hashOf(key), eventKey);
  }
}
