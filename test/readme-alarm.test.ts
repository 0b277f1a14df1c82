// Runs the README's program that hears of events which have failed for good.
import { expect, test } from "bun:test";
import { symlinkSync } from "node:fs";
import { join, resolve } from "node:path";
import { closeAfterTest, noteProcess } from "./support/close-after-test.ts";
import { eventuallyEqual } from "./support/eventually.ts";
import { newFolder } from "./support/new-folder.ts";
import { startTestOkq } from "./support/okq-server.ts";
import { ask, type Readable } from "./support/readable.ts";
import { readmeBlock } from "./support/readme.ts";

test("the program of the README tells of events that fail for good", async () => {
  const okq = await startTestOkq();
  const folder = newFolder();
  symlinkSync(resolve(import.meta.dir, "../node_modules"), join(folder, "node_modules"));
  const text = await readmeBlock("ts", " alarm.ts: ");
  await Bun.write(join(folder, "alarm.ts"), text.replaceAll("4777", `${okq.port}`));
  const child = Bun.spawn([process.execPath, join(folder, "alarm.ts")], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  noteProcess(child, "alarm.ts");
  closeAfterTest({ close: async () => child.kill("SIGKILL") });
  const client = await okq.connect();
  await eventuallyEqual(() => ask(client, "PUBSUB", "NUMPAT"), 1);
  await ask(client, "QPUSH", "mail", "x", "ID", "7");
  for (const how of [["DELAY", "0"], ["FINAL"]]) {
    const [event] = (await ask(client, "QPOP", "FROM", "mail")) as Readable[][];
    await ask(client, "QFAIL", "mail", "7", String(event![3]), "ERROR", "no such user", ...how);
  }
  const { value } = await child.stdout.getReader().read();
  expect(Buffer.from(value!).toString()).toBe("mail: 7 failed for good: no such user\n");
}, 60_000);
