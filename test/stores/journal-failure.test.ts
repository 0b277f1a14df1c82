// What a failing journal leaves behind: nothing. Batches that could not be committed are answered
// as such and never were; those after them go on. The store in memory, which is given only what
// was committed, is the measure.
// oxlint-disable no-await-in-loop -- one after the other is what is meant

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { StoreError } from "../../src/queue/errors.ts";
import type { Operation, Store } from "../../src/queue/store.ts";
import { JournalError } from "../../src/stores/local/journal.ts";
import { Caller } from "./contract/caller.ts";
import type { FailingJournal } from "./failing-journal.ts";
import { openLocal } from "./open-local.ts";
import { failureOf, openSqlite } from "./open-sqlite.ts";
import { RandomOperations } from "./random-operations.ts";
import { Random } from "./random.ts";

setDefaultTimeout(60_000);

const full = () => new JournalError("full", "no room");
const failed = () => new JournalError("failed", "not now");

async function openFailing(memoryBudgetBytes: number) {
  let journal: FailingJournal | undefined;
  const under = await openSqlite({ memoryBudgetBytes, onJournal: (made) => (journal = made) });
  return { under, journal: journal as FailingJournal };
}

/** Each operation in a session of its own, so that none stands behind another. */
function answers(store: Store, batch: Operation[]): Promise<unknown[]> {
  const ask = (operation: Operation) => store.session().ask(operation);
  return Promise.all(batch.map((operation) => ask(operation).catch((error: unknown) => error)));
}

const isRefused = (answer: unknown) => answer instanceof StoreError && answer.failure === "refused";

describe("random operations on a journal that fails now and then", () => {
  const budgets = [2 ** 28, 0, 1500];
  const cases = budgets.flatMap((budget) => [1, 2, 3].map((seed) => [budget, seed] as const));

  test.each(cases)("are done or not, memory budget %d, seed %d", async (budget, seed) => {
    const random = new Random(seed);
    const operations = new RandomOperations(random);
    const { under, journal } = await openFailing(budget);
    const reference = await openLocal();
    let failures = 0;
    for (let round = 0; round < 300; round++) {
      const batch = operations.batch().filter(({ kind }) => kind !== "register");
      const pauseMs = operations.pauseMs();
      for (const store of [under, reference]) store.advance(pauseMs);
      const failing = random.weighted({ none: 4, full: 1, failed: 1 });
      const failure = failing === "full" ? full() : failing === "failed" ? failed() : null;
      let commits = 0;
      journal.nextFailure = () => (commits++ === 0 ? failure : null);
      journal.isLate = () => round % 2 === 0;
      const given = await answers(under.store, batch);
      const hasFailed = failure !== null && commits > 0;
      const isWithoutPushes =
        hasFailed && failing === "full" && batch.some(({ kind }) => kind === "push");
      const isNever = hasFailed && !isWithoutPushes;
      if (hasFailed) failures++;
      const done = batch.filter(({ kind }) => !isNever && !(isWithoutPushes && kind === "push"));
      const kept = given.filter((_, at) => done.includes(batch[at]!));
      expect(given.filter((answer) => isRefused(answer)).length).toBe(batch.length - done.length);
      expect(kept).toEqual(await answers(reference.store, done));
    }
    expect(failures).toBeGreaterThan(50);
    journal.nextFailure = () => null;
    const [a, b] = [new Caller(under), new Caller(reference)];
    expect(await a.reclaim()).toEqual(await b.reclaim());
    await under.reopen();
    for (const queue of operations.queues) {
      expect(await a.status(queue)).toEqual(await b.status(queue));
      expect(await a.drain(queue)).toEqual(await b.drain(queue));
    }
    await Promise.all([under.close(), reference.close()]);
  });
});

describe("a batch that could not be committed", () => {
  test("is answered with the reason, and tells nobody that something became ready", async () => {
    const { under, journal } = await openFailing(2 ** 28);
    const store = new Caller(under);
    journal.nextFailure = failed;
    const push = failureOf(store.push("q", "1"));
    const read = failureOf(store.another().status("q"));
    expect(await push).toBe("refused: not now");
    expect(await read).toBe("refused: not now");
    expect(under.ready).toEqual([]);
    journal.nextFailure = () => null;
    expect(await store.push("q", "1")).toBe("ok");
    expect(under.ready).toEqual([["q", 1]]);
    await under.close();
  });

  test("for want of room is done again without its pushes", async () => {
    const { under, journal } = await openFailing(2 ** 28);
    const store = new Caller(under);
    await store.pushAll("q", ["1", "2"]);
    await store.pop("q");
    let commits = 0;
    journal.nextFailure = () => (commits++ === 0 ? full() : null);
    const push = failureOf(store.push("q", "3"));
    const ack = store.another().ack("q", "1");
    const pop = store.another().pop("q");
    expect(await push).toBe("refused: no room");
    expect([await ack, await pop]).toEqual([true, "2"]);
    expect(await store.status("q")).toEqual([["q", 1, 1, 0]]);
    await under.close();
  });

  test("takes along what the same client sent behind it, and nothing of others", async () => {
    const { under, journal } = await openFailing(2 ** 28);
    const store = new Caller(under);
    await store.push("in", "1");
    await store.pop("in");
    let commits = 0;
    journal.nextFailure = () => (commits++ === 0 ? full() : null);
    // An event handed on: it must not be acknowledged here before it is there.
    const push = failureOf(store.push("out", "1"));
    const ack = failureOf(store.ack("in", "1"));
    expect(await push).toBe("refused: no room");
    expect(await ack).toBe("refused: an operation in front of it was refused");
    expect(await store.ack("in", "1")).toBe(true);
    await under.close();
  });

  test("and may be on disk all the same is answered as unknown", async () => {
    const { under, journal } = await openFailing(2 ** 28);
    const store = new Caller(under);
    journal.nextFailure = () => new JournalError("unknown", "the disk said no");
    expect(await failureOf(store.push("q", "1"))).toBe("unknown: the disk said no");
    expect(await store.peek("q")).toBe("1");
    await under.close();
  });
});
