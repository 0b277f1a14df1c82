// Parses the address of a listener: host and port.

export interface Address {
  hostname: string;
  port: number;
}

/**
 * "127.0.0.1:4777", "[::1]:4777", "localhost:0", or ":4777" for all interfaces (hostname "::",
 * which includes IPv4). Throws a phrase such as "is not an address ...".
 */
export function parseAddress(text: string): Address {
  const [, ipv6, name, port] = /^(?:\[([\da-f:.]+)\]|([\w.-]*)):(\d+)$/i.exec(text) ?? [];
  if (port === undefined) throw new Error("is not an address: host:port, [ipv6]:port or :port");
  if (Number(port) > 65_535) throw new Error("has a port above 65535");
  return { hostname: ipv6 ?? (name || "::"), port: Number(port) };
}
