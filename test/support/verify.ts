// Runs all checks before a merge: format, lint, types, a build, and all tests, including those of
// the built executable. The last line has the totals of the tests.
import { join, resolve } from "node:path";
import { runTests, shown } from "./run-tests.ts";

const root = resolve(import.meta.dir, "../..");
const stepMsMax = 5 * 60_000;

/** Runs one step and passes on its output. Returns whether it exited with 0. */
async function step(name: string, args: string[]): Promise<boolean> {
  console.log(`--- ${name}`);
  const from = performance.now();
  const child = Bun.spawn([process.execPath, ...args], {
    cwd: root,
    stdio: ["ignore", "inherit", "inherit"],
    timeout: stepMsMax,
  });
  const passed = (await child.exited) === 0;
  const seconds = ((performance.now() - from) / 1_000).toFixed(1);
  console.log(`--- ${name}: ${passed ? "ok" : "FAILED"} after ${seconds} s`);
  return passed;
}

const steps = [
  await step("format", ["fmt", "--check"]),
  await step("lint", ["run", "lint"]),
  await step("types", ["check"]),
  await step("build", ["run", "build"]),
];
process.env["OKQ_TEST_EXECUTABLE"] = join(
  root,
  process.platform === "win32" ? "dist/okq.exe" : "dist/okq",
);
const totals = await runTests([], { repeatsFailed: true });
console.log(shown(totals));
process.exitCode = steps.every(Boolean) && totals.failed === 0 && totals.passed > 0 ? 0 : 1;
