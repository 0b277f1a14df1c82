// However many events a setting concerns, one operation moves few of them: a script holds up Redis.
import { expect, test } from "bun:test";
import { RedisStore } from "../../src/stores/redis/redis-store.ts";
import { closeAfterTest } from "../support/close-after-test.ts";
import { startRedis } from "../support/redis-server.ts";
import { LifeCaller } from "./contract/life-caller.ts";
import { ignoredCallbacks, targetOf } from "./redis-targets.ts";

const COUNT = 2000;

async function openCaller(): Promise<LifeCaller> {
  const server = await startRedis();
  closeAfterTest(server);
  let nowMs = 1_700_000_000_000;
  const store = await RedisStore.open({
    target: targetOf({ nodes: [{ host: "127.0.0.1", port: server.port }] }),
    poolSize: 1,
    onReady() {},
    ...ignoredCallbacks,
    now: () => nowMs,
  });
  const caller = new LifeCaller({
    store,
    ready: [],
    nowMs: () => nowMs,
    advance: (ms) => (nowMs += ms),
    setRefusing: () => Promise.resolve(),
    close: () => store.close(),
  });
  closeAfterTest(caller.under);
  return caller;
}

async function fill(caller: LifeCaller): Promise<void> {
  for (let at = 0; at < COUNT; at += 500) await caller.pushBatch("q", Array(500).fill(null));
}

test("a pop passes over few events that have expired, and the next ones go on", async () => {
  const caller = await openCaller();
  await fill(caller);
  caller.advance(5000);
  await caller.push("q", "fresh");
  await caller.configure("q", { ttl: "1", "on-expire": "fail", "failed-to": "dead" });
  expect(await caller.pop("q")).toBeNull();
  const { ready } = await caller.counts("q");
  expect(ready).toBeWithin(COUNT / 2, COUNT + 1);
  let popped: string | null = null;
  for (let pops = 0; pops < 10 && popped === null; pops++) popped = await caller.pop("q");
  expect(popped).toBe("fresh");
  expect(await caller.counts("dead")).toEqual({ ready: COUNT });
});

test("a push drops few of the events that are too many, and the next ones go on", async () => {
  const caller = await openCaller();
  await fill(caller);
  await caller.configure("q", { "max-length": "10", "on-full": "drop-oldest" });
  await caller.push("q", "1");
  expect((await caller.counts("q")).ready).toBeWithin(COUNT / 2, COUNT);
  for (let pushes = 0; pushes < 30; pushes++) await caller.push("q", `more ${pushes}`);
  expect(await caller.counts("q")).toEqual({ ready: 10 });
});

test("a failure removes few of the failed events that are too many", async () => {
  const caller = await openCaller();
  await fill(caller);
  await caller.configure("q", { "max-attempts": "1" });
  const held = await caller.claimBatch(["q"], 1000);
  await Promise.all(held.slice(0, 999).map((claim) => caller.fail("q", claim)));
  await caller.configure("q", { "keep-failed": "10" });
  await caller.fail("q", held[999]!);
  expect((await caller.counts("q")).failed).toBeWithin(500, 1000);
});
