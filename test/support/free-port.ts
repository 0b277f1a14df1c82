// Finds a free port of the loopback, outside the range that the system uses for connections. Test
// files run in parallel, so each process reserves its ports with UDP sockets.

const FIRST = 10_000;
const COUNT = 20_000;
const hostname = "127.0.0.1";

export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST + Math.floor(Math.random() * COUNT);
    if ((await reserve(port)) && isFree(port)) return port;
  }
}

/** Reserves a port until this process ends. False if another process has reserved it. */
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
