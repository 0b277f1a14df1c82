// Finds out which user sends a request: by the header Authorization, or by the cookie of a session.
import type { Context } from "../commands/context.ts";
import type { User } from "../users/user.ts";
import type { PublicExchange } from "./exchange.ts";
import { Problem } from "./problem.ts";
import { RecentlySeen } from "./recently-seen.ts";
import type { SessionCookie } from "./session-cookie.ts";
import type { Identity, Sessions } from "./sessions.ts";

export interface Credentials {
  name: Buffer;
  password: Buffer;
}

/** All logins of an address are those of one client, for the delays of failed ones. */
interface Client {
  readonly address: string;
}

/** Of the client itself, or of its session. */
type ShownIdentity = Pick<Identity, "user"> & Partial<Identity>;

/** The session of a client that shows a cookie; null if it has none. */
type FindSession = (
  exchange: PublicExchange,
) => ShownIdentity | null | Promise<ShownIdentity | null>;

const CLIENTS_MAX = 10_000;
/** Pages can send these without the consent of okq, and other types not. */
const SIMPLE_TYPES = /^\s*(application\/x-www-form-urlencoded|multipart\/form-data|text\/plain)\b/i;

export class Authentication {
  readonly #context: Pick<Context, "users">;
  readonly #ownSession: FindSession;
  /** By address. */
  readonly #clients = new RecentlySeen<Client>(CLIENTS_MAX);

  constructor(context: Pick<Context, "users">, sessions: Sessions, cookie: SessionCookie) {
    this.#context = context;
    this.#ownSession = ({ request }) => {
      const id = cookie.idIn(request.headers);
      return id === null ? null : sessions.identityOf(id);
    };
  }

  /** Rejects with a Problem for wrong credentials, or none. */
  async identityOf(
    exchange: PublicExchange,
    findSession: FindSession = this.#ownSession,
  ): Promise<ShownIdentity> {
    const { stranger: user } = this.#context.users;
    if (user) return { user };
    const { headers } = exchange.request;
    const header = headers.get("Authorization");
    if (header !== null) {
      const credentials = credentialsIn(header);
      if (!credentials) throw unauthorized("the header Authorization must be Basic or Bearer");
      return { user: await this.logIn(credentials, exchange) };
    }
    const identity = await findSession(exchange);
    if (!identity) throw unauthorized("log in: with the header Authorization, Basic or Bearer");
    checkIntended(exchange);
    return identity;
  }

  /** Rejects with a Problem, after the delay of a failed login. */
  async logIn(credentials: Credentials, { address, gone }: PublicExchange): Promise<User> {
    const by = this.#clientOf(address);
    const found = await this.#context.users.logIn({ ...credentials, by, gone });
    if (found === "busy") throw new Problem(429, "too many logins wait: try again later");
    if (found === "wrong") throw unauthorized("wrong user name or password");
    return found;
  }

  #clientOf(address: string): Client {
    const shown = address.includes(":") ? `[${address}]:0` : `${address}:0`;
    return this.#clients.of(address, () => ({ address: shown }));
  }
}

/**
 * Browsers add the cookie by themselves. A change must therefore be a request that pages of others
 * cannot send.
 */
function checkIntended({ method, request: { headers } }: PublicExchange): void {
  const type = headers.get("Content-Type");
  if (method === "GET" || (type !== null && !SIMPLE_TYPES.test(type))) return;
  throw new Problem(
    415,
    "with a session, changes need a Content-Type such as application/json, also without a body",
  );
}

/** Bearer has the password of the user default, or "name:password". */
function credentialsIn(header: string): Credentials | null {
  const [, scheme, value] = /^(\w+) +(\S.*)$/.exec(header) ?? [];
  if (!value) return null;
  const isBasic = scheme!.toLowerCase() === "basic";
  if (!isBasic && scheme!.toLowerCase() !== "bearer") return null;
  const text = isBasic ? Buffer.from(value, "base64") : Buffer.from(value, "latin1");
  const colon = text.indexOf(":");
  if (colon < 0) return isBasic ? null : { name: Buffer.from("default"), password: text };
  return { name: text.subarray(0, colon), password: text.subarray(colon + 1) };
}

/**
 * Asks for Bearer only: for Basic, browsers would show a login of their own, and would then send
 * the password with the requests of any page.
 */
function unauthorized(detail: string): Problem {
  return new Problem(401, detail, "NOAUTH", { "WWW-Authenticate": 'Bearer realm="okq"' });
}
