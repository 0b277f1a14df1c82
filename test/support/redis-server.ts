// A real redis-server for a test, on a free port with a folder of its own.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { noteProcess } from "./close-after-test.ts";
import { eventually } from "./eventually.ts";
import { freePort } from "./free-port.ts";

export interface RedisServer {
  port: number;
  /** A connection of the test's own, to look and to break things. */
  redis: Redis;
  /** Ends it at once, as a crash would. */
  kill(): Promise<void>;
  /** Starts it again on the same port with the same data. */
  start(): Promise<void>;
  /** Stops and continues the process (SIGSTOP, SIGCONT). */
  signal(signal: "SIGSTOP" | "SIGCONT"): void;
  close(): Promise<void>;
}

/** With isDurable every write is on disk before its answer (appendonly, fsync always). */
export async function startRedis(options: { isDurable?: boolean } = {}): Promise<RedisServer> {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), "okq-redis-"));
  const redis = new Redis({ port, host: "127.0.0.1", lazyConnect: true, retryStrategy: () => 50 });
  redis.on("error", () => {});
  let process = spawn();

  function spawn() {
    const durable = options.isDurable ? ["yes", "--appendfsync", "always"] : ["no"];
    const place = ["--port", String(port), "--bind", "127.0.0.1", "--dir", folder];
    const kept = ["--save", "", "--appendonly", ...durable];
    const args = ["redis-server", ...place, ...kept];
    const child = Bun.spawn(args, { stdout: "ignore", stderr: "ignore" });
    noteProcess(child, `redis-server on port ${port}`);
    return child;
  }

  async function answering(): Promise<void> {
    await eventually(async () => (await redis.ping()) === "PONG", {
      message: `redis-server answers on port ${port}`,
    });
  }

  await answering();
  return {
    port,
    redis,
    async kill() {
      process.kill("SIGKILL");
      await process.exited;
    },
    async start() {
      process = spawn();
      await answering();
    },
    signal: (signal) => process.kill(signal),
    async close() {
      redis.disconnect();
      process.kill("SIGKILL");
      await process.exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
