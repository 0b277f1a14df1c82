// Several okq inside the process of a test that share a bucket in memory. One serves, the others
// stand by. Their queues are in memory too, so a takeover begins with none.
import { openObjects } from "../../src/app/open-objects.ts";
import type { OpenStore } from "../../src/app/opened-store.ts";
import type { Config } from "../../src/config/options.ts";
import { type Clock, systemClock } from "../../src/queue/clock.ts";
import { LocalStore } from "../../src/stores/local/local-store.ts";
import { eventually } from "./eventually.ts";
import { MemoryBucket, MemoryObjects } from "./memory-bucket.ts";
import { startTestOkq, type TestOkq } from "./okq-server.ts";

/** Opens the queues of okq processes that share a bucket. */
export function sharedBucket(clock: Clock = systemClock): OpenStore {
  const objects = new MemoryObjects();
  return async (config, log, listeners) => {
    const bucket = new MemoryBucket(objects, systemClock);
    const open = async () => new LocalStore(listeners);
    return openObjects(config, log, { bucket, counts: null, clock, open });
  };
}

export interface FailoverPair {
  serving: TestOkq;
  standby: TestOkq;
  /** Starts another one. */
  start(config?: Partial<Config>): Promise<TestOkq>;
}

export async function startPair(config: Partial<Config> = {}): Promise<FailoverPair> {
  const open = sharedBucket();
  const start = (own: Partial<Config> = {}) =>
    startTestOkq({ s3Lease: 400, ...config, ...own }, systemClock, open);
  const serving = await start();
  await untilLogged(serving, "serves the queues");
  const standby = await start();
  await untilLogged(standby, "stands by");
  return { serving, standby, start };
}

export async function untilLogged({ log }: TestOkq, text: string): Promise<void> {
  await eventually(() => log.some((line) => line.includes(text)), { message: `log has ${text}` });
}
