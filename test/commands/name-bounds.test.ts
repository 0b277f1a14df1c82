// Limits on the length of ids and queue names, and on the names that clients register. Events that
// were pushed under another limit can still be popped.
import { expect, test } from "bun:test";
import { eventually } from "../support/eventually.ts";
import { newDatabase, startOkqOn, startTestOkq, storeNames } from "../support/okq-server.ts";
import { ask, askAll } from "../support/readable.ts";

const LONGEST = "x".repeat(64);
const TOO_LONG = "x".repeat(65);
const complaint = (what: string) =>
  `-ERR ${what} too long, 65 of at most 64 bytes (--max-name-bytes)`;

test.each(storeNames)("refuses new ids and names that are too long, on %s", async (store) => {
  const okq = await startOkqOn(store, { maxNameBytes: 64 });
  const client = await okq.connect();
  for (const push of ["QLPUSH", "QRPUSH"]) {
    expect(
      await askAll(
        client,
        [push, LONGEST, `${LONGEST.slice(6)}${push}`, "a"],
        [push, "q", TOO_LONG, "a"],
        [push, TOO_LONG, "1", "a"],
        [push, "q", TOO_LONG, "a", "NOBLOCK"],
      ),
    ).toEqual(["+OK", complaint("id"), complaint("queue name"), complaint("id")]);
  }
  expect(
    await askAll(client, ["QREGISTER", LONGEST], ["QREGISTER", "a", TOO_LONG], ["QSTATUS"]),
  ).toEqual(["+OK", complaint("queue name"), [[LONGEST, 2, 0, 1]]]);
});

test("refuses empty names of things that clients name, and says which", async () => {
  const client = await (await startTestOkq()).connect();
  const push = ["QPUSH", "q", "x"];
  const spec = "0 2 * * *";
  const refused: [what: string, ...commands: string[][]][] = [
    ["the name of a binding", ["QBIND", "q", ""]],
    [
      "the name of a group",
      [...push, "GROUP", ""],
      ["QMPUSH", "q", "GROUP", "", "EVENTS", "x"],
      ["QGROUP", "q", ""],
      ["QPAUSE", "q", "GROUP", ""],
    ],
    ["the name of a worker", ["QPOP", "AS", "", "FROM", "q"], ["QPAUSE", "q", "WORKER", ""]],
    ["the name of a header", [...push, "HEADER", "", "x"], ["QSET", "q", "1", "HEADER", "", "x"]],
    ["the name of a cron entry", ["QCRON", "SET", "q", "", spec, "x"]],
    [
      "the key",
      [...push, "UNIQUE", ""],
      ["QLPUSH", "q", "1", "x", "UNIQUE", ""],
      [...push, "PART", "q", ""],
      ["QCRON", "SET", "q", "nightly", spec, "x", "UNIQUE", ""],
      ["QCOUNTER", "INIT", "q", "", "1"],
      ["QCOUNTER", "DONE", "q", "", "1"],
    ],
    ["the member", ["QCOUNTER", "DONE", "q", "k", ""]],
  ];
  for (const [what, ...commands] of refused) {
    const replies = await askAll(client, ...commands);
    expect(replies).toEqual(commands.map(() => `-ERR ${what} is empty: it must name something`));
  }
  expect(await ask(client, "QSTATUS")).toEqual([]);
});

test("allows 4096 bytes by default", async () => {
  const client = await (await startTestOkq()).connect();
  const name = "x".repeat(4096);
  expect(await ask(client, "QLPUSH", name, name, "a")).toBe("+OK");
  expect(await ask(client, "QLPUSH", "q", `${name}x`, "a")).toContain("4097 of at most 4096");
});

test("pops and acknowledges an event whose id is longer than a new limit", async () => {
  const store = newDatabase();
  const before = await startTestOkq({ store });
  const producer = await before.connect();
  await ask(producer, "QLPUSH", TOO_LONG, TOO_LONG, "a");
  await ask(producer, "QLPUSH", TOO_LONG, "2", "b");
  await before.close();
  const client = await (await startTestOkq({ store, maxNameBytes: 64 })).connect();
  expect(
    await askAll(
      client,
      ["QRPEEK", TOO_LONG],
      ["QRPOP", TOO_LONG],
      ["QACK", TOO_LONG, TOO_LONG, "REDO"],
      ["QRPOP", TOO_LONG],
      ["QACK", TOO_LONG, TOO_LONG],
      ["QFLUSH", TOO_LONG],
      ["QSTATUS"],
    ),
  ).toEqual([[TOO_LONG, "a"], [TOO_LONG, "a"], 1, [TOO_LONG, "a"], 1, "+OK", []]);
});

test("limits the memory of all registrations together until clients leave", async () => {
  const okq = await startTestOkq({ maxWaitingBytes: 1024 * 1024 });
  const [first, second] = [await okq.connect(), await okq.connect()];
  const names = (prefix: string) => Array.from({ length: 300 }, (_, at) => `${prefix}${at}`);
  expect(await ask(first, "QREGISTER", ...names("a"))).toBe("+OK");
  const refused = await ask(second, "QREGISTER", ...names("b"));
  expect(refused).toBe(
    "-ERR the registrations of all clients need too much memory (--max-waiting-bytes)",
  );
  expect(await ask(first, "QREGISTER", ...names("c"))).toBe("+OK");
  first.close();
  await eventually(async () => (await ask(second, "QREGISTER", ...names("b"))) === "+OK");
  expect(await ask(second, "INFO", "clients")).toMatch(/bytes_registered:6\d{5}\r\n/);
  expect(await ask(second, "QREGISTER")).toBe("+OK");
  expect(await ask(second, "INFO", "clients")).toContain("bytes_registered:0\r\n");
});
