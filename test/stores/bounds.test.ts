// Bounds that take too many operations to be reached one by one: how many counters a queue has, and
// unique keys that are taken for a time.
import { expect, test } from "bun:test";
import { COUNTERS_MAX } from "../../src/queue/counters.ts";
import { WINDOWS_MAX } from "../../src/queue/windows.ts";
import { closeAfterTest } from "../support/close-after-test.ts";
import { type RedisServer, startRedis } from "../support/redis-server.ts";
import { init } from "./contract/counters.ts";
import { LifeCaller } from "./contract/life-caller.ts";
import { openLocal } from "./open-local.ts";
import { openTimedRedis } from "./redis-targets.ts";

const AT_ONCE = 100_000;

/** Adds numbers as members, all with that score. */
const FILL = `
  local all = {}
  for member = ARGV[2], ARGV[3] do
    all[#all + 1] = ARGV[1]
    all[#all + 1] = string.format('%d', member)
    if #all == 4000 or member == tonumber(ARGV[3]) then
      redis.call('ZADD', KEYS[1], unpack(all))
      all = {}
    end
  end`;

async function fill({ redis }: RedisServer, kind: string, score: number, count: number) {
  const [key] = await redis.keys(`*:${kind}:*`);
  for (let from = 1; from <= count; from += AT_ONCE) {
    await redis.eval(FILL, 1, key!, score, from, Math.min(from + AT_ONCE - 1, count));
  }
}

async function openOnRedis(): Promise<{ store: LifeCaller; server: RedisServer }> {
  const server = await startRedis();
  closeAfterTest(server);
  const store = new LifeCaller(await openTimedRedis(server.port, { nowMs: 1_700_000_000_000 }));
  closeAfterTest(store.under);
  return { store, server };
}

async function isFull(store: LifeCaller): Promise<void> {
  expect(await init(store, 2, { key: "one more", event: null })).toBe("too many");
  // One that is there may be made again.
  expect(await init(store, 2, { key: "first", event: null })).toBe("ok");
}

test("in memory a queue has a bounded number of counters", async () => {
  const store = new LifeCaller(await openLocal());
  closeAfterTest(store.under);
  await init(store, 2, { key: "first", event: null });
  for (let from = 1; from < COUNTERS_MAX; from += 1000) {
    const keys = Array.from({ length: Math.min(1000, COUNTERS_MAX - from) }, (_, at) => from + at);
    const made = keys.map((key) => init(store, 2, { key: `${key}`, event: null }));
    expect(new Set(await Promise.all(made))).toEqual(new Set(["ok"]));
  }
  await isFull(store);
});

test("on Redis a queue has a bounded number of counters", async () => {
  const { store, server } = await openOnRedis();
  await init(store, 2, { key: "first", event: null });
  await fill(server, "counter-keys", 0, COUNTERS_MAX - 1);
  await isFull(store);
});

test("on Redis the unique keys that end first end early if there are too many", async () => {
  const { store, server } = await openOnRedis();
  const push = (id: string, key: string, forMs: number) =>
    store.pushWith("q", id, { unique: { key, until: "end", forMs } });
  await push("1", "short", 50_000);
  await push("2", "long", 200_000);
  await fill(server, "unique-ends", store.nowMs + 100_000, WINDOWS_MAX - 2);
  await push("3", "another", 150_000);
  const { windows } = await store.submit({ kind: "stats", queue: Buffer.from("q"), isWhole: true });
  expect(windows).toBe(WINDOWS_MAX);
  await store.drain("q");
  const again = (key: string) => push(`new ${key}`, key, 1000);
  expect(await again("long")).toBe("duplicate of 2");
  expect(await again("another")).toBe("duplicate of 3");
  expect(await again("short")).toBe("new short");
});
