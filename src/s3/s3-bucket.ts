// A Bucket in an object store that speaks the protocol of S3.
import type { Bucket, ListedObject, ListedPage, StoredObject } from "./bucket.ts";
import type { CredentialSource } from "./credentials/credential-source.ts";
import { RequestCounts, type RequestKind } from "./request-counts.ts";
import { type S3Address, urlOf } from "./s3-address.ts";
import { type S3Answer, S3Client } from "./s3-client.ts";
import { type Attempt, failureOf, oddAnswer, type Refusal, refusalOf } from "./s3-failure.ts";
import { parseList } from "./s3-xml.ts";

export interface S3BucketOptions extends S3Address {
  /** Without a / at its end; "" for none. */
  prefix: string;
  region: string;
  credentials: CredentialSource;
  /** Certificates (PEM) of authorities to trust, and no others; null for the usual ones. */
  ca: string | null;
  /** AES256, aws:kms, aws:kms:KEY, or "" for the default of the bucket. */
  encryption: string;
  /** For one request; more is allowed for long bodies. */
  timeoutMs: number;
  /** The wall clock. */
  nowMs?: () => number;
}

const REMOVED_AT_ONCE_MAX = 8;
const PAGE_OBJECTS_MAX = "1000";

/**
 * A PUT is sent once, with a condition, and its failure is not hidden. Yet the answer to a create
 * may be null although this call made the object: something between here and the object store may
 * repeat requests. So callers compare the object with theirs.
 */
export class S3Bucket implements Bucket {
  readonly url: string;
  readonly counts = new RequestCounts();
  readonly #address: S3Address;
  readonly #prefix: string;
  readonly #encryption: Record<string, string>;
  readonly #client: S3Client;

  constructor(options: S3BucketOptions) {
    const { bucket, prefix, encryption } = options;
    this.url = prefix === "" ? `s3://${bucket}` : `s3://${bucket}/${prefix}`;
    this.#address = options;
    this.#prefix = prefix === "" ? "" : `${prefix}/`;
    this.#encryption = encryptionHeaders(encryption);
    this.#client = new S3Client({ ...options, counts: this.counts });
  }

  async read(name: string): Promise<StoredObject | null> {
    const attempt = this.#attempt("read", name, false);
    return this.#found(await this.#get(name, {}, attempt), attempt);
  }

  async readIfChanged(name: string, etag: string): Promise<StoredObject | "gone" | null> {
    const attempt = this.#attempt("read", name, false);
    const answer = await this.#get(name, { "If-None-Match": `"${etag}"` }, attempt);
    if (answer.status === 304) return null;
    const found = this.#found(answer, attempt);
    if (found === null) return "gone";
    return found.etag === etag ? null : found;
  }

  create(name: string, body: Uint8Array): Promise<string | null> {
    return this.#put(name, body, { "If-None-Match": "*" });
  }

  replace(name: string, body: Uint8Array, etag: string): Promise<string | null> {
    return this.#put(name, body, { "If-Match": `"${etag}"` });
  }

  async write(name: string, body: Uint8Array): Promise<void> {
    await this.#put(name, body, {});
  }

  async remove(names: string[]): Promise<void> {
    const rest = [...names];
    const removeNext = async (): Promise<void> => {
      for (let name = rest.pop(); name !== undefined; name = rest.pop()) await this.#delete(name);
    };
    const lanes = Array.from({ length: REMOVED_AT_ONCE_MAX }, removeNext);
    const failed = (await Promise.allSettled(lanes)).find(({ status }) => status === "rejected");
    if (failed) throw (failed as PromiseRejectedResult).reason;
  }

