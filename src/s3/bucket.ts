// What okq needs of an object store: whole objects under names, and writes with a condition.

export interface StoredObject {
  body: Uint8Array;
  etag: string;
  /** When the object store answered, by its own clock. */
  nowMs: number;
}

export interface ListedObject {
  name: string;
  bytes: number;
  /** By the clock of the object store. */
  modifiedMs: number;
}

/** Objects in ascending order of their names. */
export interface ListedPage {
  objects: ListedObject[];
  /** When the object store answered, by its own clock. */
  nowMs: number;
  isLast: boolean;
}

/**
 * The objects below one prefix, whose names have no prefix here. Every call ends within a time
 * limit, and rejects with a BucketError. None is repeated behind the caller's back, as far as the
 * client of HTTP lets us decide: an object that is there already may come from the same call.
 */
export interface Bucket {
  /** For log lines: s3://bucket/prefix. */
  readonly url: string;
  /** null if it is not there. */
  read(name: string): Promise<StoredObject | null>;
  /** null if it still has that etag; "gone" if it is not there. */
  readIfChanged(name: string, etag: string): Promise<StoredObject | "gone" | null>;
  /** The etag of the new object; null if there is one of that name. */
  create(name: string, body: Uint8Array): Promise<string | null>;
  /** The new etag; null if the object has another etag than that, or is gone. */
  replace(name: string, body: Uint8Array, etag: string): Promise<string | null>;
  /** Writes the object, whatever is there. */
  write(name: string, body: Uint8Array): Promise<void>;
  /** Objects that are not there are no error. */
  remove(names: string[]): Promise<void>;
  /** The page behind `after`; "" for the first one. */
  list(prefix: string, after: string): Promise<ListedPage>;
}

/**
 * - none: the object store did certainly not do it
 * - unknown: it may have done it, or may still do it
 */
export type BucketOutcome = "none" | "unknown";

export class BucketError extends Error {
  constructor(
    readonly outcome: BucketOutcome,
    message: string,
    /** The same call may succeed in a moment: the object store is busy, or cannot be reached. */
    readonly mayPass = true,
  ) {
    super(message);
  }
}
