// Runs the tests under the conditions of other machines: the whole suite beside two busy loops,
// then the tests of sockets with other socket buffers, each in a network namespace of its own,
// which needs root. Prints a line for each run, and its failures.
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dir, "../..");
const folder = mkdtempSync(join(tmpdir(), "okq-anywhere-"));
const busyLoops = 2;
/** Minimum, default and maximum in bytes of net.ipv4.tcp_rmem and of net.ipv4.tcp_wmem. */
const socketBuffers = [
  ["4096 16384 131072", "4096 16384 131072"],
  ["4096 131072 6291456", "4096 131072 6291456"],
  ["4096 131072 33554432", "4096 131072 33554432"],
  // A small receive buffer and a large send buffer: the system accepts more bytes after a while.
  ["4096 16384 65536", "4096 16384 4194304"],
] as const;

/** Runs the tests with their output in a file. Returns whether all passed. */
async function run(name: string, argv: string[]): Promise<boolean> {
  const log = join(folder, `${name.replaceAll(/\W+/g, "-")}.log`);
  const from = performance.now();
  const stdio = ["ignore", Bun.file(log), Bun.file(log)] as const;
  const child = Bun.spawn(argv, { cwd: root, stdio: [...stdio] });
  const passed = (await child.exited) === 0;
  const lines = (await Bun.file(log).text()).trimEnd().split("\n");
  const seconds = Math.round((performance.now() - from) / 1_000);
  console.log(`${passed ? "ok" : "FAILED"}: ${name}: ${lines.at(-1)} (${seconds} s, ${log})`);
  for (const line of lines) if (line.startsWith("(fail)")) console.log(`  ${line}`);
  return passed;
}

const suite = [process.execPath, "test/support/run-tests.ts"];

async function besideBusyLoops(): Promise<boolean> {
  const loops = Array.from({ length: busyLoops }, () =>
    Bun.spawn([process.execPath, "-e", "for (;;);"]),
  );
  try {
    return await run(`the whole suite beside ${busyLoops} busy loops`, suite);
  } finally {
    for (const loop of loops) loop.kill("SIGKILL");
  }
}

function withSocketBuffers(receive: string, send: string): Promise<boolean> {
  const settings = [
    `echo ${receive} > /proc/sys/net/ipv4/tcp_rmem`,
    `echo ${send} > /proc/sys/net/ipv4/tcp_wmem`,
  ];
  const script = ["ip link set lo up", ...settings, 'exec "$@"'].join(" && ");
  const tests = [...suite, "test/server/", "test/faults/"];
  const argv = ["unshare", "--net", "sh", "-c", script, "sh", ...tests];
  return run(`socket buffers of ${receive} to receive, ${send} to send`, argv);
}

let passed = await besideBusyLoops();
for (const [receive, send] of socketBuffers) {
  passed = (await withSocketBuffers(receive, send)) && passed;
}
process.exitCode = passed ? 0 : 1;
