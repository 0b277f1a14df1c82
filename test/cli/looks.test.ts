// The commands that look: get, list, status, workers, groups, errors, history.
import { expect, test } from "bun:test";
import { startLooking } from "../support/looking.ts";
import { okqBytes } from "../support/okq-command.ts";
import { ask } from "../support/readable.ts";
import { startTerminal } from "../support/tmux.ts";
import type { Wire } from "../support/wire.ts";

/** Fails event `id` of the queue mail for good. */
async function fail(client: Wire, id: string, error: string): Promise<void> {
  await ask(client, "QPUSH", "mail", `work ${id}`, "ID", id);
  const [event] = (await ask(client, "QPOP", "FROM", "mail")) as [string[]];
  await ask(client, "QFAIL", "mail", id, event[3]!, "ERROR", error, "FINAL");
}

const HOSTILE = "\x1b[2J\u009bx\n\u202e";
const SHOWN = "\\x1b[2J\\u{9b}x\\n\\u{202e}";

test("list shows the events of a queue in their states", async () => {
  const { run, client, look } = await startLooking();
  await fail(client, "bad", "no such user 17");
  await run("QPUSH", "mail", "later", "ID", "late", "DELAY", "1000");
  await run("QPUSH", "mail", "now", "ID", "first", "GROUP", "ann");
  await run("QPUSH", "mail", "then", "ID", "second", "HEADER", "kind", "x");
  await run("QPOP", "LEASE", "100", "AS", "w1", "FROM", "mail");
  const all = await look("list", "mail");
  expect(all.code).toBe(0);
  expect(all.lines[0]).toMatch(/^ID +STATE +AGE +WHEN +ATTEMPTS +PRIORITY +GROUP +WORKER +ERROR$/);
  const rest = all.lines.slice(1).map((line) => line.split(/ {2,}/));
  expect(rest.map(([id, state]) => [id, state])).toEqual([
    [expect.any(String), "ready"],
    ["late", "delayed"],
    [expect.any(String), "claimed"],
    ["bad", "failed"],
  ] as never);
  expect(all.lines[2]).toMatch(/ in 16m\d+s /);
  expect(all.lines[3]).toMatch(/ 1m\d+s left .* w1 /);
  expect(all.lines[4]).toMatch(/ ago .* no such user 17$/);
  const ids = async (...args: string[]) =>
    (await look("list", "mail", "--json", ...args)).json.map(({ id }) => id);
  expect(await ids("--state", "failed")).toEqual(["bad"]);
  expect(await ids("--error", "no such*")).toEqual(["bad"]);
  expect(await ids("--match", "l?te")).toEqual(["late"]);
  expect(await ids("-H", "kind=*")).toEqual(["second"]);
  expect(await ids("--group", "ann")).toEqual(["first"]);
  expect(await ids("--contains", "at")).toEqual(["late"]);
  expect(await ids("--before", "1000")).toEqual([]);
  expect(await ids("-n", "2")).toHaveLength(2);
  expect(await ids("--reverse")).toEqual((await ids()).toReversed());
});

test("list writes all pages, with contents of any bytes", async () => {
  const { run, look } = await startLooking();
  const numbers = Array.from({ length: 1000 }, (_, at) => String(at));
  await run("QMPUSH", "many", "EVENTS", ...numbers);
  await run("QPUSH", "many", Buffer.from([0xff, 0x00]), "ID", "bytes");
  const { json, code } = await look("list", "many", "--contents", "--json");
  expect(code).toBe(0);
  const contents = json.map((event) => event["contents"]);
  expect(contents).toEqual([...numbers, { base64: "/wA=" }]);
  const { lines } = await look("list", "many", "-c");
  expect(lines).toHaveLength(1002);
  expect(lines.at(-1)).toEndWith(" \\xff\\x00");
});

test("list of a queue that is not there is empty", async () => {
  const { look } = await startLooking();
  const { code, lines, stderr } = await look("list", "nothing");
  expect([code, lines, stderr]).toEqual([0, [], "there are no such events\n"]);
  expect(await look("list", "nothing", "--json")).toMatchObject({ code: 0, lines: [], stderr: "" });
});

