// Everything that must hold before a change is good: format, lint, types, a build, and all tests
// with the built executable among them. The last line has the totals of the tests.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dir, "../..");
const stepMsMax = 15 * 60_000;

/** Runs one step with its output passed on; true when it ended with 0. */
async function step(name: string, args: string[], env: Record<string, string> = {}) {
  console.log(`--- ${name}`);
  const from = performance.now();
  const child = Bun.spawn([process.execPath, ...args], {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ["ignore", "inherit", "inherit"],
    timeout: stepMsMax,
  });
  const passed = (await child.exited) === 0;
  const seconds = ((performance.now() - from) / 1_000).toFixed(1);
  console.log(`--- ${name}: ${passed ? "ok" : "FAILED"} after ${seconds} s`);
  return passed;
}

interface Totals {
  passed: number;
  failed: number;
  skipped: number;
}

/** All 0 when there is no report, which then counts as a failure. */
async function totals(report: string): Promise<Totals> {
  const file = Bun.file(report);
  const text = (await file.exists()) ? await file.text() : "";
  const head = /<testsuites [^>]*>/.exec(text)?.[0] ?? "";
  const count = (name: string) => Number(new RegExp(` ${name}="(\\d+)"`).exec(head)?.[1] ?? 0);
  const [failed, skipped] = [count("failures"), count("skipped")];
  return { passed: count("tests") - failed - skipped, failed, skipped };
}

async function verify(folder: string): Promise<boolean> {
  const report = join(folder, "junit.xml");
  const executable = join(root, process.platform === "win32" ? "dist/okq.exe" : "dist/okq");
  const tests = ["test", "--timeout=20000", "--reporter=junit", `--reporter-outfile=${report}`];
  const steps = [
    await step("format", ["fmt", "--check"]),
    await step("lint", ["run", "lint"]),
    await step("types", ["check"]),
    await step("build", ["run", "build"]),
    await step("tests", tests, { OKQ_TEST_EXECUTABLE: executable }),
  ];
  const { passed, failed, skipped } = await totals(report);
  // A test file that cannot be loaded fails the step, but is in no total.
  const failures = Math.max(failed, steps.at(-1) ? 0 : 1);
  console.log(`${passed} passed, ${failures} failed, ${skipped} skipped`);
  return steps.every(Boolean) && failures === 0 && passed > 0;
}

const folder = mkdtempSync(join(tmpdir(), "okq-verify-"));
try {
  process.exitCode = (await verify(folder)) ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true });
}
