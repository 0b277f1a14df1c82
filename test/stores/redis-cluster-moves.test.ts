// Moves of events between queues in different shards of a Redis Cluster, and what becomes of them
// when okq dies between two of their steps.
// oxlint-disable no-await-in-loop -- the steps take place in this order
import { afterAll, beforeAll, expect, test } from "bun:test";
import { type Ask, moveApart } from "../../src/stores/redis/move-apart.ts";
import type { Operation } from "../../src/stores/redis/operation.ts";
import { type Cluster, startCluster } from "../support/redis-cluster.ts";
import { bind } from "./contract/bound-caller.ts";
import { bytesOf } from "./contract/caller.ts";
import { LifeCaller } from "./contract/life-caller.ts";
import { openOnCluster, queuesApart } from "./open-cluster.ts";
import { lastingKeys } from "./redis-targets.ts";

const HELD_MS = 30_000;
const [home, there] = queuesApart(2) as [string, string];

let cluster: Cluster;

beforeAll(async () => {
  cluster = await startCluster({ masters: 3, replicasEach: 0, outlivesTest: true });
}, 60_000);

afterAll(() => cluster.close());

function withCaller(title: string, body: (caller: LifeCaller) => Promise<void>): void {
  test(title, async () => {
    const under = await openOnCluster(cluster);
    try {
      await body(new LifeCaller(under));
    } finally {
      await under.close();
    }
  });
}

function targetsOf(ids: string[]) {
  return ids.map((id) => ({ id: bytesOf(id), version: null }));
}

function move(caller: LifeCaller, ids: string[], from = home, to = there): Promise<boolean[]> {
  const way = { queue: bytesOf(from), target: bytesOf(to) };
  return caller.submit({ kind: "move", ...way, targets: targetsOf(ids) });
}

/** `interrupt` is called before each step; if it throws, okq "dies" there. */
function moveInSteps(
  caller: LifeCaller,
  ids: string[],
  interrupt: (step: Operation["kind"]) => unknown,
  to = there,
): Promise<boolean[]> {
  const ask: Ask = async (_, operation) => {
    await interrupt(operation.kind);
    return (await caller.submit(operation as never)) as never;
  };
  const way = { queue: bytesOf(home), target: bytesOf(to) };
  return moveApart({ kind: "move", ...way, targets: targetsOf(ids) }, ask);
}

/** Where okq dies before that step. */
function dyingAt(death: Operation["kind"]) {
  return (step: Operation["kind"]) => {
    if (step === death) throw new Error("died");
  };
}

withCaller(
  "a move to another shard keeps the order and what belongs to an event",
  async (caller) => {
    await caller.push(there, "first");
    const options = { headers: [["a", "b"]] as [string, string][], attemptsMax: 7, leaseMs: 5 };
    await caller.pushWith(home, "1", { ...options, backoff: "fixed 3", contents: "some" });
    await caller.pushWith(home, "2");
    caller.under.ready.length = 0;
    expect(await move(caller, ["1", "2", "missing", "2"])).toEqual([true, true, false, false]);
    expect(caller.under.ready).toEqual([[there, 2]]);
    expect(await caller.counts(home)).toEqual({});
    expect(await caller.ids(there, "ready")).toEqual(["first", "1", "2"]);
    expect(await caller.mustGet(there, "1")).toMatchObject({
      contents: Buffer.from("some"),
      attemptsMax: 7,
      leaseMs: 5,
      backoff: "fixed 3",
      pushedAtMs: caller.nowMs,
    });
    expect(await caller.pop(there)).toBe("first");
    expect((await caller.mustClaim(there)).headers).toEqual([["a", "b"]]);
  },
);

withCaller("events keep their state, errors and due time in another shard", async (caller) => {
  await caller.configure(home, { "keep-completed": "5", "max-attempts": "5" });
  await caller.configure(there, { "keep-completed": "5" });
  for (const id of ["completed", "failed", "retrying"]) await caller.push(home, id);
  await caller.ackClaim(home, await caller.mustClaim(home), "a result");
  await caller.fail(home, await caller.mustClaim(home), "final", "broken");
  await caller.fail(home, await caller.mustClaim(home), { afterMs: 60_000 }, "not yet");
  await caller.pushWith(home, "delayed", { start: { afterMs: 50_000 } });
  await caller.pushWith(home, "soon", { start: { afterMs: 10 } });
  const since = await Promise.all(
    ["completed", "failed"].map(async (id) => (await caller.mustGet(home, id)).atMs),
  );
  caller.under.advance(5);
  const ids = ["completed", "failed", "retrying", "delayed", "soon"];
  expect(await move(caller, ids)).toEqual(ids.map(() => true));
  expect(await caller.counts(home)).toEqual({});
  expect(await caller.mustGet(there, "completed")).toMatchObject({
    state: "completed",
    atMs: since[0],
    result: Buffer.from("a result"),
  });
  const failed = await caller.mustGet(there, "failed");
  expect(failed).toMatchObject({ state: "failed", atMs: since[1], failures: 0 });
  expect(failed.lastError).toEqual(Buffer.from("broken"));
  expect(failed.errors.map(({ text }) => String(text))).toEqual(["broken"]);
  expect(await caller.mustGet(there, "retrying")).toMatchObject({ state: "delayed", failures: 0 });
  expect(await caller.dueInMs(there, "retrying")).toBe(59_995);
  expect(await caller.dueInMs(there, "delayed")).toBe(49_995);
  expect(await caller.dueInMs(there, "soon")).toBe(5);
});

