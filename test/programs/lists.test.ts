// Programs that use Redis lists: see as-with-redis.ts.
import { expect } from "bun:test";
import { Redis } from "ioredis";
import { createClient } from "redis";
import { testPrograms } from "./as-with-redis.ts";

testPrograms("lists", { ioredis: withIoredis, "node-redis": withNodeRedis }, (printed) => {
  expect(printed).toContain("length 3\nmail one\nmail two\nmail three\n");
  expect(printed.match(/^doing /gm)).toHaveLength(2);
});

async function withIoredis(port: number): Promise<string> {
  const redis = new Redis(port);
  const lines: string[] = [];
  try {
    await redis.lpush("mail", "one", "two");
    await redis.lpush("mail", "three");
    lines.push(`length ${await redis.llen("mail")}`);
    for (;;) {
      const item = await redis.brpop("urgent", "mail", 0.5);
      if (!item) break;
      lines.push(item.join(" "));
    }
    const replies = await redis.pipeline().rpush("work", "a").rpush("work", "b").exec();
    lines.push(`pipeline ${JSON.stringify(replies)}`);
    for (;;) {
      const job = await redis.blmove("work", "doing", "LEFT", "RIGHT", 0.5);
      if (job === null) break;
      const doing = await redis.lrange("doing", 0, -1);
      lines.push(`doing ${doing.join(" ")} ${await redis.lrem("doing", 1, job)}`);
    }
  } finally {
    redis.disconnect();
  }
  return `${lines.join("\n")}\n`;
}

async function withNodeRedis(port: number): Promise<string> {
  const client = createClient({ socket: { port } });
  await client.connect();
  const lines: string[] = [];
  try {
    await client.lPush("mail", ["one", "two"]);
    await client.lPush("mail", "three");
    lines.push(`length ${await client.lLen("mail")}`);
    for (;;) {
      const item = await client.brPop(["urgent", "mail"], 0.5);
      if (!item) break;
      lines.push(`${item.key} ${item.element}`);
    }
    const replies = await client.multi().rPush("work", "a").rPush("work", "b").exec();
    lines.push(`pipeline ${JSON.stringify(replies)}`);
    for (;;) {
      const job = await client.blMove("work", "doing", "LEFT", "RIGHT", 0.5);
      if (job === null) break;
      const doing = await client.lRange("doing", 0, -1);
      lines.push(`doing ${doing.join(" ")} ${await client.lRem("doing", 1, job)}`);
    }
  } finally {
    client.destroy();
  }
  return `${lines.join("\n")}\n`;
}
