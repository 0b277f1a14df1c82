// Opens the addresses of a Config: plain TCP, TLS, a unix socket and HTTP.
import { parseAddress } from "../config/address.ts";
import type { Config } from "../config/options.ts";
import type { TunnelTo } from "../http/forwarding.ts";
import { type HttpOptions, HttpServer } from "../http/http-server.ts";
import type { Log, LogFields } from "../log/log.ts";
import type { TlsFiles } from "../server/certificates.ts";
import type { Tunnel } from "../server/forward/tunnel.ts";
import { listenTcp, listenUnix, TlsListener } from "../server/listeners.ts";
import type { Server } from "../server/server.ts";
import type { Core } from "./core.ts";
import type { FileReloader } from "./file-reloader.ts";
import { loadPage } from "./page-files.ts";
import { NO_PORTS, type Ports } from "./ports.ts";
import { readTlsFiles, tlsFileNames } from "./tls-files.ts";

interface Doors {
  server: Server;
  http: HttpServer;
  certificateRenewed(files: TlsFiles): void;
}

/** It does not listen yet, and shares the limits on clients with the server of RESP. */
export function httpServerOf(
  { context, admission }: Pick<Core, "context" | "admission">,
  config: Config,
  connectionsMax: number,
  tunnel: Tunnel,
): HttpServer {
  const tunnelTo: TunnelTo = ({ httpAddr, certificate }) =>
    tunnel.pathTo({ addr: httpAddr!, isTls: true, certificate });
  const options = { ...httpOptionsOf(config, connectionsMax), tunnelTo };
  return new HttpServer(context, admission, options);
}

/** Rejects with a message of one line. Addresses opened before the failure stay open. */
export async function listen(
  config: Config,
  { server, http, certificateRenewed }: Doors,
  reloader: FileReloader,
  log: Log,
): Promise<Ports> {
  const { listenAddr, tlsListenAddr, unixSocket, unixSocketMode, httpAddr } = config;
  const ports = { ...NO_PORTS };
  if (unixSocket) {
    const mode = Number.parseInt(unixSocketMode, 8);
    const open = () => listenUnix(unixSocket, mode, server);
    server.add(await withListenError(unixSocket, open));
  }
  const tlsFiles = config.tlsCert ? readTlsFiles(config) : null;
  let tls: TlsListener | null = null;
  if (tlsListenAddr) {
    const address = parseAddress(tlsListenAddr);
    const open = () => new TlsListener(address, tlsFiles!, server);
    tls = await withListenError(tlsListenAddr, open);
    server.add(tls);
    ports.tlsPort = tls.port;
  }
  if (listenAddr) {
    const address = parseAddress(listenAddr);
    const listener = await withListenError(listenAddr, () => listenTcp(address, server));
    server.add(listener);
    ports.port = listener.port;
  }
  if (httpAddr) ports.httpPort = await listenHttp(config, tlsFiles, http, log);
  if (tlsFiles) {
    reloader.add("the certificates", tlsFileNames(config), () => {
      const files = readTlsFiles(config);
      tls?.renew(files);
      http.renewTls(files);
      certificateRenewed(files);
      log.info("certificates loaded");
    });
  }
  return ports;
}

/** If nobody asked for the address and it is taken, okq runs without HTTP. */
async function listenHttp(
  { httpAddr, isHttpAddrGiven }: Config,
  tls: TlsFiles | null,
  http: HttpServer,
  log: Log,
): Promise<number> {
  const address = parseAddress(httpAddr);
  try {
    return await withListenError(httpAddr, () => http.listen(address, tls));
  } catch (error) {
    if (isHttpAddrGiven) throw error;
    log.warn("runs without HTTP", { reason: (error as Error).message });
    return 0;
  }
}

function httpOptionsOf(config: Config, connectionsMax: number): Omit<HttpOptions, "tunnelTo"> {
  const { httpAddr, httpPrefix, httpHost, httpReadOnly } = config;
  const names = httpHost === "" ? [] : httpHost.split(",");
  const { hostname } = httpAddr ? parseAddress(httpAddr) : { hostname: "" };
  return {
    prefix: httpPrefix,
    hosts: [...names, hostname.toLowerCase()],
    isReadOnly: httpReadOnly,
    connectionsMax,
    loadPage,
  };
}

/** The configured addresses and their actual ports, for the log. */
export function addressesOf(config: Config, { port, tlsPort, httpPort }: Ports): LogFields {
  const { listenAddr, tlsListenAddr, unixSocket, httpAddr } = config;
  return {
    ...(listenAddr && { addr: listenAddr, port }),
    ...(tlsListenAddr && { tlsAddr: tlsListenAddr, tlsPort }),
    ...(unixSocket && { unixSocket }),
    ...(httpPort > 0 && { httpAddr, httpPort }),
  };
}

/** Adds the address to an error. */
async function withListenError<T>(address: string, open: () => T | Promise<T>): Promise<T> {
  try {
    return await open();
  } catch (error) {
    throw new Error(`cannot listen on ${address}: ${reasonOf(error as Error)}`, { cause: error });
  }
}

const reasons: Record<string, string> = {
  EADDRINUSE: "the address is in use",
  EADDRNOTAVAIL: "this machine does not have that address",
  EACCES: "the user of okq may not use that address (permission denied)",
  ENOENT: "its folder does not exist",
  ENOTDIR: "its folder is not a folder",
};

function reasonOf({ code = "", message }: NodeJS.ErrnoException): string {
  if (Object.hasOwn(reasons, code)) return reasons[code]!;
  if (!message.startsWith("Failed to listen at")) return message;
  // Bun repeats the address and gives no cause, for example for a name without an address.
  const untold = "the address is not one of this machine, or its port is in use or not allowed";
  return code ? `${untold} (${code})` : untold;
}
