// Opens a socket to an endpoint of okq.
import { connect as connectTcp, type NetConnectOpts, type Socket } from "node:net";
import { type ConnectionOptions, connect as connectTls } from "node:tls";
import { isIP } from "node:net";
import type { Cancel, Clock } from "../../queue/clock.ts";
import type { Endpoint } from "../address.ts";

/** The client finds out by TCP too that a machine is gone. */
const KEEP_ALIVE_MS = 30_000;

export interface StreamOptions {
  readonly tls: ConnectionOptions | undefined;
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Resolves to a socket that is connected, with TLS after its handshake. */
export function openStream(endpoint: Endpoint, options: StreamOptions): Promise<Socket> {
  const { tls, timeoutMs, clock, signal } = options;
  const isTls = !("path" in endpoint) && (endpoint.isTls || tls !== undefined);
  const socket = isTls ? tlsSocket(endpoint, tls) : connectTcp(placeOf(endpoint));
  return new Promise((resolve, reject) => {
    let cancel: Cancel = () => {};
    const settle = () => {
      cancel();
      signal.removeEventListener("abort", abort);
    };
    const fail = (error: Error) => {
      settle();
      socket.destroy();
      reject(error);
    };
    const abort = () => fail(new Error("given up"));
    // A second error would end the process if nobody listened.
    socket.on("error", fail);
    socket.once("close", () => fail(new Error("the connection closed at once")));
    socket.once(isTls ? "secureConnect" : "connect", () => {
      settle();
      resolve(socket);
    });
    cancel = clock.after(timeoutMs, () => fail(new Error(`not connected within ${timeoutMs} ms`)));
    signal.addEventListener("abort", abort);
    if (signal.aborted) abort();
  });
}

function placeOf(endpoint: Endpoint): NetConnectOpts {
  if ("path" in endpoint) return { path: endpoint.path };
  const { host, port } = endpoint;
  return { host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS };
}

function tlsSocket({ host, port }: { host: string; port: number }, tls: ConnectionOptions = {}) {
  const servername = isIP(host) ? {} : { servername: host };
  const socket = connectTls({ host, port, ...servername, ...tls });
  socket.setNoDelay(true);
  socket.setKeepAlive(true, KEEP_ALIVE_MS);
  return socket;
}
