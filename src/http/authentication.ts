// Finds out which user sends a request: by the header Authorization.
import type { Context } from "../commands/context.ts";
import type { User } from "../users/user.ts";
import { Problem } from "./problem.ts";

export class Authentication {
  readonly #context: Pick<Context, "users">;

  constructor(context: Pick<Context, "users">) {
    this.#context = context;
  }

  /** Rejects with a Problem for wrong credentials, or none. */
  async userOf(request: Request, address: string, gone: AbortSignal): Promise<User> {
    const { users } = this.#context;
    const { stranger } = users;
    if (stranger) return stranger;
    const header = request.headers.get("Authorization");
    const credentials = header === null ? null : credentialsIn(header);
    if (!credentials) throw unauthorized("log in with Basic or Bearer");
    const found = await users.logIn({ ...credentials, by: { address, gone } });
    if (found === "busy") throw new Problem(429, "too many logins wait: try again later");
    if (found === "wrong") throw unauthorized("wrong user name or password");
    return found;
  }
}

interface Credentials {
  name: Buffer;
  password: Buffer;
}

/** Bearer has the password of the user default, or "name:password". */
function credentialsIn(header: string): Credentials | null {
  const [, scheme, value] = /^(\w+) +(\S+)$/.exec(header) ?? [];
  if (!value) return null;
  const isBasic = scheme!.toLowerCase() === "basic";
  if (!isBasic && scheme!.toLowerCase() !== "bearer") return null;
  const text = isBasic ? Buffer.from(value, "base64") : Buffer.from(value, "latin1");
  const colon = text.indexOf(":");
  if (colon < 0) return isBasic ? null : { name: Buffer.from("default"), password: text };
  return { name: text.subarray(0, colon), password: text.subarray(colon + 1) };
}

function unauthorized(detail: string): Problem {
  return new Problem(401, detail, "NOAUTH", { "WWW-Authenticate": 'Basic realm="okq"' });
}
