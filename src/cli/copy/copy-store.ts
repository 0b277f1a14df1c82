// The two sides of a copy between stores.
import type { Database } from "bun:sqlite";
import type { DatabaseCounts } from "../../stores/local/sqlite/check-database.ts";
import type { ProgressLines } from "./progress-lines.ts";

/** A store that nobody else uses until it is closed, with all its rows in a database. */
export interface CopySource {
  readonly db: Database;
  /** Rejects with a message of one line if somebody else has begun to use it. */
  confirm(): Promise<void>;
  close(): Promise<void>;
}

export interface CopyTarget {
  /** Rejects with a message of one line if something is there, or nothing can be made there. */
  checkEmpty(): Promise<void>;
  /**
   * Makes the store and compares it with the source. Confirms the source before the last step,
   * which makes the store visible to others.
   */
  make(source: CopySource, progress: ProgressLines): Promise<DatabaseCounts>;
  close(): void;
}
