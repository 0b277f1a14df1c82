// A connection from the command line to the server that the same config starts, as its user
// "default": over the unix socket if there is one, else over TCP, else over TLS.
import type { ConnectionOptions } from "node:tls";
import { Redis, type RedisOptions } from "ioredis";
import { parseAddress } from "../config/address.ts";
import type { Config } from "../config/options.ts";
import { readText } from "../app/read-text.ts";
import { passwordOf } from "../app/secret-file.ts";

type Place = Pick<RedisOptions, "path" | "host" | "port" | "tls">;

const CONNECT_MS_MAX = 2_000;
/** No server is there, or this machine has no such address. */
const NOBODY = new Set(["ECONNREFUSED", "ENOENT", "EADDRNOTAVAIL", "ENETUNREACH", "EAFNOSUPPORT"]);

/** Null when nobody listens there. Rejects with one line for a person if it serves nobody here. */
export async function connectToServer(config: Config): Promise<Redis | null> {
  const password = passwordOf(config);
  for (const place of placesOf(config)) {
    // oxlint-disable-next-line no-await-in-loop -- the next one only if nobody listens at this one
    const server = await connectTo(place, password);
    if (server) return server;
  }
  return null;
}

async function connectTo(place: Place, password: string | null): Promise<Redis | null> {
  const server = new Redis({
    ...place,
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
    const { code, message } = (failure ?? error) as NodeJS.ErrnoException;
    if (NOBODY.has(code ?? "")) return null;
    throw new Error(`the server does not let us in: ${inShort(message)}`, { cause: error });
  }
}

/** Where the server of that config can be reached from this machine, in the order to try. */
function placesOf({ unixSocket, listenAddr, tlsListenAddr, ...files }: Config): Place[] {
  if (unixSocket) return [{ path: unixSocket }];
  const { hostname, port } = parseAddress(listenAddr || tlsListenAddr);
  if (port === 0) return [];
  const hosts = hostsOf(hostname);
  if (listenAddr) return hosts.map((host) => ({ host, port }));
  const tls = tlsOf(files);
  return hosts.map((host) => ({ host, port, tls }));
}

/** 0.0.0.0 and :: are no addresses to connect to. "::" may accept IPv6 only, or IPv4 only. */
function hostsOf(hostname: string): string[] {
  if (/^[0.]+$/.test(hostname)) return ["127.0.0.1"];
  return /^[0:]+$/.test(hostname) ? ["127.0.0.1", "::1"] : [hostname];
}

/** Trusts only the server's own certificate, with any names in it, and shows it too. */
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

function inShort(message: string): string {
  if (message.startsWith("NOAUTH"))
    return "it wants the password of user default (--password-file)";
  if (message.startsWith("WRONGPASS")) return "wrong password, or no user default";
  return message;
}
