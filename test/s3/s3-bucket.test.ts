// S3Bucket on the stand-in for S3, which checks signatures and conditions: every method, what
// becomes of refusals, and the outcome of a request without an answer.
import { beforeEach, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import type { Bucket } from "../../src/s3/bucket.ts";
import { BucketError } from "../../src/s3/bucket.ts";
import { CredentialSource } from "../../src/s3/credentials/credential-source.ts";
import type { CredentialPlace } from "../../src/s3/credentials/credentials.ts";
import { makeCertificates } from "../support/certificates.ts";
import { closeAfterTest } from "../support/close-after-test.ts";
import { eventually } from "../support/eventually.ts";
import { type S3Server, startS3, testKey } from "../support/s3-server.ts";
import type { FaultKind } from "../support/s3/s3-faults.ts";
import { credentialsOf, keys, openTestBucket } from "./open-test-bucket.ts";

let s3: S3Server;

beforeEach(() => {
  s3 = closeAfterTest(startS3());
});

function bytes(text: string): Uint8Array {
  return Buffer.from(text);
}

async function failure(promise: Promise<unknown>): Promise<BucketError> {
  const error = await promise.then(
    (value) => new Error(`it resolved with ${Bun.inspect(value)}`),
    (reason: unknown) => reason,
  );
  if (!(error instanceof BucketError)) throw error;
  expect(error.message).not.toContain("\n");
  for (const secret of [testKey.secret, "hunter2"]) expect(error.message).not.toContain(secret);
  return error;
}

test("creates, reads, replaces and removes an object below the prefix", async () => {
  const bucket = openTestBucket(s3.url);
  expect(bucket.url).toBe("s3://bucket/okq/a=1");
  const etag = (await bucket.create("log/1", bytes("one")))!;
  expect(etag).toMatch(/^[\da-f]{32}$/);
  expect(s3.keysIn()).toEqual(["okq/a=1/log/1"]);
  const found = (await bucket.read("log/1"))!;
  expect(found).toMatchObject({ etag, body: new Uint8Array(bytes("one")) });
  expect(Math.abs(found.nowMs - Date.now())).toBeLessThan(60_000);
  const second = (await bucket.replace("log/1", bytes("two"), etag))!;
  expect(second).not.toBe(etag);
  expect((await bucket.read("log/1"))!.etag).toBe(second);
  await bucket.write("log/1", bytes("three"));
  expect(s3.bodyOf("okq/a=1/log/1")).toEqual(bytes("three") as Buffer);
  await bucket.remove(["log/1", "log/2"]);
  expect(s3.keysIn()).toEqual([]);
});

test("works without a prefix, and with empty and large bodies", async () => {
  const bucket = openTestBucket(s3.url, { prefix: "" });
  expect(bucket.url).toBe("s3://bucket");
  const large = new Uint8Array(9_000_000).map((_, at) => at % 251);
  await bucket.write("large", large);
  await bucket.write("empty", new Uint8Array(0));
  expect(Buffer.compare((await bucket.read("large"))!.body, large)).toBe(0);
  expect((await bucket.read("empty"))!.body.byteLength).toBe(0);
  expect((await bucket.list("", "")).objects.map(({ bytes: size }) => size)).toEqual([0, 9e6]);
});

test("a condition that does not hold is null, and nothing is changed", async () => {
  const bucket = openTestBucket(s3.url);
  const etag = (await bucket.create("a", bytes("one")))!;
  expect(await bucket.create("a", bytes("two"))).toBeNull();
  expect(await bucket.replace("a", bytes("two"), "0".repeat(32))).toBeNull();
  expect(await bucket.replace("gone", bytes("two"), etag)).toBeNull();
  expect(await bucket.read("gone")).toBeNull();
  expect(await bucket.readIfChanged("a", etag)).toBeNull();
  expect(await bucket.readIfChanged("gone", etag)).toBe("gone");
  expect(await bucket.readIfChanged("a", "0".repeat(32))).toMatchObject({ etag });
  expect(s3.keysIn()).toEqual(["okq/a=1/a"]);
  expect(s3.bodyOf("okq/a=1/a")).toEqual(bytes("one") as Buffer);
});

test("lists names behind a name, page by page, with size and time", async () => {
  const bucket = openTestBucket(s3.url);
  const names = Array.from({ length: 1203 }, (_, at) => `log/${String(at).padStart(5, "0")}`);
  await Promise.all(names.map((name) => bucket.write(name, bytes(name))));
  await bucket.write("manifest.json", bytes("{}"));
  const first = await bucket.list("log/", "");
  expect(first).toMatchObject({ isLast: false });
  expect(first.objects).toHaveLength(1000);
  expect(first.objects[0]).toMatchObject({ name: "log/00000", bytes: 9 });
  expect(Math.abs(first.objects[0]!.modifiedMs - first.nowMs)).toBeLessThan(60_000);
  const second = await bucket.list("log/", "log/00999");
  expect(second.isLast).toBeTrue();
  expect([...first.objects, ...second.objects].map(({ name }) => name)).toEqual(names);
  expect((await bucket.list("none/", "")).objects).toEqual([]);
  await bucket.remove(names);
  expect(s3.keysIn()).toEqual(["okq/a=1/manifest.json"]);
});

test("asks for encryption with every write", async () => {
  const kms = openTestBucket(s3.url, { encryption: "aws:kms:arn:aws:kms:eu:1:key/k" });
  const etag = (await kms.create("a", bytes("1")))!;
  await kms.replace("a", bytes("2"), etag);
  await kms.write("a", bytes("3"));
  await kms.read("a");
  const sent = s3.records.map(({ headers }) => [
    headers.get("x-amz-server-side-encryption"),
    headers.get("x-amz-server-side-encryption-aws-kms-key-id"),
  ]);
  const wanted = ["aws:kms", "arn:aws:kms:eu:1:key/k"];
  expect(sent).toEqual([wanted, wanted, wanted, [undefined, undefined]]);
  s3.forget();
  await openTestBucket(s3.url, { encryption: "AES256" }).write("b", bytes("1"));
  expect(s3.records[0]!.headers.get("x-amz-server-side-encryption")).toBe("AES256");
});

test("signs the body also over plain HTTP, and sends its length", async () => {
  await openTestBucket(s3.url).write("a", bytes("one"));
  const { headers } = s3.records[0]!;
  expect(headers.get("x-amz-content-sha256")).toBe(new Bun.SHA256().update("one").digest("hex"));
  expect(headers.get("content-length")).toBe("3");
  expect(headers.has("transfer-encoding")).toBeFalse();
});

test("the bucket may be in the name of the host", async () => {
  const bucket = openTestBucket(`http://localhost:${s3.port}`, { isPathStyle: false });
  await bucket.write("a", bytes("1"));
  expect(s3.keysIn()).toEqual(["okq/a=1/a"]);
  expect(s3.records[0]!.headers.get("host")).toBe(`bucket.localhost:${s3.port}`);
});

describe("over TLS", () => {
  test("trusts the authorities in --s3-ca and no others", async () => {
    const { ca, server } = makeCertificates();
    const [cert, key] = [readFileSync(server.cert, "utf8"), readFileSync(server.key, "utf8")];
    const secure = closeAfterTest(startS3({ tls: { cert, key } }));
    const trusting = openTestBucket(secure.url, { ca: readFileSync(ca, "utf8") });
    await trusting.write("a", bytes("1"));
    expect((await trusting.read("a"))!.body).toEqual(new Uint8Array(bytes("1")));
    secure.forget();
    const error = await failure(openTestBucket(secure.url).write("a", bytes("2")));
    expect(error).toMatchObject({ outcome: "none", mayPass: false });
    expect(error.message).toStartWith(
      `cannot write a in s3://bucket/okq/a=1: the certificate of ${secure.url} is refused: `,
    );
    expect(error.message).toEndWith("; see --s3-ca");
    expect(secure.records).toEqual([]);
  });
});

test("each refusal says what to change", async () => {
  const bucket = (options: object) => openTestBucket(s3.url, options);
  const other = { ...keys, secretAccessKey: "hunter2" };
  const stranger = { ...keys, accessKeyId: "stranger" };
  const cases: [Bucket, string][] = [
    [
      bucket({ credentials: credentialsOf(other) }),
      "403 SignatureDoesNotMatch: The request signature we calculated does not match the " +
        "signature you provided; the secret access key is wrong, or something changes requests",
    ],
    [
      bucket({ credentials: credentialsOf(stranger) }),
      "403 InvalidAccessKeyId: The AWS Access Key Id you provided does not exist in our " +
        "records; the object store does not know the access key",
    ],
    [
      bucket({ region: "eu-west-1" }),
      "400 AuthorizationHeaderMalformed: The authorization header is malformed; the bucket is " +
        "in the region us-east-1: --s3-region us-east-1",
    ],
  ];
  for (const [refused, said] of cases) {
    for (const call of [() => refused.write("a", bytes("1")), () => refused.read("a")]) {
      const error = await failure(call());
      expect(error).toMatchObject({ outcome: "none", mayPass: false });
      expect(error.message.replace(/^cannot (write|read) a in /, "")).toBe(
        `s3://bucket/okq/a=1: ${said}`,
      );
    }
  }
  const error = await failure(bucket({ bucket: "no-bucket" }).list("log/", ""));
  expect(error).toMatchObject({ outcome: "none", mayPass: false });
  expect(error.message).toBe(
    "cannot list log/* in s3://no-bucket/okq/a=1: 404 NoSuchBucket: The specified bucket does " +
      "not exist; create the bucket first, or give its right name",
  );
});

test("a search for credentials is hopeless unless it was successful before", async () => {
  const found = [{ ...keys, endMs: Date.now() }];
  const place = { find: async () => found.pop() ?? { missing: "nothing is set" } };
  const open = (places: CredentialPlace[]) =>
    openTestBucket(s3.url, {
      credentials: new CredentialSource({ places, onProblem: () => {} }),
    });
  const bucket = open([place]);
  expect(await bucket.read("a")).toBeNull();
  const error = await failure(bucket.read("a"));
  expect(error).toMatchObject({ outcome: "none", mayPass: true });
  expect(error.message).toEndWith("okq/a=1: no credentials: nothing is set");
  expect(await failure(open([place]).read("a"))).toMatchObject({ outcome: "none", mayPass: false });
});

test("credentials that fit into no header are an error that does not show them", async () => {
  const credentials = credentialsOf({ ...keys, sessionToken: "hunter2\nhunter2" });
  const error = await failure(openTestBucket(s3.url, { credentials }).write("a", bytes("1")));
  expect(error).toMatchObject({ outcome: "none", mayPass: false });
  expect(error.message).toEndWith(
    "the credentials cannot be sent: Header 'X-Amz-Security-Token' has invalid value",
  );
  expect(s3.records).toEqual([]);
});

test("a clock that is wrong is refused, never corrected", async () => {
  const bucket = openTestBucket(s3.url, { nowMs: () => Date.now() - 3_600_000 });
  const error = await failure(bucket.write("a", bytes("1")));
  expect(error).toMatchObject({ outcome: "none", mayPass: false });
  expect(error.message).toMatch(/403 RequestTimeTooSkewed.*the clock of this machine is wrong: /);
  await failure(bucket.write("a", bytes("1")));
  expect(s3.keysIn()).toEqual([]);
});

/** The outcome of a write, and whether the object is there. */
const writeFaults: [FaultKind, "none" | "unknown", boolean][] = [
  ["stall", "unknown", false],
  ["stall-after", "unknown", true],
  ["cut-before", "unknown", false],
  ["cut-after", "unknown", true],
  ["error-before", "unknown", false],
  ["error-after", "unknown", true],
  ["slow-down", "unknown", false],
  ["conflict", "none", false],
];

describe("the outcome of a write is", () => {
  test.each(writeFaults)("%s: %s", async (kind, outcome, isThere) => {
    const bucket = openTestBucket(s3.url, { timeoutMs: 300 });
    await bucket.write("before", bytes("1"));
    s3.fault({ kind, operation: "put" });
    const error = await failure(bucket.create("a", bytes("1")));
    expect(error).toMatchObject({ outcome, mayPass: true });
    expect(s3.keysIn().includes("okq/a=1/a")).toBe(isThere);
    expect(s3.counts().put).toBe(2);
  });

  test("none if the handshake of TLS does not end", async () => {
    const silent = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
    closeAfterTest({ close: () => silent.stop(true) });
    const bucket = openTestBucket(`https://127.0.0.1:${silent.port}`, { timeoutMs: 300 });
    const error = await failure(bucket.create("a", bytes("1")));
    expect(error).toMatchObject({ outcome: "none", mayPass: true });
    expect(error.message).toEndWith(
      `: https://127.0.0.1:${silent.port}: no answer within 301 ms; see --s3-endpoint`,
    );
  });

  test("none if nothing listens", async () => {
    s3.refuse(true);
    const error = await failure(openTestBucket(s3.url).write("a", bytes("1")));
    expect(error).toMatchObject({ outcome: "none", mayPass: true });
    expect(error.message).toEndWith(`: ${s3.url}: Unable to connect; see --s3-endpoint`);
  });
});

test("a write is sent once, over however many idle connections", async () => {
  const bucket = openTestBucket(s3.url);
  await Promise.all(Array.from({ length: 6 }, (_, at) => bucket.write(`warm/${at}`, bytes("1"))));
  s3.forget();
  s3.fault({ kind: "cut-after", operation: "put" });
  expect(await failure(bucket.create("a", bytes("1")))).toMatchObject({ outcome: "unknown" });
  expect(s3.counts().put).toBe(1);
  s3.clearFaults();
  expect(await bucket.create("a", bytes("1"))).toBeNull();
});

describe("an answer that is not whole is an error:", () => {
  test.each<FaultKind>(["cut-body", "stall-body", "stall", "cut-before"])("%s", async (kind) => {
    const bucket = openTestBucket(s3.url, { timeoutMs: 300 });
    await bucket.write("log/1", bytes("x".repeat(100_000)));
    s3.fault({ kind, operation: ["get", "list"] });
    for (const call of [() => bucket.read("log/1"), () => bucket.list("", "")]) {
      expect(await failure(call())).toMatchObject({ outcome: "none", mayPass: true });
    }
  });
});

test("an object that cannot be removed is an error, and the others are removed", async () => {
  const bucket = openTestBucket(s3.url);
  const names = Array.from({ length: 30 }, (_, at) => `log/${at}`);
  await Promise.all(names.map((name) => bucket.write(name, bytes("1"))));
  s3.fault({ kind: "error-before", operation: "delete", key: "/7$" });
  const error = await failure(bucket.remove(names));
  expect(error).toMatchObject({ outcome: "unknown", mayPass: true });
  expect(error.message).toStartWith(
    "cannot remove log/7 in s3://bucket/okq/a=1: 500 InternalError",
  );
  expect(s3.keysIn()).toEqual(["okq/a=1/log/7"]);
});

test("counts requests by kind and ending, and bytes", async () => {
  const bucket = openTestBucket(s3.url);
  await bucket.create("a", bytes("12345"));
  await bucket.create("a", bytes("12345"));
  await bucket.read("a");
  await bucket.read("b");
  await bucket.list("", "");
  await bucket.remove(["a"]);
  s3.fault({ kind: "error-before", times: 1 });
  await failure(bucket.read("a"));
  s3.fault({ kind: "cut-before", times: 1 });
  await failure(bucket.write("a", bytes("12345")));
  const none = { done: 0, refused: 0, failed: 0, lost: 0 };
  expect(bucket.counts.requests).toEqual({
    put: { ...none, done: 1, refused: 1, lost: 1 },
    get: { ...none, done: 1, refused: 1, failed: 1 },
    list: { ...none, done: 1 },
    delete: { ...none, done: 1 },
  });
  expect(bucket.counts.bytesSent).toBe(15);
  expect(bucket.counts.bytesReceived).toBeGreaterThan(300);
});

test("ends requests under way when it is closed, and sends no others", async () => {
  const bucket = openTestBucket(s3.url, { timeoutMs: 600_000 });
  s3.fault({ kind: "stall" });
  const write = failure(bucket.write("a", bytes("1")));
  await eventually(() => s3.records.length === 1);
  bucket.close();
  expect(await write).toMatchObject({ outcome: "unknown" });
  expect(await failure(bucket.write("b", bytes("1")))).toMatchObject({ outcome: "none" });
  expect(s3.records).toHaveLength(1);
});

test("new credentials are used at once if the object store refuses the old ones", async () => {
  const old = { ...keys, accessKeyId: "old" };
  const bucket = openTestBucket(s3.url, { credentials: credentialsOf(old, keys) });
  const names = ["a", "b", "c"];
  await Promise.all(names.map((name) => bucket.create(name, bytes(name))));
  expect(s3.keysIn()).toEqual(names.map((name) => `okq/a=1/${name}`));
  expect(s3.records.map(({ accessKey }) => accessKey).toSorted()).toEqual([
    ...Array(3).fill("okq-test"),
    ...Array(3).fill("old"),
  ]);
});
