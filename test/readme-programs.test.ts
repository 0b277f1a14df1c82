// Runs the README's programs and commands: consumers that continue within seconds of a restart of
// okq, and certificates that strict clients accept.
import { describe, expect, test } from "bun:test";
import { existsSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { connect } from "node:tls";
import { installed, run } from "./drivers/programs.ts";
import { closeAfterTest, noteProcess } from "./support/close-after-test.ts";
import { eventually } from "./support/eventually.ts";
import { freePort } from "./support/free-port.ts";
import { newFolder } from "./support/new-folder.ts";
import { type ListeningOkq, startOkqProcess } from "./support/okq-process.ts";
import { newDatabase } from "./support/okq-server.ts";
import { startProcess } from "./support/process.ts";
import { ask } from "./support/readable.ts";
import { readmeBlock } from "./support/readme.ts";

const TEST_MS_MAX = 120_000;
/** A consumer that missed a wake-up would get the next event after 30 s. */
const HANDLED_MS_MAX = 15_000;
const WAIT_MS_MAX = 60_000;
const redigo = "/usr/share/gocode/src/github.com/gomodule/redigo";

interface Language {
  name: string;
  extension: string;
  command: string[];
  environment?: Record<string, string>;
  missing?: string;
}

const languages: Language[] = [
  { name: "ts", extension: "ts", command: [process.execPath] },
  { name: "python", extension: "py", command: ["/usr/bin/python3", "-u"] },
  {
    name: "go",
    extension: "go",
    command: ["go", "run"],
    environment: { GOPATH: "/usr/share/gocode", GO111MODULE: "off" },
    ...(!(Bun.which("go") && existsSync(redigo)) && {
      missing: "golang-go and golang-github-gomodule-redigo-dev, large packages, are not installed",
    }),
  },
];

/** The README's program of that name, written to a file with okq's port in it. */
async function writeProgram(language: Language, name: string, port: number): Promise<string> {
  const folder = newFolder();
  symlinkSync(resolve(import.meta.dir, "../node_modules"), join(folder, "node_modules"));
  const file = `${name}.${language.extension}`;
  const text = await readmeBlock(language.name, ` ${file}: `);
  expect(text).toContain("4777");
  await Bun.write(join(folder, file), text.replaceAll("4777", `${port}`));
  return join(folder, file);
}

/** Runs it in its own process group, because `go run` starts a program that outlives it. */
function start({ command, environment }: Language, file: string) {
  const [program, ...args] = command;
  const child = Bun.spawn(["setsid", installed(program!), ...args, file], {
    env: { PATH: process.env.PATH!, HOME: tmpdir(), ...environment },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  noteProcess(child, file);
  const output: string[] = [];
  const collect = async (stream: ReadableStream<Uint8Array>) => {
    const decoder = new TextDecoder();
    for await (const chunk of stream) output.push(decoder.decode(chunk, { stream: true }));
  };
  const ended = Promise.all([child.exited, collect(child.stdout), collect(child.stderr)]);
  const signal = (name: NodeJS.Signals) => {
    try {
      process.kill(-child.pid, name);
    } catch {
      // All processes of the group have ended.
    }
  };
  closeAfterTest({
    close: async () => {
      signal("SIGKILL");
      await ended;
    },
  });
  const text = () => output.join("");
  return { text, signal, exited: ended.then(([code]) => code) };
}

async function untilOneWaits(okq: ListeningOkq): Promise<void> {
  const observer = closeAfterTest(await okq.connect());
  await eventually(
    async () => String(await ask(observer, "INFO", "clients")).includes("blocked_clients:1\r\n"),
    { timeoutMs: WAIT_MS_MAX, message: "the consumer waits" },
  );
}

describe.each(languages)("the programs in $name", (language) => {
  const { missing } = language;
  const title = "push, and handle each event within seconds of a restart of okq";
  test.skipIf(missing !== undefined)(
    missing === undefined ? title : `${title}: ${missing}`,
    async () => {
      const database = ["--store", newDatabase()];
      const port = await freePort();
      let okq = await startOkqProcess(database, port);
      const consumer = start(language, await writeProgram(language, "consumer", port));
      const handled = async (contents: string, timeoutMs: number) => {
        const message = `handles ${contents}: ${consumer.text()}`;
        await eventually(() => consumer.text().includes(contents), { timeoutMs, message });
      };
      const producer = start(language, await writeProgram(language, "producer", port));
      expect(await producer.exited).toBe(0);
      for (let i = 1; i <= 3; i++) await handled(`hello ${i}`, WAIT_MS_MAX);

      for (const signal of ["SIGKILL", "SIGTERM"] as const) {
        await untilOneWaits(okq);
        okq.kill(signal);
        await okq.exited;
        okq = await startOkqProcess(database, port);
        const other = closeAfterTest(await okq.connect());
        expect(await ask(other, "QLPUSH", "mail", signal, `after ${signal}`)).toBe("+OK");
        await handled(`after ${signal}`, HANDLED_MS_MAX);
      }

      await untilOneWaits(okq);
      consumer.signal("SIGTERM");
      await consumer.exited;
      const observer = closeAfterTest(await okq.connect());
      // All are acknowledged, and the consumer is gone.
      await eventually(async () => Bun.deepEquals(await ask(observer, "QSTATUS"), []));
    },
    TEST_MS_MAX,
  );
});

test("strict clients accept the certificates, also as client certificates", async () => {
  const folder = newFolder();
  const script = await readmeBlock("sh", "openssl x509 -req");
  const made = Bun.spawnSync(["bash", "-euc", script], { cwd: folder, stderr: "pipe" });
  expect([made.exitCode, made.exitCode === 0 || String(made.stderr)]).toEqual([0, true]);
  const [ca, cert, key] = ["ca.crt", "okq.crt", "okq.key"].map((name) => join(folder, name));
  for (const purpose of ["sslserver", "sslclient"]) {
    const options = ["-x509_strict", "-purpose", purpose, "-verify_hostname", "localhost"];
    const { stdout } = await run(["openssl", "verify", ...options, "-CAfile", ca!, cert!]);
    expect(String(stdout)).toBe(`${cert}: OK\n`);
  }

  const tls = ["--tls-cert", cert!, "--tls-key", key!, "--tls-client-ca", ca!];
  const config = ["--store", "memory", "--listen-addr", "", ...tls];
  const port = await freePort();
  const address = ["--tls-listen-addr", `127.0.0.1:${port}`];
  await startProcess([...config, ...address]).waitForLine(/listening/);
  const files = { ca: Bun.file(ca!), cert: Bun.file(cert!), key: Bun.file(key!) };
  const { promise, resolve: authorized, reject } = Promise.withResolvers<boolean>();
  const socket = connect({
    host: "localhost",
    port,
    ca: await files.ca.text(),
    cert: await files.cert.text(),
    key: await files.key.text(),
  });
  socket.on("secureConnect", () => authorized(socket.authorized)).on("error", reject);
  closeAfterTest({ close: () => socket.destroy() });
  expect(await promise).toBeTrue();
  expect(await startProcess(["health", ...config, ...address]).exited).toBe(0);
});