withCaller("claimed events, taken ids and a full or paused target end no event", async (caller) => {
  for (const id of ["claimed", "taken", "1", "2", "3"]) await caller.push(home, id);
  await caller.pop(home);
  await caller.push(there, "taken");
  await caller.configure(there, { "max-length": "2" });
  const ids = ["claimed", "taken", "1", "2", "3"];
  expect(await move(caller, ids)).toEqual([false, false, true]);
  expect(await caller.ids(home, "ready")).toEqual(["taken", "2", "3"]);
  expect(await caller.ids(there, "ready")).toEqual(["taken", "1"]);
  await caller.configure(there, { "max-length": null });
  await caller.pause(there, ["in"]);
  expect(await move(caller, ["2"])).toEqual([]);
});

withCaller("large events move to another shard in several steps", async (caller) => {
  const ids = Array.from({ length: 7 }, (_, n) => String(n));
  for (const id of ids) await caller.pushWith(home, id, { contents: id.repeat(300_000) });
  let copied = 0;
  const count = (step: Operation["kind"]) => (copied += step === "copyOut" ? 1 : 0);
  expect(await moveInSteps(caller, ids, count)).toEqual(ids.map(() => true));
  expect(copied).toBe(2);
  expect(await caller.ids(there, "ready")).toEqual(ids);
});

withCaller("nobody gets a copy before its event is gone from the other shard", async (caller) => {
  for (const id of ["1", "2"]) await caller.push(home, id);
  const looks: unknown[] = [];
  const moving = moveInSteps(caller, ["1", "2"], async (step) => {
    if (step === "remove") looks.push(await caller.pop(there), await caller.pop(home));
  });
  expect(await moving).toEqual([false, true]);
  expect(looks).toEqual([null, "1"]);
  expect(await caller.counts(there)).toEqual({ ready: 1 });
  expect(await caller.counts(home)).toEqual({ claimed: 1 });
});

withCaller("an event whose contents change during its move stays, changed", async (caller) => {
  await caller.push(home, "1");
  const moving = moveInSteps(caller, ["1"], async (step) => {
    if (step !== "remove") return;
    const change = {
      contents: bytesOf("new"),
      start: null,
      ttlMs: null,
      priority: null,
      headers: [],
    };
    await caller.submit({ kind: "set", queue: bytesOf(home), id: bytesOf("1"), ...change });
  });
  expect(await moving).toEqual([false]);
  expect(await caller.counts(there)).toEqual({});
  expect((await caller.mustGet(home, "1")).contents).toEqual(Buffer.from("new"));
});

withCaller("after a death before the removal the same move again completes it", async (caller) => {
  await caller.configure(home, { "keep-completed": "5" });
  await caller.configure(there, { "keep-completed": "5" });
  for (const id of ["failed", "completed", "1", "2"]) await caller.push(home, id);
  await caller.fail(home, await caller.mustClaim(home), "final");
  await caller.ackClaim(home, await caller.mustClaim(home));
  await caller.pushWith(home, "later", { start: { afterMs: 90_000 } });
  const ids = ["failed", "completed", "1", "2", "later"];
  await expect(moveInSteps(caller, ids, dyingAt("remove"))).rejects.toThrow("died");
  expect(await caller.counts(home)).toEqual({ ready: 2, delayed: 1, failed: 1, completed: 1 });
  expect(await move(caller, ids)).toEqual(ids.map(() => true));
  expect(await caller.counts(home)).toEqual({});
  expect(await caller.counts(there)).toEqual({ ready: 2, delayed: 1, failed: 1, completed: 1 });
  expect(await caller.ids(there, "ready")).toEqual(["1", "2"]);
  expect(await caller.dueInMs(there, "later")).toBe(90_000);
});

withCaller("the same move again knows a copy that was claimed meanwhile", async (caller) => {
  await caller.push(home, "1");
  await expect(moveInSteps(caller, ["1"], dyingAt("remove"))).rejects.toThrow("died");
  caller.under.advance(HELD_MS);
  await caller.reclaim();
  const held = await caller.mustClaim(there);
  expect(await move(caller, ["1"])).toEqual([true]);
  expect(await caller.counts(home)).toEqual({});
  expect(await caller.ackClaim(there, held)).toBe(true);
});

