// While its Redis is down, okq tries to reconnect, but uses little processor time and logs little.
import { readFileSync } from "node:fs";
import { expect, setDefaultTimeout, test } from "bun:test";
import { closeAfterTest } from "../support/close-after-test.ts";
import { lasting } from "../support/eventually.ts";
import { type ListeningOkq, startOkqProcess } from "../support/okq-process.ts";
import { startTestRedis } from "../support/okq-server.ts";
import { startCluster } from "../support/redis-cluster.ts";
import { report } from "./rounds.ts";
import { untilWaiting } from "./waiting.ts";

setDefaultTimeout(60_000);

/** Redis is away for two such spans: what the machine does meanwhile may disturb one of them. */
const SPAN_MS = 2_500;
const CPU_SHARE_MAX = 0.15;
const LINES_MAX = 20;
/** The unit of times in /proc, on every Linux. */
const TICK_MS = 10;

/** Milliseconds of processor time so far. */
function cpuMs({ pid }: ListeningOkq): number {
  const [, facts] = readFileSync(`/proc/${pid}/stat`, "latin1").split(") ");
  const [user, system] = facts!.split(" ").slice(11, 13).map(Number);
  return (user! + system!) * TICK_MS;
}

/** The share of a processor that okq uses in one span. */
async function cpuShareOf(okq: ListeningOkq): Promise<number> {
  const before = cpuMs(okq);
  await lasting(SPAN_MS);
  return (cpuMs(okq) - before) / SPAN_MS;
}

async function usesLittleCpu(name: string, okq: ListeningOkq, leave: () => unknown): Promise<void> {
  const consumer = closeAfterTest(await okq.connect());
  await consumer.call("QREGISTER", "a", "b", "c");
  consumer.pipeline(["QNOTIFY", "60"]);
  await untilWaiting(okq.port, 1, "a", "b", "c");
  await leave();
  const share = Math.min(await cpuShareOf(okq), await cpuShareOf(okq));
  const lines = okq.stderr().split("\n").length;
  report(`okq while ${name}`, { cpuPercent: 100 * share, lines });
  expect(share).toBeLessThan(CPU_SHARE_MAX);
  expect(lines).toBeLessThan(LINES_MAX);
  expect(consumer.waiting).toBe(0);
}

test("uses little processor time while Redis is killed or frozen", async () => {
  const [killed, frozen] = [await startTestRedis(), await startTestRedis()];
  const start = (port: number) => startOkqProcess(["--redis-addr", `127.0.0.1:${port}`]);
  const okqs = [await start(killed.port), await start(frozen.port)];
  await Promise.all([
    usesLittleCpu("Redis is killed", okqs[0]!, () => killed.kill()),
    usesLittleCpu("Redis is frozen", okqs[1]!, () => frozen.signal("SIGSTOP")),
  ]);
});

test("uses little processor time while a cluster is killed", async () => {
  const { nodes } = await startCluster({ replicasEach: 0 });
  const okq = await startOkqProcess([
    "--redis-cluster",
    "--redis-addr",
    `127.0.0.1:${nodes[0]!.port}`,
  ]);
  await usesLittleCpu("the cluster is killed", okq, () =>
    Promise.all(nodes.map((node) => node.kill())),
  );
});
