// Dedupe windows: for so long from its push an id is taken, whatever becomes of its event.
// oxlint-disable no-await-in-loop -- the steps take place in this order

import { expect } from "bun:test";
import type { Check } from "../contract.ts";
import { bytesOf } from "./caller.ts";
import { type LifeCaller, type Options, refusalOf } from "./life-caller.ts";
import { restartsOf } from "./pushes.ts";

async function windowsOf(store: LifeCaller, queue: string): Promise<number> {
  return (await store.submit({ kind: "stats", queue: bytesOf(queue), isWhole: false })).windows;
}

/** Ways for an event to go. */
const ends: Record<string, (store: LifeCaller, id: string) => Promise<unknown>> = {
  popped: (store) => store.pop("q", 0),
  acknowledged: async (store, id) => {
    await store.pop("q");
    return store.ack("q", id);
  },
  removed: (store, id) => store.remove("q", [id]),
  moved: (store, id) =>
    store.submit({
      kind: "move",
      queue: bytesOf("q"),
      target: bytesOf("q@other"),
      targets: [{ id: bytesOf(id), version: null }],
    }),
  expired: async (store) => {
    store.advance(2000);
    await store.reclaim();
  },
  dropped: (store) => store.pushWith("q", null),
};

export function windows(check: Check): void {
  check("an id is taken for the length of its window, and no longer", async (store) => {
    await store.configure("q", { "dedupe-window": "10.5" });
    expect(await store.push("q", "1")).toBe("ok");
    expect(await store.pop("q", 0)).toBe("1");
    store.advance(10_499);
    expect(await store.push("q", "1")).toBe("duplicate");
    expect(await windowsOf(store, "q")).toBe(1);
    store.advance(1);
    expect(await windowsOf(store, "q")).toBe(0);
    expect(await store.push("q", "1")).toBe("ok");
    store.advance(20_000);
    await store.reclaim();
    // Its event is still there.
    expect(await windowsOf(store, "q")).toBe(0);
    expect(await store.push("q", "1")).toBe("duplicate");
  });

  for (const [way, end] of Object.entries(ends)) {
    check(`an id is taken while its window lasts, its event ${way}`, async (store) => {
      const limit = { "max-length": "1", "on-full": "drop-oldest" };
      await store.configure("q", { "dedupe-window": "10", ...limit });
      await store.pushWith("q", "1", { ttlMs: 2000 });
      await end(store, "1");
      expect(await store.get("q", "1")).toBeNull();
      expect(await store.push("q", "1")).toBe("duplicate");
      expect(await store.push("q", "1", "right")).toBe("duplicate");
      expect(await store.pushWith("q", "1")).toBe("duplicate of 1");
      expect(await store.pushBatch("q", ["1"])).toEqual(["duplicate of 1"]);
      expect(await store.push("q@other", way === "moved" ? "2" : "1")).toBe("ok");
      store.advance(10_000);
      expect(await store.push("q", "1")).toBe("ok");
    });
  }

  check("ONDUP of an id whose event is gone", async (store) => {
    await store.configure("q", { "dedupe-window": "10" });
    await store.push("q", "1");
    await store.pop("q", 0);
    expect(await store.pushWith("q", "1", { onDuplicate: "keep" })).toBe("1");
    expect(await store.pushWith("q", "1", { onDuplicate: "replace" })).toBe("duplicate of 1");
    expect(await store.pushBatch("q", ["1", "1"], { onDuplicate: "keep" })).toEqual([
      "1",
      "duplicate of 1",
    ]);
    const replace: Options = { onDuplicate: "replace" };
    expect(await store.pushBatch("q", ["1", "2"], replace)).toEqual(["duplicate of 1", "2"]);
    expect(await store.counts("q")).toEqual({ ready: 1 });
  });

  check("an event that is there is kept and replaced as without windows", async (store) => {
    await store.configure("q", { "dedupe-window": "10" });
    await store.push("q", "1");
    store.advance(6000);
    expect(await store.pushWith("q", "1", { onDuplicate: "keep" })).toBe("1");
    const replace: Options = { onDuplicate: "replace", contents: "new" };
    expect(await store.pushWith("q", "1", replace)).toBe("1");
    expect(await store.popEvent("q", 0)).toEqual(["1", "new"]);
    // The window began anew with the push that replaced the event.
    store.advance(9999);
    expect(await windowsOf(store, "q")).toBe(1);
    expect(await store.push("q", "1")).toBe("duplicate");
    store.advance(1);
    expect(await store.push("q", "1")).toBe("ok");
  });

  check("a completed event keeps its place while its window lasts", async (store) => {
    await store.configure("q", { "dedupe-window": "10", "keep-completed": "" });
    await store.push("q", "1");
    await store.ackClaim("q", await store.mustClaim("q"), "the result");
    expect(await store.push("q", "1")).toBe("duplicate");
    expect(await store.pushWith("q", "1", { onDuplicate: "replace" })).toBe("duplicate of 1");
    expect(await store.counts("q")).toEqual({ completed: 1 });
    store.advance(10_000);
    expect(await store.push("q", "1")).toBe("ok");
    expect(await store.counts("q")).toEqual({ ready: 1 });
  });

  check("windows concern pushes only", async (store) => {
    await store.configure("q", { "dedupe-window": "10", backoff: "none" });
    await store.configure("q@other", { "dedupe-window": "10" });
    await store.pushAll("q", ["redo", "fail", "unpop", "removed", "retry", "moved"]);
    await store.push("q@other", "moved");
    await store.pop("q@other", 0);
    const [redo, fail, unpop] = await store.claimBatch(["q"], 3);
    const removed = await store.mustClaim("q", 0);
    const retry = await store.mustClaim("q");
    await store.fail("q", retry, "final");
    expect(await store.redoClaim("q", redo!)).toBe(true);
    expect(await store.fail("q", fail!)).toBe("ready");
    expect(await store.unpop("q", unpop!.popped)).toBe(true);
    expect(await store.unpop("q", removed.popped)).toBe(true);
    expect(await store.retry("q", ["retry"])).toEqual([true]);
    const targets = [{ id: bytesOf("moved"), version: null }];
    const queues = { queue: bytesOf("q"), target: bytesOf("q@other") };
    expect(await store.submit({ kind: "move", ...queues, targets })).toEqual([true]);
    expect(await store.counts("q")).toEqual({ ready: 5 });
  });

  check("an id that the store makes takes no window", async (store) => {
    await store.configure("q", { "dedupe-window": "10" });
    await store.pushWith("q", null);
    await store.pushBatch("q", [null, "1"]);
    expect(await windowsOf(store, "q")).toBe(1);
  });

  check("a refused push takes no window, and a windowed id needs no room", async (store) => {
    await store.configure("q", { "dedupe-window": "10", "max-length": "1" });
    await store.push("q", "1");
    await store.pop("q", 0);
    await store.push("q", "2");
    expect(await refusalOf(store.another().push("q", "3"))).toBe("QUEUEFULL q");
    expect(await refusalOf(store.another().pushBatch("q", ["3"]))).toBe("QUEUEFULL q");
    expect(await store.push("q", "1")).toBe("duplicate");
    expect(await store.pushBatch("q", ["1", "2"])).toEqual(["duplicate of 1", "duplicate of 2"]);
    await store.pop("q", 0);
    await store.pause("q", ["in"]);
    expect(await refusalOf(store.another().push("q", "1"))).toBe("PAUSED q");
    await store.resume("q", ["in"]);
    expect(await store.push("q", "3")).toBe("ok");
  });

  check("windows keep their time when the setting changes", async (store) => {
    await store.configure(null, { "dedupe-window": "10" });
    await store.push("q", "long");
    await store.configure("q", { "dedupe-window": "1" });
    await store.push("q", "short");
    await store.configure("q", { "dedupe-window": "0" });
    await store.push("q", "none");
    await store.drain("q");
    expect(await store.push("q", "none")).toBe("ok");
    expect(await store.push("q", "short")).toBe("duplicate");
    await store.configure("q", { "dedupe-window": null });
    await store.configure(null, { "dedupe-window": null });
    store.advance(1000);
    expect(await store.push("q", "short")).toBe("ok");
    expect(await store.push("q", "long")).toBe("duplicate");
    store.advance(9000);
    expect(await store.push("q", "long")).toBe("ok");
  });

  check("a shorter window of a later push takes nothing from a longer one", async (store) => {
    await store.configure("q", { "dedupe-window": "10" });
    await store.push("q", "1");
    await store.configure("q", { "dedupe-window": "1" });
    await store.pushWith("q", "1", { onDuplicate: "replace" });
    await store.pop("q", 0);
    store.advance(9999);
    expect(await store.push("q", "1")).toBe("duplicate");
  });

  check("a flush frees the ids", async (store) => {
    await store.configure("q", { "dedupe-window": "10" });
    await store.pushAll("q", ["1", "2"]);
    await store.pop("q", 0);
    await store.flush("q");
    expect(await windowsOf(store, "q")).toBe(0);
    expect(await store.push("q", "1")).toBe("ok");
    await store.pop("q", 0);
    await store.flush("q");
    expect(await store.push("q", "1")).toBe("ok");
    for (const restart of restartsOf(store)) {
      await restart();
      expect(await windowsOf(store, "q")).toBe(1);
      expect(await store.push("q", "2")).toBe("ok");
      await store.flush("q");
      await store.push("q", "3");
    }
  });

  check("a queue with windows only is there until they end", async (store) => {
    await store.configure("q", { "dedupe-window": "10" });
    await store.push("q", "1");
    await store.push("q", "2");
    await store.configure("q", { "dedupe-window": null });
    await store.drain("q");
    expect(await store.list()).toEqual([["q", 0, 0, 0]]);
    store.advance(9999);
    await store.reclaim();
    expect(await store.list()).toEqual([["q", 0, 0, 0]]);
    // They are forgotten at the next full second.
    store.advance(1001);
    await store.reclaim();
    expect(await store.list()).toEqual([]);
  });

  check("many windows that end at a time are forgotten in steps", async (store) => {
    await store.configure("q", { "dedupe-window": "1" });
    for (let batch = 0; batch < 10; batch++) {
      await store.pushBatch(
        "q",
        Array.from({ length: 100 }, (_, at) => `${batch} ${at}`),
      );
    }
    await store.flush("q@none");
    await store.configure("q", { "dedupe-window": null });
    expect(await windowsOf(store, "q")).toBe(1000);
    while ((await store.claimBatch(["q"], 1000, 0)).length > 0);
    store.advance(2000);
    for (let ticks = 0; (await store.list()).length > 0; ticks++) {
      expect(ticks).toBeLessThan(1000);
      await store.submit({ kind: "tick", limit: 150, parts: "all" });
    }
  });

  check("windows survive restarts", async (store) => {
    const restarts = restartsOf(store);
    await store.configure("q", { "dedupe-window": "10" });
    await store.pushAll("q", ["1", "\xff\x00 {q}"]);
    await store.drain("q");
    await store.push("q", "3");
    await store.pushWith("q", "3", { onDuplicate: "replace" });
    for (const restart of restarts) {
      await restart();
      expect(await windowsOf(store, "q")).toBe(3);
      for (const id of ["1", "\xff\x00 {q}", "3"]) {
        expect(await store.push("q", id)).toBe("duplicate");
      }
    }
    store.advance(5000);
    await store.pushWith("q", "3", { onDuplicate: "replace" });
    store.advance(5000);
    for (const restart of restarts) await restart();
    expect(await windowsOf(store, "q")).toBe(1);
    expect(await store.push("q", "1")).toBe("ok");
    await store.drain("q");
    expect(await store.push("q", "3")).toBe("duplicate");
    store.advance(30_000);
    await store.reclaim();
    for (const restart of restarts) await restart();
    expect(await windowsOf(store, "q")).toBe(0);
    expect(await store.push("q", "3")).toBe("ok");
  });
}
