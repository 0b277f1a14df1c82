// simplequeue's API: requests and exact replies, on every store.
import { describe, expect, test } from "bun:test";
import { eventually } from "../support/eventually.ts";
import { startTestOkq, storeNames } from "../support/okq-server.ts";
import { ask } from "../support/readable.ts";
import { error, ERROR_TYPE, HTTP, ok, startOn, Topics } from "../support/topics.ts";

const OK = '{"status":"ok"}\n';
const NOTHING = '{"error":"no pending jobs"}\n';
const WRONG_BODY = '{"error":"invalid request body"}\n';
const WRONG_TOPIC = '{"error":"invalid topic name"}\n';

/** Go's time.Time, in UTC. */
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d*[1-9])?Z$/;

describe.each(storeNames)("on %s", (store) => {
  test("answers the requests of a job's life as simplequeue does", async () => {
    const topics = await startOn(store);
    const payload = '{ "n": 12345678901234567890, "s":"<\\u00e9 & é>" }';
    const sent = `{"id":"job-1","payload": ${payload} }`;
    expect(await topics.get("/topics/mail/status")).toEqual(
      ok('{"pending":0,"claimed":0,"completed":0,"total":0}\n'),
    );
    expect(await topics.post("/topics/mail/claim", { worker_id: "w1" })).toEqual(
      error(NOTHING, 404),
    );
    expect(await topics.post("/topics/mail/enqueue", sent)).toEqual(ok('{"id":"job-1"}\n', 201));
    expect(await topics.post("/topics/mail/enqueue", sent)).toEqual(
      error('{"error":"duplicate id"}\n', 409),
    );
    const claimed = await topics.post("/topics/mail/claim", { worker_id: "w<1>" });
    const { job } = JSON.parse(claimed.body);
    const base64 = Buffer.from(payload).toString("base64");
    expect(claimed).toEqual(
      ok(
        `{"job":{"id":"job-1","status":"claimed","payload":"${base64}",` +
          `"claimed_by":"w\\u003c1\\u003e","claimed_at":"${job.claimed_at}",` +
          `"last_heartbeat":"${job.claimed_at}","created_at":"${job.created_at}","attempts":1}}\n`,
      ),
    );
    expect(job.claimed_at).toMatch(TIME);
    expect(job.created_at).toMatch(TIME);
    expect(Date.parse(job.created_at)).toBeLessThanOrEqual(Date.parse(job.claimed_at));
    expect(Math.abs(Date.now() - Date.parse(job.claimed_at))).toBeLessThan(60_000);
    expect(await topics.get("/topics/mail/status")).toEqual(
      ok('{"pending":0,"claimed":1,"completed":0,"total":1}\n'),
    );
    expect(await topics.post("/topics/mail/heartbeat", { job_id: "job-1" })).toEqual(ok(OK));
    expect(await topics.post("/topics/mail/ack", { job_id: "job-1" })).toEqual(ok(OK));
    expect(await topics.get("/topics/mail/status")).toEqual(
      ok('{"pending":0,"claimed":0,"completed":1,"total":1}\n'),
    );
    expect(await topics.claim("mail")).toBeNull();
  });

  test("a topic is the queue of that name, with the bytes of the payload", async () => {
    const topics = await startOn(store);
    const wire = await topics.okq.connect();
    const payload = Buffer.from('[1.0e+2,\n\t"\xff\\ud800",{}]', "latin1");
    const body = Buffer.concat([Buffer.from('{"id":"a","payload":'), payload, Buffer.from("}")]);
    expect((await topics.post("/topics/A_b-9/enqueue", body)).status).toBe(201);
    const job = await topics.claim("A_b-9", "me");
    expect(Buffer.from(job!.payload as string, "base64")).toEqual(payload);
    const facts = (await ask(wire, "QGET", "A_b-9", "a")) as unknown[];
    expect(facts[facts.indexOf("worker") + 1]).toBe("me");
    await topics.claim("A_b-9", "other");
    expect(await ask(wire, "QSTATUS", "A_b-9")).toEqual([["A_b-9", 1, 1, 2]]);
    await ask(wire, "QPUSH", "A_b-9", "no JSON \u0000", "ID", "b");
    await ask(wire, "QPUSH", "A_b-9", "", "ID", "c");
    const pushed = await topics.claim("A_b-9");
    expect(Buffer.from(pushed!.payload as string, "base64").toString()).toBe("no JSON \u0000");
    expect(await topics.claim("A_b-9")).toMatchObject({ id: "c", payload: null });
  });

  test("makes an id, a random UUID, for a job that has none", async () => {
    const topics = await startOn(store);
    const uuid = /^\{"id":"[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}"\}\n$/;
    const bodies = ['{"payload":1}', '{"id":"","payload":1}', '{"id":null,"payload":1}', "null"];
    for (const body of bodies) {
      const reply = await topics.post("/topics/t/enqueue", body);
      expect(reply.status).toBe(201);
      expect(reply.body).toMatch(uuid);
      const { id } = JSON.parse(reply.body);
      expect(await topics.claim("t")).toMatchObject({ id });
    }
  });

  test("a nack makes a job pending at once, in its old place, and its attempts go on", async () => {
    const topics = await startOn(store);
    for (const id of ["a", "b", "c"]) {
      await topics.post("/topics/t/enqueue", { id, payload: null });
    }
    expect(await topics.claim("t")).toMatchObject({ id: "a", attempts: 1 });
    expect(await topics.claim("t")).toMatchObject({ id: "b", attempts: 1 });
    expect(await topics.post("/topics/t/nack", { job_id: "b" })).toEqual(ok(OK));
    expect(await topics.post("/topics/t/nack", { job_id: "a" })).toEqual(ok(OK));
    expect((await topics.get("/topics/t/status")).body).toBe(
      '{"pending":3,"claimed":0,"completed":0,"total":3}\n',
    );
    expect(await topics.claim("t")).toMatchObject({ id: "a", attempts: 2, payload: "bnVsbA==" });
    expect(await topics.claim("t")).toMatchObject({ id: "b", attempts: 2 });
    expect(await topics.claim("t")).toMatchObject({ id: "c", attempts: 1 });
    const wire = await topics.okq.connect();
    expect(JSON.stringify(await ask(wire, "QGET", "t", "b"))).toContain('"last-error","nack"');
  });

  test("ids that are unknown or not claimed are no error, and nothing is done", async () => {
    const topics = await startOn(store);
    await topics.post("/topics/t/enqueue", { id: "a", payload: 1 });
    for (const call of ["ack", "nack", "heartbeat"]) {
      for (const body of ['{"job_id":"none"}', '{"job_id":"a"}', '{"job_id":""}', "{}", "null"]) {
        expect(await topics.post(`/topics/t/${call}`, body)).toEqual(ok(OK));
        expect(await topics.post(`/topics/other/${call}`, body)).toEqual(ok(OK));
      }
    }
    expect((await topics.get("/topics/t/status")).body).toContain('{"pending":1,"claimed":0');
    expect(await topics.claim("t")).toMatchObject({ id: "a", attempts: 1 });
  });

  test("a job comes again when its lease has ended, which a heartbeat puts off", async () => {
    const topics = await startOn(store);
    const wire = await topics.okq.connect();
    await ask(wire, "QCONFIG", "t", "lease", "2");
    await topics.post("/topics/t/enqueue", { id: "dead", payload: 1 });
    await topics.post("/topics/t/enqueue", { id: "alive", payload: 1 });
    await topics.claim("t", "one");
    await topics.claim("t", "one");
    const again: unknown[] = [];
    await eventually(
      async () => {
        await topics.post("/topics/t/heartbeat", { job_id: "alive" });
        const job = await topics.claim("t", "two");
        if (job) again.push([job.id, job.attempts]);
        return again.length === 2;
      },
      { timeoutMs: 20_000, message: "the job comes again twice" },
    );
    expect(again).toEqual([
      ["dead", 2],
      ["dead", 3],
    ]);
  });

  test("status counts delayed, failed and kept completed events", async () => {
    const topics = await startOn(store);
    const wire = await topics.okq.connect();
    await ask(wire, "QCONFIG", "t", "keep-completed", "", "max-attempts", "1");
    for (const id of ["a", "b"]) await topics.post("/topics/t/enqueue", { id, payload: 1 });
    await ask(wire, "QPUSH", "t", "1", "DELAY", "100");
    await topics.claim("t");
    await topics.post("/topics/t/ack", { job_id: "a" });
    await topics.claim("t");
    await topics.post("/topics/t/nack", { job_id: "b" });
    expect((await topics.get("/topics/t/status")).body).toBe(
      '{"pending":1,"claimed":0,"completed":1,"total":3}\n',
    );
  });
});

