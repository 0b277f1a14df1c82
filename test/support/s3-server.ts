// A stand-in for S3: objects in memory, behind HTTP, as strict as S3 about signatures and
// conditions, with deliberate faults. Runs inside a test, or as a process of its own:
// bun test/support/s3-server.ts --help
import type { TCPSocketListener } from "bun";
import { lasting } from "./eventually.ts";
import { answer } from "./s3/s3-answers.ts";
import { HttpConnection, type HttpReply, type HttpRequest } from "./s3/http-connection.ts";
import { S3Error } from "./s3/s3-error.ts";
import { S3Faults, type Fault, type FaultKind, type Plan } from "./s3/s3-faults.ts";
import { S3Objects, type S3Dump, type Weakness } from "./s3/s3-objects.ts";
import { runProgram } from "./s3/s3-program.ts";
import { checkRequest, readRequest, type Operation, type S3Request } from "./s3/s3-request.ts";
import { verifySignature, type S3Key } from "./s3/signature.ts";

export interface S3ServerOptions extends Weakness {
  /** A free one without it. */
  port?: number;
  buckets?: string[];
  region?: string;
  keys?: S3Key[];
  tls?: { cert: string; key: string };
  seed?: number;
}

/** One request, as a test asserts on it. */
export interface S3Record {
  operation: Operation;
  bucket: string;
  key: string;
  accessKey: string;
  headers: ReadonlyMap<string, string>;
  bytes: number;
  /** By the clock of the object store. */
  atMs: number;
  /** As answered; 0 while there is no answer. */
  status: number;
  /** The fault besides delays that hit it. */
  fault: FaultKind | null;
}

export interface S3Traffic {
  receivedBytes: number;
  sentBytes: number;
  storedBytes: number;
  objects: number;
}

export const testKey: S3Key = { accessKey: "okq-test", secret: "okq-test-secret" };
const RECORDS_MAX = 20_000;

export class S3Server {
  readonly port: number;
  readonly keys: Map<string, S3Key>;
  /** The last requests since the start or forget(), in order of arrival. */
  records: S3Record[] = [];
  #counts = noCounts();
  #bytes = { receivedBytes: 0, sentBytes: 0 };
  readonly #options: S3ServerOptions;
  readonly #region: string;
  readonly #objects: S3Objects;
  readonly #faults: S3Faults;
  readonly #connections = new Set<HttpConnection>();
  #listener: TCPSocketListener<HttpConnection> | null;
  #movedMs = 0;
  #held: PromiseWithResolvers<void> | null = null;
  /** Access keys that are cut off, with what becomes of their requests. */
  readonly #cutOff = new Map<string, "swallow" | "hold">();
  /** When the shared line is free again, and the bytes that it passes in a millisecond. */
  #line = { freeMs: 0, bytesPerMs: Infinity };
  #requestCount = 0;

  constructor(options: S3ServerOptions = {}) {
    const { buckets = ["bucket"], region = "us-east-1", keys = [testKey], seed = 1 } = options;
    this.#options = options;
    this.#region = region;
    this.keys = new Map(keys.map((key) => [key.accessKey, key]));
    this.#objects = new S3Objects(buckets);
    this.#faults = new S3Faults(seed);
    this.#listener = this.#listen(options.port ?? 0);
    this.port = this.#listener.port;
  }

  get url(): string {
    return `${this.#options.tls ? "https" : "http"}://127.0.0.1:${this.port}`;
  }

  nowMs(): number {
    return Date.now() + this.#movedMs;
  }

  /** Moves the clock of the object store. */
  moveClock(ms: number): void {
    this.#movedMs += ms;
  }

  /** Returns a function that takes the fault away. */
  fault(fault: Fault): () => void {
    return this.#faults.add(fault);
  }

  clearFaults(): void {
    this.#faults.clear();
  }

  /** Lets the held requests arrive. */
  release(): void {
    this.#held?.resolve();
    this.#held = null;
  }

  /** Limits all connections together. */
  limit(bytesPerSecond: number): void {
    this.#line = { freeMs: 0, bytesPerMs: bytesPerSecond / 1000 };
  }

