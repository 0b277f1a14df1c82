// What the client asks and shows at a real terminal: questions, passwords, the bar of a long push.
import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { startWithClient } from "../support/client-command.ts";
import { closeAfterTest } from "../support/close-after-test.ts";
import { newFolder } from "../support/new-folder.ts";
import { TcpProxy } from "../support/tcp-proxy.ts";
import { startTerminal } from "../support/tmux.ts";

async function startAt(config: Parameters<typeof startWithClient>[0] = {}) {
  const started = await startWithClient(config);
  const terminal = await startTerminal({ env: started.env });
  /** Types a command on an empty screen. Behind it its exit code is shown. */
  const enter = async (command: string) => {
    await terminal.type("clear");
    await terminal.press("Enter");
    await terminal.shows(/^\$\n*$/);
    await terminal.type(`${command}; echo "ended with $?"`);
    await terminal.press("Enter");
  };
  return { ...started, terminal, enter };
}

test("purge asks with the number, and removes only after a yes", async () => {
  const { terminal, enter, ask, counts } = await startAt();
  for (const id of ["1", "2"]) await ask("QPUSH", "q", "x", "ID", id);
  const question = /^Remove 2 ready events of q\? \[y\/N\]/m;
  for (const keys of [["n", "Enter"], ["Enter"], ["y", "o", "Enter"], ["C-d"]]) {
    await enter("okq purge q ready");
    await terminal.shows(question);
    await terminal.press(...keys);
    await terminal.shows(/^okq: nothing was removed\nended with 1$/m);
  }
  // The shell ends the whole line on Ctrl-C.
  await enter("okq purge q ready");
  await terminal.shows(question);
  await terminal.press("C-c");
  await terminal.shows(/\^C\n\$$/m);
  expect(await counts("q")).toEqual({ total: 2, claimed: 0 });
  await enter("okq purge q ready");
  await terminal.shows(question);
  await terminal.press("Y", "e", "s", "Enter");
  await terminal.shows(/^removed 2\nended with 0$/m);
  expect(await counts("q")).toEqual({ total: 0, claimed: 0 });
});

test("--ask-password does not show what is typed, and gives the terminal back", async () => {
  const { terminal, enter } = await startAt({ password: "hunter2" });
  const answer = async (...keys: string[]) => {
    await enter("okq push q x --id 1 --ask-password --user default");
    await terminal.shows(/^Password of default:$/m);
    await terminal.press(...keys);
    const screen = await terminal.shows(/^ended with \d+$/m);
    expect(screen).not.toContain("hunter");
    return screen;
  };
  expect(await answer("hunterr", "BSpace", "2", "Enter")).toContain("\n1\nended with 0\n");
  expect(await answer("hunter3", "Enter")).toContain("refuses the login");
  expect(await answer("h", "C-c")).toContain("\nended with 130\n");
  // A question behind a password.
  await enter("okq purge q ready --ask-password");
  await terminal.shows(/^Password:$/m);
  await terminal.press("hunter2", "Enter");
  await terminal.shows(/^Remove 1 ready event of q\? \[y\/N\]/m);
  await terminal.press("y", "Enter");
  await terminal.shows(/^removed 1$/m);
});

test("push reads contents from the terminal until Ctrl-D", async () => {
  const { terminal, enter, ask } = await startAt();
  await enter("okq push q --id 1");
  await terminal.shows(/^reading from the terminal; Ctrl-D ends the contents$/m);
  await terminal.press("to: ann", "Enter", "C-d");
  await terminal.shows(/^1\nended with 0$/m);
  expect(await ask("QRPEEK", "q")).toEqual(["1", "to: ann\n"]);
});

test("a long push shows a bar, in place, and takes it away", async () => {
  const { terminal, enter, counts } = await startAt();
  const slow = 'for i in $(seq 40); do echo "line $i"; sleep 0.05; done';
  await enter(`(${slow}) | okq push q --lines -q`);
  const bar = await terminal.shows(/^\d+ events, \d+ s$/m);
  expect(bar.match(/events/g)).toHaveLength(1);
  const end = await terminal.shows(/^ended with 0$/m);
  expect(end).not.toContain("events,");
  expect(await counts("q")).toEqual({ total: 40, claimed: 0 });
});

test("the bar of a file tells how much is done and how long the rest takes", async () => {
  const { server } = await startWithClient();
  const proxy = closeAfterTest(TcpProxy.start(server.port));
  const terminal = await startTerminal({ env: { OKQ_ADDR: `127.0.0.1:${proxy.port}` } });
  const file = join(newFolder(), "lines");
  writeFileSync(file, `${"x".repeat(999)}\n`.repeat(10_000));
  proxy.set("replies", "delay", 250);
  await terminal.type(`clear; okq push q --lines -q -f ${file}; echo "ended with $?"`);
  await terminal.press("Enter");
  await terminal.shows(/^\[#+\.+\] \d+ %, [\d,]+ events, \d+ s left$/m);
  await terminal.shows(/^ended with 0$/m);
});

test("a failure stands below the bar in a line of its own", async () => {
  const { terminal, enter, ask } = await startAt();
  await ask("QCONFIG", "q", "max-length", "20");
  await enter('(for i in $(seq 40); do echo "$i"; sleep 0.05; done) | okq push q --lines -q');
  await terminal.shows(/^\d+ events, \d+ s$/m);
  const end = await terminal.shows(/^ended with 1$/m);
  expect(end).toMatch(/^okq: 20 events were pushed, event 21 was not pushed; nothing behind: /m);
});
