// Runs the README's program with QPOP, QNEXT and QFAIL.
import { expect, test } from "bun:test";
import { symlinkSync } from "node:fs";
import { join, resolve } from "node:path";
import { closeAfterTest, noteProcess } from "./support/close-after-test.ts";
import { eventually } from "./support/eventually.ts";
import { newFolder } from "./support/new-folder.ts";
import { lifeStores, startOkqOn } from "./support/okq-server.ts";
import { ask } from "./support/readable.ts";
import { readmeBlock } from "./support/readme.ts";

const TEST_MS_MAX = 60_000;

test.each(lifeStores)(
  "the worker of the README handles each event, and ends when it is asked, on %s",
  async (store) => {
    const okq = await startOkqOn(store);
    const folder = newFolder();
    symlinkSync(resolve(import.meta.dir, "../node_modules"), join(folder, "node_modules"));
    const text = await readmeBlock("ts", " worker.ts: ");
    const failing = text.replace(
      "  console.log(",
      '  if (contents === "bad" && attempt < 2) throw new Error("no");\n  console.log(',
    );
    await Bun.write(join(folder, "worker.ts"), failing.replaceAll("4777", `${okq.port}`));
    const child = Bun.spawn([process.execPath, join(folder, "worker.ts")], {
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
    noteProcess(child, "worker.ts");
    closeAfterTest({ close: async () => child.kill("SIGKILL") });
    let output = "";
    const collected = (async () => {
      const decoder = new TextDecoder();
      for await (const chunk of child.stdout) output += decoder.decode(chunk, { stream: true });
    })();
    const client = await okq.connect();
    await ask(client, "QCONFIG", "mail", "backoff", "none");
    await ask(client, "QMPUSH", "mail", "EVENTS", "hello 1", "bad", "hello 2");
    await eventually(() => output.includes("hello 2") && output.includes("attempt 2: bad"));
    expect(output).toContain("attempt 1: hello 1\n");
    await ask(client, "QPUSH", "mail", "hello 3");
    await eventually(() => output.includes("hello 3"));
    // Otherwise it may still be busy with the acknowledgement of the last event.
    await eventually(async () => {
      const [[, total, claimed]] = (await ask(client, "QSTATUS", "mail")) as [number[]];
      return total === 0 && claimed === 0;
    });
    child.kill("SIGTERM");
    expect(await child.exited).toBe(0);
    await collected;
  },
  TEST_MS_MAX,
);
