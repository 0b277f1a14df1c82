// How many clients the system's limit of open files leaves room for. At that limit accepting would
// spin, so clients are refused well before.
import { readFileSync } from "node:fs";
import type { Config } from "../config/options.ts";
import { redisPlace } from "../config/redis-place.ts";
import type { Log } from "../log/log.ts";

/** Files that are no clients: the store's connections, listeners, logs, the executable. */
const FILES_RESERVED = 64;

/** How many clients can be served. If none, throws a line that says which limit to raise. */
export function clientsWithinFileLimit(config: Config, log: Log): number {
  const { maxClients, redisPoolSize } = config;
  const limit = fileLimit();
  const reserved = FILES_RESERVED + (redisPlace(config) ? redisPoolSize - 1 : 0);
  const possible = limit - reserved;
  if (maxClients <= possible) return maxClients;
  const needed = maxClients + reserved;
  if (possible < 1) {
    throw new Error(
      `the limit of open files is ${limit}, which leaves none for clients: raise it to ${needed} ` +
        `for --max-clients ${maxClients} (ulimit -n, LimitNOFILE)`,
    );
  }
  log.warn("fewer clients than asked for, because of the limit of open files", {
    maxClients,
    possible,
    limit,
    needed,
  });
  return possible;
}

function fileLimit(): number {
  try {
    const limits = readFileSync("/proc/self/limits", "latin1");
    return Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1] ?? Infinity);
  } catch {
    return Infinity;
  }
}
