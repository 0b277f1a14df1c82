// What S3Bucket makes of answers that the stand-in never gives: of proxies, of other providers, and
// of servers that are no object stores. The server sends what each test writes.
import { expect, test } from "bun:test";
import { BucketError } from "../../src/s3/bucket.ts";
import type { S3Bucket } from "../../src/s3/s3-bucket.ts";
import { closeAfterTest } from "../support/close-after-test.ts";
import { openTestBucket } from "./open-test-bucket.ts";

const date = "Date: Thu, 01 Jan 2026 00:00:00 GMT";

/** Answers each request with that text, and with its length unless the text has none. */
function answering(
  status: string,
  headers: string[],
  body = "",
): { bucket: S3Bucket; seen: string[] } {
  const seen: string[] = [];
  const hasLength = !headers.some((header) => /^(transfer-encoding|connection)/i.test(header));
  const length = hasLength ? [`Content-Length: ${body.length}`] : [];
  const text = [`HTTP/1.1 ${status}`, ...headers, ...length, "", body].join("\r\n");
  const server = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      data(socket, chunk) {
        const [line] = chunk.toString("latin1").split("\r\n");
        if (!line!.endsWith(" HTTP/1.1")) return;
        seen.push(line!);
        socket.write(text);
        if (/close/.test(text)) socket.end();
      },
    },
  });
  closeAfterTest({ close: () => server.stop(true) });
  return { bucket: openTestBucket(`http://127.0.0.1:${server.port}`, { timeoutMs: 2000 }), seen };
}

function problem(code: string, message: string, more = ""): string {
  return `<?xml version="1.0"?>\n<Error><Code>${code}</Code><Message>${message}</Message>${more}</Error>`;
}

async function failure(promise: Promise<unknown>): Promise<BucketError> {
  const error = await promise.then(
    (value) => new Error(`it resolved with ${Bun.inspect(value)}`),
    (reason: unknown) => reason,
  );
  if (!(error instanceof BucketError)) throw error;
  expect(error.message).not.toMatch(/\p{Cc}/u);
  return error;
}

const body = Buffer.from("1");
const html = "<html><body>\r\nnot\there</body></html>";
const regionHeader = "x-amz-bucket-region: eu-west-1";

test.each<[string, string[], string, "none" | "unknown", boolean, string]>([
  [
    "301 Moved Permanently",
    [regionHeader, "Location: http://127.0.0.1:1/"],
    problem("PermanentRedirect", "Use the other endpoint"),
    "none",
    false,
    "301 PermanentRedirect: Use the other endpoint; the bucket is in the region eu-west-1: " +
      "--s3-region eu-west-1",
  ],
  [
    "400 Bad Request",
    [],
    problem("AuthorizationHeaderMalformed", "Wrong", "<Region>eu-west-1</Region>"),
    "none",
    false,
    "400 AuthorizationHeaderMalformed: Wrong; the bucket is in the region eu-west-1: " +
      "--s3-region eu-west-1",
  ],
  [
    "403 Forbidden",
    [],
    problem("AccessDenied", "Access &lt;Denied&gt;\r\n\u001b[31m&#10;now"),
    "none",
    false,
    "403 AccessDenied: Access <Denied> [31m now; the access key needs s3:GetObject, " +
      "s3:PutObject, s3:DeleteObject and s3:ListBucket there",
  ],
  [
    "404 Not Found",
    [],
    html,
    "none",
    false,
    "404; this is no answer of an object store: see --s3-endpoint",
  ],
  ["408 Request Timeout", [], "", "none", true, "408"],
  ["429 Too Many Requests", [], problem("TooManyRequests", "Slow"), "none", true, "429 TooManyR"],
  ["400 Bad Request", [], problem("RequestTimeout", "Idle"), "none", true, "400 RequestTimeout"],
  [
    "400 Bad Request",
    [],
    problem("KMS.NotFoundException", "No key"),
    "none",
    false,
    "400 KMS.NotFoundException: No key; KMS does not accept the key of --s3-sse",
  ],
  [
    "501 Not Implemented",
    [],
    problem("NotImplemented", "A header"),
    "none",
    false,
    "501 NotImplemented: A header; the object store lacks something that okq needs",
  ],
  ["502 Bad Gateway", [], html, "unknown", true, "502"],
  ["503 Slow Down", [], problem("SlowDownWrite", "Busy"), "unknown", true, "503 SlowDownWrite"],
  ["200 OK", [date], "", "unknown", false, "the answer has no ETag"],
])(
  "a write that is answered with %s %j %p",
  async (status, headers, text, outcome, passes, said) => {
    const { bucket, seen } = answering(status, headers, text);
    const error = await failure(bucket.create("a", body));
    expect(error).toMatchObject({ outcome, mayPass: passes });
    expect(error.message).toStartWith(`cannot write a in s3://bucket/okq/a=1: ${said}`);
    expect(seen).toEqual(["PUT /bucket/okq/a%3D1/a HTTP/1.1"]);
  },
);

