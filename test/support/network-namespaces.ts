// A network of hosts, made of Linux namespaces on a bridge. A host can be cut off: then packets
// vanish as with a pulled cable, and no connection is reset.
import type { Subprocess } from "bun";
import { closeAfterTest, noteProcess } from "./close-after-test.ts";
import type { Machine } from "./redis-server.ts";

export interface Host extends Machine {
  name: string;
}

let isPossible: boolean | null = null;

/** Whether this machine allows network namespaces. Tried only once. */
export function canUseNamespaces(): boolean {
  if (isPossible === null) {
    const network = new Network();
    try {
      network.host();
      isPossible = true;
    } catch {
      isPossible = false;
    } finally {
      network.close();
    }
  }
  return isPossible;
}

/** A suffix for the title of a test that is skipped without namespaces; else empty. */
export function skipReason(): string {
  return canUseNamespaces() ? "" : " (skipped: needs root and network namespaces)";
}

let networks = 0;

export class Network {
  /** The address of this machine on the bridge, from which all hosts can be reached. */
  readonly address: string;
  readonly #hosts: Host[] = [];
  readonly #name: string;
  readonly #subnet: string;
  readonly #children: Subprocess[] = [];

  /** Tests use startNetwork instead. */
  constructor() {
    const at = networks++;
    // The process id makes names and addresses unique among tests that run side by side.
    this.#name = `ok${process.pid.toString(36)}${at.toString(36)}`;
    this.#subnet = `10.${64 + ((process.pid >> 8) & 63) + 64 * (at % 2)}.${process.pid & 255}`;
    this.address = `${this.#subnet}.1`;
  }

  host(): Host {
    if (this.#hosts.length === 0) this.#makeBridge();
    const at = this.#hosts.length + 2;
    const name = `${this.#name}h${at}`;
    const host: Host = {
      name,
      address: `${this.#subnet}.${at}`,
      command: (argv) => ["ip", "netns", "exec", name, ...argv],
    };
    this.#hosts.push(host);
    ip("netns", "add", name);
    ip("link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", name);
    ip("link", "set", name, "master", this.#name, "up");
    ip("-n", name, "addr", "add", `${host.address}/24`, "dev", "eth0");
    ip("-n", name, "link", "set", "eth0", "up");
    ip("-n", name, "link", "set", "lo", "up");
    return host;
  }

  /** Starts a program on a host, with readable output. It is killed with the network. */
  run(host: Host, argv: string[]): Subprocess<"ignore", "pipe", "pipe"> {
    const child = Bun.spawn(host.command(argv), {
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
    noteProcess(child, `${argv.join(" ")} on ${host.name}`);
    this.#children.push(child);
    return child;
  }

  /** Cuts the host off: no packet reaches it or leaves it. */
  cut(host: Host): void {
    ip("link", "set", host.name, "down");
  }

  join(host: Host): void {
    ip("link", "set", host.name, "up");
  }

  async close(): Promise<void> {
    for (const child of this.#children) child.kill("SIGKILL");
    for (const { name } of this.#hosts) {
      tryIp("link", "del", name);
      tryIp("netns", "del", name);
    }
    tryIp("link", "del", this.#name);
    await Promise.all(this.#children.map(({ exited }) => exited));
  }

  #makeBridge(): void {
    ip("link", "add", this.#name, "type", "bridge");
    ip("addr", "add", `${this.address}/24`, "dev", this.#name);
    ip("link", "set", this.#name, "up");
  }
}

/** Removed when the test ends, with all programs on its hosts. */
export function startNetwork(): Network {
  return closeAfterTest(new Network());
}

function ip(...args: string[]): void {
  const problem = tryIp(...args);
  if (problem !== null) throw new Error(`ip ${args.join(" ")}: ${problem}`);
}

/** The error, or null for success. */
function tryIp(...args: string[]): string | null {
  try {
    const { success, stderr } = Bun.spawnSync(["ip", ...args], { stdout: "ignore" });
    return success ? null : String(stderr).trim();
  } catch (error) {
    return (error as Error).message;
  }
}
