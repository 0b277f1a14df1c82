// An okq that stands by gets requests here and passes them on to the okq that serves. It tells that
// okq the address of the client. What a client may not send at all is refused before.
import type { Failover } from "../commands/failover.ts";
import type { ServingOkq } from "../queue/serving-okq.ts";
import type { PublicExchange } from "./exchange.ts";
import { Problem } from "./problem.ts";
import type { RequestBody } from "./request-body.ts";

/** The secret of the okq that serves, and the address of the client. */
const HEADER = "Okq-Forward";
/** Of one connection, or made anew for the next one. */
const NOT_PASSED = ["Connection", "Keep-Alive", "Transfer-Encoding", "Upgrade", "Expect", "TE"];
/** Each okq shows its own figures there. */
const OWN_PATH = "/metrics";
const RETRY = { "Retry-After": "1" };
/** This okq waits so long for answers of the other one when it ends. */
const END_MS_MAX = 2_000;

/** The path of a unix socket that leads to the HTTPS of that okq. */
export type TunnelTo = (serving: ServingOkq) => string;

export class Forwarding {
  readonly #failover: Failover | null;
  readonly #tunnelTo: TunnelTo;

  constructor(failover: Failover | null, tunnelTo: TunnelTo) {
    this.#failover = failover;
    this.#tunnelTo = tunnelTo;
  }

  /** The address of the client if another okq passes its request on; else null. */
  addressIn({ headers }: Request): string | null {
    const [secret = "", address] = (headers.get(HEADER) ?? "").split(" ", 2);
    if (!address) return null;
    if (this.#failover?.knows(Buffer.from(secret))) return address;
    throw new Problem(503, "this okq does not serve", null, RETRY);
  }

  /** null if this okq answers the request itself. */
  pass(exchange: PublicExchange, body: RequestBody): Promise<Response> | null {
    if (!this.#failover || this.#failover.role === "serving") return null;
    if (exchange.path === OWN_PATH) return null;
    const { serving, reason } = this.#failover;
    if (serving?.httpAddr) {
      const unix = serving.isHttps ? this.#tunnelTo(serving) : null;
      return send(exchange, body, serving, unix);
    }
    const detail = serving ? `${reason}, and not over HTTP` : reason;
    throw new Problem(503, detail, "LOADING", RETRY);
  }
}

async function send(
  { request, address, gone }: PublicExchange,
  body: RequestBody,
  { httpAddr, secret }: ServingOkq,
  unix: string | null,
): Promise<Response> {
  const { pathname, search } = new URL(request.url, "http://localhost");
  const headers = new Headers(request.headers);
  for (const name of NOT_PASSED) headers.delete(name);
  headers.set(HEADER, `${secret} ${address}`);
  const hasBody = request.body !== null;
  try {
    const response = await fetch(`http://${httpAddr}${pathname}${search}`, {
      ...(unix !== null && { unix }),
      method: request.method,
      headers,
      ...(hasBody && { body: streamOf(body) }),
      redirect: "manual",
      decompress: false,
      // On a connection that was used before, a request that fails might be sent twice.
      keepalive: false,
      signal: goneOrLate(request.signal, gone),
    });
    const passed = new Headers(response.headers);
    for (const name of NOT_PASSED) passed.delete(name);
    return new Response(response.body, { status: response.status, headers: passed });
  } catch (error) {
    if (error instanceof Problem) throw error;
    throw lossOf(request, error as Error, gone.aborted);
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

/** Aborts when the client is gone, or okq has been ending for a while. */
function goneOrLate(clientGone: AbortSignal, gone: AbortSignal): AbortSignal {
  const late = new AbortController();
  const end = () => void setTimeout(() => late.abort(), END_MS_MAX).unref();
  if (gone.aborted) end();
  else gone.addEventListener("abort", end, { once: true });
  return AbortSignal.any([clientGone, late.signal]);
}

function lossOf({ method }: Request, error: Error, isEnding: boolean): Problem {
  const { code = "" } = error as NodeJS.ErrnoException;
  const isUnsent = code === "ConnectionRefused" || code === "ECONNREFUSED";
  const changesNothing = method === "GET" || method === "HEAD";
  if (isUnsent || changesNothing) {
    return new Problem(503, "the okq that serves cannot be reached", "LOADING", RETRY);
  }
  const reason = isEnding ? "this okq ends" : "the okq that serves went away";
  return new Problem(504, `outcome unknown: ${reason}`, "ERR");
}
