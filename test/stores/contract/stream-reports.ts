// What is told, reported and counted of streams.
// oxlint-disable no-await-in-loop -- the steps take place in this order

import { expect } from "bun:test";
import { COUNTED } from "../../../src/queue/queue-status.ts";
import { GROUP_ENDED } from "../../../src/queue/store.ts";
import type { Check } from "../contract.ts";
import { bytesOf } from "./caller.ts";
import type { LifeCaller } from "./life-caller.ts";
import { expectReports } from "./reports.ts";
import {
  ack,
  acking,
  add,
  addAll,
  adding,
  claim,
  claiming,
  claimingFrom,
  creating,
  deletingConsumer,
  destroying,
  nack,
  removing,
  take,
  takeUndoable,
  toLength,
  trimming,
} from "./stream-caller.ts";
import { toldBy } from "./told.ts";

/** Entries of q are pushed, or taken by that consumer in that attempt. */
const pushed = (id: string) => ({ event: "pushed", queue: "q", id });
const popped = (id: string, worker: string, attempt: number) => {
  const facts = { queue: "q", id, worker, attempt };
  return { event: "popped", ...facts };
};

const cancel = (store: LifeCaller, queue: string, id: string) =>
  store.submit({ kind: "cancel", queue: bytesOf(queue), id: bytesOf(id) });

/** What the store and an okq process count together: totals that are not 0. */
async function totalsOf(store: LifeCaller, queue: string): Promise<Record<string, number>> {
  const stats = await store.submit({ kind: "stats", queue: bytesOf(queue), isWhole: false });
  const { tally } = await store.under.hear();
  const taken = tally.take();
  tally.putBack(taken);
  const own = taken.get(queue)?.totals ?? COUNTED.map(() => 0);
  const totals = COUNTED.map((name, at) => [name, stats.counts.totals[at]! + own[at]!] as const);
  return Object.fromEntries(totals.filter(([, count]) => count !== 0));
}

