// Claims that go from one consumer of a group to another, or begin anew.
// oxlint-disable no-await-in-loop -- the steps take place in this order

import { expect } from "bun:test";
import { LIST_BYTES_MAX, TOO_LARGE } from "../../../src/queue/lists.ts";
import { NO_GROUP } from "../../../src/queue/streams.ts";
import type { Check } from "../contract.ts";
import { bytesOf, textOf } from "./caller.ts";
import { restartAll } from "./counters.ts";
import type { LifeCaller } from "./life-caller.ts";
import {
  add,
  addAll,
  claim,
  claiming,
  claimingFrom,
  consumersOf,
  creating,
  heldIn,
  pendingOf,
  placeNamed,
  take,
  takeUndoable,
} from "./stream-caller.ts";

/** A stream of which ann has the first two entries, and bob the next two. */
async function fourClaims(store: LifeCaller): Promise<void> {
  await store.submit(creating("q", "g"));
  await store.configure("q", { lease: "60" });
  await addAll(store, "q", "1-1", "2-1", "3-1", "4-1", "5-1");
  await take(store, "q", "g", "ann", 2);
  await take(store, "q", "g", "bob", 2);
}

type Claiming = ReturnType<typeof claiming> | ReturnType<typeof claimingFrom>;

async function claimed(store: LifeCaller, operation: Claiming) {
  const result = await store.submit(operation);
  if (typeof result === "string") throw new Error(result);
  return result;
}

const ways = [
  [
    "by their ids",
    (ids: string[], isCounted: boolean) => claiming("q", "g", "carl", ids, { isCounted }),
  ],
  [
    "from a place on",
    (ids: string[], isCounted: boolean) =>
      claimingFrom("q", "g", "carl", ids[0]!, { isCounted, count: ids.length }),
  ],
] as const;

