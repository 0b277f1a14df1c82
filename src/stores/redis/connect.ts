// One connection to a Redis server, made once: it never connects again by itself and never sends
// anything twice, and it is used only when the server turned out to be what okq needs.
import { Redis, type RedisOptions } from "ioredis";
import { StoreError } from "../../queue/errors.ts";
import { nameOfNode, type NodeAddress, type RedisTarget } from "./target.ts";

/** As ioredis takes them, but for one whose type it states in two ways. */
export type Options = Omit<RedisOptions, "replyMapping">;

export interface Connected {
  redis: Redis;
  /** Where it leads: host:port, or the path of a unix socket. */
  name: string;
  version: string;
}

/** For everything from the first packet until the server has told about itself. */
const HANDSHAKE_MS_MAX = 1_500;
/** Oldest version with every command that the scripts use (ZMSCORE, RPOP count, ZADD LT). */
const OLDEST_VERSION = [6, 2] as const;

/**
 * Connects to the node, or without one to the target's unix socket. Throws "unavailable" with one
 * line that says why not, also when the server is too old, a replica, or in another mode.
 */
export async function connectRedis(
  target: RedisTarget,
  node: NodeAddress | null,
): Promise<Connected> {
  const place = node ?? { path: target.path! };
  const name = node ? nameOfNode(node) : target.path!;
  const { db, username, password } = target;
  return await handshake(
    { ...place, db, ...credentials(username, password) },
    target,
    async (redis) => {
      const version = requirementsOf(await redis.info(), target.mode === "cluster");
      return { redis, name, version };
    },
  );
}

/** A connection for looking around only: a replica will do, and so will a sentinel. */
export async function askServer<T>(
  target: RedisTarget,
  options: Options,
  ask: (redis: Redis) => Promise<T>,
): Promise<T> {
  return await handshake(options, target, async (redis) => {
    const answer = await ask(redis);
    redis.disconnect();
    return answer;
  });
}

export function credentials(username: string | null, password: string | null): Options {
  return { ...(username !== null && { username }), ...(password !== null && { password }) };
}

async function handshake<T>(
  options: Options,
  { tls }: RedisTarget,
  then: (redis: Redis) => Promise<T>,
): Promise<T> {
  const redis = new Redis({
    ...options,
    ...(tls && { tls: given(tls) }),
    lazyConnect: true,
    enableReadyCheck: false,
    retryStrategy: () => undefined,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    enableOfflineQueue: false,
    disconnectTimeout: 0,
  });
  let reason = "";
  redis.on("error", (error) => (reason ||= error.message));
  const timer = setTimeout(() => {
    reason = `no answer within ${HANDSHAKE_MS_MAX} ms`;
    redis.disconnect();
  }, HANDSHAKE_MS_MAX);
  try {
    await redis.connect();
    return await then(redis);
  } catch (error) {
    redis.disconnect();
    throw new StoreError("unavailable", reason || (error as Error).message);
  } finally {
    clearTimeout(timer);
  }
}

/** Without what is null. */
function given({ ca, cert, key }: NonNullable<RedisTarget["tls"]>): NonNullable<Options["tls"]> {
  return { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
}

/** The server's version. Throws if it cannot be used. */
function requirementsOf(info: string, isCluster: boolean): string {
  const fact = (name: string) => new RegExp(`^${name}:(\\S+)`, "m").exec(info)?.[1];
  const version = fact("redis_version") ?? "unknown";
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [oldestMajor, oldestMinor] = OLDEST_VERSION;
  if (major < oldestMajor || (major === oldestMajor && minor < oldestMinor)) {
    throw new Error(`Redis ${version} is too old, okq needs ${OLDEST_VERSION.join(".")} or later`);
  }
  if (fact("loading") === "1") throw new Error("it is still loading its data");
  if ((fact("cluster_enabled") === "1") !== isCluster) {
    throw new Error(isCluster ? "it is no cluster" : "it is a cluster: say --redis-cluster");
  }
  if (!isCluster && fact("role") !== "master") throw new Error("it is a read-only replica");
  return version;
}
