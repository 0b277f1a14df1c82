// Connects a command line program to the server that runs with the same config, as the user
// "default": over the unix socket if there is one, else over TCP, else over TLS.
import type { ConnectionOptions } from "node:tls";
import { Redis, type RedisOptions } from "ioredis";
import { readText } from "../app/read-text.ts";
import { passwordOf } from "../app/secret-file.ts";
import { parseAddress } from "../config/address.ts";
import type { Config } from "../config/options.ts";

type Endpoint = Pick<RedisOptions, "path" | "host" | "port" | "tls">;

const CONNECT_MS_MAX = 2_000;
/** Nobody listens there, or this machine has no such address. */
const NO_SERVER = new Set([
  "ECONNREFUSED",
  "ENOENT",
  "EADDRNOTAVAIL",
  "ENETUNREACH",
  "EAFNOSUPPORT",
]);

/** Null if no server listens. Rejects with a message of one line if the server refuses us. */
export async function connectToServer(config: Config): Promise<Redis | null> {
  const password = passwordOf(config);
  for (const endpoint of endpointsOf(config)) {
    // oxlint-disable-next-line no-await-in-loop -- the next one only if nobody listens at this one
    const server = await connectTo(endpoint, password);
    if (server) return server;
  }
  return null;
}

async function connectTo(endpoint: Endpoint, password: string | null): Promise<Redis | null> {
  const server = new Redis({
    ...endpoint,
    ...(password === null ? {} : { password }),
    lazyConnect: true,
    enableReadyCheck: false,
    connectTimeout: CONNECT_MS_MAX,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
  });
  let failure: NodeJS.ErrnoException | null = null;
  server.on("error", (error) => (failure ??= error));
  try {
    await server.connect();
    return server;
  } catch (error) {
    server.disconnect();
    const cause = (failure ?? error) as NodeJS.ErrnoException;
    if (NO_SERVER.has(cause.code ?? "")) return null;
    throw new Error(`cannot use the server: ${reasonOf(cause)}`, { cause: error });
  }
}

/** The endpoints of a config's server that can be reached from this machine, in order. */
function endpointsOf({ unixSocket, listenAddr, tlsListenAddr, ...files }: Config): Endpoint[] {
  if (unixSocket) return [{ path: unixSocket }];
  const { hostname, port } = parseAddress(listenAddr || tlsListenAddr);
  if (port === 0) return [];
  const hosts = hostsOf(hostname);
  if (listenAddr) return hosts.map((host) => ({ host, port }));
  const tls = tlsOf(files);
  return hosts.map((host) => ({ host, port, tls }));
}

/** One cannot connect to 0.0.0.0 or "::", and a server on "::" may accept only IPv4 or IPv6. */
function hostsOf(hostname: string): string[] {
  if (/^[0.]+$/.test(hostname)) return ["127.0.0.1"];
  return /^[0:]+$/.test(hostname) ? ["127.0.0.1", "::1"] : [hostname];
}

/** Trusts only the server's own certificate, for any name, and shows the same to the server. */
function tlsOf({ tlsCert, tlsKey }: Pick<Config, "tlsCert" | "tlsKey">): ConnectionOptions {
  const cert = readText("tls-cert", tlsCert);
  return {
    ca: cert,
    cert,
    key: readText("tls-key", tlsKey),
    allowPartialTrustChain: true,
    checkServerIdentity: () => undefined,
  };
}

const reasons: [pattern: RegExp, reason: string][] = [
  [
    /^NOAUTH/,
    "it needs a login as user default: give --password-file; if okq has only --users, add a user " +
      "default to that file too",
  ],
  [/^WRONGPASS/, "the password is wrong, or there is no user default"],
  [/WRONG_VERSION_NUMBER/, "it does not speak TLS"],
  [
    /EPIPE|ECONNRESET|^Connection is closed|^Unknown RESP type/,
    "it does not answer as okq does, perhaps it expects TLS (--listen-addr '' --tls-listen-addr)",
  ],
];

function reasonOf({ message }: Error): string {
  return reasons.find(([pattern]) => pattern.test(message))?.[1] ?? message;
}
