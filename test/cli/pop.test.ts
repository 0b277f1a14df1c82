// `okq pop` and `okq peek`: what they write, and what becomes of the events.
import { expect, test } from "bun:test";
import { startWithClient } from "../support/client-command.ts";
import { okqBytes } from "../support/okq-command.ts";

const TOKEN = /\d{13}-\d+/;

test("shows an event with its token, which ack takes", async () => {
  const { okq, ask, counts } = await startWithClient();
  await ask("QPUSH", "mail", "to: ann\nhi", "ID", "1", "HEADER", "lang", "en");
  const { code, stdout, stderr } = await okq(["pop", "mail"]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const token = TOKEN.exec(stdout)![0];
  expect(stdout).toBe(`queue: mail\nid: 1\ntoken: ${token}\nattempt: 1\nlang: en\n\nto: ann\nhi\n`);
  expect(await okq(["ack", "mail", "1", token])).toEqual({
    code: 0,
    stdout: "acked\n",
    stderr: "",
  });
  expect(await counts("mail")).toEqual({ total: 0, claimed: 0 });
});

test("exits with 1 if there is no event", async () => {
  const { okq } = await startWithClient();
  for (const command of ["pop", "peek"]) {
    expect(await okq([command, "q"])).toEqual({ code: 1, stdout: "", stderr: "okq: no event\n" });
    expect(await okq([command, "q", "-q"])).toEqual({ code: 1, stdout: "", stderr: "" });
  }
});

test("--ack takes the event, --keep leaves it as the next one out", async () => {
  const { okq, ask, counts } = await startWithClient();
  await ask("QPUSH", "q", "first", "ID", "1");
  await ask("QPUSH", "q", "second", "ID", "2");
  const kept = await okq(["pop", "q", "--keep", "--lines", "-n", "5"]);
  expect(kept).toEqual({ code: 0, stdout: "first\nsecond\n", stderr: "" });
  expect(await counts("q")).toEqual({ total: 2, claimed: 0 });
  const { stdout } = await okq(["pop", "q", "--ack"]);
  expect(stdout).toBe("queue: q\nid: 1\nattempt: 1\n\nfirst\n");
  expect(await ask("QRPEEK", "q")).toEqual(["2", "second"]);
});

test("--raw writes the contents byte by byte, and the token to standard error", async () => {
  const { env, ask } = await startWithClient();
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
  await ask("QPUSH", "q", bytes, "ID", "1");
  const { code, stdout, stderr } = await okqBytes(["pop", "q", "--raw"], { env });
  expect(code).toBe(0);
  expect(stdout.equals(bytes)).toBeTrue();
  expect(stderr).toMatch(/^q 1 \d{13}-\d+\n$/);
});

test("-0 and --lines end each of the contents", async () => {
  const { okq, ask } = await startWithClient();
  for (const contents of ["a", "b\nc"]) await ask("QPUSH", "q", contents);
  expect(await okq(["pop", "q", "-0", "-n", "2", "--keep"])).toMatchObject({ stdout: "a\0b\nc\0" });
  expect(await okq(["pop", "q", "--lines", "-n2", "--ack"])).toMatchObject({
    stdout: "a\nb\nc\n",
    stderr: "",
  });
});

test("--json writes an object for each event, with bytes that are no text in base64", async () => {
  const { okq, ask } = await startWithClient();
  await ask("QPUSH", "q", '{"to": "ann"}', "ID", "1", "HEADER", "a", "b");
  await ask("QPUSH", "q", Buffer.of(0xff, 0), "ID", Buffer.of(0xfe));
  const { stdout } = await okq(["pop", "q", "--json", "-n", "10"]);
  const lines = stdout.trimEnd().split("\n");
  const [first, second] = lines.map((line) => JSON.parse(line));
  expect(first).toEqual({
    queue: "q",
    id: "1",
    contents: '{"to": "ann"}',
    token: expect.stringMatching(TOKEN),
    attempt: 1,
    headers: { a: "b" },
  });
  expect(second).toMatchObject({ id: { base64: "/g==" }, contents: { base64: "/wA=" } });
});

test("takes several queues in order, or by weights", async () => {
  const { okq, ask } = await startWithClient();
  await ask("QPUSH", "b", "1");
  await ask("QPUSH", "a", "2");
  await ask("QPUSH", "b", "3");
  const { stdout } = await okq(["pop", "a", "b", "--lines", "-n", "2", "--ack"]);
  expect(stdout).toBe("2\n1\n");
  expect(await okq(["pop", "a", "b", "--weights", "1,1000000", "--lines", "--ack"])).toMatchObject({
    stdout: "3\n",
  });
});

test("--wait waits for an event that comes later", async () => {
  const { startOkq, ask } = await startWithClient();
  const waiting = startOkq(["pop", "q", "--wait", "60", "--lines", "--ack"]);
  expect(await ask("QPUSH", "other", "x")).toBeString();
  await ask("QPUSH", "q", "late");
  expect(await waiting.stdout.text()).toBe("late\n");
  expect(await waiting.exited).toBe(0);
});

test("--lease and --as reach okq", async () => {
  const { okq, ask, get } = await startWithClient();
  await ask("QPUSH", "q", "x", "ID", "1");
  await okq(["pop", "q", "--lease", "1000", "--as", "ann"]);
  const event = await get("q", "1");
  expect(event).toMatchObject({ worker: "ann" });
  expect(Number(event["lease-ends-at"]) - Number(event["claimed-at"])).toBeCloseTo(1000, 1);
});

test("takes many events in steps, whatever their size", async () => {
  const { okq, ask, counts } = await startWithClient();
  const sizes = [10, 2_000_000, 3_000_000, ...Array<number>(1000).fill(1)];
  for (const [at, size] of sizes.entries()) await ask("QPUSH", "q", `${at}`.padEnd(size));
  const { code, stdout } = await okq(["pop", "q", "-n", "1002", "--ack", "--lines"]);
  expect(code).toBe(0);
  const lines = stdout.split("\n").slice(0, -1);
  expect(lines.map((line) => Number(line))).toEqual(sizes.slice(0, 1002).map((_, at) => at));
  expect(await counts("q")).toEqual({ total: 1, claimed: 0 });
});

test("shows contents that would act on the terminal without acting on it", async () => {
  const { okq, ask } = await startWithClient();
  await ask("QPUSH", "q", "\u001b[2Jboo", "ID", "\u001b[1m", "HEADER", "a\nb", "c\rd");
  const { stdout } = await okq(["pop", "q", "--keep"]);
  expect(stdout).toContain("id: \\x1b[1m\n");
  expect(stdout).toContain("a\\nb: c\\rd\n");
  expect(stdout).toEndWith("\n\n\\x1b[2Jboo\n");
});

test("peek shows the next event, or the last, and changes nothing", async () => {
  const { okq, ask, counts } = await startWithClient();
  for (const id of ["1", "2"]) await ask("QPUSH", "q", `contents ${id}`, "ID", id);
  expect(await okq(["peek", "q"])).toMatchObject({
    code: 0,
    stdout: "queue: q\nid: 1\n\ncontents 1\n",
  });
  expect(await okq(["peek", "q", "--raw"])).toMatchObject({ stdout: "contents 1", stderr: "" });
  const { stdout } = await okq(["peek", "q", "--last", "--json"]);
  expect(JSON.parse(stdout)).toEqual({ queue: "q", id: "2", contents: "contents 2" });
  expect(await counts("q")).toEqual({ total: 2, claimed: 0 });
});

test("colours names only if it is asked to, as there is no terminal", async () => {
  const { okq, ask } = await startWithClient();
  await ask("QPUSH", "q", "x", "ID", "1");
  expect((await okq(["peek", "q", "--color", "always"])).stdout).toContain(
    "\u001b[2mid:\u001b[0m 1",
  );
  expect((await okq(["peek", "q"])).stdout).not.toContain("\u001b");
});

test.each([
  [["pop"], "QUEUE is missing: okq pop QUEUE..."],
  [["pop", "q", "--ack", "--keep"], "--ack and --keep exclude each other"],
  [["pop", "q", "--raw", "--json"], "--json and --raw exclude each other"],
  [["pop", "q", "--count", "0"], '--count: "0" is not 1 or more'],
  [["pop", "q", "r", "--weights", "1"], '--weights: "1" is not a number for each of the 2 queues'],
  [["pop", "q", "--color", "red"], '--color: "red" is not one of auto, always, never'],
  [["peek", "q", "r"], 'surplus argument "r": okq peek QUEUE'],
  [["peek", "q", "--lines", "-0"], "--lines and --null exclude each other"],
])("refuses %j and pops nothing", async (args, message) => {
  const { okq, ask, counts } = await startWithClient();
  await ask("QPUSH", "q", "x");
  const { code, stdout, stderr } = await okq(args);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toStartWith(`okq: ${message}`);
  expect(await counts("q")).toEqual({ total: 1, claimed: 0 });
});
