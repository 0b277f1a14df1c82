// Limits of a queue: how many events wait, and how many are claimed.
// oxlint-disable no-await-in-loop -- the steps take place in this order

import { expect } from "bun:test";
import type { Check } from "../contract.ts";
import { bytesOf, textOf } from "./caller.ts";
import { type Options, refusalOf } from "./life-caller.ts";
import { restartsOf } from "./pushes.ts";

export function limits(check: Check): void {
  check("a push into a full queue is refused; claimed events do not count", async (store) => {
    await store.configure("q", { "max-length": "2" });
    await store.push("q", "1");
    await store.pushWith("q", "2", { start: { afterMs: 60_000 } });
    for (const push of [
      () => store.another().push("q", "3"),
      () => store.another().push("q", "3", "right"),
      () => store.another().pushWith("q", null, { start: { afterMs: 5 } }),
      () => store.another().pushBatch("q", [null]),
    ]) {
      expect(await refusalOf(push())).toBe("QUEUEFULL q");
    }
    expect(await store.counts("q")).toEqual({ ready: 1, delayed: 1 });
    await store.pop("q");
    expect(await store.push("q", "3")).toBe("ok");
    expect(await refusalOf(store.push("q", "4"))).toBe("QUEUEFULL q");
    await store.configure("q", { "max-length": "3" });
    expect(await store.push("q", "4")).toBe("ok");
    await store.configure("q", { "max-length": null });
    await store.pushAll("q", ["5", "6"]);
  });

  check("duplicates, and events that are kept or replaced, need no room", async (store) => {
    await store.configure("q", { "max-length": "1" });
    await store.push("q", "1");
    expect(await store.push("q", "1")).toBe("duplicate");
    expect(await store.pushWith("q", "1", { onDuplicate: "keep" })).toBe("1");
    const replace = { onDuplicate: "replace", contents: "new" } as const;
    expect(await store.pushWith("q", "1", replace)).toBe("1");
    expect(await store.pushBatch("q", ["1"], replace)).toEqual(["1"]);
    expect(await store.popEvent("q", 0)).toEqual(["1", "new"]);
  });

  check("what comes back is never refused", async (store) => {
    await store.configure("q", { "max-length": "1", backoff: "none" });
    const ids = ["redo", "fail", "crash", "lease", "unpop", "removed", "retry", "due"];
    const helds = [];
    for (const id of ids) {
      await store.push("q", id);
      helds.push(await store.mustClaim("q", id === "removed" ? 0 : 1000));
    }
    const [redo, fail, crash, , unpop, removed, retry, due] = helds;
    await store.fail("q", retry!, "final");
    await store.redoClaim("q", due!, { afterMs: 1000 });
    expect(await refusalOf(store.push("q", "full"))).toBe("QUEUEFULL q");
    expect(await store.redoClaim("q", redo!)).toBe(true);
    expect(await store.fail("q", fail!)).toBe("ready");
    expect(await store.crash("q", crash!)).toBe(true);
    expect(await store.unpop("q", unpop!.popped)).toBe(true);
    expect(await store.unpop("q", removed!.popped)).toBe(true);
    expect(await store.retry("q", ["retry"])).toEqual([true]);
    store.advance(1000);
    expect(await store.reclaim()).toBe(2);
    expect((await store.drain("q")).toSorted()).toEqual(ids.toSorted());
  });

  check("a refused push fails what the session sent behind it, and nothing else", async (store) => {
    await store.configure("out", { "max-length": "2" });
    await store.push("out", "0");
    await store.pushAll("in", ["1", "2", "3"]);
    for (const _ of "123") await store.pop("in");
    const other = store.another();
    const outcomes = await Promise.all([
      refusalOf(store.push("out", "1")),
      refusalOf(store.ack("in", "1")),
      refusalOf(store.push("out", "2")),
      refusalOf(other.ack("in", "2")),
      refusalOf(store.ack("in", "3")),
      refusalOf(store.push("elsewhere", "3")),
      refusalOf(other.push("elsewhere", "4")),
    ]);
    const after = "after a failure";
    expect(outcomes).toEqual(["done", "done", "QUEUEFULL out", "done", after, after, "done"]);
    expect(await store.drain("elsewhere")).toEqual(["4"]);
    expect(await store.ack("in", "3")).toBe(true);
    expect(await store.ack("in", "1")).toBe(false);
  });

  check("many pushes of many sessions fill a queue exactly", async (store) => {
    await store.configure("q", { "max-length": "50" });
    const sessions = Array.from({ length: 20 }, () => store.another());
    const outcomes = await Promise.all(
      sessions.flatMap((session, who) =>
        Array.from({ length: 10 }, (_, n) => refusalOf(session.push("q", `${who}.${n}`))),
      ),
    );
    expect(outcomes.filter((outcome) => outcome === "done").length).toBe(50);
    expect(await store.counts("q")).toEqual({ ready: 50 });
    const refused = outcomes.filter((outcome) => outcome === "QUEUEFULL q").length;
    expect(refused).toBeWithin(1, 21);
    expect(outcomes.filter((outcome) => outcome === "after a failure").length).toBe(150 - refused);
  });

  check("drop-oldest drops the event that would be out first", async (store) => {
    await store.configure("q", { "max-length": "3", "on-full": "drop-oldest" });
    await store.pushAll("q", ["1", "2", "3", "4"]);
    expect(await store.ids("q", "ready")).toEqual(["2", "3", "4"]);
    expect(await store.get("q", "1")).toBeNull();
    await store.push("q", "right", "right");
    await store.push("q", "5");
    expect(await store.ids("q", "ready")).toEqual(["3", "4", "5"]);
    await store.pushWith("q", "late", { start: { afterMs: 2000 } });
    await store.pushWith("q", "soon", { start: { afterMs: 1000 } });
    await store.push("q", "6");
    expect(await store.counts("q")).toEqual({ ready: 1, delayed: 2 });
    await store.pop("q");
    await store.pushWith("q", "later", { start: { afterMs: 3000 } });
    await store.push("q", "7");
    expect(await store.ids("q", "delayed")).toEqual(["late", "later"]);
    expect(await store.ids("q", "ready")).toEqual(["7"]);
    expect(await store.counts("q")).toEqual({ ready: 1, delayed: 2, claimed: 1 });
  });

  check(
    "drop-oldest makes room for a batch, and no batch is larger than the queue",
    async (store) => {
      await store.configure("q", { "max-length": "3", "on-full": "drop-oldest" });
      await store.pushAll("q", ["1", "2", "3"]);
      expect(await refusalOf(store.pushBatch("q", ["a", "b", "c", "d"]))).toBe("QUEUEFULL q");
      expect(await store.ids("q", "ready")).toEqual(["1", "2", "3"]);
      expect(await store.pushBatch("q", ["a", "b"])).toEqual(["a", "b"]);
      expect(await store.ids("q", "ready")).toEqual(["3", "a", "b"]);
      await store.configure("q", { "max-length": "1" });
      await store.push("q", "4");
      expect(await store.ids("q", "ready")).toEqual(["4"]);
    },
  );

  check("drop-oldest drops no event with an id of the batch", async (store) => {
    const push = async (pairs: (string | null)[], options: Options = {}) => {
      await store.flush("q");
      await store.pushAll("q", ["3", "4", "5"]);
      return store.pushBatch("q", pairs, { contents: "new", ...options });
    };
    const left = async () => {
      const events = await store.scan("q", "ready", { isWhole: true });
      return events.map(({ id, contents }) =>
        textOf(contents!) === "new" ? `new ${textOf(id)}` : textOf(id),
      );
    };
    await store.configure("q", { "max-length": "3", "on-full": "drop-oldest" });
    for (const onDuplicate of ["refuse", "replace", "keep"] as const) {
      const there = onDuplicate === "refuse" ? "duplicate of 3" : "3";
      const three = onDuplicate === "replace" ? "new 3" : "3";
      expect(await push(["1", "2", "3"], { onDuplicate })).toEqual(["1", "2", there]);
      expect(await left()).toEqual([three, "new 1", "new 2"]);
      expect(await push(["1", "3"], { onDuplicate })).toEqual(["1", there]);
      expect(await left()).toEqual([three, "5", "new 1"]);
    }
    expect(await push(["1", "5", "1"])).toEqual(["1", "duplicate of 5", "duplicate of 1"]);
    expect(await left()).toEqual(["4", "5", "new 1"]);
    expect(await push(["1", "5"], { onDuplicate: "keep" })).toEqual(["1", "5"]);
    expect(await left()).toEqual(["4", "5", "new 1"]);
    expect(await push(["1", "5"], { onDuplicate: "replace" })).toEqual(["1", "5"]);
    expect(await left()).toEqual(["4", "new 5", "new 1"]);
    expect(await push(["3", "1"], { onDuplicate: "replace", end: "right" })).toEqual(["3", "1"]);
    expect(await left()).toEqual(["new 1", "new 3", "5"]);
    // What was pushed at the right end would be out first.
    expect(await push(["1", "2", "1"], { end: "right" })).toEqual(["1", "2", "duplicate of 1"]);
    expect(await left()).toEqual(["new 2", "new 1", "5"]);
    expect(await refusalOf(push(["3", "4", "5", "3"]))).toBe("QUEUEFULL q");
    expect(await left()).toEqual(["3", "4", "5"]);
  });

  check("drop-oldest keeps its limit for batches that wait and for made ids", async (store) => {
    await store.configure("q", { "max-length": "3", "on-full": "drop-oldest" });
    await store.pushWith("q", "soon", { start: { afterMs: 1000 } });
    await store.pushAll("q", ["1", "2"]);
    const start = { afterMs: 2000 };
    expect(await store.pushBatch("q", ["a", "b", "c"], { start })).toEqual(["a", "b", "c"]);
    expect((await store.ids("q", "delayed")).toSorted()).toEqual(["a", "b", "c"]);
    await store.configure("q", { "max-length": "2" });
    expect(await store.pushBatch("q", ["a", null])).toEqual(["duplicate of a", expect.any(String)]);
    expect(await store.counts("q")).toEqual({ ready: 1, delayed: 1 });
  });

  check("a batch needs room for all that it would add", async (store) => {
    await store.configure("q", { "max-length": "3" });
    await store.push("q", "1");
    expect(await refusalOf(store.pushBatch("q", ["2", null, "3"]))).toBe("QUEUEFULL q");
    expect(await store.counts("q")).toEqual({ ready: 1 });
    expect(await store.pushBatch("q", ["2", "1", "3", "2"])).toEqual([
      "2",
      "duplicate of 1",
      "3",
      "duplicate of 2",
    ]);
    expect(await store.drain("q")).toEqual(["1", "2", "3"]);
  });

  check("max-claimed limits claims, not pops with a lease of 0", async (store) => {
    await store.configure("q", { "max-claimed": "2" });
    await store.pushAll("q", ["1", "2", "3", "4", "5"]);
    expect((await store.claimBatch(["q"], 5)).map(({ id }) => id)).toEqual(["1", "2"]);
    expect(await store.pop("q")).toBeNull();
    expect(await store.claim("q")).toBeNull();
    expect(await store.ready("q")).toBeNull();
    expect(await store.pop("q", 0)).toBe("3");
    expect(await store.ack("q", "1")).toBe(true);
    expect(await store.ready("q")).toBe("q");
    expect(await store.pop("q")).toBe("4");
    expect(await store.pop("q")).toBeNull();
    await store.redo("q", "4");
    expect(await store.pop("q")).toBe("4");
    await store.configure("q", { "max-claimed": "0" });
    expect(await store.pop("q")).toBe("5");
  });

  check("every end of a claim makes room for another", async (store) => {
    await store.configure("q", { "max-claimed": "1", backoff: "fixed 9" });
    await store.pushAll("q", ["1", "2", "3", "4", "5", "6"]);
    const claim = () => store.mustClaim("q", 1000);
    await store.fail("q", await claim());
    await store.fail("q", await claim(), "final");
    expect(await store.unpop("q", (await claim()).popped)).toBe(true);
    await store.crash("q", await claim());
    await claim();
    store.advance(1000);
    await store.reclaim();
    expect((await store.claimBatch(["q"], 3)).map(({ id }) => id)).toEqual(["3"]);
    await store.flush("q");
    await store.push("q", "7");
    expect((await claim()).id).toBe("7");
  });

  check("a tick drops what is too many after a setting was lowered, in steps", async (store) => {
    const ids = Array.from({ length: 500 }, (_, at) => `${at}`);
    await store.configure("q", { "on-full": "drop-oldest", "keep-completed": "" });
    await store.pushBatch("q", ids);
    for (const held of await store.claimBatch(["q"], 200)) await store.ackClaim("q", held);
    for (const held of await store.claimBatch(["q"], 150)) await store.fail("q", held, "final");
    await store.pushWith("q", "late", { start: { afterMs: 60_000 } });
    const tickAll = async () => {
      for (let ticks = 0; (await store.reclaim(40)) >= 40; ticks++) expect(ticks).toBeLessThan(100);
    };
    await store.configure("q", { "max-length": "11", "keep-failed": "20", "keep-completed": "5" });
    await tickAll();
    const left = { ready: 10, delayed: 1, failed: 20, completed: 5 };
    expect(await store.counts("q")).toEqual(left);
    expect((await store.ids("q", "ready"))[0]).toBe("490");
    expect((await store.ids("q", "failed"))[0]).toBe("330");
    expect((await store.ids("q", "completed"))[0]).toBe("195");
    await store.configure(null, { "max-length": "3", "keep-failed": "1", "on-full": "refuse" });
    await store.configure("q", { "keep-failed": null });
    await tickAll();
    expect(await store.counts("q")).toEqual({ ...left, failed: 1 });
    await store.configure("q", { "max-length": null });
    await tickAll();
    expect(await store.counts("q")).toEqual({ ready: 2, delayed: 1, failed: 1, completed: 5 });
  });

  check("what comes back may be too many, until the next push", async (store) => {
    await store.configure("q", { "max-length": "1", "on-full": "drop-oldest", backoff: "none" });
    await store.push("q", "1");
    const held = await store.mustClaim("q");
    await store.push("q", "2");
    await store.redoClaim("q", held);
    await store.configure("q", { lease: "5" });
    await store.reclaim();
    for (const restart of restartsOf(store)) await restart();
    await store.reclaim();
    expect(await store.counts("q")).toEqual({ ready: 2 });
    await store.push("q", "3");
    expect(await store.counts("q")).toEqual({ ready: 1 });
  });

  check("an id is free in the target once a move has dropped its event there", async (store) => {
    await store.configure("q@to", { "max-length": "1", "on-full": "drop-oldest" });
    await store.push("q@to", "2");
    await store.pushAll("q", ["1", "2"]);
    await store.pushWith("q", "3", { start: { afterMs: 5000 } });
    const targets = ["1", "2", "3"].map((id) => ({ id: bytesOf(id), version: null }));
    const queues = { queue: bytesOf("q"), target: bytesOf("q@to") };
    const moved = await store.submit({ kind: "move", ...queues, targets });
    expect(moved).toEqual([true, true, true]);
    expect(await store.counts("q@to")).toEqual({ delayed: 1 });
    expect(await store.list()).toEqual([["q@to", 1, 0, 0]]);
  });

  check("a moved event that failed before all that are kept there is not kept", async (store) => {
    await store.configure("q@to", { "keep-failed": "1" });
    for (const queue of ["q", "q@to"]) {
      await store.push(queue, queue);
      await store.fail(queue, await store.mustClaim(queue), "final");
      store.advance(1000);
    }
    const targets = [{ id: bytesOf("q"), version: null }];
    const queues = { queue: bytesOf("q"), target: bytesOf("q@to") };
    expect(await store.submit({ kind: "move", ...queues, targets })).toEqual([true]);
    expect(await store.ids("q@to", "failed")).toEqual(["q@to"]);
    expect(await store.counts("q")).toEqual({});
  });
}
