// Starts okq as a child process that a test can talk to and kill.
import { type OkqProcess, type ProcessOptions, startProcess } from "./process.ts";
import { Wire } from "./wire.ts";

export interface ListeningOkq extends OkqProcess {
  port: number;
  connect(): Promise<Wire>;
  /** Kills it with SIGKILL and waits until it has ended. */
  crash(): Promise<void>;
}

/** Starts okq on the loopback, on that port or a free one. Killed when the test ends. */
export async function startOkqProcess(
  args: string[],
  port = 0,
  options: ProcessOptions = {},
): Promise<ListeningOkq> {
  const doors = ["--listen-addr", `127.0.0.1:${port}`, "--http-addr", ""];
  const started = startProcess([...doors, ...args], options);
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
