// Waiters whose attempts take what they find: nobody overtakes them, and no event is lost.
import { describe, expect, test } from "bun:test";
import type { Taker } from "../../src/queue/wait-list.ts";
import { Waiters } from "../../src/queue/waiters.ts";
import { TestClock } from "../support/test-clock.ts";

const LONG_MS = 60_000;
const q = Buffer.from("q");

function setUp() {
  const clock = new TestClock();
  const waiters = new Waiters(clock);
  /** Attempts that the test answers, in the order in which they were made. */
  const open: { name: string; settle: PromiseWithResolvers<string | null> }[] = [];
  const enter = (
    name: string,
    signal = new AbortController().signal,
    { worker, claims } = { worker: name, claims: true },
  ) =>
    waiters.wait<string>({
      queues: [q],
      timeoutMs: LONG_MS,
      takes: { worker, claims },
      signal,
      attempt() {
        const settle = Promise.withResolvers<string | null>();
        open.push({ name, settle });
        return settle.promise;
      },
    });
  const answer = async (found: string | null | Error) => {
    const { settle } = open.shift()!;
    if (found instanceof Error) settle.reject(found);
    else settle.resolve(found);
    await new Promise<void>((resolve) => setImmediate(resolve));
  };
  /** Adds a waiter whose first attempt finds nothing; those that wait may attempt before it. */
  const stay = async (name: string, signal?: AbortSignal, taker?: Taker) => {
    const result = enter(name, signal, taker);
    while (open.length > 0) await answer(null);
    return { result };
  };
  return { clock, waiters, enter, answer, stay, names: () => open.map(({ name }) => name) };
}

test("new waiters attempt at the same time as long as nobody waits", () => {
  const { enter, names } = setUp();
  for (const name of ["a", "b", "c"]) void enter(name);
  expect(names()).toEqual(["a", "b", "c"]);
});

describe("a new waiter", () => {
  test("attempts after one that has waited and is attempting", async () => {
    const { waiters, enter, answer, stay, names } = setUp();
    const first = await stay("a");
    waiters.wake(q, 1);
    const second = enter("b");
    expect(names()).toEqual(["a"]);
    await answer("for a");
    expect(await first.result).toBe("for a");
    expect(names()).toEqual(["b"]);
    await answer("for b");
    expect(await second).toBe("for b");
  });

  test("has one that waits attempt just before it: its wake-up may be on its way", async () => {
    const { enter, answer, stay, names } = setUp();
    await stay("a");
    await stay("b");
    void enter("c");
    expect(names()).toEqual(["a", "c"]);
    await answer("for a");
    await answer(null);
    expect(names()).toEqual([]);
  });

  test("gets no event that became ready while one that waits was attempting", async () => {
    const { waiters, enter, answer, stay, names } = setUp();
    const first = await stay("a");
    waiters.wake(q, 1);
    void enter("b");
    waiters.wake(q, 1);
    expect(names()).toEqual(["a"]);
    await answer(null);
    expect(names()).toEqual(["a"]);
    await answer("for a");
    expect(await first.result).toBe("for a");
    expect(names()).toEqual(["b"]);
  });

  test("that leaves while it is behind others makes no attempt", async () => {
    const { waiters, enter, answer, stay, names } = setUp();
    await stay("a");
    waiters.wake(q, 1);
    const gone = new AbortController();
    const result = enter("b", gone.signal);
    gone.abort();
    expect(await result).toBeNull();
    await answer("for a");
    expect(names()).toEqual([]);
    expect(waiters.size).toBe(0);
  });
});

test("awaits an attempt in progress when its client leaves, so that no event is lost", async () => {
  const { waiters, answer, stay, names } = setUp();
  const gone = new AbortController();
  const { result } = await stay("a", gone.signal);
  await stay("b");
  waiters.wake(q, 1);
  gone.abort();
  await answer("found");
  expect(await result).toBe("found");
  // The event goes back, which wakes the next one.
  expect(names()).toEqual([]);
});

