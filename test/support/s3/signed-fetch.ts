// Signs requests to S3 by hand, for tests of the stand-in: AWS Signature Version 4. It shares
// nothing with the signer of okq, so that a mistake of that one is seen.
import { createHash, createHmac } from "node:crypto";
import type { S3Key } from "./signature.ts";

export interface SignedOptions {
  method?: string;
  headers?: Record<string, string>;
  body?: string | Uint8Array;
  key: S3Key;
  region?: string;
  /** The time that the request claims. */
  nowMs?: number;
  /** Sent instead of the digest of the body. */
  digest?: string;
  signal?: AbortSignal;
}

export async function signedFetch(url: string, options: SignedOptions): Promise<Response> {
  const { method = "GET", body, signal } = options;
  const headers = signedHeaders(url, options);
  const rest = { ...(body !== undefined && { body }), ...(signal && { signal }) };
  return await fetch(url, { method, headers, ...rest });
}

/** All headers of the request, with Authorization. */
export function signedHeaders(url: string, options: SignedOptions): Record<string, string> {
  const { method = "GET", body = "", key, region = "us-east-1", nowMs = Date.now() } = options;
  const { host, pathname, searchParams } = new URL(url);
  const date = new Date(nowMs).toISOString().replaceAll(/[-:]|\.\d+/g, "");
  const given = Object.entries(options.headers ?? {}).map(([name, v]) => [name.toLowerCase(), v]);
  const headers: Record<string, string> = {
    ...Object.fromEntries(given),
    host,
    "x-amz-content-sha256": options.digest ?? sha256(body),
    "x-amz-date": date,
  };
  if (key.sessionToken !== undefined) headers["x-amz-security-token"] = key.sessionToken;
  const names = Object.keys(headers).toSorted();
  searchParams.sort();
  const canonical = [
    method,
    pathname,
    searchParams.toString().replaceAll("+", "%20"),
    ...names.map((name) => `${name}:${headers[name]}`),
    "",
    names.join(";"),
    headers["x-amz-content-sha256"],
  ].join("\n");
  const scope = [date.slice(0, 8), region, "s3", "aws4_request"];
  const text = ["AWS4-HMAC-SHA256", date, scope.join("/"), sha256(canonical)].join("\n");
  let signing: Buffer = Buffer.from(`AWS4${key.secret}`);
  for (const part of scope) signing = hmac(signing, part);
  const credential = `${key.accessKey}/${scope.join("/")}`;
  const signature = hmac(signing, text).toString("hex");
  headers["authorization"] =
    `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${names.join(";")}, ` +
    `Signature=${signature}`;
  return headers;
}

function sha256(data: string | Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}
