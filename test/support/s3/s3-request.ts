// A request to S3, read from HTTP: operation, bucket and key.
import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import type { HttpRequest } from "./http-connection.ts";
import { S3Error, unescapeXml } from "./s3-error.ts";
import { accessKeyOf } from "./signature.ts";

export type Operation = "put" | "get" | "head" | "delete" | "deleteMany" | "list" | "other";

export interface S3Request {
  operation: Operation;
  bucket: string;
  /** "" for operations on the bucket. */
  key: string;
  query: Map<string, string>;
  headers: Map<string, string>;
  body: Buffer;
  /** As named by the request. */
  accessKey: string;
}

/** Parameters of the query that an operation knows. S3 has more; okq has no need of them. */
const parameters: Record<Operation, readonly string[]> = {
  put: [],
  get: [],
  head: [],
  delete: [],
  deleteMany: ["delete"],
  list: ["list-type", "prefix", "start-after", "continuation-token", "max-keys", "encoding-type"],
  other: [],
};

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new S3Error("InvalidURI");
  }
}

/** Path style, or the bucket as the first label of the host. */
export function readRequest(http: HttpRequest, hasBucket: (name: string) => boolean): S3Request {
  const [path = "", text = ""] = http.target.split("?", 2);
  const label = (http.headers.get("host") ?? "").split(".")[0]!;
  const whole = decoded(path.slice(1));
  const full = hasBucket(label) ? `${label}/${whole}` : whole;
  const slash = full.indexOf("/");
  const bucket = slash < 0 ? full : full.slice(0, slash);
  const key = slash < 0 ? "" : full.slice(slash + 1);
  const query = readQuery(text);
  const operation = operationOf(http.method, key, query);
  const { headers, body } = http;
  return { operation, bucket, key, query, headers, body, accessKey: accessKeyOf(http) };
}

function readQuery(text: string): Map<string, string> {
  const query = new Map<string, string>();
  if (text === "") return query;
  for (const pair of text.split("&")) {
    const [name = "", value = ""] = pair.split("=", 2);
    query.set(decoded(name), decoded(value.replaceAll("+", " ")));
  }
  return query;
}

function operationOf(method: string, key: string, query: Map<string, string>): Operation {
  if (key === "") {
    if (method === "GET" && query.get("list-type") === "2") return "list";
    return method === "POST" && query.has("delete") ? "deleteMany" : "other";
  }
  const byMethod: Record<string, Operation> = {
    PUT: "put",
    GET: "get",
    HEAD: "head",
    DELETE: "delete",
  };
  return byMethod[method] ?? "other";
}

/** Throws an S3Error for what S3 refuses before it looks at any object. */
export function checkRequest({ operation, query, headers, body }: S3Request): void {
  if (operation === "other") throw new S3Error("MethodNotAllowed");
  for (const name of query.keys()) {
    const isKnown = parameters[operation].includes(name) || name === "x-id";
    if (!isKnown) throw new S3Error("NotImplemented", { Parameter: name });
  }
  if (headers.get("content-encoding")?.includes("aws-chunked")) {
    throw new S3Error("NotImplemented", { Header: "Content-Encoding" });
  }
  if (operation === "put" && !headers.has("content-length")) {
    throw new S3Error("MissingContentLength");
  }
  checkEncryption(operation, headers.get("x-amz-server-side-encryption"));
  checkDigests(headers, body);
}

function checkEncryption(operation: Operation, algorithm: string | undefined): void {
  if (algorithm === undefined) return;
  if (operation !== "put") {
    throw new S3Error("InvalidArgument", { ArgumentName: "x-amz-server-side-encryption" });
  }
  if (algorithm !== "AES256" && algorithm !== "aws:kms") {
    throw new S3Error("InvalidEncryptionAlgorithmError");
  }
}

/** Digests of bodies besides X-Amz-Content-Sha256, by header. */
const digests: Record<string, (body: Buffer) => Buffer> = {
  "content-md5": (body) => createHash("md5").update(body).digest(),
  "x-amz-checksum-sha256": (body) => createHash("sha256").update(body).digest(),
  "x-amz-checksum-crc32": (body) => {
    const digest = Buffer.alloc(4);
    digest.writeUInt32BE(crc32(body));
    return digest;
  },
};

function checkDigests(headers: Map<string, string>, body: Buffer): void {
  for (const [name, value] of headers) {
    const digest = digests[name];
    if (name.startsWith("x-amz-checksum-") && digest === undefined) {
      throw new S3Error("NotImplemented", { Header: name });
    }
    if (digest !== undefined && digest(body).toString("base64") !== value) {
      throw new S3Error("BadDigest", { Header: name });
    }
  }
}

const KEYS_MAX = 1000;

export function maxKeysOf(query: Map<string, string>): number {
  const value = query.get("max-keys") ?? String(KEYS_MAX);
  if (!/^\d+$/.test(value)) throw new S3Error("InvalidArgument", { ArgumentName: "max-keys" });
  return Math.min(Number(value), KEYS_MAX);
}

/** The keys of a DeleteObjects request. */
export function keysToDelete({ headers, body }: S3Request): { keys: string[]; isQuiet: boolean } {
  const isChecked = Object.keys(digests).some((name) => headers.has(name));
  if (!isChecked) throw new S3Error("InvalidRequest", { MissingHeader: "Content-MD5" });
  const text = body.toString("utf8");
  const found = /^\s*(?:<\?xml[^>]*>\s*)?<Delete[^>]*>([^]*)<\/Delete>\s*$/.exec(text);
  if (found === null) throw new S3Error("MalformedXML");
  const objects = [...found[1]!.matchAll(/<Object>([^]*?)<\/Object>/g)].map(([, inner]) => inner!);
  if (found[1]!.includes("<ETag>")) throw new S3Error("NotImplemented", { Element: "ETag" });
  const keys = objects.map((inner) => /<Key>([^<]*)<\/Key>/.exec(inner)?.[1]);
  const isWrong = keys.length === 0 || keys.length > KEYS_MAX || keys.includes(undefined);
  if (isWrong) throw new S3Error("MalformedXML");
  return {
    keys: keys.map((key) => unescapeXml(key!)),
    isQuiet: /<Quiet>true<\/Quiet>/.test(found[1]!),
  };
}

/** First and last byte, or null for the whole. Throws if the range holds no byte. */
export function rangeOf(header: string | undefined, bytes: number): [number, number] | null {
  const found = /^bytes=(\d*)-(\d*)$/.exec(header ?? "");
  if (found === null || (found[1] === "" && found[2] === "")) return null;
  const first = found[1] === "" ? Math.max(0, bytes - Number(found[2])) : Number(found[1]);
  const last =
    found[1] === "" || found[2] === "" ? bytes - 1 : Math.min(Number(found[2]), bytes - 1);
  if (first > last || first >= bytes) throw new S3Error("InvalidRange");
  return [first, last];
}
