// The connections of okq, whichever listener accepted them.
import type { Cancel } from "../queue/clock.ts";
import { isLocal, withoutPrefix } from "../admission/addresses.ts";
import type { Admission, Denial } from "../admission/admission.ts";
import type { ClientSocket } from "./client-socket.ts";
import { Connection } from "./connection.ts";
import { ClientUpstream } from "./forward/client-upstream.ts";
import type { Entrance, Host, Listener } from "./host.ts";
import type { Shared } from "./shared.ts";

const KEEP_ALIVE_MS = 60_000;
const HANDSHAKE_MS_MAX = 10_000;
/** When okq ends, clients have this time to read their last replies. */
const CLOSE_MS_MAX = 5_000;
/** A refused client has this time to read the reason. Each takes a file descriptor meanwhile. */
const REFUSED_MS = 300;
const REFUSED_MAX = 16;
/** How often timeouts of clients are checked. */
const CHECK_MS = 500;

export class Server implements Host {
  readonly #shared: Shared;
  readonly #admission: Admission;
  readonly #listeners: Listener[] = [];
  readonly #connections = new Set<Connection>();
  /** TLS handshakes in progress: they count as clients, and their time is limited. */
  readonly #handshakes = new Map<
    ClientSocket<Connection>,
    { address: string; cancelTimer: Cancel }
  >();
  /** Refused clients that were sent the reason and have some time to read it. */
  readonly #refused = new Set<ClientSocket<Connection>>();
  readonly #stopChecks: Cancel;
  #nextId = 1;
  #onEmpty: (() => void) | null = null;

  constructor(shared: Shared, admission: Admission) {
    this.#shared = shared;
    this.#admission = admission;
    this.#stopChecks = shared.context.clock.every(CHECK_MS, () => this.#check());
  }

  /** It accepts clients for this server, which stops it when it closes. */
  add(listener: Listener): void {
    this.#listeners.push(listener);
  }

  opened(socket: ClientSocket<Connection>, entrance: Entrance): void {
    const { unixPath } = entrance;
    // Reset before okq accepted it: it has no address any more.
    if (unixPath === undefined && socket.remoteAddress === undefined) {
      return void socket.terminate();
    }
    const { stats, clients } = this.#shared.context;
    stats.connections += 1;
    const denial = this.#admit(socket, entrance);
    if (denial) return this.#refuse(socket, `-${denial.reply.text}\r\n`);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    const connection = new Connection(this.#nextId++, socket, this.#shared, unixPath);
    if (this.#shared.context.failover) {
      connection.upstream = new ClientUpstream(connection, this.#shared);
    }
    socket.data = connection;
    clients.set(connection.id, connection);
    this.#connections.add(connection);
  }

  #admit(socket: ClientSocket<Connection>, { unixPath, isMutual }: Entrance): Denial | null {
    const address = unixPath === undefined ? withoutPrefix(socket.remoteAddress) : null;
    return this.#admission.enter({
      address,
      shownAs: unixPath ?? address!,
      hasCertificate: isMutual,
      isLocal: () => isLocal(socket),
      isExempt: () => address !== null && this.#isForwarding(address),
    });
  }

  /** Whether an okq on that machine passes commands of its clients on: then it has many of them. */
  #isForwarding(address: string): boolean {
    if (!this.#shared.context.failover) return false;
    for (const { isForwarded, remoteAddress } of this.#connections) {
      if (isForwarded && remoteAddress === address) return true;
    }
    return false;
  }

  /** If okq closed it at once without reading a command, the client might not read the reason. */
  #refuse(socket: ClientSocket<Connection>, reply: string): void {
    const bytes = Buffer.from(reply);
    socket.write(bytes, 0, bytes.length);
    if (this.#refused.size === REFUSED_MAX) return void socket.close();
    socket.shutdown();
    this.#refused.add(socket);
    this.#shared.context.clock.after(REFUSED_MS, () => {
      this.#refused.delete(socket);
      socket.close();
    });
  }

  handshakeStarted(socket: ClientSocket<Connection>): boolean {
    // As in opened().
    if (socket.remoteAddress === undefined) return false;
    const address = withoutPrefix(socket.remoteAddress);
    if (this.#admission.enterHandshake(address)) return false;
    const cancelTimer = this.#shared.context.clock.after(HANDSHAKE_MS_MAX, () => {
      this.handshakeFailed(socket, `it took longer than ${HANDSHAKE_MS_MAX / 1000} s`);
      socket.terminate();
    });
    this.#handshakes.set(socket, { address, cancelTimer });
    return true;
  }

  handshakeEnded(socket: ClientSocket<Connection>): void {
    const handshake = this.#handshakes.get(socket);
    if (!handshake) return;
    this.#handshakes.delete(socket);
    handshake.cancelTimer();
    this.#admission.leave(handshake.address);
  }

  handshakeFailed(socket: ClientSocket<Connection>, reason: string): void {
    const addr = withoutPrefix(socket.remoteAddress ?? "");
    this.#shared.context.warn("TLS handshake failed", { addr, reason });
  }

  closed(connection: Connection | undefined, error?: Error): void {
    if (!connection) return;
    connection.closed(error);
    this.#admission.leave(connection.remoteAddress);
    this.#connections.delete(connection);
    if (this.#connections.size === 0) this.#onEmpty?.();
  }

  failed(error: Error): void {
    this.#shared.context.reportFailure("connection", error);
  }

  #check(): void {
    const { unstartedInput, context } = this.#shared;
    const nowMs = context.clock.nowMs();
    unstartedInput.check(nowMs);
    for (const connection of this.#connections) connection.check(nowMs);
  }

  /** Another okq serves, or none, or this one. */
  servingChanged(): void {
    for (const { upstream } of this.#connections) upstream?.servingChanged();
  }

  /** The okq that serves does not answer, for that reason: commands on their way there fail. */
  servingUnreached(problem: string): void {
    for (const { upstream } of this.#connections)
      upstream?.cut(`lost the okq that serves: ${problem}`);
  }

  /** Sends the replies to commands in flight, then closes the connections that there are. */
  closeClients(): void {
    for (const connection of this.#connections) connection.quit();
  }

  /**
   * Stops accepting, sends the replies to commands in flight, ends waits with nil, and resolves
   * when all connections are closed, at the latest after some seconds.
   */
  async close(): Promise<void> {
    for (const listener of this.#listeners) listener.stop();
    for (const socket of [...this.#handshakes.keys(), ...this.#refused]) socket.terminate();
    this.#stopChecks();
    if (this.#connections.size === 0) return;
    const empty = new Promise<void>((resolve) => (this.#onEmpty = resolve));
    for (const connection of this.#connections) connection.quit();
    const cancelTimer = this.#shared.context.clock.after(CLOSE_MS_MAX, () => {
      for (const connection of this.#connections) connection.kill();
    });
    await empty;
    cancelTimer();
  }
}
