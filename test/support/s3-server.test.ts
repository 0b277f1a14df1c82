// The stand-in for S3 behaves as S3 does, and each fault does what it says. Requests are made by
// hand and by Bun's own client of S3.
import { expect, test } from "bun:test";
import { closeAfterTest } from "./close-after-test.ts";
import { signedFetch, type SignedOptions } from "./s3/signed-fetch.ts";
import { startS3, testKey, type S3Server, type S3ServerOptions } from "./s3-server.ts";

function start(options: S3ServerOptions = {}): S3Server {
  return closeAfterTest(startS3(options));
}

async function send(
  server: S3Server,
  method: string,
  path: string,
  options: Partial<SignedOptions> = {},
) {
  const whole = { method, key: testKey, nowMs: server.nowMs(), ...options };
  const response = await signedFetch(`${server.url}/bucket${path}`, whole);
  const { status, headers } = response;
  return { status, etag: headers.get("etag"), headers, text: await response.text() };
}

const absent = { "If-None-Match": "*" };

test("stores an object, and gives it back with its etag and dates", async () => {
  const server = start();
  const put = await send(server, "PUT", "/a/b", { body: "hello" });
  expect(put).toMatchObject({ status: 200, etag: '"5d41402abc4b2a76b9719d911017c592"' });
  const got = await send(server, "GET", "/a/b");
  expect(got).toMatchObject({ status: 200, text: "hello", etag: put.etag });
  expect(Date.parse(got.headers.get("last-modified")!)).toBeGreaterThan(Date.now() - 60_000);
  expect(Date.parse(got.headers.get("date")!)).toBeGreaterThan(Date.now() - 60_000);
  const head = await send(server, "HEAD", "/a/b");
  expect(head).toMatchObject({ status: 200, text: "" });
  expect(head.headers.get("content-length")).toBe("5");
});

test("creates an object only if it is not there", async () => {
  const server = start();
  const both = ["one", "two"].map((body) => send(server, "PUT", "/a", { headers: absent, body }));
  const statuses = (await Promise.all(both)).map(({ status }) => status);
  expect(statuses.toSorted()).toEqual([200, 412]);
  const refused = await send(server, "PUT", "/a", { headers: absent, body: "three" });
  expect(refused.text).toContain("<Code>PreconditionFailed</Code>");
});

test("replaces an object only if it has that etag", async () => {
  const server = start();
  const first = await send(server, "PUT", "/a", { body: "one" });
  const replace = (etag: string, key = "/a") =>
    send(server, "PUT", key, { headers: { "If-Match": etag }, body: "two" });
  expect((await replace('"no"')).status).toBe(412);
  expect((await replace(first.etag!)).status).toBe(200);
  expect((await replace(first.etag!)).status).toBe(412);
  expect(await replace(first.etag!, "/absent")).toMatchObject({ status: 404 });
  const { etag } = await send(server, "GET", "/a");
  const unchanged = await send(server, "GET", "/a", { headers: { "If-None-Match": etag! } });
  expect(unchanged).toMatchObject({ status: 304, text: "", etag });
});

test("deletes objects, one or many, also those that are not there", async () => {
  const server = start();
  for (const key of ["/a", "/b&c", "/d"]) await send(server, "PUT", key, { body: key });
  expect((await send(server, "DELETE", "/a")).status).toBe(204);
  expect((await send(server, "DELETE", "/a")).status).toBe(204);
  const keys = ["b&amp;c", "absent"].map((key) => `<Object><Key>${key}</Key></Object>`);
  const body = `<Delete>${keys.join("")}</Delete>`;
  const many = (headers: Record<string, string>) =>
    send(server, "POST", "?delete=", { body, headers });
  expect(await many({})).toMatchObject({ status: 400 });
  const md5 = new Bun.CryptoHasher("md5").update(body).digest("base64");
  const deleted = await many({ "Content-MD5": md5 });
  expect(deleted.text).toContain("<Deleted><Key>b&amp;c</Key></Deleted>");
  expect(server.keysIn()).toEqual(["d"]);
  const wrong = { headers: { "If-Match": '"no"' } };
  expect((await send(server, "DELETE", "/d", wrong)).status).toBe(412);
});

test("lists keys by prefix, in order, page by page", async () => {
  const server = start();
  for (const key of ["b/2", "a/1", "b/1", "b/3", "b/ä b", "c"]) {
    await send(server, "PUT", `/${encodeURI(key)}`, { body: key });
  }
  const list = async (query: string) => {
    const { status, text } = await send(server, "GET", `?list-type=2${query}`);
    const keys = [...text.matchAll(/<Key>(.*?)<\/Key>/g)].map(([, key]) => key);
    return { status, keys, token: /<NextContinuationToken>(.*?)</.exec(text)?.[1] };
  };
  const first = await list("&prefix=b/&max-keys=2");
  expect(first).toMatchObject({ status: 200, keys: ["b/1", "b/2"] });
  const token = encodeURIComponent(first.token!);
  const second = await list(`&prefix=b/&continuation-token=${token}&encoding-type=url`);
  expect(second).toMatchObject({ keys: ["b/3", "b/%C3%A4+b"], token: undefined });
  expect((await list("&start-after=b%2F3&prefix=b%2F")).keys).toEqual(["b/ä b"]);
  expect((await list("")).keys).toHaveLength(6);
  expect((await list("&max-keys=no")).status).toBe(400);
});

test("accepts the requests of Bun's own client", async () => {
  const server = start();
  const client = new Bun.S3Client({
    accessKeyId: testKey.accessKey,
    secretAccessKey: testKey.secret,
    bucket: "bucket",
    region: "us-east-1",
    endpoint: server.url,
  });
  await client.write("a/b c+d", "hello");
  expect(await client.file("a/b c+d").text()).toBe("hello");
  expect((await client.list({ prefix: "a/" })).contents?.[0]?.key).toBe("a/b c+d");
  await client.delete("a/b c+d");
  expect(await client.exists("a/b c+d")).toBe(false);
});

test("delays a request", async () => {
  const server = start();
  server.fault({ kind: "delay-request", operation: "put", ms: 30 });
  const startedMs = performance.now();
  expect((await send(server, "PUT", "/a", { body: "x" })).status).toBe(200);
  expect(performance.now() - startedMs).toBeGreaterThan(29);
});
