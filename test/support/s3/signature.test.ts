// The stand-in for S3 accepts requests that are signed as Amazon describes it, and no others. The
// first tests are the examples of Amazon's documentation.
import { expect, test } from "bun:test";
import { exchangeRaw, requestText } from "../http.ts";
import { closeAfterTest } from "../close-after-test.ts";
import { startS3, testKey, type S3Server, type S3ServerOptions } from "../s3-server.ts";
import type { HttpRequest } from "./http-connection.ts";
import { verifySignature, type S3Key } from "./signature.ts";
import { signedFetch, signedHeaders, type SignedOptions } from "./signed-fetch.ts";

const amazon: S3Key = {
  accessKey: "AKIAIOSFODNN7EXAMPLE",
  secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
};
const emptyDigest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const exampleMs = Date.UTC(2013, 4, 24);

interface Example {
  method: string;
  target: string;
  headers: Record<string, string>;
  body: string;
  signature: string;
}

const examples: Example[] = [
  {
    method: "GET",
    target: "/test.txt",
    headers: { range: "bytes=0-9" },
    body: "",
    signature: "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
  },
  {
    method: "GET",
    target: "/?max-keys=2&prefix=J",
    headers: {},
    body: "",
    signature: "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
  },
  {
    method: "PUT",
    target: "/test$file.text",
    headers: {
      date: "Fri, 24 May 2013 00:00:00 GMT",
      "x-amz-content-sha256": "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
      "x-amz-storage-class": "REDUCED_REDUNDANCY",
    },
    body: "Welcome to Amazon S3.",
    signature: "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
  },
];

function requestOf({ method, target, headers, body, signature }: Example): HttpRequest {
  const all = new Map([
    ["host", "examplebucket.s3.amazonaws.com"],
    ["x-amz-content-sha256", emptyDigest],
    ["x-amz-date", "20130524T000000Z"],
    ...Object.entries(headers),
  ]);
  const names = [...all.keys()].toSorted().join(";");
  const credential = `${amazon.accessKey}/20130524/us-east-1/s3/aws4_request`;
  all.set(
    "authorization",
    `AWS4-HMAC-SHA256 Credential=${credential},SignedHeaders=${names},Signature=${signature}`,
  );
  return { method, target, headers: all, body: Buffer.from(body) };
}

test.each(examples)("accepts Amazon's example: $method $target", (example) => {
  const request = requestOf(example);
  const keys = new Map([[amazon.accessKey, amazon]]);
  verifySignature(request, keys, "us-east-1", exampleMs);
  const other = { ...request, target: `${request.target}x` };
  expect(() => verifySignature(other, keys, "us-east-1", exampleMs)).toThrow("signature");
});

function start(options: S3ServerOptions = {}): S3Server {
  return closeAfterTest(startS3(options));
}

/** Status and code of the answer to a put; the code is "" for 200. */
async function put(server: S3Server, options: Partial<SignedOptions> = {}): Promise<string> {
  const whole = { method: "PUT", key: testKey, body: "contents", ...options };
  const response = await signedFetch(`${server.url}/bucket/a`, whole);
  const code = /<Code>(.*)<\/Code>/.exec(await response.text())?.[1] ?? "";
  return `${response.status} ${code}`.trim();
}

const minuteMs = 60_000;

test.each([
  ["the right secret", {}, "200"],
  ["the wrong secret", { key: { ...testKey, secret: "wrong" } }, "403 SignatureDoesNotMatch"],
  ["an unknown key", { key: { ...testKey, accessKey: "no" } }, "403 InvalidAccessKeyId"],
  ["a digest of another body", { digest: emptyDigest }, "400 XAmzContentSHA256Mismatch"],
  ["no digest of the body", { digest: "UNSIGNED-PAYLOAD" }, "200"],
  ["chunks", { digest: "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" }, "501 NotImplemented"],
  ["aws-chunked", { headers: { "Content-Encoding": "aws-chunked" } }, "501 NotImplemented"],
  ["another region", { region: "eu-west-1" }, "400 AuthorizationHeaderMalformed"],
  ["an unwanted token", { key: { ...testKey, sessionToken: "t" } }, "400 InvalidToken"],
  ["a wrong MD5", { headers: { "Content-MD5": "AAAA" } }, "400 BadDigest"],
] as const)("a put with %s", async (_, options, answer) => {
  const server = start();
  expect(await put(server, options)).toBe(answer);
  expect(server.keysIn()).toEqual(answer === "200" ? ["a"] : []);
});

test("refuses a date that is more than 15 minutes off", async () => {
  const server = start();
  for (const sign of [1, -1]) {
    const nowMs = Date.now();
    expect(await put(server, { nowMs: nowMs + sign * 14 * minuteMs })).toBe("200");
    const late = { nowMs: nowMs + sign * 16 * minuteMs };
    expect(await put(server, late)).toBe("403 RequestTimeTooSkewed");
  }
  server.moveClock(16 * minuteMs);
  expect(await put(server)).toBe("403 RequestTimeTooSkewed");
});

test("asks for the token of a temporary key until it expires", async () => {
  const key = { ...testKey, sessionToken: "token", expiresMs: Date.now() + minuteMs };
  const server = start({ keys: [key] });
  expect(await put(server)).toBe("400 InvalidToken");
  expect(await put(server, { key })).toBe("200");
  server.moveClock(2 * minuteMs);
  expect(await put(server, { key })).toBe("400 ExpiredToken");
});

test("refuses headers that are not signed, and requests that are not", async () => {
  const server = start();
  const url = `${server.url}/bucket/a`;
  const headers = signedHeaders(url, { key: testKey });
  const extra = { ...headers, "x-amz-server-side-encryption": "AES256" };
  expect((await fetch(url, { headers: extra })).status).toBe(403);
  expect((await fetch(url)).status).toBe(403);
});

test("refuses a body without a length", async () => {
  const server = start();
  const headers = signedHeaders(`${server.url}/bucket/a`, { key: testKey, method: "PUT" });
  const text = requestText("PUT /bucket/a", { ...headers, "Transfer-Encoding": "chunked" });
  const answer = await exchangeRaw(server.port, text.replace("Host: localhost\r\n", ""));
  expect(answer).toMatchObject({ status: 411 });
  expect(answer.text).toContain("<Code>MissingContentLength</Code>");
});
