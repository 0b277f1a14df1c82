// The client on Node.js: no promise rejects without somebody who hears it.
import { expect, test } from "bun:test";
import { join } from "node:path";
import { noteProcess } from "../support/close-after-test.ts";
import { connectThroughProxy } from "../support/client.ts";
import { newFolder } from "../support/new-folder.ts";
import { startTestOkq } from "../support/okq-server.ts";

test("works on Node while its connections break, and leaves no rejection unheard", async () => {
  const folder = newFolder();
  const { success, logs } = await Bun.build({
    entrypoints: [join(import.meta.dir, "node-program.ts")],
    target: "node",
    outdir: folder,
    naming: "program.mjs",
  });
  expect({ success, logs }).toEqual({ success: true, logs: [] });
  const { port } = await startTestOkq();
  const { proxy } = connectThroughProxy(port);
  const node = ["node", "--unhandled-rejections=strict", "--trace-uncaught"];
  const child = Bun.spawn([...node, join(folder, "program.mjs"), String(proxy.port)], {
    stdout: "pipe",
    stderr: "pipe",
  });
  noteProcess(child, "the client on Node");
  const faults = setInterval(() => {
    const isSilent = proxy.ways.replies.mode === "swallow";
    // A connection that has lost bytes cannot go on.
    if (isSilent) proxy.cut();
    proxy.set("replies", isSilent ? "pass" : "swallow");
  }, 700);
  const stderr = child.stderr.text();
  let stdout = "";
  for await (const chunk of child.stdout) {
    stdout += new TextDecoder().decode(chunk);
    if (!stdout.includes("pushed")) continue;
    clearInterval(faults);
    if (proxy.ways.replies.mode === "swallow") proxy.cut();
    proxy.set("replies", "pass");
  }
  clearInterval(faults);
  expect(await stderr).toBe("");
  expect(stdout).toBe("started\npushed\nhandled all of them, problems: none\n");
  expect(await child.exited).toBe(0);
}, 60_000);
