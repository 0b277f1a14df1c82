// Runs okq as a child process: the built executable if OKQ_TEST_EXECUTABLE names it, else okq from
// source. Started inside a test, it is killed when the test ends.
import { onTestFinished } from "bun:test";
import { noteProcess } from "./close-after-test.ts";
import { eventually } from "./eventually.ts";
import { okqProgram } from "./okq-command.ts";

export interface ProcessOptions {
  /** Added to an environment with only PATH and HOME. */
  env?: Record<string, string>;
  cwd?: string;
  /** Path of another built okq. */
  executable?: string;
  /** The limit of open files. */
  fileLimit?: number;
}

export interface OkqProcess {
  pid: number;
  /** The output so far. */
  stdout(): string;
  stderr(): string;
  /** The first match in the output of either stream. Rejects if okq ends without a match. */
  waitForLine(pattern: RegExp, timeoutMs?: number): Promise<RegExpExecArray>;
  kill(signal?: NodeJS.Signals): void;
  /** The exit code, or 128 + n after a signal n. Resolves after all output was read. */
  exited: Promise<number>;
}

/**
 * Outside of a test, as in beforeAll, the caller has to kill the process and await exited.
 */
export function startProcess(args: string[], options: ProcessOptions = {}): OkqProcess {
  const { PATH = "", HOME = "" } = process.env;
  const program = options.executable ? [options.executable] : okqProgram;
  const { fileLimit } = options;
  const limit = fileLimit === undefined ? [] : ["prlimit", `--nofile=${fileLimit}`];
  const child = Bun.spawn([...limit, ...program, ...args], {
    cwd: options.cwd ?? process.cwd(),
    env: { PATH, HOME, ...options.env },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  noteProcess(child, `okq ${args.join(" ")}`);
  const output = { stdout: "", stderr: "" };
  const collect = async (name: keyof typeof output) => {
    const decoder = new TextDecoder();
    for await (const chunk of child[name]) {
      output[name] += decoder.decode(chunk, { stream: true });
    }
  };
  const ended = Promise.all([child.exited, collect("stdout"), collect("stderr")]);
  const exited = ended.then(([code]) => code);
  killAtEndOfTest(() => {
    child.kill("SIGKILL");
    return exited;
  });
  const text = () => output.stdout + output.stderr;
  return {
    pid: child.pid,
    stdout: () => output.stdout,
    stderr: () => output.stderr,
    waitForLine: (pattern, timeoutMs = 30_000) => waitFor(pattern, text, exited, timeoutMs),
    kill: (signal = "SIGTERM") => child.kill(signal),
    exited,
  };
}

function killAtEndOfTest(stop: () => Promise<unknown>): void {
  try {
    onTestFinished(async () => {
      await stop();
    });
  } catch {
    // Outside of a test the caller kills the process.
  }
}

async function waitFor(
  pattern: RegExp,
  text: () => string,
  exited: Promise<number>,
  timeoutMs: number,
): Promise<RegExpExecArray> {
  let code: number | undefined;
  void exited.then((value) => (code = value));
  const found = await eventually(
    () => {
      const match = pattern.exec(text());
      return match ?? (code === undefined ? null : "ended");
    },
    { timeoutMs, message: `the output matches ${pattern}` },
  );
  if (found === "ended") throw new Error(`okq ended with ${code}, without ${pattern}: ${text()}`);
  return found as RegExpExecArray;
}
