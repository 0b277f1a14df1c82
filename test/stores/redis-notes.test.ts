// Notes that okq processes leave for each other in Redis.
import { expect, test } from "bun:test";
import { closeAfterTest } from "../support/close-after-test.ts";
import { startTestRedis } from "../support/okq-server.ts";
import { RedisStore } from "../../src/stores/redis/redis-store.ts";
import { ignoredCallbacks, lastingKeys, targetOf } from "./redis-targets.ts";

test("the others find a note until it is taken back, replaced or half a minute old", async () => {
  const redis = await startTestRedis();
  const time = { nowMs: 1_700_000_000_000 };
  const open = async () =>
    closeAfterTest(
      await RedisStore.open({
        target: targetOf({ nodes: [{ host: "127.0.0.1", port: redis.port }] }),
        poolSize: 1,
        onReady() {},
        ...ignoredCallbacks,
        now: () => time.nowMs,
      }),
    );
  const [one, two] = [(await open()).notes, (await open()).notes];
  await one.leave("first of one");
  await one.leave("\xff of one");
  await two.leave("of two");
  expect([await one.others(), await two.others()]).toEqual([["of two"], ["\xff of one"]]);
  await two.leave("");
  expect(await one.others()).toEqual([]);
  time.nowMs += 29_000;
  await two.leave("of two");
  expect(await two.others()).toEqual(["\xff of one"]);
  time.nowMs += 2_000;
  expect([await one.others(), await two.others()]).toEqual([["of two"], []]);
  expect(await redis.redis.hlen("{okq}:2:notes")).toBe(1);
  expect(await lastingKeys(redis.redis)).toEqual([]);
});
