// The local store on a bucket: the contract, with contents in memory and only in the scratch, and a
// comparison with the store in memory, with restarts and kills between operations.

import { describe, setDefaultTimeout, test } from "bun:test";
import { storeContract } from "./contract.ts";
import { compareStores } from "./differential.ts";
import { testLikeReference } from "./like-reference.ts";
import { openLocal } from "./open-local.ts";
import { openObjects, type ObjectsOptions } from "./open-objects.ts";

setDefaultTimeout(60_000);

/** So small that every few operations something becomes a segment or a snapshot. */
const limits = { segmentObjects: 5, segmentBytes: 4096, replayedBytes: 16_384, keptBytes: 8192 };
const cold = () => openObjects({ memoryBudgetBytes: 0, limits });

storeContract("object storage", openObjects);
storeContract("object storage, nothing kept in memory", cold);
testLikeReference("object storage", cold, { seeds: [1, 2, 6], rounds: 150 });
testLikeReference("object storage, lists", cold, { seeds: [1, 2], rounds: 100, only: "lists" });
testLikeReference("object storage, streams", cold, { seeds: [1, 2], rounds: 100, only: "streams" });

async function compare(options: ObjectsOptions, seed: number): Promise<void> {
  const [a, b] = [await openLocal(), await openObjects(options)];
  try {
    await compareStores(a, b, { seed, rounds: 300 });
  } finally {
    await Promise.all([a.close(), b.close()]);
  }
}

describe("random operations, with restarts and kills between them", () => {
  test.each([1, 2, 3, 4])("give the same answers as the store in memory, seed %d", async (seed) => {
    await compare({ limits }, seed);
  });

  test.each([5, 6])("give the same answers from the log alone, seed %d", async (seed) => {
    await compare({ memoryBudgetBytes: 0 }, seed);
  });
});
