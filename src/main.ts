// Start here: turns the command line into an action and its result into an exit code. The only file
// that ends the process: 0 for success, 1 for a failure, 2 for bad usage. The path of a command
// through the server is drawn in app/okq.ts.
import { backup, check } from "./cli/backup.ts";
import { type Action, parseCommandLine } from "./cli/command-line.ts";
import { health } from "./cli/health.ts";
import { passwd } from "./cli/passwd.ts";
import { serve } from "./cli/serve.ts";
import { UsageError } from "./config/usage-error.ts";

async function main(): Promise<void> {
  const action = readAction();
  if (action.kind === "serve") return await serve(action.config, process.exit);
  try {
    print(await run(action));
  } catch (error) {
    exitWith(1, (error as Error).message);
  }
}

function readAction(): Action {
  try {
    return parseCommandLine(process.argv.slice(2), process.env);
  } catch (error) {
    if (error instanceof UsageError) return exitWith(2, error.message);
    throw error;
  }
}

/** Runs an action and returns its output. */
async function run(action: Exclude<Action, { kind: "serve" }>): Promise<string> {
  switch (action.kind) {
    case "print":
      return action.text;
    case "passwd":
      return await passwd(action.name);
    case "health":
      return await health(action.config);
    case "check":
      return check(action.config);
    case "backup":
      return await backup(action.config, action.file);
  }
}

function print(text: string): void {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    // The reader has closed the pipe, as in `okq commands | head`: not a failure.
    if (error.code === "EPIPE") process.exit(0);
    exitWith(1, `cannot write the output: ${error.message}`);
  });
  process.stdout.write(text);
}

function exitWith(code: number, message: string): never {
  process.stderr.write(`okq: ${message}\n`);
  process.exit(code);
}

await main();
