// How requests are read: names of any bytes in paths, query strings, methods, and selections.
import { describe, expect, test } from "bun:test";
import { RawSocket } from "../faults/raw-socket.ts";
import { ApiClient, type Json } from "../support/api.ts";
import { eventually } from "../support/eventually.ts";
import { exchangeRaw, requestText } from "../support/http.ts";
import { startOkqOn, startTestOkq, storeNames } from "../support/okq-server.ts";
import { ask } from "../support/readable.ts";

const HTTP = { httpAddr: "127.0.0.1:0" };
const JSON_TYPE = { "Content-Type": "application/json" };

async function setUp(store: (typeof storeNames)[number] = "memory") {
  const okq = await startOkqOn(store, HTTP);
  return { okq, api: new ApiClient(okq.httpPort) };
}

describe("a name in a path", () => {
  test.each<[encoded: string, name: string | Buffer]>([
    ["a%2Fb", "a/b"],
    ["%25", "%"],
    ["%2525", "%25"],
    ["a%00b", "a\u0000b"],
    ["%FF%fe", Buffer.from([255, 254])],
    ["a+b", "a+b"],
    ["a%20b", "a b"],
    ["%C3%A9", "é"],
    ["a.b..", "a.b.."],
    ["...", "..."],
    ["%252e%252e", "%2e%2e"],
    ["a;b=c,d:e@f$&'()*!~-_", "a;b=c,d:e@f$&'()*!~-_"],
    ["%3Fx%23y", "?x#y"],
    ["%7Bqueue%7D", "{queue}"],
    ["__proto__", "__proto__"],
  ])("%p stands for %p", async (encoded, name) => {
    const { api, okq } = await setUp();
    const client = await okq.connect();
    const bytes = Buffer.from(name);
    await api.post(`/queues/${encoded}/events`, {
      contents: "x",
      idBase64: bytes.toString("base64"),
    });
    const event = (await api.get(`/queues/${encoded}/events/${encoded}`)).json;
    expect(event.id ?? Buffer.from(event.idBase64, "base64")).toEqual(name);
    expect(await ask(client, "QGET", bytes, bytes)).not.toBeNull();
    const [{ queue, queueBase64 }] = (await api.get("/queues")).json.queues;
    expect(queue ?? Buffer.from(queueBase64, "base64")).toEqual(name);
  });

  test.each(["%", "a%2", "%zz", "a%"])("%p is refused: it has a wrong %", async (encoded) => {
    const { okq } = await setUp();
    const answer = await exchangeRaw(okq.httpPort, requestText(`DELETE /v1/queues/${encoded}`));
    expect(answer.status).toBe(400);
    expect(answer.text).toContain("the path has a wrong %");
  });

  // Clients and Bun resolve . and .. before okq sees the path, also percent-encoded.
  test.each([
    ["DELETE", "/v1/queues/"],
    ["DELETE", "/v1/queues/."],
    ["DELETE", "/v1/queues/%2e"],
    ["DELETE", "/v1/queues/.."],
    ["DELETE", "/v1/queues/%2e%2E"],
    ["DELETE", "/v1/queues/q/events/"],
    ["DELETE", "/v1/queues/q/events/%2e"],
    ["DELETE", "/v1/queues/q/events/%2e%2e"],
    ["POST", "/v1/queues/%2e%2e/pop"],
    ["POST", "/v1/queues/q/events/%2e%2e/retry"],
    ["POST", "/v1/queues/q/events/../ack"],
    ["PATCH", "/v1/queues/%2e/config"],
    ["POST", "/v1/queues//pop"],
  ])("%s %s changes nothing: no name is empty, or . or ..", async (method, path) => {
    const { okq } = await setUp();
    const client = await okq.connect();
    for (const queue of ["", ".", "..", "q", "queues", "config"]) {
      for (const id of ["", ".", ".."]) await ask(client, "QPUSH", queue, "x", "ID", id);
    }
    const request = requestText(`${method} ${path}`, JSON_TYPE, "{}");
    const { status } = await exchangeRaw(okq.httpPort, request);
    expect([400, 404, 405]).toContain(status);
    const { queues } = (await new ApiClient(okq.httpPort).get("/queues")).json;
    expect(queues.map(({ ready }: Json) => ready)).toEqual([3, 3, 3, 3, 3, 3]);
  });
});

