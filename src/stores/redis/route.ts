// Where the batches of a lane go: to one server, which failures and moves replace by another.
import type { Redis } from "ioredis";

export interface Route {
  /** The connection to the server that has the lane's keys now; null while there is none. */
  redis(): Redis | null;
  /** Why there is none, in a few words. */
  reason(): string;
  /**
   * The server turned a batch away as a whole, with an error that begins with that code. Resolves
   * when it may be sent again, with false if that makes no sense now.
   */
  turnedAway(code: string, message: string): Promise<boolean>;
  /** An answer over that connection is overdue: does it still lead to the right server? */
  suspect(redis: Redis): void;
  /** Gives that connection up, with everything under way on it. */
  cut(redis: Redis, reason: string): void;
}

/** Errors with which Redis turns a whole batch away, undone, until something has changed. */
export const TURNED_AWAY = new Set(
  (
    "READONLY LOADING MASTERDOWN CLUSTERDOWN MOVED ASK TRYAGAIN BUSY MISCONF NOREPLICAS " +
    "NOAUTH NOPERM WRONGPASS NOPROTO"
  ).split(" "),
);