test("get shows all of an event", async () => {
  const { run, client, look } = await startLooking();
  await run("QCONFIG", "mail", "max-attempts", "5", "backoff", "none");
  await run("QPUSH", "mail", "line 1\nline 2", "ID", "7", "HEADER", "kind", "x", "PRIORITY", "3");
  const [first] = (await ask(client, "QPOP", "FROM", "mail")) as [string[]];
  await run("QFAIL", "mail", "7", first[3]!, "ERROR", "timeout");
  const [second] = (await ask(client, "QPOP", "AS", "w1", "FROM", "mail")) as [string[]];
  await run("QTOUCH", "mail", "7", second[3]!, "PROGRESS", "half", "LOG", "began");
  const { code, lines } = await look("get", "mail", "7");
  expect(code).toBe(0);
  const text = lines.join("\n");
  expect(text).toMatch(/^queue +mail\nid +7\nstate +claimed$/m);
  expect(text).toMatch(/^attempts +2 of 5 \(1 failure, 0 crashes\)$/m);
  expect(text).toMatch(/^priority +3$/m);
  expect(text).toMatch(/^lease ends +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \(in \d+s\)$/m);
  expect(text).toMatch(/^header +kind: x$/m);
  expect(text).toMatch(/^progress +half$/m);
  expect(text).toMatch(/^error +\d{4}-.*, attempt 1: timeout$/m);
  expect(text).toMatch(/^log +.*began$/m);
  expect(text).toMatch(/^contents +line 1\n +line 2$/m);
  const { json } = await look("get", "mail", "7", "--json");
  expect(json).toEqual([
    expect.objectContaining({
      queue: "mail",
      id: "7",
      state: "claimed",
      contents: "line 1\nline 2",
      attempts: 2,
      maxAttempts: 5,
      headers: { kind: "x" },
      worker: "w1",
      errors: [{ at: expect.any(Number), attempt: 1, error: "timeout" }],
      pushedAt: expect.any(Number),
    }),
  ]);
});

test("get writes contents byte by byte, and names events that are not there", async () => {
  const { run, look, env } = await startLooking();
  const bytes = Buffer.from([0, 1, 0xff, 0x0a, 0x1b]);
  await run("QPUSH", "mail", bytes, "ID", "7");
  const raw = await okqBytes(["get", "--raw", "mail", "7"], { env });
  expect(raw.stdout).toEqual(bytes);
  const { code, json, stderr } = await look("get", "--json", "mail", "6", "7", "x\x1b[2J");
  expect(code).toBe(1);
  expect(json.map(({ id }) => id)).toEqual(["7"]);
  expect(json[0]!["contents"]).toEqual({ base64: bytes.toString("base64") });
  expect(stderr).toBe(
    "okq: there is no event 6 in mail\nokq: there is no event x\\x1b[2J in mail\n",
  );
});

test("get shows on a terminal only the beginning of large contents", async () => {
  const { run, look, env } = await startLooking();
  await run("QPUSH", "mail", `${"x".repeat(20_000)}\n${"y".repeat(20_000)}`, "ID", "7");
  expect((await look("get", "mail", "7")).lines.join("").length).toBeGreaterThan(40_000);
  const terminal = await startTerminal({ env });
  await terminal.type("okq get mail 7");
  await terminal.press("Enter");
  const screen = await terminal.shows(/39\.1 KiB in all, of which 16 KiB are shown: see --raw/);
  expect(screen).toContain("xxxx");
  expect(screen).not.toContain("yyyy");
});

test("status shows all queues, those that fit, or all of one", async () => {
  const { run, look } = await startLooking();
  const names = Array.from({ length: 250 }, (_, at) => `queue-${String(at).padStart(3, "0")}`);
  for (const name of names) await run("QPUSH", name, "x");
  await run("QPAUSE", "queue-007");
  const all = await look("status");
  expect(all.code).toBe(0);
  expect(all.lines[0]).toMatch(
    /^QUEUE +READY +DELAYED +CLAIMED +FAILED +CONSUMERS +OLDEST +PAUSED$/,
  );
  expect(all.lines.slice(1).map((line) => line.split(" ")[0]!)).toEqual(names);
  expect(all.lines[8]).toMatch(/^queue-007 .* out$/);
  const some = await look("status", "--match", "*-00?", "--json");
  expect(some.json.map(({ queue }) => queue)).toEqual(names.slice(0, 10));
  expect(some.json[7]).toMatchObject({ ready: 1, claimed: 0, paused: "out" });
  const one = await look("status", "queue-007", "queue-008");
  const text = one.lines.join("\n");
  expect(text).toMatch(/^queue +queue-007\nready +1$/m);
  expect(text).toMatch(/^paused +out\nheld back by +paused$/m);
  expect(text).toMatch(/^queue +queue-008$/m);
  expect(text).toMatch(/^ +PER SECOND +IN ALL\npushed /m);
  const { json } = await look("status", "queue-007", "--json");
  expect(json[0]).toMatchObject({
    queue: "queue-007",
    ready: 1,
    paused: "out",
    heldBackBy: "paused",
  });
  expect(typeof json[0]!["pushedPerSecond"]).toBe("number");
});

