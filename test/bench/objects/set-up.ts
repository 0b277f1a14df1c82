// The object store of the benchmark: the stand-in as a process, bare puts, and okq or the bare
// server on it.
// oxlint-disable no-await-in-loop -- requests take turns on purpose
import { join } from "node:path";
import { startS3Process, type S3Process } from "../../support/s3/s3-process.ts";
import { testKey } from "../../support/s3-server.ts";
import { Client } from "../client.ts";
import { median } from "../latencies.ts";
import type { Plan } from "../plan.ts";
import type { ServerProcess } from "../servers.ts";
import { putBare } from "./bare-put.ts";

/** How long the stand-in takes for a put. */
export const PUT_MS = 30;
const BARE_PUTS = 20;
const UNTIL_SERVED_MS = 120_000;
const bareServer = join(import.meta.dir, "bare-server.ts");

/** Ends with the bench at the latest. */
export async function startBucket(putMs: number): Promise<S3Process> {
  const s3 = await startS3Process(["--put-ms", `${putMs}`]);
  process.on("exit", () => void s3.close());
  return s3;
}

export interface OkqOnBucket {
  s3: S3Process;
  prefix: string;
  flags?: string[];
  /** A free one without it. */
  port?: number;
}

/** Resolves when okq does commands, by itself or through another okq. */
export async function startOkqOnBucket(
  { servers, okq }: Plan,
  { s3, prefix, flags = [], port: wanted }: OkqOnBucket,
): Promise<ServerProcess> {
  const command = (port: number) => [
    ...okq,
    `--listen-addr=127.0.0.1:${port}`,
    "--http-addr=",
    `--store=s3://bucket/${prefix}`,
    `--s3-endpoint=${s3.url}`,
    `--s3-access-key-id=${testKey.accessKey}`,
    `--s3-secret-access-key=${testKey.secret}`,
    ...flags,
  ];
  const server = await servers.start("okq", command, wanted);
  await untilServed(server.port);
  return server;
}

/** Asks on one connection, so that okq has little to do besides. */
async function untilServed(port: number): Promise<void> {
  const deadlineMs = performance.now() + UNTIL_SERVED_MS;
  let client: Client | null = null;
  try {
    for (;;) {
      try {
        client ??= await Client.connect(port);
        await client.call("QSTATUS", "probe");
        return;
      } catch (error) {
        if (performance.now() > deadlineMs) throw new Error("okq does not serve", { cause: error });
        if (client?.isClosed) client = null;
      }
      await Bun.sleep(5);
    }
  } finally {
    client?.close();
  }
}

/** Resolves when it accepts connections. See bare-server.ts. */
export function startBareServer({ servers }: Plan, s3: S3Process): Promise<ServerProcess> {
  return servers.start("bare", (port) => [process.execPath, bareServer, `${port}`, s3.url]);
}

/** The median in milliseconds of creating a small object, one after the other. */
export async function barePutMs(s3: S3Process): Promise<number> {
  const times: number[] = [];
  for (let n = 0; n <= BARE_PUTS; n++) {
    const begin = performance.now();
    await putBare(s3.url);
    times.push(performance.now() - begin);
  }
  return median(times.slice(1));
}
