// Parses addresses and URLs of Redis: one server, a unix socket, Sentinel or Cluster. Error texts
// are phrases such as "is not ..." and never repeat the input, which may hold a password.
import { parseAddress } from "./address.ts";
import { expandHome } from "./home-path.ts";

export interface RedisNode {
  host: string;
  port: number;
}

/** Where Redis is and as whom to log in; null for a part that was not given. */
export interface RedisLocation {
  mode: "single" | "sentinel" | "cluster";
  nodes: RedisNode[];
  path: string | null;
  group: string | null;
  db: number;
  username: string | null;
  password: string | null;
  isTls: boolean;
}

const FORMS: Record<string, string> = {
  redis: "host:port[/db]",
  rediss: "host:port[/db]",
  "redis+unix": "/path",
  "redis+sentinel": "host:port[,host:port...]/group[/db]",
  "rediss+sentinel": "host:port[,host:port...]/group[/db]",
  "redis+cluster": "host:port[,host:port...]",
  "rediss+cluster": "host:port[,host:port...]",
};
const REDIS_PORT = 6379;
const SENTINEL_PORT = 26_379;

export function isRedisUrl(text: string): boolean {
  return /^rediss?(\+\w*)?:/i.test(text);
}

export function parseRedisUrl(text: string): RedisLocation {
  const scheme = /^[^:]*/.exec(text)![0].toLowerCase();
  const form = FORMS[scheme];
  if (form === undefined) {
    throw new Error(`begins with none of ${Object.keys(FORMS).join("://, ")}://`);
  }
  const parts = /^:\/\/(?:([^@:/]*)(?::([^@]*))?@)?([^@/]*)(\/[^@]*)?$/.exec(
    text.slice(scheme.length),
  );
  if (parts === null) throw malformed(scheme);
  const [, user, password, hosts = "", tail = ""] = parts;
  const mode = modeOf(scheme);
  const isUnix = scheme === "redis+unix";
  if (isUnix ? hosts !== "" || tail.length < 2 : hosts === "") throw malformed(scheme);
  return {
    mode,
    nodes: isUnix ? [] : parseNodes(scheme, hosts),
    path: isUnix ? tail : null,
    ...(isUnix ? { group: null, db: 0 } : parseTail(scheme, tail)),
    username: decoded(user),
    password: decoded(password),
    isTls: scheme.startsWith("rediss"),
  };
}

function malformed(scheme: string): Error {
  return new Error(`is not of the form ${scheme}://[user:password@]${FORMS[scheme]}`);
}

function modeOf(scheme: string): RedisLocation["mode"] {
  if (scheme.endsWith("+sentinel")) return "sentinel";
  return scheme.endsWith("+cluster") ? "cluster" : "single";
}

function parseNodes(scheme: string, hosts: string): RedisNode[] {
  const mode = modeOf(scheme);
  const port = mode === "sentinel" ? SENTINEL_PORT : REDIS_PORT;
  const names = hosts.split(",");
  const isPlain = names.every((name) => /^(\[[\da-f:.]+\]|[\w.-]+)(:\d+)?$/i.test(name));
  if (!isPlain || (mode === "single" && names.length > 1)) throw malformed(scheme);
  return names.map((name) => parseRedisNode(/:\d+$/.test(name) ? name : `${name}:${port}`));
}

/** The part behind the hosts: /db, or /group/db. */
function parseTail(scheme: string, tail: string): { group: string | null; db: number } {
  const pattern = {
    single: /^(?:\/(?<db>\d{0,4}))?$/,
    cluster: /^(?:\/0?)?$/,
    sentinel: /^(?:\/(?<group>[\w.-]+)(?:\/(?<db>\d{0,4}))?)$/,
  }[modeOf(scheme)];
  const parts = pattern.exec(tail);
  if (parts === null) throw malformed(scheme);
  const { group = null, db = "" } = parts.groups ?? {};
  return { group, db: Number(db) };
}

function decoded(text: string | undefined): string | null {
  if (!text) return null;
  try {
    return decodeURIComponent(text);
  } catch {
    throw new Error("has a user or password with a bad %-escape");
  }
}

export function parseRedisNode(text: string): RedisNode {
  if (text.includes("://")) throw new Error("is a URL: give it to --store");
  const { hostname, port } = parseAddress(text);
  if (port === 0) throw new Error("has port 0");
  return { host: hostname === "::" ? "127.0.0.1" : hostname, port };
}

export function isSocketPath(text: string): boolean {
  return /^[./~]/.test(text);
}

/** host:port, or the path of a unix socket. */
export function checkRedisAddress(text: string): string {
  if (isSocketPath(text)) return expandHome(text);
  parseRedisNode(text);
  return text;
}

/** A URL without user, password and query. */
export function redactUrl(url: string): string {
  return url.replace(/:\/\/.*@/s, "://***@").replace(/[?#].*$/s, "");
}
