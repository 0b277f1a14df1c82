// All options in one table. The Config type, flags, environment names, the config file, the help
// and the README's table follow from it.
import { parseAddress } from "./address.ts";
import { expandHome } from "./home-path.ts";
import { boolean, choice, fileName, integer, list, type Option, secret, string } from "./option.ts";
import { checkRedisAddress, isRedisUrl, parseRedisNode, parseRedisUrl } from "./redis-url.ts";
import { checkMode, checkUnixPath } from "./unix-path.ts";

/** Where queues are when nothing says otherwise, in the working folder. */
const defaultStore = "sqlite:okq-data/okq.db";

export const options = {
  "listen-addr": string(
    ":4777",
    "HOST:PORT",
    checkAddress,
    "address to listen on; no host means all interfaces, port 0 any free port, nothing at all no " +
      "plain TCP",
  ),
  password: secret(
    "PASSWORD",
    "password of the user default, who may do everything; on a command line others on the " +
      "machine can see it",
  ),
  "password-file": fileName("file that holds that password"),
  users: fileName("file of users: `name hash groups pattern...`, one per line"),
  "tls-listen-addr": string("", "HOST:PORT", checkAddress, "address to listen on with TLS"),
  "tls-cert": fileName("certificate for TLS in PEM, behind it those of authorities in between"),
  "tls-key": fileName("its key in PEM"),
  "tls-client-ca": fileName(
    "certificates in PEM, one of which must have signed that of a client, or it is refused",
  ),
  "unix-socket": string("", "PATH", checkUnixPath, "unix socket to listen on"),
  "unix-socket-mode": string(
    "700",
    "OCTAL",
    checkMode,
    "who may connect there: 700 okq's own user, 770 its group too, 777 everybody",
  ),
  store: string(
    "",
    "STORE",
    checkStore,
    "where queues are kept: sqlite:FILE, memory, or redis://[user:password@]host:port[/db] and " +
      "its kin rediss://, redis+unix:///PATH, redis[s]+sentinel://host:port,.../group[/db] and " +
      "redis[s]+cluster://host:port,...; without it and a Redis: sqlite:okq-data/okq.db",
  ),
  fsync: choice(
    "always",
    ["always", "everysec", "no"],
    "when the disk has what was answered with OK: before the answer, within about a second, or " +
      "when the system sees fit; only for sqlite",
  ),
  "memory-budget": integer(
    268_435_456,
    0,
    1_099_511_627_776,
    "bytes that events and queues may take in memory, beyond which new events are on disk only; " +
      "for sqlite",
  ),
  "redis-addr": list(
    "HOST:PORT",
    checkRedisAddress,
    "Redis that keeps the queues: host:port, or the path of a unix socket; with --redis-cluster " +
      "some of its nodes, with commas or by repeating the flag",
  ),
  "redis-pool-size": integer(
    1,
    1,
    1024,
    "connections to Redis over which client connections are spread; more than one pays only " +
      "where Redis is far away",
  ),
  "redis-sentinel-addr": list(
    "HOST:PORT",
    (text) => void parseRedisNode(text),
    "Sentinels that know where the master is, with commas or by repeating the flag",
  ),
  "redis-sentinel-group": string(
    "master",
    "NAME",
    checkGroup,
    "what the Sentinels call the master",
  ),
  "redis-sentinel-user": string("", "NAME", () => {}, "user at the Sentinels"),
  "redis-sentinel-password": secret("PASSWORD", "password at the Sentinels"),
  "redis-sentinel-password-file": fileName("file that holds the password at the Sentinels"),
  "redis-cluster": boolean("--redis-addr names nodes of a Redis Cluster"),
  "redis-user": string("", "NAME", () => {}, "user at Redis, when it is not the default one"),
  "redis-password": secret(
    "PASSWORD",
    "password at Redis; the file is better, as flags and environments can be seen by others",
  ),
  "redis-password-file": fileName("file that holds the password at Redis"),
  "redis-tls": boolean("connect to Redis and Sentinels with TLS, and check their certificates"),
  "redis-tls-ca": fileName(
    "certificates (PEM) of the authorities to trust instead of the usual ones",
  ),
  "redis-tls-cert": fileName("certificate (PEM) to show to Redis"),
  "redis-tls-key": fileName("its key (PEM)"),
  "redis-wait": integer(
    0,
    0,
    1000,
    "replicas that must have a command before it is answered; with 1 a failover loses nothing",
  ),
  "redis-wait-timeout": integer(
    1000,
    1,
    3_600_000,
    "milliseconds that replicas are waited for; then the outcome is reported as unknown",
  ),
  "redis-timeout": integer(
    5000,
    1,
    3_600_000,
    "milliseconds that an answer of Redis is waited for; then the outcome is reported as unknown",
  ),
  "bg-push-pool-size": integer(
    128,
    1,
    1_000_000,
    "pushes with NOBLOCK that may be under way at once",
  ),
  "max-clients": integer(10_000, 1, 1_000_000, "clients that may be connected at once"),
  "max-clients-per-address": integer(
    0,
    0,
    1_000_000,
    "clients that may be connected at once from one address; 0 for as many as there may be",
  ),
  "login-timeout": integer(
    30,
    0,
    31_536_000,
    "seconds after which a client is closed that has not logged in; 0 for never",
  ),
  "client-timeout": integer(
    0,
    0,
    31_536_000,
    "seconds without a command after which a client is closed, unless it waits for an answer; " +
      "0 for never",
  ),
  "client-output-timeout": integer(
    60,
    0,
    31_536_000,
    "seconds after which a client is closed that takes none of its replies; 0 for never",
  ),
  "max-waiting-bytes": integer(
    268_435_456,
    1_048_576,
    1_099_511_627_776,
    "bytes over all clients of commands that wait for the store, beyond which clients have to " +
      "wait; as many of commands not yet whole, and of replies not yet taken",
  ),
  "max-event-bytes": integer(
    67_108_864,
    1,
    536_870_912,
    "largest event in bytes; 64mb and 64kb (of 1024) are understood, as in all options in bytes",
  ),
  "max-name-bytes": integer(
    4096,
    64,
    65_536,
    "longest id of an event that is pushed, and longest name of a queue, in bytes",
  ),
  debug: boolean("log what is of use to a developer only"),
  "log-format": choice("text", ["text", "json"], "how log lines on stderr look"),
  config: fileName("file with options, one `name: value` per line"),
  "cpu-profile": fileName("record a CPU profile from start to shutdown into this file"),
};

