// Runs all scenarios of okq/testing without a test runner, side by side in one process, for Node.
// Prints one line for each, and leaves it to the process to end by itself.
import { run, scenarios } from "./scenarios.ts";

async function outcomeOf(title: string): Promise<string> {
  try {
    await run(scenarios[title]!);
    return `ok ${title}`;
  } catch (error) {
    process.exitCode = 1;
    return `not ok ${title}\n${(error as Error).stack}`;
  }
}

for (const line of await Promise.all(Object.keys(scenarios).map(outcomeOf))) console.log(line);
