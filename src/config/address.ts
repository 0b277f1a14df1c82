// Where something listens, as a person writes it: host and port.

export interface Address {
  hostname: string;
  port: number;
}

/**
 * "127.0.0.1:4777", "[::1]:4777", "localhost:0", or ":4777" for all interfaces (hostname "::",
 * which takes IPv4 too). Throws an Error that says what is wrong.
 */
export function parseAddress(text: string): Address {
  const [, ipv6, name, port] = /^(?:\[([\da-f:.]+)\]|([\w.-]*)):(\d+)$/i.exec(text) ?? [];
  if (port === undefined) throw new Error("is not an address: host:port, [ipv6]:port or :port");
  if (Number(port) > 65_535) throw new Error("has a port above 65535");
  return { hostname: ipv6 ?? (name || "::"), port: Number(port) };
}
