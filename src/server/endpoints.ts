// The two ends of a connection, as commands and the log name them.
import { withoutPrefix } from "../admission/addresses.ts";
import type { ClientSocket } from "./client-socket.ts";

export class Endpoints {
  /** Without its port; null for a client of the unix socket. */
  readonly remoteAddress: string | null;
  /** With its port; that of the client of another okq, if this connection is of one. */
  address: string;
  readonly localAddress: string;
  readonly fd: number;

  constructor(socket: ClientSocket, unixPath?: string) {
    const isUnix = unixPath !== undefined;
    this.remoteAddress = isUnix ? null : withoutPrefix(socket.remoteAddress);
    this.address = isUnix ? `${unixPath}:0` : endpoint(socket.remoteAddress, socket.remotePort);
    this.localAddress = isUnix ? `${unixPath}:0` : endpoint(socket.localAddress, socket.localPort);
    // Bun's types lack it.
    this.fd = (socket as unknown as { fd: number }).fd;
  }
}

/** As Redis writes it: IPv6 addresses are in brackets. */
function endpoint(address: string, port: number): string {
  const plain = withoutPrefix(address);
  return plain.includes(":") ? `[${plain}]:${port}` : `${plain}:${port}`;
}
