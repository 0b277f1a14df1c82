// `okq health`: whether the server of a config serves and a write to its store succeeds.
import type { Config } from "./config/config.ts";
import { connectToServer } from "./own-server.ts";

/** Longer than a store may take that waits for its Redis and for replicas. */
const HEALTH_MS_MAX = 10_000;

/** Says that all is well. Throws one line for a person that says what is not. */
export async function health(config: Config): Promise<string> {
  const tooLate = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    tooLate.reject(new Error(`no answer within ${HEALTH_MS_MAX / 1000} seconds`));
  }, HEALTH_MS_MAX);
  await Promise.race([askServer(config), tooLate.promise]).finally(() => clearTimeout(timer));
  return "ok\n";
}

async function askServer(config: Config): Promise<void> {
  const server = await connectToServer(config);
  if (!server) throw new Error("no okq listens where this configuration says");
  try {
    await server.call("OKQ", "HEALTH");
  } finally {
    server.disconnect();
  }
}