export function streamClaims(check: Check): void {
  for (const [way, claimingThem] of ways) {
    for (const isCounted of [true, false]) {
      const how = isCounted ? "with an attempt" : "without an attempt";
      check(`claims ${way} begin anew for another consumer, ${how}`, async (store) => {
        await fourClaims(store);
        const [old] = await takeUndoable(store, "q", "g", "ann");
        store.advance(20_000);
        const result = await claimed(store, claimingThem(["4-1", "5-1"], isCounted));
        expect(textOf(result.queue)).toBe("q");
        const shown = result.claimed.map(({ popped, idleMs }) => [textOf(popped.id), idleMs]);
        expect(shown).toEqual([
          ["4-1", 20_000],
          ["5-1", 20_000],
        ]);
        const attempt = isCounted ? 2 : 1;
        const { popped } = result.claimed[1]!;
        expect(textOf(popped.contents)).toBe("contents of 5-1");
        expect(popped.attempt).toBe(attempt);
        expect(await store.dueInMs("q", "5-1")).toBe(60_000);
        expect(await store.mustGet("q", "5-1")).toMatchObject({
          state: "claimed",
          failures: 0,
          crashes: attempt - 1,
          claimedAtMs: store.nowMs,
        });
        const expected = ["carl", 0, attempt];
        const rows = await pendingOf(store, "q", "g", { from: "4-1" });
        expect(rows).toEqual([["4-1", ...expected] as never, ["5-1", ...expected] as never]);
        // The token of the claim before is worth nothing.
        const oldToken = { id: "5-1", token: textOf(old!.token!) };
        expect(await store.touch("q", oldToken)).toBeNull();
        expect(await store.ackClaim("q", oldToken)).toBe(false);
        expect(await store.unpop("q", old!)).toBe(false);
        await restartAll(store);
        expect(await heldIn(store, "q", "g")).toBe("1-1 ann, 2-1 ann, 3-1 bob, 4-1 carl, 5-1 carl");
        const token = { id: "5-1", token: textOf(popped.token!) };
        expect(await store.ackClaim("q", token)).toBe(true);
      });
    }
  }

  check("claims are given in the order of the ids, or of the places", async (store) => {
    await fourClaims(store);
    expect(await claim(store, claiming("q", "g", "carl", ["3-1", "1-1", "9-9", "2-1"]))).toBe(
      "3-1 1-1 2-1",
    );
    expect(await claim(store, claiming("q", "g", "carl", ["5-1", "x"]))).toBe("");
    expect(await claim(store, claimingFrom("q", "g", "dora", "2-1"))).toBe("2-1 3-1 4-1");
    expect(await heldIn(store, "q", "g")).toBe("1-1 carl, 2-1 dora, 3-1 dora, 4-1 dora");
  });

  check("the place of the next claim follows so many", async (store) => {
    await fourClaims(store);
    const from = (place: string, count: number) =>
      claim(store, claimingFrom("q", "g", "carl", place, { count }));
    expect(await from("-", 2)).toBe("1-1 2-1 next 3-1");
    expect(await from("3-1", 1)).toBe("3-1 next 4-1");
    expect(await from("4-1", 1)).toBe("4-1");
    expect(await from("-", 4)).toBe("1-1 2-1 3-1 4-1");
    expect(await from("2-2", 9)).toBe("3-1 4-1");
    expect(await from("5-0", 9)).toBe("");
  });

  check("the next claim is the next one of the group, whoever has it", async (store) => {
    await fourClaims(store);
    const own = { isOwn: true, count: 1, isCounted: false };
    expect(await claim(store, claimingFrom("q", "g", "ann", "2-1", own))).toBe("2-1 next 3-1");
    expect(await claim(store, claimingFrom("q", "g", "bob", "-", own))).toBe("3-1 next 4-1");
  });

  check("a consumer claims its own claims anew", async (store) => {
    await fourClaims(store);
    store.advance(10_000);
    const own = { isOwn: true, isCounted: false };
    expect(await claim(store, claimingFrom("q", "g", "bob", "-", own))).toBe("3-1 4-1");
    expect(await pendingOf(store, "q", "g")).toEqual([
      ["1-1", "ann", 10_000, 1],
      ["2-1", "ann", 10_000, 1],
      ["3-1", "bob", 0, 1],
      ["4-1", "bob", 0, 1],
    ]);
    expect(await store.dueInMs("q", "3-1")).toBe(60_000);
    expect(await store.dueInMs("q", "1-1")).toBe(50_000);
    expect(await claim(store, claimingFrom("q", "g", "bob", "3-2", own))).toBe("4-1");
    expect(await claim(store, claimingFrom("q", "g", "dora", "-", own))).toBe("");
  });

  check("claims that began a short time ago are passed over", async (store) => {
    await fourClaims(store);
    store.advance(10);
    await claim(store, claiming("q", "g", "carl", ["2-1"]));
    store.advance(10);
    const some = { minIdleMs: 20, count: 2 };
    expect(await claim(store, claimingFrom("q", "g", "dora", "-", some))).toBe("1-1 3-1 next 4-1");
    const ids = ["1-1", "2-1", "4-1", "4-1"];
    expect(await claim(store, claiming("q", "g", "emil", ids, { minIdleMs: 10 }))).toBe("2-1 4-1");
    expect(await claim(store, claiming("q", "g", "emil", ids, { minIdleMs: 1 }))).toBe("");
    expect(await heldIn(store, "q", "g")).toBe("1-1 dora, 2-1 emil, 3-1 dora, 4-1 emil");
  });

  check("claims of pops can be claimed too, also of one without a claimant", async (store) => {
    await addAll(store, "q", "1-1", "2-1");
    await store.pop("q", 5000);
    const held = await store.mustClaim("q", 7000, "ann");
    expect(await claim(store, claimingFrom("q", "default", "bob", "-"))).toBe("1-1 2-1");
    expect(await store.ackClaim("q", held)).toBe(false);
    expect(await heldIn(store, "q", "default")).toBe("1-1 bob, 2-1 bob");
    expect([await store.dueInMs("q", "1-1"), await store.dueInMs("q", "2-1")]).toEqual([
      5000, 7000,
    ]);
  });

  check("the last attempt and a cancelled one end when they are claimed", async (store) => {
    await fourClaims(store);
    await store.configure("q", { "max-crashes": "1" });
    await store.submit({ kind: "cancel", queue: bytesOf("q"), id: bytesOf("2-1") });
    expect(await claim(store, claiming("q", "g", "carl", ["1-1", "2-1"]))).toBe("");
    expect(await store.counts("q")).toEqual({ ready: 1, claimed: 2, failed: 1 });
    expect((await store.mustGet("q", "1-1")).state).toBe("failed");
    expect(await store.get("q", "2-1")).toBeNull();
    await store.configure("q", { "max-crashes": null, "max-attempts": "1", "failed-to": "q@dead" });
    expect(await claim(store, claimingFrom("q", "g", "carl", "-", { count: 1 }))).toBe("next 4-1");
    expect(await store.ids("q@dead", "ready")).toEqual(["3-1"]);
    // Without an attempt nothing ends.
    const uncounted = { isCounted: false };
    expect(await claim(store, claiming("q", "g", "carl", ["4-1"], uncounted))).toBe("4-1");
  });

  check("nothing that holds back pops holds back a claim", async (store) => {
    await fourClaims(store);
    await store.configure("q", {
      "crash-backoff": "fixed 9",
      "max-claimed": "1",
      rate: "1/3600",
    });
    await store.pause("q", ["out", "in"]);
    await store.pause("q", ["out"], { worker: "carl" });
    expect(await claim(store, claimingFrom("q", "g", "carl", "-"))).toBe("1-1 2-1 3-1 4-1");
    expect(await store.counts("q")).toEqual({ ready: 1, claimed: 4 });
  });

  check("a counted claim counts for a rate, and another one does not", async (store) => {
    await store.configure("q", { rate: "3/60", lease: "600" });
    await addAll(store, "q", "1-1", "2-1", "3-1");
    expect(await take(store, "q", "default", "ann")).toBe("1-1");
    await claim(store, claiming("q", "default", "bob", ["1-1"]));
    await claim(store, claiming("q", "default", "bob", ["1-1"], { isCounted: false }));
    expect(await take(store, "q", "default", "ann", 9)).toBe("2-1");
    store.advance(60_000);
    await store.reclaim();
    expect(await take(store, "q", "default", "ann", 9)).toBe("3-1");
  });

  check("claims of events with a group or a priority go over too", async (store) => {
    await store.pushWith("q", "1-1", { group: "x" });
    await store.pushWith("q", "2-1", { group: "x" });
    await store.pushWith("q", "3-1", { priority: 3 });
    expect(await take(store, "q", "default", "ann", 9)).toBe("3-1 1-1");
    expect(await claim(store, claimingFrom("q", "default", "bob", "-"))).toBe("1-1 3-1");
    expect(await store.group("q", "x")).toMatchObject({ claimed: 1, ready: 1 });
    expect(await take(store, "q", "default", "ann", 9)).toBe("");
    await store.ack("q", "1-1");
    expect(await take(store, "q", "default", "ann", 9)).toBe("2-1");
  });

  check("a counted claim is undone: the event is ready after a crash", async (store) => {
    await fourClaims(store);
    const { claimed: both } = await claimed(store, claiming("q", "g", "carl", ["2-1", "1-1"]));
    for (const { popped } of both) {
      expect(await store.another().unpop("q", popped)).toBe(true);
      expect(await store.unpop("q", popped)).toBe(false);
    }
    expect(await store.counts("q")).toEqual({ ready: 3, claimed: 2 });
    expect(await store.ids("q", "ready")).toEqual(["1-1", "2-1", "5-1"]);
    const again = await takeUndoable(store, "q", "g", "dora", 9);
    expect(again.map(({ attempt }) => attempt)).toEqual([2, 2, 1]);
  });

  check("a claim that is not counted is not undone", async (store) => {
    await fourClaims(store);
    const operation = claiming("q", "g", "carl", ["1-1"], { isCounted: false });
    const { popped } = (await claimed(store, operation)).claimed[0]!;
    expect(await store.unpop("q", popped)).toBe(false);
    expect(await heldIn(store, "q", "g")).toBe("1-1 carl, 2-1 ann, 3-1 bob, 4-1 bob");
  });

  check("claims of a further group are those of its queue", async (store) => {
    for (const group of ["a", "b"]) await store.submit(creating("q", group));
    await addAll(store, "q", "1-1");
    for (const group of ["a", "b"]) await take(store, "q", group, "ann");
    const result = await claimed(store, claiming("q", "b", "bob", ["1-1"]));
    expect(textOf(result.queue)).toBe("q@b");
    expect(textOf(result.claimed[0]!.popped.queue)).toBe("q@b");
    expect(await heldIn(store, "q", "a")).toBe("1-1 ann");
    expect(await heldIn(store, "q", "b")).toBe("1-1 bob");
    expect(await store.unpop("q@b", result.claimed[0]!.popped)).toBe(true);
    expect(await heldIn(store, "q", "b")).toBe("");
  });

  check("a stream notes who claims, also if there is nothing", async (store) => {
    await store.submit(creating("q", "g"));
    expect(await claim(store, claiming("q", "g", "ann", ["1-1"]))).toBe("");
    expect(await claim(store, claimingFrom("q", "g", "bob", "-"))).toBe("");
    expect(await consumersOf(store, "q", "g")).toEqual({ ann: 0, bob: 0 });
  });

  check("a group that is not there claims nothing", async (store) => {
    for (const queue of ["nowhere", "q"]) {
      if (queue === "q") await addAll(store, "q", "1-1");
      expect(await claim(store, claiming(queue, "g", "ann", ["1-1"]))).toBe(NO_GROUP);
      expect(await claim(store, claimingFrom(queue, "g", "ann", "-"))).toBe(NO_GROUP);
      expect(await claim(store, claimingFrom(queue, "default", "ann", "-"))).toBe("");
    }
    expect((await store.list()).map(([queue]) => queue)).toEqual(["q"]);
  });

  check("claims with more contents than a range may have are too large", async (store) => {
    const contents = bytesOf("x".repeat(LIST_BYTES_MAX / 16));
    for (let at = 1; at <= 16; at++) {
      const event = { id: placeNamed(`${at}-0`), contents, ifThere: false, trim: null };
      await store.submit({ kind: "streamAdd", queue: bytesOf("q"), ...event });
    }
    await add(store, "q", "17-0", { contents: "x" });
    while (await take(store, "q", "default", "ann", 9));
    expect(await claim(store, claimingFrom("q", "default", "bob", "-"))).toBe(TOO_LARGE);
    expect(await heldIn(store, "q", "default")).not.toContain("bob");
    const most = await claim(store, claimingFrom("q", "default", "bob", "-", { count: 16 }));
    expect(most).toEndWith("16-0 next 17-0");
  });
}
