// Takes a request to its response: whether it is served at all, who sends it, and who answers it.
import type { Admission } from "../admission/admission.ts";
import { isOfThisMachine, withoutPrefix } from "../admission/addresses.ts";
import type { Context } from "../commands/context.ts";
import { CommandError } from "../commands/errors.ts";
import type { User } from "../users/user.ts";
import type { Authentication } from "./authentication.ts";
import { type Forwarding, PassedRights } from "./forwarding.ts";
import type { Exchange, PublicExchange, PublicResponder, Responder } from "./exchange.ts";
import type { HttpFigures } from "./http-figures.ts";
import type { KnownHosts } from "./known-hosts.ts";
import type { StandbyUsers } from "./standby-users.ts";
import type { Visits } from "./visits.ts";
import { Problem } from "./problem.ts";
import { bodyBytesMax, RequestBody } from "./request-body.ts";
import { addSecurityHeaders } from "./security-headers.ts";
import { SESSION_PATH } from "./session-routes.ts";

export interface Responders {
  /** Asked first, by anybody on any machine. */
  health: PublicResponder;
  /** What links on foreign pages may lead to. */
  page: PublicResponder;
  /** The others in the order in which they are asked. */
  forAnybody: PublicResponder[];
  forUsers: Responder[];
}

export interface HandlerParts {
  context: Context;
  admission: Admission;
  authentication: Authentication;
  hosts: KnownHosts;
  forwarding: Forwarding;
  standbyUsers: StandbyUsers;
  visits: Visits;
  responders: Responders;
  figures: HttpFigures;
  prefix: string;
  isReadOnly: boolean;
  /** Aborts when okq stops. */
  stopping: AbortSignal;
}

type BunServer = Pick<Bun.Server<undefined>, "requestIP" | "timeout">;

interface Arrived {
  request: Request;
  body: RequestBody;
  server: BunServer;
  /** Aborts when the client is gone, okq stops, or nobody needs the body of the response. */
  gone: AbortSignal;
}

const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];
/** Of a client that has not logged in: enough for a login. */
const STRANGER_BYTES_MAX = 8 * 1024;
/** Bun takes no longer timeout. */
const TIMEOUT_S_MAX = 255;

export class RequestHandler {
  readonly #parts: HandlerParts;
  /** Whether every client has presented a certificate. */
  hasCertificates = false;

  constructor(parts: HandlerParts) {
    this.#parts = parts;
  }