withCaller(
  "after a death before the end of a move the event comes some seconds later",
  async (caller) => {
    await caller.push(home, "1");
    await caller.pushWith(home, "later", { start: { afterMs: 90_000 } });
    const ids = ["1", "later"];
    await expect(moveInSteps(caller, ids, dyingAt("settle"))).rejects.toThrow("died");
    expect(await caller.counts(home)).toEqual({});
    expect(await caller.counts(there)).toEqual({ delayed: 2 });
    caller.under.advance(HELD_MS);
    await caller.reclaim();
    expect(await caller.pop(there)).toBe("1");
    expect(await caller.ack(there, "1")).toBe(true);
    expect(await caller.pop(there)).toBeNull();
    caller.under.advance(60_000);
    await caller.reclaim();
    expect(await caller.pop(there)).toBe("later");
  },
);

withCaller("an id that belongs to another event is no copy of an earlier move", async (caller) => {
  await caller.push(home, "1");
  await expect(moveInSteps(caller, ["1"], dyingAt("remove"))).rejects.toThrow("died");
  // The event at home is replaced by another one with its id.
  await caller.remove(home, ["1"]);
  caller.under.advance(1);
  await caller.pushWith(home, "1", { contents: "other" });
  expect(await move(caller, ["1"])).toEqual([false]);
  expect((await caller.mustGet(home, "1")).contents).toEqual(Buffer.from("other"));
});

withCaller("of two moves at a time none loses an event", async (caller) => {
  const other = caller.another();
  const steps = ["copyIn", "remove", "settle"] as const;
  for (const mine of steps) {
    for (const theirs of steps) {
      await caller.push(home, "1");
      // The other move stops before `theirs`, and goes on when this one stands before `mine`.
      let goOn = (): void => {};
      let hasStopped = (): void => {};
      const stopped = new Promise<void>((resolve) => (hasStopped = resolve));
      const going = new Promise<void>((resolve) => (goOn = resolve));
      const first = moveInSteps(other, ["1"], async (step) => {
        if (step !== theirs) return;
        hasStopped();
        await going;
      });
      await Promise.race([stopped, first]);
      const second = moveInSteps(caller, ["1"], async (step) => {
        if (step !== mine) return;
        goOn();
        await first;
      });
      await second;
      goOn();
      await first;
      caller.under.advance(HELD_MS);
      await caller.reclaim();
      expect([mine, theirs, await caller.counts(home)]).toEqual([mine, theirs, {}]);
      expect([mine, theirs, await caller.pop(there)]).toEqual([mine, theirs, "1"]);
      await caller.flush(there);
    }
  }
});

withCaller("a move leaves no key of its queue behind", async (caller) => {
  await caller.pushWith(home, "1", { attemptsMax: 5 });
  await move(caller, ["1"]);
  await caller.remove(there, ["1"]);
  const keys = await Promise.all(cluster.nodes.map(({ redis }) => lastingKeys(redis)));
  expect(keys.flat()).toEqual([]);
});

withCaller("a move to another shard is copied to bound queues of the target", async (caller) => {
  const bound = `${there}@a`;
  await bind(caller, there, "a");
  await caller.push(home, "1");
  await caller.pushWith(home, "later", { start: { afterMs: 1000 } });
  expect(await move(caller, ["1", "later"])).toEqual([true, true]);
  for (const queue of [there, bound]) {
    expect(await caller.counts(queue)).toEqual({ ready: 1, delayed: 1 });
  }
  // Its id is taken in the bound queue.
  await caller.push(home, "1");
  await caller.remove(there, ["1"]);
  expect(await move(caller, ["1"])).toEqual([false]);
  await caller.configure(there, { "bound-only": "yes" });
  await caller.push(home, "2");
  expect(await move(caller, ["2"])).toEqual([true]);
  expect(await caller.ids(there, "ready")).toEqual([]);
  expect(await caller.ids(bound, "ready")).toEqual(["1", "2"]);
  await caller.pause(bound, ["in"]);
  await caller.push(home, "3");
  expect(await move(caller, ["3"])).toEqual([]);
});

withCaller("a move that okq did not finish is put right with its copies", async (caller) => {
  const bound = `${there}@a`;
  await bind(caller, there, "a");
  for (const id of ["1", "2"]) await caller.push(home, id);
  await expect(moveInSteps(caller, ["1", "2"], dyingAt("settle"))).rejects.toThrow();
  // Nobody gets them yet.
  for (const queue of [there, bound]) expect(await caller.counts(queue)).toEqual({ delayed: 2 });
  caller.advance(HELD_MS);
  await caller.reclaim();
  for (const queue of [there, bound]) expect(await caller.counts(queue)).toEqual({ ready: 2 });
  await caller.push(home, "other");
  const change = async (step: Operation["kind"]) => {
    if (step === "remove") await caller.remove(home, ["other"]);
  };
  expect(await moveInSteps(caller, ["other"], change)).toEqual([false]);
  for (const queue of [there, bound]) {
    expect(await caller.counts(queue)).toEqual({ ready: 2 });
  }
  await caller.push(home, "again");
  await expect(moveInSteps(caller, ["again"], dyingAt("remove"))).rejects.toThrow();
  expect(await move(caller, ["again"])).toEqual([true]);
  for (const queue of [there, bound]) {
    expect((await caller.ids(queue, "ready")).at(-1)).toBe("again");
  }
});
