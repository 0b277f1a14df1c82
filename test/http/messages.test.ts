// Messages as server-sent events.
import { describe, expect, test } from "bun:test";
import { ApiClient, type Json } from "../support/api.ts";
import { closeAfterTest } from "../support/close-after-test.ts";
import { eventually } from "../support/eventually.ts";
import { startOkqOn, startTestOkq, storeNames } from "../support/okq-server.ts";
import { TestClock } from "../support/test-clock.ts";
import { passwordOf, writeUsers } from "../support/users.ts";

const HTTP = { httpAddr: "127.0.0.1:0" };

/** A client of /v1/events that reads frame by frame. */
class Listener {
  readonly #reader: Pick<ReadableStreamDefaultReader<Uint8Array>, "read">;
  readonly #gone: AbortController;
  #received = "";

  private constructor(response: Response, gone: AbortController) {
    this.#reader = response.body!.getReader();
    this.#gone = gone;
  }

  /** Resolves when it has subscribed. */
  static async open(port: number, query = "", credentials = ""): Promise<Listener> {
    const gone = new AbortController();
    const headers = credentials ? { Authorization: `Bearer ${credentials}` } : {};
    const url = `http://127.0.0.1:${port}/v1/events${query}`;
    const response = await fetch(url, { headers, signal: gone.signal });
    expect(response.status).toBe(200);
    expect(response.headers.get("Content-Type")).toBe("text/event-stream");
    const listener = closeAfterTest(new Listener(response, gone));
    expect(await listener.frame()).toBe("retry: 1000");
    return listener;
  }

  close(): void {
    this.#gone.abort();
  }

  /** The next frame, without the empty line; null at the end. */
  async frame(): Promise<string | null> {
    while (!this.#received.includes("\n\n")) {
      const { done, value } = await this.#reader.read();
      if (done) return null;
      this.#received += Buffer.from(value).toString();
    }
    const end = this.#received.indexOf("\n\n");
    const frame = this.#received.slice(0, end);
    this.#received = this.#received.slice(end + 2);
    return frame;
  }

  async message(): Promise<Json> {
    const [, type, data] = /^event: (\w+)\ndata: (.+)$/.exec((await this.frame())!)!;
    const message = JSON.parse(data!) as Json;
    expect(message.event).toBe(type);
    return message;
  }
}

describe.each(storeNames)("on %s", (store) => {
  test("a stream tells what happens in a queue", async () => {
    const { httpPort } = await startOkqOn(store, HTTP);
    const api = new ApiClient(httpPort);
    const listener = await Listener.open(httpPort, "?queue=a&queue=%C3%BC");
    await api.post("/queues/other/events", { contents: "x" });
    await api.post("/queues/a/events", { contents: "x", id: "1" });
    expect(await listener.message()).toMatchObject({ event: "pushed", queue: "a", id: "1" });
    const { events } = (await api.post("/queues/a/pop", { worker: "w" })).json;
    expect(await listener.message()).toMatchObject({ event: "popped", worker: "w", attempt: 1 });
    const { token } = events[0];
    await api.post("/queues/a/events/1/fail", { token, error: "no\nline", final: true });
    expect(await listener.message()).toMatchObject({ event: "failed", error: "no\nline" });
    await api.post("/queues/ü/events", { contents: "x" });
    expect(await listener.message()).toMatchObject({ event: "pushed", queue: "ü" });
  });
});

test("a stream may be of all queues, of some that fit, and of some types", async () => {
  const { httpPort } = await startTestOkq(HTTP);
  const api = new ApiClient(httpPort);
  const all = await Listener.open(httpPort);
  const some = await Listener.open(httpPort, "?match=b*&type=acked&type=popped");
  const bytes = await Listener.open(httpPort, "?queueBase64=/w%3D%3D");
  for (const queue of ["a", "b", "%FF"]) {
    await api.post(`/queues/${queue}/events`, { contents: "x", id: "1" });
    const { events } = (await api.post(`/queues/${queue}/pop`)).json;
    await api.post(`/queues/${queue}/events/1/ack`, { token: events[0].token });
  }
  const heard = [];
  for (let at = 0; at < 9; at++) heard.push(await all.message());
  expect(heard.map(({ event, queue }) => [event, queue])).toEqual(
    ["a", "b", { base64: "/w==" }].flatMap((queue) =>
      ["pushed", "popped", "acked"].map((event) => [event, queue]),
    ),
  );
  expect(await some.message()).toMatchObject({ event: "popped", queue: "b" });
  expect(await some.message()).toMatchObject({ event: "acked", queue: "b" });
  expect(await bytes.message()).toMatchObject({ event: "pushed", queue: { base64: "/w==" } });
});

