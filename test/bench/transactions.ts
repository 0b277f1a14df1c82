// What it costs that an acknowledgement and a push are one step: a transaction of both beside the
// two sent together.
// oxlint-disable no-await-in-loop -- measurements and commands take turns on purpose
import { bulks, Client } from "./client.ts";
import { startOkqInMemory, startOkqOnDisk, startOkqOnRedis, type Contender } from "./contenders.ts";
import { resp } from "./dialects.ts";
import { median } from "./latencies.ts";
import { isSelected, type Section, type Verdict } from "./plan.ts";
import { cpuUs, type ServerProcess } from "./servers.ts";
import { decimals, table } from "./table.ts";

const CONTENTS = "x".repeat(100);
const QUEUE = "together";
const CONNECTIONS = 50;
const RATIO_MAX = 1.2;

/** The commands that hand an event over to the other end of the queue. */
type HandOver = (id: string, token: string) => Buffer[];

const apart: HandOver = (id, token) => [
  resp("QACK", QUEUE, id, "TOKEN", token),
  resp("QPUSH", QUEUE, CONTENTS),
];

const together: HandOver = (id, token) => [resp("MULTI"), ...apart(id, token), resp("EXEC")];

const pop = resp("QPOP", "FROM", QUEUE);

/** Pops and hands over until the time is up; returns how many events. */
async function handOver(client: Client, by: HandOver, endsAtMs: number): Promise<number> {
  let count = 0;
  while (performance.now() < endsAtMs) {
    const [, id, , token] = bulks(await client.send(pop));
    await client.sendTogether(by(id!, token!));
    count++;
  }
  return count;
}

function used(processes: ServerProcess[]): number {
  const each = processes.map(({ pid }) => cpuUs(pid));
  return each.reduce((sum, { user, system }) => sum + user + system, 0);
}

/** Processor time of all servers per event, in µs. */
async function usPerEvent(
  processes: ServerProcess[],
  by: HandOver,
  seconds: number,
): Promise<number> {
  const { port } = processes[0]!;
  const clients = await Promise.all(
    Array.from({ length: CONNECTIONS }, () => Client.connect(port)),
  );
  await clients[0]!.call("QFLUSH", QUEUE);
  const push = resp("QPUSH", QUEUE, CONTENTS);
  await Promise.all(clients.map((client) => client.send(push)));
  const before = used(processes);
  const endsAtMs = performance.now() + seconds * 1000;
  const counts = await Promise.all(clients.map((client) => handOver(client, by, endsAtMs)));
  const us = used(processes) - before;
  for (const client of clients) client.close();
  return us / counts.reduce((sum, count) => sum + count, 0);
}

const setups: { name: string; label: string; start: Contender["start"] }[] = [
  { name: "okq-redis", label: "okq on Redis", start: startOkqOnRedis },
  { name: "okq-memory", label: "okq in memory", start: startOkqInMemory },
  {
    name: "disk-okq",
    label: "okq, default store",
    start: (servers, okq) => startOkqOnDisk(servers, okq),
  },
];

export const transactions: Section = {
  name: "transactions",
  run: async (plan, print) => {
    const rows: string[][] = [];
    const verdicts: Verdict[] = [];
    for (const setup of setups) {
      if (!isSelected(plan, "transactions", setup.name)) continue;
      const { processes } = await setup.start(plan.servers, plan.okq);
      const [alone, asOne]: [number[], number[]] = [[], []];
      for (let round = 0; round < plan.rounds; round++) {
        alone.push(await usPerEvent(processes, apart, plan.seconds));
        asOne.push(await usPerEvent(processes, together, plan.seconds));
      }
      await plan.servers.stop();
      const ratio = median(asOne.map((us, round) => us / alone[round]!));
      rows.push([setup.label, ...[alone, asOne].map((all) => decimals(median(all), 1))]);
      rows.at(-1)!.push(decimals(ratio, 2));
      verdicts.push({
        text: `${setup.label}: QACK and QPUSH as one step / the two alone, processor time`,
        measured: ratio,
        target: `at most ${RATIO_MAX}`,
        isReached: ratio <= RATIO_MAX,
      });
      plan.say(`transactions ${setup.label}: ${decimals(ratio, 2)}`);
    }
    const head = ["us per event with its pop, all servers", "two commands", "MULTI, EXEC", "ratio"];
    if (rows.length > 0) print(`\n## Transactions\n\n${table(head, rows)}`);
    return verdicts;
  },
};
