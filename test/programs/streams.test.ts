// Programs that use Redis streams: see as-with-redis.ts.
import { expect } from "bun:test";
import { testPrograms } from "./as-with-redis.ts";
import { withIoredis } from "./streams-ioredis.ts";
import { withNodeRedis } from "./streams-node-redis.ts";

testPrograms("streams", { ioredis: withIoredis, "node-redis": withNodeRedis }, (printed) => {
  expect(printed).toContain("BUSYGROUP Consumer Group name already exists\n");
  expect(printed.match(/^took over .* 1$|^claimed true 1$/gm)).toHaveLength(2);
  expect(printed.match(/^done .* 1$/gm)).toHaveLength(3);
  expect(printed).toContain("pending 1\n");
});
