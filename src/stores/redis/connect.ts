// Makes one connection to a Redis server, and checks that the server suits okq. The connection
// never reconnects by itself and never sends a command twice.
import { Redis, type RedisOptions } from "ioredis";
import { StoreError } from "../../queue/errors.ts";
import { nameOfNode, type NodeAddress, type RedisTarget } from "./target.ts";

/** The options of ioredis, without one whose type it declares in two ways. */
export type Options = Omit<RedisOptions, "replyMapping">;

export interface Connected {
  redis: Redis;
  /** The server's host:port, or the path of its unix socket. */
  name: string;
  version: string;
  /** What its INFO said. */
  info: string;
  /** It answered slowly: the limits for servers nearby are too short for it. */
  isFar: boolean;
}

/**
 * How long a handshake may take: "quick" is QUICK_MS in all, so that a dead server is soon given
 * up; "patient" is the target's timeoutMs for each answer, for a server that is far away.
 */
export type Patience = "quick" | "patient";

/** From the first packet until the server has told about itself. */
export const QUICK_MS = 1_500;
/** If the handshake takes longer, the server is far away. */
const NEAR_MS = 1_000;
/** Oldest version with every command that the scripts use (RPOP count, ZADD LT). */
const OLDEST_VERSION = [6, 2] as const;

/**
 * Connects to the node, or without one to the target's unix socket. Throws "unavailable" with one
 * line that says why not, also when the server is too old, a replica, or in another mode.
 */
export async function connectRedis(
  target: RedisTarget,
  node: NodeAddress | null,
  patience: Patience,
): Promise<Connected> {
  const startedAtMs = performance.now();
  const place = node ?? { path: target.path! };
  const name = node ? nameOfNode(node) : target.path!;
  const { db, username, password } = target;
  return await handshake(
    { ...place, db, ...credentials(username, password) },
    target,
    patience,
    async (redis) => {
      const info = await redis.info();
      const version = requirementsOf(info, target.mode === "cluster");
      const isFar = performance.now() - startedAtMs > NEAR_MS;
      return { redis, name, version, info, isFar };
    },
  );
}

/** How long one answer may take with "patient". */
export function answerMsOf({ timeoutMs }: RedisTarget): number {
  return Math.max(QUICK_MS, timeoutMs);
}

/** Connects for one question only, also to a replica or a sentinel. */
export async function askServer<T>(
  target: RedisTarget,
  options: Options,
  patience: Patience,
  ask: (redis: Redis) => Promise<T>,
): Promise<T> {
  return await handshake(options, target, patience, async (redis) => {
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
  target: RedisTarget,
  patience: Patience,
  then: (redis: Redis) => Promise<T>,
): Promise<T> {
  const { tls } = target;
  const redis = new Redis({
    ...options,
    ...(tls && { tls: given(tls) }),
    lazyConnect: true,
    enableReadyCheck: false,
    connectTimeout: 0,
    retryStrategy: () => undefined,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    enableOfflineQueue: false,
    disconnectTimeout: 0,
  });
  let reason = "";
  redis.on("error", (error) => (reason ||= error.message));
  let timer: ReturnType<typeof setTimeout> | undefined;
  const giveUpAfter = (ms: number) => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      reason = `no answer within ${ms} ms`;
      redis.disconnect();
    }, ms);
  };
  const answerMs = answerMsOf(target);
  if (patience === "quick") giveUpAfter(QUICK_MS);
  // With TLS there are two answers until it is connected.
  else giveUpAfter(tls ? 2 * answerMs : answerMs);
  const answered = () => {
    if (patience === "patient") giveUpAfter(answerMs);
  };
  redis.once("connect", answered);
  try {
    await redis.connect();
    answered();
    const result = await then(redis);
    // ioredis only reports a refused SELECT, and would go on with database 0.
    if (reason) throw new Error(reason);
    return result;
  } catch (error) {
    redis.disconnect();
    throw new StoreError("unavailable", reason || (error as Error).message);
  } finally {
    clearTimeout(timer);
  }
}

/** The parts that are not null. */
function given({ ca, cert, key }: NonNullable<RedisTarget["tls"]>): NonNullable<Options["tls"]> {
  return { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
}

/** What an INFO tells under that name. */
export function factIn(info: string, name: string): string | undefined {
  return new RegExp(`^${name}:(\\S+)`, "m").exec(info)?.[1];
}

/** The server's version. Throws if it cannot be used. */
function requirementsOf(info: string, isCluster: boolean): string {
  const fact = (name: string) => factIn(info, name);
  const version = fact("redis_version") ?? "unknown";
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [oldestMajor, oldestMinor] = OLDEST_VERSION;
  if (major < oldestMajor || (major === oldestMajor && minor < oldestMinor)) {
    throw new Error(`Redis ${version} is too old, okq needs ${OLDEST_VERSION.join(".")} or later`);
  }
  if (fact("loading") === "1") throw new Error("it is still loading its data");
  if ((fact("cluster_enabled") === "1") !== isCluster) {
    throw new Error(isCluster ? "it is no cluster" : "it is a cluster: give --redis-cluster");
  }
  if (!isCluster && fact("role") !== "master") throw new Error("it is a read-only replica");
  return version;
}
