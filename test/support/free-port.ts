// A port of the loopback that nobody listens on at the moment.

export function freePort(): Promise<number> {
  const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const { port } = listener;
  listener.stop(true);
  return Promise.resolve(port);
}
