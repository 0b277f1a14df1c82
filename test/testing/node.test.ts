// okq/testing on Node, in a bundle: the same scenarios, side by side.
import { expect, test } from "bun:test";
import { join, resolve } from "node:path";
import { newFolder } from "../support/new-folder.ts";
import { scenarios } from "./scenarios.ts";
import { workerScenarios } from "./worker-scenarios.ts";

test("all scenarios run on Node, side by side, and leave nothing open", async () => {
  const outdir = newFolder();
  const built = await Bun.build({
    entrypoints: [resolve(import.meta.dir, "run-scenarios.ts")],
    target: "node",
    outdir,
    naming: "[name].mjs",
  });
  expect(built.success).toBe(true);
  const node = Bun.spawn(["node", join(outdir, "run-scenarios.mjs")], { stderr: "pipe" });
  const [out, errors, code] = await Promise.all([
    new Response(node.stdout).text(),
    new Response(node.stderr).text(),
    node.exited,
  ]);
  const expected = Object.keys({ ...scenarios, ...workerScenarios }).map(
    (title) => `ok ${title}\n`,
  );
  expect(errors).toBe("");
  expect(out).toBe(expected.join(""));
  expect(code).toBe(0);
}, 120_000);
