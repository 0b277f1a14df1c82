// However many events a setting concerns, one operation moves few of them: it holds up all clients.
import { expect, test } from "bun:test";
import { BOUND_MAX } from "../../src/queue/bindings.ts";
import { closeAfterTest } from "../support/close-after-test.ts";
import { bind } from "./contract/bound-caller.ts";
import { LifeCaller } from "./contract/life-caller.ts";
import { openLocal } from "./open-local.ts";

async function openWith(count: number): Promise<LifeCaller> {
  const caller = new LifeCaller(await openLocal());
  closeAfterTest(caller.under);
  for (let at = 0; at < count; at += 500) await caller.pushBatch("q", Array(500).fill(null));
  return caller;
}

test("a push drops few of the events that are too many, and the next ones go on", async () => {
  const caller = await openWith(2000);
  await caller.configure("q", { "max-length": "10", "on-full": "drop-oldest" });
  await caller.push("q", "1");
  expect((await caller.counts("q")).ready).toBeWithin(1000, 2000);
  for (let pushes = 0; pushes < 30; pushes++) await caller.push("q", `more ${pushes}`);
  expect(await caller.counts("q")).toEqual({ ready: 10 });
});

test("a batch drops few of them too", async () => {
  const caller = await openWith(2000);
  await caller.configure("q", { "max-length": "10", "on-full": "drop-oldest" });
  await caller.pushBatch("q", Array(8).fill(null));
  expect((await caller.counts("q")).ready).toBeWithin(1000, 2000);
});

test("whoever waits is told that a pop did not come to the end of expired events", async () => {
  const caller = await openWith(12_000);
  caller.advance(5000);
  await caller.push("q", "fresh");
  await caller.configure("q", { ttl: "1" });
  let popped: string | null = null;
  let pops = 0;
  for (; pops < 20 && popped === null; pops++) {
    caller.under.ready.length = 0;
    popped = await caller.pop("q");
    expect(caller.under.ready).toEqual(popped === null ? [["q", 1]] : []);
  }
  expect([popped, pops]).toEqual(["fresh", 13]);
});

test("a setting of all queues concerns few of them at once, and ticks go on", async () => {
  const caller = new LifeCaller(await openLocal());
  closeAfterTest(caller.under);
  const queues = Array.from({ length: 3000 }, (_, n) => `q${String(n).padStart(4, "0")}`);
  await caller.configure(null, { "max-claimed": "1", "keep-failed": "5s" });
  for (const queue of queues) {
    await caller.pushAll(queue, ["1", "2", "3"]);
    await caller.fail(queue, await caller.mustClaim(queue), "final");
    await caller.mustClaim(queue);
  }
  while ((await caller.reclaim(1000)) >= 1000);
  const readyOnes = () => caller.under.ready.splice(0).map(([queue]) => queue);
  readyOnes();
  await caller.configure(null, { "max-claimed": "2", "keep-failed": "1s", ttl: "2" });
  const told = [readyOnes()];
  while (caller.under.store.dueInMs() === 0) {
    await caller.reclaim(1000);
    told.push(readyOnes());
  }
  expect(told.flat()).toEqual(queues);
  expect(Math.max(...told.map(({ length }) => length))).toBeLessThan(1000);
  expect(caller.under.store.dueInMs()).toBe(1000);
  caller.advance(1000);
  while ((await caller.reclaim(1000)) >= 1000);
  expect(await caller.counts("q2999")).toEqual({ ready: 1, claimed: 1 });
  caller.advance(1000);
  while ((await caller.reclaim(1000)) >= 1000);
  expect(await caller.counts("q2999")).toEqual({ claimed: 1 });
});

test("an event is kept by the new setting, also while not all queues were looked at", async () => {
  const caller = new LifeCaller(await openLocal());
  closeAfterTest(caller.under);
  const queues = Array.from({ length: 2000 }, (_, n) => `q${String(n).padStart(4, "0")}`);
  await caller.configure(null, { "keep-failed": "5s" });
  for (const queue of queues) {
    await caller.push(queue, "1");
    await caller.fail(queue, await caller.mustClaim(queue), "final");
  }
  caller.advance(5000);
  await caller.configure(null, { "keep-failed": "6s" });
  expect(await caller.reclaim(1)).toBe(1);
  expect(await caller.counts("q1999")).toEqual({ failed: 1 });
  while ((await caller.reclaim(1000)) >= 1000);
  expect(await caller.counts("q1999")).toEqual({ failed: 1 });
  caller.advance(1000);
  while ((await caller.reclaim(1000)) >= 1000);
  expect(await caller.counts("q1999")).toEqual({});
});

test("pushes with many copies are done in several turns", async () => {
  const caller = await openWith(0);
  await bind(caller, "q", ...Array.from({ length: BOUND_MAX }, (_, at) => `${at}`));
  let answered = 0;
  const pushes = Array.from({ length: 100 }, async (_, at) => {
    await caller.push("q", `${at}`);
    answered += 1;
  });
  await Promise.race(pushes);
  expect(answered).toBeLessThan(100);
  await Promise.all(pushes);
  expect(await caller.counts("q@63")).toEqual({ ready: 100 });
});
