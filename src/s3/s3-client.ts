// Sends signed requests to an object store, each one once, and reads the whole answer. It knows
// time limits, lost answers and outdated credentials, and nothing of what answers mean.
import { sign } from "aws4";
import type { BucketError } from "./bucket.ts";
import type { CredentialSource } from "./credentials/credential-source.ts";
import type { Credentials } from "./credentials/credentials.ts";
import { reasonOf } from "./fetch-error.ts";
import { RequestBody, sha256 } from "./request-body.ts";
import type { RequestCounts, RequestKind } from "./request-counts.ts";
import { type Attempt, failureOf, isOutdated, lossOf, refusalOf, unsentOf } from "./s3-failure.ts";

export interface S3Request {
  kind: RequestKind;
  method: "GET" | "PUT" | "DELETE";
  url: URL;
  headers: Record<string, string>;
  body: Uint8Array | null;
  attempt: Attempt;
}

export interface S3Answer {
  status: number;
  headers: Headers;
  body: Uint8Array;
}

export interface S3ClientOptions {
  region: string;
  credentials: CredentialSource;
  /** Certificates (PEM) of authorities to trust, and no others; null for the usual ones. */
  ca: string | null;
  /** For one request; more is allowed for long bodies. */
  timeoutMs: number;
  counts: RequestCounts;
  /** The wall clock. It is never corrected: that of the object store refuses a wrong one. */
  nowMs?: () => number;
}

/** Time is given for bodies at this speed at least. */
const BYTES_PER_MS = 256;
/** Object stores close idle connections after 20 s or more. */
const IDLE_SECONDS = 8;
const IDLE_SOCKETS_MAX = 16;
const NOTHING = new Uint8Array(0);
/** Codes of a handshake that fails, before anything is sent. */
const BAD_CERTIFICATE = /CERT|^ERR_TLS|LEAF_SIGNATURE|HOSTNAME_MISMATCH|INVALID_(CA|PURPOSE)/;
const NOT_CONNECTED = /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN)$/;

export class S3Client {
  readonly #options: S3ClientOptions;
  readonly #session: Bun.FetchSession;
  readonly #underWay = new Set<AbortController>();
  #isClosed = false;
  /** Something answers there, so the endpoint is right. */
  #isAnswered = false;

