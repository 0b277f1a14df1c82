// The two ends of a connection, as commands and the log name them.
import type { Socket } from "bun";

export class Endpoints {
  /** Without its port; null when the client came by a unix socket. */
  readonly remoteAddress: string | null;
  readonly address: string;
  readonly localAddress: string;
  readonly fd: number;

  constructor(socket: Socket<unknown>, unixPath?: string) {
    const isUnix = unixPath !== undefined;
    this.remoteAddress = isUnix ? null : socket.remoteAddress;
    this.address = isUnix ? `${unixPath}:0` : `${socket.remoteAddress}:${socket.remotePort}`;
    this.localAddress = isUnix ? `${unixPath}:0` : `${socket.localAddress}:${socket.localPort}`;
    // Bun's types lack it.
    this.fd = (socket as unknown as { fd: number }).fd;
  }
}
