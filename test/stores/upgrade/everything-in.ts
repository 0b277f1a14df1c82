// What a Redis holds, in a form that does not depend on how Redis keeps it.
import type { Redis } from "ioredis";

/** All keys that last, and their values as text. */
export async function everythingIn(redis: Redis): Promise<Record<string, unknown>> {
  const keys = (await redis.call("KEYS", "*")) as string[];
  const values = await Promise.all(
    keys.map(async (key) => [key, await redis.pttl(key), await valueOf(redis, key)] as const),
  );
  const lasting = values.filter(([, lifetime]) => lifetime === -1);
  return Object.fromEntries(
    lasting.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([key, , value]) => [key, value]),
  );
}

async function valueOf(redis: Redis, key: string): Promise<unknown> {
  switch (await redis.type(key)) {
    case "hash": {
      const pairs = (await redis.callBuffer("HGETALL", key)) as Buffer[];
      const texts = pairs.map((part) => part.toString("latin1"));
      const fields = texts.flatMap((text, at) => (at % 2 === 0 ? [[text, texts[at + 1]]] : []));
      return fields.toSorted(([a], [b]) => (a! < b! ? -1 : 1));
    }
    case "list":
      return await redis.lrange(key, "0", "-1");
    case "zset":
      return await redis.zrange(key, "0", "-1", "WITHSCORES");
    default:
      return await redis.get(key);
  }
}
