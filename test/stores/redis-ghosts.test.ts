// The ids that stay in the list of a queue when their events leave its middle (see line.lua): the
// order stays right while they are taken out little by little. With the usual bounds random events
// are too few for that, so here the scripts have smaller ones.
// oxlint-disable no-await-in-loop -- the steps take place in this order
import { afterAll, expect, test } from "bun:test";
import { PUSHED_LEFT } from "../../src/stores/redis/keys.ts";
import { type Script, scripts } from "../../src/stores/redis/script.ts";
import { closeAfterTest } from "../support/close-after-test.ts";
import { startTestRedis } from "../support/okq-server.ts";
import { LifeCaller } from "./contract/life-caller.ts";
import { compareLives } from "./life-comparison.ts";
import { openReference } from "./open-reference.ts";
import { lastingKeys, openTimedRedis } from "./redis-targets.ts";
import { watchScripts } from "./watched-scripts.ts";

const levels = ["life", "full"] as const;
const usual = levels.map((level) => scripts[level]);

function withText(changes: [string, string][]): void {
  for (const [at, level] of levels.entries()) {
    let { text } = usual[at]!;
    for (const [from, to] of changes) {
      expect(text).toContain(from);
      text = text.replaceAll(from, to);
    }
    const script: Script = { text, sha: new Bun.CryptoHasher("sha1").update(text).digest("hex") };
    scripts[level] = script;
  }
}

afterAll(() => {
  for (const [at, level] of levels.entries()) scripts[level] = usual[at]!;
});

// The scripts have the numbers in the place of the names of constants.
const SMALL: [string, string][] = [
  ["count <= (1000) or", "count == 0 and"],
  ["left = (500) +", "left = 3 +"],
  ["left, (500))", "left, 3)"],
  ["left - (500)", "left - 3"],
  ["ghosts = right_end(queue, (100))", "ghosts = right_end(queue, 1)"],
  ["queue.ready, 0, (100) - 1)", "queue.ready, 0, 0)"],
  ["queue.dropped >= (1000)", "queue.dropped >= 1"],
  // A batch of events may be shorter because of ghosts. The reference has none.
  [
    "return nil, not popped and queue.is_behind",
    `if #replies > 0 and not popped and queue.is_behind then
      queue.dropped = 0
      return pop_now(queue, place, terms, replies)
    end
    return nil, not popped and queue.is_behind`,
  ],
];

async function compare(seed: number, rounds: number): Promise<void> {
  const server = await startTestRedis();
  const redis = closeAfterTest(await openTimedRedis(server.port, { nowMs: 1_700_000_000_000 }));
  const reference = closeAfterTest(await openReference());
  await compareLives(reference, redis, { seed, rounds });
}

const seeds = process.env["OKQ_SEEDS"]?.split(",").map(Number) ?? [1, 2, 3, 4, 5];

test.each(seeds)(
  "events live as in the reference store with small bounds (%d)",
  async (seed) => {
    withText(SMALL);
    await compare(seed, seed % 2 === 0 ? 60 : 120);
  },
  60_000,
);

const mutants: Record<string, [string, string]> = {
  "moved events come before those that came back": [`${PUSHED_LEFT} + take_ticks`, "-take_ticks"],
  "moved events come in another order": ["place + #scored / 2", "place - #scored / 2"],
  "ghosts are moved as events": ["if left[id] > 0 then", "if false then"],
};

test.each(Object.entries(mutants))(
  "the comparison notices when %s",
  async (_, change) => {
    withText([...SMALL, change]);
    let found = "";
    for (let seed = 1; seed <= 5 && !found; seed += 2) {
      found = await compare(seed, 150).then(() => "", String);
    }
    expect(found).toMatch(/Error: the stores differ: seed \d, round/);
  },
  60_000,
);

const COUNT = 12_000;
const names = (count: number, prefix = "") => Array.from({ length: count }, (_, n) => prefix + n);

