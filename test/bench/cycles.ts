// The main measurement: runs cycles of push, pop and ack on every contender in turn. A cell is one
// combination of connections, commands in flight and size of contents.
// oxlint-disable no-await-in-loop -- measurements and servers take turns on purpose
import { contenders, REFERENCE, type Contender, type Running } from "./contenders.ts";
import { dialects } from "./dialects.ts";
import { median } from "./latencies.ts";
import type { LoadReport, LoadSpec } from "./load-spec.ts";
import { runLoad } from "./load-run.ts";
import { isSelected, type Plan, type Section, type Verdict } from "./plan.ts";
import { cpuUs, type CpuUs } from "./servers.ts";
import { decimals, milliseconds, table } from "./table.ts";

interface Cell {
  connections: number;
  inFlight: number;
  contentsBytes: number;
}

interface Measured {
  cell: Cell;
  contender: Contender;
  reports: LoadReport[];
  /** Processor time per operation by process, one entry per round. */
  serverCpuUs: Record<string, CpuUs[]>;
}

interface Target {
  contender: string;
  /** The contender to compare with; Redis Streams by default. */
  reference?: string;
  connections: number;
  inFlight: number;
  /** 100 by default. */
  contentsBytes?: number;
  /** The throughput by default. */
  figure?: Figure;
  ratio: number;
}

/** The figures to compare, one value per round. Less is better, but for the throughput. */
const FIGURES = {
  throughput: ({ reports }: Measured) => reports.map((report) => report.operationsPerSecond),
  "p99 latency": ({ reports }: Measured) => reports.map((report) => report.all.p99Ms),
  "user time": ({ serverCpuUs }: Measured) => firstOf(serverCpuUs).map(({ user }) => user),
  "own processor time": ({ serverCpuUs }: Measured) => firstOf(serverCpuUs).map(sumOf),
  "processor time of all servers": ({ serverCpuUs, reports }: Measured) =>
    reports.map((_, round) =>
      Object.values(serverCpuUs).reduce((sum, rounds) => sum + sumOf(rounds[round]!), 0),
    ),
};
type Figure = keyof typeof FIGURES;

/** Of the process that clients talk to. */
const firstOf = (serverCpuUs: Measured["serverCpuUs"]) => Object.values(serverCpuUs)[0]!;
const sumOf = ({ user, system }: CpuUs) => user + system;

const onDisk = { contender: "disk-okq", reference: "disk-streams" };
const onRedis = { contender: "okq-redis", reference: "okq-memory" };
const STORES = ["redis", "memory", "disk"] as const;
type StoreName = (typeof STORES)[number];
const CLASSIC = { redis: "okq-redis", memory: "okq-memory", disk: "disk-okq" } as const;

/** A cycle of other commands beside one that is simpler, on every store. */
function beside(
  ability: string,
  referenceOn: (store: StoreName) => string,
  ratios: { inFlight: number; ratio: number }[],
): Target[] {
  return STORES.flatMap((store) =>
    ratios.map(({ inFlight, ratio: most }): Target => ({
      contender: `${ability}-${store}`,
      reference: referenceOn(store),
      connections: 50,
      inFlight,
      figure: "processor time of all servers",
      ratio: most,
    })),
  );
}

const bothAt = (most: number) => [1, 16].map((inFlight) => ({ inFlight, ratio: most }));
const groupRatios = [
  { inFlight: 1, ratio: 1.5 },
  { inFlight: 16, ratio: 1.8 },
];

