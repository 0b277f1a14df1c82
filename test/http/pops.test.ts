// Pops over HTTP, and what becomes of events whose client is gone.
import { describe, expect, test } from "bun:test";
import { RawSocket } from "../faults/raw-socket.ts";
import { ApiClient, type Json } from "../support/api.ts";
import { eventually } from "../support/eventually.ts";
import { requestText } from "../support/http.ts";
import { startOkqOn, storeNames, type TestOkq } from "../support/okq-server.ts";
import { ask } from "../support/readable.ts";

const JSON_TYPE = { "Content-Type": "application/json" };
const RAW_BODY = { "Content-Type": "application/octet-stream" };
const OCTETS = { Accept: "application/octet-stream" };

async function setUp(store: (typeof storeNames)[number] = "memory", config = {}) {
  const okq = await startOkqOn(store, { httpAddr: "127.0.0.1:0", ...config });
  return { okq, api: new ApiClient(okq.httpPort) };
}

/** Resolves when so many clients wait for events of the queue. */
async function waitersOf(api: ApiClient, queue: string, count: number): Promise<void> {
  await eventually(async () => {
    const { workers } = (await api.get(`/workers?queue=${queue}`)).json;
    return workers.filter(({ waiting }: Json) => waiting?.includes(queue)).length === count;
  });
}

/** A client that has sent a pop and reads no answer. */
async function popOnSocket({ httpPort }: TestOkq, queue: string, json: Json): Promise<RawSocket> {
  const socket = await RawSocket.connect(httpPort);
  const body = JSON.stringify(json);
  socket.send(Buffer.from(requestText(`POST /v1/queues/${queue}/pop`, JSON_TYPE, body)));
  return socket;
}

describe.each(storeNames)("on %s", (store) => {
  test("a pop waits until there is an event", async () => {
    const { api } = await setUp(store);
    const popped = api.post("/queues/q/pop", { wait: 30, worker: "ann" });
    await waitersOf(api, "q", 1);
    await api.post("/queues/q/events", { contents: "x", id: "x" });
    expect((await popped).json.events).toMatchObject([
      { queue: "q", id: "x", contents: "x", attempt: 1, headers: {} },
    ]);
    expect((await api.get("/queues/q/events/x")).json).toMatchObject({
      state: "claimed",
      worker: "ann",
    });
  });

  test("a wait that ends without an event answers none", async () => {
    const { api } = await setUp(store);
    expect((await api.post("/queues/q/pop", { wait: 0.05 })).json).toEqual({ events: [] });
    const raw = await api.post("/queues/q/pop", { wait: 0.05 }, { headers: OCTETS });
    expect(raw.status).toBe(204);
    const next = await api.post("/queues/q/events/x/next", { token: "1", wait: 0.05 });
    expect(next.json).toEqual({ acked: false, events: [] });
  });

  test("a client that goes ends its wait, and later events stay in the queue", async () => {
    const { api, okq } = await setUp(store);
    const socket = await popOnSocket(okq, "q", { wait: 60 });
    await waitersOf(api, "q", 1);
    socket.reset();
    await waitersOf(api, "q", 0);
    await api.post("/queues/q/events", { contents: "x" });
    expect((await api.get("/queues/q")).json).toMatchObject({ ready: 1, claimed: 0 });
  });

  test("noAck removes the events at once", async () => {
    const { api } = await setUp(store);
    await api.post("/queues/q/events", { contents: "x" });
    const { events } = (await api.post("/queues/q/pop", { noAck: true })).json;
    expect(events).toMatchObject([{ contents: "x", attempt: 1 }]);
    expect(events[0]).not.toHaveProperty("token");
    expect((await api.get("/queues/q")).json).toMatchObject({ ready: 0, claimed: 0 });
  });
});

/** As event x of queue q. */
async function pushRaw(api: ApiClient, body: string): Promise<void> {
  const headers = { ...RAW_BODY, "Okq-Id": "x" };
  expect((await api.call("POST", "/queues/q/events", { body, headers })).status).toBe(201);
}

