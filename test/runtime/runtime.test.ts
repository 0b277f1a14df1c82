// What stands in for Bun where okq runs within a process on Node.
import { expect, test } from "bun:test";
import { hash64, plainHash } from "../../src/runtime/runtime.ts";

test.each([
  ["the hash of Bun", hash64],
  ["the plain hash", plainHash],
])("%s differs for texts and seeds that hardly differ, in its low 53 bits", (_, hash) => {
  const texts = Array.from({ length: 2_000 }, (_unused, n) => `event-${n}`);
  const seeds = [0n, 1n, 2n ** 63n];
  const hashes = seeds.flatMap((seed) => texts.map((text) => hash(text, seed)));
  expect(new Set(hashes.map((each) => BigInt.asUintN(53, each))).size).toBe(6_000);
  expect(hash("event-1", 1n)).toBe(hash("event-1", 1n));
});

test("the plain hash uses every bit", () => {
  const hashes = Array.from({ length: 256 }, (_, n) => plainHash(String(n), 7n));
  for (let bit = 0n; bit < 64n; bit++) {
    const ones = hashes.filter((hash) => (hash >> bit) & 1n).length;
    expect(ones).toBeGreaterThan(64);
    expect(ones).toBeLessThan(192);
  }
});
