// A connection from the command line to the server that the same config starts, as its user
// "default": over the unix socket if there is one, else over TCP, else over TLS.
import type { ConnectionOptions } from "node:tls";
import { Redis, type RedisOptions } from "ioredis";
import { parseAddress } from "./config/address.ts";
import type { Config } from "./config/config.ts";
import { readText } from "./config/read-text.ts";
import { passwordOf } from "./config/secret-file.ts";

type Place = Pick<RedisOptions, "path" | "host" | "port" | "tls">;

const CONNECT_MS_MAX = 2_000;

/** Null when nobody listens there. Rejects with one line for a person if it serves nobody here. */
export async function connectToServer(config: Config): Promise<Redis | null> {
  const place = placeOf(config);
  if (!place) return null;
  const password = passwordOf(config);
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
    if (code === "ECONNREFUSED" || code === "ENOENT") return null;
    throw new Error(`the server does not let us in: ${inShort(message)}`, { cause: error });
  }
}

function placeOf({ unixSocket, listenAddr, ...tls }: Config): Place | null {
  if (unixSocket) return { path: unixSocket };
  const { hostname, port } = parseAddress(listenAddr || tls.tlsListenAddr);
  if (port === 0) return null;
  const host = hostname === "::" ? "127.0.0.1" : hostname;
  return listenAddr ? { host, port } : { host, port, tls: tlsOf(tls) };
}

/** Trusts the server's own certificate and no other, whatever names are in it, and shows it too. */
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
  if (message.startsWith("NOAUTH")) return "it wants the password of user default, --password-file";
  if (message.startsWith("WRONGPASS")) return "the password of user default is another";
  return message;
}
