// Addresses of okq: okq://[user:password@]host[:port], okqs:// (TLS), okq+unix:///path, and without
// a scheme host:port, :port and unix:/path. Several are separated by commas.

export type Endpoint =
  | { readonly host: string; readonly port: number; readonly isTls: boolean }
  | { readonly path: string };

export interface Address {
  readonly endpoints: readonly Endpoint[];
  readonly username?: string;
  readonly password?: string;
}

export const DEFAULT_PORT = 4777;

/** Throws a RangeError that does not show the password. */
export function parseAddress(text: string): Address {
  const endpoints: Endpoint[] = [];
  const login: { username?: string; password?: string } = {};
  let scheme = "okq";
  for (const part of text.split(",")) {
    const match = /^(?:(okq|okqs|okq\+unix):\/\/)?(?:([^@]*)@)?([^@]*)$/.exec(part.trim());
    if (!match) throw unreadable(part);
    const [, ownScheme, user, place = ""] = match;
    scheme = ownScheme ?? scheme;
    if (user !== undefined) Object.assign(login, loginIn(user, part));
    endpoints.push(endpointIn(scheme, place, part));
  }
  return { endpoints, ...login };
}

function loginIn(user: string, part: string): { username?: string; password?: string } {
  const colon = user.indexOf(":");
  const name = decoded(colon < 0 ? user : user.slice(0, colon), part);
  const password = colon < 0 ? "" : decoded(user.slice(colon + 1), part);
  return { ...(name && { username: name }), ...(password && { password }) };
}

function endpointIn(scheme: string, place: string, part: string): Endpoint {
  if (place.startsWith("unix:")) return { path: place.slice("unix:".length) };
  if (scheme === "okq+unix") {
    if (!place.startsWith("/")) throw unreadable(part);
    return { path: decoded(place, part) };
  }
  const match = /^(\[[\da-fA-F:.%]+\]|[^:/?#[\]]*)(?::(\d+))?\/?$/.exec(place);
  if (!match) throw unreadable(part);
  const [, host = "", digits] = match;
  const port = digits === undefined ? DEFAULT_PORT : Number(digits);
  if (port < 1 || port > 65_535) throw unreadable(part);
  return { host: host.replace(/^\[|\]$/g, "") || "127.0.0.1", port, isTls: scheme === "okqs" };
}

function decoded(text: string, part: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw unreadable(part);
  }
}

function unreadable(part: string): RangeError {
  const shown = part.trim().replace(/^((?:[\w+]+:\/\/)?).*@/, "$1...@");
  return new RangeError(
    `cannot read the address '${shown}': it is okq://[user:password@]host[:port], okqs:// for ` +
      "TLS, okq+unix:///path, or host:port",
  );
}

/** For people. */
export function nameOf(endpoint: Endpoint): string {
  if ("path" in endpoint) return endpoint.path;
  const host = endpoint.host.includes(":") ? `[${endpoint.host}]` : endpoint.host;
  return `${host}:${endpoint.port}`;
}
