// What an okq that stands by refuses over HTTP: the same as if it served with its own users.
import { expect, test } from "bun:test";
import { ApiClient } from "../support/api.ts";
import { eventually } from "../support/eventually.ts";
import { startPair, startPairWith, untilLogged } from "../support/failover-pair.ts";
import { startTestOkq, type TestOkq } from "../support/okq-server.ts";
import { passwordOf, type UserLine, writeUsers } from "../support/users.ts";
import { requests } from "./requests-by-right.ts";

const HTTP = { httpAddr: "127.0.0.1:0" };
const bearer = (name: string) => ({ Authorization: `Bearer ${name}:${passwordOf(name)}` });

const startWith = (atServing: UserLine[], atStandby: UserLine[]) =>
  startPairWith(atServing, atStandby, HTTP);

async function logIn({ httpPort }: TestOkq, name: string): Promise<Response> {
  return await fetch(`http://127.0.0.1:${httpPort}/v1/session`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ user: name, password: passwordOf(name) }),
  });
}

const cookieOf = (answer: Response) => ({
  Cookie: answer.headers.get("Set-Cookie")!.split(";", 1)[0]!,
});

async function answerOf({ httpPort }: TestOkq, path: string, sent: RequestInit) {
  const response = await fetch(`http://127.0.0.1:${httpPort}${path}`, sent);
  const { status, headers } = response;
  const type = headers.get("Content-Type");
  if (type !== "text/event-stream") return { status, type, text: await response.text() };
  await response.body!.cancel();
  return { status, type, text: "" };
}

const json = { "Content-Type": "application/json" };
const lines = { "Content-Type": "application/x-ndjson" };

/** For the queue "mail". */
const others: [path: string, sent: RequestInit][] = [
  ["/v1/session", {}],
  ["/v1/events?queue=mail", {}],
  ["/v1/events?match=m*", {}],
  ["/v1/queues/mail/events", { method: "POST", headers: lines, body: '{"contents":"x"}' }],
  ["/v1/queues/mail/none", {}],
  ["/v1/defaults", { method: "PATCH", headers: json, body: '{"lease":1}' }],
  ["/v1/queues/mail/move", { method: "POST", headers: json, body: '{"target":"sent"}' }],
  ["/topics/mail/claim", { method: "POST", headers: json, body: '{"worker_id":"w"}' }],
  ["/topics/mail/enqueue", { method: "POST", headers: json, body: '{"payload":"x"}' }],
  ["/topics/mail/status", {}],
];

function allRequests(headers: Record<string, string>): [path: string, sent: RequestInit][] {
  const api = Object.values(requests).flat();
  const sent = api.map(([method, path, value]): [string, RequestInit] => {
    const body = value === undefined ? null : JSON.stringify(value);
    return [`/v1${path}`, { method, headers: json, body }];
  });
  return [...sent, ...others].map(([path, given]) => {
    return [path, { ...given, headers: { ...(given.headers as object), ...headers } }];
  });
}

test.each([
  ["uses other queues", "ann all other oth\\xe9r*"],
  ["uses some queues", "ann all mail"],
  ["may only push", "ann push *"],
  ["may only consume", "ann consume *"],
  ["may only inspect", "ann inspect *"],
  ["may only manage", "ann manage *"],
])("a user that %s at the standby gets the answers of a serving okq", async (_, line) => {
  const { standby, serving } = await startWith(["ann all *"], [line]);
  const alone = await startTestOkq({ ...HTTP, users: writeUsers(line).path });
  const session = cookieOf(await logIn(serving, "ann"));
  let refused = 0;
  for (const headers of [bearer("ann"), session]) {
    for (const [path, sent] of allRequests(headers)) {
      const { method } = sent;
      const own = { ...sent, headers: { ...(sent.headers as object), ...bearer("ann") } };
      const expected = await answerOf(alone, path, own);
      const answer = await answerOf(standby, path, sent);
      const isRefused = expected.status === 403;
      if (isRefused) refused++;
      const text = isRefused || path === "/v1/session" ? expected.text : answer.text;
      expect({ method, path, ...answer }).toEqual({ method, path, ...expected, text });
    }
  }
  expect(refused).toBeGreaterThan(3);
});