test.each([
  ["PUT", "/queues/q", "GET, DELETE"],
  ["DELETE", "/queues", "GET"],
  ["POST", "/queues/q/events/x", "GET, PATCH, DELETE"],
  ["GET", "/queues/q/pop", "POST"],
])("%s %s is answered with 405 and the methods there are", async (method, path, allowed) => {
  const { api } = await setUp();
  const answer = await api.call(method, path);
  expect(answer.status).toBe(405);
  expect(answer.headers.get("Allow")!.split(", ").toSorted()).toEqual(
    allowed.split(", ").toSorted(),
  );
});

test.each(["/", "/queue", "/queues/q/foo", "/queues/q/events/x/foo", "/queues/q/events/x/ack/y"])(
  "there is no path %s",
  async (path) => {
    const { api } = await setUp();
    expect((await api.get(path)).json).toMatchObject({ status: 404, title: "Not Found" });
  },
);

test("HEAD is answered as GET, without the body", async () => {
  const { okq, api } = await setUp();
  await api.post("/queues/q/events", { contents: "x", id: "x" });
  const url = `http://127.0.0.1:${okq.httpPort}/v1/queues/q/events/`;
  const there = await fetch(`${url}x`, { method: "HEAD" });
  expect([there.status, await there.text()]).toEqual([200, ""]);
  expect((await fetch(`${url}y`, { method: "HEAD" })).status).toBe(404);
});

test.each([
  ["/queues?count=0", "ERR count must be"],
  ["/queues?count=x", "count must be a number"],
  ["/queues?count=1&count=2", "count must be a number"],
  ["/queues?foo=1", 'unknown field "foo"'],
  ["/queues?match=a&matchBase64=YQ", "give match or matchBase64, not both"],
  ["/queues/q/events?state=foo", "state must be one of ready, delayed, claimed, failed, completed"],
  ["/queues/q/events?after=x", "ERR after takes a cursor"],
  ["/queues/q/events?reverse=1", "reverse must be true or false"],
  ["/queues/q/peek?end=top", "end must be one of right, left"],
  ["/queues/q/empty", "seconds is missing"],
  ["/errors?count=0", "count must be an integer from 1 to 1000"],
])("the query of %s is refused", async (path, detail) => {
  const { api } = await setUp();
  const { status, json } = await api.get(path);
  expect([status, json.detail.slice(0, detail.length)]).toEqual([400, detail]);
});

test("a query with very many parameters is refused", async () => {
  const { api } = await setUp();
  const { status, json } = await api.get(`/queues?${"a&".repeat(1001)}`);
  expect([status, json.detail]).toEqual([400, "the query has too many parameters"]);
});

test.each<[string, string, Json, string]>([
  ["PATCH", "/queues/q/config", {}, "no setting is given"],
  ["PATCH", "/queues/q/config", { lease: 1, ttl: null }, "null takes a setting back: not together"],
  ["PATCH", "/queues/q/config", { lease: "x" }, "ERR lease takes"],
  ["PATCH", "/queues/q/config", { lease: true }, "lease must be a string"],
  ["PATCH", "/queues/q/config", { Lease: 1 }, 'unknown field "Lease": it is called lease'],
  [
    "PATCH",
    "/queues/q/config",
    { maxAttempts: 1 },
    'unknown field "maxAttempts": it is called max-attempts',
  ],
  ["PATCH", "/queues/q/config", { colour: 1 }, 'unknown field "colour"'],
  ["PATCH", "/queues/q/groups/g", {}, "give limit or rate"],
  ["POST", "/queues/q/pause", { direction: "up" }, "direction must be one of in, out, all"],
  ["POST", "/queues/q/pause", { seconds: 0 }, "ERR seconds must be"],
  ["POST", "/queues/q/retry", {}, "give ids, or all: true"],
  ["POST", "/queues/q/retry", { ids: ["a"], all: true }, "ids stand alone"],
  ["POST", "/queues/q/purge", { state: "claimed" }, "state must be one of"],
  ["POST", "/queues/q/purge", {}, "state is missing"],
  ["POST", "/queues/q/move", { target: "q" }, "ERR"],
  ["POST", "/queues/q/delete", { ids: [] }, "ids is missing"],
  ["POST", "/queues/q/ack", { claims: [] }, "claims is missing"],
  ["POST", "/queues/q/ack", { claims: [{ id: "a" }] }, "claims[0]: token is missing"],
  ["POST", "/queues/q/ack", { claims: [5] }, "claims[0] must be an object"],
  ["POST", "/queues/q/events/a/ack", { token: 5 }, "token must be a string"],
  ["POST", "/queues/q/events/a/ack", { delay: 5 }, "ERR syntax error, delay needs redo"],
  ["POST", "/queues/q/events/a/fail", {}, "token is missing"],
  ["PUT", "/queues/q/crons/c", { spec: "x", contents: "c" }, "ERR spec"],
  ["PUT", "/queues/q/crons/c", { spec: "* * * * *" }, "contents is missing"],
  ["PUT", "/queues/q/counters/k", { members: 0 }, "ERR members"],
  ["PUT", "/queues/q/counters/k", { members: 1, event: {} }, "event: contents is missing"],
])("%s %s with %p is refused", async (method, path, json, detail) => {
  const { api } = await setUp();
  await api.post("/queues/q/events", { contents: "x", id: "a" });
  const answer = await api.call(method, path, { json });
  expect([answer.status, answer.json.detail.slice(0, detail.length)]).toEqual([400, detail]);
  expect((await api.get("/queues/q")).json).toMatchObject({ ready: 1, paused: "no" });
});

