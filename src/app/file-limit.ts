// How many clients and HTTP connections fit within the limit of open files. At that limit accept()
// fails in a loop, so okq refuses clients before it is reached.
import { readFileSync } from "node:fs";
import type { Config } from "../config/options.ts";
import { redisLocation } from "../config/redis-location.ts";
import { s3Location } from "../config/s3-location.ts";
import type { Log } from "../log/log.ts";

/** Open files that are not clients: listeners, the executable, the store's files. */
const FILES_RESERVED = 64;
/** HTTP has at least so many connections, or its part of the files if there are few. */
const HTTP_CONNECTIONS_MIN = 1024;
const HTTP_PART = 1 / 4;
/** A standby opens a connection to the okq that serves for each of its clients. */
const FILES_OF_FORWARDED = 2;

export interface ClientLimits {
  maxClients: number;
  httpConnectionsMax: number;
}

/**
 * --max-clients, or fewer with a warning, and the connections of HTTP besides. If there is no room
 * for any client, throws a message of one line that says how far to raise the limit.
 */
export function clientsWithinFileLimit(config: Config, log: Log): ClientLimits {
  const { maxClients, redisPoolSize, httpAddr } = config;
  const limit = fileLimit();
  const forStore = FILES_RESERVED + (redisLocation(config) ? redisPoolSize - 1 : 0);
  const forHttp = Math.min(HTTP_CONNECTIONS_MIN, Math.floor((limit - forStore) * HTTP_PART));
  const reserved = forStore + (httpAddr ? Math.max(forHttp, 0) : 0);
  const filesOfClient = s3Location(config) ? FILES_OF_FORWARDED : 1;
  const possible = Math.floor((limit - reserved) / filesOfClient);
  const filesOfAll = maxClients * filesOfClient;
  if (maxClients <= possible) {
    return { maxClients, httpConnectionsMax: limit - forStore - filesOfAll };
  }
  const needed = filesOfAll + reserved;
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
  return { maxClients: possible, httpConnectionsMax: forHttp };
}

function fileLimit(): number {
  try {
    const limits = readFileSync("/proc/self/limits", "latin1");
    return Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1] ?? Infinity);
  } catch {
    return Infinity;
  }
}
