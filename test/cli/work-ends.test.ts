// How `okq work` ends: signals, a closed stdout, no server, no right.
import { expect, setDefaultTimeout, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "../support/free-port.ts";
import { newFolder } from "../support/new-folder.ts";
import { shell } from "../support/okq-command.ts";
import { eventOf, startWork, startWorkScript } from "../support/okq-work.ts";
import { startTestOkq } from "../support/okq-server.ts";
import { ask } from "../support/readable.ts";
import { writeUsers } from "../support/users.ts";

setDefaultTimeout(60_000);

async function start() {
  const okq = await startTestOkq();
  const client = await okq.connect();
  await ask(client, "QPUSH", "q", "1", "ID", "1");
  await ask(client, "QPUSH", "q", "2", "ID", "2");
  return { port: okq.port, client };
}

const UNTOUCHED = { state: "ready", attempts: 0, failures: 0, crashes: 0 };

test.each(["SIGTERM", "SIGINT", "SIGHUP"] as const)(
  "after one %s it pops no more, finishes its event and exits with 0",
  async (signal) => {
    const { port, client } = await start();
    const file = join(newFolder(), "go");
    const script = `echo on; until [ -e ${file} ]; do sleep 0.05; done; echo done`;
    const work = startWorkScript(port, ["q"], script);
    await work.waitForLine(/^on$/m);
    work.kill(signal);
    await work.waitForLine(/okq work: waits for its commands/);
    writeFileSync(file, "");
    expect(await work.exited).toBe(0);
    expect(work.stdout()).toBe("on\ndone\n");
    expect(await eventOf(client, "q", "1")).toBeNull();
    expect(await eventOf(client, "q", "2")).toMatchObject(UNTOUCHED);
  },
);

test("after one signal it exits at once if it has nothing to do", async () => {
  const { port } = await start();
  const work = startWorkScript(port, ["other", "--json"], "true");
  await work.waitForLine(/"started"/);
  work.kill("SIGTERM");
  expect(await work.exited).toBe(0);
});

test.each([
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const)(
  "a second signal, %s, stops the commands and gives the events back",
  async (signal, code) => {
    const { port, client } = await start();
    const script = "trap 'echo told; exit 0' TERM; echo on; while :; do sleep 0.05; done";
    const work = startWorkScript(port, ["q", "-c", "2"], script);
    await work.waitForLine(/on\non\n/);
    work.kill("SIGTERM");
    await work.waitForLine(/waits for its commands/);
    work.kill(signal);
    expect(await work.exited).toBe(code);
    expect(work.stdout()).toBe("on\non\ntold\ntold\n");
    for (const id of ["1", "2"]) {
      expect(await eventOf(client, "q", id)).toMatchObject(UNTOUCHED);
    }
  },
);

test("a third signal kills commands that do not stop", async () => {
  const { port, client } = await start();
  const script = "trap 'echo told' TERM; echo on; while :; do sleep 0.05; done";
  const work = startWorkScript(port, ["q", "--grace", "3600"], script);
  await work.waitForLine(/^on$/m);
  work.kill("SIGINT");
  await work.waitForLine(/waits for its commands/);
  work.kill("SIGINT");
  await work.waitForLine(/^told$/m);
  work.kill("SIGINT");
  expect(await work.exited).toBe(130);
  expect(await eventOf(client, "q", "1")).toMatchObject(UNTOUCHED);
});

test("ends without a word when the reader of its stdout is gone, and loses nothing", async () => {
  const { port, client } = await start();
  const command = 'sh -c "cat; echo; seq 100000; echo end >&2"';
  const line = `(okq work q --max 2 -- ${command}; echo "exit $?" >&2) | head -n 1`;
  const { stdout, stderr } = await shell(line, { port });
  expect(stdout).toBe("1\n");
  expect(stderr).toEndWith("exit 0\n");
  expect(await eventOf(client, "q", "1")).toMatchObject(UNTOUCHED);
  expect(await eventOf(client, "q", "2")).toMatchObject(UNTOUCHED);
});

test("goes on when the reader of its stderr is gone", async () => {
  const { port, client } = await start();
  const command = 'sh -c "seq 100000 >&2"';
  const work = `(okq work q --json --max 2 -- ${command}; echo "exit $?")`;
  const { stdout } = await shell(`exec 3>&1; ${work} 2>&1 >&3 | true`, { port });
  expect(stdout).toBe("exit 0\n");
  expect(await eventOf(client, "q", "1")).toBeNull();
  expect(await eventOf(client, "q", "2")).toBeNull();
});

test("exits with 69 if there is no okq", async () => {
  const port = await freePort();
  const work = startWork(port, ["q"], ["true"]);
  expect(await work.exited).toBe(69);
  expect(work.stderr()).toContain(`no okq at 127.0.0.1:${port}`);
});

test("exits with 77 if the login is refused, or it may not pop", async () => {
  const okq = await startTestOkq({ users: writeUsers("ann push mail").path });
  const run = (address: string, queue: string) => {
    const env = { OKQ_ADDR: address };
    return startWork(okq.port, [queue, "--once"], ["true"], { env });
  };
  expect(await run(`okq://ann:wrong@127.0.0.1:${okq.port}`, "mail").exited).toBe(77);
  const refused = run(`okq://ann:ann-password@127.0.0.1:${okq.port}`, "mail");
  expect(await refused.exited).toBe(77);
  expect(refused.stderr()).toContain("NOPERM");
});

test("gives the command no password unless it is told to", async () => {
  const okq = await startTestOkq({ passwordFile: passwordFile("secret") });
  const run = async (...args: string[]) => {
    const client = await okq.connect();
    await ask(client, "AUTH", "secret");
    await ask(client, "QPUSH", "q", "hi");
    const address = `okq://:secret@127.0.0.1:${okq.port}`;
    const work = startWork(okq.port, ["q", "--once", "--addr", address, ...args], ["env"], {
      env: { OKQ_ADDR: address, OKQ_PASSWORD: "secret" },
    });
    expect(await work.exited).toBe(0);
    return work.stdout();
  };
  expect(await run()).not.toContain("secret");
  expect(await run("--pass-auth")).toContain("secret");
});

function passwordFile(password: string): string {
  const file = join(newFolder(), "password");
  writeFileSync(file, `${password}\n`, { mode: 0o600 });
  return file;
}
