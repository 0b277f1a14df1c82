// Ways to consume a backlog: one event per command, QNEXT, and batches. Counts events per second,
// as ratios of the first way of each comparison.
// oxlint-disable no-await-in-loop -- measurements and commands take turns on purpose
import { Client } from "./client.ts";
import {
  type Running,
  startOkqInMemory,
  startOkqOnDisk,
  startOkqOnRedis,
  type Contender,
} from "./contenders.ts";
import { resp } from "./dialects.ts";
import { median } from "./latencies.ts";
import { isSelected, type Plan, type Section, type Verdict } from "./plan.ts";
import { decimals, table } from "./table.ts";

const CONTENTS = "x".repeat(100);
const BATCH = 100;

/** Works on its queue until `isOver`; returns how many events it handled. */
type Way = (client: Client, queue: string, isOver: () => boolean) => Promise<number>;

interface Comparison {
  name: string;
  connections: number;
  /** Whether events are there before it begins. */
  hasBacklog: boolean;
  before: { label: string; way: Way };
  after: { label: string; way: Way };
  ratio: number;
}

/** The bulk strings of a reply in RESP2. */
function bulks(reply: string): string[] {
  const found: string[] = [];
  for (let at = reply.indexOf("$"); at >= 0; at = reply.indexOf("$", at)) {
    const line = reply.indexOf("\r\n", at);
    const length = Number(reply.slice(at + 1, line));
    const from = line + 2;
    if (length >= 0) found.push(reply.slice(from, from + length));
    at = from + Math.max(0, length);
  }
  return found;
}

const classic: Way = async (client, queue, isOver) => {
  const pop = resp("QRPOP", queue);
  let count = 0;
  while (!isOver()) {
    const [id] = bulks(await client.send(pop));
    if (id === undefined) throw new Error("the backlog is too short");
    await client.call("QACK", queue, id);
    count++;
  }
  return count;
};

const next: Way = async (client, queue, isOver) => {
  let [, id, , token] = bulks(await client.call("QPOP", "FROM", queue));
  let count = 0;
  while (!isOver()) {
    if (id === undefined) throw new Error("the backlog is too short");
    const reply = await client.call("QNEXT", queue, id, token!, "FROM", queue);
    [, id, , token] = bulks(reply);
    count++;
  }
  return count;
};

const singles: Way = async (client, queue, isOver) => {
  let count = 0;
  while (!isOver()) {
    await client.call("QPUSH", queue, CONTENTS);
    const [, id, , token] = bulks(await client.call("QPOP", "FROM", queue));
    await client.call("QACK", queue, id!, "TOKEN", token!);
    count++;
  }
  return count;
};

const batches: Way = async (client, queue, isOver) => {
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

const comparisons: Comparison[] = [
  {
    name: "next",
    connections: 50,
    hasBacklog: true,
    before: { label: "QRPOP, QACK", way: classic },
    after: { label: "QNEXT", way: next },
    ratio: 1.5,
  },
  {
    name: "batches",
    connections: 1,
    hasBacklog: false,
    before: { label: "QPUSH, QPOP, QACK", way: singles },
    after: { label: `QMPUSH, QPOP COUNT, QMACK of ${BATCH}`, way: batches },
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

/** More events per second and connection than any okq handles. */
const BACKLOG_PER_SECOND = 100_000;

async function fill(client: Client, queue: string, events: number): Promise<void> {
  const push = resp("QMPUSH", queue, "EVENTS", ...Array<string>(1000).fill(CONTENTS));
  for (let pushed = 0; pushed < events; pushed += 1000) await client.send(push);
}

/** Events per second. */
async function measure(
  { port }: Running,
  { connections, hasBacklog }: Comparison,
  way: Way,
  seconds: number,
): Promise<number> {
  const queue = "consuming";
  const clients = await Promise.all(
    Array.from({ length: connections }, () => Client.connect(port)),
  );
  await clients[0]!.call("QFLUSH", queue);
  if (hasBacklog) await fill(clients[0]!, queue, seconds * BACKLOG_PER_SECOND);
  const start = performance.now();
  const isOver = () => performance.now() - start >= seconds * 1000;
  const counts = await Promise.all(clients.map((client) => way(client, queue, isOver)));
  const elapsedMs = performance.now() - start;
  for (const client of clients) client.close();
  return (counts.reduce((sum, count) => sum + count, 0) / elapsedMs) * 1000;
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
            await measure(running, comparison, before.way, plan.seconds),
            await measure(running, comparison, after.way, plan.seconds),
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
