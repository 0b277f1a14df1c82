// Start here. Turns a command line into a running server and signals into its end or a reload. The
// only file that ends the process: 0 after a clean stop, 1 when something failed, 2 for bad usage.
import { backup, check } from "./cli/backup.ts";
import { parseCommandLine, type Action } from "./cli/command-line.ts";
import { UsageError } from "./config/usage-error.ts";
import type { Config } from "./config/options.ts";
import { startCpuProfile } from "./cli/cpu-profile.ts";
import { health } from "./cli/health.ts";
import { createLog, type Log } from "./log/log.ts";
import { startOkq, type Okq } from "./app/okq.ts";
import { passwd } from "./cli/passwd.ts";

const stopMsMax = 10_000;
/** Signals that stop the server, with their numbers. */
const stopSignals = { SIGINT: 2, SIGQUIT: 3, SIGTERM: 15 };
/** By default these would end the process at once; okq has no use for them. */
const ignoredSignals = ["SIGUSR1", "SIGUSR2"] as const;

async function main(): Promise<void> {
  const action = readAction();
  if (action.kind === "print") print(action.text);
  else if (action.kind === "serve") await serve(action.config);
  else await doOnce(action);
}

type Task = Exclude<Action, { kind: "serve" | "print" }>;

/** What ends by itself: 0 when it went well, else one line and 1. */
async function doOnce(task: Task): Promise<void> {
  try {
    print(await textOf(task));
  } catch (error) {
    process.stderr.write(`okq: ${(error as Error).message}\n`);
    process.exit(1);
  }
}

async function textOf(task: Task): Promise<string> {
  switch (task.kind) {
    case "passwd":
      return await passwd(task.name);
    case "health":
      return await health(task.config);
    case "check":
      return check(task.config);
    case "backup":
      return await backup(task.config, task.file);
  }
}

function readAction(): Action {
  try {
    return parseCommandLine(process.argv.slice(2), process.env);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`okq: ${error.message}\n`);
    process.exit(2);
  }
}

/** A reader that has seen enough (`okq commands | head`) is no failure. */
function print(text: string): void {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(0);
    process.stderr.write(`okq: cannot write the output: ${error.message}\n`);
    process.exit(1);
  });
  process.stdout.write(text);
}

async function serve(config: Config): Promise<void> {
  const log = createLog(config.logFormat, config.debug);
  // The reader of the log may go away; the server stays.
  process.stderr.on("error", () => {});
  process.on("uncaughtException", (error) => fail(log, "unexpected failure", error));
  process.on("unhandledRejection", (error) => fail(log, "unexpected failure", error));
  let okq: Okq | undefined;
  let finishProfile = async () => {};
  onStopSignal(log, async () => {
    // A signal before the start is complete finds nothing under way.
    await okq?.close();
    await finishProfile();
  });
  process.on("SIGHUP", () => okq?.reload());
  for (const signal of ignoredSignals) {
    process.on(signal, () => log.info("nothing is done on this signal", { signal }));
  }
  try {
    if (config.cpuProfile) finishProfile = await startCpuProfile(config.cpuProfile);
    okq = await startOkq(config, log);
  } catch (error) {
    fail(log, "cannot start", error);
  }
}

/** The first signal stops gracefully, but not for longer than stopMsMax; a second one at once. */
function onStopSignal(log: Log, stop: () => Promise<void>): void {
  let stopping = false;
  const onSignal = async (signal: keyof typeof stopSignals) => {
    if (stopping) process.exit(128 + stopSignals[signal]);
    stopping = true;
    log.info("stopping", { signal });
    setTimeout(() => {
      log.error("stopping takes too long, ending at once");
      process.exit(1);
    }, stopMsMax);
    await stop();
    log.info("stopped");
    process.exit(0);
  };
  for (const signal of Object.keys(stopSignals)) process.on(signal, onSignal);
}

/** One line, never the source text that Bun would print around an uncaught error. */
function fail(log: Log, what: string, error: unknown): never {
  log.error(`${what}: ${error instanceof Error ? error.message : String(error)}`);
  if (error instanceof Error && error.stack) log.debug("stack", { stack: error.stack });
  process.exit(1);
}

await main();
