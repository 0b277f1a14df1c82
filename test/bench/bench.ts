// Start here: `bun run bench --help`. Measures okq beside other queue servers on this machine and
// prints Markdown.
// oxlint-disable no-await-in-loop -- measurements and servers take turns on purpose
import { existsSync } from "node:fs";
import { availableParallelism, loadavg, totalmem } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { repository } from "./contenders.ts";
import { consuming } from "./consuming.ts";
import { cycles } from "./cycles.ts";
import { driver } from "./driver.ts";
import { durable } from "./durable.ts";
import { fairness } from "./fairness.ts";
import { figures } from "./figures.ts";
import { memory } from "./memory.ts";
import { objects } from "./objects.ts";
import type { Plan, Section, Verdict } from "./plan.ts";
import { Servers } from "./servers.ts";
import { decimals, table } from "./table.ts";
import { transactions } from "./transactions.ts";
import { wake } from "./wake.ts";

const USAGE = `bun run bench [cycles] [consuming] [durable] [wake] [memory]
                [fairness] [figures] [transactions] [driver] [objects] [options]
  --rounds N         rounds per cell; the contenders take turns (5)
  --seconds N        measured seconds per contender, cell and round (2)
  --only A,B         cell/contender; either may be missing: 50x1/okq-redis, x16, streams
  --queues N         number of queues, over which connections are spread (1)
  --quick            2 rounds of 1 s, 50 connections and 100 B only, a tenth of the events
  --executable FILE  the okq to measure, an executable or a .ts file (built: dist/okq)
  --source           measure src/main.ts, without a build`;

const sections: Section[] = [
  cycles,
  consuming,
  durable,
  wake,
  memory,
  fairness,
  figures,
  transactions,
  driver,
  objects,
];
const say = (text: string) => console.error(text);

function options() {
  return parseArgs({
    args: Bun.argv.slice(2),
    allowPositionals: true,
    options: {
      rounds: { type: "string" },
      seconds: { type: "string" },
      only: { type: "string", default: "" },
      queues: { type: "string", default: "1" },
      quick: { type: "boolean", default: false },
      executable: { type: "string" },
      source: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
}

/** Measures the compiled executable, as users run it, or the source if the build fails. */
function okqCommand(executable: string | undefined, isSource: boolean): string[] {
  if (executable !== undefined) {
    const path = resolve(executable);
    return path.endsWith(".ts") ? [process.execPath, path] : [path];
  }
  const built = join(repository, "dist/okq");
  if (!isSource && existsSync(join(repository, "build.ts"))) {
    const build = Bun.spawnSync([process.execPath, "build.ts"], { cwd: repository });
    if (build.exitCode === 0 && existsSync(built)) return [built];
    say(`The build failed: ${build.stderr.toString().trim().slice(-300)}`);
  }
  say("Note: measuring src/main.ts with bun, not the compiled executable.");
  return [process.execPath, join(repository, "src/main.ts")];
}

/** The version that a server prints, without build details; empty if it is not installed. */
function version(...command: string[]): string[] {
  if (Bun.which(command[0]!) === null) return [];
  return [
    Bun.spawnSync(command)
      .stdout.toString()
      .trim()
      .split(/ sha=|\n/)[0]!,
  ];
}

/** The machine and the versions, with a warning if other programs make the figures unreliable. */
function describeMachine(okq: string[]): string {
  const parts = [
    `${availableParallelism()} cores, ${Math.round(totalmem() / 2 ** 30)} GiB`,
    `Bun ${Bun.version}`,
    `okq as ${okq.length === 1 ? "a compiled executable" : "source"}`,
    ...version("redis-server", "--version"),
    ...version("beanstalkd", "-v"),
    ...version("disque-server", "--version"),
  ];
  const busy = loadavg()[0]!;
  if (busy > 0.5)
    parts.push(
      `load average before the start ${busy.toFixed(1)}: other programs affect the figures`,
    );
  return parts.join("; ");
}

function printVerdicts(verdicts: Verdict[]): void {
  if (verdicts.length === 0) return;
  const rows = verdicts.map(({ text, measured, target, isReached }) => [
    text,
    decimals(measured, 2),
    target,
    isReached ? "reached" : "missed",
  ]);
  console.log(`\n## Targets\n\n${table(["", "measured", "target", ""], rows)}`);
}

async function main(): Promise<void> {
  const { values, positionals } = options();
  const unknown = positionals.find((name) => !sections.some((section) => section.name === name));
  if (unknown !== undefined) throw new Error(`unknown section ${unknown}\n${USAGE}`);
  if (values.help) return console.log(USAGE);
  const isQuick = values.quick;
  const plan: Plan = {
    servers: new Servers(),
    okq: okqCommand(values.executable, values.source),
    rounds: Number(values.rounds ?? (isQuick ? 2 : 5)),
    seconds: Number(values.seconds ?? (isQuick ? 1 : 2)),
    queues: Number(values.queues),
    isQuick,
    filters: values.only.split(",").filter((filter) => filter !== ""),
    say,
  };
  console.log(`# Benchmarks\n\n${describeMachine(plan.okq)}`);
  const verdicts: Verdict[] = [];
  try {
    for (const section of sections) {
      if (positionals.length > 0 && !positionals.includes(section.name)) continue;
      verdicts.push(...(await section.run(plan, console.log)));
    }
    printVerdicts(verdicts);
  } finally {
    await plan.servers.stop();
  }
}

try {
  await main();
  process.exit(0);
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exit(1);
}
