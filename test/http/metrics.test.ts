// GET /metrics: the figures agree with what was done, on every store; who sees which.
import { describe, expect, test } from "bun:test";
import { COUNTED } from "../../src/queue/queue-status.ts";
import { run } from "../drivers/programs.ts";
import { eventually } from "../support/eventually.ts";
import {
  startOkqOn,
  startTestOkq,
  startTestRedis,
  storeNames,
  type TestOkq,
} from "../support/okq-server.ts";
import { ask, askAll } from "../support/readable.ts";
import { writeUsers } from "../support/users.ts";
import { labelValues, parseOpenMetrics, valueIn } from "./exposition-parser.ts";
import { request, scrape } from "./scrape.ts";

const http = { httpAddr: "127.0.0.1:0" };

/** Of one queue what QSTATS counts, once it has these totals. */
async function counted(okq: TestOkq, queue: string, totals: Record<string, number>): Promise<void> {
  const client = await okq.connect();
  await eventually(async () => {
    const flat = (await ask(client, "QSTATS", queue)) as (string | number)[];
    return Object.entries(totals).every(
      ([name, total]) => flat[flat.indexOf(`${name}-total`) + 1] === total,
    );
  });
}

describe.each(storeNames)("on %s", (store) => {
  test("queues and totals are what was done", async () => {
    const okq = await startOkqOn(store, http);
    const client = await okq.connect();
    for (const id of ["1", "2", "3", "4"]) await ask(client, "QPUSH", "jobs", "x", "ID", id);
    expect(await ask(client, "QPUSH", "jobs", "x", "ID", "1")).toStartWith("-DUPLICATE");
    await ask(client, "QPUSH", "jobs", "later", "DELAY", "1000");
    await ask(client, "QPUSH", "stopped", "x");
    await ask(client, "QPAUSE", "stopped", "OUT");
    const popped = (await ask(client, "QPOP", "COUNT", "2", "FROM", "jobs")) as string[][];
    const [first, second] = popped.map(([, id, , token]) => [id!, token!]);
    expect(await ask(client, "QACK", "jobs", first![0]!, "TOKEN", first![1]!)).toBe(1);
    await ask(client, "QFAIL", "jobs", ...second!, "FINAL");
    await counted(okq, "jobs", { pushed: 5, popped: 2, acked: 1, failures: 1, failed: 1 });
    const seen = await scrape(okq);
    const ofJobs = (state: string) => valueIn(seen, "okq_queue_events", { queue: "jobs", state });
    expect(["ready", "delayed", "claimed", "failed", "completed"].map(ofJobs)).toEqual([
      2, 1, 0, 1, 0,
    ]);
    const total = (what: string) => valueIn(seen, `okq_events_${what}_total`, { queue: "jobs" });
    expect(COUNTED.map(total)).toEqual([5, 2, 1, 1, 0, 1, 0, 0]);
    expect(valueIn(seen, "okq_queue_paused", { queue: "stopped", direction: "out" })).toBe(1);
    expect(valueIn(seen, "okq_queue_paused", { queue: "stopped", direction: "in" })).toBe(0);
    expect(valueIn(seen, "okq_queue_oldest_seconds", { queue: "jobs" })).toBeGreaterThan(0);
    expect(valueIn(seen, "okq_queues")).toBe(2);
    expect(valueIn(seen, "okq_queues_paused", { direction: "out" })).toBe(1);
    expect(valueIn(seen, "okq_events", { state: "ready" })).toBe(3);
    const global = (what: string) => valueIn(seen, `okq_global_events_${what}_total`);
    expect(["pushed", "popped", "acked", "failures", "duplicate"].map(global)).toEqual([
      6, 2, 1, 1, 1,
    ]);
    expect(global("failed")).toBe(store === "redis" ? undefined : 1);
    expect(valueIn(seen, "okq_event_wait_seconds_count")).toBe(2);
    expect(valueIn(seen, "okq_event_run_seconds_count")).toBe(2);
    const ofCommand = (command: string) =>
      valueIn(seen, "okq_command_duration_seconds_count", { command });
    expect(["QPUSH", "QPOP", "QACK", "QFAIL"].map(ofCommand)).toEqual([7, 1, 1, 1]);
    expect(valueIn(seen, "okq_commit_seconds_count")).toBeGreaterThan(5);
    expect(valueIn(seen, "okq_commit_batch_size_sum")).toBeGreaterThan(10);
    const done = { op: "batch", result: "done" };
    expect(valueIn(seen, "okq_store_requests_total", done)).toBeGreaterThan(5);
    expect(valueIn(seen, "okq_store_up")).toBe(1);
    expect([...labelValues(seen, "store")]).toEqual([store]);
  });

  test("OpenMetrics has the same families", async () => {
    const okq = await startOkqOn(store, http);
    await ask(await okq.connect(), "QPUSH", "q", "x");
    const response = await request(okq, "/metrics", {
      headers: { Accept: "application/openmetrics-text;version=1.0.0" },
    });
    expect(response.headers.get("Content-Type")).toStartWith("application/openmetrics-text;");
    const families = parseOpenMetrics(await response.text());
    const plain = [...(await scrape(okq)).keys()];
    const ending = /_(total|info)$/;
    expect([...families.keys()]).toEqual(plain.map((name) => name.replace(ending, "")));
    expect(valueIn(families, "okq_commands_created")).toBe(
      valueIn(families, "process_start_time_seconds"),
    );
    for (const { name, unit } of families.values()) {
      expect([name, unit]).toEqual([name, /_(seconds|bytes)$/.exec(name)?.[1] ?? null]);
    }
  });

  test("promtool finds nothing to complain of", async () => {
    const okq = await startOkqOn(store, http);
    const client = await okq.connect();
    for (const queue of ['a"\\\n\0', "Schlüssel", "other", "\x7f"]) {
      await ask(client, "QPUSH", queue, "x");
    }
    const text = await (await request(okq, "/metrics?queues=3")).text();
    const { code, stdout, stderr } = await run(["promtool", "check", "metrics"], text);
    expect([code, stdout.toString(), stderr]).toEqual([0, "", ""]);
    const wrong = await run(["promtool", "check", "metrics"], text.replaceAll("_total", "_all"));
    expect(wrong.code).not.toBe(0);
  });
});

