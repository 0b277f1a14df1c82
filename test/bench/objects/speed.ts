// okq on an object store against two ideals.
//
// - calculated: every operation is done with the very next put, and nothing else takes time. With N
//   operations in flight, connections times depth, and puts of P ms these are N operations in P ms
// - measured: what the bare server does, which does little but put, with the same load in the same
//   minute. It has the time that clients and sockets take, and is the target
// oxlint-disable no-await-in-loop -- measurements and servers take turns on purpose
import type { S3Process } from "../../support/s3/s3-process.ts";
import { median } from "../latencies.ts";
import { runLoad } from "../load-run.ts";
import type { Plan, Verdict } from "../plan.ts";
import type { ServerProcess } from "../servers.ts";
import { decimals, milliseconds, table } from "../table.ts";
import { barePutMs, PUT_MS, startBareServer, startBucket, startOkqOnBucket } from "./set-up.ts";

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

interface Run {
  operationsPerSecond: number;
  operationsPerPut: number;
  p50Ms: number;
  p99Ms: number;
}

/** okq and the bare server, one after the other. */
interface Round {
  okq: Run;
  bare: Run;
  putMs: number;
}

async function runCycles(plan: Plan, s3: S3Process, port: number, cell: Cell): Promise<Run> {
  const before = await s3.call("counts");
  const measureMs = plan.seconds * 1000;
  const load = { port, ...cell, warmupMs: WARM_UP_MS, measureMs };
  const report = await runLoad({ ...load, queueName: "cycles" });
  const puts = (await s3.call("counts")).put - before.put;
  if (report.pushes !== report.pops || report.pops !== report.acks) {
    throw new Error("the numbers of pushes, pops and acks differ");
  }
  const { operationsPerSecond, operationsTotal, all } = report;
  return { operationsPerSecond, operationsPerPut: operationsTotal / puts, ...all };
}

/** Cycles of push, pop and ack. */
export async function cycles(plan: Plan, print: (text: string) => void): Promise<Verdict[]> {
  const s3 = await startBucket(PUT_MS);
  const okq = await startOkqOnBucket(plan, { s3, prefix: "cycles" });
  const bare = await startBareServer(plan, s3);
  const verdicts: Verdict[] = [];
  const rows: string[][] = [];
  for (const cell of CELLS) {
    const rounds: Round[] = [];
    for (let n = 0; n < plan.rounds; n++) {
      const putMs = await barePutMs(s3);
      const run = ({ port }: ServerProcess) => runCycles(plan, s3, port, cell);
      rounds.push({ putMs, okq: await run(okq), bare: await run(bare) });
    }
    const name = `${cell.connections}x${cell.inFlight}`;
    const { row, ofBare } = summary(cell, rounds);
    rows.push([name, ...row]);
    plan.say(`objects cycles ${name}: ${decimals(ofBare, 2)} of the bare server`);
    if (cell.ratioMin === undefined) continue;
    verdicts.push({
      text: `cycles ${name} on an object store / bare server`,
      measured: ofBare,
      target: `at least ${cell.ratioMin}`,
      isReached: ofBare >= cell.ratioMin,
    });
  }
  await plan.servers.stop();
  await s3.close();
  const head = ["connections x in flight", "1000 op/s", "/ bare server", "/ calculated"];
  head.push("bare server / calculated", "operations / put", "bare put ms", "p50 ms", "p99");
  print(`\n## Object storage: cycles of push, pop, ack\n\n${table(head, rows)}`);
  return verdicts;
}

function summary({ connections, inFlight }: Cell, rounds: Round[]) {
  const of = (figure: (round: Round) => number) => median(rounds.map(figure));
  const calculated = ({ putMs }: Round) => (connections * inFlight * 1000) / putMs;
  const ofBare = of(({ okq, bare }) => okq.operationsPerSecond / bare.operationsPerSecond);
  const row = [
    decimals(of(({ okq }) => okq.operationsPerSecond) / 1000, 2),
    decimals(ofBare, 2),
    decimals(
      of((round) => round.okq.operationsPerSecond / calculated(round)),
      2,
    ),
    decimals(
      of((round) => round.bare.operationsPerSecond / calculated(round)),
      2,
    ),
    decimals(
      of(({ okq }) => okq.operationsPerPut),
      1,
    ),
    milliseconds(of(({ putMs }) => putMs)),
    milliseconds(of(({ okq }) => okq.p50Ms)),
    milliseconds(of(({ okq }) => okq.p99Ms)),
  ];
  return { row, ofBare };
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
