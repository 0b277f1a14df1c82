// Programs that use Redis lists, as the documentation of their drivers writes them. Each runs with
// a real Redis and with okq, and must print the same.
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { Redis } from "ioredis";
import { createClient } from "redis";
import { run } from "../drivers/programs.ts";
import { startOkqOn, startTestRedis, storeNames } from "../support/okq-server.ts";

const RUN_MS_MAX = 60_000;

type Program = (port: number) => Promise<string>;

const programs: Record<string, Program> = {
  "redis-py": (port) => printed(port, "lists.py", "/usr/bin/python3"),
  "redis-rb": (port) => printed(port, "lists.rb", "ruby"),
  phpredis: (port) => printed(port, "lists.php", "php"),
  redigo: (port) => printed(port, "lists.go", "go", "run"),
  ioredis: withIoredis,
  "node-redis": withNodeRedis,
};

describe.each(Object.entries(programs))("%s", (_, program) => {
  test.each(storeNames)(
    "consumes lists as from Redis, on %s",
    async (store) => {
      const redis = await startTestRedis();
      const expected = await program(redis.port);
      const { port } = await startOkqOn(store);
      expect(await program(port)).toBe(expected);
      expect(expected).toContain("length 3\nmail one\nmail two\nmail three\n");
      expect(expected.match(/^doing /gm)).toHaveLength(2);
    },
    RUN_MS_MAX,
  );
});

async function printed(port: number, file: string, ...command: [string, ...string[]]) {
  const path = join(import.meta.dir, file);
  const { code, stdout, stderr } = await run([...command, path, String(port)]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return String(stdout);
}

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
