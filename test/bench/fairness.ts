// The effect of one hostile client on the others: the p99 latency of well-behaved connections alone
// and beside each kind of hostile client.
// oxlint-disable no-await-in-loop -- measurements and servers take turns on purpose
import { join } from "node:path";
import { Client } from "./client.ts";
import { startOkqInMemory, startOkqOnRedis, startStreams, type Running } from "./contenders.ts";
import { HOSTILE_QUEUE, hostileKinds } from "./hostile-kinds.ts";
import { median } from "./latencies.ts";
import { runLoad, STALLED } from "./load-run.ts";
import type { LoadSpec } from "./load-spec.ts";
import { isSelected, type Plan, type Section, type Verdict } from "./plan.ts";
import { decimals, milliseconds, table } from "./table.ts";

const CONNECTIONS = 20;
const ROUNDS_MAX = 3;
const FACTOR_MAX = 2;
const SETTLE_MS = 300;

const subjects = [
  { name: "okq-redis", label: "okq on Redis", start: startOkqOnRedis },
  { name: "okq-memory", label: "okq in memory", start: startOkqInMemory },
  { name: "streams", label: "Redis Streams", start: startStreams },
];

type Subject = (typeof subjects)[number];

/** busy: one cycle after the other; paced: one every 10 ms, with latencies from its due time. */
const paces = [
  { name: "busy", paceMs: 0 },
  { name: "paced", paceMs: 10 },
];

interface Outcome {
  p99Ms: number;
  operationsPerSecond: number;
}

interface Figures {
  p99Ms: number[];
  operationsPerSecond: number[];
  /** Rounds in which the server closed the hostile client's connection. */
  closed: number;
}

const program = join(import.meta.dir, "hostile.ts");

async function runBeside(running: Running, kind: string | undefined, work: () => Promise<void>) {
  if (kind === undefined) {
    await work();
    return false;
  }
  const form = running.dialect === "okq" ? "okq" : "redis";
  const child = Bun.spawn([process.execPath, program, kind, `${running.port}`, form], {
    stdout: "pipe",
    stderr: "inherit",
  });
  const ready = Promise.withResolvers<void>();
  let output = "";
  const reading = (async () => {
    for await (const chunk of child.stdout) {
      output += Buffer.from(chunk).toString();
      if (output.includes("ready")) ready.resolve();
    }
    ready.reject(new Error(`the hostile client (${kind}) ended before it was ready`));
  })();
  try {
    await ready.promise;
    await work();
  } finally {
    child.kill("SIGKILL");
    await child.exited;
    await reading;
  }
  await cleanUp(running);
  return output.includes("closed");
}

/** Empties the hostile queue, after all commands that the hostile client has sent. */
async function cleanUp(running: Running): Promise<void> {
  const client = await Client.connect(running.port);
  await client.call(running.dialect === "okq" ? "QFLUSH" : "DEL", HOSTILE_QUEUE);
  client.close();
  await Bun.sleep(SETTLE_MS);
}

async function measureOnce(
  plan: Plan,
  running: Running,
  kind: string | undefined,
  paceMs: number,
  figures: Figures,
): Promise<void> {
  const closed = await runBeside(running, kind, async () => {
    const report = await loadOrStall(plan, {
      dialect: running.dialect,
      port: running.port,
      connections: CONNECTIONS,
      measureMs: plan.seconds * 1000,
      paceMs,
    });
    figures.p99Ms.push(report.p99Ms);
    figures.operationsPerSecond.push(report.operationsPerSecond);
  });
  if (closed) figures.closed++;
}

/** Runs the load. A server that stops answering is a result; a wrong reply is an error. */
async function loadOrStall(plan: Plan, spec: Partial<LoadSpec>): Promise<Outcome> {
  try {
    const { all, operationsPerSecond } = await runLoad(spec);
    return { p99Ms: all.p99Ms, operationsPerSecond };
  } catch (error) {
    if (!String(error).includes(STALLED)) throw error;
    plan.say(String(error));
    return { p99Ms: Number.POSITIVE_INFINITY, operationsPerSecond: 0 };
  }
}

function kindsFor(subject: Subject): string[] {
  const isRedis = subject.name === "streams";
  return Object.keys(hostileKinds).filter(
    (kind) => !isRedis || hostileKinds[kind]!(true).isForRedis,
  );
}

/** Measures a new server alone and beside every kind in turn, round after round. */
async function measure(plan: Plan, subject: Subject, paceMs: number): Promise<Figures[]> {
  const running = await subject.start(plan.servers, plan.okq);
  const kinds = [undefined, ...kindsFor(subject)];
  const all: Figures[] = kinds.map(() => ({ p99Ms: [], operationsPerSecond: [], closed: 0 }));
  for (let round = 0; round < Math.min(plan.rounds, ROUNDS_MAX); round++) {
    for (const [n, kind] of kinds.entries()) {
      await measureOnce(plan, running, kind, paceMs, all[n]!);
    }
  }
  await plan.servers.stop();
  return all;
}

function row(subject: Subject, pace: string, label: string, figures: Figures, alone: Figures) {
  return [
    `${subject.label}, ${pace}: ${label}`,
    milliseconds(median(figures.p99Ms)),
    decimals(factor(figures, alone), 2),
    decimals(median(figures.operationsPerSecond) / 1000, 1),
    figures.closed > 0 ? `${figures.closed} of ${figures.p99Ms.length}` : "",
  ];
}

const factor = (figures: Figures, alone: Figures) => median(figures.p99Ms) / median(alone.p99Ms);

const HEAD = ["beside", "p99 ms", "factor", "1000 op/s", "hostile closed"];

/** The kind with the largest effect. The control does not count, because it is not a client. */
function worst(subject: Subject, pace: string, alone: Figures, others: Figures[]): Verdict {
  let found = { kind: "", factor: 0 };
  for (const [n, kind] of kindsFor(subject).entries()) {
    const measured = factor(others[n]!, alone);
    if (kind !== "compute" && measured > found.factor) found = { kind, factor: measured };
  }
  const { label } = hostileKinds[found.kind]!(false);
  return {
    text: `${subject.label}: others' p99, ${pace}, at worst (${label})`,
    measured: found.factor,
    target: `below ${FACTOR_MAX}`,
    isReached: found.factor < FACTOR_MAX,
  };
}

export const fairness: Section = {
  name: "fairness",
  run: async (plan, print) => {
    const rows: string[][] = [];
    const verdicts: Verdict[] = [];
    for (const subject of subjects) {
      if (!isSelected(plan, "fairness", subject.name)) continue;
      for (const { name, paceMs } of paces) {
        plan.say(`fairness ${subject.label}, ${name}`);
        const [alone, ...others] = await measure(plan, subject, paceMs);
        rows.push(row(subject, name, "nobody (alone)", alone!, alone!));
        for (const [n, kind] of kindsFor(subject).entries()) {
          rows.push(row(subject, name, hostileKinds[kind]!(false).label, others[n]!, alone!));
        }
        if (subject.name !== "streams") verdicts.push(worst(subject, name, alone!, others));
      }
    }
    if (rows.length > 0) {
      print(`\n## ${CONNECTIONS} well-behaved connections beside a hostile one\n`);
      print(table(HEAD, rows));
    }
    return verdicts;
  },
};
