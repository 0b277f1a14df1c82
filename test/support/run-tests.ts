// Runs test files in parallel, each in its own process, and prints the output of each at its end.
// A file fails if a test fails, if it runs no test, if it crashes, and if it leaves a process
// behind. The last line has the totals.
//   bun run test                the whole suite
//   bun run test test/stores    the files whose path contains one of the words
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join, resolve } from "node:path";

export interface Totals {
  passed: number;
  failed: number;
  skipped: number;
}

export interface Ended extends Totals {
  file: string;
  /** The output of the file. */
  output: string;
  /** Reasons for its failure other than failed tests. */
  problems: string[];
  seconds: number;
  /** Processor time of the file and of its child processes. */
  cpuSeconds: number;
}

type Print = (text: string) => void;

const root = resolve(import.meta.dir, "../..");
const testMsMax = 60_000;
/** For the default number of rounds of fault tests; more rounds get more time. */
const fileMsMax = 10 * 60_000 * Math.max(1, Number(process.env["OKQ_FAULT_ROUNDS"] ?? 0) / 2);
/** More files run than there are processors, because most tests wait most of the time. */
const lanes = Math.min(8, 2 * availableParallelism());

/** Files that measure okq or load the machine. They run after the others, one by one. */
const alone = /(login-flood|neighbours|ten-thousand)\.test\.ts$/;
/** Slow files, which start first. */
const long = /^test\/(dialects|faults|http|programs|stores|web|cli\/health)/;

/** The processes of the session that a test file leads. Linux only. */
function sessionOf(leader: number): number[] {
  if (process.platform !== "linux") return [];
  const pids = readdirSync("/proc").map(Number).filter(Boolean);
  return pids.filter((pid) => {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
      // Behind the name, which may contain anything: state, parent, group, session.
      const [state, , , session] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      return state !== "Z" && Number(session) === leader;
    } catch {
      return false;
    }
  });
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim();
  } catch {
    return "gone";
  }
}

function killSession(leader: number): string[] {
  const left = sessionOf(leader).map((pid) => ({ pid, command: commandOf(pid) }));
  for (const { pid } of left) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // The process has ended meanwhile.
    }
  }
  return left.map(({ pid, command }) => `${command} (${pid})`);
}

/** All 0 if the file did not run to its end. */
async function totalsOf(report: string): Promise<Totals> {
  const file = Bun.file(report);
  const text = (await file.exists()) ? await file.text() : "";
  const head = /<testsuites [^>]*>/.exec(text)?.[0] ?? "";
  const count = (name: string) => Number(new RegExp(` ${name}="(\\d+)"`).exec(head)?.[1] ?? 0);
  const [failed, skipped] = [count("failures"), count("skipped")];
  return { passed: count("tests") - failed - skipped, failed, skipped };
}

const running = new Set<number>();

/** Runs the tests of one file. Its report goes into the folder. */
export async function runFile(file: string, folder: string): Promise<Ended> {
  const report = join(folder, `${file.replaceAll("/", "-")}.xml`);
  const from = performance.now();
  const reporter = ["--reporter=junit", `--reporter-outfile=${report}`];
  const path = resolve(root, file);
  const argv = [process.execPath, "test", `--timeout=${testMsMax}`, ...reporter, path];
  const child = Bun.spawn(argv, {
    cwd: root,
    // A session of its own shows which processes the file leaves behind.
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
    timeout: fileMsMax,
    killSignal: "SIGKILL",
  });
  running.add(child.pid);
  // Processes left behind may keep the pipes open, so their output ends only when they are killed.
  const outputs = Promise.all([child.stdout.text(), child.stderr.text()]);
  const code = await child.exited;
  const left = killSession(child.pid);
  running.delete(child.pid);
  const totals = await totalsOf(report);
  const problems = left.map((process) => `left behind: ${process}`);
  if (totals.passed + totals.failed + totals.skipped === 0) problems.push("ran no test");
  if (code !== 0 && totals.failed === 0) problems.push(`ended with ${child.signalCode ?? code}`);
  const seconds = (performance.now() - from) / 1_000;
  const { cpuTime } = child.resourceUsage()!;
  const output = (await outputs).join("").trim();
  const failed = Math.max(totals.failed, problems.length > 0 ? 1 : 0);
  const cpuSeconds = Number(cpuTime.total) / 1_000_000;
  return { file, output, problems, ...totals, failed, seconds, cpuSeconds };
}

