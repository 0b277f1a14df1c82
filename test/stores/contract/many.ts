// Batches: pushBatch is one step, popBatch takes events from several queues.
// oxlint-disable no-await-in-loop -- the steps take place in this order

import { expect } from "bun:test";
import type { Check } from "../contract.ts";
import { refusalOf } from "./life-caller.ts";
import { areAscending, restartsOf } from "./pushes.ts";

export function many(check: Check): void {
  check("a batch is pushed in its order, at either end", async (store) => {
    await store.push("q", "before");
    expect(await store.pushBatch("q", ["1", "2", "3"])).toEqual(["1", "2", "3"]);
    expect(await store.pushBatch("q", ["a", "b"], { end: "right" })).toEqual(["a", "b"]);
    expect(await store.drain("q")).toEqual(["b", "a", "before", "1", "2", "3"]);
    expect(await store.pushBatch("q", [])).toEqual([]);
    expect(await store.list()).toEqual([]);
  });

  check("of a batch, ids are made and duplicates are told one by one", async (store) => {
    await store.push("q", "2");
    const outcomes = await store.pushBatch("q", ["1", null, "2", "1", null]);
    const made = [outcomes[1]!, outcomes[4]!];
    expect(areAscending(made)).toBe(true);
    expect(outcomes.toSpliced(4, 1).toSpliced(1, 1)).toEqual([
      "1",
      "duplicate of 2",
      "duplicate of 1",
    ]);
    expect(await store.drain("q")).toEqual(["2", "1", ...made]);
  });

  check("the options of a batch hold for all its events", async (store) => {
    const headers: [string, string][] = [["a", "b"]];
    const options = { headers, ttlMs: 9000, leaseMs: 700, start: { afterMs: 1000 } };
    await store.pushBatch("q", ["1", "2"], options);
    expect(await store.counts("q")).toEqual({ delayed: 2 });
    for (const restart of restartsOf(store)) await restart();
    store.advance(1000);
    expect(await store.reclaim()).toBe(2);
    expect((await store.mustGet("q", "2")).expiresAtMs).toBe(store.nowMs + 8000);
    for (const held of await store.claimBatch(["q"], 2, null)) {
      expect(held.headers).toEqual(headers);
      expect(await store.dueInMs("q", held.id)).toBe(700);
    }
  });

  check("a batch keeps or replaces what is there", async (store) => {
    await store.pushAll("q", ["1", "2"]);
    await store.mustClaim("q");
    const replace = { onDuplicate: "replace", contents: "new" } as const;
    expect(await store.pushBatch("q", ["1", "2", "3"], replace)).toEqual([
      "duplicate of 1",
      "2",
      "3",
    ]);
    expect(await store.pushBatch("q", ["5", "5"], replace)).toEqual(["5", "duplicate of 5"]);
    await store.remove("q", ["5"]);
    const keep = { onDuplicate: "keep", contents: "newer" } as const;
    expect(await store.pushBatch("q", ["1", "2", "4"], keep)).toEqual(["1", "2", "4"]);
    const contents = (await store.claimBatch(["q"], 9)).map((held) => [held.id, held.contents]);
    expect(contents).toEqual([
      ["2", "new"],
      ["3", "new"],
      ["4", "newer"],
    ]);
  });

  check("a batch of a thousand events is one step", async (store) => {
    const ids = Array.from({ length: 1000 }, (_, n) => `${(n * 7919) % 1000}`);
    expect(await store.pushBatch("q", ids)).toEqual(ids);
    const helds = await store.claimBatch(["q"], 1000);
    expect(helds.map(({ id }) => id)).toEqual(ids);
    expect(new Set(helds.map(({ token }) => token)).size).toBe(1000);
    const claims = helds.map(({ popped }) => popped);
    const queue = Buffer.from("q");
    const outcomes = await store.submit({ kind: "ackBatch", queue, claims });
    expect(outcomes.every((isDone) => isDone)).toBe(true);
    expect(await store.list()).toEqual([]);
  });

  check("a batch that is refused pushes none of its events", async (store) => {
    await store.pause("q", ["in"]);
    expect(await refusalOf(store.pushBatch("q", ["1", null]))).toBe("PAUSED q");
    await store.resume("q", ["in"]);
    await store.configure("q", { "max-length": "1" });
    expect(await refusalOf(store.pushBatch("q", [null, null]))).toBe("QUEUEFULL q");
    expect(await store.counts("q")).toEqual({});
  });

  check(
    "a pop of several takes from the first queue that has any, then the next",
    async (store) => {
      await store.pushAll("a", ["1", "2"]);
      await store.pushAll("b", ["3", "4"]);
      await store.pushAll("c", ["5"]);
      const pop = async (count: number, ...queues: string[]) =>
        (await store.claimBatch(queues, count)).map(({ id, popped }) => `${popped.queue} ${id}`);
      expect(await pop(1, "none", "b", "a")).toEqual(["b 3"]);
      expect(await pop(3, "a", "none", "b", "c")).toEqual(["a 1", "a 2", "b 4"]);
      expect(await pop(9, "a", "b", "c", "c")).toEqual(["c 5"]);
      expect(await pop(9, "a", "b", "c")).toEqual([]);
      expect(await pop(9)).toEqual([]);
    },
  );

  check("queues in many parts of a store are popped in the order given", async (store) => {
    const queues = Array.from({ length: 20 }, (_, n) => `q${n}`);
    for (const queue of queues) await store.pushAll(queue, [`${queue} 1`, `${queue} 2`]);
    const helds = await store.claimBatch(queues.toReversed(), 39);
    expect(helds.map(({ id }) => id)).toEqual(
      queues
        .toReversed()
        .flatMap((queue) => [`${queue} 1`, `${queue} 2`])
        .slice(0, 39),
    );
    for (const { id, token, popped } of helds) {
      expect(await store.ackClaim(popped.queue.toString(), { id, token })).toBe(true);
    }
    expect(await store.list()).toEqual([["q0", 1, 0, 0]]);
  });

  check("a pop of several stops behind 1 MiB of contents", async (store) => {
    for (const id of ["1", "2", "3", "4"]) {
      await store.pushWith("q", id, { contents: "x".repeat(400_000) });
    }
    const count = async () => (await store.claimBatch(["q"], 10)).length;
    expect([await count(), await count(), await count()]).toEqual([3, 1, 0]);
    await store.pushWith("q", "5", { contents: "x".repeat(2_000_000) });
    await store.push("q", "6");
    expect([await count(), await count()]).toEqual([1, 1]);
    const headers: [string, string][] = [["name", "x".repeat(50_000)]];
    for (const [at, bytes] of [1, 2, 600_000, 5, 600_000, 6, 7].entries()) {
      await store.pushWith("q", `with headers ${at}`, { contents: "x".repeat(bytes), headers });
    }
    for (const lease of [1000, 0]) {
      const helds = await store.claimBatch(["q", "r"], 10, lease);
      expect(helds.map(({ contents }) => contents.length)).toEqual(
        lease > 0 ? [1, 2, 600_000, 5, 600_000] : [6, 7],
      );
    }
    expect(await store.counts("q")).toEqual({ claimed: 11 });
  });

  check("small events in front of large ones are popped in the same order", async (store) => {
    const sizes = [1, 2, 600_000, 3, 600_000, 4, 5, 600_000, 600_000, 6];
    for (const [at, bytes] of sizes.entries()) {
      await store.pushWith("q", `${at}`, { contents: "x".repeat(bytes) });
    }
    const ids = async (lease: number) =>
      (await store.claimBatch(["q"], 100, lease)).map(({ id }) => id).join("");
    expect([await ids(1000), await ids(0), await ids(0)]).toEqual(["01234", "5678", "9"]);
  });

  check("a pop of several with a lease of 0 removes them", async (store) => {
    await store.pushAll("q", ["1", "2"]);
    await store.pushAll("r", ["3"]);
    const helds = await store.claimBatch(["q", "r"], 3, 0);
    expect(helds.map(({ id, token }) => [id, token])).toEqual([
      ["1", null],
      ["2", null],
      ["3", null],
    ]);
    expect(await store.list()).toEqual([]);
  });
}
