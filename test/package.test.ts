// The npm package of the client: packed by npm, installed into an empty folder, and run on Node and
// on Bun against a real okq.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { mkdir, readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { buildPackage } from "../build.ts";
import metadata from "../package.json" with { type: "json" };
import { closeAfterTest, noteProcess } from "./support/close-after-test.ts";
import { startOkqProcess } from "./support/okq-process.ts";

const TEST_MS_MAX = 120_000;
const root = resolve(import.meta.dir, "..");
const folder = mkdtempSync(join(tmpdir(), "okq-package-"));
const project = join(folder, "project");
const installed = join(project, "node_modules/okq");

interface Ended {
  code: number;
  output: string;
}

/** Runs a program in the project. The output has both streams. */
async function run(command: string[], env: Record<string, string> = {}): Promise<Ended> {
  const { PATH = "", HOME = "", ...rest } = process.env;
  const npm = Object.fromEntries(Object.entries(rest).filter(([name]) => /npm|proxy/i.test(name)));
  const child = Bun.spawn(command, {
    cwd: project,
    env: { PATH, HOME, ...(npm as Record<string, string>), ...env },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    timeout: TEST_MS_MAX,
  });
  const [stdout, stderr, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { code, output: stdout + stderr };
}

async function runOk(command: string[], env: Record<string, string> = {}): Promise<string> {
  const { code, output } = await run(command, env);
  if (code !== 0) throw new Error(`${command.join(" ")} ended with ${code}: ${output}`);
  return output;
}

/** Removes the types and what Node 20 does not know, and imports the package as it is installed. */
async function compile(name: string, text: string): Promise<string> {
  await Bun.write(join(project, `${name}.ts`), text);
  const built = await Bun.build({
    entrypoints: [join(project, `${name}.ts`)],
    target: "node",
    packages: "external",
    outdir: project,
    naming: "[name].mjs",
  });
  expect(built.success).toBe(true);
  return `${name}.mjs`;
}

beforeAll(async () => {
  const packageFolder = join(folder, "package");
  await mkdir(project);
  await buildPackage(packageFolder);
  await Bun.write(join(project, "package.json"), '{ "private": true, "type": "module" }');
  await runOk(["npm", "pack", "--silent", packageFolder]);
  const tarball = `okq-${metadata.version}.tgz`;
  await runOk(["npm", "install", "--no-audit", "--no-fund", `./${tarball}`]);
  // What its programs and types need besides.
  await mkdir(join(project, "node_modules/@types"));
  for (const name of ["zod", "@types/node"]) {
    symlinkSync(resolve(root, "node_modules", name), join(project, "node_modules", name));
  }
}, TEST_MS_MAX);

afterAll(() => rmSync(folder, { recursive: true }));

test("has modules, types, a readme and a licence, and depends on ioredis only", async () => {
  const names = (await readdir(installed)).map((name) => name.replace(/^shared-\w+/, "shared"));
  const modules = ["client", "shared", "testing"].flatMap((name) => [
    `${name}.js`,
    `${name}.js.map`,
  ]);
  const others = ["LICENSE", "README.md", "package.json", "types"];
  expect(names.toSorted()).toEqual([...modules, ...others].toSorted());
  const { name, version, license, dependencies, engines, ...rest } = await Bun.file(
    join(installed, "package.json"),
  ).json();
  expect({ name, version, license }).toEqual({
    name: "okq",
    version: metadata.version,
    license: "MIT",
  });
  expect(dependencies).toEqual({ ioredis: metadata.dependencies.ioredis });
  expect(engines).toEqual({ node: ">=20" });
  for (const key of ["scripts", "private", "devDependencies"]) expect(rest).not.toHaveProperty(key);
});

test("can be required where Node can require modules", async () => {
  const program = 'typeof require("okq/client").connect + typeof require("okq/testing").startTest';
  const command = ["node", "--experimental-require-module", "--print", program];
  expect(await runOk(command)).toContain("functionfunction");
});

test("names no file of the machine that built it", async () => {
  const naming: string[] = [];
  for await (const path of new Bun.Glob("**/*").scan(installed)) {
    const text = await Bun.file(join(installed, path)).text();
    if (text.includes(root.slice(1))) naming.push(path);
  }
  expect(naming).toEqual([]);
});

const program = `
import { connect, DuplicateError, done } from "okq/client";
import { startTest } from "okq/testing";

const okq = connect();
const mail = okq.queue<{ to: string }>("mail");
const handled: string[] = [];
const worker = okq.worker(mail, async ({ contents }) => {
  handled.push(contents.to);
  return done(contents);
});
await mail.pushMany([{ to: "ann" }, { to: "bob" }]);
await worker.drain();
await mail.push({ to: "cid" }, { id: "c" });
const taken = await mail.push({ to: "cid" }, { id: "c" }).catch((error: unknown) => error);
await okq.close();

const okqTest = await startTest();
const numbers = okqTest.okq.queue<number>("mail");
await numbers.push(1, { id: "c", delayMs: 1_000 });
const inTest = await numbers.push(1, { id: "c" }).catch((error: unknown) => error);
await okqTest.advance(1_000);
await okqTest.assertPushed("mail", { contents: 1 });
await okqTest.close();
console.log(handled.join(), taken instanceof DuplicateError, inTest instanceof DuplicateError);
`;

describe.each(["node", "bun"])("on %s", (runtime) => {
  test(
    "serves a producer, a worker and a test, with the same classes",
    async () => {
      const okq = await startOkqProcess(["--store", "memory"]);
      const file = await compile("program", program);
      const output = await runOk([runtime, file], { OKQ_ADDR: `127.0.0.1:${okq.port}` });
      expect(output).toBe("ann,bob true true\n");
    },
    TEST_MS_MAX,
  );

  test(
    "runs the programs of its readme",
    async () => {
      const okq = await startOkqProcess(["--store", "memory"]);
      const example = async (name: string) => {
        const [text] = await examples(new RegExp(`^// ${name}\\.ts: `));
        return [runtime, await compile(name, text!.replaceAll("4777", `${okq.port}`))];
      };
      const worker = Bun.spawn(await example("send-worker"), { cwd: project, stderr: "ignore" });
      noteProcess(worker, "the worker of the readme");
      closeAfterTest({ close: async () => worker.kill("SIGKILL") });
      expect(await runOk(await example("send"))).toContain("completed");
      worker.kill("SIGTERM");
      expect(await worker.exited).toBe(0);
      expect(await runOk(await example("month"))).toContain("july true");
    },
    TEST_MS_MAX,
  );

  test(
    "runs the test of its readme",
    async () => {
      const [text] = await examples(/^\/\/ \S+\.test\.ts: /);
      const name = runtime === "node" ? "mailer.test" : "mailer.spec";
      const file = await compile(name, text!);
      const command = runtime === "node" ? ["node", "--test", file] : ["bun", "test", `./${file}`];
      expect(await runOk(command)).toMatch(/(# pass 1|1 pass)/);
    },
    TEST_MS_MAX,
  );
});

/** The programs in the readme of the package, of those that begin so. */
async function examples(beginning: RegExp): Promise<string[]> {
  const readme = await Bun.file(join(installed, "README.md")).text();
  const blocks = [...readme.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code]) => code!);
  return blocks.filter((code) => beginning.test(code));
}

const resolutions = [
  ["nodenext", ["--module", "nodenext"]],
  ["bundler", ["--module", "esnext", "--moduleResolution", "bundler"]],
] as const;

test.each(resolutions)(
  "its types are whole with %s, and those of its readme fit",
  async (_, how) => {
    const programs = [program, ...(await examples(/./))];
    const files = programs.map((_text, at) => `check-${at}.ts`);
    for (const [at, text] of programs.entries()) {
      await Bun.write(join(project, files[at]!), `${text}\nexport {};\n`);
    }
    const compiler = resolve(root, "node_modules/typescript/bin/tsc");
    const options = ["--noEmit", "--strict", "--skipLibCheck", "false", "--target", "es2022"];
    await runOk(["node", compiler, "--ignoreConfig", ...options, ...how, ...files]);
    const wrong =
      'import { connect } from "okq/client"; connect().queue<number>("q").push("text");';
    await Bun.write(join(project, "wrong.ts"), wrong);
    const { code, output } = await run([
      "node",
      compiler,
      "--ignoreConfig",
      ...options,
      ...how,
      "wrong.ts",
    ]);
    expect(output).toMatch(/'string' is not assignable to .*'number'/);
    expect(code).not.toBe(0);
  },
  TEST_MS_MAX,
);