describe.each(storeNames)("on %s", (store) => {
  test("events are selected by all that is known of them, page by page", async () => {
    const { api } = await setUp(store);
    for (let at = 0; at < 30; at++) {
      const headers = { kind: at % 2 === 0 ? "even" : "odd" };
      await api.post("/queues/q/events", { contents: `c${at}`, id: `id${at}`, headers });
    }
    const ids = async (query: string) => {
      const found: string[] = [];
      let cursor: string | null = null;
      do {
        const after: string = cursor === null ? "" : `&after=${encodeURIComponent(cursor)}`;
        const page: Json = (await api.get(`/queues/q/events?${query}${after}`)).json;
        found.push(...page.events.map(({ id }: Json) => id));
        cursor = page.next;
      } while (cursor !== null);
      return found;
    };
    expect(await ids("count=7")).toHaveLength(30);
    expect(await ids("header.kind=ev*&count=4")).toHaveLength(15);
    expect(await ids("match=id1?&header.kind=odd")).toHaveLength(5);
    expect(await ids("contains=c29")).toEqual(["id29"]);
    expect(await ids("match=id1&reverse=true")).toEqual(["id1"]);
    expect(await ids("state=failed")).toEqual([]);
    const selection = { headers: { kind: "odd" }, match: "id?" };
    expect((await api.post("/queues/q/move", { target: "z", ...selection })).json.moved).toBe(5);
    const purge = { state: "ready", containsBase64: Buffer.from("c2").toString("base64") };
    expect((await api.post("/queues/q/purge", { ...purge, count: 3 })).json.removed).toBe(3);
    expect((await api.get("/queues/q")).json.ready).toBe(22);
  });
});

test("a purge ends when its client leaves", async () => {
  const { okq, api } = await setUp();
  const count = 100_000;
  const lines = Array.from({ length: count }, (_, at) => `{"contents":"${at}"}\n`).join("");
  const headers = { "Content-Type": "application/x-ndjson" };
  await api.call("POST", "/queues/q/events", { body: lines, headers });
  const socket = await RawSocket.connect(okq.httpPort);
  const request = requestText("POST /v1/queues/q/purge", JSON_TYPE, '{"state":"ready"}');
  socket.send(Buffer.from(request));
  await eventually(async () => (await api.get("/queues/q")).json.ready < count);
  socket.reset();
  let before = -1;
  await eventually(async () => {
    const { ready } = (await api.get("/queues/q")).json;
    const isSame = ready === before;
    before = ready;
    return isSame;
  });
  expect(before).toBeGreaterThan(0);
});

test("one okq answers to requests with a prefix only", async () => {
  const { httpPort } = await startTestOkq({ ...HTTP, httpPrefix: "/okq" });
  const base = `http://127.0.0.1:${httpPort}`;
  expect((await fetch(`${base}/okq/v1/queues`)).status).toBe(200);
  expect((await fetch(`${base}/v1/queues`)).status).toBe(404);
});
