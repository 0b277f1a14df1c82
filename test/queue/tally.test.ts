// What is counted of operations, and the histograms of durations.
import { expect, test } from "bun:test";
import { Duplicate, NO_OPTIONS, type Popped } from "../../src/queue/event.ts";
import { bucketOf, count, type Histogram, quantile } from "../../src/queue/histogram.ts";
import type { Operation } from "../../src/queue/operations.ts";
import { COUNTED } from "../../src/queue/queue-status.ts";
import { Tally } from "../../src/queue/tally.ts";

const queue = Buffer.from("q");
const id = Buffer.from("1");
const token = Buffer.from("5000-1");
const NOW_MS = 9000;

function popped(pushedAtMs: number): Popped {
  const contents = Buffer.alloc(0);
  return { queue, id, contents, token, attempt: 1, headers: null, pushedAtMs, undo: null };
}

const push: Operation = {
  kind: "push",
  queue,
  end: "left",
  id,
  contents: id,
  options: null,
};
const pop: Operation = { kind: "pop", queue, leaseMs: 0, claimant: null };

/** The totals that are not 0. */
function totalsOf(tally: Tally): Record<string, number> {
  const counts = tally.take().get("q");
  const named = COUNTED.map((name, place) => [name, counts?.totals[place] ?? 0] as const);
  return Object.fromEntries(named.filter(([, total]) => total !== 0));
}

test("counts each operation by its result", () => {
  const tally = new Tally();
  const note = (operation: Operation, result: unknown) => tally.done(operation, result, NOW_MS);
  const events = [
    { id, contents: id },
    { id, contents: id },
  ];
  note(push, id);
  note(push, new Duplicate(id));
  note({ kind: "pushBatch", queue, end: "left", events, options: NO_OPTIONS }, [
    id,
    new Duplicate(id),
  ]);
  note(pop, popped(1000));
  note(pop, null);
  note({ kind: "unpop", queue, popped: popped(1000) }, true);
  note({ kind: "popBatch", queues: [queue], count: 2, leaseMs: null, claimant: id }, [
    popped(1000),
    popped(8000),
  ]);
  note({ kind: "ack", queue, id, token, result: null }, true);
  note({ kind: "ack", queue, id, token, result: null }, false);
  note({ kind: "ackBatch", queue, claims: [{ id, token }] }, [true]);
  note({ kind: "fail", queue, id, token, error: null, next: "backoff" }, "delayed");
  note({ kind: "fail", queue, id, token, error: null, next: "final" }, "failed");
  note({ kind: "fail", queue, id, token, error: null, next: "final" }, null);
  tally.happened(queue, "crashes", 3);
  expect(totalsOf(tally)).toEqual({
    pushed: 2,
    popped: 2,
    acked: 2,
    failures: 2,
    crashes: 3,
    failed: 1,
  });
  expect(tally.isEmpty).toBe(true);
});

test("measures the wait from the push and the run from the time in the token", () => {
  const tally = new Tally();
  tally.done(pop, popped(1000), NOW_MS);
  tally.done({ kind: "ack", queue, id, token, result: null }, true, NOW_MS);
  tally.done({ kind: "ack", queue, id, token: null, result: null }, true, NOW_MS);
  const { waits, runs } = tally.take().get("q")!;
  expect([...waits]).toEqual([[bucketOf(8000), 1]]);
  expect([...runs]).toEqual([[bucketOf(4000), 1]]);
});

test("a quantile is at most 20 percent above the true one, and never below it", () => {
  const histogram: Histogram = new Map();
  for (let ms = 1; ms <= 10_000; ms++) count(histogram, bucketOf(ms));
  for (const part of [0.01, 0.5, 0.99, 1]) {
    const found = quantile(histogram, part)! / (10_000 * part);
    expect(found).toBeGreaterThanOrEqual(0.99);
    expect(found).toBeLessThan(1.2);
  }
  expect(quantile(new Map(), 0.5)).toBeNull();
  expect(bucketOf(-5)).toBe(0);
  expect(bucketOf(Infinity)).toBe(bucketOf(1e30));
});
