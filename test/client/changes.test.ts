// What the client changes: events, settings, pauses, bindings, counters and cron entries, on each
// store.
import { describe, expect, test } from "bun:test";
import { CommandRefusedError, type Okq, type QueueSettings, textOf } from "okq/client";
import { connectClient } from "../support/client.ts";
import { eventually } from "../support/eventually.ts";
import { startOkqOn, storeNames } from "../support/okq-server.ts";

const HOSTILE = textOf(Buffer.from([0xff, 0, 0x0d, 0x0a, 0x80, 0x20]));

/** No setting has the value that it has by default. */
const OTHER_SETTINGS: QueueSettings = {
  leaseMs: 1_500,
  maxAttempts: 7,
  maxCrashes: 8,
  backoff: "exponential 0.5 30",
  crashBackoff: "1,2.5,10",
  ttlMs: 90_000,
  onExpire: "fail",
  maxLength: 1_000,
  onFull: "drop-oldest",
  maxClaimed: 9,
  groupLimit: 0,
  rate: { count: 100, perMs: 60_000 },
  groupRate: { count: 5, perMs: 500 },
  keepCompleted: { forMs: 3_600_000 },
  keepFailed: { count: 1_000 },
  failedTo: "dead",
  dedupeWindowMs: 600_000,
  boundOnly: true,
};

const DEFAULTS: QueueSettings = {
  leaseMs: 30_000,
  maxAttempts: 0,
  maxCrashes: 0,
  backoff: "exponential 1 600",
  crashBackoff: "none",
  ttlMs: 0,
  onExpire: "drop",
  maxLength: 0,
  onFull: "refuse",
  maxClaimed: 0,
  groupLimit: 1,
  rate: null,
  groupRate: null,
  keepCompleted: { count: 0 },
  keepFailed: "all",
  failedTo: null,
  dedupeWindowMs: 0,
  boundOnly: false,
};

async function all<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const list: Item[] = [];
  for await (const item of items) list.push(item);
  return list;
}

