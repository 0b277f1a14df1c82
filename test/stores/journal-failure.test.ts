// A batch that a journal cannot commit fails without effect, and later batches succeed. Compares
// the store with a store in memory that gets only the committed operations.
// oxlint-disable no-await-in-loop -- the steps take place in this order

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { EarlierFailure, StoreError } from "../../src/queue/errors.ts";
import type { Popped } from "../../src/queue/event.ts";
import type { Operation } from "../../src/queue/operations.ts";
import { JournalError } from "../../src/stores/local/journal.ts";
import { Caller } from "./contract/caller.ts";
import { LifeCaller } from "./contract/life-caller.ts";
import type { StoreUnderTest } from "./contract.ts";
import type { FailingJournal } from "./failing-journal.ts";
import { openLocal } from "./open-local.ts";
import { failureOf, openSqlite } from "./open-sqlite.ts";
import { RandomOperations } from "./random-operations.ts";
import { Random } from "./random.ts";
import { grouped } from "./random-transactions.ts";

setDefaultTimeout(60_000);

const full = () => new JournalError("full", "no room");
const failed = () => new JournalError("failed", "not now");
const unknown = () => new JournalError("unknown", "the disk said no");
const AFTER_FAILURE = "not done, because an earlier operation of this client failed";
const unread = () => new JournalError("failed", "cannot be read");

async function openFailing(memoryBudgetBytes: number) {
  let journal: FailingJournal | undefined;
  const under = await openSqlite({ memoryBudgetBytes, onJournal: (made) => (journal = made) });
  return { under, journal: journal as FailingJournal };
}

/** An operation and the number of its session. */
type Step = readonly [operation: Operation, session: number];

/** Few sessions, so that operations often follow others of the same session. */
const sessionCount = 4;

function sessionsOf({ store }: StoreUnderTest) {
  const sessions = Array.from({ length: sessionCount }, () => store.session());
  const ask = ([operation, session]: Step) => sessions[session]!.ask(operation).then(withoutClaim);
  return (steps: readonly Step[]): Promise<unknown[]> =>
    Promise.all(steps.map((step) => ask(step).catch((error: unknown) => error)));
}

/** Omits claims and ranks, which each store numbers in its own way. */
function withoutClaim(result: unknown): unknown {
  if (Array.isArray(result)) return result.map(withoutClaim);
  if (typeof result !== "object" || result === null || !("undo" in result)) return result;
  const { id, contents } = result as Popped;
  return { id, contents };
}

const isUnknown = (answer: unknown) => answer instanceof StoreError && answer.failure === "unknown";
const isDone = (answer: unknown) => !(answer instanceof StoreError) || isUnknown(answer);

/** Checks that a failure failed all later operations of its session, and no others. */
function checkOrder(steps: readonly Step[], answers: unknown[]): void {
  const hasFailed = new Set<number>();
  for (const [at, [{ kind }, session]] of steps.entries()) {
    const answer = answers[at];
    const isFailure = answer instanceof StoreError;
    const isRight = hasFailed.has(session) ? isFailure : !(answer instanceof EarlierFailure);
    if (!isRight) throw new Error(`${kind} of session ${session} at ${at}: ${String(answer)}`);
    if (isFailure) hasFailed.add(session);
  }
}

