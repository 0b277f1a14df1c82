// What becomes of an event by what its handler returns or throws, on each store.
import { describe, expect, test } from "bun:test";
import { done, DuplicateError, fail, next, type Okq, retry, snooze } from "okq/client";
import { connectClient } from "../../support/client.ts";
import { eventually } from "../../support/eventually.ts";
import { startOkqOn, storeNames } from "../../support/okq-server.ts";
import { recorded } from "./recorded.ts";

/** The facts of an event, as QGET shows them. */
async function factsOf(okq: Okq, queue: string, id: string): Promise<Map<string, string> | null> {
  const reply = await okq.call("QGET", queue, id);
  if (reply === null) return null;
  const flat = (reply as unknown[]).map(String);
  return new Map(flat.flatMap((name, at) => (at % 2 === 0 ? [[name, flat[at + 1]!]] : [])));
}

for (const store of storeNames) {
  describe(store, () => {
    /** Runs the handler for one event, until the worker has told what became of it. */
    async function handled(
      handler: Parameters<Okq["worker"]>[1],
      config: [setting: string, value: string][] = [],
    ) {
      const { port } = await startOkqOn(store);
      const okq = connectClient(port);
      for (const [setting, value] of config) await okq.call("QCONFIG", "q", setting, value);
      await okq.queue("q").push({ to: "ann" }, { id: "1", headers: { lang: "en" } });
      const worker = okq.worker("q", handler);
      const told = recorded(worker);
      const ends = ["done", "retried", "failed", "snoozed"] as const;
      const end = await eventually(() =>
        told.told.find(({ name }) => ends.includes(name as never)),
      );
      await worker.close();
      return { end, told, okq, facts: await factsOf(okq, "q", "1") };
    }

    test("nothing: the event is acknowledged", async () => {
      const seen: unknown[] = [];
      const { end, facts } = await handled((job) => {
        seen.push(job.queue, job.id, job.contents, job.attempt, { ...job.headers });
      });
      expect(end.name).toBe("done");
      expect(facts).toBeNull();
      expect(seen).toEqual(["q", "1", { to: "ann" }, 1, { lang: "en" }]);
    });

    test("a value: it is kept as the result", async () => {
      const keep: [string, string][] = [["keep-completed", "10"]];
      const { end, facts } = await handled(() => ({ sent: 1 }), keep);
      expect(end).toMatchObject({ name: "done", result: { sent: 1 } });
      expect(facts?.get("state")).toBe("completed");
      expect(facts?.get("result")).toBe('{"sent":1}');
    });

    test("done with bytes: they are kept as they are", async () => {
      const keep: [string, string][] = [["keep-completed", "10"]];
      const { facts } = await handled(() => done(Buffer.from("plain")), keep);
      expect(facts?.get("result")).toBe("plain");
    });

    test("an error: the attempt has failed, with the queue's backoff", async () => {
      const { end, facts } = await handled(() => Promise.reject(new TypeError("no such user")));
      expect(end).toMatchObject({ name: "retried", reason: "TypeError: no such user" });
      expect(end.error).toBeInstanceOf(TypeError);
      expect(facts?.get("state")).toBe("delayed");
      expect(facts?.get("failures")).toBe("1");
      expect(facts?.get("last-error")).toBe("TypeError: no such user");
    });

    test("an error in the last attempt: the event has failed for good", async () => {
      const { end, facts } = await handled(() => {
        throw new Error("no");
      }, [["max-attempts", "1"]]);
      expect(end.name).toBe("failed");
      expect(facts?.get("state")).toBe("failed");
    });

    test("retry after a time: the attempt has failed, and the event is due then", async () => {
      const { end, facts } = await handled(() => retry(3_600_000, "busy"));
      expect(end).toMatchObject({ name: "retried", reason: "busy" });
      const waits = Number(facts?.get("due-at")) - Number(facts?.get("pushed-at"));
      expect(waits).toBeGreaterThanOrEqual(3_599);
      expect(waits).toBeLessThan(3_700);
    });

    test("fail: the event has failed for good at its first attempt", async () => {
      const { end, facts } = await handled(() => fail("bad address"));
      expect(end).toMatchObject({ name: "failed", reason: "bad address" });
      expect(facts?.get("state")).toBe("failed");
      expect(facts?.get("last-error")).toBe("bad address");
    });

    test("snooze: the event comes again at that time, and the attempt does not count", async () => {
      const until = Date.now() + 3_600_000;
      const { end, facts } = await handled(() => snooze(new Date(until)));
      expect(end.name).toBe("snoozed");
      expect(facts?.get("state")).toBe("delayed");
      expect(facts?.get("failures")).toBe("0");
      expect(Math.abs(Number(facts?.get("due-at")) * 1000 - until)).toBeLessThan(1_000);
    });

    test("next: the event is done and pushed on, under the same id", async () => {
      const { end, facts, okq } = await handled(() => next("p", { step: 2 }, { priority: 3 }));
      expect(end.name).toBe("done");
      expect(facts).toBeNull();
      const event = await okq.queue("p").pop();
      expect(event).toMatchObject({ id: "1", contents: { step: 2 } });
    });

    test("next into the queue of the event itself, also under its unique key", async () => {
      const okq = connectClient((await startOkqOn(store)).port);
      const counts = okq.queue<number>("q");
      await counts.configure({ dedupeWindowMs: 60_000 });
      await counts.push(1, { id: "1", unique: "u" });
      const seen: number[] = [];
      const again = (n: number) => (n < 3 ? next(counts, n + 1, { unique: "u" }) : undefined);
      const worker = okq.worker(counts, ({ contents }) => {
        seen.push(contents);
        return again(contents);
      });
      await worker.drain();
      expect(seen).toEqual([1, 2, 3]);
    });

    test("next with an id that is there already: the event there stays", async () => {
      const { port } = await startOkqOn(store);
      const okq = connectClient(port);
      await okq.queue("p").push("first", { id: "1" });
      await okq.queue("q").push("second", { id: "1" });
      await okq.worker("q", (job) => next(okq.queue("p"), job.contents)).drain();
      expect(await okq.queue("q").pop()).toBeNull();
      expect(await okq.queue("p").pop()).toMatchObject({ contents: "first" });
    });
  });
}

