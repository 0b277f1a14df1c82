// An event as a journal or a slab has it.
import type { StoredState } from "./states.ts";

/** Where an event is, as a journal has it. The fields are those of a LocalEvent. */
export interface StoredPlace {
  /** Ascends with every push, over all queues. */
  key: number;
  id: string;
  state: StoredState;
  atMs: number;
  place: number;
  lease: number;
  token: number;
  claimant: string | null;
  pushedAtMs: number;
  /** 0: never. */
  expiresAtMs: number;
  /** Its unique key, as its rare facts have it; null also if `more` has it. */
  unique: string | null;
  /** As `unique`. */
  priority: number | null;
  group: string | null;
}

/** An event as a journal has it. */
export interface StoredEvent extends StoredPlace {
  /** As more.ts encodes it. */
  more: string | null;
  /** null when they are too large for this reading: read them alone. */
  contents: string | Buffer | null;
}