describe("random operations with a journal that fails now and then", () => {
  const budgets = [2 ** 28, 0, 1500];
  const cases = budgets.flatMap((budget) => [1, 2, 3].map((seed) => [budget, seed] as const));

  test.each(cases)(
    "take effect or fail as a whole, memory budget %d, seed %d",
    async (budget, seed) => {
      const random = new Random(seed);
      const operations = new RandomOperations(random);
      const { under, journal } = await openFailing(budget);
      const reference = await openLocal();
      const [ask, askReference] = [sessionsOf(under), sessionsOf(reference)];
      const steps = (): Step[] =>
        grouped(
          operations.batch().filter(({ kind }) => kind !== "register"),
          random,
        ).map((operation) => [operation, random.below(sessionCount)]);
      const seen = new Map<string, number>();
      for (let round = 0; round < 300; round++) {
        const [batch, later] = [steps(), steps()];
        const pauseMs = operations.pauseMs();
        for (const store of [under, reference]) store.advance(pauseMs);
        const makes = { none: null, full, failed, unknown, unread };
        const failing = random.weighted({ none: 4, full: 1, failed: 1, unknown: 1, unread: 2 });
        let commits = 0;
        let laterAnswers: Promise<unknown[]> | null = null;
        journal.nextReadFailure = () =>
          failing === "unread" && random.below(3) === 0 ? unread() : null;
        journal.nextFailure = () => {
          if (commits++ > 0) return null;
          // Submitted before the outcome of the batch is known.
          laterAnswers = ask(later);
          return failing === "unread" ? null : (makes[failing]?.() ?? null);
        };
        journal.isLate = () => round % 2 === 0;
        const given = await ask(batch);
        given.push(...((await laterAnswers) ?? []));
        journal.nextFailure = () => null;
        const all = commits > 0 ? [...batch, ...later] : batch;
        checkOrder(all, given);
        for (const answer of given) {
          const what = answer instanceof StoreError ? answer.message : "done";
          seen.set(what, (seen.get(what) ?? 0) + 1);
          const own = makes[failing]?.().message;
          if (answer instanceof StoreError) expect([own, AFTER_FAILURE]).toContain(answer.message);
        }
        if (failing === "failed" && commits > 0) {
          expect(given.slice(0, batch.length).filter(isDone)).toEqual([]);
        }
        const done = all.filter((_, at) => isDone(given[at]));
        const wanted = await askReference(done);
        const kept = given.filter(isDone);
        expect(kept.filter((answer) => !isUnknown(answer))).toEqual(
          wanted.filter((_, at) => !isUnknown(kept[at])),
        );
      }
      for (const message of [
        AFTER_FAILURE,
        ...[full, failed, unknown].map((make) => make().message),
      ]) {
        expect(seen.get(message)).toBeGreaterThan(20);
      }
      if (budget < 2 ** 28) expect(seen.get(unread().message)).toBeGreaterThan(20);
      journal.nextReadFailure = () => null;
      const [a, b] = [new Caller(under), new Caller(reference)];
      expect(await a.reclaim()).toEqual(await b.reclaim());
      await under.reopen();
      for (const queue of operations.queues) {
        expect(await a.status(queue)).toEqual(await b.status(queue));
        expect(await a.drain(queue)).toEqual(await b.drain(queue));
      }
      await Promise.all([under.close(), reference.close()]);
    },
  );
});

describe("a batch that cannot be committed", () => {
  test("is answered with the reason, and reports no event as ready", async () => {
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

  test("for lack of space is tried again without its pushes", async () => {
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

  test("fails later operations of the same sessions, and of no others", async () => {
    const { under, journal } = await openFailing(2 ** 28);
    const store = new Caller(under);
    await store.push("in", "1");
    await store.pop("in");
    let commits = 0;
    journal.nextFailure = () => (commits++ === 0 ? full() : null);
    // A session moves an event: the ack must not be done without the push.
    const push = failureOf(store.push("out", "1"));
    const ack = failureOf(store.ack("in", "1"));
    expect(await push).toBe("refused: no room");
    expect(await ack).toBe("refused: not done, because an earlier operation of this client failed");
    expect(await store.ack("in", "1")).toBe(true);
    await under.close();
  });

  test("has an unknown outcome if it may be on disk", async () => {
    const { under, journal } = await openFailing(2 ** 28);
    const store = new Caller(under);
    journal.nextFailure = () => new JournalError("unknown", "the disk said no");
    expect(await failureOf(store.push("q", "1"))).toBe("unknown: the disk said no");
    expect(await store.peek("q")).toBe("1");
    await under.close();
  });
});

test("a batch that drops events does nothing if one of the reads for it fails", async () => {
  const { under, journal } = await openFailing(0);
  const caller = new LifeCaller(under);
  await caller.pushAll("q", ["3", "4", "5"]);
  await caller.configure("q", { "max-length": "3", "on-full": "drop-oldest" });
  let failures = 0;
  for (let wasPushed = false; !wasPushed;) {
    let reads = 0;
    journal.nextReadFailure = () => (reads++ === failures ? unread() : null);
    const pushing = caller.another().pushBatch("q", ["1", "2", "5"], { onDuplicate: "replace" });
    const answer = await pushing.catch((error: unknown) => error);
    journal.nextReadFailure = () => null;
    wasPushed = !(answer instanceof StoreError);
    if (wasPushed) expect(answer).toEqual(["1", "2", "5"]);
    else failures += 1;
    expect(await caller.ids("q", "ready")).toEqual(wasPushed ? ["5", "1", "2"] : ["3", "4", "5"]);
  }
  expect(failures).toBeGreaterThan(2);
  // Far too many events: most of them stay, and are not read.
  await caller.configure("q", { "max-length": null });
  await caller.pushBatch("q", Array(2000).fill(null));
  await caller.configure("q", { "max-length": "10" });
  await caller.pushBatch("q", Array(5).fill(null));
  expect(await caller.counts("q")).toEqual({ ready: 2003 - 105 + 5 });
  await under.close();
});