describe("wrong requests", () => {
  const posts = ["enqueue", "claim", "ack", "nack", "heartbeat"];
  const wrongBodies = ["", " ", "x", "1", '"a"', "[]", "{", '{"id":"a"', '{"a":01}', '{"a":"\n"}'];

  test.each(posts)("%s refuses a wrong body", async (call) => {
    const topics = new Topics(await startTestOkq(HTTP));
    const field = { enqueue: "id", claim: "worker_id" }[call] ?? "job_id";
    const wrongTypes = [`{"${field}":1}`, `{"${field}":[],"${field}":"a"}`, `{"${field}":{}}`];
    for (const body of [...wrongBodies, ...wrongTypes]) {
      expect(await topics.post(`/topics/t/${call}`, body)).toEqual(error(WRONG_BODY, 400));
    }
    expect((await topics.get("/topics/t/status")).body).toContain('"total":0');
  });

  test.each(["a.b", "a%20b", "a%2Fb", "%", "%ff", "é", "a:b", "a%0A", ""])(
    "the topic name %p is refused",
    async (name) => {
      const topics = new Topics(await startTestOkq(HTTP));
      for (const call of posts) {
        const reply = await topics.post(`/topics/${name}/${call}`, "wrong too");
        expect(reply).toEqual(error(WRONG_TOPIC, 400));
      }
      expect(await topics.get(`/topics/${name}/status`)).toEqual(error(WRONG_TOPIC, 400));
    },
  );

  test("a claim needs a worker", async () => {
    const topics = new Topics(await startTestOkq(HTTP));
    for (const body of ["{}", "null", '{"worker_id":""}', '{"worker_id":null}']) {
      expect(await topics.post("/topics/t/claim", body)).toEqual(
        error('{"error":"worker_id is required"}\n', 400),
      );
    }
    const long = await topics.post("/topics/t/claim", { worker_id: "w".repeat(2000) });
    expect(long).toMatchObject({ status: 400, type: ERROR_TYPE });
    expect(long.body).toContain("the name of a worker is");
  });

  test("other methods and paths are not there", async () => {
    const { httpPort } = await startTestOkq(HTTP);
    const status = async (method: string, path: string) =>
      (await fetch(`http://127.0.0.1:${httpPort}${path}`, { method })).status;
    expect(await status("GET", "/topics/t/enqueue")).toBe(405);
    expect(await status("POST", "/topics/t/status")).toBe(405);
    expect(await status("HEAD", "/topics/t/status")).toBe(200);
    for (const path of ["/topics", "/topics/t", "/topics/t/other", "/topics/t/ack/1"]) {
      expect(await status("POST", path)).toBe(404);
    }
    expect(await status("POST", "/topics/t/constructor")).toBe(404);
  });
});

