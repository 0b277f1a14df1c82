// Pushes over HTTP: in JSON, as they are, and as lines of JSON.
import { describe, expect, test } from "bun:test";
import { RawSocket } from "../faults/raw-socket.ts";
import { ApiClient, type Json } from "../support/api.ts";
import { eventually } from "../support/eventually.ts";
import { requestText } from "../support/http.ts";
import { startOkqOn, startTestOkq, storeNames } from "../support/okq-server.ts";
import { ask } from "../support/readable.ts";

const OCTETS = { "Content-Type": "application/octet-stream" };
const LINES = { "Content-Type": "application/x-ndjson" };
const PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

async function setUp(store: (typeof storeNames)[number] = "memory", config = {}) {
  const okq = await startOkqOn(store, { httpAddr: "127.0.0.1:0", ...config });
  return { okq, api: new ApiClient(okq.httpPort) };
}

/** Pushes these lines; the answers, one for each. */
async function pushLines(api: ApiClient, body: string | ReadableStream, headers = {}) {
  const sent = { body, headers: { ...LINES, ...headers } };
  const { status, bytes } = await api.call("POST", "/queues/q/events", sent);
  const lines = bytes.toString().split("\n").slice(0, -1);
  return { status, answers: lines.map((line) => JSON.parse(line) as Json) };
}

async function contentsOf(api: ApiClient, queue = "q"): Promise<Json[]> {
  const { events } = (await api.get(`/queues/${queue}/events?withContents=true`)).json;
  return events.map(({ contents, contentsBase64 }: Json) => contents ?? { contentsBase64 });
}

describe.each(storeNames)("on %s", (store) => {
  test("a JSON value is kept as its exact bytes", async () => {
    const { api } = await setUp(store);
    const value = '{ "big": 12345678901234567890.10,  "\\u0061":[1e400,-0] }';
    const body = `{"id":"x", "json" : ${value} }`;
    const sent = { body, headers: { "Content-Type": "application/json; charset=utf-8" } };
    expect((await api.call("POST", "/queues/q/events", sent)).status).toBe(201);
    expect(await contentsOf(api)).toEqual([value]);
  });

  test("bytes come back as text if they are UTF-8, else in base64", async () => {
    const { api } = await setUp(store);
    const texts = ["", "\u0000\u{1F600}é", "\uFEFFbom", "\\", "\u2028"];
    for (const contents of texts) await api.post("/queues/q/events", { contents });
    await api.post("/queues/q/events", { contentsBase64: "/wD+", idBase64: "/w==" });
    expect(await contentsOf(api)).toEqual([...texts, { contentsBase64: "/wD+" }]);
    const event = (await api.get("/queues/q/events/%FF")).json;
    expect(event).toMatchObject({ idBase64: "/w==", contentsBase64: "/wD+" });
  });

  test("many control characters come back in base64", async () => {
    const { api } = await setUp(store);
    const text = `${"x".repeat(79_000)}${"\u0000".repeat(21_000)}${"\n".repeat(100_000)}`;
    const control = `${"x".repeat(70_000)}${"\u0000".repeat(30_000)}`;
    for (const contents of [text, control]) await api.post("/queues/q/events", { contents });
    const contentsBase64 = Buffer.from(control).toString("base64");
    expect(await contentsOf(api)).toEqual([text, { contentsBase64 }]);
  });

  test("all options of QPUSH can be given", async () => {
    const { api } = await setUp(store);
    await api.call("PUT", "/queues/q/counters/k", { json: { members: 1 } });
    const options = {
      priority: -7,
      delay: 100.5,
      ttl: 1000,
      attempts: 3,
      backoff: "fixed 5",
      lease: 7.5,
      headers: { "": "empty", a: "1", __proto__x: "2" },
      headersBase64: [["/w==", "AA=="]],
      unique: "once",
      uniqueFor: 60,
      part: { queue: "q", key: "k" },
      onDuplicate: "keep",
    };
    // An empty name of a header is refused by the command.
    const refused = await api.post("/queues/q/events", { contents: "x", ...options });
    expect(refused.status).toBe(400);
    delete (options.headers as Json)[""];
    expect(
      (await api.post("/queues/q/events", { contents: "x", id: "i", ...options })).status,
    ).toBe(201);
    const event = (await api.get("/queues/q/events/i")).json;
    expect(event).toMatchObject({
      state: "delayed",
      priority: -7,
      maxAttempts: 3,
      unique: "once",
      headers: { a: "1", __proto__x: "2" },
    });
    expect(event.headersBase64).toContainEqual(["/w==", "AA=="]);
    expect(event.dueAt - event.pushedAt).toBeCloseTo(100.5, 1);
    const again = await api.post("/queues/q/events", { contents: "y", ...options });
    expect(again.json).toEqual({ id: "i" });
  });

  test("many lines are pushed in order, with an answer for each", async () => {
    const { api } = await setUp(store);
    const lines = [
      '{"contents":"a","id":"a"}',
      "",
      '{"contents":"b","id":"b"}\r',
      '{"contents":"dup","id":"a"}',
      '{"json":12345678901234567890}',
      '{"contents":"u","unique":"u"}',
      '{"contents":"v","unique":"u"}',
      '{"contents":"late","delay":50}',
    ];
    const { status, answers } = await pushLines(api, lines.join("\n"));
    expect(status).toBe(200);
    expect(answers.map(({ id, status: problem, line }: Json) => [!!id, problem, line])).toEqual([
      [true, undefined, undefined],
      [true, undefined, undefined],
      [false, 409, 4],
      [true, undefined, undefined],
      [true, undefined, undefined],
      [false, 409, 7],
      [true, undefined, undefined],
    ]);
    expect(answers[2]).toMatchObject({ code: "DUPLICATE", detail: "DUPLICATE a" });
    expect(await contentsOf(api)).toEqual(["a", "b", "12345678901234567890", "u", "late"]);
  });

  test("lines end at the first that the queue does not take", async () => {
    const { api } = await setUp(store);
    await api.call("PATCH", "/queues/q/config", { json: { "max-length": 3 } });
    const lines = Array.from({ length: 10 }, (_, at) => `{"contents":"${at}"}`);
    const { answers } = await pushLines(api, lines.join("\n"));
    expect(answers).toHaveLength(4);
    expect(answers[3]).toMatchObject({ status: 429, code: "QUEUEFULL", line: 4 });
    expect(await contentsOf(api)).toEqual(["0", "1", "2"]);
  });
});