  async list(prefix: string, after: string): Promise<ListedPage> {
    const attempt = this.#attempt("list", `${prefix}*`, false);
    const query = {
      "list-type": "2",
      "encoding-type": "url",
      "max-keys": PAGE_OBJECTS_MAX,
      prefix: this.#prefix + prefix,
      ...(after !== "" && { "start-after": this.#prefix + after }),
    };
    const url = urlOf(this.#address, "", query);
    const answer = await this.#send("list", "GET", url, {}, null, attempt);
    if (answer.status !== 200) throw failureOf(attempt, refusalFrom(answer));
    const nowMs = dateOf(answer, attempt);
    try {
      const { objects, isTruncated } = parseList(textOf(answer), this.#prefix);
      if (isTruncated) checkOrder(objects, after);
      return { objects: objects.toSorted(byName), nowMs, isLast: !isTruncated };
    } catch (error) {
      throw oddAnswer(attempt, `the list ${(error as Error).message}`);
    }
  }

  /** Ends the requests under way, whose outcome is unknown, and accepts no others. */
  close(): void {
    this.#client.close();
  }

  #get(name: string, headers: Record<string, string>, attempt: Attempt): Promise<S3Answer> {
    return this.#send("get", "GET", this.#urlOf(name), headers, null, attempt);
  }

  /** Null if it is not there. */
  #found(answer: S3Answer, attempt: Attempt): StoredObject | null {
    if (answer.status === 200) {
      const { body } = answer;
      return { body, etag: etagOf(answer, attempt), nowMs: dateOf(answer, attempt) };
    }
    const refusal = refusalFrom(answer);
    if (isAbsent(refusal)) return null;
    throw failureOf(attempt, refusal);
  }

  /** The new etag; null if the condition does not hold. */
  async #put(
    name: string,
    body: Uint8Array,
    condition: Record<string, string>,
  ): Promise<string | null> {
    const attempt = this.#attempt("write", name, true);
    const headers = { ...this.#encryption, ...condition };
    const answer = await this.#send("put", "PUT", this.#urlOf(name), headers, body, attempt);
    if (answer.status < 300) return etagOf(answer, attempt);
    const refusal = refusalFrom(answer);
    // The object that should have an etag is gone.
    const isRefused = answer.status === 412 || ("If-Match" in condition && isAbsent(refusal));
    if (isRefused) return null;
    throw failureOf(attempt, refusal);
  }

  async #delete(name: string): Promise<void> {
    const attempt = this.#attempt("remove", name, true);
    const answer = await this.#send("delete", "DELETE", this.#urlOf(name), {}, null, attempt);
    if (answer.status < 300) return;
    const refusal = refusalFrom(answer);
    if (!isAbsent(refusal)) throw failureOf(attempt, refusal);
  }

  #send(
    kind: RequestKind,
    method: "GET" | "PUT" | "DELETE",
    url: URL,
    headers: Record<string, string>,
    body: Uint8Array | null,
    attempt: Attempt,
  ): Promise<S3Answer> {
    return this.#client.send({ kind, method, url, headers, body, attempt });
  }

  #urlOf(name: string): URL {
    return urlOf(this.#address, this.#prefix + name);
  }

  #attempt(verb: string, name: string, isWrite: boolean): Attempt {
    return { verb, name, url: this.url, isWrite };
  }
}

function byName(a: ListedObject, b: ListedObject): number {
  return a.name < b.name ? -1 : 1;
}

/** Callers go on behind the last name of a page. Throws a phrase. */
function checkOrder(objects: readonly ListedObject[], after: string): void {
  let last = after;
  for (const { name } of objects) {
    if (name <= last) throw new Error("is not in the order of the names");
    last = name;
  }
}

function encryptionHeaders(encryption: string): Record<string, string> {
  const [, kind, key] = /^(AES256|aws:kms)(?::(.+))?$/.exec(encryption) ?? [];
  if (kind === undefined) return {};
  return {
    "x-amz-server-side-encryption": kind,
    ...(key !== undefined && { "x-amz-server-side-encryption-aws-kms-key-id": key }),
  };
}

function refusalFrom({ status, headers, body }: S3Answer): Refusal {
  return refusalOf(status, headers, body);
}

function textOf({ body }: S3Answer): string {
  return new TextDecoder().decode(body);
}

function isAbsent({ status, problem }: Refusal): boolean {
  return status === 404 && problem.code === "NoSuchKey";
}

/** Without quotes, which some object stores leave out. */
function etagOf({ headers }: S3Answer, attempt: Attempt): string {
  const etag = headers.get("etag")?.replace(/^(W\/)?"(.*)"$/, "$2");
  if (!etag) throw oddAnswer(attempt, "the answer has no ETag");
  return etag;
}

function dateOf({ headers }: S3Answer, attempt: Attempt): number {
  const ms = Date.parse(headers.get("date") ?? "");
  if (Number.isNaN(ms)) throw oddAnswer(attempt, "the answer has no Date");
  return ms;
}
