// The stand-in for S3 behaves as S3 does, and each fault does what it says. Requests are made by
// hand and by Bun's own client of S3.
import { expect, test } from "bun:test";
import { closeAfterTest } from "./close-after-test.ts";
import { startS3Process } from "./s3/s3-process.ts";
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

test("gives ranges of an object", async () => {
  const server = start();
  await send(server, "PUT", "/a", { body: "0123456789" });
  const range = async (value: string) => {
    const { status, text, headers } = await send(server, "GET", "/a", {
      headers: { Range: `bytes=${value}` },
    });
    return [status, status === 206 ? text : "", headers.get("content-range")];
  };
  expect(await range("2-4")).toEqual([206, "234", "bytes 2-4/10"]);
  expect(await range("8-99")).toEqual([206, "89", "bytes 8-9/10"]);
  expect(await range("-3")).toEqual([206, "789", "bytes 7-9/10"]);
  expect(await range("10-")).toEqual([416, "", null]);
});

test("finds the bucket in the path or in the host", async () => {
  const server = start({ buckets: ["bucket", "second"] });
  await send(server, "PUT", "/a", { body: "x" });
  const url = `http://second.localhost:${server.port}/a`;
  const answer = await signedFetch(url, { method: "PUT", body: "y", key: testKey });
  expect(answer.status).toBe(200);
  expect(server.keysIn("bucket")).toEqual(["a"]);
  expect(Buffer.from(server.bodyOf("a", "second")!).toString()).toBe("y");
  const nowhere = await signedFetch(`${server.url}/absent/a`, { key: testKey });
  expect(nowhere.status).toBe(404);
  expect(await nowhere.text()).toContain("<Code>NoSuchBucket</Code>");
});

test("has no conditional writes if a test says so", async () => {
  const answers = async (options: S3ServerOptions) => {
    const server = start(options);
    await send(server, "PUT", "/a", { body: "x" });
    const create = await send(server, "PUT", "/a", { headers: absent, body: "y" });
    const headers = { "If-Match": '"no"' };
    const replace = await send(server, "PUT", "/a", { headers, body: "z" });
    return [create.status, replace.status];
  };
  expect(await answers({})).toEqual([412, 412]);
  expect(await answers({ ignoresIfNoneMatch: true })).toEqual([200, 412]);
  expect(await answers({ ignoresIfMatch: true })).toEqual([412, 200]);
  expect(await answers({ refusesConditions: true })).toEqual([501, 501]);
});

test("has a clock of its own", async () => {
  const server = start();
  server.moveClock(-3_600_000);
  await send(server, "PUT", "/a", { body: "x" });
  server.moveClock(7_200_000);
  const { headers } = await send(server, "GET", "/a");
  const modifiedMs = Date.parse(headers.get("last-modified")!);
  const nowMs = Date.parse(headers.get("date")!);
  expect(nowMs - modifiedMs).toBeGreaterThanOrEqual(7_200_000);
  expect(Math.abs(nowMs - Date.now() - 3_600_000)).toBeLessThan(60_000);
});

test("counts and records every request", async () => {
  const server = start();
  await send(server, "PUT", "/a", { body: "xyz", headers: absent });
  await send(server, "GET", "/b");
  expect(server.counts()).toMatchObject({ put: 1, get: 1, delete: 0 });
  expect(server.records).toMatchObject([
    { operation: "put", bucket: "bucket", key: "a", bytes: 3, status: 200 },
    { operation: "get", key: "b", accessKey: testKey.accessKey, status: 404, fault: null },
  ]);
  expect(server.records[0]!.headers.get("if-none-match")).toBe("*");
  expect(server.traffic()).toMatchObject({ receivedBytes: 3, storedBytes: 3, objects: 1 });
  const { sentBytes } = server.traffic();
  await send(server, "GET", "/a");
  expect(server.traffic().sentBytes).toBe(sentBytes + 3);
  server.forget();
  expect(server.counts()).toMatchObject({ put: 0, get: 0 });
});

test("brings back what was there", async () => {
  const server = start();
  await send(server, "PUT", "/a", { body: "x" });
  const dump = server.dump();
  await send(server, "PUT", "/a", { body: "y" });
  await send(server, "PUT", "/b", { body: "y" });
  server.restore(dump);
  expect(await send(server, "GET", "/a")).toMatchObject({ status: 200, text: "x" });
  expect(server.keysIn()).toEqual(["a"]);
});

test("keeps encryption headers to puts", async () => {
  const server = start();
  const withEncryption = (method: string, algorithm: string) =>
    send(server, method, "/a", { headers: { "x-amz-server-side-encryption": algorithm } });
  const { headers } = await withEncryption("PUT", "AES256");
  expect(headers.get("x-amz-server-side-encryption")).toBe("AES256");
  expect((await withEncryption("PUT", "ROT13")).status).toBe(400);
  expect((await withEncryption("GET", "AES256")).status).toBe(400);
});

test("runs as a process that its parent controls", async () => {
  const server = closeAfterTest(await startS3Process(["--key", "a:b", "--bucket", "x"]));
  const put = () =>
    signedFetch(`${server.url}/x/a`, {
      method: "PUT",
      body: "y",
      key: { accessKey: "a", secret: "b" },
    });
  expect((await put()).status).toBe(200);
  await server.call("fault", { kind: "slow-down", times: 1 });
  expect([(await put()).status, (await put()).status]).toEqual([503, 200]);
  expect((await server.call("counts")).put).toBe(3);
  expect(await server.call("keysIn", "x")).toEqual(["a"]);
});
