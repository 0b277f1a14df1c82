// /v1/session: logs in with a cookie and out again, and tells who the user is.
import type { Context } from "../commands/context.ts";
import { rights, type User } from "../users/user.ts";
import type { Authentication, Credentials } from "./authentication.ts";
import type { Exchange, PublicExchange, PublicResponder, Responder } from "./exchange.ts";
import type { Json } from "./json.ts";
import { Problem } from "./problem.ts";
import type { SessionCookie } from "./session-cookie.ts";
import type { Sessions } from "./sessions.ts";

interface Parts {
  context: Pick<Context, "users">;
  authentication: Authentication;
  sessions: Sessions;
  cookie: SessionCookie;
  /** Whether okq changes nothing over HTTP. */
  isReadOnly: boolean;
}

export const SESSION_PATH = "/v1/session";

export class SessionRoutes implements PublicResponder, Responder {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Logs in and out. */
  answerAnybody(exchange: PublicExchange): Promise<Response> | null {
    const { path, method, request } = exchange;
    if (path !== SESSION_PATH || method === "GET") return null;
    if (method === "POST") return this.#logIn(exchange);
    if (method === "DELETE") return Promise.resolve(this.#logOut(request));
    throw new Problem(405, "use GET, POST, DELETE", null, { Allow: "GET, HEAD, POST, DELETE" });
  }

  answer({ path, user }: Exchange): Promise<Response> | null {
    return path === SESSION_PATH ? Promise.resolve(json(this.#shown(user))) : null;
  }

  /** The user of a login. Rejects with a Problem. */
  async userOf(exchange: PublicExchange): Promise<User> {
    const { context, authentication } = this.#parts;
    const { request } = exchange;
    const type = request.headers.get("Content-Type") ?? "";
    if (!/^application\/json\b/i.test(type)) {
      throw new Problem(415, "the Content-Type must be application/json");
    }
    const credentials = credentialsIn((await exchange.body()).toString());
    return context.users.stranger ?? (await authentication.logIn(credentials, exchange));
  }

  async #logIn(exchange: PublicExchange): Promise<Response> {
    const { context, sessions, cookie } = this.#parts;
    const user = await this.userOf(exchange);
    const shown = this.#shown(user.within(exchange.limits));
    if (context.users.stranger) return json(shown, 201);
    const { request } = exchange;
    const headers = { "Set-Cookie": cookie.of(sessions.begin(user), request) };
    return json(shown, 201, headers);
  }

  #logOut(request: Request): Response {
    const { sessions, cookie } = this.#parts;
    const id = cookie.idIn(request.headers);
    if (id !== null) sessions.end(id);
    return new Response(null, { status: 204, headers: { "Set-Cookie": cookie.removed(request) } });
  }

  #shown(user: User): Json {
    const { isReadOnly, context } = this.#parts;
    const isOpen = context.users.stranger !== null;
    const own = rights.filter((right) => user.may(right));
    return { user: user.name, rights: own, isReadOnly, isOpen };
  }
}

/** Throws a Problem that does not show the text. */
function credentialsIn(text: string): Credentials {
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch {
    throw new Problem(400, "the body is not JSON");
  }
  const { user, password } = (given ?? {}) as Record<string, unknown>;
  if (typeof user !== "string") throw new Problem(400, "user must be a string");
  if (typeof password !== "string") throw new Problem(400, "password must be a string");
  return { name: Buffer.from(user), password: Buffer.from(password) };
}

function json(value: Json, status = 200, headers: Record<string, string> = {}): Response {
  return new Response(`${JSON.stringify(value)}\n`, {
    status,
    headers: { "Content-Type": "application/json", ...headers },
  });
}
