// `okq health`: whether the server of a config serves and a write to its store succeeds.
import type { Config } from "../config/options.ts";
import { connectToServer } from "./running-server.ts";

const HEALTH_MS_MAX = 10_000;
/** Added to the time that the store may wait for its Redis and for replicas. */
const MARGIN_MS = 2_000;

/** Says that all is well. Throws one line for a person that says what is not. */
export async function health(config: Config): Promise<string> {
  const { redisTimeout, redisWaitTimeout } = config;
  const maxMs = Math.max(HEALTH_MS_MAX, redisTimeout + redisWaitTimeout + MARGIN_MS);
  const tooLate = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    tooLate.reject(new Error(`no answer within ${maxMs / 1000} seconds`));
  }, maxMs);
  await Promise.race([askServer(config), tooLate.promise]).finally(() => clearTimeout(timer));
  return "ok\n";
}

async function askServer(config: Config): Promise<void> {
  const server = await connectToServer(config);
  if (!server) throw new Error(`no okq listens on ${whereToListen(config)}`);
  try {
    await server.call("OKQ", "HEALTH");
  } finally {
    server.disconnect();
  }
}

function whereToListen({ unixSocket, listenAddr, tlsListenAddr }: Config): string {
  return unixSocket || listenAddr || tlsListenAddr;
}
