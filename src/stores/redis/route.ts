// Where a lane sends its batches: to one server, and after a failover or a move to another.
import type { Redis } from "ioredis";

export interface Route {
  /** The connection to the server that has the lane's keys now; null while there is none. */
  redis(): Redis | null;
  /** Why there is none, in a few words. */
  reason(): string;
  /**
   * To be called when the server refused a whole batch with an error of that code. Resolves when
   * the batch may be sent again, with false if that would not help now.
   */
  turnedAway(code: string, message: string): Promise<boolean>;
  /** An answer over that connection is overdue: does it still lead to the right server? */
  suspect(redis: Redis): void;
  /** Ends that connection, with all commands under way on it. */
  cut(redis: Redis, reason: string): void;
}

/** Codes of errors with which Redis refuses a whole batch, until something has changed. */
export const TURNED_AWAY = new Set(
  (
    "READONLY LOADING MASTERDOWN CLUSTERDOWN MOVED ASK TRYAGAIN BUSY MISCONF NOREPLICAS " +
    "NOAUTH NOPERM WRONGPASS NOPROTO"
  ).split(" "),
);
