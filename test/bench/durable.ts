// The cost of the default, durable store: a push compared with a bare write and fsync, the highest
// latencies under a steady load, and start time, memory and speed with a long backlog.
// oxlint-disable no-await-in-loop -- measurements and servers take turns on purpose
import { closeSync, fsyncSync, openSync, rmSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import { type Running, startOkqOnDisk } from "./contenders.ts";
import { median } from "./latencies.ts";
import { runLoad } from "./load-run.ts";
import { isSelected, type Plan, type Section, type Verdict } from "./plan.ts";
import { rssMiB } from "./servers.ts";
import { decimals, milliseconds, table } from "./table.ts";

const PUSHES = 1000;
/** The size of a push command for an event of 100 B. */
const PUSH_BYTES = 160;
const STEADY_MS = 20_000;
const BACKLOGS = [1_000_000, 5_000_000];
const START_MS_MAX: Record<number, number> = { 1_000_000: 3_000, 5_000_000: 15_000 };

const target = (text: string, measured: number, max: number): Verdict => ({
  text,
  measured,
  target: `at most ${max}`,
  isReached: measured <= max,
});

/** The median in milliseconds of appending the bytes to a file and syncing it. */
function writeAndSync(folder: string): number {
  const file = join(folder, "bare");
  const descriptor = openSync(file, "w");
  const bytes = Buffer.alloc(PUSH_BYTES, "x");
  const times = Array.from({ length: PUSHES }, () => {
    const begin = performance.now();
    writeSync(descriptor, bytes);
    fsyncSync(descriptor);
    return performance.now() - begin;
  });
  closeSync(descriptor);
  rmSync(file);
  return median(times);
}

async function pushAlone(plan: Plan, print: (text: string) => void): Promise<Verdict[]> {
  const { port } = await startOkqOnDisk(plan.servers, plan.okq);
  const load = { port, connections: 1, inFlight: 1, plan: "fill", events: PUSHES } as const;
  const ratios: number[] = [];
  const rows: string[][] = [];
  for (let round = 0; round < plan.rounds; round++) {
    const { push } = await runLoad({ ...load, queueName: `alone-${round}` });
    const bare = writeAndSync(plan.servers.folder);
    ratios.push(push.p50Ms / bare);
    rows.push([`${round + 1}`, milliseconds(push.p50Ms), milliseconds(bare)]);
  }
  await plan.servers.stop();
  const head = ["round", "push p50 ms", "bare write+fsync p50 ms"];
  print(`\n## A push alone on one connection\n\n${table(head, rows)}`);
  return [target("push alone / bare write+fsync, p50", median(ratios), 1.5)];
}

async function steady(plan: Plan, print: (text: string) => void): Promise<Verdict[]> {
  const rows: string[][] = [];
  const verdicts: Verdict[] = [];
  for (const inFlight of [1, 16]) {
    const { port } = await startOkqOnDisk(plan.servers, plan.okq);
    const measureMs = plan.isQuick ? STEADY_MS / 4 : STEADY_MS;
    const { all, operationsPerSecond } = await runLoad({ port, inFlight, measureMs });
    await plan.servers.stop();
    const times = [all.p50Ms, all.p99Ms, all.p999Ms, all.maxMs].map(milliseconds);
    rows.push([`50x${inFlight}`, decimals(operationsPerSecond / 1000, 1), ...times]);
    verdicts.push(target(`steady load 50x${inFlight}, p99.9 in ms`, all.p999Ms, 50));
  }
  const head = ["connections x in flight", "1000 op/s", "p50 ms", "p99", "p99.9", "max"];
  print(`\n## A steady load\n\n${table(head, rows)}`);
  return verdicts;
}

async function backlog(plan: Plan, events: number): Promise<{ row: string[]; startMs: number }> {
  const file = join(plan.servers.folder, `backlog-${events}`, "okq.db");
  const filling = await startOkqOnDisk(plan.servers, plan.okq, file);
  const window = { connections: 16, inFlight: 64, queueName: "backlog" };
  const emptyMiB = residentMiB(filling);
  const fill = await runLoad({ ...window, port: filling.port, plan: "fill", events });
  const fullMiB = residentMiB(filling);
  await plan.servers.stop();
  const begin = performance.now();
  const running = await startOkqOnDisk(plan.servers, plan.okq, file);
  const startMs = performance.now() - begin;
  const startedMiB = residentMiB(running);
  const { port } = running;
  const cycles = await runLoad({ ...window, port, connections: 50, inFlight: 16 });
  await plan.servers.stop();
  const row = [
    events.toLocaleString("en"),
    decimals(fill.operationsPerSecond / 1000, 0),
    decimals(startMs / 1000, 1),
    ...[emptyMiB, fullMiB, startedMiB].map((size) => decimals(size, 0)),
    decimals(((startedMiB - emptyMiB) * 2 ** 20) / events, 0),
    decimals(cycles.operationsPerSecond / 1000, 0),
    decimals(statSync(file).size / 2 ** 20, 0),
  ];
  rmSync(join(file, ".."), { recursive: true });
  return { row, startMs };
}

const residentMiB = ({ processes }: Running) => rssMiB(processes[0]!.pid);

async function backlogs(plan: Plan, print: (text: string) => void): Promise<Verdict[]> {
  const rows: string[][] = [];
  const verdicts: Verdict[] = [];
  for (const events of [5_000, ...(plan.isQuick ? [100_000] : BACKLOGS)]) {
    plan.say(`durable backlog ${events}`);
    const { row, startMs } = await backlog(plan, events);
    rows.push(row);
    const most = START_MS_MAX[events];
    if (most) verdicts.push(target(`start with ${row[0]} events, ms`, startMs, most));
  }
  const head = ["events waiting", "1000 push/s", "start s", "RSS MiB empty", "full", "started"];
  head.push("bytes / event", "1000 op/s, cycles 50x16", "file MiB");
  print(`\n## A backlog after kill -9\n\n${table(head, rows)}`);
  return verdicts;
}

const parts = { alone: pushAlone, steady, backlogs };

export const durable: Section = {
  name: "durable",
  run: async (plan, print) => {
    const verdicts: Verdict[] = [];
    for (const [name, part] of Object.entries(parts)) {
      if (isSelected(plan, "durable", name)) verdicts.push(...(await part(plan, print)));
    }
    return verdicts;
  },
};
