// Connections to Redis, with the options under which a lost reply is reported and nothing is sent
// twice: no resend, no queue while offline, reconnecting for ever in the background.
import { Redis } from "ioredis";
import { StoreError } from "../../queue/errors.ts";

/** Where Redis is. With a path (unix socket) host and port are not used. */
export interface RedisAddress {
  host: string;
  port: number;
  path?: string;
  username?: string;
  password?: string;
  db: number;
}

const RECONNECT_DELAY_MIN_MS = 20;
const RECONNECT_DELAY_MAX_MS = 500;
/** Oldest version with every command that the scripts use (ZMSCORE, RPOP count, ZADD LT). */
const OLDEST_VERSION = [6, 2] as const;

/** Connects, or throws one line that says why not. onState hears "ready" and why it went away. */
export async function connectRedis(
  address: RedisAddress,
  onState: (state: string) => void,
): Promise<{ redis: Redis; version: string }> {
  const redis = new Redis({
    ...address,
    lazyConnect: true,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    enableOfflineQueue: false,
    retryStrategy: (attempt) =>
      Math.min(RECONNECT_DELAY_MIN_MS * 2 ** attempt, RECONNECT_DELAY_MAX_MS),
  });
  let reason = "";
  let version: string;
  redis.on("error", (error) => (reason = error.message));
  try {
    await redis.connect();
    version = await requiredVersion(redis);
  } catch (error) {
    redis.disconnect();
    throw new StoreError("unavailable", reason || (error as Error).message);
  }
  redis.on("close", () => onState(reason || "connection closed"));
  redis.on("ready", () => {
    reason = "";
    onState("ready");
  });
  return { redis, version };
}

/** The server's version. Throws if it is too old. */
async function requiredVersion(redis: Redis): Promise<string> {
  const info = await redis.info("server");
  const version = /^redis_version:(\S+)/m.exec(info)?.[1] ?? "unknown";
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [oldestMajor, oldestMinor] = OLDEST_VERSION;
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return version;
  throw new Error(`Redis ${version} is too old, okq needs ${OLDEST_VERSION.join(".")} or later`);
}