  /** Refuses connections, and resets those that are open; or accepts them again. */
  refuse(isRefusing: boolean): void {
    if (!isRefusing) this.#listener ??= this.#listen(this.port);
    else {
      this.#listener?.stop();
      this.#listener = null;
      for (const connection of this.#connections) connection.cut();
    }
  }

  /**
   * Parts one client from the object store: no request of it is answered. They are lost (swallow),
   * or arrive once the line is whole again (hold).
   */
  cutOff(accessKey: string, requests: "swallow" | "hold" = "swallow"): void {
    this.#cutOff.set(accessKey, requests);
  }

  isCutOff(accessKey: string): boolean {
    return this.#cutOff.has(accessKey);
  }

  /** Ends cutOff, and release()s. Lost requests stay without an answer. */
  reconnect(accessKey: string): void {
    this.#cutOff.delete(accessKey);
    this.release();
  }

  /** The requests since the start or forget(), also those that were refused or never answered. */
  counts(): Record<Operation, number> {
    return { ...this.#counts };
  }

  /** Bytes of bodies since the start or forget(), and what a bucket holds now. */
  traffic(bucket = "bucket"): S3Traffic {
    const stored = [...this.#objects.bucket(bucket).objects.values()];
    const storedBytes = stored.reduce((sum, { body }) => sum + body.length, 0);
    return { ...this.#bytes, storedBytes, objects: stored.length };
  }

  /** Forgets requests: records, counts and bytes. */
  forget(): void {
    this.records = [];
    this.#counts = noCounts();
    this.#bytes = { receivedBytes: 0, sentBytes: 0 };
  }

  /** The keys of a bucket, in order. */
  keysIn(bucket = "bucket", prefix = ""): string[] {
    const { page } = this.#objects.bucket(bucket).list({ prefix, after: "", keysMax: Infinity });
    return page.map(([key]) => key);
  }

  /** What is stored under a key. */
  bodyOf(key: string, bucket = "bucket"): Uint8Array | null {
    return this.#objects.bucket(bucket).objects.get(key)?.body ?? null;
  }

  dump(): S3Dump {
    return this.#objects.dump();
  }

  restore(dump: S3Dump): void {
    this.#objects.restore(dump);
  }

  close(): void {
    this.#listener?.stop(true);
    this.#listener = null;
    for (const connection of this.#connections) connection.cut();
    this.release();
  }

  #listen(port: number): TCPSocketListener<HttpConnection> {
    const { tls } = this.#options;
    return Bun.listen<HttpConnection>({
      hostname: "127.0.0.1",
      port,
      ...(tls && { tls }),
      socket: {
        open: (socket) => {
          socket.data = new HttpConnection(socket, (request, on) => void this.#serve(request, on));
          this.#connections.add(socket.data);
        },
        data: (socket, chunk) => socket.data.data(chunk),
        drain: (socket) => socket.data.drained(),
        close: (socket) => this.#closed(socket.data),
        error: (socket) => this.#closed(socket.data),
      },
    });
  }

  /** There is no connection yet if the handshake of TLS fails. */
  #closed(connection: HttpConnection | undefined): void {
    if (connection === undefined) return;
    connection.closed();
    this.#connections.delete(connection);
  }

  async #serve(http: HttpRequest, connection: HttpConnection): Promise<void> {
    const request = this.#read(http);
    if (request === null) return connection.cut();
    const plan = this.#faults.plan(request);
    const record = this.#note(request, plan);
    const turn = this.#passed(request.body.length);
    if (turn !== null) await turn;
    if (plan.isAccepted) {
      const refused = this.#refusal(http);
      if (refused !== null) return await this.#reply(connection, record, refused);
    }
    if (plan.requestDelayMs > 0) await lasting(plan.requestDelayMs);
    const cutOff = this.#cutOff.get(request.accessKey);
    if (plan.isHeld || cutOff === "hold") await (this.#held ??= Promise.withResolvers()).promise;
    if (plan.kind === "stall" || cutOff === "swallow") return;
    if (plan.kind === "cut-before") return connection.cut();
    const reply = this.#answer(http, request, plan);
    if (plan.replyDelayMs > 0) await lasting(plan.replyDelayMs);
    if (plan.kind === "stall-after" || this.#cutOff.has(request.accessKey)) return;
    if (plan.kind === "cut-after") return connection.cut();
    if (plan.kind === "cut-body" || plan.kind === "stall-body") {
      await connection.replyHalf(reply);
      if (plan.kind === "cut-body") connection.end();
      return;
    }
    await this.#reply(connection, record, reply);
  }

  /** null if its path is no text. */
  #read(http: HttpRequest): S3Request | null {
    try {
      return readRequest(http, (name) => this.#objects.has(name));
    } catch {
      return null;
    }
  }

  #note(request: S3Request, plan: Plan): S3Record {
    const { operation, bucket, key, accessKey, headers } = request;
    const bytes = request.body.length;
    const about = { operation, bucket, key, accessKey, headers, bytes };
    const record: S3Record = { ...about, atMs: this.nowMs(), status: 0, fault: plan.kind };
    this.#counts[operation]++;
    this.#bytes.receivedBytes += bytes;
    this.records.push(record);
    if (this.records.length > 2 * RECORDS_MAX) this.records = this.records.slice(-RECORDS_MAX);
    return record;
  }

  #answer(http: HttpRequest, request: S3Request, plan: Plan): HttpReply {
    if (plan.kind === "error-before") return this.#error(new S3Error("InternalError"), http);
    if (plan.kind === "slow-down") return this.#error(new S3Error("SlowDown"), http);
    if (plan.kind === "denied") return this.#error(new S3Error("AccessDenied"), http);
    if (plan.kind === "conflict") {
      return this.#error(new S3Error("ConditionalRequestConflict"), http);
    }
    const refused = plan.isAccepted ? null : this.#refusal(http);
    if (refused !== null) return refused;
    try {
      checkRequest(request);
      const bucket = this.#objects.bucket(request.bucket);
      const weakness = this.#options;
      const reply = answer(request, { bucket, nowMs: this.nowMs(), weakness, ...plan });
      if (plan.kind !== "error-after") return reply;
      return this.#error(new S3Error("InternalError"), http);
    } catch (error) {
      return this.#error(error, http);
    }
  }

  /** The reply to a request that is not signed as it must be. */
  #refusal(http: HttpRequest): HttpReply | null {
    try {
      verifySignature(http, this.keys, this.#region, this.nowMs());
      return null;
    } catch (error) {
      return this.#error(error, http);
    }
  }

  #error(error: unknown, http: HttpRequest): HttpReply {
    if (!(error instanceof S3Error)) throw error;
    const body = Buffer.from(error.toXml(String(this.#requestCount)));
    const headers = { "Content-Type": "application/xml" };
    return { status: error.status, headers, body, isHead: http.method === "HEAD" };
  }

  async #reply(connection: HttpConnection, record: S3Record, reply: HttpReply): Promise<void> {
    record.status = reply.status;
    this.#bytes.sentBytes += reply.body.length;
    const headers = {
      ...reply.headers,
      Date: new Date(this.nowMs()).toUTCString(),
      Server: "AmazonS3",
      "x-amz-request-id": String(this.#requestCount++),
    };
    await connection.reply({ ...reply, headers }, (bytes) => this.#passed(bytes));
  }

  /** Resolves when the shared line has passed so many bytes; null at once. */
  #passed(bytes: number): Promise<void> | null {
    if (this.#line.bytesPerMs === Infinity) return null;
    const nowMs = performance.now();
    this.#line.freeMs = Math.max(this.#line.freeMs, nowMs) + bytes / this.#line.bytesPerMs;
    return lasting(this.#line.freeMs - nowMs);
  }
}

/** Starts it inside a test. Close it with closeAfterTest(). */
export function startS3(options: S3ServerOptions = {}): S3Server {
  return new S3Server(options);
}

function noCounts(): Record<Operation, number> {
  return { put: 0, get: 0, head: 0, delete: 0, deleteMany: 0, list: 0, other: 0 };
}

if (import.meta.main) runProgram(process.argv.slice(2), startS3);