  constructor(options: S3ClientOptions) {
    this.#options = options;
    this.#session = new Bun.FetchSession({
      keepAlive: { idleTimeout: IDLE_SECONDS, maxIdleSockets: IDLE_SOCKETS_MAX },
      ...(options.ca !== null && { tls: { ca: options.ca } }),
    });
  }

  /**
   * Resolves with the answer, whatever its status is. Rejects with a BucketError if none came. Only
   * an answer that refuses outdated credentials is not the end: it is sent once more with new ones.
   */
  async send(request: S3Request): Promise<S3Answer> {
    const credentials = await this.#credentials(request.attempt);
    const answer = await this.#sendAs(request, credentials);
    if (answer.status < 400) return answer;
    const refusal = refusalOf(answer.status, answer.headers, answer.body);
    if (!isOutdated(refusal)) return answer;
    const others = await this.#options.credentials.replace(credentials).catch((error: Error) => {
      const { message } = failureOf(request.attempt, refusal);
      throw unsentOf(request.attempt, `${message}; ${error.message}`, true);
    });
    return others === null ? answer : this.#sendAs(request, others);
  }

  /** Ends the requests under way, whose outcome is unknown, and accepts no others. */
  close(): void {
    this.#isClosed = true;
    for (const controller of this.#underWay) controller.abort();
    this.#session.close();
  }

  async #credentials(attempt: Attempt): Promise<Credentials> {
    const { credentials } = this.#options;
    try {
      return await credentials.get();
    } catch (error) {
      throw unsentOf(attempt, (error as Error).message, credentials.hasFound);
    }
  }

  async #sendAs(request: S3Request, credentials: Credentials): Promise<S3Answer> {
    const { attempt, body } = request;
    const headers = await this.#signed(request, credentials).catch(({ message }: Error) => {
      throw unsentOf(attempt, `the credentials cannot be sent: ${message}`, false);
    });
    if (this.#isClosed) throw unsentOf(attempt, "okq ends", false);
    const controller = new AbortController();
    const limit = new TimeLimit(controller, this.#limitMs(body?.byteLength ?? 0));
    this.#underWay.add(controller);
    const sent = body === null ? null : new RequestBody(body);
    try {
      return await this.#exchange(request, headers, sent, controller.signal, limit);
    } catch (error) {
      throw this.#failure(request, error as Error, limit, sent?.isWhole ?? true);
    } finally {
      limit.end();
      this.#underWay.delete(controller);
    }
  }

  async #exchange(
    { method, url, body, kind }: S3Request,
    headers: Headers,
    sent: RequestBody | null,
    signal: AbortSignal,
    limit: TimeLimit,
  ): Promise<S3Answer> {
    const { counts } = this.#options;
    if (body !== null) counts.bytesSent += body.byteLength;
    try {
      const response = await this.#session.fetch(url, {
        method,
        headers,
        signal,
        // A redirection goes to a host that the signature is not for.
        redirect: "manual",
        decompress: false,
        ...(sent !== null && { body: sent.stream() }),
      });
      this.#isAnswered = true;
      const length = lengthOf(response);
      limit.extend(this.#limitMs(length ?? 0));
      const bytes = new Uint8Array(await response.arrayBuffer());
      counts.bytesReceived += bytes.byteLength;
      if (length !== null && bytes.byteLength !== length) throw new Error("a part of the answer");
      const { status, headers: received } = response;
      counts.requests[kind][endingOf(status)]++;
      return { status, headers: received, body: bytes };
    } catch (error) {
      counts.requests[kind].lost++;
      throw error;
    }
  }

  async #signed(request: S3Request, credentials: Credentials): Promise<Headers> {
    const { method, url, body } = request;
    const { accessKeyId, secretAccessKey, sessionToken } = credentials;
    const digest = await sha256(body ?? NOTHING);
    const nowMs = this.#options.nowMs?.() ?? Date.now();
    const signed = sign(
      {
        method,
        host: url.host,
        path: url.pathname + url.search,
        service: "s3",
        region: this.#options.region,
        headers: {
          ...request.headers,
          "X-Amz-Content-Sha256": digest,
          "X-Amz-Date": new Date(nowMs).toISOString().replace(/[:-]|\.\d{3}/g, ""),
        },
      },
      { accessKeyId, secretAccessKey, ...(sessionToken !== null && { sessionToken }) },
    );
    const headers = new Headers(signed.headers);
    // Not signed: what is in between may change them.
    headers.set("Accept-Encoding", "identity");
    if (body !== null) {
      headers.set("Content-Type", "application/octet-stream");
      headers.set("Content-Length", String(body.byteLength));
    }
    return headers;
  }

  #limitMs(bytes: number): number {
    return this.#options.timeoutMs + Math.ceil(bytes / BYTES_PER_MS);
  }

  /** `isSent` is false if the object store cannot have the whole request. */
  #failure(
    { attempt, url }: S3Request,
    error: Error & { code?: string },
    limit: TimeLimit,
    isSent: boolean,
  ): BucketError {
    const { code = "" } = error;
    if (BAD_CERTIFICATE.test(code)) {
      const problem = `the certificate of ${url.origin} is refused: ${reasonOf(error)} (${code})`;
      return unsentOf(attempt, `${problem}; see --s3-ca`, false);
    }
    // The other idle connections may be dead as well.
    if (!NOT_CONNECTED.test(code)) this.#session.close();
    const cause = limit.isOver ? `no answer within ${limit.allowedMs} ms` : reasonOf(error);
    const advice = this.#isAnswered ? "" : "; see --s3-endpoint";
    const reason = this.#isClosed ? "okq ends" : `${url.origin}: ${cause}${advice}`;
    const isCertain = NOT_CONNECTED.test(code) || !isSent;
    return isCertain ? unsentOf(attempt, reason, true) : lossOf(attempt, reason);
  }
}

/** Null for an answer in chunks, whose end is marked. */
function lengthOf({ headers, status }: Response): number | null {
  const length = headers.get("content-length");
  if (length !== null) return Number(length);
  const isMarked = /chunked/i.test(headers.get("transfer-encoding") ?? "");
  if (isMarked || status === 204 || status === 304) return null;
  throw new Error("an answer without its length");
}

function endingOf(status: number): "done" | "refused" | "failed" {
  if (status < 300) return "done";
  return status === 304 || status === 404 || status === 412 ? "refused" : "failed";
}

/** Aborts when the time is over. */
class TimeLimit {
  readonly #controller: AbortController;
  readonly #startedMs = performance.now();
  #timer: ReturnType<typeof setTimeout>;
  isOver = false;

  constructor(
    controller: AbortController,
    public allowedMs: number,
  ) {
    this.#controller = controller;
    this.#timer = this.#begin(allowedMs);
  }

  /** From now. */
  extend(ms: number): void {
    clearTimeout(this.#timer);
    this.allowedMs = Math.round(performance.now() - this.#startedMs + ms);
    this.#timer = this.#begin(ms);
  }

  end(): void {
    clearTimeout(this.#timer);
  }

  #begin(ms: number): ReturnType<typeof setTimeout> {
    return setTimeout(() => {
      this.isOver = true;
      this.#controller.abort();
    }, ms);
  }
}
