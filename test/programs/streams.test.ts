// Programs that use Redis streams, as the documentation of their drivers writes them. Each runs
// with a real Redis and with okq, and must print the same.
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { run } from "../drivers/programs.ts";
import { startOkqOn, startTestRedis, storeNames } from "../support/okq-server.ts";
import { withIoredis } from "./streams-ioredis.ts";
import { withNodeRedis } from "./streams-node-redis.ts";

const RUN_MS_MAX = 60_000;

type Program = (port: number) => Promise<string>;

const programs: Record<string, Program> = {
  "redis-py": (port) => printed(port, "streams.py", "/usr/bin/python3"),
  "redis-rb": (port) => printed(port, "streams.rb", "ruby"),
  phpredis: (port) => printed(port, "streams.php", "php"),
  redigo: (port) => printed(port, "streams.go", "go", "run"),
  ioredis: withIoredis,
  "node-redis": withNodeRedis,
};

describe.each(Object.entries(programs))("%s", (_, program) => {
  test.each(storeNames)(
    "consumes a stream as from Redis, on %s",
    async (store) => {
      const redis = await startTestRedis();
      const expected = await program(redis.port);
      const { port } = await startOkqOn(store);
      expect(await program(port)).toBe(expected);
      expect(expected).toContain("BUSYGROUP Consumer Group name already exists\n");
      expect(expected.match(/^took over .* 1$|^claimed true 1$/gm)).toHaveLength(2);
      expect(expected.match(/^done .* 1$/gm)).toHaveLength(3);
      expect(expected).toContain("pending 1\n");
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
