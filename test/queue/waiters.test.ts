// Waiters without a store: the order in which they are woken, and that no wake-up is lost, whenever
// it arrives.
import { describe, expect, test } from "bun:test";
import { Waiters } from "../../src/queue/waiters.ts";
import { TestClock } from "../support/test-clock.ts";

const LONG_MS = 60_000;
const never = new AbortController().signal;

function queue(name = "q"): Buffer {
  return Buffer.from(name);
}

/** Attempts that the test answers, in the order in which they were made. */
class Attempts {
  readonly open: { name: string; settle: PromiseWithResolvers<string | null> }[] = [];

  by(name: string): () => Promise<string | null> {
    return () => {
      const settle = Promise.withResolvers<string | null>();
      this.open.push({ name, settle });
      return settle.promise;
    };
  }

  get names(): string[] {
    return this.open.map(({ name }) => name);
  }

  /** Answers the oldest attempt, and resolves when its effects are complete. */
  async answer(found: string | null | Error): Promise<void> {
    const { settle } = this.open.shift()!;
    if (found instanceof Error) settle.reject(found);
    else settle.resolve(found);
    await settled();
  }
}

/** Resolves when all promises that can settle now have settled. */
async function settled(): Promise<void> {
  await new Promise<void>((resolve) => setImmediate(resolve));
}

interface Waiting {
  waiters: Waiters;
  clock: TestClock;
  attempts: Attempts;
  enter(name: string, options?: Partial<Options>): Promise<string | null>;
  /** Adds a waiter whose first attempt finds nothing. */
  stay(name: string, options?: Partial<Options>): Promise<{ result: Promise<string | null> }>;
}

interface Options {
  queues: Buffer[];
  timeoutMs: number;
  signal: AbortSignal;
}

function setUp(): Waiting {
  const clock = new TestClock();
  const waiters = new Waiters(clock);
  const attempts = new Attempts();
  const enter = (name: string, options: Partial<Options> = {}) =>
    waiters.wait({
      queues: [queue()],
      timeoutMs: LONG_MS,
      signal: never,
      attempt: attempts.by(name),
      ...options,
    });
  return {
    waiters,
    clock,
    attempts,
    enter,
    async stay(name, options) {
      const result = enter(name, options);
      await attempts.answer(null);
      return { result };
    },
  };
}

describe("a wake-up", () => {
  test("wakes as many waiters as events became ready, in order of arrival", async () => {
    const { waiters, attempts, stay } = setUp();
    for (const name of ["a", "b", "c"]) await stay(name);
    waiters.wake(queue(), 2);
    expect(attempts.names).toEqual(["a", "b"]);
    waiters.wake(queue(), 5);
    expect(attempts.names).toEqual(["a", "b", "c"]);
  });

  test("wakes no waiter of another queue", async () => {
    const { waiters, attempts, stay } = setUp();
    await stay("a", { queues: [queue("other"), queue("third")] });
    waiters.wake(queue(), 9);
    expect(attempts.names).toEqual([]);
    waiters.wake(queue("third"), 1);
    expect(attempts.names).toEqual(["a"]);
  });

  test("that finds no event leaves the waiter at its place in the line", async () => {
    const { waiters, attempts, stay } = setUp();
    for (const name of ["a", "b"]) await stay(name);
    waiters.wake(queue(), 1);
    await attempts.answer(null);
    waiters.wake(queue(), 1);
    expect(attempts.names).toEqual(["a"]);
  });

  test("reaches a returning waiter after the waiters that stayed", async () => {
    const { waiters, attempts, stay } = setUp();
    const { result } = await stay("a");
    await stay("b");
    waiters.wake(queue(), 1);
    await attempts.answer("found");
    expect(await result).toBe("found");
    await stay("a again");
    waiters.wake(queue(), 1);
    expect(attempts.names).toEqual(["b"]);
  });
});

describe("a wake-up during attempts", () => {
  test("goes to the next waiter that is not attempting", async () => {
    const { waiters, attempts, stay } = setUp();
    for (const name of ["a", "b"]) await stay(name);
    waiters.wake(queue(), 1);
    waiters.wake(queue(), 1);
    expect(attempts.names).toEqual(["a", "b"]);
  });

  test("repeats an attempt when every waiter is attempting", async () => {
    const { waiters, attempts, enter } = setUp();
    const result = enter("a");
    waiters.wake(queue(), 1);
    await attempts.answer(null);
    expect(attempts.names).toEqual(["a"]);
    await attempts.answer("found");
    expect(await result).toBe("found");
  });

  test("repeats each attempt at most once", async () => {
    const { waiters, attempts, enter } = setUp();
    for (const name of ["a", "b"]) void enter(name);
    waiters.wake(queue(), 1_000_000);
    for (let times = 0; times < 4; times++) await attempts.answer(null);
    expect(attempts.names).toEqual([]);
  });

  test("wakes another waiter when the attempting waiter has left", async () => {
    const { waiters, attempts, stay } = setUp();
    const gone = new AbortController();
    const { result } = await stay("a", { signal: gone.signal });
    await stay("b");
    waiters.wake(queue(), 1);
    gone.abort();
    expect(await result).toBeNull();
    await attempts.answer("found");
    expect(attempts.names).toEqual(["b"]);
  });

  test("wakes another waiter when its waiter left during the first attempt", async () => {
    const { attempts, enter, stay } = setUp();
    await stay("b");
    const gone = new AbortController();
    const result = enter("a", { signal: gone.signal });
    gone.abort();
    await attempts.answer("found");
    expect(await result).toBe("found");
    expect(attempts.names).toEqual(["b"]);
  });
});

