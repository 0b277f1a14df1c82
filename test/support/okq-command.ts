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

/** Starts a command; the test reads it. Killed when the test ends. */
export function startOkqCommand(args: string[], { input, ...options }: CommandOptions = {}) {
  const child = Bun.spawn([...okqProgram, ...args], {
    ...placeOf(options),
    stdin: Buffer.from(input ?? ""),
    stdout: "pipe",
    stderr: "pipe",
  });
  return killedAtEnd(child, `okq ${args.join(" ")}`);
}

/** Starts a command whose standard input the test feeds too. */
export function startFedCommand(args: string[], options: Omit<CommandOptions, "input"> = {}) {
  const child = Bun.spawn([...okqProgram, ...args], {
    ...placeOf(options),
    stdin: "pipe",
    stdout: "pipe",
    stderr: "pipe",
  });
  return killedAtEnd(child, `okq ${args.join(" ")}`);
}

function placeOf({ env, cwd = process.cwd() }: CommandOptions) {
  const { PATH = "", HOME = "" } = process.env;
  return { cwd, env: { PATH, HOME, ...env } };
}

function killedAtEnd<C extends Bun.Subprocess>(child: C, what: string): C {
  noteProcess(child, what);
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await child.exited;
  });
  return child;
}

/** Runs a line of bash in which `okq` is okq, at the server of that port. */
export async function shell(
  line: string,
  { env, port, input, cwd }: CommandOptions & { port?: number } = {},
): Promise<Ended> {
  const words = okqProgram.map((word) => `'${word}'`).join(" ");
  const address = port === undefined ? {} : { OKQ_ADDR: `127.0.0.1:${port}` };
  const child = Bun.spawn(["bash", "-c", `okq() { ${words} "$@"; }\n${line}`], {
    ...placeOf({ env: { ...address, ...env }, ...(cwd !== undefined && { cwd }) }),
    stdin: Buffer.from(input ?? ""),
    stdout: "pipe",
    stderr: "pipe",
  });
  killedAtEnd(child, line);
  const [code, stdout, stderr] = await Promise.all([
    child.exited,
    child.stdout.text(),
    child.stderr.text(),
  ]);
  return { code, stdout, stderr };
}
