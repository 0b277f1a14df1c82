// onReady in the life of an event: told when an event can be handed out, and not while it cannot.
// oxlint-disable no-await-in-loop -- the steps take place in this order

import { expect } from "bun:test";
import type { Check } from "../contract.ts";
import type { LifeCaller } from "./life-caller.ts";

/** How many more events of the queue are reported ready by that step. */
export async function toldBy(store: LifeCaller, step: () => Promise<unknown>): Promise<number> {
  const before = store.reportedReady("q");
  await step();
  // Waits for one more answer, because the order within a turn does not matter.
  await store.status("q");
  return store.reportedReady("q") - before;
}

export function told(check: Check): void {
  check("an event is told when it becomes ready in any way, and only then", async (store) => {
    const tell = (step: () => Promise<unknown>) => toldBy(store, step);
    const claim = () => store.mustClaim("q", 1000);
    const due = async () => (store.advance(1000), await store.reclaim());
    await store.configure("q", { "keep-completed": "9" });
    expect(await tell(() => store.pushWith("q", null))).toBe(1);
    await store.flush("q");
    expect(await tell(() => store.pushBatch("q", ["1", "2", "1"]))).toBe(2);
    await store.remove("q", ["2"]);
    expect(await tell(() => store.pushWith("q", "1", { onDuplicate: "keep" }))).toBe(0);
    expect(await tell(async () => store.redoClaim("q", await claim()))).toBe(1);
    expect(await tell(async () => store.crash("q", await claim()))).toBe(1);
    expect(await tell(async () => (await claim(), await due()))).toBe(1);
    expect(await tell(async () => store.fail("q", await claim(), { afterMs: 0 }))).toBe(1);
    expect(await tell(async () => store.unpop("q", (await claim()).popped))).toBe(1);
    expect(await tell(async () => store.fail("q", await claim(), { afterMs: 1000 }))).toBe(0);
    expect(await tell(due)).toBe(1);
    expect(await tell(async () => store.fail("q", await claim(), "final"))).toBe(0);
    expect(await tell(() => store.retry("q", ["1"]))).toBe(1);
    expect(await tell(async () => store.ackClaim("q", await claim()))).toBe(0);
    expect(await tell(() => store.pushWith("q", "1", { start: { afterMs: 1000 } }))).toBe(0);
    const replace = { onDuplicate: "replace", start: { afterMs: 0 } } as const;
    expect(await tell(() => store.pushWith("q", "1", replace))).toBe(1);
  });

  check("an event that fails for good is told in the queue that gets it", async (store) => {
    await store.configure("q@dead", { "failed-to": "q" });
    await store.push("q@dead", "1");
    const fail = async () => store.fail("q@dead", await store.mustClaim("q@dead"), "final");
    expect(await toldBy(store, fail)).toBe(1);
  });

  check("a paused queue tells nothing, and all at the end of its pause", async (store) => {
    const tell = (step: () => Promise<unknown>) => toldBy(store, step);
    await store.pause("q", ["out"]);
    expect(await tell(() => store.pushAll("q", ["1", "2"]))).toBe(0);
    expect(await tell(() => store.pushWith("q", "3", { start: { afterMs: 10 } }))).toBe(0);
    expect(await tell(async () => (store.advance(10), await store.reclaim()))).toBe(0);
    expect(await tell(() => store.resume("q", ["in"]))).toBe(0);
    expect(await tell(() => store.resume("q", ["out"]))).toBe(3);
    expect(await tell(() => store.pause("q", ["out"], { forMs: 1000 }))).toBe(0);
    expect(await tell(async () => (store.advance(999), await store.reclaim()))).toBe(0);
    expect(await tell(async () => (store.advance(1), await store.reclaim()))).toBe(3);
    expect(await tell(async () => (store.advance(5000), await store.reclaim()))).toBe(0);
  });

  check("the end of a worker's pause tells as many as are ready", async (store) => {
    const tell = (step: () => Promise<unknown>) => toldBy(store, step);
    await store.pushAll("q", ["1", "2"]);
    await store.pause("q", ["out"], { worker: "a", forMs: 1000 });
    expect(await tell(() => store.push("q", "3"))).toBe(1);
    expect(await tell(async () => (store.advance(1000), await store.reclaim()))).toBe(3);
    await store.pause("q", ["out"], { worker: "a" });
    expect(await tell(() => store.resume("q", ["out"], "a"))).toBe(3);
  });

  check("the end of a claim tells of an event that max-claimed held back", async (store) => {
    await store.configure("q", { "max-claimed": "1" });
    await store.pushAll("q", ["1", "2", "3"]);
    const held = await store.mustClaim("q", 1000);
    expect(await toldBy(store, () => store.ackClaim("q", held))).toBeGreaterThan(0);
    await store.mustClaim("q", 1000);
    const end = async () => (store.advance(1000), await store.reclaim());
    expect(await toldBy(store, end)).toBeGreaterThan(0);
    await store.mustClaim("q", 1000);
    const raise = () => store.configure("q", { "max-claimed": "5" });
    expect(await toldBy(store, raise)).toBeGreaterThan(0);
  });
}