describe.each(storeNames)("on %s", (store) => {
  async function start(): Promise<Okq> {
    const { port } = await startOkqOn(store);
    return connectClient(port);
  }

  test("every setting is written and read", async () => {
    const okq = await start();
    const mail = okq.queue("mail");
    expect(await mail.settings()).toEqual(DEFAULTS);
    await mail.configure(OTHER_SETTINGS);
    expect(await mail.settings()).toEqual(OTHER_SETTINGS);
    await mail.resetSettings("leaseMs", "rate");
    const some = { ...OTHER_SETTINGS, leaseMs: 30_000, rate: null };
    expect(await mail.settings()).toEqual(some);
    await mail.resetSettings();
    await mail.configure({ maxAttempts: undefined });
    expect(await mail.settings()).toEqual(DEFAULTS);

    await okq.configureDefaults({ maxAttempts: 25, keepFailed: { forMs: 500 }, failedTo: HOSTILE });
    const defaults = { ...DEFAULTS, maxAttempts: 25, keepFailed: { forMs: 500 } };
    expect(await okq.defaults()).toEqual({ ...defaults, failedTo: HOSTILE });
    expect((await mail.settings()).maxAttempts).toBe(25);
    await okq.resetDefaults();
    expect(await okq.defaults()).toEqual(DEFAULTS);
  });

  test("a setting that is wrong changes nothing", async () => {
    const mail = (await start()).queue("mail");
    const wrong = { maxAttempts: 3, backoff: "often" as "none" };
    await expect(mail.configure(wrong)).rejects.toThrow(CommandRefusedError);
    await expect(mail.configure({ maxAttempts: 3, leaseMs: NaN })).rejects.toThrow(RangeError);
    const unknown = { maxAttempt: 3 } as object;
    await expect(mail.configure(unknown)).rejects.toThrow("okq has no setting maxAttempt");
    expect(await mail.settings()).toEqual(DEFAULTS);
  });

  test("events are deleted, retried, moved and changed by their ids", async () => {
    const okq = await start();
    const mail = okq.queue<string>("mail");
    await mail.pushMany(["a", "b", "c", "d"], { ids: ["1", "2", "3", HOSTILE] });
    expect(await mail.delete("1")).toBe(true);
    expect(await mail.delete("1")).toBe(false);
    expect(await mail.deleteMany(["1", "2"])).toEqual([false, true]);

    await mail.fail((await mail.pop())!, { final: true, error: "no" });
    expect(await mail.retry("3")).toBe(true);
    expect(await mail.retryMany(["3", "4"])).toEqual([false, false]);
    expect((await mail.get("3"))?.failures).toBe(0);

    const at = new Date(Date.now() + 3_600_000);
    const changes = { contents: "C", ttlMs: 7_200_000, priority: 5, headers: { a: "b" } };
    expect(await mail.set("3", { ...changes, at })).toBe(true);
    const changed = (await mail.get("3"))!;
    expect(changed).toMatchObject({ contents: "C", priority: 5, headers: { a: "b" } });
    expect(changed.dueAt).toEqual(at);
    expect(await mail.set("3", { delayMs: 0 })).toBe(true);
    expect((await mail.get("3"))?.state).toBe("ready");
    expect(await mail.set("4", { contents: "x" })).toBe(false);

    expect(await mail.cancel(HOSTILE)).toBe("removed");
    expect(await mail.cancel(HOSTILE)).toBeNull();
    expect(await mail.moveMany("later", ["3", "4"])).toBe(1);
    expect((await okq.queue("later").get("3"))?.contents).toBe("C");
    await okq.queue("later").flush();
    expect(await okq.queue("later").status()).toMatchObject({ total: 0 });
  });

  test("events are retried, purged and moved by what they are like", async () => {
    const okq = await start();
    const mail = okq.queue<number>("mail");
    const numbers = Array.from({ length: 30 }, (_, at) => at);
    await mail.pushMany(numbers, { ids: numbers.map((at) => `id-${at}`) });
    for (const event of await mail.popMany(20)) {
      const error = event.contents < 10 ? "no such user" : `busy ${event.contents}`;
      await mail.fail(event, { error, final: true });
    }
    expect(await mail.retryAll({ error: "no *", limit: 4 })).toBe(4);
    expect(await mail.retryAll({ error: "no *", state: "failed", right: true })).toBe(6);
    expect((await mail.peek())?.contents).toBeLessThan(10);
    expect(await mail.purge("failed", { match: "id-10" })).toBe(1);
    expect(await mail.moveAll("dead", { state: "failed", error: "busy *", limit: 3 })).toBe(3);
    expect(await mail.moveAll("other", { contains: "29" })).toBe(1);
    expect(await mail.purge("failed")).toBe(6);
    expect(await mail.purge("ready", { pushedBefore: Date.now() + 60_000 })).toBe(19);
    expect(await mail.waitUntilEmpty({ waitMs: 10_000 })).toBe(true);
    const dead = okq.queue("dead");
    expect((await all(dead.list())).map(({ state }) => state)).toEqual(Array(3).fill("failed"));
    const other = okq.queue("other");
    expect(await other.waitUntilEmpty({ waitMs: 10 })).toBe(false);
    expect(await other.waitUntilEmpty({ waitMs: 10_000, claimed: true })).toBe(true);
  });

  test("queues are paused, resumed and bound", async () => {
    const okq = await start();
    const mail = okq.queue<string>("mail");
    await mail.pause({ direction: "all", forMs: 3_600_000 });
    expect((await mail.stats()).paused).toBe("all");
    await mail.resume({ direction: "in" });
    expect((await mail.stats()).paused).toBe("out");
    await mail.pause({ worker: HOSTILE });
    await mail.resume();
    expect(await mail.stats()).toMatchObject({ paused: "no", pausedWorkers: [HOSTILE] });
    await mail.resume({ worker: HOSTILE });
    expect((await mail.stats()).pausedWorkers).toEqual([]);

    await mail.bind("copy");
    await mail.push("x", { id: HOSTILE });
    expect((await okq.queue("mail@copy").get(HOSTILE))?.contents).toBe("x");
    expect(await mail.unbind("copy")).toBe(true);
    expect(await mail.unbind("copy")).toBe(false);
  });

  test("a counter joins what was fanned out", async () => {
    const okq = await start();
    const report = okq.queue<{ month: string }>("report");
    const pages = okq.queue<number>("pages");
    const july = report.counter(HOSTILE);
    const push = { contents: { month: "july" }, headers: { a: "b" }, priority: 3 };
    await july.init(4, { ttlMs: 3_600_000, push });
    await july.init(4, { ttlMs: 3_600_000, push });
    await pages.pushMany([1, 2], { part: july, ids: ["1", "2"] });
    await pages.push(3, { part: july });
    expect(await july.left()).toBe(4);
    const [facts] = await all(report.counters({ pageSize: 1 }));
    expect(facts).toMatchObject({ key: HOSTILE, left: 4 });
    expect(Math.abs(facts!.since.getTime() - Date.now())).toBeLessThan(120_000);
    expect(await july.done("page-4")).toBe(3);
    expect(await july.done("page-4")).toBe(3);
    await expect(july.init(5)).rejects.toThrow("another counter is there");
    await pages.ackMany(await pages.popMany(3));
    expect(await july.left()).toBeNull();
    expect(await july.done("page-5")).toBeNull();
    const joined = (await report.get(HOSTILE))!;
    expect(joined).toMatchObject({ contents: { month: "july" }, priority: 3, headers: { a: "b" } });

    const other = report.counter("other");
    await other.init(1);
    expect((await report.counterPage()).items.map(({ key }) => key)).toEqual(["other"]);
    expect(await other.delete()).toBe(true);
    expect(await other.delete()).toBe(false);
  });

  test("cron entries push, are shown, run and deleted", async () => {
    const okq = await start();
    const reports = okq.queue<string[]>("reports");
    const options = { zone: "Europe/Berlin", catchUp: "one", attempts: 5, delayMs: 0 } as const;
    await reports.setCron("nightly", "30 2 * * *", ["sales"], options);
    await okq.queue("ticks", { contents: "bytes" }).setCron(HOSTILE, "* * * * * *", bytes());
    const [entry] = await reports.cronEntries();
    expect(entry).toMatchObject({
      queue: "reports",
      name: "nightly",
      spec: "30 2 * * *",
      zone: "Europe/Berlin",
      catchUp: "one",
      contents: ["sales"],
      contentsError: undefined,
      lastAt: undefined,
    });
    expect(entry!.nextAt!.getTime()).toBeGreaterThan(Date.now() - 60_000);
    const ticked = await eventually(async () => {
      const found = (await okq.cronEntries()).find(({ queue }) => queue === "ticks");
      return found?.lastAt ? found : null;
    });
    expect(ticked).toMatchObject({ name: HOSTILE, zone: "UTC", catchUp: "none" });
    expect(ticked.contents).toEqual(bytes());
    const id = (await reports.runCron("nightly"))!;
    expect(id).toMatch(/^nightly@\d+$/);
    expect(await reports.get(id)).toMatchObject({ contents: ["sales"], maxAttempts: 5 });
    expect(await reports.runCron("daily")).toBeNull();
    expect(await reports.deleteCron("nightly")).toBe(true);
    expect(await reports.deleteCron("nightly")).toBe(false);
    await expect(reports.setCron("never", "0 0 31 2 *", [])).rejects.toThrow("has no times");
  });
});

function bytes(): Buffer {
  return Buffer.from([0xff, 0, 0x80]);
}