test("an event goes back if its client has read a part of the answer only", async () => {
  const { api, okq } = await setUp();
  const contents = "x".repeat(20_000_000);
  await pushRaw(api, contents);
  const socket = await popOnSocket(okq, "q", {});
  await eventually(async () => (await api.get("/queues/q")).json.claimed === 1);
  await socket.read(1000);
  socket.reset();
  await eventually(async () => (await api.get("/queues/q")).json.ready === 1);
  const { events } = (await api.post("/queues/q/pop")).json;
  expect(events).toMatchObject([{ id: "x", attempt: 1 }]);
  expect(events[0].contents).toBe(contents);
});

test("large answers count as unsent until they are read", async () => {
  const { api, okq } = await setUp();
  await pushRaw(api, "x".repeat(20_000_000));
  const unsent = async () => (await api.get("/server")).json.clients.bytesUnsent as number;
  const socket = await popOnSocket(okq, "q", {});
  await eventually(async () => (await unsent()) > 20_000_000);
  socket.reset();
  await eventually(async () => (await unsent()) === 0);
  await eventually(async () => (await api.get("/queues/q")).json.ready === 1);
  const { events } = (await api.post("/queues/q/pop")).json;
  expect(events[0].contents).toHaveLength(20_000_000);
  await eventually(async () => (await unsent()) === 0);
});

test("an event whose answer has no room in memory stays in the queue", async () => {
  const { api, okq } = await setUp("memory", { maxWaitingBytes: 32 * 1024 * 1024 });
  const body = "x".repeat(30_000_000);
  for (const queue of ["a", "b", "c"]) {
    const pushed = await api.call("POST", `/queues/${queue}/events`, { body, headers: RAW_BODY });
    expect(pushed.status).toBe(201);
  }
  const sockets = [await popOnSocket(okq, "a", {}), await popOnSocket(okq, "b", {})];
  await eventually(async () => {
    const { bytesUnsent, bytesWaitingLimit } = (await api.get("/server")).json.clients;
    return bytesUnsent > bytesWaitingLimit;
  });
  const refused = await api.post("/queues/c/pop", {});
  expect([refused.status, refused.headers.get("Retry-After")]).toEqual([503, "1"]);
  await eventually(async () => (await api.get("/queues/c")).json.ready === 1);
  for (const socket of sockets) socket.reset();
  await eventually(async () => (await api.get("/queues/a")).json.ready === 1);
  await eventually(async () => (await api.get("/queues/b")).json.ready === 1);
  expect((await api.post("/queues/c/pop", {})).json.events).toMatchObject([{ attempt: 1 }]);
});

test("an answered request claims its events for good", async () => {
  const { api, okq } = await setUp();
  await api.post("/queues/q/events", { contents: "x", id: "x" });
  const socket = await popOnSocket(okq, "q", {});
  await socket.readUntil('"events"');
  socket.reset();
  // The server has seen that the connection is closed when it answers on later ones.
  for (let at = 0; at < 10; at++) await api.get("/queues/q");
  expect((await api.get("/queues/q")).json).toMatchObject({ ready: 0, claimed: 1 });
});

test("okq answers waiting pops when it stops", async () => {
  const { api, okq } = await setUp();
  const popped = api.post("/queues/q/pop", { wait: 60 });
  await waitersOf(api, "q", 1);
  await okq.close();
  expect((await popped).json).toEqual({ events: [] });
});

