// Finds where Redis is, from whichever options say so.
import type { Config } from "./options.ts";
import {
  isRedisUrl,
  isSocketPath,
  parseRedisNode,
  parseRedisUrl,
  type RedisUrl,
} from "./redis-url.ts";

/** Where Redis is, from a URL in `store` or from the other options; null for a local store. */
export function redisPlace(config: Config): RedisUrl | null {
  const { redisAddr, redisSentinelAddr, redisCluster, redisTls, store } = config;
  const listed = redisSentinelAddr || redisAddr;
  if (!listed && !isRedisUrl(store)) return null;
  const place = listed ? listedPlace(listed) : parseRedisUrl(store);
  if (redisSentinelAddr) place.mode = "sentinel";
  else if (redisCluster && place.mode === "single") place.mode = "cluster";
  if (redisTls) place.isTls = true;
  return place;
}

function listedPlace(list: string): RedisUrl {
  const addresses = list.split(",");
  const path = addresses.find(isSocketPath) ?? null;
  const nodes = path === null ? addresses.map(parseRedisNode) : [];
  const open = { group: null, username: null, password: null };
  return { mode: "single", nodes, path, ...open, db: 0, isTls: false };
}
