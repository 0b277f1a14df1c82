// `okq serve`: runs the server until a signal stops it. Signals, unexpected failures and the CPU
// profile are dealt with here.
import { type Okq, startOkq } from "../app/okq.ts";
import type { Config } from "../config/options.ts";
import { createLog, type Log } from "../log/log.ts";
import { startCpuProfile } from "./cpu-profile.ts";

type Exit = (code: number) => never;

const STOP_MS_MAX = 10_000;
/** Signals that stop the server, with their numbers. */
const STOP_SIGNALS = { SIGINT: 2, SIGQUIT: 3, SIGTERM: 15 };
/** Without a handler these would end the process. */
const IGNORED_SIGNALS = ["SIGUSR1", "SIGUSR2"] as const;

/** Resolves when okq serves. Calls exit() when okq has stopped or failed. */
export async function serve(config: Config, exit: Exit): Promise<void> {
  const log = createLog(config.logFormat, config.debug);
  const fail = (message: string, error: unknown) => {
    logFailure(log, message, error);
    exit(1);
  };
  // The reader of the log may close it; okq goes on without.
  process.stderr.on("error", () => {});
  process.on("uncaughtException", (error) => fail("unexpected failure", error));
  process.on("unhandledRejection", (error) => fail("unexpected failure", error));
  let okq: Okq | undefined;
  let finishProfile = async () => {};
  exitOnStopSignal(log, exit, async () => {
    // During the start there is nothing to close.
    await okq?.close();
    await finishProfile();
  });
  process.on("SIGHUP", () => okq?.reload());
  for (const signal of IGNORED_SIGNALS) {
    process.on(signal, () => log.info("ignored a signal", { signal }));
  }
  try {
    if (config.cpuProfile) finishProfile = await startCpuProfile(config.cpuProfile);
    okq = await startOkq(config, log);
  } catch (error) {
    fail("cannot start", error);
  }
}

/**
 * The first signal stops the server and then exits with 0, or with 1 if that takes longer than
 * STOP_MS_MAX. A second signal exits at once.
 */
function exitOnStopSignal(log: Log, exit: Exit, stop: () => Promise<void>): void {
  let isStopping = false;
  const onSignal = async (signal: keyof typeof STOP_SIGNALS) => {
    if (isStopping) exit(128 + STOP_SIGNALS[signal]);
    isStopping = true;
    log.info("stopping", { signal });
    setTimeout(() => {
      log.error("stopping takes too long, ending at once");
      exit(1);
    }, STOP_MS_MAX);
    await stop();
    log.info("stopped");
    exit(0);
  };
  for (const signal of Object.keys(STOP_SIGNALS)) process.on(signal, onSignal);
}

/** One line, and not the source text that Bun prints around an uncaught error. */
function logFailure(log: Log, message: string, error: unknown): void {
  log.error(`${message}: ${error instanceof Error ? error.message : String(error)}`);
  if (error instanceof Error && error.stack) log.debug("stack", { stack: error.stack });
}
