// What okq/client costs: cycles of push, pop and ack with it, beside the same commands sent with
// ioredis alone, on one connection each to the same okq in memory.
// oxlint-disable no-await-in-loop -- measurements and commands take turns on purpose
import { randomUUID } from "node:crypto";
import { Redis } from "ioredis";
import { connect } from "okq/client";
import { startOkqInMemory } from "./contenders.ts";
import { median } from "./latencies.ts";
import { isSelected, type Section, type Verdict } from "./plan.ts";
import { decimals, table } from "./table.ts";

const QUEUE = "driver";
const CONTENTS = { text: "x".repeat(80) };
const LANES = [1, 50, 500];
const WARM_UP_SECONDS = 0.5;
const RATIO_MIN = 0.9;

interface Driver {
  cycle(): Promise<void>;
  close(): Promise<void>;
}

function okqClient(port: number): Driver {
  const okq = connect(`127.0.0.1:${port}`);
  const queue = okq.queue<typeof CONTENTS>(QUEUE);
  return {
    async cycle() {
      await queue.push(CONTENTS);
      await queue.ack((await queue.pop())!);
    },
    close: () => okq.close(),
  };
}

function ioredisAlone(port: number): Driver {
  const redis = new Redis(port);
  return {
    async cycle() {
      await redis.call("QPUSH", QUEUE, JSON.stringify(CONTENTS), "ID", randomUUID());
      const popped = (await redis.callBuffer("QPOP", "FROM", QUEUE)) as Buffer[][];
      const [, id, contents, token] = popped[0]!.map(String);
      JSON.parse(contents!);
      await redis.call("QACK", QUEUE, id!, "TOKEN", token!);
    },
    close: async () => redis.disconnect(),
  };
}

interface Speed {
  /** Cycles a second. */
  rate: number;
  /** Processor time of this process for a cycle, in us. */
  us: number;
}

async function speedOf(driver: Driver, lanes: number, seconds: number): Promise<Speed> {
  const startedAtMs = performance.now();
  const before = process.cpuUsage();
  let count = 0;
  const lane = async () => {
    while (performance.now() < startedAtMs + seconds * 1000) {
      await driver.cycle();
      count++;
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  const { user, system } = process.cpuUsage(before);
  return { rate: (count * 1000) / (performance.now() - startedAtMs), us: (user + system) / count };
}

export const driver: Section = {
  name: "driver",
  run: async (plan, print) => {
    const lanes = LANES.filter((count) => isSelected(plan, `${count}`, "driver"));
    const rows: string[][] = [];
    const verdicts: Verdict[] = [];
    const { processes } = await startOkqInMemory(plan.servers, plan.okq);
    const { port } = processes[0]!;
    const drivers = [ioredisAlone(port), okqClient(port)];
    for (const count of lanes) {
      const speeds: Speed[][] = [[], []];
      for (let round = 0; round < plan.rounds; round++) {
        for (const [which, each] of drivers.entries()) {
          await speedOf(each, count, WARM_UP_SECONDS);
          speeds[which]!.push(await speedOf(each, count, plan.seconds));
        }
      }
      const [plain, client] = speeds as [Speed[], Speed[]];
      const ratio = median(client.map(({ rate }, round) => rate / plain[round]!.rate));
      const cost = median(client.map(({ us }, round) => us / plain[round]!.us));
      rows.push([
        `${count}`,
        ...[plain, client].map((all) => decimals(median(all.map(({ rate }) => rate)) / 1000, 1)),
        decimals(ratio, 2),
        decimals(cost, 2),
      ]);
      verdicts.push({
        text: `${count} lanes: cycles with okq/client / with ioredis alone`,
        measured: ratio,
        target: `at least ${RATIO_MIN}`,
        isReached: ratio >= RATIO_MIN,
      });
      plan.say(`driver ${count} lanes: ${decimals(ratio, 2)}`);
    }
    await Promise.all(drivers.map((each) => each.close()));
    await plan.servers.stop();
    const head = ["lanes", "ioredis, thousand cycles/s", "okq/client", "ratio", "processor time"];
    if (rows.length > 0) print(`\n## Driver\n\n${table(head, rows)}`);
    return verdicts;
  },
};
