// The life of events in a store on disk: restarts, batches that fail, a full disk, and events that
// are not in memory.
// oxlint-disable no-await-in-loop -- the steps take place in this order

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import type { State } from "../../src/queue/event.ts";
import { JournalError } from "../../src/stores/local/journal.ts";
import { textOf } from "./contract/caller.ts";
import { type Held, LifeCaller } from "./contract/life-caller.ts";
import type { FailingJournal } from "./failing-journal.ts";
import { openSqlite, type SqliteOptions, type SqliteUnderTest } from "./open-sqlite.ts";
import { RandomLife } from "./random-life.ts";
import type { Known } from "./random-step.ts";
import { Random } from "./random.ts";

setDefaultTimeout(60_000);

const states: State[] = ["ready", "delayed", "claimed", "failed", "completed"];
const second = 1000;

async function opened(options: SqliteOptions = {}) {
  let journal: FailingJournal | undefined;
  const under = await openSqlite({ ...options, onJournal: (made) => (journal = made) });
  return { under, store: new LifeCaller(under), journal: () => journal as FailingJournal };
}

/** Everything that a store shows of these queues. */
async function shown(store: LifeCaller, queues: string[]): Promise<unknown> {
  const all: unknown[] = [await store.settings(null), await store.list()];
  for (const queue of queues) {
    all.push(await store.settings(queue), await store.statusOf(queue));
    for (const state of states) all.push(await store.scan(queue, state, { isWhole: true }));
  }
  return all;
}

/** Events in every state, with every fact. Returns a claim that is under way. */
async function fill(store: LifeCaller): Promise<Held> {
  await store.configure(null, { "max-attempts": "3" });
  await store.configure("q", { "keep-completed": "10", backoff: "fixed 5" });
  const rich = { headers: [["a", "1"]] as [string, string][], ttlMs: 90 * second, leaseMs: 4000 };
  await store.pushWith("q", "plain");
  await store.pushWith("q", "rich", { ...rich, attemptsMax: 7, backoff: "1,2" });
  await store.pushWith("q", "delayed", { ...rich, start: { afterMs: 30 * second } });
  for (const id of ["failed", "retrying", "completed", "crashed", "claimed"]) {
    await store.pushWith("q", id, { ...rich, end: "right" });
    const held = await store.mustClaim("q", 5 * second, `worker of ${id}`);
    await store.touch("q", held, { progress: `progress of ${id}`, log: "a line" });
    if (id === "failed") await store.fail("q", held, "final", "broken");
    if (id === "retrying") await store.fail("q", held);
    if (id === "completed") await store.ackClaim("q", held, "a result");
    if (id === "crashed") await store.crash("q", held);
    if (id !== "claimed") continue;
    await store.pause("q", ["in"], { forMs: 60 * second });
    await store.pause("r", ["out"], { worker: "somebody" });
    return held;
  }
  throw new Error("nothing is claimed");
}

describe.each([2 ** 28, 0])("with a memory budget of %d", (memoryBudgetBytes) => {
  test.each(["reopen", "crash"] as const)("all states and facts survive a %s", async (end) => {
    const { under, store } = await opened({ memoryBudgetBytes });
    const held = await fill(store);
    const before = await shown(store, ["q", "r"]);
    const counts = { ready: 3, delayed: 2, claimed: 1, failed: 1, completed: 1 };
    expect(await store.counts("q")).toEqual(counts);
    for (const _ of "12") {
      await under[end]();
      expect(await shown(store, ["q", "r"])).toEqual(before);
    }
    expect(await store.ackClaim("q", { ...held, token: "1-1" })).toBe(false);
    expect(await store.ackClaim("q", held)).toBe(true);
    expect(await store.claim("r", second, "somebody")).toBeNull();
    store.advance(5 * second);
    await store.reclaim();
    store.advance(25 * second);
    await store.reclaim();
    expect(await store.drain("q")).toEqual(["crashed", "plain", "rich", "retrying", "delayed"]);
    await under.close();
  });

  test("tokens and made ids ascend over kills", async () => {
    const { under, store } = await opened({ memoryBudgetBytes });
    const made: number[][] = [];
    const numbers = (text: string) => text.split("-").map(Number);
    for (const _ of "1234") {
      for (let n = 0; n < 2; n++) made.push(numbers(await store.pushWith("q", null)));
      made.push(numbers((await store.mustClaim("q")).token!));
      await under.crash();
    }
    const sorted = made.toSorted(([ms, n], [ms2, n2]) => ms! - ms2! || n! - n2!);
    expect(made).toEqual(sorted);
    expect(new Set(made.map(String)).size).toBe(made.length);
    await under.close();
  });
});

test("claims of one batch keep their own tokens and workers over a restart", async () => {
  const { under, store } = await opened();
  const ids = Array.from({ length: 60 }, (_, at) => `${at}`);
  await store.pushAll("q", ids);
  // Neighbours with the same worker are written together, with other ones between them.
  const made: Promise<string>[] = [];
  const claims = ids.map((_, at) => {
    // Made ids take numbers between those of the tokens.
    if (at % 3 === 0) made.push(store.pushWith("made", null));
    if (at % 23 === 22) return store.pop("q", 30 * second).then(() => null);
    return store.mustClaim("q", 30 * second, `worker ${at > 50 ? at : 1}`);
  });
  const helds = await Promise.all(claims);
  expect(new Set(await Promise.all(made)).size).toBe(20);
  const before = await shown(store, ["q"]);
  await under.crash();
  expect(await shown(store, ["q"])).toEqual(before);
  for (const held of helds) if (held) expect(await store.ackClaim("q", held)).toBe(true);
  expect((await store.counts("q")).claimed).toBe(helds.filter((held) => !held).length);
  await under.close();
});

