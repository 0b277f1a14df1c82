// onReady: a store reports events that became ready, so that waiting consumers wake.

import { expect } from "bun:test";
import { GROUP_ENDED } from "../../../src/queue/store.ts";
import type { Check } from "../contract.ts";
import { bind, unbind } from "./bound-caller.ts";
import { creating, destroying } from "./stream-caller.ts";

export function readiness(check: Check): void {
  check("a push is reported as ready before it has settled", async (store) => {
    await store.push("q", "1");
    await store.push("q", "2", "right");
    // Waits for one more answer, because the order within a turn does not matter.
    await store.status("q");
    expect(store.reportedReady("q")).toBe(2);
  });

  check("a duplicate is not reported as ready", async (store) => {
    await store.push("q", "1");
    await store.push("q", "1");
    await store.status("q");
    expect(store.reportedReady("q")).toBe(1);
  });

  check("pushes of one turn are reported by queue, with their counts", async (store) => {
    await Promise.all([
      ...["1", "2", "3"].map((id) => store.push("q", id)),
      ...["1", "2"].map((id) => store.push("\xff{\r\n", id)),
    ]);
    await store.status("q");
    expect(store.reportedReady("q")).toBe(3);
    expect(store.reportedReady("\xff{\r\n")).toBe(2);
  });

  check("a redo is reported as ready, an ack and a failed redo are not", async (store) => {
    await store.pushAll("q", ["1", "2"]);
    await store.pop("q");
    await store.pop("q");
    await store.ack("q", "1");
    await store.redo("q", "1");
    await store.status("q");
    expect(store.reportedReady("q")).toBe(2);
    await store.redo("q", "2");
    await store.status("q");
    expect(store.reportedReady("q")).toBe(3);
  });

  check("a reclaim is reported for every queue with requeued events", async (store) => {
    await store.pushAll("q", ["1", "2"]);
    await store.pushAll("r", ["1"]);
    await store.pop("q", 1000);
    await store.pop("q", 1000);
    await store.pop("r", 1000);
    store.advance(1000);
    await store.reclaim();
    await store.status("q");
    expect([store.reportedReady("q"), store.reportedReady("r")]).toEqual([4, 2]);
    await store.reclaim();
    await store.status("q");
    expect([store.reportedReady("q"), store.reportedReady("r")]).toEqual([4, 2]);
  });

  check("the end of a group is reported for its queue", async (store) => {
    const told = async (queue: string) => {
      await store.status(queue);
      const isTold = store.reportedReady(queue) >= GROUP_ENDED;
      store.under.ready.length = 0;
      return isTold;
    };
    for (const group of ["a", "b", "c"]) await store.submit(creating("q", group));
    await bind(store, "q", "d");
    await store.submit(destroying("q", "b"));
    expect([await told("q@b"), await told("q")]).toEqual([true, false]);
    await store.submit(destroying("q", "b"));
    expect(await told("q@b")).toBe(false);
    await store.submit(destroying("q", "a"));
    expect(await told("q")).toBe(true);
    await unbind(store, "q", "d");
    expect(await told("q@d")).toBe(true);
    await store.flush("q");
    expect(store.under.ready.map(([queue]) => queue).toSorted()).toEqual(["q", "q@c"]);
  });

  check("pops, peeks, flushes and registers are not reported as ready", async (store) => {
    await store.push("q", "1");
    await store.peek("q");
    await store.pop("q");
    await store.register({ q: 1, r: 1 });
    await store.flush("q");
    await store.status("q");
    expect([store.reportedReady("q"), store.reportedReady("r")]).toEqual([1, 0]);
  });

  check("after watch, pushes of this process are still reported only once", async (store) => {
    // A queue of its own, because messages of earlier tests on the same servers may still arrive.
    await store.under.store.watch([Buffer.from("watched")], "ready");
    await store.push("watched", "1");
    await store.status("watched");
    expect(store.reportedReady("watched")).toBe(1);
  });
}
