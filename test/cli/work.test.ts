// `okq work`: what a command gets of an event, and what its end means for the event.
import { expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { isGroupAlive } from "../../src/cli/work/process-group.ts";
import { eventuallyEqual } from "../support/eventually.ts";
import { newFolder } from "../support/new-folder.ts";
import { eventOf, startWork, startWorkScript } from "../support/okq-work.ts";
import { startTestOkq } from "../support/okq-server.ts";
import { ask } from "../support/readable.ts";

setDefaultTimeout(60_000);

async function start() {
  const okq = await startTestOkq();
  return { port: okq.port, client: await okq.connect() };
}

/** Every byte value, and more than a pipe takes at once. */
const allBytes = Buffer.from(Array.from({ length: 1_000_000 }, (_, at) => (at * 31) & 255));

test("gives the contents on stdin byte for byte, and acknowledges after exit code 0", async () => {
  const { port, client } = await start();
  const file = join(newFolder(), "contents");
  await ask(client, "QPUSH", "q", allBytes, "ID", "1");
  const work = startWorkScript(port, ["q", "--once"], `cat > ${file}; echo done`);
  expect(await work.exited).toBe(0);
  expect(readFileSync(file).equals(allBytes)).toBe(true);
  expect(work.stdout()).toBe("done\n");
  expect(work.stderr()).toBe("");
  expect(await eventOf(client, "q", "1")).toBeNull();
});

test("tells the command about the event in its environment", async () => {
  const { port, client } = await start();
  const before = Date.now();
  const headers = ["HEADER", "x-trace", "a b\nc", "HEADER", "ü", "1", "HEADER", "zero", "a\0b"];
  const bytes = Buffer.from([0x61, 0xff]);
  await ask(
    client,
    "QPUSH",
    "q",
    "hi",
    "ID",
    "one 1",
    "ATTEMPTS",
    "7",
    ...headers,
    "HEADER",
    "bytes",
    bytes,
  );
  const work = startWorkScript(port, ["q", "--once", "--ex", "60"], "env -0", {
    env: {
      OKQ_H_OLD: "of an outer okq work",
      OKQ_PASSWORD: "secret",
      OKQ_ID: "outer",
      MINE: "kept",
    },
  });
  expect(await work.exited).toBe(0);
  const variables = work
    .stdout()
    .split("\0")
    .filter((text) => text !== "");
  const env = Object.fromEntries(
    variables.map((text) => [text.split("=")[0]!, text.replace(/^[^=]*=/, "")]),
  );
  const { OKQ_RUN: run, OKQ_TOKEN: token, ...others } = env;
  const { OKQ_DEADLINE_MS: deadline, OKQ_ENQUEUED_MS: enqueued, ...rest } = others;
  const own = Object.entries(rest).filter(([name]) => /^(OKQ_|MINE)/.test(name));
  expect(Object.fromEntries(own)).toEqual({
    MINE: "kept",
    OKQ_ADDR: `127.0.0.1:${port}`,
    OKQ_QUEUE: "q",
    OKQ_ID: "one 1",
    OKQ_ATTEMPT: "1",
    OKQ_MAX_ATTEMPTS: "7",
    OKQ_HEADERS: JSON.stringify({ "x-trace": "a b\nc", ü: "1", zero: "a\0b", bytes: "a\udcff" }),
    OKQ_H_BYTES_BASE64: bytes.toString("base64"),
    OKQ_H_X_TRACE: "a b\nc",
    OKQ_H__: "1",
    OKQ_H_ZERO_BASE64: Buffer.from("a\0b").toString("base64"),
  });
  expect(run).toMatch(/^[\da-f-]{36}$/);
  expect(token).toMatch(/^\d+-\d+$/);
  expect(Number(enqueued)).toBeGreaterThan(before - 5_000);
  expect(Number(deadline) - before).toBeGreaterThan(50_000);
  expect(Number(deadline) - Date.now()).toBeLessThan(70_000);
});

test("an id of any bytes is acknowledged, and given as base64", async () => {
  const { port, client } = await start();
  const id = Buffer.from([0x61, 0x00, 0xff]);
  await ask(client, "QPUSH", "q", "hi", "ID", id);
  const script = 'echo "${OKQ_ID-none} $OKQ_ID_BASE64"';
  const work = startWorkScript(port, ["q", "--once", "--prefix"], script);
  expect(await work.exited).toBe(0);
  expect(work.stdout()).toBe(`a\\x00\\xff: none ${id.toString("base64")}\n`);
  expect(await ask(client, "QSTATUS", "q")).toMatchObject([["q", 0, 0, expect.any(Number)]]);
});

test("a script may open its stdout and stderr by their names", async () => {
  const { port, client } = await start();
  await ask(client, "QPUSH", "q", "hi");
  const script = "echo out > /dev/stdout; echo err > /dev/stderr";
  const work = startWorkScript(port, ["q", "--once"], script);
  expect(await work.exited).toBe(0);
  expect([work.stdout(), work.stderr()]).toEqual(["out\n", "err\n"]);
});

test("keeps the folder, and leads a process group of its own", async () => {
  const { port, client } = await start();
  const folder = newFolder();
  await ask(client, "QPUSH", "q", "hi");
  const work = startWorkScript(port, ["q", "--once"], "pwd -P; ps -o pgid= -p $$; echo $$", {
    cwd: folder,
  });
  expect(await work.exited).toBe(0);
  const [cwd, group, pid] = work.stdout().split("\n");
  expect(cwd).toBe(folder);
  expect(group!.trim()).toBe(pid!);
});

const ends: [what: string, script: string, state: string, error: string][] = [
  ["exit code 1", "echo wrong >&2; exit 1", "delayed", "exit code 1: wrong"],
  ["exit code 75", "exit 75", "delayed", "exit code 75"],
  ["exit code 65", "echo bad data >&2; exit 65", "failed", "exit code 65: bad data"],
  ["exit code 100", "exit 100", "failed", "exit code 100"],
  ["a signal", "kill -9 $$", "delayed", "killed by SIGKILL"],
];

test.each(ends)("after %s the event is not acknowledged", async (_what, script, state, error) => {
  const { port, client } = await start();
  await ask(client, "QCONFIG", "q", "backoff", "fixed 60");
  await ask(client, "QPUSH", "q", "hi", "ID", "1");
  const work = startWorkScript(port, ["q", "--once"], script);
  expect(await work.exited).toBe(0);
  expect(await eventOf(client, "q", "1")).toMatchObject({
    state,
    failures: 1,
    "last-error": error,
  });
});

test("--retry-after delays an event after exit code 75, and only then", async () => {
  const { port, client } = await start();
  await ask(client, "QCONFIG", "q", "backoff", "fixed 60");
  await ask(client, "QPUSH", "q", "75", "ID", "1");
  await ask(client, "QPUSH", "q", "1", "ID", "2");
  const args = ["q", "--max", "2", "--retry-after", "3600"];
  expect(await startWorkScript(port, args, 'exit "$(cat)"').exited).toBe(0);
  const dueIn = async (id: string) => {
    const event = await eventOf(client, "q", id);
    return Number(event!["due-at"]) - Date.now() / 1000;
  };
  expect(await dueIn("1")).toBeGreaterThan(3000);
  expect(await dueIn("2")).toBeLessThan(70);
});

test("keeps the last 4 KiB of stderr as the error, and passes all of it on", async () => {
  const { port, client } = await start();
  await ask(client, "QPUSH", "q", "hi", "ID", "1");
  const work = startWorkScript(port, ["q", "--once"], "seq 5000 >&2; echo end >&2; exit 65");
  expect(await work.exited).toBe(0);
  expect(work.stderr()).toStartWith("1\n2\n3\n");
  expect(work.stderr()).toContain("\n5000\nend\nokq work: q 1: failed for good: exit code 65\n");
  const event = await eventOf(client, "q", "1");
  const error = String(event!["last-error"]);
  expect(error).toStartWith("exit code 65: ");
  expect(error).toEndWith("\n4999\n5000\nend");
  expect(error.length).toBeGreaterThan(3900);
});

const unrunnable: [what: string, command: string[]][] = [
  ["is not there", ["/nowhere/program"]],
  ["may not be run", ["/etc/passwd"]],
  ["exits with 127", ["sh", "-c", "no-such-program-at-all"]],
  ["exits with 126", ["sh", "-c", "/etc/passwd"]],
];

test.each(unrunnable)("stops if the command %s, and the event is as before", async (_, command) => {
  const { port, client } = await start();
  await ask(client, "QPUSH", "q", "hi", "ID", "1");
  const work = startWork(port, ["q"], command);
  expect(await work.exited).toBe(70);
  expect(work.stderr()).toContain(`okq: cannot run ${JSON.stringify(command[0])}: `);
  expect(await eventOf(client, "q", "1")).toMatchObject({
    state: "ready",
    attempts: 0,
    failures: 0,
  });
});

test("--arg puts the contents into the arguments", async () => {
  const { port, client } = await start();
  await ask(client, "QPUSH", "q", "$& a 'b'\n$(c)");
  const work = startWork(port, ["q", "--once", "--arg"], ["printf", "[%s]", "x{}y{}", "--", "z"]);
  expect(await work.exited).toBe(0);
  expect(work.stdout()).toBe("[x$& a 'b'\n$(c)y$& a 'b'\n$(c)][--][z]");
});

const unfit: [what: string, contents: Buffer][] = [
  ["a zero byte", Buffer.from("a\0b")],
  ["bytes that are no text", Buffer.from([0xff, 0xfe])],
  ["more than an argument may have", Buffer.alloc(200_000, "x")],
];

test.each(unfit)("--arg: contents with %s fail for good, others go on", async (_, contents) => {
  const { port, client } = await start();
  await ask(client, "QPUSH", "q", contents, "ID", "1");
  await ask(client, "QPUSH", "q", "right", "ID", "2");
  const dry = startWork(port, ["q", "--dry-run", "--arg"], ["echo", "{}"]);
  expect(await dry.exited).toBe(1);
  expect(dry.stderr()).toContain("okq: event 1 of q: ");
  const work = startWork(port, ["q", "--max", "2", "--arg"], ["echo", "{}"]);
  expect(await work.exited).toBe(0);
  expect(work.stdout()).toBe("right\n");
  const event = await eventOf(client, "q", "1");
  expect(event).toMatchObject({ state: "failed" });
  expect(String(event!["last-error"])).toEndWith("use the contents on stdin");
});

test("an event whose headers are too much for an environment is handled without them", async () => {
  const { port, client } = await start();
  const value = "\u0001".repeat(1000);
  const headers = Array.from({ length: 60 }, (_, at) => ["HEADER", `h${at}`, value]).flat();
  await ask(client, "QPUSH", "q", "hi", ...headers);
  const script = 'printf "%s %s" "${#OKQ_H_H7}" "${OKQ_HEADERS-none}"';
  const work = startWorkScript(port, ["q", "--once"], script);
  expect(await work.exited).toBe(0);
  expect(work.stdout()).toBe("1000 none");
});

test("--timeout stops the whole group, which is a failed attempt", async () => {
  const { port, client } = await start();
  const file = join(newFolder(), "told");
  await ask(client, "QCONFIG", "q", "backoff", "fixed 60");
  await ask(client, "QPUSH", "q", "hi", "ID", "1");
  const inner = `trap 'echo told > ${file}; exit' TERM; while :; do sleep 0.05; done`;
  const script = `sh -c "${inner}" & wait`;
  const work = startWorkScript(port, ["q", "--once", "--timeout", "0.5"], script);
  expect(await work.exited).toBe(0);
  expect(readFileSync(file, "utf8")).toBe("told\n");
  const event = await eventOf(client, "q", "1");
  expect(event).toMatchObject({ state: "delayed", failures: 1 });
  expect(work.stderr()).toMatch(/^okq work: q 1: attempt 1 failed: .*time limit/m);
});

test("the error after --timeout is the time limit and the last 4 KiB of stderr", async () => {
  const { port, client } = await start();
  for (const batch of [[], ["--batch", "1"]]) {
    await ask(client, "QPUSH", "q", "hi", "ID", "1");
    const args = ["q", "--max", "1", "--timeout", "1", ...batch];
    const work = startWorkScript(port, args, "seq 5000 >&2; echo end >&2; sleep 60");
    expect(await work.exited).toBe(0);
    expect(work.stderr()).toEndWith(
      "\n5000\nend\nokq work: q 1: attempt 1 failed: the time limit of 1000 ms has passed\n",
    );
    const error = String((await eventOf(client, "q", "1"))!["last-error"]);
    expect(error).toStartWith("the time limit of 1000 ms has passed: ");
    expect(error).toEndWith("\n4999\n5000\nend");
    expect(error.length).toBeGreaterThan(3900);
    expect(error.length).toBeLessThanOrEqual(4096);
    await ask(client, "QDEL", "q", "1");
  }
});

test("kills a command that does not stop within the grace", async () => {
  const { port, client } = await start();
  await ask(client, "QCONFIG", "q", "backoff", "fixed 60");
  await ask(client, "QPUSH", "q", "hi", "ID", "1");
  const args = ["q", "--once", "--timeout", "0.3", "--grace", "0.3"];
  const work = startWorkScript(port, args, "trap '' TERM; while :; do sleep 0.05; done");
  expect(await work.exited).toBe(0);
  expect(await eventOf(client, "q", "1")).toMatchObject({ state: "delayed", failures: 1 });
});

test("an event ends only when nothing is left of the group that is stopped", async () => {
  const { port, client } = await start();
  await ask(client, "QCONFIG", "q", "backoff", "fixed 60");
  await ask(client, "QPUSH", "q", "hi", "ID", "1");
  const args = ["q", "--once", "--timeout", "0.5", "--grace", "0.5"];
  const deaf = "trap '' TERM; while :; do sleep 0.05; done";
  const script = `sh -c "${deaf}" & trap 'exit 0' TERM; echo $$; wait`;
  const work = startWorkScript(port, args, script);
  const [, group] = await work.waitForLine(/^(\d+)$/m);
  expect(await work.exited).toBe(0);
  expect(isGroupAlive(Number(group))).toBe(false);
  expect(await eventOf(client, "q", "1")).toMatchObject({ state: "delayed", failures: 1 });
});

test("a cancelled event stops its command, and is gone", async () => {
  const { port, client } = await start();
  await ask(client, "QPUSH", "q", "hi", "ID", "1");
  const script = "trap 'exit 0' TERM; echo on; while :; do sleep 0.05; done";
  const work = startWorkScript(port, ["q", "--once", "--ex", "1"], script);
  await work.waitForLine(/^on$/m);
  expect(await ask(client, "QCANCEL", "q", "1")).toBe("asked");
  expect(await work.exited).toBe(0);
  expect(work.stderr()).toContain("okq work: q 1: cancelled");
  expect(await eventOf(client, "q", "1")).toBeNull();
});

test("stops the command of a claim that is lost, and says nothing about the event", async () => {
  const { port, client } = await start();
  const file = join(newFolder(), "told");
  await ask(client, "QPUSH", "q", "hi", "ID", "1");
  const script = `trap 'echo told > ${file}; exit 0' TERM; echo on; while :; do sleep 0.05; done`;
  const work = startWorkScript(port, ["q", "--once", "--ex", "1"], script);
  await work.waitForLine(/^on$/m);
  expect(await ask(client, "QACK", "q", "1", "TOKEN", "*", "REDO", "DELAY", "60")).toBe(1);
  expect(await work.exited).toBe(0);
  expect(existsSync(file)).toBe(true);
  expect(work.stderr()).toContain("okq work: q 1: ");
  expect(await eventOf(client, "q", "1")).toMatchObject({
    state: "delayed",
    failures: 0,
    crashes: 0,
  });
});

test("keeps the lease while the command runs", async () => {
  const { port, client } = await start();
  await ask(client, "QPUSH", "q", "hi", "ID", "1");
  const work = startWorkScript(port, ["q", "--once", "--ex", "1"], "echo on; sleep 3");
  expect(await work.exited).toBe(0);
  expect(work.stdout()).toBe("on\n");
  expect(await eventOf(client, "q", "1")).toBeNull();
});

test("an event has ended when its command has, whatever that left in the background", async () => {
  const { port, client } = await start();
  await ask(client, "QPUSH", "q", "hi", "ID", "1");
  const work = startWorkScript(port, ["q"], "sleep 60 & echo $!");
  const [, pid] = await work.waitForLine(/^(\d+)$/m);
  await eventuallyEqual(() => eventOf(client, "q", "1"), null);
  process.kill(Number(pid), "SIGKILL");
});
