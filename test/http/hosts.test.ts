// Requests that a browser sends for a foreign page are refused, and change nothing.
import { describe, expect, test } from "bun:test";
import { KnownHosts } from "../../src/http/known-hosts.ts";
import { basic, exchangeRaw, requestText } from "../support/http.ts";
import { startTestOkq, type TestOkq } from "../support/okq-server.ts";
import { ask } from "../support/readable.ts";

const hosts = new KnownHosts(["queues.example", "okq-1", "127.0.0.1", "localhost"]);

test.each([
  ["localhost", true],
  ["LocalHost:4778", true],
  ["127.0.0.1:4778", true],
  ["10.1.2.3", true],
  ["[::1]:4778", true],
  ["[fe80::1]", true],
  ["queues.example", true],
  ["Queues.Example.:443", true],
  ["okq-1:80", true],
  [null, false],
  ["", false],
  ["evil.example", false],
  ["evil.queues.example", false],
  ["queues.example.evil", false],
  ["localhost.evil.example", false],
  ["127.0.0.1.evil.example", false],
  ["1.2.3", false],
  ["queues.example, evil.example", false],
  ["evil.example/queues.example", false],
  ["user@localhost", false],
  ["localhost:4778:1", false],
  ["[::1", false],
  ["local host", false],
])("knows the Host %p: %p", (host, isKnown) => {
  expect(hosts.knows(host)).toBe(isKnown);
});

type Sent = Record<string, string>;

test.each<[Sent, boolean]>([
  [{ Host: "localhost:1" }, false],
  [{ Host: "localhost:1", Origin: "http://localhost:1" }, false],
  [{ Host: "localhost:1", Origin: "http://localhost:2" }, true],
  [{ Host: "localhost:1", Origin: "http://evil.example" }, true],
  [{ Host: "localhost:1", Origin: "null" }, true],
  [{ Host: "localhost:1", Origin: "" }, true],
  [{ Host: "localhost:1", Origin: "localhost:1" }, true],
  [{ Host: "10.0.0.1", Origin: "https://10.0.0.1" }, false],
  [{ Host: "10.0.0.1:443", Origin: "https://10.0.0.1" }, false],
  [{ Host: "10.0.0.1:80", Origin: "https://10.0.0.1" }, true],
  [{ Host: "[::1]:1", Origin: "http://[::1]:1" }, false],
  [{ Host: "Queues.example", Origin: "https://queues.example" }, false],
  // The proxy calls okq by its address.
  [{ Host: "127.0.0.1:1", Origin: "https://queues.example" }, false],
  [{ Host: "127.0.0.1:1", Origin: "https://queues.example:8443" }, false],
  [{ Host: "localhost:1", Origin: "http://queues.example" }, false],
  [{ Host: "127.0.0.1:1", Origin: "https://evil.queues.example" }, true],
  [{ Host: "queues.example:1", Origin: "http://queues.example:2" }, true],
  [{ Host: "127.0.0.1:1", "Sec-Fetch-Site": "same-origin", Origin: "https://a.example" }, false],
  [{ Host: "localhost:1", "Sec-Fetch-Site": "none" }, false],
  [{ Host: "localhost:1", "Sec-Fetch-Site": "same-site", Origin: "http://localhost:1" }, true],
  [{ Host: "localhost:1", "Sec-Fetch-Site": "cross-site" }, true],
  [{ Host: "localhost:1", "Sec-Fetch-Site": "nonsense" }, true],
])("a request with %j is foreign: %p", (headers, isForeign) => {
  expect(hosts.isForeign(new Headers(headers))).toBe(isForeign);
});

const JSON_TYPE = { "Content-Type": "application/json" };
const PUSH = "POST /v1/queues/mail/events";

function push(okq: TestOkq, headers: Sent) {
  return exchangeRaw(okq.httpPort, requestText(PUSH, headers, '{"contents": "x"}'));
}

async function pushedOn(okq: TestOkq): Promise<unknown> {
  return await ask(await okq.connect(), "LLEN", "mail");
}

