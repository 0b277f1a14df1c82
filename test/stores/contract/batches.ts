// The order of operations within a session, also among other operations of the same turn.
// oxlint-disable no-await-in-loop -- the steps take place in this order

import { expect } from "bun:test";
import type { Check } from "../contract.ts";
import { leaseMs } from "./caller.ts";

export function batches(check: Check): void {
  check("push, pop and ack of one event in one turn take effect in order", async (store) => {
    const results = [
      store.pop("q"),
      store.push("q", "1"),
      store.ack("q", "1"),
      store.pop("q"),
      store.ack("q", "1"),
      store.ack("q", "1"),
      store.pop("q"),
    ];
    expect(await Promise.all(results)).toEqual([null, "ok", false, "1", true, false, null]);
    expect(await store.list()).toEqual([]);
  });

  check("every kind of operation may share a turn", async (store) => {
    const results = [
      store.register({ q: 3 }),
      store.push("q", "1"),
      store.status("q"),
      store.pop("q", 1000),
      store.reclaim(),
      store.redo("q", "1"),
      store.peek("q"),
      store.ready("r", "q"),
      store.list(),
      store.flush("q"),
      store.status("q"),
    ];
    expect(await Promise.all(results)).toEqual([
      null,
      "ok",
      [["q", 1, 0, 3]],
      "1",
      0,
      true,
      "1",
      "q",
      [["q", 1, 0, 3]],
      null,
      [["q", 0, 0, 3]],
    ]);
  });

  check("of several pushes with one id in a turn, the first succeeds", async (store) => {
    const contents = ["first", "second", "third"];
    const results = contents.map((text) => store.push("q", "1", "left", text));
    expect(await Promise.all(results)).toEqual(["ok", "duplicate", "duplicate"]);
    expect(await store.popEvent("q")).toEqual(["1", "first"]);
  });

  check("an id is free again within the turn in which it was acknowledged", async (store) => {
    const results = [
      store.push("q", "1", "left", "old"),
      store.pop("q"),
      store.ack("q", "1"),
      store.push("q", "1", "left", "new"),
      store.popEvent("q", 0),
      store.push("q", "1", "left", "newest"),
    ];
    expect(await Promise.all(results)).toEqual(["ok", "1", true, "ok", ["1", "new"], "ok"]);
    expect(await store.popEvent("q")).toEqual(["1", "newest"]);
  });

  check("hundreds of operations in one turn are answered in order", async (store) => {
    const ids = Array.from({ length: 600 }, (_, i) => `${i}`);
    const pushes = ids.map((id) => store.push("q", id));
    const pops = ids.map(() => store.pop("q"));
    const acks = ids.map((id) => store.ack("q", id));
    const pastTheEnd = store.pop("q");
    expect(await Promise.all(pushes)).toEqual(ids.map(() => "ok"));
    expect(await Promise.all(pops)).toEqual(ids);
    expect(await Promise.all(acks)).toEqual(ids.map(() => true));
    expect(await pastTheEnd).toBeNull();
    expect(await store.list()).toEqual([]);
  });

  check("results settle in the order of submission", async (store) => {
    const settled: number[] = [];
    const results = Array.from({ length: 100 }, async (_, i) => {
      await store.push(i % 2 === 0 ? "q" : "r", `${i}`);
      settled.push(i);
    });
    await Promise.all(results);
    expect(settled).toEqual(Array.from({ length: 100 }, (_, i) => i));
  });

  check("a session's operations take effect in order across queues", async (store) => {
    await store.push("in", "1");
    await store.pop("in");
    const onward = [store.push("out", "1"), store.ack("in", "1"), store.status("in", "out")];
    const twice = [store.push("out", "1"), store.pop("out"), store.push("in", "1")];
    expect(await Promise.all([...onward, ...twice])).toEqual([
      "ok",
      true,
      [
        ["in", 0, 0, 0],
        ["out", 1, 0, 0],
      ],
      "duplicate",
      "1",
      "ok",
    ]);
  });

  check("many sessions share a turn, and each keeps its own order", async (store) => {
    const sessions = Array.from({ length: 20 }, () => store.another());
    const perSession = Array.from({ length: 25 }, (_, i) => i);
    const pushes = perSession.flatMap((i) =>
      sessions.map((session, who) => session.push("shared", `${who}.${i}`)),
    );
    expect(new Set(await Promise.all(pushes))).toEqual(new Set(["ok"]));
    const ids = await store.drain("shared");
    expect(ids.length).toBe(500);
    for (const who of sessions.keys()) {
      const own = ids.filter((id) => id.startsWith(`${who}.`));
      expect(own).toEqual(perSession.map((i) => `${who}.${i}`));
    }
  });

  check("an event goes to only one of the sessions that pop at once", async (store) => {
    const ids = Array.from({ length: 50 }, (_, i) => `${i}`);
    await store.pushAll("q", ids);
    const sessions = Array.from({ length: 10 }, () => store.another());
    const pops = sessions.flatMap((session) => ids.slice(0, 10).map(() => session.pop("q")));
    const popped = (await Promise.all(pops)).filter((id) => id !== null);
    expect(popped.toSorted()).toEqual(ids.toSorted());
  });

  check("a session may acknowledge an event that another popped", async (store) => {
    await store.push("q", "1");
    await store.another().pop("q", leaseMs);
    expect(await store.another().ack("q", "1")).toBe(true);
  });

  check("every session sees the effect of a settled operation", async (store) => {
    await store.push("q", "1");
    expect(await store.another().status("q")).toEqual([["q", 1, 0, 0]]);
  });

  check("close settles the operations in flight first", async (store) => {
    let settled = 0;
    const count = () => settled++;
    for (const id of ["1", "2", "2", "3"]) store.ack("q", id).then(count, count);
    await store.under.store.close();
    expect(settled).toBe(4);
  });
}
