// What it costs the others that somebody asks for QSTATS and QUEUES each second.
// oxlint-disable no-await-in-loop -- measurements and servers take turns on purpose
import { Client } from "./client.ts";
import { contenders, type Running } from "./contenders.ts";
import { median } from "./latencies.ts";
import { runLoad } from "./load-run.ts";
import { isSelected, type Plan, type Section, type Verdict } from "./plan.ts";
import { cpuUs } from "./servers.ts";
import { decimals, table } from "./table.ts";

const QUEUE = "bench";
const CONTENDERS = new Set(["okq-redis", "okq-memory", "disk-okq"]);
const EVERY_MS = 1_000;
const IN_FLIGHT = [1, 16];
const RATIO_MAX = 1.03;

/** Processor time of all servers per operation of the classic cycle. */
async function usPerOperation(plan: Plan, running: Running, inFlight: number): Promise<number> {
  const used = () =>
    running.processes
      .map(({ pid }) => cpuUs(pid))
      .reduce((sum, { user, system }) => sum + user + system, 0);
  const before = used();
  const measureMs = plan.seconds * 1000;
  const { operationsTotal } = await runLoad({ port: running.port, inFlight, measureMs });
  return (used() - before) / operationsTotal;
}

/** The same while somebody asks. */
async function whileAsked(plan: Plan, running: Running, inFlight: number): Promise<number> {
  const client = await Client.connect(running.port);
  const ask = () => Promise.all([client.call("QSTATS", QUEUE), client.call("QUEUES")]);
  const timer = setInterval(() => void ask(), EVERY_MS);
  try {
    return await usPerOperation(plan, running, inFlight);
  } finally {
    clearInterval(timer);
    client.close();
  }
}

export const figures: Section = {
  name: "figures",
  run: async (plan, print) => {
    const rows: string[][] = [];
    const verdicts: Verdict[] = [];
    for (const contender of contenders) {
      const isMeant = CONTENDERS.has(contender.name);
      if (!isMeant || !isSelected(plan, "figures", contender.name)) continue;
      const running = await contender.start(plan.servers, plan.okq);
      for (const inFlight of IN_FLIGHT) {
        plan.say(`figures ${contender.label}, ${inFlight} in flight`);
        const [alone, asked]: [number[], number[]] = [[], []];
        for (let round = 0; round < plan.rounds; round++) {
          const measureAlone = async () =>
            alone.push(await usPerOperation(plan, running, inFlight));
          if (round % 2 === 0) await measureAlone();
          asked.push(await whileAsked(plan, running, inFlight));
          if (round % 2 === 1) await measureAlone();
        }
        const ratio = median(asked.map((us, round) => us / alone[round]!));
        const cell = `50x${inFlight}`;
        const name = `${contender.label}, ${cell}`;
        rows.push([name, ...[alone, asked].map((all) => decimals(median(all), 2))]);
        rows.at(-1)!.push(decimals(ratio, 3));
        verdicts.push({
          text: `${name}: processor time while figures are asked for`,
          measured: ratio,
          target: `at most ${RATIO_MAX}`,
          isReached: ratio <= RATIO_MAX,
        });
      }
      await plan.servers.stop();
    }
    const head = [
      "us per operation, all servers",
      "alone",
      "QSTATS and QUEUES each second",
      "ratio",
    ];
    if (rows.length > 0) print(`\n## Figures\n\n${table(head, rows)}`);
    return verdicts;
  },
};
