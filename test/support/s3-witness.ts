// A witness for our stand-in for S3: R2 of miniflare, which is written by others, behind a small
// worker that turns requests to S3 into calls of R2. It checks no signatures.
import { resolve } from "node:path";
import { Miniflare } from "miniflare";

/** The program that miniflare runs. */
const workerd = resolve(import.meta.dir, "../../node_modules/workerd/bin/workerd");

export interface S3Witness {
  /** Its only bucket is "bucket". */
  url: string;
  close(): Promise<void>;
}

/** R2 itself judges conditions and ranges; the worker only translates. */
const worker = `
const xml = (text, status = 200) =>
  new Response(text, { status, headers: { "Content-Type": "application/xml" } });
const refusal = (status, code) => xml("<Error><Code>" + code + "</Code></Error>", status);
const escape = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");

async function list(bucket, query) {
  const { objects, truncated, cursor } = await bucket.list({
    prefix: query.get("prefix") ?? "",
    limit: Number(query.get("max-keys") ?? 1000),
    startAfter: query.get("start-after") ?? undefined,
    cursor: query.get("continuation-token") ?? undefined,
  });
  const contents = objects.map(({ key, etag, size, uploaded }) => {
    const shown = query.has("encoding-type") ? encodeURIComponent(key) : escape(key);
    return "<Contents><Key>" + shown + "</Key><LastModified>" + uploaded.toISOString() +
      "</LastModified><ETag>&quot;" + etag + "&quot;</ETag><Size>" + size + "</Size></Contents>";
  });
  const token = truncated ? "<NextContinuationToken>" + cursor + "</NextContinuationToken>" : "";
  const encoding = query.has("encoding-type") ? "<EncodingType>url</EncodingType>" : "";
  return xml("<ListBucketResult><IsTruncated>" + truncated + "</IsTruncated>" + token + encoding +
    contents.join("") + "</ListBucketResult>");
}

async function get(bucket, key, headers) {
  const object = await bucket.get(key, { onlyIf: headers, range: headers });
  if (object === null) return refusal(404, "NoSuchKey");
  const etag = { ETag: object.httpEtag, "Last-Modified": object.uploaded.toUTCString() };
  if (object.body !== undefined) {
    return new Response(object.body, { status: headers.has("Range") ? 206 : 200, headers: etag });
  }
  if (!headers.has("If-None-Match")) return refusal(412, "PreconditionFailed");
  return new Response(null, { status: 304, headers: etag });
}

async function put(bucket, key, request) {
  const object = await bucket.put(key, await request.arrayBuffer(), { onlyIf: request.headers });
  if (object === null) return refusal(412, "PreconditionFailed");
  return new Response(null, { headers: { ETag: object.httpEtag } });
}

async function deleteMany(bucket, body) {
  const keys = [...body.matchAll(/<Key>(.*?)<\\/Key>/g)].map(([, key]) => key);
  await bucket.delete(keys);
  return xml("<DeleteResult></DeleteResult>");
}

async function answer(request, bucket) {
  const url = new URL(request.url);
  const key = decodeURIComponent(url.pathname).replace(/^\\/bucket\\/?/, "");
  if (request.method === "GET") {
    return key === "" ? list(bucket, url.searchParams) : get(bucket, key, request.headers);
  }
  if (request.method === "PUT") return put(bucket, key, request);
  if (request.method === "POST") return deleteMany(bucket, await request.text());
  await bucket.delete(key);
  return new Response(null, { status: 204 });
}

export default {
  async fetch(request, { bucket }) {
    const response = await answer(request, bucket);
    response.headers.set("Date", new Date().toUTCString());
    return response;
  },
};
`;

/** Why the witness cannot run on this machine; null if it can. Its program needs glibc. */
export function witnessProblem(): string | null {
  try {
    const { exitCode, stderr } = Bun.spawnSync([workerd, "--version"]);
    return exitCode === 0 ? null : `workerd does not run here: ${stderr.toString().trim()}`;
  } catch (error) {
    return `workerd does not run here: ${String(error)}`;
  }
}

/** Close it with closeAfterTest(). Its objects are in memory. */
export async function startWitness(): Promise<S3Witness> {
  const miniflare = new Miniflare({
    modules: true,
    script: worker,
    r2Buckets: ["bucket"],
    compatibilityDate: "2026-01-01",
    // Otherwise it asks Cloudflare where this machine is.
    cf: false,
  });
  const url = await miniflare.ready;
  return { url: url.origin, close: () => miniflare.dispose() };
}