type CamelCase<S extends string> = S extends `${infer Head}-${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : S;
type Value<O> = O extends Option<infer T> ? T : never;

export type OptionName = keyof typeof options;
/** Every option's value under its camelCased name: listenAddr, redisPoolSize, ... */
export type Config = { [N in OptionName as CamelCase<N>]: Value<(typeof options)[N]> };

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

/** The database file that a config asks for, if it does. */
export function sqliteFile(config: Config): string | null {
  const isRemote = config.redisAddr !== "" || config.redisSentinelAddr !== "";
  const store = config.store || (isRemote ? "" : defaultStore);
  return store.startsWith("sqlite:") ? store.slice("sqlite:".length) : null;
}

function checkAddress(text: string): void {
  if (text !== "") parseAddress(text);
}

function checkStore(text: string): string | void {
  if (text === "" || text === "memory") return;
  if (/^sqlite:[^\0]+$/.test(text)) return `sqlite:${expandHome(text.slice("sqlite:".length))}`;
  if (text === "sqlite:") throw new Error("names no file: sqlite:FILE");
  if (!isRedisUrl(text)) {
    throw new Error(
      "is not a store: sqlite:FILE, memory or redis://[user:password@]host:port[/db]",
    );
  }
  parseRedisUrl(text);
}

function checkGroup(text: string): void {
  if (!/^[\w.-]+$/.test(text)) throw new Error("is not a name of letters, digits, . - and _");
}
