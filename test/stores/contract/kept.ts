// Events that have failed or are completed: how many are kept and how long, and the queue that gets
// an event when it fails for good.
// oxlint-disable no-await-in-loop -- the steps take place in this order

import { expect } from "bun:test";
import type { EventFacts } from "../../../src/queue/event.ts";
import type { Check } from "../contract.ts";
import { textOf } from "./caller.ts";
import { headersOf, type LifeCaller } from "./life-caller.ts";
import { numbersOf, restartsOf } from "./pushes.ts";

/** Pushes an event with that id and fails it for good. */
async function failForGood(store: LifeCaller, id: string, queue = "q"): Promise<void> {
  await store.push(queue, id, "right");
  await store.fail(queue, await store.mustClaim(queue), "final", `error of ${id}`);
}

async function complete(store: LifeCaller, id: string, result: string | null): Promise<void> {
  await store.push("q", id, "right");
  expect(await store.ackClaim("q", await store.mustClaim("q"), result)).toBe(true);
}

/** The last value of each header. */
function lastHeaders({ headers }: EventFacts): Record<string, string> {
  return Object.fromEntries(headersOf(headers));
}

export function kept(check: Check): void {
  check("a failed event stays, with all that is known, and is not handed out", async (store) => {
    await store.pushWith("q", "1", { headers: [["a", "b"]] });
    const held = await store.mustClaim("q");
    await store.touch("q", held, { progress: "half" });
    store.advance(10);
    expect(await store.fail("q", held, "final", "broken")).toBe("failed");
    const failedAtMs = store.nowMs;
    expect(await store.counts("q")).toEqual({ failed: 1 });
    expect(await store.list()).toEqual([["q", 0, 0, 0]]);
    expect([await store.pop("q"), await store.peek("q"), await store.ready("q")]).toEqual([
      null,
      null,
      null,
    ]);
    for (const restart of [async () => {}, ...restartsOf(store)]) {
      await restart();
      const facts = await store.mustGet("q", "1");
      expect(facts).toMatchObject({ state: "failed", failures: 1, crashes: 0, atMs: failedAtMs });
      expect(textOf(facts.contents!)).toBe("contents of 1");
      expect(textOf(facts.lastError!)).toBe("broken");
      expect(headersOf(facts.headers)).toEqual([["a", "b"]]);
      expect(facts.claimant).toBeNull();
    }
  });

  check("keep-failed keeps so many, the latest", async (store) => {
    await store.configure("q", { "keep-failed": "2", "max-attempts": "1" });
    for (const id of ["1", "2", "3"]) await failForGood(store, id);
    await store.pushAll("q", ["4"]);
    await store.mustClaim("q", 1000);
    store.advance(1000);
    await store.reclaim();
    expect(await store.ids("q", "failed")).toEqual(["3", "4"]);
    expect(await store.push("q", "1")).toBe("ok");
    await store.flush("q");
    await store.configure("q", { "keep-failed": "0" });
    await store.push("q", "5");
    expect(await store.fail("q", await store.mustClaim("q"), "final")).toBe("failed");
    expect(await store.counts("q")).toEqual({});
    expect(await store.get("q", "5")).toBeNull();
  });

  check("keep-failed and keep-completed keep for so long", async (store) => {
    await store.configure("q", { "keep-failed": "5s", "keep-completed": "3s" });
    await failForGood(store, "failed");
    await complete(store, "completed", null);
    for (const restart of restartsOf(store)) await restart();
    store.advance(2999);
    await store.reclaim();
    expect(await store.counts("q")).toEqual({ failed: 1, completed: 1 });
    store.advance(1);
    await store.reclaim();
    expect(await store.counts("q")).toEqual({ failed: 1 });
    store.advance(2000);
    await store.reclaim();
    expect(await store.counts("q")).toEqual({});
    await store.configure("q", { "keep-failed": null, "keep-completed": null });
    expect(await store.list()).toEqual([]);
  });

  check("a completed event stays with its result, and its id is free", async (store) => {
    await store.configure("q", { "keep-completed": "10" });
    await complete(store, "1", "result\xff");
    await complete(store, "2", null);
    expect(await store.counts("q")).toEqual({ completed: 2 });
    expect(await store.ready("q")).toBeNull();
    for (const restart of [async () => {}, ...restartsOf(store)]) {
      await restart();
      const facts = await store.mustGet("q", "1");
      expect(facts).toMatchObject({ state: "completed", atMs: store.nowMs });
      expect(textOf(facts.result!)).toBe("result\xff");
      expect(textOf(facts.contents!)).toBe("contents of 1");
      expect((await store.mustGet("q", "2")).result).toBeNull();
    }
    expect(await store.ack("q", "1")).toBe(false);
    await store.push("q", "1", "left", "again");
    expect(await store.ids("q", "completed")).toEqual(["2"]);
    expect(await store.popEvent("q")).toEqual(["1", "again"]);
  });

  check("keep-completed keeps so many, the latest", async (store) => {
    await store.configure("q", { "keep-completed": "2" });
    for (const id of ["3", "1", "2"]) await complete(store, id, id);
    expect(await store.ids("q", "completed")).toEqual(["1", "2"]);
    await complete(store, "1", "once more");
    expect(await store.ids("q", "completed")).toEqual(["2", "1"]);
    await store.pushAll("q", ["4", "5", "6"]);
    const claims = (await store.claimBatch(["q"], 3)).map(({ popped }) => popped);
    const queue = Buffer.from("q");
    expect(await store.submit({ kind: "ackBatch", queue, claims })).toEqual([true, true, true]);
    expect(await store.ids("q", "completed")).toEqual(["5", "6"]);
    await store.configure("q", { "keep-completed": "" });
    for (let n = 0; n < 20; n++) await complete(store, `n${n}`, null);
    expect(await store.counts("q")).toEqual({ completed: 22 });
  });

  check("without keep-completed nothing stays, nor of a pop with a lease of 0", async (store) => {
    await complete(store, "1", "result");
    expect(await store.list()).toEqual([]);
    await store.configure("q", { "keep-completed": "10" });
    await store.push("q", "1");
    await store.claim("q", 0);
    expect(await store.counts("q")).toEqual({});
  });

  check("an event that fails for good goes to the queue of failed-to at once", async (store) => {
    await store.configure("q", { "failed-to": "q@dead", "max-attempts": "2", backoff: "none" });
    const headers: [string, string][] = [["a", "b"]];
    await store.push("q@dead", "before");
    await store.pushWith("q", "1", { headers, backoff: "fixed 9", leaseMs: 77, ttlMs: 60_000 });
    expect(await store.fail("q", await store.mustClaim("q"), { afterMs: 0 }, "first")).toBe(
      "ready",
    );
    store.advance(250);
    expect(await store.fail("q", await store.mustClaim("q"), "backoff", "second\xff")).toBe(
      "failed",
    );
    const failedAtMs = store.nowMs;
    expect(await store.list()).toEqual([
      ["q", 0, 0, 0],
      ["q@dead", 2, 0, 0],
    ]);
    expect(await store.get("q", "1")).toBeNull();
    for (const restart of [async () => {}, ...restartsOf(store)]) {
      await restart();
      const facts = await store.mustGet("q@dead", "1");
      const own = { state: "ready", backoff: "fixed 9", leaseMs: 77, expiresAtMs: null };
      expect(facts).toMatchObject({ failures: 0, crashes: 0, ...own });
      expect(facts.errors.map(({ text }) => textOf(text))).toEqual(["first", "second\xff"]);
      const { "okq-failed-at": at, ...others } = lastHeaders(facts);
      expect(Math.round(Number(at) * 1000)).toBe(failedAtMs);
      expect(others).toEqual({
        a: "b",
        "okq-from": "q",
        "okq-error": "second\xff",
        "okq-attempts": "2",
      });
    }
    expect(await store.popEvent("q@dead", 0)).toEqual(["before", "contents of before"]);
    const dead = await store.mustClaim("q@dead");
    expect(dead).toMatchObject({ id: "1", contents: "contents of 1", attempt: 1 });
    expect(await store.ackClaim("q@dead", dead)).toBe(true);
  });

  check("crashed and expired events go there too", async (store) => {
    const rules = { "max-crashes": "1", "on-expire": "fail" };
    await store.configure("q", { "failed-to": "q@dead", ...rules });
    await store.pushAll("q", ["crashed", "lease"]);
    await store.pushWith("q", "expired", { ttlMs: 1000 });
    await store.crash("q", await store.mustClaim("q"));
    await store.mustClaim("q", 1000, "w");
    store.advance(1000);
    expect(await store.reclaim()).toBe(2);
    expect(await store.counts("q")).toEqual({});
    const errors: Record<string, string | undefined> = {};
    for (const { id, headers } of await store.scan("q@dead", "ready")) {
      errors[textOf(id)] = Object.fromEntries(headersOf(headers))["okq-error"];
    }
    expect(errors).toEqual({
      crashed: "crashed: the lease of worker ended",
      lease: "crashed: the lease of w ended",
      expired: "expired",
    });
  });

  check("an event whose id is taken there gets a made one, and says its own", async (store) => {
    await store.configure("q", { "failed-to": "q@dead" });
    await store.configure("q@dead", { "keep-completed": "1" });
    await store.push("q@dead", "1", "left", "of another");
    await failForGood(store, "1");
    const [first, second] = await store.scan("q@dead", "ready", { isWhole: true });
    expect(textOf(first!.contents!)).toBe("of another");
    expect(numbersOf(textOf(second!.id))[0]).toBeGreaterThan(0);
    expect(textOf(second!.contents!)).toBe("contents of 1");
    expect(lastHeaders(second!)).toMatchObject({ "okq-from": "q", "okq-id": "1" });
    await store.drain("q@dead");
    await store.push("q@dead", "2");
    await store.ackClaim("q@dead", await store.mustClaim("q@dead"));
    await failForGood(store, "2");
    expect(await store.ids("q@dead", "ready")).toEqual(["2"]);
    expect(await store.counts("q@dead")).toEqual({ ready: 1 });
  });

  check("an event fails at home if that queue is full or paused", async (store) => {
    await store.configure("q", { "failed-to": "q@dead" });
    await store.configure("q@dead", { "max-length": "1" });
    await store.pause("q@dead", ["in"]);
    await failForGood(store, "paused");
    await store.resume("q@dead", ["in"]);
    await failForGood(store, "moved");
    await failForGood(store, "full");
    expect(await store.ids("q", "failed")).toEqual(["paused", "full"]);
    expect(await store.ids("q@dead", "ready")).toEqual(["moved"]);
    await store.configure("q@dead", { "on-full": "drop-oldest" });
    await failForGood(store, "last");
    expect(await store.ids("q@dead", "ready")).toEqual(["last"]);
    await store.configure("q@dead", { "max-length": null });
    await store.pause("q@dead", ["out"]);
    await failForGood(store, "paused out");
    expect(await store.ids("q@dead", "ready")).toEqual(["last", "paused out"]);
  });

  check("events go on along a chain of queues", async (store) => {
    await store.configure("q", { "failed-to": "q@1" });
    await store.configure("q@1", { "failed-to": "q@2" });
    await failForGood(store, "1");
    await store.fail("q@1", await store.mustClaim("q@1"), "final", "again");
    expect(await store.counts("q@1")).toEqual({});
    const facts = await store.mustGet("q@2", "1");
    expect(lastHeaders(facts)).toMatchObject({ "okq-from": "q@1", "okq-error": "again" });
    expect(facts.errors.map(({ text }) => textOf(text))).toEqual(["error of 1", "again"]);
  });

  check("an event that fails again and again keeps one header of each name", async (store) => {
    await store.configure("q", { "failed-to": "q@dead" });
    await store.pushWith("q", "1", {
      headers: [
        ["own", "1"],
        ["own", "2"],
      ],
    });
    for (const error of ["first", "second", "third"]) {
      await store.fail("q", await store.mustClaim("q"), "final", error);
      const facts = await store.mustGet("q@dead", "1");
      const names = headersOf(facts.headers).map(([name]) => name);
      const added = ["okq-attempts", "okq-error", "okq-failed-at", "okq-from"];
      expect(names.toSorted()).toEqual([...added, "own", "own"]);
      expect(lastHeaders(facts)).toMatchObject({ "okq-error": error });
      const [queue, target] = [Buffer.from("q@dead"), Buffer.from("q")];
      const targets = [{ id: Buffer.from("1"), version: null }];
      expect(await store.submit({ kind: "move", queue, target, targets })).toEqual([true]);
    }
  });

  check(
    "a queue that is its own failed-to by the settings of all keeps its events",
    async (store) => {
      await store.configure(null, { "failed-to": "q@dead" });
      await failForGood(store, "1");
      expect(await store.counts("q@dead")).toEqual({ ready: 1 });
      await store.fail("q@dead", await store.mustClaim("q@dead"), "final");
      expect(await store.counts("q@dead")).toEqual({ failed: 1 });
      await store.configure(null, { "failed-to": null });
    },
  );

  check("the queue that is failed-to of all queues leads nowhere", async (store) => {
    const fail = async (queue: string) => {
      await store.fail(queue, await store.mustClaim(queue), "final");
    };
    const checkEnd = async () => {
      await failForGood(store, "1");
      await fail("q@dead");
      expect(await store.counts("q@dead")).toEqual({ failed: 1 });
      expect(await store.counts("q@other")).toEqual({});
      await store.flush("q@dead");
    };
    await store.configure(null, { "failed-to": "q@dead" });
    await store.configure("q@dead", { "failed-to": "q@other" });
    await checkEnd();
    await store.configure(null, { "failed-to": null });
    await store.configure("q@dead", { "failed-to": null });
    // In the other order, and over more queues.
    await store.configure("q@dead", { "failed-to": "q@other" });
    await store.configure("q@other", { "failed-to": "q@last" });
    await store.configure(null, { "failed-to": "q@dead" });
    await checkEnd();
    // By another one for all queues it leads on again.
    await store.configure(null, { "failed-to": "q@last" });
    await store.push("q@dead", "2");
    await fail("q@dead");
    await fail("q@other");
    await fail("q@last");
    expect(await store.ids("q@last", "failed")).toEqual(["2"]);
    await store.configure(null, { "failed-to": null });
  });

  check("an event that moves gets an id that no completed event has", async (store) => {
    await store.configure("q", { "failed-to": "q@dead" });
    await store.configure("q@dead", { "keep-completed": "50" });
    const [ms] = (await store.pushWith("q", null)).split("-");
    const ids = Array.from({ length: 40 }, (_, n) => `${ms}-${n}`);
    for (const id of ids) {
      await store.push("q@dead", id);
      await store.pop("q@dead");
      await store.ack("q@dead", id);
    }
    await store.push("q@dead", "1");
    await failForGood(store, "1");
    await store.configure("q@dead", { "keep-completed": "0" });
    while ((await store.reclaim(64)) >= 64);
    const left = await store.scan("q@dead", "ready", { isWhole: true });
    expect(left.map(({ contents }) => String(contents)).toSorted()).toHaveLength(2);
    expect(await store.counts("q@dead")).toEqual({ ready: 2 });
  });

  check("the headers of a move replace those of an earlier one", async (store) => {
    await store.configure("q", { "failed-to": "q@dead" });
    await store.configure("q@dead", { "failed-to": "q@last" });
    await store.push("q@dead", "1", "right");
    await store.push("q@last", "1");
    const headers: [string, string][] = [
      ["a", "1"],
      ["okq-error", "its own"],
      ["a", "2"],
    ];
    await store.pushWith("q", "1", { headers });
    await store.fail("q", await store.mustClaim("q"), "final", "first");
    const [, moved] = await store.scan("q@dead", "ready");
    const names = ["a", "a", "okq-from", "okq-error", "okq-attempts", "okq-failed-at", "okq-id"];
    expect(headersOf(moved!.headers).map(([name]) => name)).toEqual(names);
    const id = textOf(moved!.id);
    await store.push("q@last", id);
    await store.ackClaim("q@dead", await store.mustClaim("q@dead"));
    await store.fail("q@dead", await store.mustClaim("q@dead"), "final", "second");
    const last = (await store.scan("q@last", "ready")).at(-1)!;
    const values = headersOf(last.headers).filter(([name]) => name !== "okq-failed-at");
    expect(values).toEqual([
      ["a", "1"],
      ["a", "2"],
      ["okq-from", "q@dead"],
      ["okq-error", "second"],
      ["okq-attempts", "1"],
      ["okq-id", id],
    ]);
  });

  check("a failed event that gets a new id takes no event's place", async (store) => {
    await store.configure("q", { "failed-to": "q@dead" });
    const made = await Promise.all([1, 2].map(() => store.pushWith("q@made", null)));
    const [ms, number] = numbersOf(made[1]!);
    const step = number - numbersOf(made[0]!)[1];
    // In these tests the clock stands still: these are the next ones.
    const next = Array.from({ length: 64 }, (_, at) => `${ms}-${number + (at + 1) * step}`);
    const ids = ["1", ...next];
    for (const id of ids) expect(await store.push("q@dead", id)).toBe("ok");
    await store.push("q", "1");
    expect(await store.fail("q", await store.mustClaim("q"), "final")).toBe("failed");
    expect(await store.counts("q@dead")).toEqual({ ready: 66 });
    const dead = await store.claimBatch(["q@dead"], 100);
    expect(new Set(dead.map(({ id }) => id)).size).toBe(66);
    expect(dead.map(({ id }) => id)).toEqual(expect.arrayContaining(ids));
  });

  check("a late acknowledgement does not reach an event that moved on", async (store) => {
    await store.configure("q", { "failed-to": "q@dead", "max-crashes": "1" });
    await store.push("q", "1");
    const held = await store.mustClaim("q", 1000);
    store.advance(1000);
    await store.reclaim();
    expect(await store.ackClaim("q", held)).toBe(false);
    expect(await store.ackClaim("q@dead", held)).toBe(false);
    expect(await store.unpop("q", held.popped)).toBe(false);
    expect(await store.counts("q@dead")).toEqual({ ready: 1 });
    expect(await store.counts("q")).toEqual({});
  });

  check("large contents move along and stay", async (store) => {
    const contents = "x".repeat(400_000);
    await store.configure("q", { "failed-to": "q@dead" });
    await store.configure("q@dead", { "keep-completed": "1" });
    await store.pushWith("q", "1", { contents });
    await store.fail("q", await store.mustClaim("q"), "final");
    const dead = await store.mustClaim("q@dead");
    expect(dead.contents === contents).toBe(true);
    await store.ackClaim("q@dead", dead, "done");
    expect(String((await store.mustGet("q@dead", "1")).contents) === contents).toBe(true);
  });
}