test.each([
  ['{"contents":"a"}\n{"contents":"b"\n{"contents":"c"}', 400],
  ['{"contents":"a"}\n[1]\n{"contents":"c"}', 400],
  ['{"contents":"a"}\n{"contents":"b","foo":1}\n{"contents":"c"}', 400],
  ['{"contents":"a"}\n{"id":"b"}\n{"contents":"c"}', 400],
  ['{"contents":"a"}\n{"contents":"b","priority":5000}\n{"contents":"c"}', 400],
])("lines end at the first that is wrong: %p", async (body, status) => {
  const { api } = await setUp();
  const { answers } = await pushLines(api, body);
  expect(answers).toMatchObject([{ id: expect.any(String) }, { status, line: 2 }]);
  expect(await contentsOf(api)).toEqual(["a"]);
});

describe("a large body", () => {
  const blanks = " ".repeat(70_000);
  const nested = "[0],".repeat(200_000);

  test("is read as a small one, and `json` may have any number of values", async () => {
    const { api } = await setUp();
    const value = `{"a":[${nested}1.0]}`;
    const body = `{"json":1${blanks},"id":"x", "js\\u006fn" : ${value}, "headers":{"json":"y"} }`;
    const sent = { body, headers: { "Content-Type": "application/json" } };
    expect((await api.call("POST", "/queues/q/events", sent)).status).toBe(201);
    expect(await contentsOf(api)).toEqual([value]);
    const { headers } = (await api.get("/queues/q/events/x")).json;
    expect(headers).toEqual({ json: "y" });
  });

  test.each<[body: string, detail: string]>([
    [`{"contents":"x","headers":{"a":[${nested}1]}}`, "more than 100000 values"],
    [`{"contents":"x","json":[${nested}]}`, "wrong JSON at byte"],
    [`{"json":${"[".repeat(20_000)}${"]".repeat(20_000)}${blanks}}`, "more than 10000 levels"],
    [`{${'"a":0,'.repeat(20_000)}"contents":"x"}`, "more than 1000 members"],
    [`{"${"n".repeat(2 ** 20)}":1,"contents":"x"}`, "the name of a member is too long"],
    [`{"contents":"x"${blanks}`, "the JSON ends too early"],
    [`{"contents":"x","json":01${blanks}}`, "a wrong value of json"],
    [`[${nested}1]`, "must be a JSON object"],
    [`${blanks}null`, "must be a JSON object"],
  ])("is refused if it is wrong or has too many values", async (body, detail) => {
    const { api } = await setUp();
    const sent = { body, headers: { "Content-Type": "application/json" } };
    const { status, json } = await api.call("POST", "/queues/q/events", sent);
    expect(status).toBe(400);
    expect(json.detail).toContain(detail);
    expect(await contentsOf(api)).toEqual([]);
  });
});

