// Each fault of the stand-in for S3 does what it says: what is stored, and what the client sees.
import { expect, test } from "bun:test";
import { closeAfterTest } from "../close-after-test.ts";
import { eventually, lasting } from "../eventually.ts";
import { startS3, testKey, type S3Server, type S3ServerOptions } from "../s3-server.ts";
import type { Fault } from "./s3-faults.ts";
import { signedFetch, type SignedOptions } from "./signed-fetch.ts";

const SHORT_MS = 100;

function start(options: S3ServerOptions = {}): S3Server {
  return closeAfterTest(startS3(options));
}

/** The status and the body, or "broken". Bun sends some requests again: those count once. */
async function send(
  server: S3Server,
  method: string,
  path: string,
  options: Partial<SignedOptions> = {},
): Promise<{ status: number; text: string } | "broken"> {
  const whole = { method, key: testKey, nowMs: server.nowMs(), ...options };
  try {
    const response = await signedFetch(`${server.url}/bucket${path}`, whole);
    return { status: response.status, text: await response.text() };
  } catch {
    return "broken";
  }
}

function put(server: S3Server, key: string, options: Partial<SignedOptions> = {}) {
  return send(server, "PUT", `/${key}`, { body: "contents", ...options });
}

/** A put whose client goes when the server has the request, and has done what it does. */
async function abandonedPut(server: S3Server, key: string, options: Partial<SignedOptions> = {}) {
  const controller = new AbortController();
  const before = server.records.length;
  const answer = put(server, key, { ...options, signal: controller.signal });
  await eventually(() => server.records.length > before);
  controller.abort();
  return await answer;
}

function stored(server: S3Server, key: string): string | null {
  const body = server.bodyOf(key);
  return body === null ? null : Buffer.from(body).toString();
}

test.each([
  ["error-before", 500, "InternalError", null],
  ["error-after", 500, "InternalError", "contents"],
  ["slow-down", 503, "SlowDown", null],
  ["denied", 403, "AccessDenied", null],
  ["conflict", 409, "ConditionalRequestConflict", null],
] as const)("%s answers %d %s", async (kind, status, code, contents) => {
  const server = start();
  server.fault({ kind, operation: "put", times: 1 });
  const answer = await put(server, "a");
  expect(answer).toMatchObject({ status, text: expect.stringContaining(`<Code>${code}</Code>`) });
  expect(stored(server, "a")).toBe(contents);
  expect(await put(server, "a")).toMatchObject({ status: 200 });
});

test.each([
  ["cut-before", null],
  ["cut-after", "contents"],
] as const)("%s closes the connection without a reply", async (kind, contents) => {
  const server = start();
  server.fault({ kind, operation: "put" });
  expect(await put(server, "a")).toBe("broken");
  expect(stored(server, "a")).toBe(contents);
});

test.each([
  ["stall", null],
  ["stall-after", "contents"],
] as const)("%s never answers", async (kind, contents) => {
  const server = start();
  server.fault({ kind, operation: "put" });
  expect(await abandonedPut(server, "a")).toBe("broken");
  expect(stored(server, "a")).toBe(contents);
  expect(server.records.map(({ status }) => status)).toEqual([0]);
});

function abortable() {
  const controller = new AbortController();
  return { signal: controller.signal, abort: () => controller.abort() };
}

/** The bytes that come until the body breaks off. Calls `half` when half of 1,000,000 are there. */
async function bytesUntilEnd(response: Response, half: () => void): Promise<number> {
  let bytes = 0;
  try {
    for await (const chunk of response.body!) {
      bytes += chunk.length;
      if (bytes === 500_000) half();
    }
  } catch {
    return bytes;
  }
  throw new Error("the body ends as if it were whole");
}

test("cut-body and stall-body give half of a body", async () => {
  const server = start();
  await put(server, "a", { body: "x".repeat(1_000_000) });
  for (const kind of ["cut-body", "stall-body"] as const) {
    const heal = server.fault({ kind, operation: "get" });
    const { signal, abort } = abortable();
    const url = `${server.url}/bucket/a`;
    const response = await signedFetch(url, { key: testKey, signal });
    expect(response.status).toBe(200);
    expect(response.headers.get("content-length")).toBe("1000000");
    const bytes = await bytesUntilEnd(response, kind === "stall-body" ? abort : () => {});
    // What fetch() has not handed out yet when the connection ends is lost.
    if (kind === "stall-body") expect(bytes).toBe(500_000);
    else expect(bytes).toBeWithin(1, 500_001);
    heal();
  }
  expect(await send(server, "GET", "/a")).toMatchObject({ status: 200 });
});