test("a raw pop answers the contents as they are, and the rest in headers", async () => {
  const { api } = await setUp();
  const contents = Buffer.from([0, 255, 13, 10]);
  const headers = { a: "é", "b b": "\u0000" };
  const id = " odd id ";
  await api.post("/queues/a%2Fb/events", {
    contentsBase64: contents.toString("base64"),
    id,
    headers,
  });
  const raw = await api.post("/queues/a%2Fb/pop", { lease: 60 }, { headers: OCTETS });
  expect(raw.status).toBe(200);
  expect(raw.bytes).toEqual(contents);
  expect(raw.headers.get("Content-Type")).toBe("application/octet-stream");
  expect(raw.headers.get("Okq-Queue")).toBe("a/b");
  expect(raw.headers.get("Okq-Id")).toBeNull();
  expect(raw.headers.get("Okq-Id-Base64")).toBe(Buffer.from(id).toString("base64"));
  expect(raw.headers.get("Okq-Attempt")).toBe("1");
  expect(JSON.parse(raw.headers.get("Okq-Headers")!)).toEqual(headers);
  const token = raw.headers.get("Okq-Token");
  const path = `/queues/a%2Fb/events/${encodeURIComponent(id)}`;
  expect((await api.post(`${path}/ack`, { token })).json).toEqual({ acked: true });
  const several = await api.post("/queues/q/pop", { count: 2 }, { headers: OCTETS });
  expect(several.status).toBe(406);
});

test("pops of one worker from the same queues count as one consumer", async () => {
  const { api } = await setUp();
  for (let at = 0; at < 5; at++) {
    await api.post("/queues/a/pop", { worker: "ann" });
    await api.post("/queues/b/pop", { worker: "ann" });
    await api.post("/queues/b/pop", { worker: "bob" });
    await api.post("/pop", { queues: ["b", "c"], worker: "bob" });
  }
  const { queues } = (await api.get("/queues")).json;
  expect(queues.map(({ queue, consumers }: Json) => [queue, consumers])).toEqual([
    ["a", 1],
    ["b", 3],
    ["c", 1],
  ]);
});

test("pops over HTTP and over RESP wait in one line", async () => {
  const { api, okq } = await setUp();
  const client = await okq.connect();
  const first = api.post("/queues/q/pop", { wait: 30 });
  await waitersOf(api, "q", 1);
  const second = ask(client, "QPOP", "WAIT", "30", "FROM", "q");
  await waitersOf(api, "q", 2);
  await api.post("/queues/q/events", { contents: "1" });
  await api.post("/queues/q/events", { contents: "2" });
  expect((await first).json.events).toMatchObject([{ contents: "1" }]);
  expect(((await second) as Json)[0].slice(0, 3)).toEqual(["q", expect.any(String), "2"]);
});

test.each<[Json, string]>([
  [{ count: 0 }, "ERR count must be"],
  [{ count: 1.5 }, "ERR count must be"],
  [{ count: 1001 }, "ERR count must be"],
  [{ wait: -1 }, "ERR wait must be"],
  [{ wait: "x" }, "wait must be a number"],
  [{ lease: 0 }, "ERR lease must be"],
  [{ lease: 1, noAck: true }, "ERR syntax error, noAck does not go with lease"],
  [{ worker: 5 }, "worker must be a string"],
  [{ queues: ["a"] }, 'unknown field "queues"'],
])("a wrong pop %p is refused and claims nothing", async (json, detail) => {
  const { api } = await setUp();
  await api.post("/queues/q/events", { contents: "x" });
  const answer = await api.post("/queues/q/pop", json);
  expect(answer.status).toBe(400);
  expect(answer.json.detail).toStartWith(detail);
  expect((await api.get("/queues/q")).json).toMatchObject({ ready: 1, claimed: 0 });
});

test.each<[Json, string]>([
  [{}, "queues is missing"],
  [{ queues: [] }, "queues is missing"],
  [{ queues: "a" }, "queues must be an array"],
  [{ queues: [1] }, "queues[0] must be a string"],
  [{ queuesBase64: ["?"] }, "queuesBase64[0] must be base64"],
  [{ queues: ["a"], weights: [1, 2] }, "ERR"],
  [{ queues: ["a"], weights: ["x"] }, "weights[0] must be a number"],
])("a wrong pop from several queues %p is refused", async (json, detail) => {
  const { api } = await setUp();
  const answer = await api.post("/pop", json);
  expect(answer.status).toBe(400);
  expect(answer.json.detail).toStartWith(detail);
});
