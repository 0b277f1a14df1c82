// The local store on SQLite: the contract with contents in memory and on disk only, and the same
// answers as the store in memory, however often it is closed or killed in between.

import { describe, setDefaultTimeout, test } from "bun:test";
import { storeContract } from "./contract.ts";
import { compareStores } from "./differential.ts";
import { openLocal } from "./open-local.ts";
import { openSqlite, type SqliteOptions } from "./open-sqlite.ts";

setDefaultTimeout(20_000);

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
    await compare({ memoryBudgetBytes: 1500 }, seed, 300);
  });
});