test("a held put arrives after its client has gone, and is judged then", async () => {
  const server = start();
  server.fault({ kind: "hold", operation: "put", key: "^a$", times: 1 });
  const headers = { "If-None-Match": "*" };
  expect(await abandonedPut(server, "a", { headers })).toBe("broken");
  expect(stored(server, "a")).toBe(null);
  server.release();
  await eventually(() => server.records[0]!.status === 200);
  expect(stored(server, "a")).toBe("contents");
});

test("a held put is refused once its signature is too old, unless it was accepted", async () => {
  for (const isAccepted of [false, true]) {
    const server = start();
    server.fault({ kind: "hold", times: 1, isAccepted });
    const answer = put(server, "a");
    await eventually(() => server.records.length === 1);
    server.moveClock(16 * 60_000);
    await lasting(1);
    server.release();
    expect(await answer).toMatchObject({ status: isAccepted ? 200 : 403 });
  }
});

test("delays the request or the reply", async () => {
  for (const kind of ["delay-request", "delay-reply"] as const) {
    const server = start();
    server.fault({ kind, ms: SHORT_MS, operation: "put" });
    const startedMs = performance.now();
    const answer = put(server, "a");
    await eventually(() => server.records.length === 1);
    if (kind === "delay-reply") expect(stored(server, "a")).toBe("contents");
    expect(await answer).toMatchObject({ status: 200 });
    // Timers may be a moment early.
    expect(performance.now() - startedMs).toBeGreaterThan(SHORT_MS - 2);
  }
});

test("lists what was there some time ago", async () => {
  const server = start();
  await put(server, "old");
  server.moveClock(5000);
  await put(server, "new");
  await send(server, "DELETE", "/old");
  const heal = server.fault({ kind: "stale-list", ms: 3000 });
  const keys = async () => {
    const answer = await send(server, "GET", "?list-type=2");
    return answer === "broken" ? [] : [...answer.text.matchAll(/<Key>(.*?)</g)].map((m) => m[1]);
  };
  expect(await keys()).toEqual(["old"]);
  heal();
  expect(await keys()).toEqual(["new"]);
});

test("limits the bytes per second of all connections together", async () => {
  const server = start();
  const body = "x".repeat(100_000);
  await put(server, "a", { body });
  server.limit(1_000_000);
  const startedMs = performance.now();
  await Promise.all([
    put(server, "b", { body }),
    send(server, "GET", "/a"),
    put(server, "c", { body }),
  ]);
  expect(performance.now() - startedMs).toBeGreaterThan(295);
});

test("refuses connections for a while", async () => {
  const server = start();
  expect(await put(server, "a")).toMatchObject({ status: 200 });
  server.refuse(true);
  expect(await put(server, "b")).toBe("broken");
  server.refuse(false);
  expect(await put(server, "c")).toMatchObject({ status: 200 });
  expect(server.keysIn()).toEqual(["a", "c"]);
});

test("cuts off one client by its access key", async () => {
  const other = { accessKey: "other", secret: "other-secret" };
  const server = start({ keys: [testKey, other] });
  server.cutOff("other");
  expect(await abandonedPut(server, "lost", { key: other })).toBe("broken");
  expect(await put(server, "a")).toMatchObject({ status: 200 });
  server.cutOff("other", "hold");
  const late = put(server, "late", { key: other });
  await eventually(() => server.records.length === 3);
  expect(server.keysIn()).toEqual(["a"]);
  server.reconnect("other");
  expect(await late).toMatchObject({ status: 200 });
  expect(server.keysIn()).toEqual(["a", "late"]);
});

test("a fault hits by key, access key, count and chance", async () => {
  const server = start({ seed: 7 });
  const statuses = async (fault: Omit<Fault, "kind">, keys: string) => {
    server.clearFaults();
    server.fault({ kind: "slow-down", ...fault });
    const seen = [];
    for (const key of keys) {
      const answer = await put(server, key);
      seen.push(answer === "broken" ? answer : answer.status);
    }
    return seen;
  };
  expect(await statuses({ key: "^b" }, "abc")).toEqual([200, 503, 200]);
  expect(await statuses({ skip: 1, times: 2 }, "aaaa")).toEqual([200, 503, 503, 200]);
  expect(await statuses({ operation: ["get", "list"] }, "a")).toEqual([200]);
  expect(await statuses({ accessKey: "other" }, "a")).toEqual([200]);
  const some = await statuses({ chance: 0.5 }, "a".repeat(200));
  const hits = some.filter((status) => status === 503).length;
  expect(hits).toBeGreaterThan(60);
  expect(hits).toBeLessThan(140);
});
