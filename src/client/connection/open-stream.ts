// Opens a socket to an endpoint of okq.
import { connect as connectTcp, isIP, type NetConnectOpts } from "node:net";
import type { Duplex } from "node:stream";
import { type ConnectionOptions, connect as connectTls } from "node:tls";
import type { Cancel, Clock } from "../../queue/clock.ts";
import type { Endpoint } from "../address.ts";

/** The client finds out by TCP too that a machine is gone. */
const KEEP_ALIVE_MS = 30_000;

export interface Limits {
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Resolves to a socket that is connected, with TLS after its handshake. */
export function openStream(
  endpoint: Endpoint,
  tls: ConnectionOptions | undefined,
  limits: Limits,
): Promise<Duplex> {
  const isTls = !("path" in endpoint) && (endpoint.isTls || tls !== undefined);
  const socket = isTls ? tlsSocket(endpoint, tls) : connectTcp(placeOf(endpoint));
  const connected = new Promise<Duplex>((resolve, reject) => {
    // A second error would end the process if nobody listened.
    socket.on("error", reject);
    socket.once("close", () => reject(new Error("the connection closed at once")));
    socket.once(isTls ? "secureConnect" : "connect", () => resolve(socket));
  });
  return within(limits, connected, () => socket.destroy());
}

/** Rejects when the time is up or the signal aborts. Calls giveUp whenever it rejects. */
export async function within<T>(limits: Limits, work: Promise<T>, giveUp: () => void): Promise<T> {
  const { timeoutMs, clock, signal } = limits;
  let cancel: Cancel = () => {};
  let abort = () => {};
  const late = new Promise<never>((_, reject) => {
    abort = () => reject(new Error("given up"));
    cancel = clock.after(timeoutMs, () =>
      reject(new Error(`not connected within ${timeoutMs} ms`)),
    );
    signal.addEventListener("abort", abort);
    if (signal.aborted) abort();
  });
  try {
    return await Promise.race([work, late]);
  } catch (error) {
    giveUp();
    throw error;
  } finally {
    cancel();
    signal.removeEventListener("abort", abort);
  }
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
