// An okq that stands by gets requests here and passes them on to the okq that serves. It tells that
// okq the address of the client. What a client may not send or do is refused before.
import type { Visitor } from "../commands/caller.ts";
import type { Failover } from "../commands/failover.ts";
import { limitsProblem, limitsText, parseLimits } from "../users/limits.ts";
import type { User } from "../users/user.ts";
import type { ServingOkq } from "../queue/serving-okq.ts";
import type { PublicExchange } from "./exchange.ts";
import { onceOver } from "./once-over.ts";
import { Problem } from "./problem.ts";
import type { RequestBody } from "./request-body.ts";
import { SESSION_PATH } from "./session-routes.ts";

/**
 * The secret of the okq that serves, the address of the client, and what its user may do here.
 * Headers that begin with Okq- are fields of events.
 */
const HEADER = "X-Okq-Forward";
/** Of one connection, or made anew for the next one. */
const NOT_PASSED = ["Connection", "Keep-Alive", "Transfer-Encoding", "Upgrade", "Expect", "TE"];
/** Each okq shows its own figures there. */
const OWN_PATH = "/metrics";
/** Their responses go on for as long as the client likes. */
const OPEN_ENDED = /^(text\/event-stream|application\/x-ndjson)\b/;
const RETRY = { "Retry-After": "1" };
/** This okq waits so long for answers of the other one when it ends. */
const END_MS_MAX = 2_000;

/** The path of a unix socket that leads to the HTTPS of that okq. */
export type TunnelTo = (serving: ServingOkq) => string;

export interface PassedClient {
  address: string;
  /** null: it may do everything there. */
  limits: User | null;
}

/** The okq that serves does not hear of rights that change: a request with others ends. */
export class PassedRights {
  readonly #caller: Visitor;
  readonly #told: string;

  constructor(caller: Visitor, user: User) {
    this.#caller = caller;
    this.#told = limitsText(user);
  }

  changed(): void {
    const { user } = this.#caller;
    if (user && limitsText(user) !== this.#told) this.#caller.kill();
  }
}

interface Sent {
  method: string;
  headers: Headers;
  /** null: somebody who may do no more than anybody. */
  user: User | null;
  body: Buffer | ReadableStream<Uint8Array> | null;
  /** Aborts when its response is not waited for any more. */
  late: AbortSignal;
}

export class Forwarding {
  readonly #failover: Failover | null;
  readonly #tunnelTo: TunnelTo;

  constructor(failover: Failover | null, tunnelTo: TunnelTo) {
    this.#failover = failover;
    this.#tunnelTo = tunnelTo;
  }

  /** What another okq tells of the client whose request it passes on; else null. */
  clientIn({ headers }: Request): PassedClient | null {
    const [secret = "", address, ...limits] = (headers.get(HEADER) ?? "").split(" ");
    if (!address) return null;
    if (!this.#failover?.knows(Buffer.from(secret))) {
      throw new Problem(503, "this okq does not serve", null, RETRY);
    }
    return { address, limits: limits.length > 0 ? parseLimits(limits.join(" "))[1] : null };
  }

  /** Else this okq answers the request itself. */
  passesOn({ path }: PublicExchange): boolean {
    return this.#failover !== null && this.#failover.role !== "serving" && path !== OWN_PATH;
  }

