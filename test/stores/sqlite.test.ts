// The local store on SQLite: the contract, with contents in memory and only on disk, and a
// comparison with the store in memory, with restarts and kills between operations.

import { Database } from "bun:sqlite";
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { storeContract } from "./contract.ts";
import { Caller } from "./contract/caller.ts";
import { compareStores } from "./differential.ts";
import { testLikeReference } from "./like-reference.ts";
import { openLocal } from "./open-local.ts";
import { openSqlite, type SqliteOptions } from "./open-sqlite.ts";

setDefaultTimeout(60_000);

storeContract("SQLite", openSqlite);
storeContract("SQLite, nothing kept in memory", () => openSqlite({ memoryBudgetBytes: 0 }));
testLikeReference("SQLite", openSqlite, { seeds: [1, 2, 6], rounds: 150 });
// What a restart may change, and which ids are free, matters in these.
testLikeReference("SQLite, rare cases", openSqlite, { seeds: [24, 63, 237, 647], rounds: 60 });
testLikeReference("SQLite, nothing kept in memory", () => openSqlite({ memoryBudgetBytes: 0 }), {
  seeds: [2, 5, 6],
  rounds: 150,
});
testLikeReference(
  "SQLite, lists, nothing kept in memory",
  () => openSqlite({ memoryBudgetBytes: 0 }),
  {
    seeds: [1, 2],
    rounds: 100,
    only: "lists",
  },
);
testLikeReference("SQLite, lists", openSqlite, { seeds: [1, 2], rounds: 100, only: "lists" });
testLikeReference("SQLite, streams", openSqlite, { seeds: [1, 2], rounds: 100, only: "streams" });

async function compare(options: SqliteOptions, seed: number, rounds: number): Promise<void> {
  const [a, b] = [await openLocal(), await openSqlite(options)];
  try {
    await compareStores(a, b, { seed, rounds });
  } finally {
    await Promise.all([a.close(), b.close()]);
  }
}

describe("random operations, with restarts and kills between them", () => {
  test.each([1, 2, 3, 4])("give the same answers as the store in memory, seed %d", async (seed) => {
    await compare({}, seed, 300);
  });

  test.each([5, 6, 7, 8])(
    "give the same answers with all events only on disk, seed %d",
    async (seed) => {
      await compare({ memoryBudgetBytes: 0 }, seed, 300);
    },
  );

  test.each([9, 10])(
    "give the same answers with some events only on disk, seed %d",
    async (seed) => {
      await compare({ memoryBudgetBytes: 10_000 }, seed, 300);
    },
  );
});

test.each([2 ** 28, 0])(
  "contents of 64 MB survive, memory budget %d",
  async (memoryBudgetBytes) => {
    const under = await openSqlite({ memoryBudgetBytes });
    const session = under.store.session();
    const contents = Buffer.alloc(64 * 1024 * 1024, "\xff\x00a", "latin1");
    const [queue, id] = [Buffer.from("q"), Buffer.from("huge")];
    await session.ask({ kind: "push", queue, end: "left", id, contents, options: null });
    await under.reopen();
    const event = await session.ask({ kind: "pop", queue, leaseMs: 0, claimant: null });
    expect(event?.contents.equals(contents)).toBe(true);
    await under.close();
  },
);

test("forgets unused queues even if every batch makes changes", async () => {
  const under = await openSqlite();
  const store = new Caller(under);
  const count = () => Object.fromEntries(under.store.describe())["queues"];
  await store.push("gone", "1");
  await store.pop("gone", 0);
  await Promise.all([store.push("busy", "1"), store.reclaim()]);
  await Promise.all([store.push("busy", "2"), store.reclaim()]);
  expect(count()).toBe(1);
  await store.push("gone", "1");
  await store.pop("gone", 0);
  await store.reclaim();
  expect(count()).toBe(1);
  await under.store.close();
  const database = new Database(under.file);
  expect(database.query("SELECT name FROM queues").values()).toEqual([["busy"]]);
  database.close();
  await under.close();
});

describe.each([2 ** 28, 0])("the order of the line, memory budget %d", (memoryBudgetBytes) => {
  test.each(["reopen", "crash"] as const)("stays the same after a %s", async (end) => {
    const under = await openSqlite({ memoryBudgetBytes });
    const store = new Caller(under);
    await store.push("q", "right", "right");
    await store.pushAll("q", ["6", "2", "5", "1", "4", "3"]);
    for (const lease of [500, 9000, 5000, 9000]) await store.pop("q", lease);
    const undone = [await store.popUndoable("q"), await store.popUndoable("q", 0)];
    store.advance(500);
    expect(await store.reclaim()).toBe(1);
    await store.push("q", "righter", "right");
    await store.unpop("q", undone[1]!);
    await store.unpop("q", undone[0]!);
    await store.pushAll("q", ["7"]);
    await under[end]();
    // The other leases expire while okq is down.
    store.advance(9000);
    await under[end]();
    expect(await store.status("q")).toEqual([["q", 9, 0, 0]]);
    expect(await store.peek("q", "left")).toBe("7");
    expect(await store.pop("q", 1000)).toBe("righter");
    store.advance(1000);
    await under[end]();
    // Claims of this process are newer than claims of earlier processes.
    expect(await store.drain("q")).toEqual(["right", "6", "2", "5", "righter", "1", "4", "3", "7"]);
    await under.close();
  });
});

test("requeues claims that an older okq did not number, over two restarts", async () => {
  const under = await openSqlite();
  const store = new Caller(under);
  await store.pushAll("q", ["late", "early"]);
  for (const lease of [9000, 1000]) await store.pop("q", lease);
  await under.store.close();
  const database = new Database(under.file);
  // As a migration leaves them: the place of the push.
  database.run("UPDATE events SET place = 4503599627370496 - 1125899906842624 - key");
  database.close();
  await under.reopen();
  store.advance(1000);
  expect(await store.reclaim()).toBe(1);
  await under.reopen();
  store.advance(8000);
  expect(await store.reclaim()).toBe(1);
  expect(await store.drain("q")).toEqual(["early", "late"]);
  await under.close();
});

test("keeps events beyond the memory budget only on disk, and pops them in order", async () => {
  const under = await openSqlite({ memoryBudgetBytes: 100_000 });
  const store = new Caller(under);
  const ids = Array.from({ length: 3000 }, (_, i) => `${i}`);
  await store.pushAll("q", ids);
  const facts = () => Object.fromEntries(under.store.describe());
  expect(Number(facts()["on_disk_only"])).toBeGreaterThan(2500);
  expect(Number(facts()["content_bytes"])).toBeLessThan(100_000);
  expect(await store.push("q", "2999")).toBe("duplicate");
  expect(await store.peekEvent("q", "left")).toEqual(["2999", "contents of 2999"]);
  expect(await store.drain("q")).toEqual(ids);
  expect(facts()).toMatchObject({ ready: 0, on_disk_only: 0, content_bytes: 0 });
  await under.close();
});
