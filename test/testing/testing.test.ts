// okq/testing on Bun.
import { test } from "bun:test";
import { run, scenarios } from "./scenarios.ts";
import { workerScenarios } from "./worker-scenarios.ts";

for (const [title, scenario] of Object.entries({ ...scenarios, ...workerScenarios })) {
  test(title, () => run(scenario));
}
