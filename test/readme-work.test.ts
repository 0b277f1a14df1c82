// Runs the README's example of `okq work`.
import { chmodSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "bun:test";
import { closeAfterTest, noteProcess } from "./support/close-after-test.ts";
import { eventuallyEqual } from "./support/eventually.ts";
import { newFolder } from "./support/new-folder.ts";
import { okqProgram } from "./support/okq-command.ts";
import { eventOf } from "./support/okq-work.ts";
import { startTestOkq } from "./support/okq-server.ts";
import { ask } from "./support/readable.ts";
import { readmeBlock } from "./support/readme.ts";

/** A folder with the program okq. */
function folderOfOkq(): string {
  const folder = newFolder(tmpdir());
  const program = join(folder, "okq");
  writeFileSync(program, `#!/bin/sh\nexec ${okqProgram.join(" ")} "$@"\n`);
  chmodSync(program, 0o755);
  return folder;
}

test("the example of okq work greets, and fails events without a name for good", async () => {
  const okq = await startTestOkq();
  const client = await okq.connect();
  await ask(client, "QMPUSH", "mail", "PAIRS", "1", "ann", "2", "", "3", "bob");
  const script = await readmeBlock("sh", "# greet.sh");
  const child = Bun.spawn(["sh", "-c", `exec ${script.slice(script.indexOf("okq work"))}`], {
    env: {
      PATH: `${folderOfOkq()}:${process.env["PATH"]}`,
      OKQ_ADDR: `127.0.0.1:${okq.port}`,
    },
    stdout: "pipe",
    stderr: "pipe",
  });
  noteProcess(child, "greet.sh");
  closeAfterTest({ close: () => child.kill("SIGKILL") });
  await eventuallyEqual(() => ask(client, "QSTATUS", "mail"), [["mail", 0, 0, 1]]);
  expect(await eventOf(client, "mail", "2")).toMatchObject({
    state: "failed",
    "last-error": "exit code 65: no name",
  });
  child.kill("SIGTERM");
  expect(await child.exited).toBe(0);
  const lines = (await child.stdout.text()).split("\n").toSorted();
  expect(lines).toEqual(["", "hello ann, attempt 1", "hello bob, attempt 1"]);
}, 60_000);
