// The listening socket: who gets a connection, which connections there are, and closing them all.
import type { Socket, TCPSocketListener } from "bun";
import { AddressCount } from "./address-count.ts";
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
const TOO_MANY_THERE =
  "-ERR max number of clients reached for this address, see max-clients-per-address\r\n";

/** How often clients are looked at for what they should have done. */
const WATCH_MS = 500;

export class Server {
  readonly #shared: Shared;
  readonly #maxClients: number;
  readonly #listener: TCPSocketListener<Connection>;
  readonly #connections = new Set<Connection>();
  readonly #addresses: AddressCount;
  readonly #watch: Timer;
  #nextId = 1;
  #onEmpty: (() => void) | null = null;

  /** Throws the system's error (with its code) if the address cannot be listened on. */
  constructor(options: ServerOptions, shared: Shared) {
    this.#shared = shared;
    this.#maxClients = options.maxClients;
    this.#addresses = new AddressCount(shared.context.settings.maxClientsPerAddress);
    this.#listener = this.#listen(options);
    this.#watch = setInterval(() => {
      const nowMs = performance.now();
      shared.unread.check(nowMs);
      for (const connection of this.#connections) connection.check(nowMs);
    }, WATCH_MS);
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
    // Reset before it was accepted: it has no address any more.
    if (socket.remoteAddress === undefined) return void socket.terminate();
    const { stats, clients } = this.#shared.context;
    stats.connections += 1;
    const refusal = this.#refusal(socket);
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

  /** Why there is no room for it. If there is, it counts from now on. */
  #refusal(socket: Socket<Connection>): string | null {
    const { stats, clients } = this.#shared.context;
    if (!isLocal(socket)) return DENIED;
    if (clients.size >= this.#maxClients) return TOO_MANY;
    if (this.#addresses.enter(plain(socket.remoteAddress))) return null;
    stats.refusedPerAddress += 1;
    return TOO_MANY_THERE;
  }

  #closed(connection: Connection | undefined, error?: Error): void {
    if (!connection) return;
    connection.closed(error);
    this.#addresses.leave(plain(connection.remoteAddress));
    this.#connections.delete(connection);
    if (this.#connections.size === 0) this.#onEmpty?.();
  }

  /**
   * Stops accepting, answers what is under way, ends waiting with nil, and resolves when all
   * connections are closed, at the latest after some seconds.
   */
  async close(): Promise<void> {
    this.#listener.stop();
    clearInterval(this.#watch);
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
