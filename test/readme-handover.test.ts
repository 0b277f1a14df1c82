// Runs the README's program that hands events over to the next queue.
import { expect, test } from "bun:test";
import { symlinkSync } from "node:fs";
import { join, resolve } from "node:path";
import { closeAfterTest, noteProcess } from "./support/close-after-test.ts";
import { eventuallyEqual } from "./support/eventually.ts";
import { newFolder } from "./support/new-folder.ts";
import { lifeStores, startOkqOn } from "./support/okq-server.ts";
import { ask } from "./support/readable.ts";
import { readmeBlock } from "./support/readme.ts";

test.each(lifeStores)(
  "the program of the README hands each event over, on %s",
  async (store) => {
    const okq = await startOkqOn(store);
    const folder = newFolder();
    symlinkSync(resolve(import.meta.dir, "../node_modules"), join(folder, "node_modules"));
    const text = await readmeBlock("ts", " handover.ts: ");
    await Bun.write(join(folder, "handover.ts"), text.replaceAll("4777", `${okq.port}`));
    const child = Bun.spawn([process.execPath, join(folder, "handover.ts")], {
      stdio: ["ignore", "ignore", "ignore"],
    });
    noteProcess(child, "handover.ts");
    closeAfterTest({ close: async () => child.kill("SIGKILL") });
    const client = await okq.connect();
    await ask(client, "QMPUSH", "orders", "PAIRS", "1", "one", "2", "two");
    const mails = async () => await ask(client, "QSTATUS", "mail");
    await eventuallyEqual(mails, [["mail", 2, 0, 0]]);
    expect(await ask(client, "QRPOP", "mail")).toEqual(["1", "receipt for one"]);
    expect(await ask(client, "QRPOP", "mail")).toEqual(["2", "receipt for two"]);
    expect(await ask(client, "QSTATUS", "orders")).toEqual([["orders", 0, 0, 1]]);
  },
  60_000,
);