describe("a wait ends", () => {
  test("with the result of an attempt, and removes the waiter", async () => {
    const { waiters, attempts, enter } = setUp();
    const result = enter("a", { queues: [queue("p"), queue("q"), queue("p")] });
    expect([waiters.size, waiters.queues().map(String)]).toEqual([1, ["p", "q"]]);
    await attempts.answer("found");
    expect(await result).toBe("found");
    expect([waiters.size, waiters.queues()]).toEqual([0, []]);
    waiters.wake(queue(), 1);
    expect(attempts.names).toEqual([]);
  });

  test("with null at its timeout, and at once with a timeout of 0", async () => {
    const { waiters, clock, stay } = setUp();
    const { result } = await stay("a", { timeoutMs: 0 });
    expect(await result).toBeNull();
    const { result: short } = await stay("b", { timeoutMs: 20 });
    clock.advance(19);
    expect(waiters.size).toBe(1);
    clock.advance(1);
    expect(await short).toBeNull();
    expect([waiters.size, clock.timers]).toEqual([0, 0]);
  });

  test("after its timeout if an attempt is still in flight", async () => {
    const { attempts, clock, waiters, stay } = setUp();
    const [first, second] = [
      await stay("a", { timeoutMs: 20 }),
      await stay("b", { timeoutMs: 20 }),
    ];
    waiters.wake(queue(), 2);
    clock.advance(1000);
    expect([attempts.names, waiters.size]).toEqual([["a", "b"], 2]);
    await attempts.answer("found");
    expect(await first.result).toBe("found");
    await attempts.answer(null);
    expect(await second.result).toBeNull();
  });

  test("with null when the signal aborts", async () => {
    const { waiters, stay } = setUp();
    const gone = new AbortController();
    const { result } = await stay("a", { signal: gone.signal });
    gone.abort();
    expect(await result).toBeNull();
    expect(waiters.size).toBe(0);
  });

  test("after the first attempt when the signal aborts meanwhile, or aborted before", async () => {
    const { attempts, enter, waiters } = setUp();
    const gone = new AbortController();
    const during = enter("a", { signal: gone.signal });
    gone.abort();
    await attempts.answer(null);
    expect(await during).toBeNull();
    const before = enter("b", { signal: gone.signal });
    await attempts.answer("found");
    expect(await before).toBe("found");
    expect(waiters.size).toBe(0);
  });

  test("with an error when the first attempt fails", async () => {
    const { attempts, enter, waiters } = setUp();
    const result = enter("a");
    result.catch(() => {});
    await attempts.answer(new Error("no store"));
    await expect(result).rejects.toThrow("no store");
    expect(waiters.size).toBe(0);
  });

  test("with a later result if only a later attempt fails", async () => {
    const { attempts, stay, waiters } = setUp();
    const { result } = await stay("a");
    waiters.wake(queue(), 1);
    await attempts.answer(new Error("no store"));
    waiters.wake(queue(), 1);
    await attempts.answer("found");
    expect(await result).toBe("found");
  });

  test("at its timeout, however often it was woken before", async () => {
    const { attempts, clock, stay, waiters } = setUp();
    const { result } = await stay("a", { timeoutMs: 2 ** 31 * 1000 });
    for (let times = 0; times < 3; times++) {
      clock.advance(2 ** 29 * 1000);
      waiters.wake(queue(), 1);
      await attempts.answer(null);
    }
    expect([waiters.size, clock.timers]).toEqual([1, 1]);
    clock.advance(2 ** 29 * 1000);
    expect(await result).toBeNull();
  });
});

test("queue names are bytes: no two are confused, none is changed", async () => {
  const { waiters, attempts, stay } = setUp();
  const names = [[0xff], [0xc3, 0xbf], [0], [], [13, 10]].map((bytes) => Buffer.from(bytes));
  for (const [at, name] of names.entries()) await stay(String(at), { queues: [name] });
  expect(waiters.queues()).toEqual(names);
  for (const name of names) waiters.wake(name, 1);
  expect(attempts.names).toEqual(["0", "1", "2", "3", "4"]);
});
