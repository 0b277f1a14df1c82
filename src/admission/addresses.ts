// Addresses of clients: as okq writes them, and whether one is on this machine.
import { networkInterfaces } from "node:os";

/** Strips the prefix of an IPv4 address that arrived on an IPv6 socket. */
export function withoutPrefix(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, "");
}

/** Whether the client is on this machine: on the loopback, or coming from the address it calls. */
export function isLocal(socket: { remoteAddress: string; localAddress: string }): boolean {
  const remote = withoutPrefix(socket.remoteAddress);
  return isLoopback(remote) || remote === withoutPrefix(socket.localAddress);
}

/** The same for a client that may call any address of this machine. */
export function isOfThisMachine(address: string): boolean {
  if (isLoopback(address)) return true;
  const all = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  // A link-local address may carry the name of its interface.
  const [plain] = address.split("%", 1);
  return all.some((each) => each.address === plain);
}

function isLoopback(address: string): boolean {
  return address === "::1" || address.startsWith("127.");
}
