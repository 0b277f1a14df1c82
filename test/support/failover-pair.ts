// Several okq inside the process of a test that share a bucket in memory. One serves, the others
// stand by.
import { openObjects } from "../../src/app/open-objects.ts";
import type { OpenStore } from "../../src/app/opened-store.ts";
import type { Config } from "../../src/config/options.ts";
import { systemClock } from "../../src/queue/clock.ts";
import { closeAfterTest } from "./close-after-test.ts";
import { eventually } from "./eventually.ts";
import { fastFolder } from "./fast-folder.ts";
import { freePort } from "./free-port.ts";
import { MemoryBucket, MemoryObjects, type Passage } from "./memory-bucket.ts";
import { startTestOkq, type TestOkq } from "./okq-server.ts";
import { TcpProxy } from "./tcp-proxy.ts";
import { type UserLine, writeUsers } from "./users.ts";

/** Small: to write 8 MiB at each opening would take most of the time of the tests. */
const walBytes = 4096;

/** Opens the queues of okq processes that share a bucket. */
export function sharedBucket(objects = new MemoryObjects(), passage?: Passage): OpenStore {
  return async (config, log, listeners) => {
    const bucket = new MemoryBucket(objects, systemClock, passage);
    const ownConfig = { ...config, s3Scratch: fastFolder };
    return openObjects(ownConfig, log, { bucket, counts: null, listeners, walBytes });
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
    startTestOkq({ s3Lease: 2_000, ...config, ...own }, systemClock, open);
  const serving = await start();
  await untilLogged(serving, "serves the queues");
  const standby = await start();
  await untilLogged(standby, "stands by");
  return { serving, standby, start };
}

/** An okq that serves, and one that stands by with other users. */
export async function startPairWith(
  atServing: UserLine[],
  atStandby: UserLine[],
  config: Partial<Config> = {},
) {
  const files = [writeUsers(...atServing), writeUsers(...atStandby)] as const;
  const { serving, start } = await startPair({ s3Lease: 10_000, users: files[0].path, ...config });
  const standby = await start({ users: files[1].path });
  await untilLogged(standby, "stands by");
  return { serving, standby, usersOfStandby: files[1] };
}

/** The replies of the okq that serves go through the proxy. */
export async function startDistantPair(config: Partial<Config> = {}) {
  const open = sharedBucket();
  const port = await freePort();
  const proxy = closeAfterTest(TcpProxy.start(port));
  const distant = { listenAddr: `127.0.0.1:${port}`, s3Advertise: `127.0.0.1:${proxy.port}` };
  const start = (own: object) =>
    startTestOkq({ s3Lease: 60_000, ...config, ...own }, systemClock, open);
  const serving = await start(distant);
  await untilLogged(serving, "serves the queues");
  const standby = await start({});
  await untilLogged(standby, "stands by");
  return { serving, standby, proxy };
}

/** Resolves when a line of the log has that text. */
export async function untilLogged({ log }: Pick<TestOkq, "log">, text: string): Promise<void> {
  await eventually(() => log.some((line) => line.includes(text)), { message: `log has ${text}` });
}
