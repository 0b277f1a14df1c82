// Who sends a request to an okq that stands by: one of its own users. Only then it passes the
// request on, and tells the okq that serves what this user may do here.
import type { Context } from "../commands/context.ts";
import type { User } from "../users/user.ts";
import type { Authentication } from "./authentication.ts";
import type { PublicExchange } from "./exchange.ts";
import type { Forwarding } from "./forwarding.ts";
import { SESSION_PATH, type SessionRoutes } from "./session-routes.ts";

interface Parts {
  context: Pick<Context, "users">;
  authentication: Authentication;
  login: SessionRoutes;
  forwarding: Forwarding;
}

export class StandbyUsers {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** null for a request that anybody may send. Rejects with a Problem. */
  async userOf(exchange: PublicExchange): Promise<User | null> {
    const { authentication, login } = this.#parts;
    const { path, method } = exchange;
    if (path === SESSION_PATH && method === "POST") return await login.userOf(exchange);
    if (path === SESSION_PATH && method === "DELETE") return null;
    return (await authentication.identityOf(exchange, () => this.#sessionOf(exchange))).user;
  }

  /** The okq that serves has the sessions. Their users have to be users of this one, too. */
  async #sessionOf(exchange: PublicExchange): Promise<{ user: User } | null> {
    const { forwarding, context } = this.#parts;
    const name = await forwarding.sessionUser(exchange);
    const user = name === null ? undefined : context.users.find(name);
    return user ? { user } : null;
  }
}
