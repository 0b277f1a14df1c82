// Start here: turns the command line into an action and its result into an exit code. The only file
// that ends the process: 0 for success, 1 for a failure, 2 for bad usage; for those of the client
// see cli/exit-codes.ts. Each part is loaded when it is needed, so that a command of the client
// does not wait for the server to be loaded. The path of a command through the server is drawn in
// app/okq.ts.
import { type Action, parseCommandLine } from "./cli/command-line.ts";
import { UsageError } from "./config/usage-error.ts";

async function main(): Promise<void> {
  const action = readAction();
  if (action.kind === "serve") {
    const { serve } = await import("./cli/serve.ts");
    return await serve(action.config, process.exit);
  }
  if (action.kind === "client") {
    const { runClient } = await import("./cli/client.ts");
    process.exit(await runClient(action, process.env));
  }
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
async function run(action: Exclude<Action, { kind: "serve" | "client" }>): Promise<string> {
  switch (action.kind) {
    case "print": {
      const { printedText } = await import("./cli/printed-text.ts");
      return await printedText(action.text, action.topic);
    }
    case "passwd": {
      const { passwd } = await import("./cli/passwd.ts");
      return await passwd(action.name);
    }
    case "health": {
      const { health } = await import("./cli/health.ts");
      return await health(action.config);
    }
    case "check": {
      const { check } = await import("./cli/backup.ts");
      return await check(action.config);
    }
    case "backup": {
      const { backup } = await import("./cli/backup.ts");
      return await backup(action.config, action.file);
    }
    case "copy": {
      const { copy } = await import("./cli/copy/copy.ts");
      return await copy(action);
    }
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