test("totals of the process do not sink when a queue is gone", async () => {
  const okq = await startTestOkq(http);
  const client = await okq.connect();
  await ask(client, "QPUSH", "q", "x");
  await ask(client, "QFLUSH", "q");
  const seen = await scrape(okq);
  expect(valueIn(seen, "okq_queues")).toBe(0);
  expect(valueIn(seen, "okq_global_events_pushed_total")).toBe(1);
});

test("counts crashes, expired and dropped events of a local store", async () => {
  const okq = await startTestOkq(http);
  const client = await okq.connect();
  await ask(client, "QPUSH", "crashing", "x", "ATTEMPTS", "1");
  await ask(client, "QPOP", "LEASE", "0.01", "FROM", "crashing");
  await ask(client, "QPUSH", "expiring", "x", "TTL", "0.01");
  await counted(okq, "crashing", { crashes: 1, failed: 1 });
  const stats = await okq.connect();
  await eventually(async () => (await ask(stats, "QLEN", "expiring")) !== 1);
  const seen = await eventually(async () => {
    const families = await scrape(okq);
    return valueIn(families, "okq_global_events_expired_total") === 1 ? families : null;
  });
  const global = (what: string) => valueIn(seen, `okq_global_events_${what}_total`);
  expect(["crashes", "failed", "expired", "dropped"].map(global)).toEqual([1, 1, 1, 0]);
});

test("an event that is popped again counts as redelivered", async () => {
  const okq = await startTestOkq(http);
  const client = await okq.connect();
  await ask(client, "QPUSH", "q", "x");
  const [[, id, , token]] = (await ask(client, "QPOP", "FROM", "q")) as [string[]];
  await ask(client, "QFAIL", "q", id!, token!, "DELAY", "0");
  await ask(client, "QPOP", "FROM", "q");
  const seen = await scrape(okq);
  expect(valueIn(seen, "okq_global_events_redelivered_total")).toBe(1);
});

test("commands are counted by name, in one pipeline too", async () => {
  const okq = await startTestOkq(http);
  const client = await okq.connect();
  await askAll(client, ["PING"], ["PING"], ["NOSUCH"], ["PING"], ["CLIENT", "ID"], ["QPEEK"]);
  const seen = await scrape(okq);
  const calls = (command: string) =>
    valueIn(seen, "okq_command_duration_seconds_count", { command });
  expect([calls("PING"), calls("unknown"), calls("CLIENT ID")]).toEqual([3, 2, 1]);
  expect(valueIn(seen, "okq_commands_total")).toBe(6);
  expect(valueIn(seen, "okq_command_errors_total")).toBe(2);
});

