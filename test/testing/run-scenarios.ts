// Runs all scenarios of okq/testing without a test runner, side by side in one process, for Node.
// Prints one line for each, and leaves it to the process to end by itself.
import { run, type Scenario, scenarios } from "./scenarios.ts";
import { workerScenarios } from "./worker-scenarios.ts";

async function outcomeOf([title, scenario]: [string, Scenario]): Promise<string> {
  try {
    await run(scenario);
    return `ok ${title}`;
  } catch (error) {
    process.exitCode = 1;
    return `not ok ${title}\n${(error as Error).stack}`;
  }
}

const all = Object.entries({ ...scenarios, ...workerScenarios });
for (const line of await Promise.all(all.map(outcomeOf))) console.log(line);