async function start() {
  withText([]);
  const server = await startTestRedis();
  const clock = { nowMs: 1_700_000_000_000 };
  const open = async () => new LifeCaller(closeAfterTest(await openTimedRedis(server.port, clock)));
  const { redis } = server;
  /** How many ids stand in the list, and before it. */
  const lengths = async () =>
    await Promise.all([redis.llen("{okq}:2:ready:q"), redis.zcard("{okq}:2:front:q")]);
  return { server, redis, caller: await open(), other: await open(), lengths };
}

async function pushAll(caller: LifeCaller, ids: string[]): Promise<void> {
  for (let at = 0; at < ids.length; at += 1000) await caller.pushAll("q", ids.slice(at, at + 1000));
}

async function removeAll(callers: LifeCaller[], ids: string[]): Promise<void> {
  for (let at = 0; at < ids.length; at += 64) {
    await callers[at % callers.length]!.remove("q", ids.slice(at, at + 64));
  }
}

async function takeMany(caller: LifeCaller, count: number): Promise<string[]> {
  return (await caller.claimBatch(["q"], count, 0)).map(({ id }) => id);
}

/** About 3 ms. */
function expectBounded({ calls, values }: { calls: number; values: number }): void {
  expect(calls).toBeWithin(1, 1000);
  expect(values).toBeWithin(1, 7000);
}

test("ghosts are taken out in steps of bounded work, by two okq, and the order stays", async () => {
  const { server, redis, caller, other, lengths } = await start();
  const ids = names(COUNT);
  await pushAll(caller, ids);
  const expected = ids.slice(0, 3);
  const watched = await watchScripts(server);
  await removeAll([caller, other], ids.slice(3));
  const pushed = names(100, "later ");
  for (const id of pushed) {
    await other.push("q", id);
    const [listed, front] = await lengths();
    expect(await caller.counts("q")).toEqual({ ready: 3 + 1 + pushed.indexOf(id) });
    if (front > 0) expect(listed).toBeLessThan(COUNT);
  }
  expectBounded(await watched.look());
  const [listed, front] = await lengths();
  expect(listed + front).toBeLessThan(1200);
  expect(await other.drain("q")).toEqual([...expected, ...pushed]);
  expect(await lastingKeys(redis)).toEqual([]);
}, 60_000);

test("steady pushes and removals without pops keep few ghosts", async () => {
  const { caller, other, lengths } = await start();
  const kept: string[] = [];
  for (let round = 0; round < 60; round++) {
    const ids = names(200, `${round} `);
    await other.pushAll("q", ids);
    kept.push(ids[0]!);
    await caller.remove("q", ids.slice(1));
    const [listed, front] = await lengths();
    expect(listed + front).toBeLessThan(1000 + 2 * kept.length + 1000);
  }
  expect(await caller.ids("q", "ready")).toEqual(kept);
  expect(await other.drain("q")).toEqual(kept);
}, 60_000);

test("what stands behind many ghosts is found in several steps", async () => {
  const { server, caller, lengths } = await start();
  const ids = names(COUNT);
  const [first, gone, rest] = [ids.slice(0, 10), ids.slice(10, 6000), ids.slice(6000)];
  const looks: [name: string, () => Promise<unknown>, unknown][] = [
    ["pop", () => caller.pop("q", 0), rest[0]],
    ["peek", () => caller.peek("q"), rest[0]],
    ["ready", () => caller.ready("q"), "q"],
    ["popBatch", () => takeMany(caller, 2), rest.slice(0, 2)],
  ];
  for (const [name, look, found] of looks) {
    await pushAll(caller, ids);
    await removeAll([caller], gone);
    expect(await takeMany(caller, 10)).toEqual(first);
    const [listed] = await lengths();
    if (listed < COUNT - 10) throw new Error("the ghosts have gone already");
    const watched = await watchScripts(server);
    expect([name, await look()]).toEqual([name, found]);
    expectBounded(await watched.look());
    await caller.flush("q");
  }
}, 60_000);