describe("without a password", () => {
  test.each<[Sent, number]>([
    [{ ...JSON_TYPE }, 201],
    [{ ...JSON_TYPE, Host: "evil.example" }, 421],
    [{ ...JSON_TYPE, Host: "evil.example", ...basic("default", "x") }, 421],
    [{ ...JSON_TYPE, Origin: "http://evil.example" }, 403],
    [{ ...JSON_TYPE, Origin: "null" }, 403],
    [{ ...JSON_TYPE, "Sec-Fetch-Site": "cross-site" }, 403],
    [{ "Content-Type": "text/plain", Origin: "http://localhost:3000" }, 403],
    [{ "Content-Type": "text/plain" }, 415],
    [{ "Content-Type": "application/x-www-form-urlencoded" }, 415],
  ])("a push with %j is answered with %i", async (headers, status) => {
    const okq = await startTestOkq({ httpAddr: "127.0.0.1:0" });
    const answer = await push(okq, headers);
    expect(answer.status).toBe(status);
    expect(answer.headers.has("Access-Control-Allow-Origin")).toBeFalse();
    expect(await pushedOn(okq)).toBe(status === 201 ? 1 : 0);
  });
});

test("with a password, programs may call okq by any name, and pages may not", async () => {
  const okq = await startTestOkq({ httpAddr: "127.0.0.1:0", password: "secret" });
  const named = { ...JSON_TYPE, Host: "okq.other.example" };
  expect((await push(okq, named)).status).toBe(421);
  expect((await push(okq, { ...named, ...basic("default", "wrong") })).status).toBe(401);
  expect((await push(okq, { ...named, ...basic("default", "secret") })).status).toBe(201);
  const fromPage = { ...named, ...basic("default", "secret"), Origin: "http://evil.example" };
  expect((await push(okq, fromPage)).status).toBe(403);
});

test("a link on a foreign page may lead to the page of okq, not to the API", async () => {
  const okq = await startTestOkq({ httpAddr: "127.0.0.1:0" });
  const link = { "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate" };
  const get = (path: string, headers: Sent) =>
    exchangeRaw(okq.httpPort, requestText(`GET ${path}`, headers));
  expect((await get("/", link)).status).toBe(200);
  expect((await get("/v1/session", link)).status).toBe(403);
  expect((await get("/", { ...link, Host: "evil.example" })).status).toBe(421);
});

test("anybody may ask for the health, under any name", async () => {
  const okq = await startTestOkq({ httpAddr: "127.0.0.1:0", password: "secret" });
  for (const path of ["/healthz", "/readyz"]) {
    const answer = await exchangeRaw(okq.httpPort, requestText(`GET ${path}`, { Host: "a.b" }));
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.text)).toMatchObject({ status: "ok" });
  }
  const old = await exchangeRaw(okq.httpPort, "GET /healthz HTTP/1.0\r\n\r\n");
  expect(old.status).toBe(200);
});

test("no preflight is granted", async () => {
  const okq = await startTestOkq({ httpAddr: "127.0.0.1:0" });
  const headers = { Origin: "http://evil.example", "Access-Control-Request-Method": "POST" };
  const answer = await exchangeRaw(
    okq.httpPort,
    requestText("OPTIONS /v1/queues/mail/events", headers),
  );
  expect(answer.status).toBe(405);
  expect([...answer.headers.keys()].some((name) => /access-control/i.test(name))).toBeFalse();
});

test("every response forbids browsers to run, frame, guess and keep it", async () => {
  const okq = await startTestOkq({ httpAddr: "127.0.0.1:0" });
  for (const path of ["/", "/v1/session", "/v1/nothing", "/healthz", "/nothing-else"]) {
    const { headers } = await exchangeRaw(okq.httpPort, requestText(`GET ${path}`));
    expect(headers.get("Content-Security-Policy")).toContain("default-src 'none'");
    expect(headers.get("Content-Security-Policy")).toContain("frame-ancestors 'none'");
    expect(headers.get("X-Content-Type-Options")).toBe("nosniff");
    expect(headers.get("X-Frame-Options")).toBe("DENY");
    expect(headers.get("Referrer-Policy")).toBe("no-referrer");
    expect(headers.get("Cross-Origin-Resource-Policy")).toBe("same-origin");
    expect(headers.get("Cache-Control")).toMatch(/no-store|no-cache/);
  }
});
