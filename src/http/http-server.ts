// The HTTP listener. It admits requests, finds out who asks, and has them answered.
import type { Context } from "../commands/context.ts";
import { CommandError } from "../commands/errors.ts";
import { Api } from "./api.ts";
import { Authentication } from "./authentication.ts";
import type { Exchange, Responder } from "./exchange.ts";
import { HttpClients } from "./http-clients.ts";
import { Problem } from "./problem.ts";
import { readBody } from "./request-body.ts";

export interface HttpAddress {
  hostname: string;
  port: number;
}

/** In PEM; null for plain HTTP. */
export type HttpTls = { cert: string; key: string } | null;

const IDLE_S = 30;

export class HttpServer {
  readonly #context: Context;
  readonly #authentication: Authentication;
  readonly #responders: Responder[];
  readonly #stopping = new AbortController();
  #server: Bun.Server<undefined> | null = null;

  constructor(context: Context) {
    this.#context = context;
    this.#authentication = new Authentication(context);
    const clients = new HttpClients(context);
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
    const { pathname, searchParams } = new URL(request.url);
    const address = server.requestIP(request)?.address ?? "";
    const gone = AbortSignal.any([request.signal, this.#stopping.signal]);
    const user = await this.#authentication.userOf(request, address, gone);
    const exchange: Exchange = {
      request,
      path: pathname,
      query: searchParams,
      address,
      user,
      gone,
      body: () => readBody(request, this.#context),
    };
    for (const responder of this.#responders) {
      const response = responder.answer(exchange);
      if (response) return await response;
    }
    throw new Problem(404, "there is no such path");
  }

  #failed(error: Error): Response {
    this.#context.reportFailure("an HTTP request", error);
    return problemResponse(new Problem(500, "internal error: the log of okq has the details"));
  }
}

function problemResponse(problem: Problem): Response {
  return new Response(`${JSON.stringify(problem.body)}\n`, {
    status: problem.status,
    headers: { "Content-Type": "application/problem+json", ...problem.headers },
  });
}