test("a user that the standby does not know is refused there, also with a session", async () => {
  const { standby, serving } = await startWith(["ann all *", "bob all *"], ["bob all *"]);
  const session = cookieOf(await logIn(serving, "ann"));
  const change = { method: "POST", body: '{"contents":"x"}' };
  for (const headers of [session, bearer("ann")]) {
    for (const [path, sent] of [
      ["/v1/session", {}],
      ["/v1/queues", {}],
      ["/v1/queues/q/events", change],
    ] as const) {
      const request = { ...sent, headers: { ...headers, ...json } };
      const answer = await answerOf(standby, path, request);
      expect({ path, answer }).toMatchObject({ path, answer: { status: 401 } });
    }
  }
  expect((await logIn(standby, "ann")).status).toBe(401);
  expect((await answerOf(serving, "/v1/session", { headers: session })).status).toBe(200);
  const pushed = await logIn(standby, "bob");
  expect(pushed.status).toBe(201);
  for (const headers of [cookieOf(pushed), bearer("bob")]) {
    const request = { ...change, headers: { ...headers, ...json } };
    expect((await answerOf(standby, "/v1/queues/q/events", request)).status).toBe(201);
  }
  const simple = { ...change, headers: cookieOf(pushed) };
  expect((await answerOf(standby, "/v1/queues/q/events", simple)).status).toBe(415);
});

test("a standby with a password asks for it where the serving okq has none", async () => {
  const { serving, start } = await startPair({ ...HTTP, s3Lease: 10_000 });
  const standby = await start({ password: "secret" });
  await untilLogged(standby, "stands by");
  const cookie = { Cookie: `okq-session-${serving.httpPort}=${"x".repeat(43)}` };
  for (const headers of [{}, cookie, { Authorization: "Bearer wrong" }]) {
    const { status } = await answerOf(standby, "/v1/queues", { headers });
    expect({ headers, status }).toEqual({ headers, status: 401 });
  }
  const headers = { Authorization: "Bearer secret" };
  expect((await answerOf(standby, "/v1/queues", { headers })).status).toBe(200);
});

test("a stream through a standby ends when its user is removed there", async () => {
  const { standby, usersOfStandby } = await startWith(["ann all *"], ["ann all *"]);
  const url = `http://127.0.0.1:${standby.httpPort}/v1/events`;
  const response = await fetch(url, { headers: bearer("ann") });
  const reader = response.body!.getReader();
  expect(Buffer.from((await reader.read()).value!).toString()).toStartWith("retry");
  usersOfStandby.replace("bob all *");
  standby.reload();
  const ended = (async () => {
    while (!(await reader.read().catch(() => ({ done: true }))).done);
    return true;
  })();
  expect(await ended).toBe(true);
  await eventually(() => standby.log.some((line) => line.includes("users loaded")));
});

test("lines and large bodies go through a standby as they come", async () => {
  const { standby, serving } = await startWith(["ann all *"], ["ann push mail"]);
  const headers = { ...bearer("ann"), ...lines };
  const body = '{"contents":"a"}\n{"contents":"b"}\n';
  const push = (queue: string) =>
    answerOf(standby, `/v1/queues/${queue}/events`, { method: "POST", headers, body });
  expect(await push("other")).toMatchObject({ status: 403 });
  const { status, text } = await push("mail");
  expect([status, text.trim().split("\n").length]).toEqual([200, 2]);
  const large = Buffer.alloc(3_000_000, "x");
  const octets = { ...bearer("ann"), "Content-Type": "application/octet-stream", "Okq-Id": "a" };
  const request = { method: "POST", headers: octets, body: large };
  expect(await answerOf(standby, "/v1/queues/mail/events", request)).toMatchObject({ status: 201 });
  const direct = new ApiClient(serving.httpPort, `ann:${passwordOf("ann")}`);
  expect((await direct.get("/queues/mail")).json.ready).toBe(3);
});

test("says so when a user has too many patterns to be told", async () => {
  const patterns = Array.from({ length: 700 }, (_, at) => `pattern-${at}`);
  const { standby } = await startWith(["ann all *"], [`ann inspect ${patterns.join(" ")}`]);
  const answer = await answerOf(standby, "/v1/queues", { headers: bearer("ann") });
  expect(answer).toMatchObject({
    status: 503,
    text: expect.stringContaining("user ann has too many patterns"),
  });
  const fewer = ["ann all *", `bob inspect ${patterns.slice(0, 500).join(" ")}`];
  const other = await startWith(["bob all *"], fewer);
  expect(await answerOf(other.standby, "/v1/queues", { headers: bearer("bob") })).toMatchObject({
    status: 200,
  });
});
