// Runs commands of the command line client as child processes: the built executable if
// OKQ_TEST_EXECUTABLE names it, else okq from source.
import { onTestFinished } from "bun:test";
import { resolve } from "node:path";
import { noteProcess } from "./close-after-test.ts";

const main = resolve(import.meta.dir, "../../src/main.ts");

/** The words that start okq. */
export const okqProgram: readonly string[] = process.env["OKQ_TEST_EXECUTABLE"]
  ? [process.env["OKQ_TEST_EXECUTABLE"]]
  : [process.execPath, main];

export interface CommandOptions {
  /** Standard input; empty without it. */
  input?: string | Uint8Array;
  /** Added to an environment with only PATH and HOME. */
  env?: Record<string, string>;
  cwd?: string;
}

export interface Ended {
  /** 128 + n after a signal n. */
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs a command to its end. */
export async function okq(args: string[], options: CommandOptions = {}): Promise<Ended> {
  const { stdout, ...rest } = await okqBytes(args, options);
  return { ...rest, stdout: stdout.toString() };
}

/** The same, with the output as bytes. */
export async function okqBytes(
  args: string[],
  options: CommandOptions = {},
): Promise<Omit<Ended, "stdout"> & { stdout: Buffer }> {
  const child = startOkqCommand(args, options);
  const [code, stdout, stderr] = await Promise.all([
    child.exited,
    child.stdout.bytes(),
    child.stderr.text(),
  ]);
  return { code, stdout: Buffer.from(stdout), stderr };
}

/** Starts a command; the test feeds and reads it. Killed when the test ends. */
export function startOkqCommand(args: string[], { input, env, cwd }: CommandOptions = {}) {
  const { PATH = "", HOME = "" } = process.env;
  const child = Bun.spawn([...okqProgram, ...args], {
    cwd: cwd ?? process.cwd(),
    env: { PATH, HOME, ...env },
    stdin: Buffer.from(input ?? ""),
    stdout: "pipe",
    stderr: "pipe",
  });
  noteProcess(child, `okq ${args.join(" ")}`);
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await child.exited;
  });
  return child;
}

/** Runs a line of bash in which `okq` is okq, at the server of that port. */
export async function shell(
  line: string,
  { env, ...options }: CommandOptions & { port?: number } = {},
): Promise<Ended> {
  const { PATH = "", HOME = "" } = process.env;
  const words = okqProgram.map((word) => `'${word}'`).join(" ");
  const address = options.port === undefined ? {} : { OKQ_ADDR: `127.0.0.1:${options.port}` };
  const child = Bun.spawn(["bash", "-c", `okq() { ${words} "$@"; }\n${line}`], {
    cwd: options.cwd ?? process.cwd(),
    env: { PATH, HOME, ...address, ...env },
    stdin: Buffer.from(options.input ?? ""),
    stdout: "pipe",
    stderr: "pipe",
  });
  noteProcess(child, line);
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await child.exited;
  });
  const [code, stdout, stderr] = await Promise.all([
    child.exited,
    child.stdout.text(),
    child.stderr.text(),
  ]);
  return { code, stdout, stderr };
}
