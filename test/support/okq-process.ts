// okq as a child process that listens: what a test needs to talk to it and to kill it.
import { type OkqProcess, startProcess } from "./process.ts";
import { Wire } from "./wire.ts";

export interface ListeningOkq extends OkqProcess {
  port: number;
  connect(): Promise<Wire>;
  /** Ends it at once, as kill -9 does, and waits for that. */
  crash(): Promise<void>;
}

/** Started from source on the loopback, on that port or a free one; killed when the test ends. */
export async function startOkqProcess(args: string[], port = 0): Promise<ListeningOkq> {
  const started = startProcess(["--listen-addr", `127.0.0.1:${port}`, ...args]);
  const line = await started.waitForLine(/listening .*port=(\d+)/);
  const listening = Number(line[1]);
  return {
    ...started,
    port: listening,
    connect: () => Wire.connect(listening),
    async crash() {
      started.kill("SIGKILL");
      await started.exited;
    },
  };
}

export function startOkqOnRedis(
  redisPort: number,
  port = 0,
  args: string[] = [],
): Promise<ListeningOkq> {
  return startOkqProcess(["--redis-addr", `127.0.0.1:${redisPort}`, ...args], port);
}