export function streamReports(check: Check): void {
  check("what streams make ready is told, and nothing else", async (store) => {
    const tell = (step: () => Promise<unknown>) => toldBy(store, step);
    await store.configure("q", { backoff: "none" });
    expect(await tell(() => store.submit(creating("q", "a")))).toBe(0);
    expect(await tell(() => addAll(store, "q", "1-1", "2-1"))).toBe(2);
    expect(await tell(() => add(store, "q", "2-1"))).toBe(0);
    expect(await tell(() => add(store, "q", "3-1", { trim: toLength(3) }))).toBe(1);
    expect(await tell(() => take(store, "q", "a", "ann", 2))).toBe(0);
    expect(await tell(() => claim(store, claimingFrom("q", "a", "bob", "-")))).toBe(0);
    const uncounted = { isCounted: false };
    expect(await tell(() => claim(store, claiming("q", "a", "ann", ["1-1"], uncounted)))).toBe(0);
    expect(await tell(() => nack(store, "q", "a", ["1-1", "2-1"], "redo"))).toBe(2);
    const events = await takeUndoable(store, "q", "a", "ann", 2);
    expect(await tell(() => store.unpop("q", events[0]!))).toBe(1);
    expect(await tell(() => nack(store, "q", "a", ["2-1"], "fail"))).toBe(1);
    await take(store, "q", "a", "ann", 9);
    expect(await tell(() => store.submit(deletingConsumer("q", "a", "ann")))).toBe(3);
    await take(store, "q", "a", "ann", 9);
    expect(await tell(() => ack(store, "q", "a", ["1-1"]))).toBe(0);
    expect(await tell(() => store.submit(destroying("q", "a")))).toBe(GROUP_ENDED + 2);
    expect(await tell(() => store.submit(removing("q", "2-1")))).toBe(0);
    expect(await tell(() => store.submit(trimming("q", toLength(0))))).toBe(0);
    await store.pause("q", ["out"]);
    expect(await tell(() => addAll(store, "q", "9-1"))).toBe(0);
  });

  check("a group is told of its copies", async (store) => {
    await store.submit(creating("q", "a"));
    await addAll(store, "q", "1-1", "2-1");
    await take(store, "q", "a", "ann");
    await store.submit(creating("q", "b"));
    await store.status("q@b");
    expect(store.reportedReady("q@b")).toBe(2);
    await addAll(store, "q", "3-1");
    await store.status("q@b");
    expect([store.reportedReady("q"), store.reportedReady("q@b")]).toEqual([3, 3]);
  });

  check("the end of a claim tells of an entry that max-claimed held back", async (store) => {
    await store.submit(creating("q", "a"));
    await store.configure("q", { "max-claimed": "1" });
    await addAll(store, "q", "1-1", "2-1", "3-1", "4-1");
    await take(store, "q", "a", "ann");
    expect(await toldBy(store, () => ack(store, "q", "a", ["1-1"]))).toBeGreaterThan(0);
    await take(store, "q", "a", "ann");
    const remove = () => store.submit(removing("q", "2-1"));
    expect(await toldBy(store, remove)).toBeGreaterThan(0);
    await take(store, "q", "a", "ann");
    const final = () => nack(store, "q", "a", ["3-1"], "final");
    expect(await toldBy(store, final)).toBeGreaterThan(0);
  });

  check("entries that are added, taken and acknowledged are reported", async (store) => {
    const of = (id: string) => ({ queue: "q", id });
    const steps = async () => {
      await addAll(store, "q", "1-1", "2-1", "3-1");
      await add(store, "q", "3-1");
      await take(store, "q", "default", "ann", 2);
      await take(store, "q", "default", "", 1, true);
      await ack(store, "q", "default", ["1-1", "9-9"]);
      await store.submit(removing("q", "2-1"));
    };
    await expectReports(store, steps, [
      { event: "pushed", ...of("1-1") },
      { event: "pushed", ...of("2-1") },
      { event: "pushed", ...of("3-1") },
      { event: "popped", ...of("1-1"), worker: "ann", attempt: 1 },
      { event: "popped", ...of("2-1"), worker: "ann", attempt: 1 },
      { event: "popped", ...of("3-1") },
      { event: "acked", ...of("1-1") },
    ]);
  });

  check(
    "a claim that goes over is reported as a crash, and a last one as a failure",
    async (store) => {
      const of = { queue: "q", id: "1-1" };
      const steps = async () => {
        await store.configure("q", { "max-crashes": "2" });
        await addAll(store, "q", "1-1");
        await take(store, "q", "default", "ann");
        await claim(store, claiming("q", "default", "bob", ["1-1"]));
        await claim(store, claiming("q", "default", "bob", ["1-1"], { isCounted: false }));
        await claim(store, claiming("q", "default", "carl", ["1-1"]));
      };
      const last = { ...of, worker: "bob", attempt: 2, final: true };
      await expectReports(store, steps, [
        { event: "pushed", ...of },
        { event: "popped", ...of, worker: "ann", attempt: 1 },
        { event: "crashed", ...of, worker: "ann", attempt: 1 },
        { event: "popped", ...of, worker: "bob", attempt: 2 },
        { event: "crashed", ...last },
        { event: "failed", ...last, error: "crashed: the lease of bob ended" },
      ]);
    },
  );

  check("claims that end as failures are reported, and given back ones are not", async (store) => {
    const of = (id: string) => ({ queue: "q", id });
    const steps = async () => {
      await store.configure("q", { backoff: "none", "failed-to": "q@dead" });
      await addAll(store, "q", "1-1", "2-1", "3-1");
      await take(store, "q", "default", "ann", 3);
      await cancel(store, "q", "3-1");
      await nack(store, "q", "default", ["3-1", "1-1"], "fail");
      await nack(store, "q", "default", ["2-1"], "final");
      await take(store, "q", "default", "bob");
      await nack(store, "q", "default", ["1-1"], "redo");
      await take(store, "q", "default", "bob");
      await store.submit(deletingConsumer("q", "default", "bob"));
    };
    const failed = (id: string) => ({
      event: "failed",
      ...of(id),
      worker: "ann",
      attempt: 1,
      error: "",
    });
    await expectReports(store, steps, [
      ...["1-1", "2-1", "3-1"].map(pushed),
      ...["1-1", "2-1", "3-1"].map((id) => popped(id, "ann", 1)),
      failed("1-1"),
      { ...failed("2-1"), final: true },
      { event: "pushed", queue: "q@dead", id: "2-1", from: "q" },
      popped("1-1", "bob", 2),
      popped("1-1", "bob", 2),
    ]);
  });

  check("each operation of a transaction on a stream is reported", async (store) => {
    const of = { queue: "q", id: "1-1" };
    const steps = () =>
      store.submit({
        kind: "transaction",
        operations: [
          adding("q", "1-1"),
          adding("q", "1-1"),
          { ...takingOne, claimant: bytesOf("okq 1 ann") },
          claiming("q", "default", "bob", ["1-1"]),
          acking("q", "default", ["1-1"]),
        ],
      });
    await expectReports(store, steps, [
      { event: "pushed", ...of },
      { event: "popped", ...of, worker: "ann", attempt: 1 },
      { event: "crashed", ...of, worker: "ann", attempt: 1 },
      { event: "popped", ...of, worker: "bob", attempt: 2 },
      { event: "acked", ...of },
    ]);
  });

  check("what happens to entries is counted, in the queue of each group", async (store) => {
    await store.under.hear();
    await store.configure("q", { backoff: "none" });
    for (const group of ["a", "b"]) await store.submit(creating("q", group));
    await addAll(store, "q", "1-1", "2-1", "3-1", "4-1", "5-1");
    expect(await totalsOf(store, "q")).toEqual({ pushed: 5 });
    expect(await totalsOf(store, "q@b")).toEqual({ pushed: 5 });
    await take(store, "q", "a", "ann", 3);
    await take(store, "q", "b", "ann", 1, true);
    expect(await totalsOf(store, "q")).toEqual({ pushed: 5, popped: 3 });
    expect(await totalsOf(store, "q@b")).toEqual({ pushed: 5, popped: 1 });
    await claim(store, claimingFrom("q", "a", "bob", "2-1", { count: 1 }));
    await claim(store, claiming("q", "a", "bob", ["1-1"], { isCounted: false }));
    expect(await totalsOf(store, "q")).toEqual({ pushed: 5, popped: 4, crashes: 1 });
    await ack(store, "q", "a", ["1-1"], "remove");
    await nack(store, "q", "a", ["2-1"], "fail");
    await nack(store, "q", "a", ["3-1"], "final");
    const after = { pushed: 5, popped: 4, crashes: 1, acked: 1, failures: 2, failed: 1 };
    expect(await totalsOf(store, "q")).toEqual(after);
    const [event] = await takeUndoable(store, "q", "a", "ann");
    await store.unpop("q", event!);
    expect(await totalsOf(store, "q")).toEqual(after);
    await store.configure("q", { "max-attempts": "2" });
    await take(store, "q", "a", "ann");
    await claim(store, claimingFrom("q", "a", "bob", "-"));
    const last = { ...after, popped: 5, crashes: 2, failed: 2 };
    expect(await totalsOf(store, "q")).toEqual(last);
    await take(store, "q", "a", "ann");
    await store.submit(deletingConsumer("q", "a", "ann"));
    await store.submit(removing("q", "4-1"));
    await store.submit(trimming("q", toLength(0)));
    expect(await totalsOf(store, "q")).toEqual({ ...last, popped: 6 });
    await store.submit(creating("q", "c"));
    await store.submit(destroying("q", "b"));
    expect(await totalsOf(store, "q")).toEqual({ ...last, popped: 6 });
  });
}

const takingOne = {
  kind: "streamTake",
  queue: bytesOf("q"),
  group: bytesOf("default"),
  count: 1,
  isForGood: false,
} as const;
