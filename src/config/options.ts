// All options in one table. The Config type, flags, environment variables, the config file, the
// help text and the table in the README follow from it.
import { parseAddress } from "./address.ts";
import { expandHome } from "./home-path.ts";
import {
  boolean,
  bytes,
  choice,
  fileName,
  integer,
  list,
  type Option,
  secret,
  string,
  time,
} from "./option.ts";
import { checkRedisAddress, isRedisUrl, parseRedisNode, parseRedisUrl } from "./redis-url.ts";
import { s3Options } from "./s3-options.ts";
import { isS3Url, parseS3Url, s3Url } from "./s3-url.ts";
import { checkMode, checkUnixPath } from "./unix-path.ts";

/** The store if none is configured; in the working folder. */
const defaultStore = "sqlite:okq-data/okq.db";

export const options = {
  "listen-addr": string(
    ":4777",
    "HOST:PORT",
    checkAddress,
    "address to listen on: without HOST on all interfaces, with port 0 on any free port; empty " +
      "for no plain TCP",
  ),
  password: secret(
    "PASSWORD",
    "password of the user default, who may do everything; other users of the machine can see a " +
      "command line, so prefer --password-file",
  ),
  "password-file": fileName("file with the password of the user default"),
  users: fileName("file of users: `name hash groups pattern...`, one per line"),
  "tls-listen-addr": string("", "HOST:PORT", checkAddress, "address to listen on with TLS"),
  "tls-cert": fileName("certificate of okq (PEM), followed by intermediate certificates"),
  "tls-key": fileName("key of that certificate (PEM)"),
  "tls-client-ca": fileName(
    "certificates (PEM) of authorities; a client must show a certificate that one of them signed",
  ),
  "unix-socket": string("", "PATH", checkUnixPath, "unix socket to listen on"),
  "unix-socket-mode": string(
    "700",
    "OCTAL",
    checkMode,
    "mode of the unix socket: 700 for okq's own user, 770 for its group too, 777 for everybody",
  ),
  "http-addr": string(
    "127.0.0.1:4778",
    "HOST:PORT",
    checkAddress,
    "address to listen on for HTTP, or for HTTPS with --tls-cert; empty for none; if the default " +
      "is taken and nobody asked for it, okq runs without",
  ),
  "http-prefix": string(
    "",
    "/PATH",
    checkPrefix,
    "what all paths of HTTP begin with, behind a reverse proxy that passes whole paths on",
  ),
  "http-host": list(
    "NAME",
    checkHost,
    "names besides localhost under which browsers reach okq, such as that of a reverse proxy",
  ),
  "http-read-only": boolean("over HTTP okq only shows things and changes nothing"),
  store: string(
    "",
    "STORE",
    checkStore,
    "where queues are kept: sqlite:FILE, memory, s3://bucket[/prefix], or the URL of a Redis: " +
      "redis://[user:password@]host:port[/db], rediss://, redis+unix:///PATH, " +
      "redis[s]+sentinel://host:port,.../group[/db] or redis[s]+cluster://host:port,...; " +
      "the default without a Redis is sqlite:okq-data/okq.db",
  ),
  fsync: choice(
    "always",
    ["always", "everysec", "no"],
    "when changes are synced to disk: before they are answered, every second, or when the system " +
      "decides; for sqlite",
  ),
  "memory-budget": bytes(
    268_435_456,
    0,
    1_099_511_627_776,
    "memory for events and queues, in bytes; beyond it new events are on disk only; for sqlite " +
      "and s3",
  ),
  "redis-addr": list(
    "HOST:PORT",
    checkRedisAddress,
    "Redis that keeps the queues: host:port or the path of a unix socket; with --redis-cluster " +
      "some of its nodes, separated by commas or with the flag repeated",
  ),
  "redis-pool-size": integer(
    1,
    1,
    1024,
    "connections to Redis, which the clients share; more than 1 helps only if Redis is far away",
  ),
  "redis-sentinel-addr": list(
    "HOST:PORT",
    (text) => void parseRedisNode(text),
    "Sentinels that know the master, separated by commas or with the flag repeated",
  ),
  "redis-sentinel-group": string(
    "master",
    "NAME",
    checkGroup,
    "name of the master in the configuration of the Sentinels",
  ),
  "redis-sentinel-user": string("", "NAME", () => {}, "user at the Sentinels"),
  "redis-sentinel-password": secret("PASSWORD", "password at the Sentinels"),
  "redis-sentinel-password-file": fileName("file with the password at the Sentinels"),
  "redis-cluster": boolean("--redis-addr names nodes of a Redis Cluster"),
  "redis-user": string("", "NAME", () => {}, "user at Redis, if it is not the user default"),
  "redis-password": secret(
    "PASSWORD",
    "password at Redis; prefer the file, as others can see flags and environments",
  ),
  "redis-password-file": fileName("file with the password at Redis"),
  "redis-tls": boolean("connect to Redis and Sentinels with TLS, and check their certificates"),
  "redis-tls-ca": fileName("certificates (PEM) of authorities to trust, not the usual ones"),
  "redis-tls-cert": fileName("certificate (PEM) that okq shows to Redis and Sentinels"),
  "redis-tls-key": fileName("key of that certificate (PEM)"),
  "redis-wait": integer(
    0,
    0,
    1000,
    "replicas that must have a change before it is answered; with 1 a failover loses nothing",
  ),
  "redis-wait-timeout": time(
    "ms",
    1000,
    1,
    3_600_000,
    "milliseconds to wait for replicas; after that the outcome is reported as unknown",
  ),
  "redis-timeout": time(
    "ms",
    5000,
    1,
    3_600_000,
    "milliseconds to wait for an answer of Redis; after that the outcome is reported as unknown",
  ),
  ...s3Options,
  "bg-push-pool-size": integer(128, 1, 1_000_000, "NOBLOCK pushes that may be under way at once"),
  "max-clients": integer(10_000, 1, 1_000_000, "clients that may be connected at once"),
  "max-clients-per-address": integer(
    0,
    0,
    1_000_000,
    "clients that may be connected at once from one address; 0 for no limit",
  ),
  "login-timeout": time(
    "s",
    30,
    0,
    31_536_000,
    "seconds until a client that has not logged in is closed; 0 for never",
  ),
  "client-timeout": time(
    "s",
    0,
    0,
    31_536_000,
    "seconds without a command until a client is closed, unless it waits for an answer; 0 for " +
      "never",
  ),
  "client-output-timeout": time(
    "s",
    60,
    0,
    31_536_000,
    "seconds until a client that does not read its replies is closed; 0 for never",
  ),
  "max-waiting-bytes": bytes(
    268_435_456,
    1_048_576,
    1_099_511_627_776,
    "bytes of commands that may wait for the store, over all clients, before clients have to " +
      "wait; the same number bounds unfinished commands, and unread replies",
  ),
  "max-event-bytes": bytes(
    67_108_864,
    1,
    536_870_912,
    "largest event in bytes; every number of bytes may have a unit of 1024: 64kb, 64mb, 1gb",
  ),
  "max-name-bytes": bytes(
    4096,
    64,
    65_536,
    "longest name of a queue and longest id of a pushed event, in bytes",
  ),
  debug: boolean("log details for developers too"),
  "log-format": choice("text", ["text", "json"], "format of log lines on stderr"),
  config: fileName("config file: one `name: value` per line"),
  "cpu-profile": fileName("record a CPU profile into this file, from start to shutdown"),
};

