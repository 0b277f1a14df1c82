// Logins over HTTP: with headers, and with the cookie of a session.
import { describe, expect, test } from "bun:test";
import { Sessions } from "../../src/http/sessions.ts";
import { Directory } from "../../src/users/directory.ts";
import { parseUsers } from "../../src/users/users-file.ts";
import { eventually } from "../support/eventually.ts";
import { basic } from "../support/http.ts";
import { startTestOkq, type TestOkq } from "../support/okq-server.ts";
import { TestClock } from "../support/test-clock.ts";
import { cheapHash, passwordOf, type UsersFile, writeUsers } from "../support/users.ts";

const ANY = "127.0.0.1:0";
const JSON_TYPE = { "Content-Type": "application/json" };
const HOUR_MS = 3_600_000;

function start(users: UsersFile): Promise<TestOkq> {
  return startTestOkq({ httpAddr: ANY, users: users.path });
}

function ask(okq: TestOkq, path: string, init: RequestInit = {}): Promise<Response> {
  return fetch(`http://localhost:${okq.httpPort}/v1${path}`, init);
}

function logIn(okq: TestOkq, user: string, password: string): Promise<Response> {
  const body = JSON.stringify({ user, password });
  return ask(okq, "/session", { method: "POST", headers: JSON_TYPE, body });
}

/** The cookie of a new session, as a browser sends it. */
async function cookieOf(okq: TestOkq, user: string): Promise<{ Cookie: string }> {
  const answer = await logIn(okq, user, passwordOf(user));
  return { Cookie: answer.headers.get("Set-Cookie")!.split(";", 1)[0]! };
}

async function statusOf(okq: TestOkq, headers: Record<string, string>): Promise<number> {
  return (await ask(okq, "/session", { headers })).status;
}

test("knows users by Basic, by Bearer and by nothing else", async () => {
  const okq = await start(writeUsers("ann push,inspect mail*"));
  const answer = await ask(okq, "/session", { headers: basic("ann", passwordOf("ann")) });
  expect(await answer.json()).toEqual({
    user: "ann",
    rights: ["push", "inspect"],
    isReadOnly: false,
    isOpen: false,
  });
  const right = `ann:${passwordOf("ann")}`;
  expect(await statusOf(okq, { Authorization: `Bearer ${right}` })).toBe(200);
  expect(await statusOf(okq, { Authorization: `bearer ${right}` })).toBe(200);
  for (const wrong of [
    `Bearer ${right}x`,
    "Bearer ann",
    `Token ${right}`,
    "Basic",
    "Basic ===",
    "",
  ]) {
    const refused = await ask(okq, "/session", { headers: { Authorization: wrong } });
    expect(refused.status).toBe(401);
    // For Basic, browsers would show a login of their own.
    expect(refused.headers.get("WWW-Authenticate")).toBe('Bearer realm="okq"');
  }
  expect(await statusOf(okq, {})).toBe(401);
});

test("Bearer may have blanks", async () => {
  const okq = await startTestOkq({ httpAddr: ANY, password: "correct horse" });
  expect(await statusOf(okq, { Authorization: "Bearer default:correct horse" })).toBe(200);
  expect(await statusOf(okq, { Authorization: "Bearer correct horse" })).toBe(200);
  expect(await statusOf(okq, { Authorization: "Bearer correct  horse" })).toBe(401);
});

test("Bearer may be the password of the user default alone", async () => {
  const okq = await startTestOkq({ httpAddr: ANY, password: "secret" });
  expect(await statusOf(okq, { Authorization: "Bearer secret" })).toBe(200);
  expect(await statusOf(okq, { Authorization: "Bearer other" })).toBe(401);
});

test("without a password everybody on this machine is the user default", async () => {
  const okq = await startTestOkq({ httpAddr: ANY });
  const answer = await ask(okq, "/session");
  expect(await answer.json()).toMatchObject({ user: "default" });
  expect((await logIn(okq, "default", "any")).status).toBe(201);
});

test("a login answers with a cookie that scripts and other sites do not get", async () => {
  const okq = await start(writeUsers("ann all *"));
  const answer = await logIn(okq, "ann", passwordOf("ann"));
  expect(answer.status).toBe(201);
  expect(await answer.json()).toMatchObject({ user: "ann" });
  const cookie = answer.headers.get("Set-Cookie")!;
  const name = `okq-session-${okq.httpPort}`;
  expect(cookie).toMatch(new RegExp(`^${name}=[\\w-]{43}; HttpOnly; SameSite=Strict; Path=/$`));
  expect(await statusOf(okq, { Cookie: `other=1; ${cookie.split(";", 1)[0]}` })).toBe(200);
  expect(await statusOf(okq, { Cookie: `${name}=${"A".repeat(43)}` })).toBe(401);
});

test("the cookie is for HTTPS only where a proxy speaks it, and for the prefix", async () => {
  const okq = await startTestOkq({
    httpAddr: ANY,
    httpPrefix: "/okq",
    httpHost: "queues.example",
    password: "secret",
  });
  const answer = await fetch(`http://localhost:${okq.httpPort}/okq/v1/session`, {
    method: "POST",
    headers: { ...JSON_TYPE, Origin: "https://queues.example" },
    body: '{"user": "default", "password": "secret"}',
  });
  expect(answer.headers.get("Set-Cookie")).toEndWith("; Path=/okq; Secure");
});

