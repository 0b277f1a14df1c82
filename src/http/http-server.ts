// The HTTP listener. It admits requests, finds out who asks, and has them answered.
import type { Context } from "../commands/context.ts";
import { CommandError } from "../commands/errors.ts";
import { Api } from "./api.ts";
import { Authentication } from "./authentication.ts";
import type { PublicExchange, PublicResponder, Responder } from "./exchange.ts";
import { HttpClients } from "./http-clients.ts";
import { type LoadPage, Page } from "./page.ts";
import { Problem } from "./problem.ts";
import { Readiness } from "./readiness.ts";
import { readBody } from "./request-body.ts";

export interface HttpAddress {
  hostname: string;
  port: number;
}

/** In PEM; null for plain HTTP. */
export type HttpTls = { cert: string; key: string } | null;

export interface HttpOptions {
  /** Stands in front of all paths: "" or "/okq". */
  prefix: string;
  loadPage: LoadPage;
}

const IDLE_S = 30;

export class HttpServer {
  readonly #context: Context;
  readonly #authentication: Authentication;
  readonly #prefix: string;
  /** In the order in which they are asked. */
  readonly #publicResponders: PublicResponder[];
  readonly #responders: Responder[];
  readonly #stopping = new AbortController();
  #server: Bun.Server<undefined> | null = null;

  constructor(context: Context, { prefix, loadPage }: HttpOptions) {
    this.#context = context;
    this.#prefix = prefix;
    this.#authentication = new Authentication(context);
    const clients = new HttpClients(context);
    this.#publicResponders = [new Readiness(context), new Page(loadPage)];
    this.#responders = [new Api(context, clients, context.settings.version)];
  }

  /** The port. Throws the system's error (with its code) if the address cannot be listened on. */
  listen({ hostname, port }: HttpAddress, tls: HttpTls): number {
    this.#server = Bun.serve({
      hostname,
      port,
      idleTimeout: IDLE_S,
      // Bodies are measured while they are read.
      maxRequestBodySize: Number.MAX_SAFE_INTEGER,
      development: false,
      ...(tls && { tls }),
      fetch: (request, server) => this.#respond(request, server),
      error: (error) => this.#failed(error),
    });
    return this.#server.port!;
  }

  /** Ends waits, answers the requests in flight, and closes. */
  async close(): Promise<void> {
    this.#stopping.abort();
    await this.#server?.stop();
  }

  async #respond(request: Request, server: Bun.Server<undefined>): Promise<Response> {
    try {
      return await this.#answer(request, server);
    } catch (error) {
      if (error instanceof Problem) return problemResponse(error);
      if (error instanceof CommandError) return problemResponse(Problem.ofReply(error.reply));
      return this.#failed(error as Error);
    }
  }

  async #answer(request: Request, server: Bun.Server<undefined>): Promise<Response> {
    const exchange = this.#exchangeOf(request, server);
    for (const responder of this.#publicResponders) {
      const response = responder.answerAnybody(exchange);
      if (response) return await response;
    }
    const { address, gone } = exchange;
    const user = await this.#authentication.userOf(request, address, gone);
    for (const responder of this.#responders) {
      const response = responder.answer({ ...exchange, user });
      if (response) return await response;
    }
    throw noSuchPath();
  }

  #exchangeOf(request: Request, server: Bun.Server<undefined>): PublicExchange {
    const { pathname, searchParams } = new URL(request.url);
    const { method } = request;
    const prefix = this.#prefix;
    if (!pathname.startsWith(`${prefix}/`)) throw noSuchPath();
    return {
      request,
      method: method === "HEAD" ? "GET" : method,
      path: pathname.slice(prefix.length),
      prefix,
      query: searchParams,
      address: server.requestIP(request)?.address ?? "",
      gone: AbortSignal.any([request.signal, this.#stopping.signal]),
      body: () => readBody(request, this.#context),
    };
  }

  #failed(error: Error): Response {
    this.#context.reportFailure("an HTTP request", error);
    return problemResponse(new Problem(500, "internal error: the log of okq has the details"));
  }
}

function noSuchPath(): Problem {
  return new Problem(404, "there is no such path");
}

function problemResponse(problem: Problem): Response {
  return new Response(`${JSON.stringify(problem.body)}\n`, {
    status: problem.status,
    headers: { "Content-Type": "application/problem+json", ...problem.headers },
  });
}