test("members are read as Go reads them", async () => {
  const topics = new Topics(await startTestOkq(HTTP));
  const bodies: [string, string, string][] = [
    ['{"ID":"a","Payload":1}', "a", "1"],
    ['{"id":"x","ID":"b","payload":1,"PAYLOAD":[2]}', "b", "[2]"],
    ['{"id":"c","id":null,"payload":1,"payload":null}', "c", "null"],
    ['{"\\u0069d":"\\u0064","payload":{"payload":0} ,"more":[{}]} and more', "d", '{"payload":0}'],
    ['{"id":"\\ud800e","payload":"\\ud800"}', "\ufffde", '"\\ud800"'],
  ];
  for (const [body, id, payload] of bodies) {
    expect(await topics.post("/topics/t/enqueue", body)).toEqual(ok(`{"id":"${id}"}\n`, 201));
    const job = await topics.claim("t");
    expect(job).toMatchObject({ id, payload: Buffer.from(payload).toString("base64") });
  }
  const claimed = await topics.post("/topics/t/claim", '{"Wor\u212aER_ID":"w"}');
  expect(claimed).toEqual(error(NOTHING, 404));
});

test("any Content-Type is taken, as from curl", async () => {
  const topics = new Topics(await startTestOkq(HTTP));
  const type = { "Content-Type": "application/x-www-form-urlencoded" };
  expect((await topics.post("/topics/t/enqueue", '{"id":"a"}', type)).status).toBe(201);
  const foreign = { ...type, Origin: "http://evil.example" };
  expect((await topics.post("/topics/t/enqueue", '{"id":"b"}', foreign)).status).toBe(403);
  expect((await topics.get("/topics/t/status")).body).toContain('"total":1');
});
