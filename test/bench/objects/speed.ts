// okq on an object store against the ideal. The ideal is that every operation is done with the very
// next put: with N operations in flight, connections times depth, and puts of P ms it does N
// operations in P ms, and a cycle of push, pop and ack takes three puts.
// oxlint-disable no-await-in-loop -- measurements and servers take turns on purpose
import type { S3Process } from "../../support/s3/s3-process.ts";
import { median } from "../latencies.ts";
import { runLoad } from "../load-run.ts";
import { type Plan, type Verdict } from "../plan.ts";
import { decimals, milliseconds, table } from "../table.ts";
import { barePutMs, PUT_MS, startBucket, startOkqOnBucket } from "./set-up.ts";

const CELLS = [
  { connections: 1, inFlight: 1 },
  { connections: 50, inFlight: 1 },
  { connections: 50, inFlight: 16, ratioMin: 0.8 },
  { connections: 200, inFlight: 1, ratioMin: 0.8 },
];
const WARM_UP_MS = 2000;
const PUSHES = 200;
const PUSH_PUTS_MAX = 1.3;

type Cell = (typeof CELLS)[number];

interface Round {
  operationsPerSecond: number;
  /** Against the ideal. */
  ratio: number;
  operationsPerPut: number;
  /** The part of the time in which a put is under way. */
  busy: number;
  putMs: number;
  p50Ms: number;
  p99Ms: number;
}

async function measure(plan: Plan, s3: S3Process, port: number, cell: Cell): Promise<Round> {
  const putMs = await barePutMs(s3);
  const { connections, inFlight } = cell;
  const before = await s3.call("counts");
  const measureMs = plan.seconds * 1000;
  const load = { port, connections, inFlight, warmupMs: WARM_UP_MS, measureMs };
  const report = await runLoad({ ...load, queueName: "cycles" });
  const puts = (await s3.call("counts")).put - before.put;
  if (report.pushes !== report.pops || report.pops !== report.acks) {
    throw new Error("the numbers of pushes, pops and acks differ");
  }
  const ideal = (connections * inFlight * 1000) / putMs;
  return {
    operationsPerSecond: report.operationsPerSecond,
    ratio: report.operationsPerSecond / ideal,
    operationsPerPut: report.operationsTotal / puts,
    busy: (puts * putMs) / report.elapsedMs,
    putMs,
    p50Ms: report.all.p50Ms,
    p99Ms: report.all.p99Ms,
  };
}

/** Cycles of push, pop and ack. */
export async function cycles(plan: Plan, print: (text: string) => void): Promise<Verdict[]> {
  const s3 = await startBucket(PUT_MS);
  const { port } = await startOkqOnBucket(plan, { s3, prefix: "cycles" });
  const verdicts: Verdict[] = [];
  const rows: string[][] = [];
  for (const cell of CELLS) {
    const rounds: Round[] = [];
    for (let n = 0; n < plan.rounds; n++) rounds.push(await measure(plan, s3, port, cell));
    const of = (name: keyof Round) => median(rounds.map((round) => round[name]));
    const name = `${cell.connections}x${cell.inFlight}`;
    rows.push([
      name,
      decimals(of("operationsPerSecond") / 1000, 2),
      decimals(of("ratio"), 2),
      decimals(of("operationsPerPut"), 1),
      decimals(of("busy"), 2),
      ...(["putMs", "p50Ms", "p99Ms"] as const).map((time) => milliseconds(of(time))),
    ]);
    plan.say(`objects cycles ${name}: ${decimals(of("ratio"), 2)} of the ideal`);
    if (cell.ratioMin === undefined) continue;
    verdicts.push({
      text: `cycles ${name} on an object store / ideal`,
      measured: of("ratio"),
      target: `at least ${cell.ratioMin}`,
      isReached: of("ratio") >= cell.ratioMin,
    });
  }
  await plan.servers.stop();
  await s3.close();
  const head = ["connections x in flight", "1000 op/s", "/ ideal", "operations / put"];
  head.push("time in puts", "bare put ms", "operation p50 ms", "p99");
  print(`\n## Object storage: cycles of push, pop, ack\n\n${table(head, rows)}`);
  return verdicts;
}

/** One client that pushes, one event after the other. */
export async function push(plan: Plan, print: (text: string) => void): Promise<Verdict[]> {
  const s3 = await startBucket(PUT_MS);
  const { port } = await startOkqOnBucket(plan, { s3, prefix: "push" });
  const load = { port, connections: 1, inFlight: 1, plan: "fill", events: PUSHES } as const;
  const rows: string[][] = [];
  const ratios: number[][] = [];
  for (let round = 0; round < plan.rounds; round++) {
    const putMs = await barePutMs(s3);
    const report = await runLoad({ ...load, queueName: "push" });
    const { p50Ms, p99Ms } = report.push;
    ratios.push([p50Ms / putMs, p99Ms / putMs]);
    const times = [putMs, p50Ms, p99Ms].map(milliseconds);
    rows.push([`${round + 1}`, ...times, ...ratios.at(-1)!.map((ratio) => decimals(ratio, 2))]);
  }
  await plan.servers.stop();
  await s3.close();
  const head = ["round", "bare put ms", "push p50 ms", "p99", "p50 in puts", "p99 in puts"];
  print(`\n## Object storage: a push alone\n\n${table(head, rows)}`);
  const measured = median(ratios.map(([p50]) => p50!));
  const isReached = measured < PUSH_PUTS_MAX;
  const target = `less than ${PUSH_PUTS_MAX}`;
  return [{ text: "push alone on an object store, p50 in puts", measured, target, isReached }];
}
