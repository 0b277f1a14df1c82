// The percentiles of okq bench.
import { expect, test } from "bun:test";
import { Latencies } from "../../src/cli/bench/latencies.ts";

test("quantiles are those of the sorted durations, at most 2 % too long, never too short", () => {
  const latencies = new Latencies();
  const seed = Math.floor(Math.random() * 2 ** 31);
  let state = seed;
  const random = () => (state = (state * 48271) % 2147483647) / 2147483647;
  const all = Array.from({ length: 20_000 }, () => 0.05 * Math.exp(random() * 10));
  for (const ms of all) latencies.add(ms);
  const sorted = all.toSorted((a, b) => a - b);
  for (const part of [0, 0.5, 0.9, 0.99, 0.999, 1]) {
    const exact = sorted[Math.max(0, Math.ceil(part * all.length) - 1)]!;
    const found = latencies.quantileMs(part)!;
    expect(found, `${part} with seed ${seed}`).toBeGreaterThanOrEqual(exact * 0.999999);
    expect(found, `${part} with seed ${seed}`).toBeLessThanOrEqual(exact * 1.021);
  }
  expect(latencies.maxMs).toBe(sorted.at(-1)!);
  expect(latencies.count).toBe(all.length);
});

test("nothing has no quantile, and very short and very long durations are counted", () => {
  const latencies = new Latencies();
  expect(latencies.quantileMs(0.5)).toBeNull();
  latencies.add(0);
  expect(latencies.quantileMs(0.5)).toBe(0);
  latencies.add(1e9);
  expect(latencies.quantileMs(1)).toBeGreaterThan(4_000_000);
  expect(latencies.count).toBe(2);
});