test.each([1, 3, 4, 5])("a batch that fails changes nothing, seed %d", async (seed) => {
  const random = new Random(seed);
  const life = new RandomLife(random, { hasChains: true, hasGroups: true });
  const budget = random.of([2 ** 28, 0, 3000])!;
  const { under, store, journal } = await opened({ memoryBudgetBytes: budget });
  const known: Known = { startMs: under.nowMs(), claims: [], madeIds: [], versionOf: () => null };
  let failed = 0;
  for (let round = 0; round < 150; round++) {
    store.advance(life.pauseMs());
    // Then no event expires or becomes due in a batch that fails.
    await store.reclaim();
    const steps = round % 5 === 0 ? [life.configure()] : life.batch(known);
    const operations = steps.map((step) => step(known));
    const submit = () => Promise.allSettled(operations.map((one) => store.submit(one)));
    if (random.below(2) === 0) {
      const before = await shown(store, life.queues);
      journal().nextFailure = () => new JournalError("failed", "not now");
      for (const { status } of await submit()) failed += Number(status === "rejected");
      journal().nextFailure = () => null;
      expect(await shown(store, life.queues)).toEqual(before);
    }
    await submit();
  }
  expect(failed).toBeGreaterThan(100);
  const before = await shown(store, life.queues);
  await under.reopen();
  expect(await shown(store, life.queues)).toEqual(before);
  await under.close();
});

test("on a full disk events still end and fail, without what they need not keep", async () => {
  const { under, store, journal } = await opened();
  await store.configure("q", { "keep-completed": "10", backoff: "none" });
  for (const id of ["1", "2", "3"]) await store.pushWith("q", id);
  const helds = await store.claimBatch(["q"], 3);
  let commits = 0;
  journal().nextFailure = () => (commits++ === 0 ? new JournalError("full", "no room") : null);
  const outcomes = await Promise.all([
    store.ackClaim("q", helds[0]!, "a result"),
    store.fail("q", helds[1]!, "backoff", "an error"),
    store.touch("q", helds[2]!, { progress: "half", log: "a line" }),
  ]);
  expect(outcomes).toEqual([true, "ready", "touched"]);
  expect(commits).toBe(2);
  expect(await store.get("q", "1")).toBeNull();
  expect(await store.mustGet("q", "2")).toMatchObject({ failures: 1, lastError: null, errors: [] });
  expect(await store.mustGet("q", "3")).toMatchObject({ progress: null, log: [] });
  await under.close();
});

describe("events that wait for long", () => {
  const memoryOf = (under: SqliteUnderTest) => {
    const facts = Object.fromEntries(under.store.describe());
    return [Number(facts["memory_bytes"]), Number(facts["on_disk_only"])] as const;
  };

  test("are on disk only, delayed, failed or completed, and come back in order", async () => {
    const { under, store } = await opened();
    await store.configure("q", { "keep-completed": "" });
    const count = 3000;
    const ids = Array.from({ length: count }, (_, at) => `${at}`);
    const contents = "x".repeat(1000);
    await Promise.all(
      ids.map((id, at) =>
        // The last ones are due first.
        store.pushWith("q", id, { contents, start: { afterMs: 60_000 - 10 * at } }),
      ),
    );
    const [memory, onDisk] = memoryOf(under);
    expect(onDisk).toBe(count);
    expect(memory).toBeLessThan(count * 100 + 10_000);
    await under.reopen();
    expect(memoryOf(under)).toEqual([memory, onDisk]);
    store.advance(60_000);
    while ((await store.reclaim(500)) === 500);
    expect(await store.counts("q")).toEqual({ ready: count });
    await under.reopen();
    const popped = await store.claimBatch(["q"], 500);
    expect(popped.map(({ id }) => id)).toEqual(ids.toReversed().slice(0, 500));
    for (const held of popped) await store.fail("q", held, "final");
    const failed = await store.scan("q", "failed");
    expect(failed.map(({ id }) => textOf(id))).toEqual(popped.map(({ id }) => id));
    expect(await store.retry("q", ["2999", "2998"], "right")).toEqual([true, true]);
    expect(await store.mustClaim("q")).toMatchObject({ id: "2998", attempt: 1, contents });
    await under.close();
  });

  test("leave memory again when they were looked at", async () => {
    const { under, store } = await opened();
    for (const id of ["1", "2"]) await store.pushWith("q", id, { start: { afterMs: second } });
    const before = memoryOf(under);
    await store.mustGet("q", "1");
    await store.scan("q", "delayed");
    expect(await store.retry("q", ["1", "2"])).toEqual([false, false]);
    expect(memoryOf(under)).toEqual(before);
    await under.close();
  });
});
