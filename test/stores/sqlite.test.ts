// The local store on SQLite: the contract with contents in memory and on disk only, and the same
// answers as the store in memory, however often it is closed or killed in between.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { storeContract } from "./contract.ts";
import { Caller } from "./contract/caller.ts";
import { compareStores } from "./differential.ts";
import { openLocal } from "./open-local.ts";
import { openSqlite, type SqliteOptions } from "./open-sqlite.ts";

setDefaultTimeout(60_000);

storeContract("SQLite", openSqlite);
storeContract("SQLite, nothing kept in memory", () => openSqlite({ memoryBudgetBytes: 0 }));

async function compare(options: SqliteOptions, seed: number, rounds: number): Promise<void> {
  const [a, b] = [await openLocal(), await openSqlite(options)];
  try {
    await compareStores(a, b, { seed, rounds });
  } finally {
    await Promise.all([a.close(), b.close()]);
  }
}

describe("random operations, with ends and kills between them", () => {
  test.each([1, 2, 3, 4])("give the same answers as in memory, seed %d", async (seed) => {
    await compare({}, seed, 300);
  });

  test.each([5, 6, 7, 8])("also when all is on disk only, seed %d", async (seed) => {
    await compare({ memoryBudgetBytes: 0 }, seed, 300);
  });

  test.each([9, 10])("also when some is, seed %d", async (seed) => {
    await compare({ memoryBudgetBytes: 10_000 }, seed, 300);
  });
});

test.each([2 ** 28, 0])(
  "contents of 64 MB survive, memory budget %d",
  async (memoryBudgetBytes) => {
    const under = await openSqlite({ memoryBudgetBytes });
    const session = under.store.session();
    const contents = Buffer.alloc(64 * 1024 * 1024, "\xff\x00a", "latin1");
    const [queue, id] = [Buffer.from("q"), Buffer.from("huge")];
    await session.ask({ kind: "push", queue, end: "left", id, contents });
    await under.reopen();
    const event = await session.ask({ kind: "pop", queue, leaseMs: 0 });
    expect(event?.contents.equals(contents)).toBe(true);
    await under.close();
  },
);

test("events beyond the memory budget are on disk only, and come back in order", async () => {
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
