// Bound queues: copies of what comes from other queues, and many or large ones.
// oxlint-disable no-await-in-loop -- the steps take place in this order

import { expect } from "bun:test";
import type { Operation, Transaction } from "../../../src/queue/operations.ts";
import type { Check } from "../contract.ts";
import { bind, expectSame, pushedTotal, readyIn } from "./bound-caller.ts";
import { bytesOf, textOf } from "./caller.ts";
import { headersOf, type LifeCaller, refusalOf } from "./life-caller.ts";

function move(store: LifeCaller, queue: string, target: string, ids: string[]) {
  const targets = ids.map((id) => ({ id: bytesOf(id), version: null }));
  return store.submit({ kind: "move", queue: bytesOf(queue), target: bytesOf(target), targets });
}

async function failOne(store: LifeCaller, queue: string): Promise<void> {
  expect(await store.fail(queue, await store.mustClaim(queue), "final", "broken")).toBe("failed");
}

function pushOf(id: string): Operation {
  const event = { id: bytesOf(id), contents: bytesOf("contents"), options: null };
  return { kind: "push", queue: bytesOf("q"), end: "left", ...event };
}

export function boundArrivals(check: Check): void {
  check("events that have failed for good are copied where they move to", async (store) => {
    await store.configure("q", { "failed-to": "q@dead" });
    await bind(store, "q@dead", "a", "b");
    await store.pushWith("q", "1", { attemptsMax: 3, headers: [["own", "header"]] });
    await failOne(store, "q");
    await expectSame(store, "1", "q@dead", "q@dead@a", "q@dead@b");
    expect(headersOf((await store.mustGet("q@dead@a", "1")).headers)).toContainEqual([
      "okq-error",
      "broken",
    ]);
    expect(await pushedTotal(store, "q@dead@a")).toBe(1);
    // Its id is taken in one of them.
    await store.remove("q@dead", ["1"]);
    await store.remove("q@dead@b", ["1"]);
    await store.push("q", "1");
    await failOne(store, "q");
    const [made] = await store.ids("q@dead", "ready");
    expect(made).not.toBe("1");
    expect(await readyIn(store, "q@dead@a", "q@dead@b")).toEqual({
      "q@dead@a": `1 ${made}`,
      "q@dead@b": made!,
    });
    await store.configure("q@dead", { "bound-only": "yes" });
    await store.push("q", "2");
    await failOne(store, "q");
    expect(await store.ids("q@dead", "ready")).toEqual([made!]);
    expect(await store.ids("q@dead@b", "ready")).toEqual([made!, "2"]);
    for (const [queue, key] of Object.entries({ "q@dead@a": "max-length", "q@dead@b": "in" })) {
      if (key === "in") await store.pause(queue, ["in"]);
      else await store.configure(queue, { "max-length": "1" });
      await store.push("q", `stays for ${queue}`);
      await failOne(store, "q");
      if (key !== "in") await store.configure(queue, { "max-length": null });
    }
    expect(await store.ids("q", "failed")).toEqual(["stays for q@dead@a", "stays for q@dead@b"]);
  });

  check("a failed event stays at home if its own queue would get a copy", async (store) => {
    await bind(store, "q", "a");
    await store.configure("q@a", { "failed-to": "q" });
    await store.push("q@a", "1");
    await failOne(store, "q@a");
    expect(await store.counts("q@a")).toEqual({ failed: 1 });
    expect(await store.counts("q")).toEqual({});
  });

  check("events that are moved are copied, but for failed and completed ones", async (store) => {
    await store.configure("from", { "keep-completed": "" });
    await bind(store, "from@to", "a");
    await store.push("from", "completed");
    await store.ackClaim("from", await store.mustClaim("from"));
    await store.push("from", "failed");
    await failOne(store, "from");
    await store.pushWith("from", "ready", { headers: [["a", "b"]], leaseMs: 7000 });
    await store.pushWith("from", "delayed", { start: { afterMs: 5000 } });
    await store.configure("from@to", { "keep-completed": "" });
    const ids = ["completed", "failed", "ready", "delayed"];
    expect(await move(store, "from", "from@to", ids)).toEqual([true, true, true, true]);
    expect(await store.counts("from@to@a")).toEqual({ ready: 1, delayed: 1 });
    const all = { ready: 1, delayed: 1, failed: 1, completed: 1 };
    expect(await store.counts("from@to")).toEqual(all);
    for (const id of ["ready", "delayed"]) await expectSame(store, id, "from@to", "from@to@a");
    // Its id is taken by its copy.
    expect(await move(store, "from@to", "from", ["ready"])).toEqual([true]);
    expect(await move(store, "from", "from@to", ["ready"])).toEqual([false]);
    expect(await move(store, "from@to@a", "from@to", ["ready"])).toEqual([false]);
    await store.remove("from@to@a", ["ready", "delayed"]);
    await store.configure("from@to@a", { "max-length": "1" });
    await store.push("from", "second");
    await store.configure("from@to", { "bound-only": "yes" });
    expect(await move(store, "from", "from@to", ["ready", "second"])).toEqual([true]);
    expect(await store.ids("from@to@a", "ready")).toEqual(["ready"]);
    expect(await store.ids("from", "ready")).toEqual(["second"]);
    expect(textOf((await store.mustGet("from@to@a", "ready")).contents!)).toBe("contents of ready");
  });

  check("a transaction is judged with bound queues", async (store) => {
    await bind(store, "q", "a");
    await store.push("q", "1");
    const pushes = (...ids: string[]): Transaction => ({
      kind: "transaction",
      operations: [
        { kind: "ack", queue: bytesOf("q"), id: bytesOf("1"), token: null, result: null },
        ...ids.map((id) => pushOf(id)),
      ],
    });
    await store.pop("q");
    await store.configure("q@a", { "max-length": "2" });
    expect(await refusalOf(store.submit(pushes("2", "3")))).toBe("QUEUEFULL q@a");
    const next = store.another();
    await next.pause("q@a", ["in"]);
    expect(await refusalOf(next.submit(pushes("2")))).toBe("PAUSED q@a");
    const last = next.another();
    expect(await last.counts("q")).toEqual({ claimed: 1 });
    await last.resume("q@a", ["in"]);
    await last.submit(pushes("2"));
    expect(await readyIn(last, "q", "q@a")).toEqual({ q: "2", "q@a": "1 2" });
    expect(await last.counts("q")).toEqual({ ready: 1 });
  });

  check("an event of a cron entry is copied, or refused as a push is", async (store) => {
    await bind(store, "q", "a");
    const entry = { queue: bytesOf("q"), name: bytesOf("n") };
    await store.submit({ kind: "cronSet", ...entry, version: "1", definition: bytesOf("") });
    let expectedAtMs: number | null = null;
    const fire = (id: string) => {
      const contents = bytesOf("contents");
      const push = { end: "left", id: bytesOf(id), contents, options: null } as const;
      const times = { expectedAtMs, nextAtMs: store.nowMs + 1000, firesAtMs: store.nowMs };
      expectedAtMs = times.nextAtMs;
      return store.submit({ kind: "cronFire", ...entry, version: "1", ...times, push });
    };
    expect(await fire("1")).toEqual(bytesOf("1"));
    expect(await readyIn(store, "q", "q@a")).toEqual({ q: "1", "q@a": "1" });
    await store.pause("q@a", ["in"]);
    expect(await fire("2")).toEqual({ code: "PAUSED", refusing: bytesOf("q@a") });
    expect(await readyIn(store, "q", "q@a")).toEqual({ q: "1", "q@a": "1" });
  });

  check("a copy has no unique key, and needs none", async (store) => {
    await bind(store, "q", "a");
    const unique = { key: "key" };
    await store.pushWith("q@a", "own", { unique });
    expect(await store.pushWith("q", "1", { unique })).toBe("1");
    expect(await store.pushWith("q", "2", { unique })).toBe("duplicate of 1");
    expect((await store.mustGet("q", "1")).unique).toEqual(bytesOf("key"));
    expect((await store.mustGet("q@a", "1")).unique).toBeNull();
    await store.remove("q", ["1"]);
    expect(await store.pushWith("q", "1", { unique })).toBe("duplicate of 1");
    expect(await store.pushWith("q", "2", { unique })).toBe("2");
    expect(await readyIn(store, "q", "q@a")).toEqual({ q: "2", "q@a": "own 1 2" });
  });

  check("large contents are copied whole", async (store) => {
    await bind(store, "q", "a", "b");
    const contents = Array.from({ length: 12 }, (_, at) => "x".repeat(40_000 + at));
    await Promise.all(contents.map((each, at) => store.pushWith("q", `${at}`, { contents: each })));
    const plain = contents.map((each, at) =>
      store.submit({
        kind: "push",
        queue: bytesOf("q"),
        end: "left",
        id: bytesOf(`plain ${at}`),
        contents: bytesOf(each),
        options: null,
      }),
    );
    await Promise.all(plain);
    for (const queue of ["q", "q@a", "q@b"]) {
      for (const id of ["0", "11", "plain 0", "plain 11"]) {
        const facts = await store.mustGet(queue, id);
        expect(facts.contents!.length).toBe(40_000 + Number(id.split(" ").at(-1)));
      }
    }
  });

  check("many pushes at once to a queue with many bound ones", async (store) => {
    await bind(store, "q", ...Array.from({ length: 30 }, (_, at) => `${at}`));
    const ids = Array.from({ length: 300 }, (_, at) => `${at}`);
    await Promise.all([...ids.map((id) => store.push("q", id)), store.pushBatch("q", ["batch"])]);
    for (const queue of ["q", "q@0", "q@29"]) {
      expect(await store.counts(queue)).toEqual({ ready: 301 });
      const found = await store.scan(queue, "ready", { limit: 400 });
      expect(found.map(({ id }) => textOf(id))).toEqual([...ids, "batch"]);
    }
  });
}
