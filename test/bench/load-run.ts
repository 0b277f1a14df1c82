// Runs the load generator as a process of its own and reads its report.
import { join } from "node:path";
import { defaultSpec, type LoadReport, type LoadSpec } from "./load-spec.ts";

/** The start of the generator's error when a server has stopped answering. */
export const STALLED = "no reply for";

const program = join(import.meta.dir, "load.ts");

/** Throws the generator's error when a reply was wrong or missing. */
export async function runLoad(spec: Partial<LoadSpec>): Promise<LoadReport> {
  const whole = JSON.stringify({ ...defaultSpec, ...spec });
  const child = Bun.spawn([process.execPath, program, whole], { stdout: "pipe", stderr: "pipe" });
  const [output, problem, status] = await Promise.all([
    child.stdout.text(),
    child.stderr.text(),
    child.exited,
  ]);
  if (status !== 0) throw new Error(`load generator: ${problem.trim()} (options: ${whole})`);
  return JSON.parse(output) as LoadReport;
}