  /** `over` is called when the response has ended, or there is none. Rejects with a Problem. */
  async pass(
    exchange: PublicExchange,
    user: User | null,
    body: RequestBody,
    over: () => void,
  ): Promise<Response> {
    const { request, gone } = exchange;
    const late = new AbortController();
    const end = onceOver(gone, () => {
      if (gone.aborted) setTimeout(() => late.abort(), END_MS_MAX).unref();
      over();
    });
    if (gone.aborted) end();
    try {
      const { pathname, search } = new URL(request.url, "http://localhost");
      const headers = passedHeaders(request.headers);
      const read = await body.read;
      const sent = read ?? (request.body === null ? null : streamOf(body));
      const { method } = request;
      const target = pathname + search;
      const all = { method, headers, user, body: sent, late: late.signal };
      return passed(await this.#send(exchange, target, all), end);
    } catch (error) {
      end();
      throw error;
    }
  }

  /** The user of the session whose cookie the request shows; null if there is none. */
  async sessionUser(exchange: PublicExchange): Promise<string | null> {
    const cookie = exchange.request.headers.get("Cookie");
    if (cookie === null) return null;
    const headers = new Headers({ Cookie: cookie });
    const response = await this.#send(exchange, exchange.prefix + SESSION_PATH, {
      method: "GET",
      headers,
      user: null,
      body: null,
      late: exchange.gone,
    });
    if (response.status === 401) return null;
    const answer = await response.json().catch(() => null);
    if (!response.ok || answer === null) throw unreachable();
    const { user, isOpen } = answer as { user: string; isOpen: boolean };
    // Without users it does not look at the cookie.
    return isOpen ? null : user;
  }

  /** Rejects with a Problem. */
  async #send(
    { request, address, gone }: PublicExchange,
    target: string,
    sent: Sent,
  ): Promise<Response> {
    const serving = this.#target();
    const { httpAddr, secret, isHttps } = serving;
    const limits = sent.user === null ? [] : [headerOf(sent.user)];
    sent.headers.set(HEADER, [secret, address, ...limits].join(" "));
    try {
      return await fetch(`http://${httpAddr}${target}`, {
        ...(isHttps && { unix: this.#tunnelTo(serving) }),
        method: sent.method,
        headers: sent.headers,
        ...(sent.body !== null && { body: sent.body }),
        redirect: "manual",
        decompress: false,
        // On a connection that was used before, a request that fails might be sent twice.
        keepalive: false,
        signal: AbortSignal.any([request.signal, this.#failover!.unreached, sent.late]),
      });
    } catch (error) {
      if (error instanceof Problem) throw error;
      throw lossOf(sent.method, error as Error, gone.aborted);
    }
  }

  /** Throws a Problem if no okq serves, or not over HTTP. */
  #target(): ServingOkq & { httpAddr: string } {
    const { serving, reason } = this.#failover!;
    if (serving?.httpAddr) return { ...serving, httpAddr: serving.httpAddr };
    const detail = serving ? `${reason}, and not over HTTP` : reason;
    throw new Problem(503, detail, "LOADING", RETRY);
  }
}

function passedHeaders(all: Headers): Headers {
  const headers = new Headers(all);
  for (const name of NOT_PASSED) headers.delete(name);
  return headers;
}

function passed(response: Response, end: () => void): Response {
  const { body, status } = response;
  const headers = passedHeaders(response.headers);
  if (body === null || !OPEN_ENDED.test(headers.get("Content-Type") ?? "")) {
    end();
    return new Response(body, { status, headers });
  }
  return new Response(followed(body, end) as unknown as ReadableStream, { status, headers });
}

async function* followed(body: ReadableStream<Uint8Array>, end: () => void) {
  try {
    yield* body;
  } finally {
    end();
  }
}

/** It reads a chunk of the body only when the one before was sent. */
function streamOf(body: RequestBody): ReadableStream<Uint8Array> {
  const chunks = body.chunks();
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await chunks.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    async cancel() {
      await chunks.return(undefined);
    },
  });
}

function lossOf(method: string, error: Error, isEnding: boolean): Problem {
  const { code = "" } = error as NodeJS.ErrnoException;
  const isUnsent = code === "ConnectionRefused" || code === "ECONNREFUSED";
  const changesNothing = method === "GET" || method === "HEAD";
  if (isUnsent || changesNothing) {
    return unreachable();
  }
  const reason = isEnding
    ? "this okq ends, or the user has other rights now"
    : "the okq that serves went away";
  return new Problem(504, `outcome unknown: ${reason}`, "ERR");
}

function unreachable(): Problem {
  return new Problem(503, "the okq that serves cannot be reached", "LOADING", RETRY);
}

/** Throws a Problem. */
function headerOf(user: User): string {
  const problem = limitsProblem(user);
  if (problem !== null) throw new Problem(503, problem);
  return limitsText(user);
}
