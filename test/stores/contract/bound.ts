// Bound queues: a copy of whatever enters a queue, in the same step.
// oxlint-disable no-await-in-loop -- the steps take place in this order

import { expect } from "bun:test";
import { BOUND_MAX } from "../../../src/queue/bindings.ts";
import type { Check } from "../contract.ts";
import {
  bind,
  bindingsOf,
  boundOf,
  expectSame,
  pushedTotal,
  readyIn,
  unbind,
} from "./bound-caller.ts";
import { nastyTexts } from "./bytes.ts";
import { bytesOf } from "./caller.ts";
import { type Options, refusalOf } from "./life-caller.ts";
import { restartsOf } from "./pushes.ts";

export function bound(check: Check): void {
  check("a bound queue gets a copy of each later push, with all its options", async (store) => {
    await store.push("q", "before");
    expect(await bind(store, "q", "a", "b", "a")).toBe("ok");
    expect(await bindingsOf(store, "q")).toEqual(["a", "b"]);
    await store.push("q", "left");
    await store.push("q", "right", "right");
    const options: Options = {
      headers: [["name", "value"]],
      ttlMs: 60_000,
      attemptsMax: 3,
      backoff: "fixed 2",
      leaseMs: 5000,
    };
    await store.pushWith("q", "rich", options);
    await store.pushWith("q", "later", { start: { afterMs: 1000 } });
    const made = await store.pushWith("q", null, { contents: "of a made one" });
    const line = `right left rich ${made}`;
    expect(await readyIn(store, "q", "q@a", "q@b")).toEqual({
      q: line.replace("left", "before left"),
      "q@a": line,
      "q@b": line,
    });
    for (const id of ["left", "right", "rich", "later", made]) {
      await expectSame(store, id, "q", "q@a", "q@b");
    }
    store.advance(1000);
    await store.reclaim();
    expect(await store.ids("q@b", "delayed")).toEqual([]);
    expect((await store.ids("q@b", "ready")).at(-1)).toBe("later");
    expect((await store.mustClaim("q@a")).contents).toBe("contents of right");
  });

  check("copies have the priority and the group of the event", async (store) => {
    await bind(store, "q", "a");
    await store.pushWith("q", "high", { priority: 7 });
    await store.pushWith("q", "grouped", { group: "tenant" });
    for (const id of ["high", "grouped"]) await expectSame(store, id, "q", "q@a");
  });

  check("copies tell that something is ready, and count as pushed", async (store) => {
    await bind(store, "q", "a");
    await store.push("q", "1");
    await store.pushBatch("q", ["2", null]);
    // Waits for one more answer: see readiness.ts.
    await store.status("q");
    expect([store.reportedReady("q"), store.reportedReady("q@a")]).toEqual([3, 3]);
    expect(await pushedTotal(store, "q@a")).toBe(3);
  });

  check("batches are copied whole, with equal ids once", async (store) => {
    await bind(store, "q", "a");
    await store.push("q@a", "2");
    const ids = ["1", "2", "1", "3"];
    expect(await store.pushBatch("q", ids)).toEqual(["1", "duplicate of 2", "duplicate of 1", "3"]);
    expect(await readyIn(store, "q", "q@a")).toEqual({ q: "1 3", "q@a": "2 1 3" });
    await store.pushBatch("q", ["4", "5"], { end: "right" });
    expect(await readyIn(store, "q@a")).toEqual({ "q@a": "5 4 2 1 3" });
  });

  check("a batch finds ids that bound queues have, and those that it has pushed", async (store) => {
    await bind(store, "q", "a", "b");
    await store.push("q@b", "elsewhere");
    await store.push("q", "everywhere");
    const ids = ["1", "elsewhere", "2", "1", "everywhere", "3", "2"];
    for (const options of [{}, { group: "g" }, { priority: 2 }] as Options[]) {
      const own = ids.map((id) => (id.length === 1 ? `${id}${JSON.stringify(options)}` : id));
      expect(await store.pushBatch("q", own, options)).toEqual([
        own[0]!,
        "duplicate of elsewhere",
        own[2]!,
        `duplicate of ${own[0]}`,
        "duplicate of everywhere",
        own[5]!,
        `duplicate of ${own[2]}`,
      ]);
      for (const at of [0, 2, 5]) await expectSame(store, own[at]!, "q", "q@a", "q@b");
      const made = await store.pushBatch("q", [null, null, null, null, null], options);
      expect(new Set(made).size).toBe(5);
      for (const id of made) await expectSame(store, id, "q", "q@a", "q@b");
    }
    for (const queue of ["q@a", "q@b"]) {
      const popped = await store.claimBatch([queue], 100, 0);
      expect(popped).toHaveLength(queue === "q@b" ? 26 : 25);
    }
  });

  check("what becomes of an event does not reach its copies", async (store) => {
    await bind(store, "q", "a");
    await store.push("q", "1");
    const held = await store.mustClaim("q");
    await store.submit({ kind: "unpop", queue: bytesOf("q"), popped: held.popped });
    await store.ackClaim("q", await store.mustClaim("q"));
    await store.push("q", "2");
    await store.remove("q", ["2"]);
    await store.push("q", "3");
    await store.flush("q");
    expect(await readyIn(store, "q", "q@a")).toEqual({ q: "", "q@a": "1 2 3" });
    expect(await bindingsOf(store, "q")).toEqual(["a"]);
    await store.flush("q@a");
    await store.push("q", "1");
    await store.ackClaim("q@a", await store.mustClaim("q@a"));
    expect(await readyIn(store, "q", "q@a")).toEqual({ q: "1", "q@a": "" });
  });

  check("an id is taken as long as it is taken in a bound queue", async (store) => {
    await store.configure("q@a", { "keep-completed": "" });
    await bind(store, "q", "a");
    await store.push("q", "1");
    await store.remove("q", ["1"]);
    expect(await store.push("q", "1")).toBe("duplicate");
    expect(await store.pushWith("q", "1", { onDuplicate: "keep" })).toBe("1");
    // Only an event of the queue itself can be replaced.
    expect(await store.pushWith("q", "1", { onDuplicate: "replace" })).toBe("duplicate of 1");
    expect(await store.pushBatch("q", ["1", "2"])).toEqual(["duplicate of 1", "2"]);
    const held = await store.mustClaim("q@a");
    expect(await store.push("q", "1")).toBe("duplicate");
    await store.ackClaim("q@a", held);
    expect(await store.counts("q@a")).toEqual({ ready: 1, completed: 1 });
    expect(await store.push("q", "1")).toBe("ok");
    expect(await readyIn(store, "q", "q@a")).toEqual({ q: "2 1", "q@a": "2 1" });
    expect(await store.counts("q@a")).toEqual({ ready: 2 });
  });

  check("ONDUP REPLACE changes the event of the queue only", async (store) => {
    await bind(store, "q", "a");
    await store.push("q", "1");
    const changed = { onDuplicate: "replace", contents: "new" } as const;
    expect(await store.pushWith("q", "1", changed)).toBe("1");
    expect((await store.mustClaim("q")).contents).toBe("new");
    expect((await store.mustClaim("q@a")).contents).toBe("contents of 1");
    expect(await pushedTotal(store, "q@a")).toBe(1);
  });

  check("windows are those of the queue that is pushed to", async (store) => {
    await store.configure("q", { "dedupe-window": "10" });
    await store.configure("q@a", { "dedupe-window": "10" });
    await store.push("q@a", "1");
    await store.pop("q@a", 0);
    await bind(store, "q", "a");
    expect(await store.push("q", "1")).toBe("ok");
    expect(await store.push("q", "2")).toBe("ok");
    await store.drain("q");
    await store.drain("q@a");
    expect(await store.push("q", "1")).toBe("duplicate");
    expect(await store.push("q@a", "2")).toBe("ok");
  });

  check("made ids are free in bound queues too", async (store) => {
    await bind(store, "q", "a");
    const first = await store.pushWith("other", null);
    const [ms, number] = first.split("-").map(Number) as [number, number];
    const next = Array.from({ length: 4 }, (_, at) => `${ms}-${number + 1 + at}`);
    for (const id of next) await store.push("q@a", id);
    const made = await store.pushWith("q", null);
    expect(await store.ids("q", "ready")).toEqual([made]);
    expect(await store.ids("q@a", "ready")).toEqual([...next, made]);
  });

  check("a full or paused bound queue refuses a push as a whole", async (store) => {
    await bind(store, "q", "a", "b");
    await store.configure("q@b", { "max-length": "1" });
    expect(await store.push("q", "1")).toBe("ok");
    expect(await refusalOf(store.push("q", "2"))).toBe("QUEUEFULL q@b");
    expect(await store.another().push("q", "1")).toBe("duplicate");
    expect(await refusalOf(store.another().pushBatch("q", ["2", "1"]))).toBe("QUEUEFULL q@b");
    expect(await store.another().pushBatch("q", ["1"], { onDuplicate: "keep" })).toEqual(["1"]);
    await store.another().pause("q@a", ["in"]);
    expect(await refusalOf(store.another().push("q", "2"))).toBe("PAUSED q@a");
    await store.another().pause("q", ["in"]);
    expect(await refusalOf(store.another().push("q", "2"))).toBe("PAUSED q");
    const last = store.another();
    expect(await readyIn(last, "q", "q@a", "q@b")).toEqual({ q: "1", "q@a": "1", "q@b": "1" });
    await last.resume("q", ["in"]);
    await last.resume("q@a", ["in"]);
    await last.pop("q@b");
    expect(await last.push("q", "2")).toBe("ok");
  });

  check("drop-oldest of a bound queue holds there, and only there", async (store) => {
    await bind(store, "q", "a");
    await store.configure("q@a", { "max-length": "2", "on-full": "drop-oldest" });
    for (const id of ["1", "2", "3"]) await store.push("q", id);
    expect(await readyIn(store, "q", "q@a")).toEqual({ q: "1 2 3", "q@a": "2 3" });
    expect(await refusalOf(store.pushBatch("q", ["4", "5", "6"]))).toBe("QUEUEFULL q@a");
    // Ids of the batch stay.
    const third = store.another();
    expect(await third.pushBatch("q", ["4", "2"])).toEqual(["4", "duplicate of 2"]);
    expect(await readyIn(third, "q@a")).toEqual({ "q@a": "2 4" });
  });

  check("a queue that is bound-only keeps nothing while it has bound queues", async (store) => {
    await store.configure("q", { "bound-only": "yes", "max-length": "1" });
    expect(await store.push("q", "own")).toBe("ok");
    await bind(store, "q", "a", "b");
    // It may be full itself: nothing is to stay there.
    expect(await store.push("q", "1")).toBe("ok");
    const made = await store.pushWith("q", null);
    expect(await store.push("q", "1")).toBe("duplicate");
    expect(await store.pushWith("q", "1", { onDuplicate: "replace" })).toBe("duplicate of 1");
    expect(await store.pushBatch("q", ["2", "own"])).toEqual(["2", "duplicate of own"]);
    expect(await readyIn(store, "q", "q@a", "q@b")).toEqual({
      q: "own",
      "q@a": `1 ${made} 2`,
      "q@b": `1 ${made} 2`,
    });
    await unbind(store, "q", "a");
    await store.drain("q");
    await store.push("q", "3");
    expect(await store.ids("q", "ready")).toEqual([]);
    await unbind(store, "q", "b");
    await store.push("q", "4");
    expect(await store.ids("q", "ready")).toEqual(["4"]);
  });

  check("copies copy on, and reach each queue once", async (store) => {
    await bind(store, "q@a", "b");
    await bind(store, "q", "a@b", "a", "c");
    await bind(store, "q@a@b", "d");
    await store.push("q", "1");
    const all = ["q", "q@a", "q@a@b", "q@a@b@d", "q@c"];
    for (const queue of all) expect(await store.ids(queue, "ready")).toEqual(["1"]);
    await store.push("q@a", "2");
    expect(await readyIn(store, ...all)).toEqual({
      q: "1",
      "q@a": "1 2",
      "q@a@b": "1 2",
      "q@a@b@d": "1 2",
      "q@c": "1",
    });
    expect(await store.push("q", "2")).toBe("duplicate");
    await store.configure("q@a", { "bound-only": "yes", "max-length": "1" });
    expect(await store.push("q", "3")).toBe("ok");
    expect(await store.ids("q@a", "ready")).toEqual(["1", "2"]);
    expect(await store.ids("q@a@b@d", "ready")).toEqual(["1", "2", "3"]);
    await store.pause("q@a", ["in"]);
    expect(await refusalOf(store.push("q", "4"))).toBe("PAUSED q@a");
  });

  check(`a queue has at most ${BOUND_MAX} bound ones below it`, async (store) => {
    const names = Array.from({ length: BOUND_MAX - 1 }, (_, at) => `name ${at}`);
    expect(await bind(store, "q@a", ...names)).toBe("ok");
    expect(await bind(store, "q", "a")).toBe("ok");
    expect(await bind(store, "q", "one more")).toBe("too many in q");
    expect(await bind(store, "q", "a")).toBe("ok");
    expect(await bind(store, "q@a@name 3", "b")).toBe("too many in q");
    expect(await bind(store, "q@a", "one more")).toBe("too many in q");
    expect(await bindingsOf(store, "q")).toEqual(["a"]);
    await store.push("q", "1");
    expect(await store.ids("q@a@name 62", "ready")).toEqual(["1"]);
    await unbind(store, "q", "a");
    expect(await bind(store, "q@a", "one more")).toBe("ok");
    expect(await bind(store, "q@a", "and another")).toBe("too many in q@a");
    expect(await bind(store, "q", "a")).toBe("too many in q");
  });

  check("bindings last, keep the queue in being and end with unbind", async (store) => {
    expect(await unbind(store, "q", "a")).toBe(false);
    await bind(store, "q", "a", "b");
    for (const restart of [async () => {}, ...restartsOf(store)]) {
      await restart();
      await store.reclaim();
      expect(await bindingsOf(store, "q")).toEqual(["a", "b"]);
      expect(await store.list()).toEqual([["q", 0, 0, 0]]);
      // They are no settings.
      expect(await store.settings("q")).toEqual({});
    }
    await store.push("q", "1");
    for (const restart of restartsOf(store)) await restart();
    expect(await store.ids("q@a", "ready")).toEqual(["1"]);
    await store.flush("q");
    expect(await unbind(store, "q", "a")).toBe(true);
    expect(await unbind(store, "q", "a")).toBe(false);
    await store.push("q", "2");
    expect(await store.ids("q@a", "ready")).toEqual(["1"]);
    expect(await store.ids("q@b", "ready")).toEqual(["1", "2"]);
    await store.drain("q");
    expect(await unbind(store, "q", "b")).toBe(true);
    await store.reclaim();
    expect((await store.list()).map(([queue]) => queue)).toEqual(["q@a", "q@b"]);
    for (const restart of restartsOf(store)) await restart();
    expect(await bindingsOf(store, "q")).toEqual([]);
  });

  check("names may be any bytes", async (store) => {
    // With braces they may be of another part of the store.
    for (const name of nastyTexts.filter((text) => !/[{}]/.test(text))) {
      expect(await bind(store, "q", name)).toBe("ok");
      expect(await bindingsOf(store, "q")).toEqual([name]);
      await store.push("q", name);
      expect(await store.ids(boundOf("q", name), "ready")).toEqual([name]);
      expect(await unbind(store, "q", name)).toBe(true);
    }
  });
}
