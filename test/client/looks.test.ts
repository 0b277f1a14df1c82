// What the client shows of events and queues, on each store: every field is decoded.
import { describe, expect, test } from "bun:test";
import { type EventFacts, type Okq, textOf } from "okq/client";
import { connectClient } from "../support/client.ts";
import { eventually } from "../support/eventually.ts";
import { startOkqOn, storeNames } from "../support/okq-server.ts";

/** Any bytes but UTF-8, line ends, and a word of the protocol. */
const HOSTILE = textOf(
  Buffer.from([0xff, 0, 0x0d, 0x0a, 0x24, 0xc3, 0x28, 0xf0, 0x9f, 0x98, 0x80]),
);

async function all<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const list: Item[] = [];
  for await (const item of items) list.push(item);
  return list;
}

describe.each(storeNames)("on %s", (store) => {
  async function start(): Promise<Okq> {
    const { port } = await startOkqOn(store);
    return connectClient(port, { name: "client-1" });
  }

  test("get shows all fields of a ready, a delayed and a claimed event", async () => {
    const mail = (await start()).queue<{ to: string }>("mail");
    const before = Date.now();
    await mail.push({ to: "ann" }, { id: "1", attempts: 3, ttlMs: 600_000, unique: "ann" });
    const ready = (await mail.get("1"))!;
    expect(ready).toMatchObject({
      queue: "mail",
      id: "1",
      state: "ready",
      contents: { to: "ann" },
      contentsError: undefined,
      attempts: 0,
      failures: 0,
      crashes: 0,
      maxAttempts: 3,
      priority: 0,
      group: undefined,
      dueAt: undefined,
      endedAt: undefined,
      leaseEndsAt: undefined,
      claimedAt: undefined,
      worker: undefined,
      isCancelled: false,
      unique: "ann",
      headers: {},
      lastError: undefined,
      errors: [],
      log: [],
      progress: undefined,
      result: undefined,
      heldBackBy: undefined,
    });
    expect(ready.bytes?.toString()).toBe('{"to":"ann"}');
    near(ready.pushedAt, before);
    near(ready.expiresAt, before + 600_000);

    await mail.push({ to: "bob" }, { id: "2", delayMs: 60_000, group: "g", headers: { a: "b" } });
    const delayed = (await mail.get("2"))!;
    expect(delayed).toMatchObject({ state: "delayed", group: "g", headers: { a: "b" } });
    expect(delayed.priority).toBeUndefined();
    near(delayed.dueAt, before + 60_000);

    const event = (await mail.pop({ leaseMs: 90_000, worker: "w" }))!;
    await mail.touch(event, { leaseMs: 90_000, progress: '{"done":1}', log: "one line" });
    expect(await mail.cancel("1")).toBe("asked");
    const claimed = (await mail.get("1"))!;
    expect(claimed).toMatchObject({
      state: "claimed",
      attempts: 1,
      worker: "w",
      isCancelled: true,
      log: ["one line"],
      progress: { done: 1 },
    });
    expect(claimed.client).toMatch(/^\d+$/);
    expect(claimed.okq).not.toBe("");
    near(claimed.claimedAt, before);
    near(claimed.leaseEndsAt, before + 90_000);
    expect(await mail.get("3")).toBeNull();
  });

  test("get shows how an event failed, completed, and what holds it back", async () => {
    const okq = await start();
    const mail = okq.queue("mail", { contents: "text" });
    const before = Date.now();
    await mail.configure({ backoff: "none", maxAttempts: 2, keepCompleted: "all" });
    await mail.push("bad", { id: "1" });
    for (const error of ["first", HOSTILE]) await mail.fail((await mail.pop())!, { error });
    const failed = (await mail.get("1"))!;
    expect(failed).toMatchObject({
      state: "failed",
      attempts: 2,
      failures: 2,
      maxAttempts: 2,
      lastError: HOSTILE,
    });
    expect(failed.errors).toMatchObject([
      { attempt: 1, text: "first" },
      { attempt: 2, text: HOSTILE },
    ]);
    near(failed.errors[0]!.at, before);
    near(failed.endedAt, before);

    await mail.push("good", { id: "2" });
    await mail.ack((await mail.pop())!, { result: '["sent",1]' });
    const completed = (await mail.get("2"))!;
    expect(completed).toMatchObject({ state: "completed", attempts: 1, result: ["sent", 1] });
    near(completed.endedAt, before);
    expect(await mail.wait("2", { waitMs: 1000 })).toEqual({
      state: "completed",
      result: ["sent", 1],
    });
    expect(await mail.wait("1", { waitMs: 1000 })).toEqual({ state: "failed", error: HOSTILE });
    expect(await mail.wait("3", { waitMs: 1000 })).toEqual({ state: "gone" });

    await mail.push("held", { id: "4" });
    expect(await mail.wait("4", { waitMs: 10 })).toBeNull();
    await mail.pause();
    expect((await mail.get("4"))?.heldBackBy).toBe("paused");
  });

  test("names, ids, headers and contents of any bytes come back as they were", async () => {
    const okq = await start();
    const queue = okq.queue(HOSTILE, { contents: "bytes" });
    const contents = Buffer.from([0xff, 0x00, 0x0d, 0x0a, 0x80]);
    const headers = { [HOSTILE]: HOSTILE, __proto: "x", constructor: "y" };
    await queue.push(contents, { id: HOSTILE, headers, group: HOSTILE, unique: HOSTILE });
    const [event] = await all(queue.list({ withContents: true, match: "*" }));
    expect(event).toMatchObject({
      queue: HOSTILE,
      id: HOSTILE,
      headers,
      group: HOSTILE,
      unique: HOSTILE,
    });
    expect(event!.bytes).toEqual(contents);
    expect(await all(queue.list({ contains: Buffer.from([0xff, 0]) }))).toHaveLength(1);
    expect(await all(queue.list({ headers: { [HOSTILE]: "*" }, group: HOSTILE }))).toHaveLength(1);
    const popped = (await queue.pop({ worker: HOSTILE }))!;
    expect([popped.queue, popped.id, popped.headers[HOSTILE]]).toEqual([HOSTILE, HOSTILE, HOSTILE]);
    expect((await queue.get(popped.id))?.worker).toBe(HOSTILE);
    await eventually(async () => (await all(okq.workers())).length === 1);
    expect(await all(okq.workers())).toMatchObject([{ worker: HOSTILE, holding: [HOSTILE] }]);
    expect((await okq.status(HOSTILE))[0]).toMatchObject({ queue: HOSTILE, processing: 1 });
    expect((await all(okq.queues())).map((row) => row.queue)).toEqual([HOSTILE]);
    await queue.ack(popped, { redo: true });
    expect(await queue.delete(HOSTILE)).toBe(true);
  });

  test("contents that a queue refuses are told, and hinder nothing", async () => {
    const okq = await start();
    const mail = okq.queue<{ to: string }>("mail");
    await okq.queue("mail", { contents: "text" }).push("no JSON", { id: "1" });
    const event = (await mail.get("1"))!;
    expect(event.contents).toBeUndefined();
    expect(event.contentsError).toBeInstanceOf(SyntaxError);
    expect(event.bytes?.toString()).toBe("no JSON");
    const [listed] = await all(mail.list({ withContents: true }));
    expect([listed?.contents, listed?.contentsError?.name]).toEqual([undefined, "SyntaxError"]);
  });

  test("list goes over all pages, in both orders, and takes each part of a selection", async () => {
    const mail = (await start()).queue<number>("mail");
    const numbers = Array.from({ length: 25 }, (_, at) => at);
    await mail.pushMany(numbers, { ids: numbers.map((at) => `id-${at}`) });
    const ids = async (options: Parameters<typeof mail.list>[0]) =>
      (await all(mail.list(options))).map(({ id }) => Number(id.slice(3)));
    expect(await ids({ pageSize: 4 })).toEqual(numbers);
    expect(await ids({ pageSize: 7, reverse: true })).toEqual(numbers.toReversed());
    expect(await ids({ match: "id-1?" })).toEqual(numbers.slice(10, 20));
    expect(await ids({ pushedBefore: new Date(Date.now() - 60_000) })).toEqual([]);
    expect(await ids({ pushedBefore: Date.now() + 60_000 })).toHaveLength(25);
    expect(await ids({ contains: "24" })).toEqual([24]);
    expect(await ids({ state: "failed" })).toEqual([]);
    const page = await mail.listPage({ pageSize: 10 });
    expect(page.items).toHaveLength(10);
    expect(page.items[0]?.contents).toBeUndefined();
    const rest = await all(mail.list({ after: page.next!, withContents: true }));
    expect(rest.map(({ contents }) => contents)).toEqual(numbers.slice(10));
  });

  test("stats, status, queues and history have figures and times", async () => {
    const okq = await start();
    const mail = okq.queue<number>("mail");
    const before = Date.now();
    await mail.pushMany([1, 2, 3]);
    await mail.push(4, { delayMs: 60_000 });
    await mail.ack((await mail.pop())!);
    await mail.fail((await mail.pop())!, { error: "no", delayMs: 60_000 });
    await mail.fail((await mail.pop())!, { error: "user 7 is away", final: true });
    await mail.push(5);
    await mail.bind("copy");
    await mail.pause({ worker: HOSTILE });
    await mail.pause({ direction: "in" });
    const stats = await eventually(async () => {
      const seen = await mail.stats();
      return seen.totals.failures === 2 && seen.runP50Ms !== undefined ? seen : null;
    });
    expect(stats).toMatchObject({
      ready: 1,
      delayed: 2,
      retrying: 1,
      claimed: 0,
      failed: 1,
      completed: 0,
      paused: "in",
      pausedWorkers: [HOSTILE],
      windows: 0,
      bindings: ["copy"],
      heldBackBy: undefined,
    });
    expect(stats.totals).toEqual({
      pushed: 5,
      popped: 3,
      acked: 1,
      failures: 2,
      crashes: 0,
      failed: 1,
      expired: 0,
      dropped: 0,
    });
    expect(stats.perSecond.pushed).toBeCloseTo(5 / 60, 2);
    for (const ms of [stats.oldestReadyMs, stats.waitP50Ms, stats.waitP99Ms, stats.runP99Ms]) {
      expect(ms).toBeGreaterThanOrEqual(0);
      expect(ms).toBeLessThan(60_000);
    }
    const { hour, day } = await mail.history();
    expect([hour.stepMs, day.stepMs]).toEqual([60_000, 600_000]);
    expect([hour.steps.length, day.steps.length]).toEqual([60, 144]);
    expect(hour.steps[0]).toMatchObject({ ready: undefined, pushed: undefined });
    const last = day.steps.at(-1)!;
    expect(last).toMatchObject({ ready: 1, failed: 1, delayed: 2, claimed: 0, newlyFailed: 1 });
    near(last.startsAt, before, 700_000);
  });

  test("status, queues and errors are shown", async () => {
    const okq = await start();
    const mail = okq.queue<number>("mail");
    await mail.pushMany([1, 2, 3]);
    await mail.fail((await mail.pop())!, { error: "no", delayMs: 60_000 });
    await mail.fail((await mail.pop())!, { error: "user 7 is away", final: true });
    await mail.pause({ direction: "in" });
    expect(await mail.status()).toEqual({ queue: "mail", total: 2, processing: 0, consumers: 1 });
    const [row] = await all(okq.queues({ match: "ma*" }));
    expect(row).toMatchObject({
      queue: "mail",
      ready: 1,
      delayed: 1,
      claimed: 0,
      failed: 1,
      completed: 0,
      consumers: 1,
      paused: "in",
    });
    expect(row!.oldestReadyMs).toBeLessThan(60_000);
    expect(await all(okq.queues({ match: "other" }))).toEqual([]);
    const id = expect.any(String) as string;
    const errors = await mail.errors();
    expect(errors.toSorted((a, b) => (a.error < b.error ? -1 : 1))).toEqual([
      { error: "no", count: 1, id },
      { error: "user * is away", count: 1, id },
    ]);
  });

  test("workers and groups are shown", async () => {
    const okq = await start();
    const mail = okq.queue<string>("mail");
    await mail.configure({ groupLimit: 2, groupRate: { count: 100, perMs: 60_000 } });
    for (const id of ["1", "2", "3"]) await mail.push("x", { id, group: HOSTILE });
    await mail.pop({ worker: "w1" });
    const abort = new AbortController();
    const waits = okq.queue("other").pop({ waitMs: 30_000, worker: "w2", signal: abort.signal });
    const workers = await eventually(async () => {
      const seen = await all(okq.workers({ pageSize: 1 }));
      return seen.length === 2 ? seen : null;
    });
    expect(workers).toMatchObject([
      { worker: "w1", claims: 1, holding: ["mail"], waiting: [] },
      { worker: "w2", claims: 0, holding: [], waiting: ["other"], oldestClaimMs: undefined },
    ]);
    expect(workers[0]!.oldestClaimMs).toBeGreaterThanOrEqual(0);
    expect((await all(mail.workers())).map(({ worker }) => worker)).toEqual(["w1"]);
    abort.abort(new Error("enough"));
    await expect(waits).rejects.toThrow("enough");
    const group = await mail.group(HOSTILE);
    expect(group).toMatchObject({
      group: HOSTILE,
      ready: 2,
      delayed: 0,
      claimed: 1,
      isPaused: false,
      limit: 2,
      rate: { count: 100, perMs: 60_000 },
    });
    expect(group.oldestReadyMs).toBeGreaterThanOrEqual(0);
    await mail.setGroup(HOSTILE, { limit: 5, rate: null });
    await mail.pause({ group: HOSTILE, forMs: 60_000 });
    expect(await mail.group(HOSTILE)).toMatchObject({ limit: 5, rate: null, isPaused: true });
    await mail.setGroup(HOSTILE, { limit: "default", rate: "default" });
    await mail.resume({ group: HOSTILE });
    const [shown] = await mail.groups({ count: 3 });
    expect(shown).toMatchObject({ group: HOSTILE, limit: 2, isPaused: false });
    expect(shown?.rate).toEqual({ count: 100, perMs: 60_000 });
  });
});

/** A time of okq's clock within some minutes. */
function near(date: EventFacts<unknown>["dueAt"], ms: number, withinMs = 120_000): void {
  expect(date).toBeInstanceOf(Date);
  expect(Math.abs(date!.getTime() - ms)).toBeLessThan(withinMs);
}
