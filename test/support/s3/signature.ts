// Checks the signature of a request to S3: AWS Signature Version 4 in the Authorization header. It
// is written from Amazon's description and shares nothing with the signer of okq.
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { HttpRequest } from "./http-connection.ts";
import { S3Error } from "./s3-error.ts";

export interface S3Key {
  accessKey: string;
  secret: string;
  /** With it, requests must have it in X-Amz-Security-Token. */
  sessionToken?: string;
  /** From then on it is refused, by the clock of the object store. */
  expiresMs?: number;
}

const SKEW_MS_MAX = 15 * 60_000;

interface Authorization {
  accessKey: string;
  scope: string[];
  signedHeaders: string[];
  signature: string;
}

/** The access key that the request names, checked or not; "" without one. */
export function accessKeyOf(request: HttpRequest): string {
  const header = request.headers.get("authorization") ?? "";
  return /Credential=([^/,]+)\//.exec(header)?.[1] ?? "";
}

/** Throws an S3Error if one of these keys has not signed exactly this request about now. */
export function verifySignature(
  request: HttpRequest,
  keys: ReadonlyMap<string, S3Key>,
  region: string,
  nowMs: number,
): void {
  const authorization = parseAuthorization(request.headers.get("authorization"));
  const key = keys.get(authorization.accessKey);
  if (key === undefined) throw new S3Error("InvalidAccessKeyId");
  checkToken(request, key, nowMs);
  const date = checkDate(request, nowMs);
  checkScope(authorization.scope, date, region);
  checkSignedHeaders(request, authorization.signedHeaders);
  checkBody(request);
  const wanted = signatureOf(request, authorization, key.secret, date);
  const given = Buffer.from(authorization.signature);
  if (given.length !== wanted.length || !timingSafeEqual(given, Buffer.from(wanted))) {
    throw new S3Error("SignatureDoesNotMatch", { AWSAccessKeyId: key.accessKey });
  }
}

function parseAuthorization(header: string | undefined): Authorization {
  if (header === undefined) throw new S3Error("AccessDenied");
  const form =
    /^AWS4-HMAC-SHA256 Credential=([^,]+), ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/;
  const found = form.exec(header);
  if (found === null) throw new S3Error("AuthorizationHeaderMalformed");
  const [accessKey, ...scope] = found[1]!.split("/");
  const signedHeaders = found[2]!.split(";");
  return { accessKey: accessKey!, scope, signedHeaders, signature: found[3]! };
}

function checkToken(request: HttpRequest, key: S3Key, nowMs: number): void {
  const token = request.headers.get("x-amz-security-token");
  if (token !== key.sessionToken) throw new S3Error("InvalidToken");
  if (nowMs >= (key.expiresMs ?? Infinity)) throw new S3Error("ExpiredToken");
}

/** The date in the form 20260102T030405Z. */
function checkDate(request: HttpRequest, nowMs: number): string {
  const date = request.headers.get("x-amz-date") ?? "";
  const found = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(date);
  if (found === null) throw new S3Error("AccessDenied");
  const [year, month, day, hour, minute, second] = found.slice(1).map(Number);
  const atMs = Date.UTC(year!, month! - 1, day!, hour!, minute!, second!);
  if (Math.abs(atMs - nowMs) > SKEW_MS_MAX) {
    throw new S3Error("RequestTimeTooSkewed", { RequestTime: date });
  }
  return date;
}

function checkScope(scope: string[], date: string, region: string): void {
  const [day, scopeRegion, service, end, ...rest] = scope;
  const isRight = day === date.slice(0, 8) && service === "s3" && end === "aws4_request";
  if (!isRight || scopeRegion !== region || rest.length > 0) {
    throw new S3Error("AuthorizationHeaderMalformed", { Region: region });
  }
}

function checkSignedHeaders(request: HttpRequest, signedHeaders: string[]): void {
  const must = [...request.headers.keys()].filter((name) => name.startsWith("x-amz-"));
  for (const name of ["host", ...must]) {
    if (!signedHeaders.includes(name)) {
      throw new S3Error("AccessDenied", { HeadersNotSigned: name });
    }
  }
}

function checkBody(request: HttpRequest): void {
  const digest = request.headers.get("x-amz-content-sha256");
  if (digest === undefined) throw new S3Error("InvalidRequest");
  if (digest === "UNSIGNED-PAYLOAD") return;
  if (digest.startsWith("STREAMING-")) throw new S3Error("NotImplemented", { Header: digest });
  if (digest !== sha256(request.body)) throw new S3Error("XAmzContentSHA256Mismatch");
}

function signatureOf(
  request: HttpRequest,
  { scope, signedHeaders }: Authorization,
  secret: string,
  date: string,
): string {
  const [path, query = ""] = request.target.split("?", 2);
  const canonical = [
    request.method,
    encoded(decodeURIComponent(path!), true),
    canonicalQuery(query),
    ...signedHeaders.map((name) => `${name}:${canonicalHeader(request.headers.get(name) ?? "")}`),
    "",
    signedHeaders.join(";"),
    request.headers.get("x-amz-content-sha256")!,
  ].join("\n");
  const text = ["AWS4-HMAC-SHA256", date, scope.join("/"), sha256(canonical)].join("\n");
  let key: Buffer = Buffer.from(`AWS4${secret}`);
  for (const part of scope) key = hmac(key, part);
  return hmac(key, text).toString("hex");
}

function canonicalHeader(value: string): string {
  return value.trim().replaceAll(/ +/g, " ");
}

function canonicalQuery(query: string): string {
  if (query === "") return "";
  const pairs = query.split("&").map((pair) => {
    // A + is a space in queries.
    const texts = pair.replaceAll("+", " ").split("=", 2).map(decodeURIComponent);
    const parts = texts.map((text) => encoded(text, false));
    return { name: parts[0]!, value: parts[1] ?? "" };
  });
  // By names first: "a" is before "a-b", although "a=" is behind "a-".
  const order = (a: string, b: string) => (a < b ? -1 : Number(a > b));
  pairs.sort((a, b) => order(a.name, b.name) || order(a.value, b.value));
  return pairs.map(({ name, value }) => `${name}=${value}`).join("&");
}

/** All but A-Z a-z 0-9 - . _ ~ as %XX; slashes stay in paths. */
function encoded(text: string, isPath: boolean): string {
  const all = encodeURIComponent(text).replaceAll(/[!'()*]/g, (char) => {
    return `%${char.charCodeAt(0).toString(16).toUpperCase()}`;
  });
  return isPath ? all.replaceAll("%2F", "/") : all;
}

function sha256(data: string | Buffer): string {
  return createHash("sha256").update(data).digest("hex");
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}