test("a wrong password is answered late, and later each time, as on RESP", async () => {
  const okq = await start(writeUsers("ann all *"));
  const beganAt = performance.now();
  expect((await logIn(okq, "ann", "wrong")).status).toBe(401);
  expect(performance.now() - beganAt).toBeGreaterThan(200);
  const againAt = performance.now();
  expect(await statusOf(okq, basic("ann", "wrong"))).toBe(401);
  expect(performance.now() - againAt).toBeGreaterThan(400);
  expect(okq.log.join("\n")).toMatch(/login failed user=ann addr=127\.0\.0\.1$/m);
  expect(okq.log.join("\n")).not.toContain("wrong");
  expect(await statusOf(okq, basic("ann", passwordOf("ann")))).toBe(200);
});

test.each([
  ["{}", 400],
  ["", 400],
  ["null", 400],
  ['{"user": "ann", "password": 1}', 400],
  ['{"user": ["ann"], "password": "x"}', 400],
  [`{"user": "ann", "password": "${"x".repeat(2_000)}"}`, 401],
  [`{"user": "ann", "password": "${"x".repeat(9_000)}"}`, 413],
])("a login with the body %p is answered with %i", async (body, status) => {
  const okq = await start(writeUsers("ann all *"));
  const answer = await ask(okq, "/session", { method: "POST", headers: JSON_TYPE, body });
  expect(answer.status).toBe(status);
});

test("a change with the cookie needs a Content-Type that foreign forms cannot send", async () => {
  const okq = await start(writeUsers("ann all *"));
  const cookie = await cookieOf(okq, "ann");
  const purge = (headers: Record<string, string>) =>
    ask(okq, "/queues/mail", { method: "DELETE", headers: { ...cookie, ...headers } });
  expect((await purge({})).status).toBe(415);
  expect((await purge({ "Content-Type": "text/plain" })).status).toBe(415);
  expect((await purge({ "Content-Type": "multipart/form-data; boundary=x" })).status).toBe(415);
  expect((await purge(JSON_TYPE)).status).toBe(200);
});

describe("a session ends", () => {
  test("at the logout", async () => {
    const okq = await start(writeUsers("ann all *"));
    const [cookie, other] = [await cookieOf(okq, "ann"), await cookieOf(okq, "ann")];
    const answer = await ask(okq, "/session", { method: "DELETE", headers: cookie });
    expect(answer.status).toBe(204);
    expect(answer.headers.get("Set-Cookie")).toContain("Max-Age=0");
    expect(await statusOf(okq, cookie)).toBe(401);
    expect(await statusOf(okq, other)).toBe(200);
  });

  test("and its streams and waits with it", async () => {
    const okq = await start(writeUsers("ann all *"));
    const headers = { ...JSON_TYPE, ...(await cookieOf(okq, "ann")) };
    const stream = await ask(okq, "/events", { headers });
    const pop = { method: "POST", headers, body: JSON.stringify({ wait: 60 }) };
    const popped = ask(okq, "/queues/q/pop", pop);
    const workers = async () => (await (await ask(okq, "/workers", { headers })).json()) as object;
    await eventually(async () => JSON.stringify(await workers()).includes("waiting"));
    await ask(okq, "/session", { method: "DELETE", headers });
    expect(await stream.text()).not.toContain("event:");
    expect(await (await popped).json()).toEqual({ events: [] });
  });

  test("when its user is removed or gets another password", async () => {
    const users = writeUsers("ann all *", "bob all *", "eve all *");
    const okq = await start(users);
    const cookies = await Promise.all(["ann", "bob", "eve"].map((name) => cookieOf(okq, name)));
    const [ann, bob, eve] = cookies as [{ Cookie: string }, { Cookie: string }, { Cookie: string }];
    const line = (await Bun.file(users.path).text()).split("\n")[0]!.replace(" all ", " push ");
    users.write(`${line}\neve ${cheapHash("new")} all *\n`);
    okq.reload();
    await eventually(() => okq.log.some((each) => each.includes("users loaded")));
    const shown = await ask(okq, "/session", { headers: ann });
    expect(await shown.json()).toMatchObject({ user: "ann", rights: ["push"] });
    expect(await statusOf(okq, bob)).toBe(401);
    expect(await statusOf(okq, eve)).toBe(401);
  });

  test("twelve hours after its last use, or when there are too many", () => {
    const clock = new TestClock();
    const users = new Directory({ password: null, hasFile: true, clock, warn: () => {} });
    users.replace(parseUsers(`ann ${cheapHash("a")} all *\nbob ${cheapHash("b")} all *\n`, "f"));
    const [ann, bob] = [users.find("ann")!, users.find("bob")!];
    const sessions = new Sessions({ users, clock });
    const userOf = (id: string) => sessions.identityOf(id)?.user;
    const [used, unused] = [sessions.begin(ann), sessions.begin(ann)];
    clock.advance(11 * HOUR_MS);
    expect(userOf(used)).toBe(ann);
    clock.advance(2 * HOUR_MS);
    expect(userOf(unused)).toBeUndefined();
    expect(userOf(used)).toBe(ann);
    const ofBob = sessions.begin(bob);
    for (let count = 0; count < 100; count++) sessions.begin(ann);
    expect(userOf(used)).toBeUndefined();
    expect(userOf(ofBob)).toBe(bob);
    expect(sessions.size).toBe(101);
  });
});