test.each([
  ["?queue=a&match=b", 400, "give queue or match, not both"],
  ["?type=foo", 400, "type[0] must be one of pushed, popped, "],
  ["?foo=1", 400, 'unknown field "foo"'],
  ["?queue=%FF", 400, "the query is not UTF-8: give such bytes as base64"],
  ["?queue=%", 400, "the query has a wrong %"],
  [`?match=${"x".repeat(2000)}`, 400, "ERR the pattern is"],
])("a wrong stream %p is refused", async (query, status, detail) => {
  const { httpPort } = await startTestOkq(HTTP);
  const answer = await new ApiClient(httpPort).get(`/events${query}`);
  expect(answer.status).toBe(status);
  expect(answer.json.detail).toStartWith(detail);
});

test("a user hears only what it may inspect, also after a change of its rights", async () => {
  const file = writeUsers("root all *", "ann inspect a*", "bob push *");
  const okq = await startTestOkq({ ...HTTP, users: file.path });
  const port = okq.httpPort;
  const as = (name: string) => `${name}:${passwordOf(name)}`;
  const api = new ApiClient(port, as("root"));
  for (const [name, query] of [
    ["bob", ""],
    ["bob", "?queue=a"],
    ["ann", "?queue=b"],
  ]) {
    const refused = await new ApiClient(port, as(name!)).get(`/events${query}`);
    expect([refused.status, refused.json.code]).toEqual([403, "NOPERM"]);
  }
  const ann = await Listener.open(port, "", as("ann"));
  const root = await Listener.open(port, "", as("root"));
  const push = async (queue: string) => {
    await api.post(`/queues/${queue}/events`, { contents: "x" });
    expect(await root.message()).toMatchObject({ queue });
  };
  await push("b");
  await push("a");
  expect(await ann.message()).toMatchObject({ queue: "a" });
  file.replace("root all *", "ann inspect b*", "bob push *");
  okq.reload();
  await eventually(() => okq.log.some((line) => line.includes("users loaded")));
  await push("a");
  await push("b");
  expect(await ann.message()).toMatchObject({ queue: "b" });
  file.replace("root all *");
  okq.reload();
  expect(await ann.frame()).toBeNull();
  await push("b");
});

test("a stream without messages has a heartbeat", async () => {
  const clock = new TestClock();
  const { httpPort } = await startTestOkq(HTTP, clock);
  const listener = await Listener.open(httpPort);
  const frame = listener.frame();
  await eventually(() => {
    clock.advance(5000);
    return Bun.peek.status(frame) === "fulfilled";
  });
  expect(await frame).toBe(": alive");
});

test("streams end when okq stops, and leave nothing behind when their clients go", async () => {
  const okq = await startTestOkq(HTTP);
  const api = new ApiClient(okq.httpPort);
  const channels = async () => {
    const { pubsubChannels, pubsubPatterns } = (await api.get("/server")).json.stats;
    return pubsubChannels + pubsubPatterns;
  };
  const going = await Listener.open(okq.httpPort, "?queue=a");
  const staying = await Listener.open(okq.httpPort);
  expect(await channels()).toBe(2);
  going.close();
  await eventually(async () => (await channels()) === 1);
  const end = staying.frame();
  await okq.close();
  expect(await end).toBeNull();
});

test("a slow reader loses messages, and is told how many where they are missing", async () => {
  const { httpPort } = await startTestOkq(HTTP);
  const api = new ApiClient(httpPort);
  const listener = await Listener.open(httpPort);
  const headers = { "Content-Type": "application/x-ndjson" };
  const lost = async () => (await api.get("/server")).json.stats.messagesLost as number;
  const id = "i".repeat(4000);
  const so = { pushed: 0, heard: 0, missing: 0 };
  const push = (count: number) => {
    const lines = Array.from(
      { length: count },
      () => `{"contents":"x","id":"${id}${++so.pushed}"}\n`,
    );
    return api.call("POST", "/queues/q/events", { body: lines.join(""), headers });
  };
  // It does not read; the system keeps some megabytes for it.
  while ((await lost()) === 0) await push(200);
  const hear = async () => {
    const message = await listener.message();
    if (message.event === "lost") return void (so.missing += message.count);
    so.heard += 1;
    expect(Number(message.id.slice(id.length))).toBe(so.heard + so.missing);
  };
  // Now there is room for some more, behind those that are lost.
  while (so.heard < so.pushed / 2) await hear();
  await push(10);
  while (so.heard + so.missing < so.pushed) await hear();
  expect(so.missing).toBeGreaterThan(0);
  expect(await lost()).toBe(so.missing);
});