const TARGETS: Target[] = [
  ...beside("tokens", (store) => CLASSIC[store], bothAt(1.2)),
  ...beside("groups", (store) => `waiting-${store}`, groupRatios),
  // A cycle of two operations, LPUSH and BRPOP, beside the classic one, which has three.
  ...beside("lists", (store) => CLASSIC[store], bothAt((1.1 * 3) / 2)),
  ...beside("streams", (store) => CLASSIC[store], bothAt(1.1)),
  ...beside("priorities", (store) => `tokens-${store}`, bothAt(1.2)),
  { contender: "okq-memory", connections: 50, inFlight: 1, figure: "user time", ratio: 0.94 },
  { contender: "okq-memory", connections: 50, inFlight: 16, figure: "user time", ratio: 0.73 },
  { contender: "okq-memory", connections: 50, inFlight: 1, figure: "p99 latency", ratio: 1 },
  { ...onRedis, connections: 50, inFlight: 1, figure: "own processor time", ratio: 1.15 },
  { ...onRedis, connections: 50, inFlight: 16, figure: "own processor time", ratio: 1.15 },
  {
    contender: "okq-redis",
    connections: 50,
    inFlight: 16,
    contentsBytes: 10_240,
    figure: "processor time of all servers",
    ratio: 2,
  },
  { contender: "okq-redis", connections: 50, inFlight: 1, ratio: 0.8 },
  { contender: "okq-redis", connections: 50, inFlight: 16, ratio: 1 },
  { contender: "okq-redis", connections: 50, inFlight: 16, contentsBytes: 10_240, ratio: 0.6 },
  { contender: "okq-memory", connections: 50, inFlight: 1, ratio: 1.1 },
  { contender: "okq-memory", connections: 50, inFlight: 16, ratio: 1.3 },
  { ...onDisk, connections: 50, inFlight: 1, ratio: 1.2 },
  { ...onDisk, connections: 50, inFlight: 16, ratio: 1.5 },
  { ...onDisk, connections: 200, inFlight: 1, ratio: 1 },
  { ...onDisk, reference: "disk-beanstalkd", connections: 50, inFlight: 1, ratio: 4 },
  { ...onDisk, reference: "disk-beanstalkd", connections: 50, inFlight: 16, ratio: 20 },
];

function cells(plan: Plan): Cell[] {
  const all: Cell[] = [];
  for (const contentsBytes of [100, 10_240]) {
    for (const inFlight of [1, 16]) {
      for (const connections of [1, 50, 200]) all.push({ connections, inFlight, contentsBytes });
    }
  }
  const isQuickCell = (cell: Cell) => cell.connections === 50 && cell.contentsBytes === 100;
  return plan.isQuick ? all.filter(isQuickCell) : all;
}

/** `50x16x100B` */
function cellName(cell: Cell): string {
  const { contentsBytes } = cell;
  const size = contentsBytes < 1024 ? `${contentsBytes}B` : `${contentsBytes / 1024}KiB`;
  return `${cell.connections}x${cell.inFlight}x${size}`;
}

async function measureOnce(plan: Plan, running: Running, measured: Measured): Promise<void> {
  const spec: Partial<LoadSpec> = {
    ...measured.cell,
    dialect: running.dialect,
    port: running.port,
    queues: plan.queues,
    measureMs: plan.seconds * 1000,
  };
  const before = running.processes.map((server) => cpuUs(server.pid));
  const report = await runLoad(spec);
  for (const [n, server] of running.processes.entries()) {
    const after = cpuUs(server.pid);
    (measured.serverCpuUs[server.name] ??= []).push({
      user: (after.user - before[n]!.user) / report.operationsTotal,
      system: (after.system - before[n]!.system) / report.operationsTotal,
    });
  }
  const hasAcks = dialects[running.dialect].acked.length > 0;
  if (report.pushes !== report.pops || (hasAcks && report.pops !== report.acks)) {
    throw new Error(`${measured.contender.name}: the numbers of pushes, pops and acks differ`);
  }
  measured.reports.push(report);
}

const operationsPerSecond = (measured: Measured) => median(FIGURES.throughput(measured));

/** The median of the ratios of the rounds: a slow moment of the machine affects both contenders. */
function ratio(
  measured: Measured,
  reference: Measured | undefined,
  figure: Figure = "throughput",
): number {
  if (reference === undefined) return Number.NaN;
  const references = FIGURES[figure](reference);
  return median(FIGURES[figure](measured).map((value, round) => value / references[round]!));
}

/** `6.3 + 8.0` */
function userAndSystem(used: CpuUs[]): string {
  const user = median(used.map((round) => round.user));
  return `${decimals(user, 1)} + ${decimals(median(used.map((round) => round.system)), 1)}`;
}