test("an event larger than --max-event-bytes is refused in every form", async () => {
  const { api } = await setUp("memory", { maxEventBytes: 1000 });
  const [largest, larger] = ["x".repeat(1000), "x".repeat(1001)];
  const forms = (contents: string) => [
    { json: { contents } },
    { json: { contentsBase64: Buffer.from(contents).toString("base64") } },
    { json: { json: contents.slice(2) } },
    { body: contents, headers: OCTETS },
  ];
  const push = async (sent: object) => (await api.call("POST", "/queues/q/events", sent)).status;
  for (const form of forms(largest)) expect(await push(form)).toBe(201);
  for (const form of forms(larger)) expect(await push(form)).toBe(413);
  const { answers } = await pushLines(api, `{"contents":"${largest}"}\n{"contents":"${larger}"}\n`);
  expect(answers).toMatchObject([{ id: expect.any(String) }, { status: 413, line: 2 }]);
  expect(await contentsOf(api)).toHaveLength(5);
});

test("a line that is too long ends the lines", async () => {
  const { api } = await setUp("memory", { maxEventBytes: 1000 });
  const tooLong = "x".repeat(3_000_000);
  const { answers } = await pushLines(api, `{"contents":"a"}\n{"contents":"${tooLong}"}\n`);
  expect(answers).toMatchObject([{ id: expect.any(String) }, { status: 413, line: 2 }]);
});

test("lines are answered while more of them come", async () => {
  const { api } = await setUp();
  const { readable, writable } = new TransformStream<string, string>();
  const writer = writable.getWriter();
  const url = `http://127.0.0.1:${api.port}/v1/queues/q/events`;
  void writer.write('{"contents":"first"}\n');
  const body = readable.pipeThrough(new TextEncoderStream());
  const response = await fetch(url, { method: "POST", body, headers: LINES });
  const reader = response.body!.getReader();
  expect(Buffer.from((await reader.read()).value!).toString()).toMatch(/^\{"id":".+"\}\n$/);
  expect(await contentsOf(api)).toEqual(["first"]);
  void writer.write('{"contents":"sec');
  void writer.write('ond"}\n');
  expect(Buffer.from((await reader.read()).value!).toString()).toMatch(/^\{"id":".+"\}\n$/);
  await writer.close();
  expect((await reader.read()).done).toBe(true);
  expect(await contentsOf(api)).toEqual(["first", "second"]);
});

