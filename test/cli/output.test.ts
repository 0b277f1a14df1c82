// The output of the client: pipes that are full or closed, and disks that are full. No event is
// acknowledged whose bytes the system did not take.
import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { startWithClient } from "../support/client-command.ts";
import { eventually, lasting } from "../support/eventually.ts";
import { newFolder } from "../support/new-folder.ts";
import { shell } from "../support/okq-command.ts";

test("a reader that has gone is no failure, and the event goes back at once", async () => {
  const { server, ask, counts, get } = await startWithClient();
  await ask("QPUSH", "q", "x".repeat(1_000_000), "ID", "1");
  for (const options of ["--ack", "--keep", ""]) {
    const line = `okq pop q --raw ${options} | head -c 1; echo " \${PIPESTATUS[0]}"`;
    expect(await shell(line, { port: server.port })).toEqual({
      code: 0,
      stdout: "x 0\n",
      stderr: "",
    });
    expect(await counts("q")).toEqual({ total: 1, claimed: 0 });
  }
  // It was given back, not crashed.
  expect(await get("q", "1")).toMatchObject({ crashes: 0, failures: 0 });
});

/** Runs okq with these arguments, and a reader that does not read before release() is called. */
function withLateReader(port: number, args: string) {
  const gate = join(newFolder(), "gate");
  Bun.spawnSync(["mkfifo", gate]);
  const line = `okq ${args} | { read -r < '${gate}'; wc -c; }; echo "\${PIPESTATUS[0]}"`;
  return { ended: shell(line, { port }), release: () => writeFileSync(gate, "go\n") };
}

test("a reader that does not read holds the command back, and the event is not done", async () => {
  const { server, ask, get, counts } = await startWithClient();
  await ask("QPUSH", "q", "x".repeat(4_000_000), "ID", "1");
  const { ended, release } = withLateReader(server.port, "pop q --raw --ack");
  await eventually(async () => (await get("q", "1"))["state"] === "claimed");
  await lasting(300);
  expect(await counts("q")).toEqual({ total: 1, claimed: 1 });
  release();
  expect(await ended).toEqual({ code: 0, stdout: "4000000\n0\n", stderr: "" });
  expect(await counts("q")).toEqual({ total: 0, claimed: 0 });
});

test("an event that was written too late is not counted as done", async () => {
  const { server, ask, get, pop, counts } = await startWithClient();
  await ask("QPUSH", "q", "x".repeat(4_000_000), "ID", "1");
  const late = withLateReader(server.port, "pop q --raw --ack --lease 0.1");
  await eventually(async () => (await get("q", "1"))["crashes"] === 1);
  expect((await eventually(() => pop("q")))[4]).toBe(2);
  late.release();
  expect(await late.ended).toEqual({
    code: 0,
    stdout: "4000000\n1\n",
    stderr:
      "okq: 1 of 1 events of q were written too late: their leases had ended, and they are " +
      "delivered again (--lease)\n",
  });
  expect(await counts("q")).toEqual({ total: 1, claimed: 1 });
});

test("a push waits for the reader of its ids", async () => {
  const { startOkq, counts } = await startWithClient();
  const lines = Array.from({ length: 20_000 }, (_, at) => `${at}\n`).join("");
  const child = startOkq(["push", "q", "--lines"], lines);
  await eventually(async () => (await counts("q")).total === 20_000 || child.exitCode === null);
  const ids = (await child.stdout.text()).split("\n");
  expect(new Set(ids).size).toBe(20_001);
  expect(await child.exited).toBe(0);
});

test("an output that cannot be written is a failure, and the event goes back", async () => {
  const { server, ask, counts } = await startWithClient();
  await ask("QPUSH", "q", "x", "ID", "1");
  const { code, stderr } = await shell("okq pop q --ack > /dev/full", { port: server.port });
  expect(code).toBe(70);
  expect(stderr).toStartWith("okq: cannot write the output: ENOSPC");
  expect(await counts("q")).toEqual({ total: 1, claimed: 0 });
});

test("closed standard input and error are no failure", async () => {
  const { server, counts } = await startWithClient();
  const options = { port: server.port };
  expect(await shell("okq push q x -q <&- 2>&-", options)).toMatchObject({ code: 0 });
  expect(await shell("okq pop none 2>&-", options)).toMatchObject({ code: 1, stdout: "" });
  expect(await counts("q")).toEqual({ total: 1, claimed: 0 });
});

test("arguments may be any bytes", async () => {
  const { server, ask } = await startWithClient();
  const push = "okq push $'q\\xff' $'a\\xffb\\xef\\xbf\\xbd' --id $'\\xfe' -H $'n=\\xfd'";
  const line = `${push} && echo > $'f\\xff'`;
  const options = { port: server.port, cwd: newFolder() };
  expect(await shell(line, options)).toMatchObject({ code: 0, stdout: "\\xfe\n" });
  expect(await ask("QPOP", "NOACK", "FROM", Buffer.from("q\xff", "latin1"))).toEqual([
    ["q\xff", "\xfe", "a\xffb\xef\xbf\xbd", null, 1, ["n", "\xfd"]],
  ]);
  expect(await shell("okq push q -q --file $'f\\xff'", options)).toMatchObject({ code: 0 });
  // A command cannot be given such bytes.
  expect(await shell("okq work q -- echo $'\\xff'", options)).toEqual({
    code: 2,
    stdout: "",
    stderr: 'okq: COMMAND: "\\\\xff" is not UTF-8\n',
  });
});

test("a pipe of two okq moves events", async () => {
  const { server, ask } = await startWithClient();
  for (const contents of ["a", "b\nc", ""]) await ask("QPUSH", "q", contents);
  const line = "okq pop q -n 10 -0 --ack | okq push r -0 -q && okq pop r -n 10 -0 --ack";
  expect(await shell(line, { port: server.port })).toEqual({
    code: 0,
    stdout: "a\0b\nc\0\0",
    stderr: "",
  });
});
