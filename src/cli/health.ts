// `okq health`: asks the running server whether a write to its store succeeds.
import type { Config } from "../config/options.ts";
import { connectToServer } from "./running-server.ts";

const HEALTH_MS_MAX = 10_000;
/** Added to the time that the server may wait for its Redis and for replicas. */
const MARGIN_MS = 2_000;

/** Returns "ok". Throws a message of one line if the server is not healthy. */
export async function health(config: Config): Promise<string> {
  const { redisTimeout, redisWaitTimeout } = config;
  const maxMs = Math.max(HEALTH_MS_MAX, redisTimeout + redisWaitTimeout + MARGIN_MS);
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    late.reject(new Error(`no answer within ${maxMs / 1000} seconds`));
  }, maxMs);
  await Promise.race([askServer(config), late.promise]).finally(() => clearTimeout(timer));
  return "ok\n";
}

async function askServer(config: Config): Promise<void> {
  const server = await connectToServer(config);
  if (!server) {
    const { unixSocket, listenAddr, tlsListenAddr } = config;
    throw new Error(`no okq listens on ${unixSocket || listenAddr || tlsListenAddr}`);
  }
  try {
    await server.call("OKQ", "HEALTH");
  } finally {
    server.disconnect();
  }
}