type CamelCase<S extends string> = S extends `${infer Head}-${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : S;
type Value<O> = O extends Option<infer T> ? T : never;

export type OptionName = keyof typeof options;
/** Every option's value under its camelCased name: listenAddr, redisPoolSize, ... */
type Values = { [N in OptionName as CamelCase<N>]: Value<(typeof options)[N]> };

export interface Config extends Values {
  /** Somebody asked for that address, which may be the default. */
  isHttpAddrGiven: boolean;
}

export const optionNames = Object.keys(options) as OptionName[];

export function isOptionName(name: string): name is OptionName {
  return Object.hasOwn(options, name);
}

/** `OKQ_LISTEN_ADDR` for `listen-addr`. */
export function environmentName(name: string): string {
  return `OKQ_${name.toUpperCase().replaceAll("-", "_")}`;
}

/** `listenAddr` for `listen-addr`. */
export function camelCase(name: string): string {
  return name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** The database file of a config; null if queues are not kept in SQLite. */
export function sqliteFile(config: Config): string | null {
  const isRemote = config.redisAddr !== "" || config.redisSentinelAddr !== "";
  const store = config.store || (isRemote ? "" : defaultStore);
  return store.startsWith("sqlite:") ? store.slice("sqlite:".length) : null;
}

function checkAddress(text: string): void {
  if (text !== "") parseAddress(text);
}

function checkPrefix(text: string): void {
  if (!/^(\/[\w.~-]*[\w~-][\w.~-]*)*$/.test(text)) {
    throw new Error("is not a path such as /okq: / and letters, digits, - . _ ~, no / at the end");
  }
}

function checkHost(text: string): string {
  if (!/^[\w-]+(\.[\w-]+)*$/.test(text)) {
    throw new Error("is not the name of a host: without a port, and not https://...");
  }
  return text.toLowerCase();
}

function checkStore(text: string): string | void {
  if (text === "" || text === "memory") return;
  if (/^sqlite:[^\0]+$/.test(text)) return `sqlite:${expandHome(text.slice("sqlite:".length))}`;
  if (text === "sqlite:") throw new Error("has no file name: sqlite:FILE");
  if (isS3Url(text)) return s3Url(parseS3Url(text));
  if (!isRedisUrl(text)) {
    throw new Error(
      "is not a store: sqlite:FILE, memory, s3://bucket/prefix, or the URL of a Redis (see okq " +
        "--help)",
    );
  }
  parseRedisUrl(text);
}

function checkGroup(text: string): void {
  if (!/^[\w.-]+$/.test(text))
    throw new Error("has characters other than letters, digits, . - and _");
}
