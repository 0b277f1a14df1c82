// Waiters without a store: who is woken in which order, and that no wake-up is lost whatever is
// under way when it comes.
import { describe, expect, test } from "bun:test";
import { Waiters } from "../../src/queue/waiters.ts";

const LONG_MS = 60_000;
const never = new AbortController().signal;

function queue(name = "q"): Buffer {
  return Buffer.from(name);
}

/** Attempts that the test answers by hand, in the order in which they were made. */
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

  /** Answers the oldest attempt, and lets what follows from it happen. */
  async answer(found: string | null | Error): Promise<void> {
    const { settle } = this.open.shift()!;
    if (found instanceof Error) settle.reject(found);
    else settle.resolve(found);
    await settled();
  }
}

/** All promises that can settle now have settled. */
async function settled(): Promise<void> {
  await new Promise<void>((resolve) => setImmediate(resolve));
}

interface Waiting {
  waiters: Waiters;
  attempts: Attempts;
  enter(name: string, options?: Partial<Options>): Promise<string | null>;
  /** Enters and finds nothing at first. */
  stay(name: string, options?: Partial<Options>): Promise<{ result: Promise<string | null> }>;
}

interface Options {
  queues: Buffer[];
  timeoutMs: number;
  signal: AbortSignal;
}

function setUp(): Waiting {
  const waiters = new Waiters();
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
    attempts,
    enter,
    async stay(name, options) {
      const result = enter(name, options);
      await attempts.answer(null);
      return { result };
    },
  };
}

describe("whom a wake-up wakes", () => {
  test("as many as events became ready, in order of arrival", async () => {
    const { waiters, attempts, stay } = setUp();
    for (const name of ["a", "b", "c"]) await stay(name);
    waiters.wake(queue(), 2);
    expect(attempts.names).toEqual(["a", "b"]);
    waiters.wake(queue(), 5);
    expect(attempts.names).toEqual(["a", "b", "c"]);
  });

  test("nobody who waits for another queue", async () => {
    const { waiters, attempts, stay } = setUp();
    await stay("a", { queues: [queue("other"), queue("third")] });
    waiters.wake(queue(), 9);
    expect(attempts.names).toEqual([]);
    waiters.wake(queue("third"), 1);
    expect(attempts.names).toEqual(["a"]);
  });

  test("one who found nothing keeps its place in line", async () => {
    const { waiters, attempts, stay } = setUp();
    for (const name of ["a", "b"]) await stay(name);
    waiters.wake(queue(), 1);
    await attempts.answer(null);
    waiters.wake(queue(), 1);
    expect(attempts.names).toEqual(["a"]);
  });

  test("one who comes back stands behind those who waited meanwhile", async () => {
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

describe("a wake-up while attempts are under way", () => {
  test("goes to the next one who is not attempting", async () => {
    const { waiters, attempts, stay } = setUp();
    for (const name of ["a", "b"]) await stay(name);
    waiters.wake(queue(), 1);
    waiters.wake(queue(), 1);
    expect(attempts.names).toEqual(["a", "b"]);
  });

  test("makes one attempt again when all attempted already", async () => {
    const { waiters, attempts, enter } = setUp();
    const result = enter("a");
    waiters.wake(queue(), 1);
    await attempts.answer(null);
    expect(attempts.names).toEqual(["a"]);
    await attempts.answer("found");
    expect(await result).toBe("found");
  });

  test("makes each attempt again at most once more", async () => {
    const { waiters, attempts, enter } = setUp();
    for (const name of ["a", "b"]) void enter(name);
    waiters.wake(queue(), 1_000_000);
    for (let times = 0; times < 4; times++) await attempts.answer(null);
    expect(attempts.names).toEqual([]);
  });

  test("is passed on when the one who attempts has left", async () => {
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

  test("is passed on when one left during its first attempt and found something", async () => {
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

describe("the end of a wait", () => {
  test("with what an attempt found; the waiter is gone", async () => {
    const { waiters, attempts, enter } = setUp();
    const result = enter("a", { queues: [queue("p"), queue("q"), queue("p")] });
    expect([waiters.size, waiters.queues().map(String)]).toEqual([1, ["p", "q"]]);
    await attempts.answer("found");
    expect(await result).toBe("found");
    expect([waiters.size, waiters.queues()]).toEqual([0, []]);
    waiters.wake(queue(), 1);
    expect(attempts.names).toEqual([]);
  });

  test("with null when the time is up, at once with a timeout of 0", async () => {
    const { waiters, attempts, enter, stay } = setUp();
    const { result } = await stay("a", { timeoutMs: 0 });
    expect(await result).toBeNull();
    const short = enter("b", { timeoutMs: 20 });
    await attempts.answer(null);
    expect(await short).toBeNull();
    expect(waiters.size).toBe(0);
  });

  test("not before an attempt that is under way when the time is up has ended", async () => {
    const { attempts, enter, waiters, stay } = setUp();
    const { result } = await stay("a", { timeoutMs: 20 });
    waiters.wake(queue(), 1);
    const { result: later } = await stayBehind(enter, attempts);
    expect(await later).toBeNull();
    expect(attempts.names).toEqual(["a"]);
    await attempts.answer("found");
    expect(await result).toBe("found");
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

  test("not with an error when a later attempt fails: it waits on", async () => {
    const { attempts, stay, waiters } = setUp();
    const { result } = await stay("a");
    waiters.wake(queue(), 1);
    await attempts.answer(new Error("no store"));
    waiters.wake(queue(), 1);
    await attempts.answer("found");
    expect(await result).toBe("found");
  });

  test("not early for a timeout longer than a timer can be", async () => {
    const { attempts, stay, waiters } = setUp();
    const { result } = await stay("a", { timeoutMs: 2 ** 31 * 1000 });
    await stay("b", { timeoutMs: 5, queues: [queue("other")] }).then((b) => b.result);
    expect(waiters.size).toBe(1);
    waiters.wake(queue(), 1);
    await attempts.answer("found");
    expect(await result).toBe("found");
  });
});

/** Another wait, for another queue, whose end shows that more than 20 ms have passed. */
async function stayBehind(
  enter: Waiting["enter"],
  attempts: Attempts,
): Promise<{ result: Promise<string | null> }> {
  const result = enter("b", { queues: [queue("other")], timeoutMs: 40 });
  const { settle } = attempts.open.pop()!;
  settle.resolve(null);
  await settled();
  return { result };
}

test("names of queues are bytes: no two are confused, none is changed", async () => {
  const { waiters, attempts, stay } = setUp();
  const names = [[0xff], [0xc3, 0xbf], [0], [], [13, 10]].map((bytes) => Buffer.from(bytes));
  for (const [at, name] of names.entries()) await stay(String(at), { queues: [name] });
  expect(waiters.queues()).toEqual(names);
  for (const name of names) waiters.wake(name, 1);
  expect(attempts.names).toEqual(["0", "1", "2", "3", "4"]);
});