test("a long message does not hide the advice", async () => {
  const { bucket } = answering("403 Forbidden", [], problem("AccessDenied", "x".repeat(5000)));
  const { message } = await failure(bucket.read("a"));
  expect(message.length).toBeLessThan(600);
  expect(message).toEndWith("s3:DeleteObject and s3:ListBucket there");
});

test.each<[string, string[], string]>([
  ["404 Not Found", [], html],
  ["304 Not Modified", [], ""],
  ["204 No Content", [], ""],
  ["200 OK", ['ETag: "e"'], "x"],
  ["200 OK", [date], "x"],
  ["200 OK", [date, 'ETag: "e"', "Connection: close"], "x"],
])("a read that is answered with %s %j %p is an error", async (status, headers, text) => {
  const { bucket } = answering(status, headers, text);
  expect(await failure(bucket.read("a"))).toMatchObject({ outcome: "none" });
});

test.each(["ETag: e-1", 'ETag: "e-1"', 'ETag: W/"e-1"'])("understands %s", async (etag) => {
  const { bucket } = answering("200 OK", [date, etag], "text");
  expect(await bucket.read("a")).toEqual({
    body: new Uint8Array(Buffer.from("text")),
    etag: "e-1",
    nowMs: Date.UTC(2026, 0, 1),
  });
  expect(await bucket.readIfChanged("a", "e-1")).toBeNull();
  expect(await bucket.create("a", body)).toBe("e-1");
});

test("reads an answer in chunks", async () => {
  const headers = [date, "ETag: e", "Transfer-Encoding: chunked"];
  const { bucket } = answering("200 OK", headers, "4\r\ntext\r\n0\r\n\r\n");
  expect(Buffer.from((await bucket.read("a"))!.body).toString()).toBe("text");
});

function listOf(isTruncated: boolean, ...keys: string[]): string {
  const entries = keys.map(
    (key) =>
      `<Contents><Key>${key}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified>` +
      `<ETag>&quot;e&quot;</ETag><Size>7</Size></Contents>`,
  );
  return (
    `<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">` +
    `<EncodingType>url</EncodingType><IsTruncated>${isTruncated}</IsTruncated>` +
    `${entries.join("")}</ListBucketResult>`
  );
}

test.each([
  ["is none of objects", html],
  ["has an entry without name, size or time below okq/a=1/", listOf(false, "other/log/1")],
  [
    "has an entry without name, size or time below okq/a=1/",
    listOf(false, "okq/a%3D1/x").replace("<Size>7</Size>", ""),
  ],
  ["is not in the order of the names", listOf(true, "okq/a%3D1/b", "okq/a%3D1/a")],
  ["goes on, and has no objects", listOf(true)],
])("a list that %s is an error", async (reason, xml) => {
  const { bucket } = answering("200 OK", [date], xml);
  const error = await failure(bucket.list("", ""));
  expect(error).toMatchObject({ outcome: "none", mayPass: false });
  expect(error.message).toBe(`cannot list * in s3://bucket/okq/a=1: the list ${reason}`);
});

test("sorts a whole list, and understands names without and with escapes", async () => {
  const escaped = listOf(false, "okq/a%3D1/b%20%26+c", "okq/a%3D1/a");
  const plain = listOf(false, "okq/a=1/a &amp; b%20").replace(/<EncodingType>.*?Type>/, "");
  const namesIn = async (xml: string) => {
    const { bucket } = answering("200 OK", [date], xml);
    return (await bucket.list("", "")).objects.map(({ name }) => name);
  };
  expect(await namesIn(escaped)).toEqual(["a", "b & c"]);
  expect(await namesIn(plain)).toEqual(["a & b%20"]);
});