test("status --topic shows what simplequeue shows", async () => {
  const { run, client, look } = await startLooking();
  await fail(client, "1", "x");
  await run("QPUSH", "mail", "x");
  await run("QPUSH", "mail", "x", "DELAY", "100");
  const { lines } = await look("status", "--topic", "mail");
  expect(JSON.parse(lines.join(""))).toEqual({ pending: 2, claimed: 0, completed: 0, total: 3 });
});

test("workers shows who holds claims", async () => {
  const { run, look } = await startLooking();
  await run("QMPUSH", "mail", "EVENTS", "a", "b");
  await run("QPOP", "COUNT", "2", "AS", "w\x1b[1m", "FROM", "mail");
  const { lines } = await look("workers");
  expect(lines[0]).toMatch(/^WORKER +CLAIMS +OLDEST +HOLDS OF +WAITS FOR +CLIENT +OKQ$/);
  expect(lines[1]).toMatch(/^w\\x1b\[1m +2 +\S+ +mail +- +\d+ +\w+$/);
  const { json } = await look("workers", "mail", "--json");
  expect(json).toEqual([
    expect.objectContaining({ worker: "w\x1b[1m", claims: 2, holding: ["mail"] }),
  ]);
  expect((await look("workers", "other")).stderr).toContain("no client holds claims");
});

test("groups shows the largest groups", async () => {
  const { run, look } = await startLooking();
  await run("QMPUSH", "work", "GROUP", "ann", "EVENTS", "a", "b");
  await run("QMPUSH", "work", "GROUP", "bob", "EVENTS", "a");
  await run("QPAUSE", "work", "GROUP", "ann");
  const { lines } = await look("groups", "work", "-n", "1");
  expect(lines).toHaveLength(2);
  expect(lines[1]).toMatch(/^ann +2 +0 +0 +\S+ +1 +- +yes$/);
  const { json } = await look("groups", "work", "--json");
  expect(json).toEqual([
    expect.objectContaining({ group: "ann", ready: 2, paused: true, limit: 1 }),
    expect.objectContaining({ group: "bob", ready: 1, paused: false }),
  ]);
});

test("errors counts errors that differ in numbers together", async () => {
  const { client, look } = await startLooking();
  for (const id of ["1", "2"]) await fail(client, id, `timeout after ${id}00 ms`);
  await fail(client, "3", HOSTILE);
  const { lines } = await look("errors", "mail");
  expect(lines[0]).toBe("EVENTS  ONE OF THEM  ERROR");
  expect(lines[1]).toMatch(/^ +2 +\d +timeout after \* ms$/);
  expect(lines[2]).toContain("x\\n\\u{202e}");
  const { json } = await look("errors", "mail", "--json", "-n", "1");
  expect(json).toEqual([{ error: "timeout after * ms", count: 2, id: expect.any(String) }]);
});

test("history shows charts of what happened", async () => {
  const { run, look } = await startLooking();
  await run("QPUSH", "mail", "x");
  const { lines } = await look("history", "mail");
  expect(lines[0]).toMatch(/^mail since \d{4}-.*, in steps of a minute$/);
  expect(lines[2]).toMatch(/^ +CHART +IN ALL +NOW +MOST$/);
  const { json } = await look("history", "mail", "--json");
  expect(json[0]).toMatchObject({
    queue: "mail",
    hour: { stepSeconds: 60 },
    day: { stepSeconds: 600 },
  });
  expect((await look("history", "--day", "mail")).lines[0]).toEndWith("in steps of 10 minutes");
});

test("no name, content or error can act on the terminal", async () => {
  const { run, client, look } = await startLooking();
  await run("QPUSH", HOSTILE, HOSTILE, "ID", HOSTILE, "GROUP", HOSTILE, "HEADER", HOSTILE, HOSTILE);
  await run("QPOP", "AS", "w", "FROM", HOSTILE);
  await run("QCRON", "SET", HOSTILE, HOSTILE, "0 0 1 1 *", HOSTILE);
  await fail(client, "1", HOSTILE);
  const all = [
    ["status"],
    ["status", HOSTILE],
    ["list", HOSTILE, "-c"],
    ["list", "mail", "-c"],
    ["get", HOSTILE, HOSTILE],
    ["get", "mail", "1"],
    ["groups", HOSTILE],
    ["workers"],
    ["history", HOSTILE],
    ["cron"],
    ["top"],
  ];
  for (const args of all) {
    const { lines, code } = await look(...args);
    expect(code, args[0]).toBe(0);
    // oxlint-disable-next-line no-control-regex -- these are the characters in question
    expect(lines.join(""), args[0]).not.toMatch(/[\x00-\x1f\x7f-\x9f\u2028-\u202e]/);
    if (args.at(-1) !== "mail" && args.at(-1) !== "1")
      expect(lines.join(""), args[0]).toContain(SHOWN);
  }
});
