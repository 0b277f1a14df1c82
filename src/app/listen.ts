// From the config to the sockets that the server listens on.
import { parseAddress } from "../config/address.ts";
import type { Config } from "../config/options.ts";
import type { Log } from "../log/log.ts";
import type { Reloads } from "./reloads.ts";
import type { Server } from "../server/server.ts";
import { filesOfTls, readTlsFiles } from "./tls-files.ts";

/** 0 where nothing is listened on. */
export interface Ports {
  port: number;
  tlsPort: number;
}

/** Rejects with one line for a person; what is listened on by then stays open. */
export async function listen(
  config: Config,
  server: Server,
  reloads: Reloads,
  log: Log,
): Promise<Ports> {
  const { listenAddr, tlsListenAddr, unixSocket, unixSocketMode } = config;
  const ports = { port: 0, tlsPort: 0 };
  if (unixSocket) {
    const mode = Number.parseInt(unixSocketMode, 8);
    await said(unixSocket, () => server.listenUnix(unixSocket, mode));
  }
  if (tlsListenAddr) {
    const files = readTlsFiles(config);
    const address = parseAddress(tlsListenAddr);
    ports.tlsPort = await said(tlsListenAddr, () => server.listenTls(address, files));
    reloads.add("the certificates", filesOfTls(config), () => {
      server.renewTls(readTlsFiles(config));
      log.info("certificates loaded");
    });
  }
  if (listenAddr) {
    ports.port = await said(listenAddr, () => server.listen(parseAddress(listenAddr)));
  }
  return ports;
}

async function said<T>(where: string, act: () => T | Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const reason = code === "EADDRINUSE" ? "the address is in use" : message;
    throw new Error(`cannot listen on ${where}: ${reason}`, { cause: error });
  }
}
