// okq top in a real terminal: what it draws, and how it gives the terminal back.
import { expect, test } from "bun:test";
import { eventually } from "../support/eventually.ts";
import { okq } from "../support/okq-command.ts";
import { startOkqProcess } from "../support/okq-process.ts";
import { startTestOkq } from "../support/okq-server.ts";
import { ask } from "../support/readable.ts";
import { startTerminal, type TestTerminal } from "../support/tmux.ts";

async function startTop(port: number, { columns = 100, interval = 0.2 } = {}) {
  const terminal = await startTerminal({ columns, env: { OKQ_ADDR: `127.0.0.1:${port}` } });
  await terminal.type(`okq top --interval ${interval}; echo ended with $?`);
  await terminal.press("Enter");
  await terminal.shows(/^\d+ queues? {2}ready/m);
  return terminal;
}

/** The terminal is as it was before, with the exit code below. */
async function isGivenBack(terminal: TestTerminal, exitCode: number): Promise<void> {
  const screen = await terminal.shows(new RegExp(`^ended with ${exitCode}$`, "m"));
  expect(screen).toStartWith("ready\n$ okq top");
  expect(await terminal.state()).toEqual({ isAlternate: false, hasCursor: true });
  await terminal.type("echo typed");
  expect(await terminal.shows(/^\$ echo typed$/m)).toContain("$ echo typed");
}

test("draws in place, follows keys and changes, and gives the terminal back", async () => {
  const { port, connect } = await startTestOkq();
  const client = await connect();
  for (const name of ["mail", "sms"]) await ask(client, "QPUSH", name, "x");
  await ask(client, "QPUSH", "mail", "x");
  const terminal = await startTop(port);
  expect(await terminal.state()).toEqual({ isAlternate: true, hasCursor: false });
  expect(await terminal.shows(/^mail +2 .*\nsms +1 /m)).toMatch(/^QUEUE +READY\*/m);
  await ask(client, "QMPUSH", "sms", "EVENTS", "a", "b", "c");
  await terminal.shows(/^sms +4 .*\nmail +2 /m);
  await terminal.press("r");
  await terminal.shows(/^mail +2 .*\nsms +4 /m);
  await terminal.press("S");
  await terminal.shows(/^QUEUE\* +READY /m);
  await terminal.press("p");
  await terminal.shows(/ paused$/m);
  await ask(client, "QPUSH", "new", "x");
  await terminal.press("p");
  await terminal.shows(/^3 queues {2}ready 7 /m);
  await terminal.press("q");
  await isGivenBack(terminal, 0);
});

test("fits into a terminal that becomes narrow, low and large again", async () => {
  const { port, connect } = await startTestOkq();
  const client = await connect();
  for (let at = 10; at < 40; at++) await ask(client, "QPUSH", `queue-with-a-long-name-${at}`, "x");
  // It must draw at once when the size changes, and not with the next answer.
  const terminal = await startTop(port, { columns: 130, interval: 600 });
  await terminal.shows(/^QUEUE .* PAUSED$/m);
  await terminal.resize(40, 8);
  const narrow = await terminal.shows(/^QUEUE +READY\* +CLAIMED +FAILED/m);
  expect(narrow.split("\n").filter((line) => line.startsWith("queue-with"))).toHaveLength(3);
  expect(narrow).toMatch(/^by ready, 1-3 of 30/m);
  await terminal.press("Down", "Down");
  await terminal.shows(/^by ready, 3-5 of 30/m);
  await terminal.resize(12, 3);
  await terminal.shows(/^queue-/m);
  await terminal.resize(130, 20);
  await terminal.shows(/^QUEUE .* PAUSED$/m);
  await terminal.press("C-c");
  await terminal.shows(/^ended with 0$/m);
});

test.each([
  ["SIGTERM", 143],
  ["SIGHUP", 129],
  ["SIGINT", 130],
] as const)("gives the terminal back after %s", async (signal, exitCode) => {
  const { port } = await startTestOkq();
  const terminal = await startTop(port);
  const [pid] = await pidsOfTop(port);
  process.kill(pid!, signal);
  await isGivenBack(terminal, exitCode);
});

test("draws anew after it was stopped", async () => {
  const { port, connect } = await startTestOkq();
  await ask(await connect(), "QPUSH", "mail", "x");
  const terminal = await startTop(port);
  const [pid] = await pidsOfTop(port);
  process.kill(pid!, "SIGSTOP");
  await terminal.shows(/Stopped/);
  await terminal.type("fg");
  await terminal.press("Enter");
  await terminal.shows(/^mail +1 /m);
  expect(await terminal.state()).toEqual({ isAlternate: true, hasCursor: false });
  await terminal.press("q");
  await eventually(async () => !(await terminal.state()).isAlternate);
});

test("says that okq is gone, and goes on when it is back", async () => {
  const server = await startOkqProcess(["--store", "memory"]);
  await ask(await server.connect(), "QPUSH", "mail", "x");
  const terminal = await startTop(server.port);
  await terminal.shows(/^mail +1 /m);
  await server.crash();
  expect(await terminal.shows(/^no answer since \d\d:\d\d:\d\d, trying again/m)).toContain("mail");
  const again = await startOkqProcess(["--store", "memory"], server.port);
  await ask(await again.connect(), "QPUSH", "sms", "x");
  await terminal.shows(/^sms +1 /m);
  await again.crash();
  await terminal.shows(/^no answer since/m);
  await terminal.press("q");
  await isGivenBack(terminal, 0);
});

test("without a terminal, and with --once, writes one table and ends", async () => {
  const { port, connect } = await startTestOkq();
  const client = await connect();
  for (const name of ["mail", "sms"]) await ask(client, "QPUSH", name, "x");
  await ask(client, "QPUSH", "sms", "x");
  const env = { OKQ_ADDR: `127.0.0.1:${port}` };
  const { code, stdout } = await okq(["top"], { env });
  expect(code).toBe(0);
  expect(stdout).toMatch(/^QUEUE +READY .* PUSH\/S .*\nsms +2 .*\nmail +1 .*\n$/);
  const json = (await okq(["top", "--sort", "queue", "--json"], { env })).stdout.trim().split("\n");
  expect(json.map((line) => JSON.parse(line).queue)).toEqual(["mail", "sms"]);
  const terminal = await startTerminal({ env });
  for (const command of ["okq top --once", "TERM=dumb okq top"]) {
    await terminal.type(`clear; ${command}`);
    await terminal.press("Enter");
    await terminal.shows(/^sms +2 .*\nmail +1 .*\n\$$/m);
  }
});

/** The processes of `okq top` that talk to the server of this port. */
async function pidsOfTop(port: number): Promise<number[]> {
  const found = await eventually(async () => {
    const { stdout } = Bun.spawnSync(["pgrep", "-f", "top --interval 0.2"]);
    const pids = stdout.toString().trim().split("\n").map(Number);
    const environments = await Promise.all(
      pids.map((pid) =>
        Bun.file(`/proc/${pid}/environ`)
          .text()
          .catch(() => ""),
      ),
    );
    const own = pids.filter((_, at) => environments[at]!.includes(`OKQ_ADDR=127.0.0.1:${port}`));
    return own.length > 0 ? own : null;
  });
  return found;
}
