// Does a request to S3 on the objects, and words the answer as S3 does.
import type { HttpReply } from "./http-connection.ts";
import { escapeXml, S3Error, XML_HEAD } from "./s3-error.ts";
import { unquoted, type S3Bucket, type S3Object, type Weakness } from "./s3-objects.ts";
import { keysToDelete, maxKeysOf, rangeOf, type S3Request } from "./s3-request.ts";

const noBytes = new Uint8Array();

export interface Circumstances {
  bucket: S3Bucket;
  nowMs: number;
  weakness: Weakness;
  /** Lists are as old as that. */
  staleMs: number;
}

/** Throws an S3Error if S3 refuses the request. */
export function answer(request: S3Request, circumstances: Circumstances): HttpReply {
  switch (request.operation) {
    case "put":
      return put(request, circumstances);
    case "get":
      return get(request, circumstances.bucket);
    case "head":
      return { ...get(request, circumstances.bucket), isHead: true };
    case "delete":
      return deleteOne(request, circumstances);
    case "deleteMany":
      return deleteMany(request, circumstances);
    case "list":
      return list(request, circumstances);
    default:
      throw new S3Error("MethodNotAllowed");
  }
}

function put(request: S3Request, { bucket, nowMs, weakness }: Circumstances): HttpReply {
  const ifNoneMatch = request.headers.get("if-none-match");
  const ifMatch = request.headers.get("if-match");
  const hasCondition = ifNoneMatch !== undefined || ifMatch !== undefined;
  if (weakness.refusesConditions && hasCondition) throw new S3Error("NotImplemented");
  if (ifNoneMatch !== undefined && ifNoneMatch !== "*") {
    throw new S3Error("NotImplemented", { Header: "If-None-Match" });
  }
  const conditions = {
    ifNoneMatch: weakness.ignoresIfNoneMatch ? undefined : ifNoneMatch,
    ifMatch: weakness.ignoresIfMatch ? undefined : ifMatch,
  };
  const { etag } = bucket.put(request.key, request.body, conditions, nowMs);
  const encryption = request.headers.get("x-amz-server-side-encryption");
  const headers: Record<string, string> = { ETag: etag };
  if (encryption !== undefined) headers["x-amz-server-side-encryption"] = encryption;
  return { status: 200, headers, body: noBytes };
}

function get(request: S3Request, bucket: S3Bucket): HttpReply {
  const object = bucket.get(request.key);
  const headers = {
    ETag: object.etag,
    "Last-Modified": new Date(object.modifiedMs).toUTCString(),
    "Accept-Ranges": "bytes",
    "Content-Type": "binary/octet-stream",
  };
  const ifMatch = request.headers.get("if-match");
  if (ifMatch !== undefined && !matches(ifMatch, object)) {
    throw new S3Error("PreconditionFailed", { Condition: "If-Match" });
  }
  const ifNoneMatch = request.headers.get("if-none-match");
  if (ifNoneMatch !== undefined && matches(ifNoneMatch, object)) {
    return { status: 304, headers, body: noBytes };
  }
  const range = rangeOf(request.headers.get("range"), object.body.length);
  if (range === null) return { status: 200, headers, body: object.body };
  const [first, last] = range;
  const contentRange = `bytes ${first}-${last}/${object.body.length}`;
  const body = object.body.subarray(first, last + 1);
  return { status: 206, headers: { ...headers, "Content-Range": contentRange }, body };
}

function matches(etags: string, object: S3Object): boolean {
  const isMet = (etag: string) => etag === "*" || unquoted(etag) === unquoted(object.etag);
  return etags.split(",").some((etag) => isMet(etag.trim()));
}

function deleteOne(request: S3Request, { bucket, nowMs, weakness }: Circumstances): HttpReply {
  const ifMatch = weakness.ignoresIfMatch ? undefined : request.headers.get("if-match");
  bucket.delete(request.key, ifMatch, nowMs);
  return { status: 204, headers: {}, body: noBytes };
}

function deleteMany(request: S3Request, { bucket, nowMs }: Circumstances): HttpReply {
  const { keys, isQuiet } = keysToDelete(request);
  for (const key of keys) bucket.delete(key, undefined, nowMs);
  const deleted = keys.map((key) => `<Deleted><Key>${escapeXml(key)}</Key></Deleted>`);
  return xml("DeleteResult", isQuiet ? "" : deleted.join(""));
}

function list(request: S3Request, { bucket, nowMs, staleMs }: Circumstances): HttpReply {
  const { query } = request;
  const encoding = query.get("encoding-type");
  if (encoding !== undefined && encoding !== "url") {
    throw new S3Error("InvalidArgument", { ArgumentName: "encoding-type" });
  }
  const shown = (text: string) => escapeXml(encoding === "url" ? urlEncoded(text) : text);
  const token = query.get("continuation-token");
  const startAfter = query.get("start-after");
  const prefix = query.get("prefix") ?? "";
  const keysMax = maxKeysOf(query);
  const after = token === undefined ? (startAfter ?? "") : keyOfToken(token);
  const listQuery = { prefix, after, keysMax };
  const asOf = staleMs > 0 ? { asOfMs: nowMs - staleMs } : {};
  const { page, isLast } = bucket.list({ ...listQuery, ...asOf });
  const elements = [
    `<Name>${escapeXml(request.bucket)}</Name><Prefix>${shown(prefix)}</Prefix>`,
    `<KeyCount>${page.length}</KeyCount><MaxKeys>${keysMax}</MaxKeys>`,
    `<IsTruncated>${!isLast}</IsTruncated>`,
    encoding === undefined ? "" : `<EncodingType>${encoding}</EncodingType>`,
    startAfter === undefined ? "" : `<StartAfter>${shown(startAfter)}</StartAfter>`,
    token === undefined ? "" : `<ContinuationToken>${escapeXml(token)}</ContinuationToken>`,
  ];
  const last = page.at(-1)?.[0];
  if (!isLast && last !== undefined) {
    elements.push(`<NextContinuationToken>${tokenOf(last)}</NextContinuationToken>`);
  }
  for (const [key, object] of page) {
    const modified = new Date(object.modifiedMs).toISOString();
    elements.push(
      `<Contents><Key>${shown(key)}</Key><LastModified>${modified}</LastModified>` +
        `<ETag>${escapeXml(object.etag)}</ETag><Size>${object.body.length}</Size>` +
        "<StorageClass>STANDARD</StorageClass></Contents>",
    );
  }
  return xml("ListBucketResult", elements.join(""));
}

/** S3's tokens say nothing to clients; nor do these. */
function tokenOf(key: string): string {
  return Buffer.from(`after:${key}`).toString("base64");
}

function keyOfToken(token: string): string {
  const text = Buffer.from(token, "base64").toString("utf8");
  if (!text.startsWith("after:")) {
    throw new S3Error("InvalidArgument", { ArgumentName: "continuation-token" });
  }
  return text.slice("after:".length);
}

function urlEncoded(text: string): string {
  return encodeURIComponent(text).replaceAll("%2F", "/").replaceAll("%20", "+");
}

function xml(name: string, inner: string): HttpReply {
  const namespace = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"';
  const body = Buffer.from(`${XML_HEAD}<${name} ${namespace}>${inner}</${name}>`);
  return { status: 200, headers: { "Content-Type": "application/xml" }, body };
}
