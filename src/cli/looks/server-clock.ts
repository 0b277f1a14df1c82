// The clock of okq, which may go otherwise than that of this machine.
import type { Okq } from "../../client/client.ts";
import { arrayIn, numberIn } from "../../client/reply.ts";

/** Returns a function that tells okq's time, in seconds since 1970. */
export async function serverClock(okq: Pick<Okq, "call">): Promise<() => number> {
  const [seconds, microseconds] = arrayIn(await okq.call("TIME"));
  const then = numberIn(seconds) + numberIn(microseconds) / 1e6;
  const askedMs = performance.now();
  return () => then + (performance.now() - askedMs) / 1000;
}
