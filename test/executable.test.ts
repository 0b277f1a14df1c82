// The built executable, started in another folder. `bun run verify` names the executable to test;
// otherwise this test builds one.
import { afterAll, beforeAll, expect, test } from "bun:test";
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import metadata from "../package.json" with { type: "json" };
import { buildExecutable } from "../build.ts";
import { newFolder } from "./support/new-folder.ts";
import { startProcess } from "./support/process.ts";
import { ask, askAll } from "./support/readable.ts";
import { Wire } from "./support/wire.ts";

const folder = mkdtempSync(join(tmpdir(), "okq-executable-"));
const executable = process.env["OKQ_TEST_EXECUTABLE"] ?? join(folder, "okq");
const elsewhere = mkdtempSync(join(tmpdir(), "okq-elsewhere-"));
const start = (...args: string[]) => startProcess(args, { cwd: elsewhere, executable });

beforeAll(async () => {
  if (!existsSync(executable)) await buildExecutable(executable);
}, 60_000);

afterAll(() => {
  for (const path of [folder, elsewhere]) rmSync(path, { recursive: true });
});

test("serves, ignores .env and bunfig.toml in its folder, and ends with 0", async () => {
  writeFileSync(join(elsewhere, ".env"), "OKQ_MAX_CLIENTS=0\nOKQ_STORE=nonsense\n");
  writeFileSync(join(elsewhere, "bunfig.toml"), 'preload = ["./preload.ts"]\n');
  const marker = join(elsewhere, "preloaded");
  const script = `require("fs").writeFileSync(${JSON.stringify(marker)}, "");`;
  writeFileSync(join(elsewhere, "preload.ts"), script);
  const before = readdirSync(elsewhere);

  const okq = start("--listen-addr", "127.0.0.1:0");
  const [, port] = await okq.waitForLine(/listening .*port=(\d+)/);
  const client = await Wire.connect(Number(port));
  expect(await ask(client, "QLPUSH", "q", "1", "hello")).toBe("+OK");
  expect(await ask(client, "QRPOP", "q")).toEqual(["1", "hello"]);
  expect(await ask(client, "QACK", "q", "1")).toBe(1);
  expect(await ask(client, "QACK", "q", "1")).toBe(0);
  expect(await ask(client, "QRPOP", "q")).toBeNull();
  okq.kill("SIGTERM");
  expect(await okq.exited).toBe(0);
  expect(readdirSync(elsewhere).toSorted()).toEqual([...before, "okq-data"].toSorted());
});

test("is a durable server in an empty folder, with files of its own", async () => {
  const empty = newFolder();
  const run = async () => {
    const okq = startProcess(["--listen-addr", "127.0.0.1:0"], { cwd: empty, executable });
    const [, port] = await okq.waitForLine(/listening .*port=(\d+)/);
    return { okq, client: await Wire.connect(Number(port)) };
  };
  const first = await run();
  const file = join(realpathSync(empty), "okq-data/okq.db");
  expect(first.okq.stderr()).toContain(`queues are kept on disk file=${file}`);
  expect(await ask(first.client, "QLPUSH", "q", "1", "hello")).toBe("+OK");
  first.okq.kill("SIGKILL");
  await first.okq.exited;
  const modes = ["okq-data", ...readdirSync(join(empty, "okq-data")).map((f) => `okq-data/${f}`)];
  for (const path of modes) expect(statSync(join(empty, path)).mode & 0o077).toBe(0);
  const second = await run();
  expect(await ask(second.client, "QRPOP", "q")).toEqual(["1", "hello"]);
});

test("serves the dashboard", async () => {
  const okq = start(
    "--store",
    "memory",
    "--listen-addr",
    "127.0.0.1:0",
    "--http-addr",
    "127.0.0.1:0",
  );
  const [, port] = await okq.waitForLine(/listening .*httpPort=(\d+)/);
  const root = `http://127.0.0.1:${port}`;
  const html = await (await fetch(`${root}/queues`)).text();
  const paths = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path]) => path!);
  const types = await Promise.all(
    paths.map(async (path) => {
      const response = await fetch(root + path);
      expect((await response.bytes()).length).toBeGreaterThan(100);
      return response.headers.get("Content-Type")!.split(";")[0]!;
    }),
  );
  expect(types.toSorted()).toEqual(["image/svg+xml", "text/css", "text/javascript"]);
});

test("prints its version and its commands", async () => {
  const version = start("--version");
  expect(await version.exited).toBe(0);
  expect(version.stdout()).toStartWith(`okq ${metadata.version} (bun ${Bun.version}, `);
  const commands = start("commands");
  expect(await commands.exited).toBe(0);
  expect(commands.stdout()).toContain("QLPUSH queue eventId contents [NOBLOCK]");
});

test("reports bad usage in one line on stderr and exits with 2", async () => {
  const okq = start("--max-clients", "0");
  expect(await okq.exited).toBe(2);
  expect(okq.stderr()).toBe('okq: --max-clients: "0" is not between 1 and 1000000\n');
});

test("writes a CPU profile with the names of functions and files in the source", async () => {
  const okq = start("--listen-addr", "127.0.0.1:0", "--cpu-profile", "okq.cpuprofile");
  const [, port] = await okq.waitForLine(/listening .*port=(\d+)/);
  const client = await Wire.connect(Number(port));
  const pushes = Array.from({ length: 20_000 }, (_, id) => ["QLPUSH", "q", id, "hello"]);
  await askAll(client, ...pushes);
  okq.kill();
  expect(await okq.exited).toBe(0);
  const profile = await Bun.file(join(elsewhere, "okq.cpuprofile")).json();
  const frames: { url: string }[] = profile.nodes.map(
    (node: { callFrame: unknown }) => node.callFrame,
  );
  expect(frames.filter(({ url }) => url.endsWith(".ts"))).not.toEqual([]);
});