test("next into a full queue: the attempt has failed, and the error says why", async () => {
  const { port } = await startOkqOn("memory");
  const okq = connectClient(port);
  await okq.call("QCONFIG", "p", "max-length", "1");
  await okq.queue("p").push(0);
  await okq.queue("q").push(1, { id: "1" });
  const worker = okq.worker("q", () => next("p", 1));
  const told = recorded(worker);
  const { reason } = await told.until("retried");
  expect(reason).toContain("QUEUEFULL");
  expect(told.ids("problem")).toEqual(["1"]);
  await worker.close();
});

test("next of a key that is taken is told as a problem, not as done", async () => {
  const { port } = await startOkqOn("memory");
  const okq = connectClient(port);
  await okq.queue("p").push(0, { unique: "u" });
  await okq.queue("q").push(1, { id: "1" });
  const worker = okq.worker("q", () => next("p", 1, { unique: "u", onDuplicate: "error" }));
  const told = recorded(worker);
  expect((await told.until("problem")).error).toBeInstanceOf(DuplicateError);
  await worker.close();
  expect(told.ids("done")).toEqual([]);
});

test("retry after nothing and snooze until the past: the event is ready at once", async () => {
  const okq = connectClient((await startOkqOn("memory")).port);
  await okq.queue("q").push(1);
  const attempts: number[] = [];
  const worker = okq.worker("q", ({ attempt }) => {
    attempts.push(attempt);
    if (attempts.length === 1) return retry(0);
    return attempts.length === 2 ? snooze(new Date(1)) : undefined;
  });
  await worker.drain();
  expect(attempts).toEqual([1, 2, 2]);
});

test("a result that is no JSON is a problem, and the event is done without it", async () => {
  const { port } = await startOkqOn("memory");
  const okq = connectClient(port);
  const queue = okq.queue("q");
  const circle: { self?: unknown } = {};
  circle.self = circle;
  for (const result of [circle, Symbol("result"), 1n]) {
    await queue.push(1);
    const worker = okq.worker("q", () => result);
    const record = recorded(worker);
    expect(String((await record.until("problem")).error)).toContain("the result is no JSON");
    await record.until("done");
    await worker.close();
  }
  expect(await queue.stats()).toMatchObject({ ready: 0, delayed: 0, claimed: 0, failed: 0 });
});

test("a worker needs a handler", async () => {
  const okq = connectClient((await startOkqOn("memory")).port);
  expect(() => okq.worker("q", undefined as never)).toThrow(TypeError);
  expect(() => okq.batchWorker("q", undefined as never)).toThrow(TypeError);
});

test("a returned error is a failure, not a result", async () => {
  const { port } = await startOkqOn("memory");
  const okq = connectClient(port);
  await okq.queue("q").push(1);
  const worker = okq.worker("q", () => new Error("returned"));
  expect(await recorded(worker).until("retried")).toMatchObject({ reason: "Error: returned" });
  await worker.close();
});

test("outcomes refuse what is no time", () => {
  expect(() => retry(-1)).toThrow(RangeError);
  expect(() => retry(Number.NaN)).toThrow(RangeError);
  expect(() => snooze(new Date("no date"))).toThrow(RangeError);
  expect(() => snooze(60_000)).toThrow("a Date or milliseconds since 1970");
});
