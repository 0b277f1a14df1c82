// However many events a setting concerns, one operation moves few of them: it holds up all clients.
import { expect, test } from "bun:test";
import { closeAfterTest } from "../support/close-after-test.ts";
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
