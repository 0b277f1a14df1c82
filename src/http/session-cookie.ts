// The cookie with the id of a session. Scripts cannot read it, and browsers send it with requests
// of okq's own pages only.

/** Where okq listens, as far as the cookie depends on it. */
export interface Listening {
  port: number;
  isSecure: boolean;
}

export class SessionCookie {
  readonly #listening: Listening;
  readonly #prefix: string;

  constructor(listening: Listening, prefix: string) {
    this.#listening = listening;
    this.#prefix = prefix;
  }

  /** The id in a request; null if there is none. */
  idIn(headers: Headers): string | null {
    for (const cookie of (headers.get("Cookie") ?? "").split(";")) {
      const [name, value] = cookie.trim().split("=", 2);
      if (name === this.#name && value) return value;
    }
    return null;
  }

  /** The header Set-Cookie that answers a login. */
  of(id: string, { headers }: Request): string {
    return this.#written(id, headers);
  }

  /** The header Set-Cookie that removes it. */
  removed({ headers }: Request): string {
    return `${this.#written("", headers)}; Max-Age=0`;
  }

  /** With the port: browsers send a cookie to all ports of a host, and each may be an okq. */
  get #name(): string {
    return `okq-session-${this.#listening.port}`;
  }

  #written(value: string, headers: Headers): string {
    // A reverse proxy may speak HTTPS for okq.
    const isSecure = this.#listening.isSecure || headers.get("Origin")?.startsWith("https:");
    const path = `Path=${this.#prefix || "/"}`;
    const secure = isSecure ? "; Secure" : "";
    return `${this.#name}=${value}; HttpOnly; SameSite=Strict; ${path}${secure}`;
  }
}
