// What okq has counted reaches Redis once, also where the reply of Redis is lost.
import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { Counting } from "../../src/queue/counting.ts";
import { Tally } from "../../src/queue/tally.ts";
import { eventually } from "../support/eventually.ts";
import type { Caller } from "./contract/caller.ts";
import { ProxiedRedis } from "./proxied-redis.ts";

const queue = Buffer.from("q");
let redis: ProxiedRedis;
let store: Caller["under"]["store"];
let tally: Tally;
let counting: Counting;

beforeAll(async () => {
  redis = await ProxiedRedis.start();
});

afterAll(() => redis.close());

beforeEach(async () => {
  await redis.server.redis.flushall();
  const caller = await redis.connect("proxied");
  await caller.push("q", "1");
  ({ store } = caller.under);
  tally = new Tally();
  counting = new Counting(store.session(), tally);
  // From now on Redis has the script.
  tally.happened(queue, "popped");
  await counting.send();
});

async function pushedTotal(): Promise<number> {
  const session = store.session();
  const { counts } = await session.ask({ kind: "stats", queue, isWhole: false });
  return counts.totals[0]!;
}

/** Sends once more, when Redis can be reached again. */
async function sendAgain(): Promise<void> {
  await eventually(() =>
    counting.send().then(
      () => true,
      () => false,
    ),
  );
}

/** How often Redis was asked to add counts. */
const numbered = async () => await redis.callsOf("hsetnx");

test("counts are added once when the reply is lost", async () => {
  tally.happened(queue, "pushed", 3);
  redis.proxy.set("replies", "swallow");
  const before = await numbered();
  const lost = counting.send();
  await eventually(async () => (await numbered()) === before + 1);
  redis.proxy.set("replies", "pass");
  redis.proxy.cut();
  await expect(lost).rejects.toThrow("it is unknown whether this was done");
  tally.happened(queue, "pushed", 4);
  await sendAgain();
  expect(await numbered()).toBeGreaterThanOrEqual(before + 3);
  expect(await pushedTotal()).toBe(7);
});

test("counts are added when the request is lost", async () => {
  tally.happened(queue, "pushed", 3);
  redis.proxy.set("requests", "swallow");
  const lost = counting.send();
  await eventually(() => redis.proxy.swallowed > 0);
  redis.proxy.set("requests", "pass");
  redis.proxy.cut();
  await expect(lost).rejects.toThrow("it is unknown whether this was done");
  await sendAgain();
  expect(await pushedTotal()).toBe(3);
});

test("Redis keeps one number of a process whose counts arrive", async () => {
  for (let round = 0; round < 3; round++) {
    tally.happened(queue, "pushed");
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await counting.send();
  }
  const [key] = await redis.server.redis.keys("*:counted");
  expect(await redis.server.redis.hkeys(key!)).toEqual(["4"]);
  expect(await redis.server.redis.pttl(key!)).toBeGreaterThan(0);
  expect(await pushedTotal()).toBe(3);
});
