// Listening sockets: TCP, TLS and unix. They pass the sockets of clients to a host, which decides
// which of them get a connection.
import type { Socket, SocketHandler, TCPSocketListener, UnixSocketListener } from "bun";
import type { TlsFiles } from "./certificates.ts";
import type { Connection } from "./connection.ts";
import type { Entrance, Host, Listener } from "./host.ts";
import { removeStale } from "./unix-socket.ts";

/** "::" stands for all interfaces, also on a machine without IPv6. */
export interface Address {
  hostname: string;
  port: number;
}

type Handlers = SocketHandler<Connection>;

function handlersOf(host: Host, entrance: Entrance): Handlers {
  return {
    open: (socket) => host.opened(socket, entrance),
    data: (socket, chunk) => socket.data?.received(chunk),
    drain: (socket) => socket.data?.drained(),
    end: (socket) => {
      if (socket.data) socket.data.halfClosed();
      else socket.close();
    },
    close: (socket, error) => host.closed(socket.data, error),
    error: (_socket, error) => host.failed(error),
  };
}

/** Throws the system's error (with its code) if the address cannot be listened on. */
export function listenTcp(address: Address, host: Host): TCPSocketListener<Connection> {
  return listen(address, { socket: handlersOf(host, { isMutual: false }) });
}

function listen(
  { hostname, port }: Address,
  options: { socket: Handlers; tls?: Bun.TLSOptions; reusePort?: boolean },
): TCPSocketListener<Connection> {
  const on = (host: string) =>
    Bun.listen<Connection>({ hostname: host, port, allowHalfOpen: true, ...options });
  try {
    return on(hostname);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (hostname !== "::" || code === "EADDRINUSE" || code === "EACCES") throw error;
    return on("0.0.0.0");
  }
}

/** Listens with TLS. The files can be replaced, which open connections do not notice. */
export class TlsListener implements Listener {
  readonly #address: Address;
  readonly #host: Host;
  #listener: TCPSocketListener<Connection>;

  constructor(address: Address, files: TlsFiles, host: Host) {
    this.#host = host;
    // Only renew() shares the port: if another process listens on it, this must fail.
    const probe = listen(address, { socket: { data() {} } });
    this.#address = { hostname: address.hostname, port: probe.port };
    probe.stop(true);
    this.#listener = this.#listen(files);
  }

  get port(): number {
    return this.#address.port;
  }

  renew(files: TlsFiles): void {
    const before = this.#listener;
    this.#listener = this.#listen(files);
    // A connection that it has not accepted by now is reset; its client connects again.
    before.stop();
  }

  stop(): void {
    this.#listener.stop();
  }

  #listen({ cert, key, ca }: TlsFiles): TCPSocketListener<Connection> {
    const host = this.#host;
    const entrance = { isMutual: ca !== null };
    const socket: Handlers = {
      ...handlersOf(host, entrance),
      open: (client) => {
        if (!host.handshakeStarted(client)) client.terminate();
      },
      handshake: (client, isDone, error) => {
        host.handshakeEnded(client);
        // A certificate that the ca did not sign does not make the handshake fail.
        const isAccepted = isDone && (!entrance.isMutual || isAuthorized(client));
        if (isAccepted) return host.opened(client, entrance);
        const reason = failureOf(isDone, error);
        if (reason !== null) host.handshakeFailed(client, reason);
        client.end();
      },
      close: (client, error) => {
        host.handshakeEnded(client);
        host.closed(client.data, error);
      },
    };
    const mutual = ca === null ? {} : { ca, requestCert: true, rejectUnauthorized: true };
    return listen(this.#address, { socket, tls: { cert, key, ...mutual }, reusePort: true });
  }
}

function isAuthorized(socket: Socket<Connection>): boolean {
  return (socket as unknown as { authorized: boolean }).authorized;
}

/**
 * Why a handshake failed, for the log. Null when the client just closed the connection: health
 * checks do that, and a client that does not trust okq's certificate reports that itself.
 */
function failureOf(isDone: boolean, error: Error | null): string | null {
  const { code, message = "" } = (error ?? {}) as NodeJS.ErrnoException;
  if (isDone) return `its certificate is not accepted: ${message}`;
  if (code === "ECONNRESET") return null;
  if (message.includes("PEER_DID_NOT_RETURN_A_CERTIFICATE")) return "it shows no certificate";
  if (/WRONG_VERSION_NUMBER|HTTP_REQUEST/.test(message)) return "it does not speak TLS";
  return message.split(":").at(-1)!;
}

/**
 * Rejects if another process listens there, or if the path is a file of another kind. At no time
 * can users connect whom the mode excludes.
 */
export async function listenUnix(
  path: string,
  mode: number,
  host: Host,
): Promise<UnixSocketListener<Connection>> {
  await removeStale(path);
  const socket = handlersOf(host, { isMutual: false, unixPath: path });
  const maskBefore = process.umask(0o777 & ~mode);
  try {
    return Bun.listen<Connection>({ unix: path, allowHalfOpen: true, socket });
  } finally {
    process.umask(maskBefore);
  }
}