/** Runs the files in order, at most atOnce at a time. */
async function runFiles(
  files: string[],
  atOnce: number,
  folder: string,
  print: Print = console.log,
): Promise<Ended[]> {
  const left = [...files];
  const ended: Ended[] = [];
  const lane = async () => {
    for (let file = left.shift(); file; file = left.shift()) {
      const result = await runFile(file, folder);
      print(result.output);
      for (const problem of result.problems) print(`(fail) ${file}: ${problem}`);
      ended.push(result);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
  return ended;
}

/** The last lines in front of each line of a failed test: there Bun prints the reason. */
function failures({ output, problems }: Ended): string[] {
  const lines = output.split("\n");
  const found = lines.flatMap((line, at) => {
    if (!line.startsWith("(fail) ")) return [];
    const others = lines.slice(Math.max(0, at - 40), at);
    const start = others.findLastIndex((other) => /^\((pass|fail|skip)\) /.test(other)) + 1;
    return [[...others.slice(start), line].join("\n")];
  });
  return [...found, ...problems.map((problem) => `(fail) ${problem}`)];
}

/** Prints the failures again at the end, because often only the end of a long output is kept. */
function showFailures(ended: Ended[]): void {
  for (const each of ended.filter(({ failed }) => failed > 0)) {
    console.log(`--- failed: ${each.file}`);
    for (const failure of failures(each)) console.log(failure);
  }
}

/** More failed files than this are a fault of okq, not a disturbance. */
const unsteadyMax = 3;

/**
 * Runs failed files twice more, each alone. If it passes both times, it counts as passed, and its
 * failure stays in the output.
 */
export async function againAlone(
  ended: Ended[],
  folder: string,
  print: Print = console.log,
): Promise<Ended[]> {
  const failed = ended.filter((each) => each.failed > 0);
  if (failed.length > unsteadyMax) return ended;
  const others = ended.filter((each) => each.failed === 0);
  for (const each of failed) {
    print(`--- again, alone: ${each.file}`);
    const own = () => mkdtempSync(join(folder, "again-"));
    const tries = [
      await runFiles([each.file], 1, own(), print),
      await runFiles([each.file], 1, own(), print),
    ].flat();
    const isUnsteady = tries.every((again) => again.failed === 0);
    if (isUnsteady) print(`--- unsteady: ${each.file} failed once, then passed twice`);
    others.push(isUnsteady ? tries[0]! : each);
  }
  return others;
}

function showSlowest(ended: Ended[]): void {
  const all = ended.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0);
  console.log(`--- the slowest files: seconds, of processor time (${Math.round(all)} in all)`);
  for (const { file, seconds, cpuSeconds } of ended
    .toSorted((a, b) => b.seconds - a.seconds)
    .slice(0, 15)) {
    console.log(`${seconds.toFixed(1).padStart(7)} ${cpuSeconds.toFixed(1).padStart(6)} ${file}`);
  }
}

/**
 * Runs the files whose path contains one of the words, or all of them. With repeatsFailed a file
 * that fails beside the others, and then passes twice alone, counts as passed.
 */
export async function runTests(
  words: string[],
  { repeatsFailed }: { repeatsFailed: boolean },
): Promise<Totals> {
  const all = [...new Bun.Glob("test/**/*.test.ts").scanSync({ cwd: root })].toSorted();
  const isMeant = (file: string) => words.length === 0 || words.some((word) => file.includes(word));
  const files = all.filter(isMeant);
  const folder = mkdtempSync(join(tmpdir(), "okq-tests-"));
  const [last, others] = [true, false].map((is) => files.filter((file) => alone.test(file) === is));
  const [first, then] = [true, false].map((is) => others!.filter((file) => long.test(file) === is));
  try {
    let ended = await runFiles([...first!, ...then!], lanes, folder);
    ended.push(...(await runFiles(last!, 1, folder)));
    showSlowest(ended);
    showFailures(ended);
    if (repeatsFailed) ended = await againAlone(ended, folder);
    const sum = (name: keyof Totals) => ended.reduce((total, each) => total + each[name], 0);
    return { passed: sum("passed"), failed: sum("failed"), skipped: sum("skipped") };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export function shown({ passed, failed, skipped }: Totals): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    for (const leader of running) killSession(leader);
    process.exit(1);
  });
}

if (import.meta.main) {
  const totals = await runTests(process.argv.slice(2), { repeatsFailed: false });
  console.log(shown(totals));
  process.exitCode = totals.failed === 0 && totals.passed > 0 ? 0 : 1;
}
