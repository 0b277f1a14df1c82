// The clock of Redis is set back, by an admin or because another server became the master.
// oxlint-disable no-await-in-loop -- the steps take place in this order
import { afterAll, beforeAll, expect, test } from "bun:test";
import { closeAfterTest } from "../support/close-after-test.ts";
import { type RedisServer, startRedis } from "../support/redis-server.ts";
import { LifeCaller } from "./contract/life-caller.ts";
import { openTimedRedis } from "./redis-targets.ts";

const HOUR_MS = 3_600_000;
const LEASE_MS = 600_000;
let server: RedisServer;

beforeAll(async () => {
  server = await startRedis();
});

afterAll(() => server.close());

async function open() {
  await server.redis.flushall();
  const clock = { nowMs: 1_700_000_000_000 };
  const store = new LifeCaller(await openTimedRedis(server.port, clock));
  closeAfterTest(store.under);
  return { store, clock };
}

async function countOf(store: LifeCaller): Promise<number> {
  return (await store.claimBatch(["q"], 1000, LEASE_MS)).length;
}

/** Passes so many seconds, with a tick in each. */
async function pass(store: LifeCaller, seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second++) {
    store.advance(1000);
    await store.reclaim();
  }
}

const rates: [what: string, rate: string, count: number, endsAfterS: number][] = [
  ["an exact rate", "3/10", 3, 10],
  ["a rate that counts tenths", "1500/10", 1500, 11],
];

test.each(rates)(
  "%s holds nothing for longer than its window when the clock is set back",
  async (_, rate, count, endsAfterS) => {
    for (const backMs of [HOUR_MS, 4_000]) {
      const { store, clock } = await open();
      await store.configure("q", { rate });
      for (let at = 0; at < 4; at++) {
        const ids = Array.from({ length: 1000 }, (__, n) => `${at} ${n}`);
        await store.pushBatch("q", ids);
      }
      expect((await countOf(store)) + (await countOf(store))).toBe(count);
      clock.nowMs -= backMs;
      // Never more than the rate, too.
      expect(await countOf(store)).toBe(0);
      await pass(store, endsAfterS - 2);
      expect(await countOf(store)).toBe(0);
      await pass(store, 2);
      expect((await countOf(store)) + (await countOf(store))).toBe(count);
    }
  },
);

test("nobody asks for a rate: it lets events go after its window all the same", async () => {
  const { store, clock } = await open();
  await store.configure("q", { rate: "1/10" });
  await store.pushAll("q", ["1", "2"]);
  expect(await countOf(store)).toBe(1);
  await store.reclaim();
  clock.nowMs -= HOUR_MS;
  await pass(store, 11);
  expect(await store.ready("q")).toBe("q");
  expect(await store.pop("q")).toBe("2");
});

test.each(["the queue", "the group"])(
  "the rate that %s gives a group holds it no longer than its window",
  async (who) => {
    const { store, clock } = await open();
    await store.configure("q", { "group-limit": "0" });
    if (who === "the queue") await store.configure("q", { "group-rate": "1/10" });
    else await store.setGroup("q", "a", { rate: "1/10" });
    for (const id of ["1", "2"]) await store.pushWith("q", id, { group: "a" });
    expect(await countOf(store)).toBe(1);
    await store.reclaim();
    clock.nowMs -= HOUR_MS;
    await store.reclaim();
    expect(await countOf(store)).toBe(0);
    await pass(store, 12);
    expect(await store.ready("q")).toBe("q");
    expect(await store.pop("q")).toBe("2");
  },
);

test.each(["completed", "failed"] as const)(
  "keeps the latest %s events when the clock is set back",
  async (state) => {
    const { store, clock } = await open();
    await store.configure("q", { [`keep-${state}`]: "2" });
    const end = async (id: string) => {
      await store.push("q", id);
      const claim = await store.mustClaim("q");
      if (state === "completed") await store.ackClaim("q", claim);
      else await store.fail("q", claim, "final");
    };
    for (const id of ["1", "2", "3"]) await end(id);
    clock.nowMs -= HOUR_MS;
    await end("4");
    await end("5");
    const ids = () => store.ids("q", state);
    expect((await ids()).toSorted()).toEqual(["4", "5"]);
    for (const id of ["6", "7", "8"]) await end(id);
    expect(await ids()).toEqual(["7", "8"]);
    await store.configure("q", { [`keep-${state}`]: "1" });
    await store.reclaim();
    expect(await ids()).toEqual(["8"]);
  },
);
