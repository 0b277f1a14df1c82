// okq/testing on Bun.
import { test } from "bun:test";
import { run, scenarios } from "./scenarios.ts";

for (const [title, scenario] of Object.entries(scenarios)) test(title, () => run(scenario));