test("a command takes as long as it waits, and the next one behind it does not", async () => {
  const okq = await startTestOkq(http);
  const client = await okq.connect();
  await askAll(client, ["QPOP", "WAIT", "0.3", "FROM", "q"], ["PING"]);
  const seen = await scrape(okq);
  const seconds = (command: string) =>
    valueIn(seen, "okq_command_duration_seconds_sum", { command });
  expect(seconds("QPOP")).toBeGreaterThan(0.29);
  expect(seconds("PING")).toBeLessThan(0.29);
});

test("commands and requests over HTTP are counted", async () => {
  const okq = await startTestOkq(http);
  await (await request(okq, "/v1/queues/q/events/none")).text();
  await (await request(okq, "/v1/nothing")).text();
  await (await request(okq, "/v1/openapi.json")).text();
  const seen = await scrape(okq);
  const calls = { command: "QGET" };
  expect(valueIn(seen, "okq_command_duration_seconds_count", calls)).toBe(1);
  expect(valueIn(seen, "okq_http_requests_total", { status: "4xx" })).toBe(2);
  expect(valueIn(seen, "okq_http_requests_total", { status: "2xx" })).toBe(1);
});

test("a user sees its queues only, and totals only with all queues", async () => {
  const users = writeUsers("boss inspect,push *", "ann inspect a:* b:1", "bob push,consume *");
  const okq = await startTestOkq({ ...http, users: users.path });
  const client = await okq.connect();
  await ask(client, "AUTH", "boss", "boss-password");
  for (const queue of ["a:1", "a:2", "b:1", "b:2"]) await ask(client, "QPUSH", queue, "x");
  const ofBoss = await scrape(okq, { user: "boss" });
  expect([...labelValues(ofBoss, "queue")]).toEqual(["a:1", "a:2", "b:1", "b:2"]);
  const ofAnn = await scrape(okq, { user: "ann" });
  expect([...labelValues(ofAnn, "queue")]).toEqual(["a:1", "a:2", "b:1"]);
  const hidden = [...ofBoss.keys()].filter((name) => !ofAnn.has(name));
  const onlyOfAll =
    /^okq_(global_events_\w+|event_(wait|run)_\w+|queues(_paused)?|events|consumers)$/;
  expect(hidden.filter((name) => !onlyOfAll.test(name))).toEqual([]);
  expect(hidden).toContain("okq_queues");
  expect(hidden).toContain("okq_global_events_pushed_total");
  const rest = await scrape(okq, { user: "ann", query: "?queues=1" });
  const other = { queue: "other", state: "ready" };
  expect(valueIn(rest, "okq_queue_events", other)).toBe(2);
  const refused = await request(okq, "/metrics", { user: "bob" });
  expect([refused.status, await refused.json()]).toEqual([
    403,
    {
      title: "Forbidden",
      status: 403,
      detail: "user bob lacks the right inspect",
      code: "NOPERM",
    },
  ]);
  expect((await request(okq, "/metrics")).status).toBe(401);
});

test("refuses other methods and wrong fields", async () => {
  const okq = await startTestOkq(http);
  const url = `http://127.0.0.1:${okq.httpPort}/metrics`;
  const posted = await fetch(url, { method: "POST" });
  expect([posted.status, posted.headers.get("Allow")]).toEqual([405, "GET"]);
  const head = await fetch(url, { method: "HEAD" });
  expect([head.status, await head.text()]).toEqual([200, ""]);
  for (const query of ["?queues=1001", "?queues=-1", "?queues=", "?queues=x", "?queue=1"]) {
    expect([query, (await fetch(url + query)).status]).toEqual([query, 400]);
  }
});

test("shows when the store is away", async () => {
  const redis = await startTestRedis();
  const okq = await startTestOkq({ ...http, store: "", redisAddr: `127.0.0.1:${redis.port}` });
  await ask(await okq.connect(), "QPUSH", "q", "x");
  expect(valueIn(await scrape(okq), "okq_store_up")).toBe(1);
  await redis.kill();
  await eventually(() => okq.log.some((line) => line.includes("Redis connection lost")));
  const failing = await okq.connect();
  await eventually(async () => String(await ask(failing, "QPUSH", "q", "y")).startsWith("-"));
  const seen = await eventually(async () => {
    const families = await scrape(okq);
    return valueIn(families, "okq_store_up") === 0 ? families : null;
  });
  expect(valueIn(seen, "okq_store_connections", { state: "ready" })).toBe(0);
  const lost = ["unavailable", "unknown"].map((result) =>
    valueIn(seen, "okq_store_requests_total", { op: "batch", result }),
  );
  expect(lost[0]! + lost[1]!).toBeGreaterThan(0);
});