test("a client may send all lines before it reads an answer", async () => {
  const { api, okq } = await setUp();
  const wire = await okq.connect();
  // Their answers are more than the buffers of a connection take.
  const count = 6000;
  const id = "x".repeat(4000);
  const lines = Array.from({ length: count }, (_, at) => `{"contents":"","id":"${id}${at}"}\n`);
  const body = lines.join("");
  const socket = await RawSocket.connect(api.port);
  socket.pause(true);
  socket.send(Buffer.from(requestText("POST /v1/queues/q/events", LINES, body)));
  await eventually(async () => (await ask(wire, "LLEN", "q")) === count);
  socket.pause(false);
  const answered = await socket.readUntil(`${id}${count - 1}"}`);
  expect(answered.toString().match(/\{"id":/g)).toHaveLength(count);
  socket.reset();
  const clients = async () => String(await ask(wire, "INFO", "clients"));
  await eventually(async () => (await clients()).includes("bytes_unsent:0\r"));
});

test("100,000 lines are pushed in portions", async () => {
  const { api } = await setUp();
  const lines = Array.from({ length: 100_000 }, (_, at) => `{"contents":"${at}","id":"${at}"}`);
  const { answers } = await pushLines(api, lines.join("\n"));
  expect(answers).toHaveLength(lines.length);
  expect(answers.every(({ id }: Json, at) => id === String(at))).toBe(true);
  expect((await api.get("/queues/q")).json.ready).toBe(lines.length);
});

test("contents are pushed as they are, with the other fields in headers", async () => {
  const { api } = await setUp();
  const bytes = Buffer.from([0, 255, 10, 13, 128]);
  const headers = {
    ...OCTETS,
    "Okq-Id": "the id",
    "Okq-Priority": "5",
    "Okq-Unique-Base64": "/w==",
    "Okq-Unique-For": "60",
    "Okq-Headers": '{"a":"\\u00e9"}',
    "Okq-Part": '{"queue":"q","key":"k"}',
  };
  await api.call("PUT", "/queues/q/counters/k", { json: { members: 1 } });
  const answer = await api.call("POST", "/queues/q/events", { body: bytes, headers });
  expect(answer.json).toEqual({ id: "the id" });
  const event = (await api.get("/queues/q/events/the%20id")).json;
  expect(event).toMatchObject({ priority: 5, uniqueBase64: "/w==", headers: { a: "é" } });
  expect(event.contentsBase64).toBe(bytes.toString("base64"));
  const raw = await api.get("/queues/q/events/the%20id?raw");
  expect(raw.bytes).toEqual(bytes);
  expect(raw.headers.get("Okq-Id")).toBe("the id");
  expect(raw.headers.get("Okq-State")).toBe("ready");
  expect(raw.headers.get("Okq-Headers")).toBe('{"a":"\\u00e9"}');
});

test.each<[Record<string, string>, string]>([
  [{ "Okq-Foo": "1" }, 'unknown field "foo"'],
  [{ "Okq-Delay": "soon" }, "delay must be a number"],
  [{ "Okq-Id-Base64": "?" }, "idBase64 must be base64"],
  [{ "Okq-Headers": "{" }, "okq-headers is not JSON: Expected '}'"],
  [{ "Okq-Headers": "[]" }, "headers must be an object"],
  [{ "Okq-Contents": "x" }, "okq-contents: the body has the contents"],
  [{ "Okq-Json": "1" }, "give contents or json, not both"],
])("wrong headers %p are refused", async (headers, detail) => {
  const { api } = await setUp();
  const sent = { body: "x", headers: { ...OCTETS, ...headers } };
  const answer = await api.call("POST", "/queues/q/events", sent);
  expect(answer.json).toMatchObject({ status: 400, detail });
  expect(await contentsOf(api)).toEqual([]);
});

test("an event gets the traceparent of its request, unless it has one", async () => {
  const { api, okq } = await setUp();
  const headers = { traceparent: PARENT };
  await api.post("/queues/q/events", { contents: "a", headers: { x: "y" } }, { headers });
  const own = { Traceparent: "mine" };
  await api.post("/queues/q/events", { contents: "b", headers: own }, { headers });
  await api.call("POST", "/queues/q/events", { body: "c", headers: { ...OCTETS, ...headers } });
  await pushLines(api, '{"contents":"d"}', headers);
  await api.post("/queues/q/events", { contents: "e" }, { headers: { traceparent: "wrong" } });
  const { events } = (await api.post("/queues/q/pop", { count: 9 })).json;
  expect(events.map((event: Json) => event.headers)).toEqual([
    { x: "y", traceparent: PARENT },
    own,
    { traceparent: PARENT },
    { traceparent: PARENT },
    {},
  ]);
  const client = await okq.connect();
  await ask(client, "QPUSH", "r", "x", "HEADER", "traceparent", PARENT);
  const other = (await api.post("/queues/r/pop")).json;
  expect(other.events[0].headers).toEqual({ traceparent: PARENT });
});

test.each<[unknown, string]>([
  [{}, "contents is missing"],
  [{ contents: 1 }, "contents must be a string; give any other value as json"],
  [{ contents: "a", contentsBase64: "YQ==" }, "give contents or contentsBase64, not both"],
  [{ contents: "a", json: 1 }, "give contents or json, not both"],
  [{ contents: "\ud800" }, "contents must be Unicode: it has half of a surrogate pair"],
  [{ contentsBase64: "a" }, "contentsBase64 must be base64"],
  [{ contents: "a", Contents: "b" }, 'unknown field "Contents": it is called contents'],
  [{ contents: "a", delay: "soon" }, "delay must be a number"],
  [{ contents: "a", delay: -1 }, "ERR delay must be a number of seconds from 0 to 315360000"],
  [{ contents: "a", priority: 1.5 }, "ERR priority must be an integer from -1000 to 1000"],
  [{ contents: "a", right: "yes" }, "right must be true or false"],
  [{ contents: "a", right: true, delay: 1 }, "ERR syntax error, delay does not go with right"],
  [{ contents: "a", onDuplicate: "KEEP" }, "onDuplicate must be one of error, keep, replace"],
  [{ contents: "a", headers: { a: 1 } }, "headers.a must be a string"],
  [{ contents: "a", headersBase64: [["YQ=="]] }, "headersBase64[0] must be a name and a value"],
  [{ contents: "a", part: { queue: "q" } }, "part: key is missing"],
  [{ contents: "a", part: { queue: "q", key: "k", x: 1 } }, 'unknown field "part.x"'],
  [{ contents: "a", uniqueFor: 5 }, "ERR syntax error, uniqueFor needs unique"],
])("a wrong push %p is refused and does nothing", async (json, detail) => {
  const { api } = await setUp();
  const answer = await api.post("/queues/q/events", json);
  expect(answer.status).toBe(400);
  expect(answer.json.detail).toStartWith(detail);
  expect((await api.get("/queues")).json.queues).toEqual([]);
});

test.each<[string | Uint8Array, Record<string, string>, number]>([
  ['{"contents":"a"', { "Content-Type": "application/json" }, 400],
  ["[]", { "Content-Type": "application/json" }, 400],
  ["null", { "Content-Type": "application/json" }, 400],
  [Buffer.from('{"contents":"\xff"}', "latin1"), { "Content-Type": "application/json" }, 400],
  [`{"contents":${"[".repeat(100_000)}`, { "Content-Type": "application/json" }, 400],
  ['{"contents":"a"}', { "Content-Type": "text/plain" }, 415],
  ['{"contents":"a"}', { "Content-Type": "application/x-www-form-urlencoded" }, 415],
  ['{"contents":"a"}', { "Content-Type": "application/jsonx" }, 415],
])("a wrong body %# is refused", async (body, headers, status) => {
  const { api } = await setUp();
  const url = `http://127.0.0.1:${api.port}/v1/queues/q/events`;
  const response = await fetch(url, { method: "POST", body: body as string, headers });
  expect(response.status).toBe(status);
  expect((await response.json()) as Json).toMatchObject({ status });
  expect((await api.get("/queues")).json.queues).toEqual([]);
});

test("JSON that would keep others waiting for long is refused, and says what to do", async () => {
  const okq = await startTestOkq({ httpAddr: "127.0.0.1:0" });
  const url = `http://127.0.0.1:${okq.httpPort}/v1/queues/q/events`;
  const body = JSON.stringify({ contents: "x".repeat(4 * 1024 * 1024) });
  const push = async (type: string) => {
    const answer = await fetch(url, { method: "POST", body, headers: { "Content-Type": type } });
    return [answer.status, await answer.text()] as const;
  };
  const [status, text] = await push("application/json");
  expect([status, text]).toEqual([413, expect.stringContaining("application/octet-stream")]);
  const [, lines] = await push("application/x-ndjson");
  expect(lines).toContain("application/octet-stream");
  expect((await push("application/octet-stream"))[0]).toBe(201);
});
