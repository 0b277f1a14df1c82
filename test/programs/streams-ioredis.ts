// A producer and two consumers of a stream with ioredis.
// oxlint-disable no-await-in-loop -- the commands are sent one after the other
import { Redis } from "ioredis";

type Entry = [id: string, fields: string[]];
type Streams = [key: string, entries: Entry[]][] | null;

/** Resolves to what they consumed. */
export async function withIoredis(port: number): Promise<string> {
  const redis = new Redis(port);
  const lines: string[] = [];
  const done = async (what: string, entries: Entry[]) => {
    for (const [id, fields] of entries) {
      lines.push(`${what} ${fields.join(" ")} ${await redis.xack("orders", "shop", id)}`);
    }
  };
  try {
    for (let at = 0; at < 2; at++) {
      const create = redis.xgroup("CREATE", "orders", "shop", "0", "MKSTREAM");
      lines.push(String(await create.catch((error: Error) => error.message)));
    }
    for (let n = 1; n <= 5; n++) {
      await redis.xadd("orders", "MAXLEN", "~", 1000, "*", "order", n, "user", "ann");
    }
    lines.push(`length ${await redis.xlen("orders")}`);

    // A consumer that dies.
    const dead = (await redis.xreadgroup(
      ...(["GROUP", "shop", "dead", "COUNT", 2, "STREAMS", "orders", ">"] as const),
    )) as Streams;
    lines.push(`dead ${dead![0]![1].map(([, fields]) => fields.join(" ")).join()}`);
    const pending = await redis.xpending("orders", "shop");
    lines.push(`pending ${pending[0]} ${JSON.stringify(pending[3])}`);
    const claims = await redis.xpending("orders", "shop", "-", "+", 10);
    for (const claim of claims as unknown[][]) lines.push(`pending ${claim[1]} ${claim[3]}`);

    // Another one takes over what it had not acknowledged.
    let start = "0-0";
    do {
      const [next, entries] = (await redis.xautoclaim(
        ...(["orders", "shop", "alive", 0, start, "COUNT", 1] as const),
      )) as [string, Entry[]];
      await done("took over", entries);
      start = next;
    } while (start !== "0-0");

    for (;;) {
      const streams = (await redis.xreadgroup(
        ...(["GROUP", "shop", "alive", "COUNT", 2, "BLOCK", 100, "STREAMS"] as const),
        ...(["orders", ">"] as const),
      )) as Streams;
      if (!streams) break;
      await done("done", streams[0]![1]);
    }

    const replies = await redis
      .pipeline()
      .xadd("orders", "*", "order", 6)
      .xreadgroup("GROUP", "shop", "alive", "STREAMS", "orders", ">")
      .exec();
    const [[, id], [, read]] = replies as [[null, string], [null, NonNullable<Streams>]];
    lines.push(`pipeline ${id === read[0]![1][0]![0]} ${read[0]![1][0]![1].join(" ")}`);
    lines.push(`pending ${(await redis.xpending("orders", "shop"))[0]}`);
  } finally {
    redis.disconnect();
  }
  return `${lines.join("\n")}\n`;
}
