// Where a walk through the names of keys stands: those of queues come first, then those of sets.

export type KeyType = "list" | "set" | "stream";

/** Between two keys. */
export interface Place {
  part: "queues" | "sets";
  /** The name in front of it; null: it is in front of all keys of that part. */
  after: Buffer | null;
}

export const FIRST: Place = { part: "queues", after: null };
