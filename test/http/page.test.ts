// How the dashboard's files are served.
import { expect, test } from "bun:test";
import { startTestOkq } from "../support/okq-server.ts";

async function start(httpPrefix = "") {
  const okq = await startTestOkq({ httpAddr: "127.0.0.1:0", httpPrefix });
  const root = `http://127.0.0.1:${okq.httpPort}`;
  return (path: string, init: RequestInit = {}) => fetch(root + path, init);
}

function referencesIn(html: string): string[] {
  return [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path]) => path!);
}

test.each(["/", "/queues", "/queues/a%2Fb/events/1%00", "/no/such/page"])(
  "shows the page at %s",
  async (path) => {
    const get = await start();
    const response = await get(path);
    expect(response.status).toBe(200);
    expect(response.headers.get("Content-Type")).toBe("text/html;charset=utf-8");
    expect(response.headers.get("Cache-Control")).toBe("no-cache");
    const policy = response.headers.get("Content-Security-Policy")!;
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain("unsafe");
    expect(await response.text()).toContain('<div id="app">');
  },
);

test("keeps the paths of the API and of monitoring for these", async () => {
  const get = await start();
  for (const path of ["/v1", "/v1/", "/v1/quues", "/topics/x", "/metrics/x", "/healthz/x"]) {
    const response = await get(path);
    expect([path, response.status]).toEqual([path, 404]);
    await response.body?.cancel();
  }
});

test("refuses to change anything at the paths of the page", async () => {
  const get = await start();
  const response = await get("/queues", { method: "POST" });
  expect(response.ok).toBe(false);
  await response.body?.cancel();
});

test("serves all files that the page names, for a year", async () => {
  const get = await start();
  const paths = referencesIn(await (await get("/")).text());
  expect(paths.map((path) => path.split(".").at(-1)).toSorted()).toEqual(["css", "js", "svg"]);
  for (const path of paths) {
    const response = await get(path);
    expect(response.status).toBe(200);
    expect(response.headers.get("Cache-Control")).toContain("immutable");
    expect(response.headers.get("X-Content-Type-Options")).toBe("nosniff");
    expect((await response.bytes()).length).toBeGreaterThan(100);
  }
});

test("names no other server in its files", async () => {
  const get = await start();
  const paths = referencesIn(await (await get("/")).text());
  for (const path of ["/", ...paths]) {
    const text = await (await get(path)).text();
    const urls = text.match(/https?:\/\/[\w.-]+/g) ?? [];
    // Names of XML namespaces, which no browser fetches.
    expect(urls.filter((url) => url !== "http://www.w3.org")).toEqual([]);
  }
});

test("answers 304 to a browser that has the file", async () => {
  const get = await start();
  const response = await get("/");
  await response.body?.cancel();
  const etag = response.headers.get("ETag")!;
  const again = await get("/queues", { headers: { "If-None-Match": etag } });
  expect(again.status).toBe(304);
  expect((await again.bytes()).length).toBe(0);
  const other = await get("/queues", { headers: { "If-None-Match": '"other"' } });
  expect(other.status).toBe(200);
  await other.body?.cancel();
});

test("compresses for browsers that take gzip only", async () => {
  const get = await start();
  const paths = referencesIn(await (await get("/")).text());
  const script = paths.find((path) => path.endsWith(".js"));
  const sizes: number[] = [];
  for (const accepted of ["gzip", "identity"]) {
    const response = await get(script!, {
      headers: { "Accept-Encoding": accepted },
      decompress: false,
    } as RequestInit);
    expect(response.headers.get("Content-Encoding")).toBe(accepted === "gzip" ? "gzip" : null);
    sizes.push((await response.bytes()).length);
  }
  expect(sizes[0]!).toBeLessThan(sizes[1]! / 1.5);
});

test("answers HEAD with the headers alone", async () => {
  const get = await start();
  const response = await get("/", { method: "HEAD" });
  expect(response.status).toBe(200);
  expect(response.headers.get("Content-Type")).toBe("text/html;charset=utf-8");
  expect((await response.bytes()).length).toBe(0);
});

test("does not show the page in the place of a file of another okq", async () => {
  const get = await start();
  const response = await get("/chunk-0ld0ld00.js");
  expect(response.status).toBe(404);
  await response.body?.cancel();
});

test("refers to its files below the prefix", async () => {
  const get = await start("/tools/okq");
  const html = await (await get("/tools/okq/queues")).text();
  for (const path of referencesIn(html)) {
    expect(path).toStartWith("/tools/okq/");
    const response = await get(path);
    expect(response.status).toBe(200);
    await response.body?.cancel();
  }
  expect(html).toContain('name="okq-root" content="/tools/okq/"');
  const outside = await get("/queues");
  expect(outside.status).toBe(404);
  await outside.body?.cancel();
});