  async respond(request: Request, server: BunServer): Promise<Response> {
    const { context, stopping } = this.#parts;
    const body = new RequestBody(request, { bodies: context.budgets.bodies, clock: context.clock });
    const isHead = request.method === "HEAD";
    const answered = new AbortController();
    const signals = [request.signal, stopping];
    const gone = AbortSignal.any(isHead ? [...signals, answered.signal] : signals);
    const response = await this.#answer({ request, body, server, gone }).catch((error: Error) => {
      const refusal = this.#responseTo(error);
      // Otherwise okq would have to read the rest.
      if (body.isPending) refusal.headers.set("Connection", "close");
      return refusal;
    });
    body.release();
    addSecurityHeaders(response);
    this.#parts.figures.answered(response);
    if (!isHead) return response;
    answered.abort();
    return await withoutBody(response);
  }

  async #answer(arrived: Arrived): Promise<Response> {
    const { responders, admission } = this.#parts;
    const { prefix } = this.#parts;
    const isPrefix = prefix !== "" && urlOf(arrived.request).pathname === prefix;
    if (isPrefix) return new Response(null, { status: 308, headers: { Location: `${prefix}/` } });
    const exchange = this.#exchangeOf(arrived);
    const health = responders.health.answerAnybody(exchange);
    if (health) return await health;
    const { address } = exchange;
    const denial = admission.enter({
      address,
      shownAs: address,
      // The other okq has decided that it serves the client.
      hasCertificate: this.hasCertificates || exchange.isForwarded,
      isLocal: () => isOfThisMachine(address),
    });
    if (denial) throw Problem.ofReply(denial.reply);
    try {
      return await this.#admitted(exchange, arrived);
    } finally {
      admission.leave(address);
    }
  }

  #exchangeOf({ request, body, server, gone }: Arrived): PublicExchange {
    const { prefix } = this.#parts;
    const { method } = request;
    const passedOnFor = this.#parts.forwarding.clientIn(request);
    const { pathname, searchParams } = urlOf(request);
    if (!pathname.startsWith(`${prefix}/`)) throw noSuchPath();
    const client = server.requestIP(request);
    if (!client) throw new Problem(400, "the client is gone");
    return {
      request,
      method: method === "HEAD" ? "GET" : method,
      path: pathname.slice(prefix.length),
      prefix,
      query: searchParams,
      address: passedOnFor?.address ?? withoutPrefix(client.address),
      isForwarded: passedOnFor !== null,
      limits: passedOnFor?.limits ?? null,
      gone,
      body: () => body.whole(STRANGER_BYTES_MAX),
    };
  }

  async #admitted(exchange: PublicExchange, arrived: Arrived): Promise<Response> {
    const { body, server } = arrived;
    const { responders, isReadOnly, authentication } = this.#parts;
    const { request, method } = exchange;
    this.#checkMethod(request);
    if (!exchange.isForwarded) this.#checkHost(exchange);
    const page = responders.page.answerAnybody(exchange);
    if (page) return await page;
    if (!exchange.isForwarded) this.#checkOrigin(exchange);
    const passed = await this.#pass(exchange, arrived);
    if (passed) return passed;
    for (const responder of responders.forAnybody) {
      const response = responder.answerAnybody(exchange);
      if (response) return await response;
    }
    if (isReadOnly && method !== "GET") {
      throw new Problem(403, "okq changes nothing over HTTP: it runs with --http-read-only");
    }
    const { user, ended } = await authentication.identityOf(exchange);
    // From now on waits and bodies have timeouts of their own.
    server.timeout(request, 0);
    try {
      const gone = ended ? AbortSignal.any([exchange.gone, ended]) : exchange.gone;
      const limited = user.within(exchange.limits);
      const whole = this.#exchangeFor(limited, { ...exchange, gone }, body);
      for (const responder of responders.forUsers) {
        const response = responder.answer(whole);
        if (response) return await response;
      }
    } finally {
      server.timeout(request, this.#readTimeoutS);
    }
    throw noSuchPath();
  }

  #exchangeFor(user: User, exchange: PublicExchange, body: RequestBody): Exchange {
    const bytesMax = bodyBytesMax(this.#parts.context.settings.maxEventBytes);
    return {
      ...exchange,
      user,
      body: () => body.whole(bytesMax),
      chunks: () => body.chunks(),
    };
  }

  /** null: this okq answers it. */
  async #pass(
    exchange: PublicExchange,
    { request, body, server }: Arrived,
  ): Promise<Response | null> {
    const { isReadOnly, forwarding, standbyUsers, visits } = this.#parts;
    // A login is allowed where okq is read-only.
    const isRefused = isReadOnly && exchange.method !== "GET" && exchange.path !== SESSION_PATH;
    if (isRefused || !forwarding.passesOn(exchange)) return null;
    const user = await standbyUsers.userOf(exchange);
    server.timeout(request, 0);
    try {
      if (user === null) return await forwarding.pass(exchange, null, body, () => {});
      const visit = visits.begin(this.#exchangeFor(user, exchange, body));
      const { caller } = visit;
      const { gone } = caller;
      caller.upstream = new PassedRights(caller, user);
      return await forwarding.pass({ ...exchange, gone }, user, body, () => visit.end());
    } finally {
      server.timeout(request, this.#readTimeoutS);
    }
  }

  /** How long a client may not read its response, and how long its connection may be idle then. */
  get #readTimeoutS(): number {
    const { clientOutputTimeout } = this.#parts.context.settings;
    return Math.min(clientOutputTimeout || TIMEOUT_S_MAX, TIMEOUT_S_MAX);
  }

  #checkMethod({ method }: Request): void {
    if (METHODS.includes(method)) return;
    const allow = METHODS.join(", ");
    throw new Problem(405, `use ${allow}`, null, { Allow: allow });
  }

  /** A page under a foreign name does not know the password. Without one, the Host decides. */
  #checkHost({ address, request: { headers } }: PublicExchange): void {
    const { hosts, context } = this.#parts;
    const host = headers.get("Host");
    const showsPassword = !context.users.isOpen && headers.has("Authorization");
    if (showsPassword || hosts.knows(host)) return;
    context.warn("refused an HTTP request", { addr: address, reason: "its Host is unknown", host });
    throw new Problem(
      421,
      "okq does not know the name in the header Host: name it with --http-host, or send " +
        "Authorization",
    );
  }

  #checkOrigin({ address, request: { headers } }: PublicExchange): void {
    const { hosts, context } = this.#parts;
    if (!hosts.isForeign(headers)) return;
    const origin = headers.get("Origin");
    const reason = "a page of another origin sent it";
    context.warn("refused an HTTP request", { addr: address, reason, origin });
    throw new Problem(403, "pages of other origins are not served: see --http-host");
  }

  #responseTo(error: Error): Response {
    if (error instanceof Problem) return error.response();
    if (error instanceof CommandError) return Problem.ofReply(error.reply).response();
    return this.failed(error);
  }

  /** The response to a request that failed within okq. */
  failed(error: Error): Response {
    this.#parts.context.reportFailure("an HTTP request", error);
    return new Problem(500, "internal error: the log of okq has the details").response();
  }
}

/** Bun would not read the body, and so those who make it piece by piece would never end. */
async function withoutBody({ body, status, headers }: Response): Promise<Response> {
  const reader = body?.getReader();
  // One that has not begun would not notice the end.
  await reader?.read();
  reader?.cancel().catch(() => {});
  const empty = new ReadableStream({ start: (controller) => controller.close() });
  return new Response(reader ? empty : null, { status, headers });
}

/** Throws a Problem. */
function urlOf({ url }: Request): URL {
  // Bun leaves the host away where it is not valid.
  const whole = url.startsWith("/") ? `http://localhost${url}` : url;
  if (!URL.canParse(whole)) throw new Problem(400, "the target of the request is not valid");
  return new URL(whole);
}

function noSuchPath(): Problem {
  return new Problem(404, "there is no such path");
}
