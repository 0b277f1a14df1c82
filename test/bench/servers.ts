// The server processes of a bench: started on free ports of 127.0.0.1, in a folder of their own,
// all ended together, also on Ctrl-C.
// oxlint-disable no-await-in-loop -- measurements and servers take turns on purpose
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Enough for a server that loads a long backlog. */
const START_MS = 60_000;
const CLOCK_TICKS_PER_SECOND = 100;

export interface ServerProcess {
  name: string;
  pid: number;
  port: number;
}

interface Started extends ServerProcess {
  child: Bun.Subprocess;
}

export class Servers {
  readonly folder = mkdtempSync(join(tmpdir(), "okq-bench-"));
  #started: Started[] = [];

  constructor() {
    process.on("exit", () => this.#kill());
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
      process.on(signal, () => process.exit(130));
    }
  }

  /** Starts a server whose command needs its port, and returns once it accepts connections. */
  async start(
    name: string,
    command: (port: number) => string[],
    port = freePort(),
  ): Promise<ServerProcess> {
    const log = join(this.folder, `${name.replaceAll(/\W+/g, "-")}-${port}.log`);
    const child = Bun.spawn(command(port), {
      cwd: this.folder,
      stdin: "ignore",
      stdout: Bun.file(log),
      stderr: Bun.file(`${log}.err`),
    });
    const server = { name, pid: child.pid, port, child };
    this.#started.push(server);
    const deadline = performance.now() + START_MS;
    while (!(await accepts(port))) {
      if (child.exitCode === null && performance.now() < deadline) {
        await Bun.sleep(10);
        continue;
      }
      const said = readFileSync(`${log}.err`, "utf8") + readFileSync(log, "utf8");
      throw new Error(`${name} did not start: ${said.trim().slice(-1000)}`);
    }
    return server;
  }

  redis(...flags: string[]): Promise<ServerProcess> {
    const fixed = ["--bind", "127.0.0.1", "--dir", this.folder, "--save", ""];
    const durability = flags.length > 0 ? flags : ["--appendonly", "no"];
    const all = [...fixed, ...durability];
    return this.start("redis", (port) => ["redis-server", "--port", `${port}`, ...all]);
  }

  /** Ends these servers, or all of them, and waits until they are gone. */
  async stop(
    servers: ServerProcess[] = this.#started,
    signal: NodeJS.Signals = "SIGKILL",
  ): Promise<void> {
    const pids = new Set(servers.map((server) => server.pid));
    const ending = this.#started.filter((server) => pids.has(server.pid));
    this.#started = this.#started.filter((server) => !pids.has(server.pid));
    for (const server of ending) server.child.kill(signal);
    await Promise.all(ending.map((server) => server.child.exited));
  }

  #kill(): void {
    for (const server of this.#started) server.child.kill("SIGKILL");
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function freePort(): number {
  const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const { port } = listener;
  listener.stop(true);
  return port;
}

async function accepts(port: number): Promise<boolean> {
  try {
    const socket = await Bun.connect({ hostname: "127.0.0.1", port, socket: { data() {} } });
    socket.end();
    return true;
  } catch {
    return false;
  }
}

/** Resident memory of a process in MiB. */
export function rssMiB(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? Number.NaN) / 1024;
}

/** Processor time in microseconds: user time and system time. */
export interface CpuUs {
  user: number;
  system: number;
}

/** The processor time that a process has used since its start. */
export function cpuUs(pid: number): CpuUs {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const us = (ticks: string | undefined) => (Number(ticks) * 1e6) / CLOCK_TICKS_PER_SECOND;
  return { user: us(fields[11]), system: us(fields[12]) };
}
