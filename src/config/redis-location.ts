// Where Redis is, according to the options of a Config.
import type { Config } from "./options.ts";
import {
  isRedisUrl,
  isSocketPath,
  parseRedisNode,
  parseRedisUrl,
  type RedisLocation,
} from "./redis-url.ts";

/** From the URL in `store` or from the other options; null for a local store. */
export function redisLocation(config: Config): RedisLocation | null {
  const { redisAddr, redisSentinelAddr, redisCluster, redisTls, store } = config;
  const listed = redisSentinelAddr || redisAddr;
  if (!listed && !isRedisUrl(store)) return null;
  const location = listed ? locationOf(listed) : parseRedisUrl(store);
  if (redisSentinelAddr) location.mode = "sentinel";
  else if (redisCluster && location.mode === "single") location.mode = "cluster";
  if (redisTls) location.isTls = true;
  return location;
}

function locationOf(list: string): RedisLocation {
  const addresses = list.split(",");
  const path = addresses.find(isSocketPath) ?? null;
  const nodes = path === null ? addresses.map(parseRedisNode) : [];
  const unset = { group: null, username: null, password: null };
  return { mode: "single", nodes, path, ...unset, db: 0, isTls: false };
}
