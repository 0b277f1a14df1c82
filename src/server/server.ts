// Who gets a connection, by whichever listener they came, which connections there are, and closing
// them all.
import type { Socket } from "bun";
import { AddressCount } from "./address-count.ts";
import { Connection } from "./connection.ts";
import {
  type Address,
  type Door,
  type Host,
  listenTcp,
  listenUnix,
  type TlsFiles,
  TlsListener,
} from "./listeners.ts";
import type { Shared } from "./shared.ts";

const KEEP_ALIVE_MS = 60_000;
/** Clients that do not take their last replies within this time lose them. */
const CLOSE_MS_MAX = 5_000;
const HANDSHAKE_MS_MAX = 10_000;

/** The answer to a refused client, and the reason for the log. */
interface Refusal {
  reply: string;
  reason: string;
}

const DENIED: Refusal = {
  reply:
    "-DENIED okq has no password, so it serves only clients on its own machine. To serve others, " +
    "start it with --password-file or --users, or with --tls-client-ca.\r\n",
  reason: "it is on another machine, and okq has no password",
};
const TOO_MANY: Refusal = {
  reply: "-ERR max number of clients reached\r\n",
  reason: "max-clients is reached",
};
const TOO_MANY_THERE: Refusal = {
  reply: "-ERR max number of clients reached for this address, see max-clients-per-address\r\n",
  reason: "max-clients-per-address is reached",
};

/** How long, and how many, refused sockets may wait to be read: each is an open file. */
const REFUSED_MS = 300;
const REFUSED_MAX = 16;

/** How often clients are looked at for what they should have done. */
const WATCH_MS = 500;

export class Server implements Host {
  readonly #shared: Shared;
  readonly #maxClients: number;
  readonly #listeners: { stop(): void }[] = [];
  #tls: TlsListener | null = null;
  readonly #connections = new Set<Connection>();
  readonly #addresses: AddressCount;
  readonly #watch: Timer;
  /** Handshakes under way: their places are taken, and their time is short. */
  readonly #shaking = new Map<Socket<Connection>, { address: string; timer: Timer }>();
  /** They have been told, and are left some time to read it. */
  readonly #refused = new Set<Socket<Connection>>();
  #nextId = 1;
  #onEmpty: (() => void) | null = null;

  constructor(options: { maxClients: number }, shared: Shared) {
    this.#shared = shared;
    this.#maxClients = options.maxClients;
    this.#addresses = new AddressCount(shared.context.settings.maxClientsPerAddress);
    this.#watch = setInterval(() => {
      const nowMs = performance.now();
      shared.unread.check(nowMs);
      shared.context.longReplies.check();
      for (const connection of this.#connections) connection.check(nowMs);
    }, WATCH_MS);
  }

  /** The port. Throws the system's error (with its code) if the address cannot be listened on. */
  listen(address: Address): number {
    const listener = listenTcp(address, this);
    this.#listeners.push(listener);
    return listener.port;
  }

  /** As listen(). */
  listenTls(address: Address, files: TlsFiles): number {
    this.#tls = new TlsListener(address, files, this);
    this.#listeners.push(this.#tls);
    return this.#tls.port;
  }

  /** New connections get these from now on. */
  renewTls(files: TlsFiles): void {
    this.#tls?.renew(files);
  }

  async listenUnix(path: string, mode: number): Promise<void> {
    this.#listeners.push(await listenUnix(path, mode, this));
  }

  opened(socket: Socket<Connection>, door: Door): void {
    // Reset before it was accepted: it has no address any more.
    if (door.unixPath === undefined && socket.remoteAddress === undefined) {
      return void socket.terminate();
    }
    const { stats, clients } = this.#shared.context;
    stats.connections += 1;
    const refusal = this.#refusal(socket, door);
    if (refusal) {
      this.#noteRefusal(door.unixPath ?? plain(socket.remoteAddress), refusal.reason);
      return this.#refuse(socket, refusal.reply);
    }
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    const connection = new Connection(this.#nextId++, socket, this.#shared, door.unixPath);
    socket.data = connection;
    clients.set(connection.id, connection);
    this.#connections.add(connection);
  }

  /** If okq closed it at once with a command unread, the client might not read the reason. */
  #refuse(socket: Socket<Connection>, refusal: string): void {
    socket.write(refusal);
    if (this.#refused.size === REFUSED_MAX) return void socket.close();
    socket.shutdown();
    this.#refused.add(socket);
    setTimeout(() => {
      this.#refused.delete(socket);
      socket.close();
    }, REFUSED_MS);
  }

  /** Why there is no room for it. If there is, it counts from now on. */
  #refusal(socket: Socket<Connection>, door: Door): Refusal | null {
    if (!this.#isServed(socket, door)) return DENIED;
    return this.#lackOfRoom(door.unixPath === undefined ? plain(socket.remoteAddress) : null);
  }

  /** As #refusal(), for a client of that address, or of a unix socket. */
  #lackOfRoom(address: string | null): Refusal | null {
    if (!this.#hasRoom()) return TOO_MANY;
    return address === null || this.#enter(address) ? null : TOO_MANY_THERE;
  }

  #noteRefusal(addr: string, reason: string): void {
    const { stats, warn } = this.#shared.context;
    stats.connectionsRefused += 1;
    warn("refused a client", { addr, reason });
  }

  #enter(address: string): boolean {
    if (this.#addresses.enter(address)) return true;
    this.#shared.context.stats.refusedPerAddress += 1;
    return false;
  }

  shaking(socket: Socket<Connection>): boolean {
    // As in opened().
    if (socket.remoteAddress === undefined) return false;
    const address = plain(socket.remoteAddress);
    const refusal = this.#lackOfRoom(address);
    if (refusal) {
      this.#noteRefusal(address, refusal.reason);
      return false;
    }
    const timer = setTimeout(() => {
      this.handshakeFailed(socket, `it is not over within ${HANDSHAKE_MS_MAX / 1000} s`);
      socket.terminate();
    }, HANDSHAKE_MS_MAX);
    this.#shaking.set(socket, { address, timer });
    return true;
  }

  shaken(socket: Socket<Connection>): void {
    const shaking = this.#shaking.get(socket);
    if (!shaking) return;
    this.#shaking.delete(socket);
    clearTimeout(shaking.timer);
    this.#addresses.leave(shaking.address);
  }

  handshakeFailed(socket: Socket<Connection>, reason: string): void {
    const addr = plain(socket.remoteAddress ?? "");
    this.#shared.context.warn("TLS handshake failed", { addr, reason });
  }

  closed(connection: Connection | undefined, error?: Error): void {
    if (!connection) return;
    connection.closed(error);
    const { remoteAddress } = connection;
    if (remoteAddress !== null) this.#addresses.leave(plain(remoteAddress));
    this.#connections.delete(connection);
    if (this.#connections.size === 0) this.#onEmpty?.();
  }

  failed(error: Error): void {
    this.#shared.context.reportFailure("connection", error);
  }

  #isServed(socket: Socket<Connection>, { unixPath, isMutual }: Door): boolean {
    const provesItself = !this.#shared.context.users.isOpen || isMutual;
    return provesItself || unixPath !== undefined || isLocal(socket);
  }

  #hasRoom(): boolean {
    return this.#shared.context.clients.size + this.#shaking.size < this.#maxClients;
  }

  /**
   * Stops accepting, answers what is under way, ends waiting with nil, and resolves when all
   * connections are closed, at the latest after some seconds.
   */
  async close(): Promise<void> {
    for (const listener of this.#listeners) listener.stop();
    for (const socket of [...this.#shaking.keys(), ...this.#refused]) socket.terminate();
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
