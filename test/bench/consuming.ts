// Ways to consume: QNEXT beside QRPOP and QACK, and batches beside single commands. Counts events
// per second, as ratios of the first way of each comparison.
// oxlint-disable no-await-in-loop -- measurements and commands take turns on purpose
import { bulks, Client } from "./client.ts";
import { startOkqInMemory, startOkqOnDisk, startOkqOnRedis, type Contender } from "./contenders.ts";
import { resp } from "./dialects.ts";
import { median } from "./latencies.ts";
import { runLoad } from "./load-run.ts";
import type { LoadSpec } from "./load-spec.ts";
import { isSelected, type Plan, type Section, type Verdict } from "./plan.ts";
import { decimals, table } from "./table.ts";

const CONTENTS = "x".repeat(100);
const BATCH = 100;

/** Events per second on the server of that port. */
type Way = (port: number, seconds: number) => Promise<number>;

interface Comparison {
  name: string;
  before: { label: string; way: Way };
  after: { label: string; way: Way };
  ratio: number;
}

/** Works on its queue until `isOver`; returns how many events it handled. */
type Loop = (client: Client, queue: string, isOver: () => boolean) => Promise<number>;

const singles: Loop = async (client, queue, isOver) => {
  let count = 0;
  while (!isOver()) {
    await client.call("QPUSH", queue, CONTENTS);
    const [, id, , token] = bulks(await client.call("QPOP", "FROM", queue));
    await client.call("QACK", queue, id!, "TOKEN", token!);
    count++;
  }
  return count;
};

const batches: Loop = async (client, queue, isOver) => {
  const push = resp("QMPUSH", queue, "EVENTS", ...Array<string>(BATCH).fill(CONTENTS));
  const pop = resp("QPOP", "COUNT", `${BATCH}`, "FROM", queue);
  let count = 0;
  while (!isOver()) {
    await client.send(push);
    const parts = bulks(await client.send(pop));
    const claims = Array.from({ length: parts.length / 4 }, (_, n) => [
      parts[4 * n + 1]!,
      parts[4 * n + 3]!,
    ]);
    await client.call("QMACK", queue, ...claims.flat());
    count += claims.length;
  }
  return count;
};

const QUEUE = "consuming";
/** More events per second than any okq handles. */
const BACKLOG_PER_SECOND = 100_000;
/** The load generator's warm-up, rounded up. */
const WARMUP_SECONDS = 1;

/** With nothing but the client in this process, which hardly matters for one connection. */
const alone =
  (loop: Loop): Way =>
  async (port, seconds) => {
    const client = await Client.connect(port);
    await client.call("QFLUSH", QUEUE);
    const start = performance.now();
    const count = await loop(client, QUEUE, () => performance.now() - start >= seconds * 1000);
    const elapsedMs = performance.now() - start;
    client.close();
    return (count / elapsedMs) * 1000;
  };

/** On 50 connections of the load generator, one command in flight on each, from a backlog. */
const fromBacklog =
  (spec: Pick<LoadSpec, "dialect" | "plan">, commandsPerEvent: number): Way =>
  async (port, seconds) => {
    const client = await Client.connect(port);
    await client.call("QFLUSH", QUEUE);
    await fill(client, QUEUE, (seconds + WARMUP_SECONDS) * BACKLOG_PER_SECOND);
    const measureMs = seconds * 1000;
    const report = await runLoad({ ...spec, port, queueName: QUEUE, measureMs });
    await client.call("QFLUSH", QUEUE);
    client.close();
    if (report.nilPops > 0) throw new Error("the backlog is too short");
    return report.operationsPerSecond / commandsPerEvent;
  };

const comparisons: Comparison[] = [
  {
    name: "next",
    before: { label: "QRPOP, QACK", way: fromBacklog({ dialect: "okq", plan: "consume" }, 2) },
    after: { label: "QNEXT", way: fromBacklog({ dialect: "okq-tokens", plan: "next" }, 1) },
    ratio: 1.5,
  },
  {
    name: "batches",
    before: { label: "QPUSH, QPOP, QACK", way: alone(singles) },
    after: { label: `QMPUSH, QPOP COUNT, QMACK of ${BATCH}`, way: alone(batches) },
    ratio: 3,
  },
];

const setups: { name: string; label: string; start: Contender["start"] }[] = [
  { name: "okq-redis", label: "okq on Redis", start: startOkqOnRedis },
  { name: "okq-memory", label: "okq in memory", start: startOkqInMemory },
  {
    name: "disk-okq",
    label: "okq, default store",
    start: (servers, okq) => startOkqOnDisk(servers, okq),
  },
];

async function fill(client: Client, queue: string, events: number): Promise<void> {
  const push = resp("QMPUSH", queue, "EVENTS", ...Array<string>(1000).fill(CONTENTS));
  for (let pushed = 0; pushed < events; pushed += 1000) await client.send(push);
}

export const consuming: Section = {
  name: "consuming",
  run: async (plan: Plan, print) => {
    const rows: string[][] = [];
    const verdicts: Verdict[] = [];
    for (const setup of setups) {
      if (!comparisons.some(({ name }) => isSelected(plan, name, setup.name))) continue;
      const running = await setup.start(plan.servers, plan.okq);
      for (const comparison of comparisons) {
        if (!isSelected(plan, comparison.name, setup.name)) continue;
        const { before, after, ratio } = comparison;
        const rates: [number, number][] = [];
        for (let round = 0; round < plan.rounds; round++) {
          rates.push([
            await before.way(running.port, plan.seconds),
            await after.way(running.port, plan.seconds),
          ]);
        }
        const measured = median(rates.map(([a, b]) => b / a));
        const thousands = (at: 0 | 1) => decimals(median(rates.map((pair) => pair[at])) / 1000, 1);
        rows.push([setup.label, before.label, thousands(0), after.label, thousands(1)]);
        verdicts.push({
          text: `${setup.label}, ${after.label} / ${before.label}, events per second`,
          measured,
          target: `at least ${decimals(ratio, 1)}`,
          isReached: measured >= ratio,
        });
        plan.say(`${comparison.name} ${setup.label}: ${decimals(measured, 2)}`);
      }
      await plan.servers.stop();
    }
    const head = ["", "one way", "1000 events/s", "another way", "1000 events/s"];
    if (rows.length > 0) print(`\n## Consuming\n\n${table(head, rows)}`);
    return verdicts;
  },
};
