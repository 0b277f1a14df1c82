// simplequeue's API where okq refuses, users lack rights, the store fails, and clients are gone.
import { expect, test } from "bun:test";
import { RawSocket } from "../faults/raw-socket.ts";
import { eventually } from "../support/eventually.ts";
import { basic, requestText } from "../support/http.ts";
import { startTestOkq, startTestRedis } from "../support/okq-server.ts";
import { ask } from "../support/readable.ts";
import { error, ERROR_TYPE, HTTP, JSON_TYPE, Topics } from "../support/topics.ts";
import { passwordOf, writeUsers } from "../support/users.ts";

test("refusals of okq are errors in the same format", async () => {
  const topics = new Topics(await startTestOkq({ ...HTTP, maxEventBytes: 1000 }));
  const wire = await topics.okq.connect();
  const enqueue = (payload: unknown) => topics.post("/topics/t/enqueue", { payload });
  await ask(wire, "QCONFIG", "t", "max-length", "1");
  expect((await enqueue("x")).status).toBe(201);
  expect(await enqueue("x")).toEqual(error('{"error":"QUEUEFULL t"}\n', 429));
  await ask(wire, "QPAUSE", "t", "IN");
  expect(await enqueue("x")).toEqual(error('{"error":"PAUSED t"}\n', 409));
  expect(await enqueue("x".repeat(998))).toMatchObject({ status: 409 });
  const event = "ERR event too large, 1001 of at most 1000 bytes (--max-event-bytes)";
  expect(await enqueue("x".repeat(999))).toEqual(error(`{"error":"${event}"}\n`, 413));
  const tooLarge = await enqueue("x".repeat(2 * 1024 * 1024));
  expect(tooLarge).toMatchObject({ status: 413, type: ERROR_TYPE });
  expect(tooLarge.body).toMatch(/^\{"error":"the body has more than \d+ bytes"\}\n$/);
  expect((await topics.get("/topics/t/status")).body).toContain('"total":1');
});

test("each call needs the right of its command, and that to the queue", async () => {
  const { path } = writeUsers("p push jobs-*", "c consume jobs-*", "i inspect jobs-*");
  const okq = await startTestOkq({ ...HTTP, users: path });
  const calls: [string, user: string][] = [
    ["enqueue", "p"],
    ["claim", "c"],
    ["ack", "c"],
    ["nack", "c"],
    ["heartbeat", "c"],
    ["status", "i"],
  ];
  for (const user of ["p", "c", "i"]) {
    const topics = new Topics(okq, basic(user, passwordOf(user)));
    for (const [call, by] of calls) {
      const request = (topic: string) => {
        const url = `/topics/${topic}/${call}`;
        return call === "status" ? topics.get(url) : topics.post(url, { worker_id: "w" });
      };
      const denied = { status: 403, type: ERROR_TYPE, body: expect.stringContaining("NOPERM") };
      if (user !== by) expect(await request("jobs-1")).toEqual(denied);
      else expect((await request("jobs-1")).status).not.toBe(403);
      expect(await request("mail")).toEqual(denied);
    }
  }
});

test("health is told in simplequeue's words, without a login", async () => {
  const topics = new Topics(await startTestOkq({ ...HTTP, password: "secret" }));
  const { status, type, body } = await topics.get("/healthz");
  expect({ status, type }).toEqual({ status: 200, type: JSON_TYPE });
  expect(body).toMatch(
    /^\{"broker_id":"[^"]+","status":"ok","time":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"\}\n$/,
  );
  expect((await topics.post("/topics/t/enqueue", {})).status).toBe(401);
  const known = new Topics(topics.okq, basic("default", "secret"));
  expect((await known.post("/topics/t/enqueue", { payload: 1 })).status).toBe(201);
});

test("failures of the store are told in simplequeue's words", async () => {
  const redis = await startTestRedis();
  const store = { store: "", redisAddr: `127.0.0.1:${redis.port}` };
  const topics = new Topics(await startTestOkq({ ...HTTP, ...store }));
  await redis.kill();
  await eventually(() => topics.okq.log.some((line) => line.includes("Redis connection lost")));
  for (const call of ["enqueue", "claim", "ack", "nack", "heartbeat"]) {
    const reply = await topics.post(`/topics/t/${call}`, { worker_id: "w", job_id: "a" });
    expect(reply).toEqual(error(`{"error":"${call} failed"}\n`, 500));
  }
  expect(await topics.get("/topics/t/status")).toEqual(
    error('{"error":"failed to read state"}\n', 500),
  );
});

test("a claim whose client is gone is given back", async () => {
  const okq = await startTestOkq(HTTP);
  const topics = new Topics(okq);
  // More than the buffers of a connection take.
  await ask(await okq.connect(), "QPUSH", "t", `"${"x".repeat(30_000_000)}"`, "ID", "a");
  const socket = await RawSocket.connect(okq.httpPort);
  socket.send(Buffer.from(requestText("POST /topics/t/claim", {}, '{"worker_id":"w"}')));
  await socket.readUntil("\r\n");
  socket.pause(true);
  socket.reset();
  const claim = async () => (await topics.claim("t"))?.id === "a";
  await eventually(claim, { timeoutMs: 10_000, message: "the job is pending again" });
});

test("answers for clients that are gone before them take no room for good", async () => {
  const redis = await startTestRedis();
  const store = { store: "", redisAddr: `127.0.0.1:${redis.port}` };
  const topics = new Topics(await startTestOkq({ ...HTTP, ...store }));
  const wire = await topics.okq.connect();
  await topics.post("/topics/t/enqueue", { id: "a", payload: "x".repeat(1_000_000) });
  redis.signal("SIGSTOP");
  const socket = await RawSocket.connect(topics.okq.httpPort);
  socket.send(Buffer.from(requestText("POST /topics/t/claim", {}, '{"worker_id":"w"}')));
  const clients = async () => String(await ask(wire, "INFO", "clients"));
  await eventually(async () => (await clients()).includes("bytes_bodies:17\r"));
  socket.reset();
  // By then okq has noticed.
  expect((await topics.get("/healthz")).status).toBe(200);
  redis.signal("SIGCONT");
  await eventually(async () => (await topics.claim("t"))?.id === "a");
  await eventually(async () => (await clients()).includes("bytes_unsent:0\r"));
});
