// Pauses: a queue takes no pushes (in) or hands out nothing (out); a pause of a worker concerns its
// pops only.
// oxlint-disable no-await-in-loop -- the steps take place in this order

import { expect } from "bun:test";
import type { Check } from "../contract.ts";
import { bytesOf, textOf } from "./caller.ts";
import { refusalOf } from "./life-caller.ts";
import { restartsOf } from "./pushes.ts";

export function pauses(check: Check): void {
  check("a queue that is paused out hands out nothing, claims go on", async (store) => {
    await store.configure("q", { backoff: "none" });
    await store.pushAll("q", ["1", "2", "3", "4", "5"]);
    const [one, two, three, four] = await store.claimBatch(["q"], 4, 1000);
    await store.pause("q", ["out"]);
    expect((await store.statusOf("q")).paused).toEqual(["out"]);
    expect(await store.pop("q")).toBeNull();
    expect(await store.pop("q", 0)).toBeNull();
    expect(await store.claim("q")).toBeNull();
    expect(await store.claimBatch(["q"], 2)).toEqual([]);
    expect(await store.ready("q")).toBeNull();
    expect(await store.peek("q")).toBe("5");
    expect(await store.push("q", "6")).toBe("ok");
    expect(await store.ackClaim("q", one!)).toBe(true);
    expect(await store.touch("q", two!)).toBe("touched");
    expect(await store.redoClaim("q", two!)).toBe(true);
    expect(await store.fail("q", three!)).toBe("ready");
    expect(await store.unpop("q", four!.popped)).toBe(true);
    expect(await store.claim("q")).toBeNull();
    await store.resume("q", ["out"]);
    expect((await store.statusOf("q")).paused).toEqual([]);
    expect(await store.ready("q")).toBe("q");
    expect(await store.drain("q")).toEqual(["2", "3", "4", "5", "6"]);
  });

  check("a paused queue is passed over by ready and batches of other queues", async (store) => {
    await store.push("q", "1");
    await store.push("r", "2");
    await store.pause("q", ["out"]);
    expect(await store.ready("q", "r")).toBe("r");
    expect((await store.claimBatch(["q", "r"], 5)).map(({ id }) => id)).toEqual(["2"]);
  });

  check("a queue that is paused in refuses pushes only", async (store) => {
    await store.configure("q", { backoff: "none" });
    await store.pushAll("q", ["1", "2", "3", "4"]);
    await store.pushWith("q", "due", { start: { afterMs: 1000 } });
    const [one, two, three, four] = await store.claimBatch(["q"], 4, 1000);
    await store.pause("q", ["in"]);
    expect((await store.statusOf("q")).paused).toEqual(["in"]);
    for (const push of [
      () => store.another().push("q", "5"),
      () => store.another().pushWith("q", null),
      () => store.another().pushWith("q", "1", { onDuplicate: "keep" }),
      () => store.another().pushWith("q", "due", { onDuplicate: "replace" }),
      () => store.another().pushBatch("q", ["5", null]),
    ]) {
      expect(await refusalOf(push())).toBe("PAUSED q");
    }
    expect(await store.unpop("q", one!.popped)).toBe(true);
    expect(await store.redoClaim("q", two!)).toBe(true);
    expect(await store.fail("q", three!)).toBe("ready");
    expect(await store.fail("q", four!, "final")).toBe("failed");
    expect(await store.retry("q", ["4"])).toEqual([true]);
    store.advance(1000);
    expect(await store.reclaim()).toBe(1);
    expect(await store.drain("q")).toEqual(["2", "3", "1", "4", "due"]);
    await store.resume("q", ["in"]);
    expect(await store.push("q", "5")).toBe("ok");
  });

  check("a refused push fails what the session sent behind it, and nothing else", async (store) => {
    await store.push("in", "1");
    await store.pop("in");
    await store.pause("out", ["in"]);
    const other = store.another();
    const outcomes = await Promise.all([
      refusalOf(store.push("out", "1")),
      refusalOf(other.push("elsewhere", "1")),
      refusalOf(store.ack("in", "1")),
      refusalOf(store.push("elsewhere", "2")),
      refusalOf(other.push("elsewhere", "3")),
    ]);
    expect(outcomes).toEqual(["PAUSED out", "done", "after a failure", "after a failure", "done"]);
    expect(await store.counts("in")).toEqual({ claimed: 1 });
    expect((await store.drain("elsewhere")).toSorted()).toEqual(["1", "3"]);
    expect(await store.ack("in", "1")).toBe(true);
  });

  check("a pause ends after its time, for each direction by itself", async (store) => {
    await store.push("q", "1");
    await store.pause("q", ["in"], { forMs: 1000 });
    await store.pause("q", ["out"], { forMs: 2000 });
    expect((await store.statusOf("q")).paused.toSorted()).toEqual(["in", "out"]);
    store.advance(999);
    await store.reclaim();
    expect(await refusalOf(store.push("q", "2"))).toBe("PAUSED q");
    store.advance(1);
    await store.reclaim();
    expect((await store.statusOf("q")).paused).toEqual(["out"]);
    expect(await store.push("q", "2")).toBe("ok");
    expect(await store.pop("q")).toBeNull();
    store.advance(1000);
    await store.reclaim();
    expect((await store.statusOf("q")).paused).toEqual([]);
    expect(await store.drain("q")).toEqual(["1", "2"]);
    expect(await store.list()).toEqual([]);
  });

  check("a pause holds no longer than its time, even if nothing looks", async (store) => {
    await store.push("q", "1");
    await store.pause("q", ["in", "out"], { forMs: 1000 });
    store.advance(1000);
    expect((await store.statusOf("q")).paused).toEqual([]);
    expect(await store.push("q", "2")).toBe("ok");
    expect(await store.ready("q")).toBe("q");
    expect(await store.drain("q")).toEqual(["1", "2"]);
  });

  check("a later pause takes the place of an earlier one", async (store) => {
    await store.push("q", "1");
    await store.pause("q", ["out"]);
    await store.pause("q", ["out"], { forMs: 1000 });
    store.advance(500);
    await store.pause("q", ["out"], { forMs: 1000 });
    store.advance(999);
    await store.reclaim();
    expect(await store.pop("q")).toBeNull();
    store.advance(1);
    await store.reclaim();
    expect(await store.pop("q")).toBe("1");
  });

  check("a resume names directions, and a paused queue may be empty", async (store) => {
    await store.pause("q", ["in", "out"]);
    expect(await store.list()).toEqual([["q", 0, 0, 0]]);
    await store.resume("q", ["in"]);
    expect((await store.statusOf("q")).paused).toEqual(["out"]);
    await store.push("q", "1");
    expect(await store.pop("q")).toBeNull();
    await store.resume("q", ["in", "out"]);
    expect(await store.drain("q")).toEqual(["1"]);
    expect(await store.list()).toEqual([]);
  });

  check("a paused worker gets nothing, the others do", async (store) => {
    await store.pushAll("q", ["1", "2", "3", "4"]);
    await store.push("r", "5");
    for (const worker of ["a", "a b\xff", ""]) {
      await store.pause("q", ["out"], { worker, forMs: worker === "a" ? 1000 : null });
    }
    expect((await store.statusOf("q")).paused).toEqual([]);
    expect(await store.claim("q", 1000, "a")).toBeNull();
    expect(await store.claim("q", 0, "a b\xff")).toBeNull();
    expect((await store.claimBatch(["q", "r"], 9, 1000, "a")).map(({ id }) => id)).toEqual(["5"]);
    expect((await store.mustClaim("q", 1000, "b")).id).toBe("1");
    expect(await store.pop("q")).toBe("2");
    expect(await store.ready("q")).toBe("q");
    await store.resume("q", ["out"]);
    expect(await store.claim("q", 1000, "a")).toBeNull();
    await store.resume("q", ["out"], "a b\xff");
    expect((await store.mustClaim("q", 1000, "a b\xff")).id).toBe("3");
    store.advance(1000);
    expect((await store.mustClaim("q", 1000, "a")).id).toBe("4");
  });

  check("pauses stay through flush and restarts", async (store) => {
    await store.push("q", "1");
    await store.pause("q", ["in"]);
    await store.pause("q", ["out"], { forMs: 60_000 });
    await store.pause("q", ["out"], { worker: "a" });
    await store.flush("q");
    for (const restart of [...restartsOf(store), async () => {}]) {
      await restart();
      expect((await store.statusOf("q")).paused.toSorted()).toEqual(["in", "out"]);
    }
    store.advance(60_000);
    await store.resume("q", ["in"]);
    await store.push("q", "2");
    expect(await store.claim("q", 1000, "a")).toBeNull();
    expect(await store.pop("q")).toBe("2");
  });

  check("at most 1,000 workers are paused; ended pauses make room", async (store) => {
    const pauseAll = (from: number, count: number, forMs: number | null) =>
      Promise.all(
        Array.from({ length: count }, (_, at) =>
          store.pause("q", ["out"], { worker: `worker ${from + at}`, forMs }),
        ),
      );
    await store.push("q", "1");
    await pauseAll(0, 600, null);
    expect((await pauseAll(600, 400, 1000)).every((isPaused) => isPaused)).toBe(true);
    expect(await store.pause("q", ["out"], { worker: "one more" })).toBe(false);
    expect(await store.claim("q", 1000, "worker 999")).toBeNull();
    // One that is paused already may be paused anew.
    expect(await store.pause("q", ["out"], { worker: "worker 1", forMs: 5000 })).toBe(true);
    expect(await store.pause("q", ["out"])).toBe(true);
    expect(await store.pause("r", ["out"], { worker: "one more" })).toBe(true);
    await store.resume("q", ["out"], "worker 2");
    expect(await store.pause("q", ["out"], { worker: "one more" })).toBe(true);
    expect(await store.pause("q", ["out"], { worker: "two more" })).toBe(false);
    store.advance(1000);
    expect(await store.pause("q", ["out"], { worker: "two more" })).toBe(true);
    await store.resume("q", ["out"]);
    expect(await store.claim("q", 1000, "two more")).toBeNull();
    expect(await store.claim("q", 1000, "worker 999")).not.toBeNull();
  });

  check("paused workers are named as long as they are paused", async (store) => {
    const named = async (isWhole = true) => {
      const stats = await store.submit({ kind: "stats", queue: bytesOf("q"), isWhole });
      return stats.pausedWorkers.map(textOf);
    };
    expect(await named()).toEqual([]);
    await store.pause("q", ["out"], { worker: "b" });
    await store.pause("q", ["out"], { worker: "\xff\x00 a", forMs: 1000 });
    await store.pause("q", ["out"], { worker: "a", forMs: 2000 });
    expect(await named()).toEqual(["a", "b", "\xff\x00 a"]);
    expect(await named(false)).toEqual([]);
    expect(await store.settings("q")).toEqual({});
    for (const restart of restartsOf(store)) {
      await restart();
      expect(await named()).toEqual(["a", "b", "\xff\x00 a"]);
    }
    store.advance(1000);
    expect(await named()).toEqual(["a", "b"]);
    await store.resume("q", ["out"], "b");
    expect(await named()).toEqual(["a"]);
    await store.flush("q");
    expect(await named()).toEqual(["a"]);
    store.advance(1000);
    await store.reclaim();
    expect(await store.list()).toEqual([]);
  });
}