test("waits on if a later attempt fails", async () => {
  const { waiters, answer, stay, names } = setUp();
  const { result } = await stay("a");
  waiters.wake(q, 1);
  await answer(new Error("the store is away"));
  waiters.wake(q, 1);
  expect(names()).toEqual(["a"]);
  await answer("found");
  expect(await result).toBe("found");
});

test("a wake-up during an attempt goes to the next one after it has found something", async () => {
  const { waiters, answer, stay, names } = setUp();
  for (const name of ["a", "b", "c"]) await stay(name);
  waiters.wake(q, 1);
  waiters.wake(q, 2);
  expect(names()).toEqual(["a"]);
  await answer("for a");
  expect(names()).toEqual(["b", "c"]);
});

test("when all are woken, each attempts, also behind one that is attempting", async () => {
  const { waiters, answer, stay, names } = setUp();
  for (const name of ["a", "b", "c"]) await stay(name);
  waiters.wake(q, 1);
  waiters.wakeAll(q);
  expect(names()).toEqual(["a", "b", "c"]);
  await answer(null);
  expect(names()).toEqual(["b", "c", "a"]);
  for (const _ of names()) await answer(null);
  expect(names()).toEqual([]);
});

test("a wake-up during a first attempt that fails goes to the next waiter", async () => {
  const { waiters, enter, answer, names } = setUp();
  const first = enter("a");
  void enter("b");
  waiters.wake(q, 1);
  const failure = first.catch((error: Error) => error.message);
  await answer(new Error("away"));
  expect(await failure).toBe("away");
  await answer(null);
  expect(names()).toEqual(["b"]);
});

describe("a look", () => {
  test("wakes one waiter, and the next one only after that one has found something", async () => {
    const { waiters, answer, stay, names } = setUp();
    for (const name of ["a", "b", "c"]) await stay(name);
    waiters.look(q, 2);
    expect(names()).toEqual(["a"]);
    await answer("for a");
    expect(names()).toEqual(["b"]);
    await answer("for b");
    expect(names()).toEqual([]);
  });

  test("wakes one waiter only if it finds nothing", async () => {
    const { waiters, answer, stay, names } = setUp();
    for (const name of ["a", "b", "c"]) await stay(name);
    waiters.look(q, 100);
    await answer(null);
    expect(names()).toEqual([]);
    waiters.look(q, 0);
    expect(names()).toEqual([]);
  });

  test("begins behind the waiter that found nothing before: its worker may be paused", async () => {
    const { waiters, answer, stay, names } = setUp();
    for (const name of ["a", "b"]) await stay(name);
    const attempted: string[] = [];
    for (const found of [null, null, null, "an event", null]) {
      waiters.look(q, 1);
      attempted.push(...names());
      await answer(found);
    }
    expect(attempted).toEqual(["a", "b", "a", "b", "a"]);
  });
});

test("waiters whose workers are held back are woken after all others", async () => {
  const { waiters, answer, stay, names } = setUp();
  for (const name of ["a", "b", "c"]) await stay(name);
  expect(waiters.workersAt(q)).toEqual(new Set(["a", "b", "c"]));
  waiters.holdBack(q, new Set(["a", "b"]));
  waiters.wake(q, 1);
  expect(names()).toEqual(["c"]);
  await answer("for c");
  waiters.look(q, 1);
  expect(names()).toEqual(["a"]);
  await answer(null);
  waiters.holdBack(q, new Set(["a"]));
  waiters.wake(q, 2);
  expect(names()).toEqual(["b", "a"]);
});

test("a waiter that claims and finds nothing has one that does not claim attempt", async () => {
  const { waiters, answer, stay, names } = setUp();
  await stay("a");
  await stay("b");
  await stay("c", undefined, { worker: "", claims: false });
  await stay("d", undefined, { worker: "", claims: false });
  waiters.wake(q, 1);
  expect(names()).toEqual(["a"]);
  await answer(null);
  expect(names()).toEqual(["c"]);
  await answer(null);
  expect(names()).toEqual([]);
});
