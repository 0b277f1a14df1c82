// A port of the loopback that nobody listens on at the moment. It is none that the system gives to
// connections by itself, or it could be taken again before its server has started. Test files run
// side by side: each process keeps its ports to itself by a UDP socket on them.

const FIRST = 10_000;
const COUNT = 20_000;
const hostname = "127.0.0.1";

export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST + Math.floor(Math.random() * COUNT);
    if ((await reserve(port)) && isFree(port)) return port;
  }
}

/** Until this process ends; false when it, or another one, has that port. */
async function reserve(port: number): Promise<boolean> {
  try {
    (await Bun.udpSocket({ hostname, port })).unref();
    return true;
  } catch {
    return false;
  }
}

function isFree(port: number): boolean {
  try {
    Bun.listen({ hostname, port, socket: { data() {} } }).stop(true);
    return true;
  } catch {
    return false;
  }
}
