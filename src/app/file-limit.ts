// How many clients fit within the limit of open files. At that limit accept() fails in a loop, so
// okq refuses clients before it is reached.
import { readFileSync } from "node:fs";
import type { Config } from "../config/options.ts";
import { redisLocation } from "../config/redis-location.ts";
import type { Log } from "../log/log.ts";

/** Open files that are not clients: listeners, the executable, the store's files. */
const FILES_RESERVED = 64;

/**
 * --max-clients, or fewer with a warning. If there is no room for any client, throws a message of
 * one line that says how far to raise the limit.
 */
export function clientsWithinFileLimit(config: Config, log: Log): number {
  const { maxClients, redisPoolSize } = config;
  const limit = fileLimit();
  const reserved = FILES_RESERVED + (redisLocation(config) ? redisPoolSize - 1 : 0);
  const possible = limit - reserved;
  if (maxClients <= possible) return maxClients;
  const needed = maxClients + reserved;
  if (possible < 1) {
    throw new Error(
      `the limit of open files is ${limit}, which leaves none for clients: raise it to ${needed} ` +
        `for --max-clients ${maxClients} (ulimit -n, LimitNOFILE)`,
    );
  }
  log.warn("the limit of open files allows fewer clients than --max-clients", {
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
