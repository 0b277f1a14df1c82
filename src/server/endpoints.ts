// The two ends of a connection, as commands and the log name them.
import type { Socket } from "bun";

export class Endpoints {
  /** Without its port; null for a client of the unix socket. */
  readonly remoteAddress: string | null;
  readonly address: string;
  readonly localAddress: string;
  readonly fd: number;

  constructor(socket: Socket<unknown>, unixPath?: string) {
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

/** Strips the prefix of an IPv4 address that arrived on an IPv6 socket. */
export function withoutPrefix(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, "");
}

/** Whether the client is on this machine: on the loopback, or coming from the address it calls. */
export function isLocal(socket: { remoteAddress: string; localAddress: string }): boolean {
  const remote = withoutPrefix(socket.remoteAddress);
  const local = withoutPrefix(socket.localAddress);
  return remote === "::1" || remote.startsWith("127.") || remote === local;
}
