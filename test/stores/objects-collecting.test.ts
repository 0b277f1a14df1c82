// When a commit to a bucket begins: operations that come together are stored together, and puts do
// not follow each other faster than --s3-min-interval allows.
// oxlint-disable no-await-in-loop -- the steps take place in this order

import { expect, setDefaultTimeout, test } from "bun:test";
import { batchOperationsMax } from "../../src/stores/local/batch.ts";
import { closeAfterTest } from "../support/close-after-test.ts";
import { eventually } from "../support/eventually.ts";
import type { Passage } from "../support/memory-bucket.ts";
import { Caller } from "./contract/caller.ts";
import { openObjects, type ObjectsUnderTest } from "./open-objects.ts";

setDefaultTimeout(60_000);

const PUT_MS = 80;

/** A store whose puts into the log take a while, with the times at which they began. */
async function openSlow(minIntervalMs = 0) {
  const begun: number[] = [];
  let under: ObjectsUnderTest | null = null;
  const passage: Passage = async (call, effect) => {
    if (under && call.startsWith("create log/")) {
      const { clock } = under;
      begun.push(clock.nowMs());
      await new Promise<void>((done) => void clock.after(PUT_MS, done));
    }
    return effect();
  };
  under = closeAfterTest(await openObjects({ passage, minIntervalMs }));
  return { under, begun };
}

/** Moves the clock, and lets everything happen that is due. */
async function pass(under: ObjectsUnderTest, ms: number): Promise<void> {
  for (let left = ms; left > 0; left--) {
    under.advance(1);
    for (let turn = 0; turn < 5; turn++) await new Promise<void>((done) => void setImmediate(done));
  }
}

/** Pushes one event after the other, for that many milliseconds of the clock. */
async function pushFor(under: ObjectsUnderTest, ms: number, pausesMs: number[]): Promise<number> {
  const endMs = under.nowMs() + ms;
  let count = 0;
  const pushers = pausesMs.map(async (pauseMs, at) => {
    const caller = new Caller(under);
    while (under.nowMs() < endMs) {
      await caller.push("q", `${at} ${count++}`);
      if (pauseMs > 0) await new Promise<void>((done) => void under.clock.after(pauseMs, done));
    }
  });
  await pass(under, ms + 3 * PUT_MS);
  await Promise.all(pushers);
  return count;
}

test("clients that answer within a moment share every put", async () => {
  const { under, begun } = await openSlow();
  // One that is late at first waits for one put, and is then in time.
  const count = await pushFor(under, 20 * PUT_MS, [0, 0, 1, 4, 8, 12, 16]);
  expect(count / begun.length).toBeGreaterThan(6);
});

test("a single client does not wait for others", async () => {
  const { under, begun } = await openSlow();
  const count = await pushFor(under, 10 * PUT_MS, [0]);
  expect(count).toBe(begun.length);
  expect(begun.length).toBe(10);
});

test("what okq does by itself is not waited for", async () => {
  const { under, begun } = await openSlow();
  const session = under.store.session();
  const ticks: Promise<unknown>[] = [];
  // Always another one while a put is under way.
  for (let ms = 10; ms < 10 * PUT_MS; ms += PUT_MS / 2) {
    const tick = () => ticks.push(session.ask({ kind: "tick", limit: 10, parts: "all" }));
    under.clock.after(ms, tick);
  }
  expect(await pushFor(under, 10 * PUT_MS, [0])).toBe(10);
  expect(begun.length).toBe(10);
  await Promise.all(ticks);
});

test("a client that sends no more holds nobody up for long", async () => {
  const { under, begun } = await openSlow();
  const [a, b] = [new Caller(under), new Caller(under)];
  const both = [a.push("q", "1"), b.push("q", "2")];
  await pass(under, PUT_MS + 1);
  await Promise.all(both);
  const alone = a.push("q", "3");
  await pass(under, PUT_MS + PUT_MS / 4 + 2);
  await alone;
  expect(begun.length).toBe(2);
});

test("puts begin no faster than the interval, and collect meanwhile", async () => {
  const { under, begun } = await openSlow(1000);
  const first = under.nowMs();
  const count = await pushFor(under, 5000, [0, 10, 20]);
  expect(begun[0]! - first).toBeLessThan(5);
  for (let at = 1; at < begun.length; at++) {
    expect(begun[at]! - begun[at - 1]!).toBeWithin(1000, 1005);
  }
  expect(count).toBeGreaterThan(2 * begun.length);
});

test("what one put has no room for does not wait for the interval", async () => {
  const { under, begun } = await openSlow(1000);
  const caller = new Caller(under);
  const reads = () => Array.from({ length: batchOperationsMax - 1 }, () => caller.peek("q"));
  const pushed = Promise.all([caller.push("q", "1"), ...reads(), caller.push("q", "2")]);
  await pass(under, 3 * PUT_MS);
  await pushed;
  expect(begun.length).toBe(2);
  const next = caller.push("q", "3");
  await pass(under, 1000 - 4 * PUT_MS);
  expect(begun.length).toBe(2);
  await pass(under, 4 * PUT_MS);
  await next;
  expect(begun.length).toBe(3);
});

test("closing does not wait for the interval", async () => {
  const { under, begun } = await openSlow(60_000);
  const caller = new Caller(under);
  const first = caller.push("q", "1");
  await pass(under, PUT_MS + 1);
  await first;
  const second = caller.push("q", "2");
  const closing = under.store.close();
  await eventually(() => begun.length === 2);
  await pass(under, PUT_MS + 1);
  expect(await second).toBe("ok");
  await closing;
});
