// The listening socket: who gets a connection, which connections there are, and closing them all.
import type { Socket, TCPSocketListener } from "bun";
import { Connection } from "./connection.ts";
import type { Shared } from "./shared.ts";

export interface ServerOptions {
  /** "::" is all interfaces, also on a machine without IPv6. */
  hostname: string;
  port: number;
  maxClients: number;
}

const KEEP_ALIVE_MS = 60_000;
/** Clients that do not take their last replies within this time lose them. */
const CLOSE_MS_MAX = 7_000;

const DENIED =
  "-DENIED okq has no password yet, so it serves only clients on its own machine. " +
  "Connect from there, or through a tunnel that ends there.\r\n";
const TOO_MANY = "-ERR max number of clients reached\r\n";

export class Server {
  readonly #shared: Shared;
  readonly #maxClients: number;
  readonly #listener: TCPSocketListener<Connection>;
  readonly #connections = new Set<Connection>();
  #nextId = 1;
  #onEmpty: (() => void) | null = null;

  /** Throws the system's error (with its code) if the address cannot be listened on. */
  constructor(options: ServerOptions, shared: Shared) {
    this.#shared = shared;
    this.#maxClients = options.maxClients;
    this.#listener = this.#listen(options);
  }

  get port(): number {
    return this.#listener.port;
  }

  #listen({ hostname, port }: ServerOptions): TCPSocketListener<Connection> {
    const listen = (host: string) =>
      Bun.listen<Connection>({
        hostname: host,
        port,
        allowHalfOpen: true,
        socket: {
          open: (socket) => this.#opened(socket),
          data: (socket, chunk) => socket.data?.received(chunk),
          drain: (socket) => socket.data?.drained(),
          end: (socket) => {
            if (socket.data) socket.data.ended();
            else socket.end();
          },
          close: (socket, error) => this.#closed(socket.data, error),
          error: (_socket, error) => this.#shared.context.reportFailure("connection", error),
        },
      });
    try {
      return listen(hostname);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (hostname !== "::" || code === "EADDRINUSE" || code === "EACCES") throw error;
      return listen("0.0.0.0");
    }
  }

  #opened(socket: Socket<Connection>): void {
    const { stats, clients } = this.#shared.context;
    stats.connections += 1;
    const refusal = !isLocal(socket) ? DENIED : clients.size >= this.#maxClients ? TOO_MANY : null;
    if (refusal) {
      stats.connectionsRefused += 1;
      socket.end(refusal);
      return;
    }
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    const connection = new Connection(this.#nextId++, socket, this.#shared);
    socket.data = connection;
    clients.set(connection.id, connection);
    this.#connections.add(connection);
  }

  #closed(connection: Connection | undefined, error?: Error): void {
    if (!connection) return;
    connection.closed(error);
    this.#connections.delete(connection);
    if (this.#connections.size === 0) this.#onEmpty?.();
  }

  /**
   * Stops accepting, answers what is under way, ends waiting with nil, and resolves when all
   * connections are closed, at the latest after some seconds.
   */
  async close(): Promise<void> {
    this.#listener.stop();
    if (this.#connections.size === 0) return;
    const empty = new Promise<void>((resolve) => (this.#onEmpty = resolve));
    for (const connection of this.#connections) connection.quit();
    const timer = setTimeout(() => {
      for (const connection of this.#connections) connection.kill();
    }, CLOSE_MS_MAX);
    await empty;
    clearTimeout(timer);
  }
}

/** Whether the client is on this machine: on the loopback, or coming from the address it calls. */
export function isLocal(socket: { remoteAddress: string; localAddress: string }): boolean {
  const remote = plain(socket.remoteAddress);
  return remote === "::1" || remote.startsWith("127.") || remote === plain(socket.localAddress);
}

/** An IPv4 address that arrived on an IPv6 socket, without its prefix. */
function plain(address: string): string {
  return address.replace(/^::ffff:/i, "");
}
