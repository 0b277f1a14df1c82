// Runs the programs of the README's page about the client for TypeScript, and checks the types of
// all its programs in TypeScript.
import { expect, test } from "bun:test";
import { mkdirSync, symlinkSync } from "node:fs";
import { join, resolve } from "node:path";
import { connectClient } from "./support/client.ts";
import { closeAfterTest, noteProcess } from "./support/close-after-test.ts";
import { eventually } from "./support/eventually.ts";
import { newFolder } from "./support/new-folder.ts";
import { startOkqOn, storeNames } from "./support/okq-server.ts";
import { readmeBlock } from "./support/readme.ts";

const TEST_MS_MAX = 60_000;
const root = resolve(import.meta.dir, "..");
const programs = [
  "producer.ts",
  "consumer.ts",
  "worker.ts",
  "send.ts",
  "send-worker.ts",
  "month.ts",
  "mailer.test.ts",
  "handover.ts",
  "alarm.ts",
];

/** A folder in which programs import okq/client and zod as those of a user do. */
function newProject(): string {
  const folder = newFolder();
  const modules = join(folder, "node_modules");
  mkdirSync(modules);
  symlinkSync(root, join(modules, "okq"));
  symlinkSync(join(root, "node_modules/zod"), join(modules, "zod"));
  return folder;
}

function programOf(name: string): Promise<string> {
  return readmeBlock("ts", `// ${name}: `);
}

/** Starts the program of that name. Its output is complete when it has exited. */
async function run(name: string, port: number) {
  const path = join(newProject(), name);
  await Bun.write(path, (await programOf(name)).replaceAll("4777", `${port}`));
  const child = Bun.spawn([process.execPath, path], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  noteProcess(child, name);
  closeAfterTest({ close: async () => child.kill("SIGKILL") });
  return {
    child,
    stdout: new Response(child.stdout).text(),
    stderr: new Response(child.stderr).text(),
  };
}

test.each(storeNames)(
  "the worker of the README handles what its producer sends, and ends when it is asked, on %s",
  async (store) => {
    const { port } = await startOkqOn(store);
    const okq = connectClient(port);
    const worker = await run("send-worker.ts", port);
    const producer = await run("send.ts", port);
    expect(await producer.child.exited).toBe(0);
    expect(await producer.stdout).toContain('state: "completed"');
    expect((await okq.queue("sent").pop())?.contents).toEqual({ to: "ann@example.org" });

    const mail = okq.queue("mail");
    await mail.push({ to: "bob@example.org", subject: "hello" }, { id: "bob" });
    await mail.push("no mail", { id: "wrong" });
    const failed = async (id: string) => (await mail.wait(id, { waitMs: 30_000 })) ?? {};
    expect(await failed("bob")).toEqual({
      state: "failed",
      error: "no such user: bob@example.org",
    });
    expect(await failed("wrong")).toMatchObject({ state: "failed" });
    expect((await mail.get("bob"))?.log).toEqual(["sending to bob@example.org"]);
    worker.child.kill("SIGTERM");
    expect(await worker.child.exited).toBe(0);
    expect(await worker.stderr).toContain("bob no such user: bob@example.org\n");
  },
  TEST_MS_MAX,
);

test.each(storeNames)(
  "the report of the README is joined and handed over, on %s",
  async (store) => {
    const { port } = await startOkqOn(store);
    const okq = connectClient(port);
    const report = await run("month.ts", port);
    expect([await report.child.exited, await report.stderr]).toEqual([0, ""]);
    expect(await report.stdout).toContain("july true\n");
    expect(await okq.queue("mail").get("july")).toMatchObject({ contents: "the report of july" });
    const [entry] = await okq.queue("reports").cronEntries();
    expect(entry).toMatchObject({ spec: "30 2 * * *", contents: { month: "all" } });
    await eventually(async () => (await okq.queue("pages").status()).total === 0);
  },
  TEST_MS_MAX,
);

test(
  "the programs of the README have no type errors",
  async () => {
    const folder = newProject();
    symlinkSync(join(root, "node_modules/ioredis"), join(folder, "node_modules/ioredis"));
    for (const name of programs) await Bun.write(join(folder, name), await programOf(name));
    const config = {
      extends: join(root, "tsconfig.json"),
      compilerOptions: { typeRoots: [join(root, "node_modules")] },
      files: programs,
      include: [],
      references: [],
    };
    await Bun.write(join(folder, "tsconfig.json"), JSON.stringify(config));
    const compiler = join(root, "node_modules/typescript/bin/tsc");
    const child = Bun.spawn([process.execPath, compiler, "--noEmit"], {
      cwd: folder,
      stdout: "pipe",
    });
    noteProcess(child, "tsc");
    expect(await new Response(child.stdout).text()).toBe("");
    expect(await child.exited).toBe(0);
  },
  TEST_MS_MAX,
);