function row(measured: Measured, reference: Measured | undefined): string[] {
  const { reports, cell, contender } = measured;
  const latency = (step: "push" | "pop" | "ack") => {
    const p50 = milliseconds(median(reports.map((report) => report[step].p50Ms)));
    return `${p50} / ${milliseconds(median(reports.map((report) => report[step].p99Ms)))}`;
  };
  const cpu = Object.entries(measured.serverCpuUs).map(
    ([name, used]) => `${name} ${userAndSystem(used)}`,
  );
  cpu.push(`load ${decimals(median(reports.map((report) => report.loadCpuUsPerOperation)), 1)}`);
  const rates = reports.map((report) => report.operationsPerSecond / 1000);
  return [
    cellName(cell),
    contender.label,
    decimals(median(rates), 1),
    `${decimals(Math.min(...rates), 0)}-${decimals(Math.max(...rates), 0)}`,
    decimals(ratio(measured, reference), 2),
    latency("push"),
    latency("pop"),
    latency("ack"),
    cpu.join(", "),
  ];
}

const HEAD = [
  "connections x in flight x contents",
  "contender",
  "1000 op/s",
  "range",
  "/ Streams",
  "push p50 / p99 ms",
  "pop p50 / p99 ms",
  "ack p50 / p99 ms",
  "CPU µs/op, user + system",
];

async function measureCell(
  plan: Plan,
  cell: Cell,
  running: Map<Contender, Running>,
): Promise<Measured[]> {
  const all: Measured[] = [];
  for (const contender of running.keys()) {
    if (!isSelected(plan, cellName(cell), contender.name)) continue;
    all.push({ cell, contender, reports: [], serverCpuUs: {} });
  }
  for (let round = 0; round < plan.rounds; round++) {
    for (const measured of all) {
      await measureOnce(plan, running.get(measured.contender)!, measured);
    }
  }
  for (const measured of all) {
    const name = measured.contender.label.padEnd(16);
    plan.say(`${cellName(cell)} ${name} ${decimals(operationsPerSecond(measured), 0)} op/s`);
  }
  return all;
}

function verdicts(all: Measured[]): Verdict[] {
  const found: Verdict[] = [];
  for (const target of TARGETS) {
    const at = (name: string) =>
      all.find(
        ({ cell, contender }) =>
          contender.name === name &&
          cell.connections === target.connections &&
          cell.inFlight === target.inFlight &&
          cell.contentsBytes === (target.contentsBytes ?? 100),
      );
    const measured = at(target.contender);
    const reference = at(target.reference ?? REFERENCE);
    if (measured === undefined || reference === undefined) continue;
    const figure = target.figure ?? "throughput";
    const value = ratio(measured, reference, figure);
    const bound = decimals(target.ratio, 2);
    const labels = `${measured.contender.label} / ${reference.contender.label}`;
    const isMoreBetter = figure === "throughput";
    found.push({
      text: `${labels}, ${cellName(measured.cell)}, ${figure}`,
      measured: value,
      target: isMoreBetter ? `at least ${bound}` : `at most ${bound}`,
      isReached: isMoreBetter ? value >= target.ratio : value <= target.ratio,
    });
  }
  return found;
}

export const cycles: Section = {
  name: "cycles",
  run: async (plan, print) => {
    const running = new Map<Contender, Running>();
    for (const contender of contenders) {
      const isWanted = cells(plan).some((cell) => isSelected(plan, cellName(cell), contender.name));
      if (!isWanted) continue;
      if (contender.isInstalled()) {
        running.set(contender, await contender.start(plan.servers, plan.okq));
      } else plan.say(`${contender.label} is not installed: left out`);
    }
    const all: Measured[] = [];
    for (const cell of cells(plan)) all.push(...(await measureCell(plan, cell, running)));
    await plan.servers.stop();
    const referenceOf = ({ cell }: Measured) =>
      all.find((other) => other.cell === cell && other.contender.name === REFERENCE);
    const rows = all.map((measured) => row(measured, referenceOf(measured)));
    print(`\n## Cycles of push, pop, ack\n\n${table(HEAD, rows)}`);
    const nils = all.flatMap(({ reports }) => reports).reduce((sum, r) => sum + r.nilPops, 0);
    if (nils > 0) print(`\n${nils} pops found nothing and were sent again.`);
    return verdicts(all);
  },
};
