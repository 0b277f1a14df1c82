// `okq push`: every option, one event and many, against a running okq.
import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { newFolder } from "../support/new-folder.ts";
import { startWithClient } from "../support/client-command.ts";
import type { Readable } from "../support/readable.ts";

const UUID = /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[\da-f]{4}-[\da-f]{12}\n$/;

test("pushes the contents and prints the id", async () => {
  const { okq, pop } = await startWithClient();
  const { code, stdout, stderr } = await okq(["push", "mail", "to: ann"]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toMatch(UUID);
  expect(await pop("mail")).toEqual(["mail", stdout.trim(), "to: ann", expect.anything(), 1, []]);
});

test("takes the contents from standard input, a file or a word, byte by byte", async () => {
  const { okq, pop } = await startWithClient();
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
  const file = join(newFolder(), "contents");
  writeFileSync(file, bytes);
  const contents = async () => (await pop("q"))![2];
  for (const [args, input] of [
    [["push", "q"], bytes],
    [["push", "q", "-"], bytes],
    [["push", "q", "--file", file], ""],
    [["push", "q", "-f", "-"], bytes],
  ] as const) {
    expect(await okq([...args], input)).toMatchObject({ code: 0 });
    expect(await contents()).toBe(bytes.toString("latin1"));
  }
  await okq(["push", "q"], "");
  expect(await contents()).toBe("");
  await okq(["push", "q", ""]);
  expect(await contents()).toBe("");
  await okq(["push", "q", "--", "--lines"]);
  expect(await contents()).toBe("--lines");
});

test("passes every option of QPUSH on", async () => {
  const { okq, get, ask } = await startWithClient();
  await ask("QCOUNTER", "INIT", "parts", "k", "2");
  const options = [
    ["--id", "1", "--priority", "-5", "--ttl", "60", "--attempts", "3", "--lease", "0.5"],
    ["--backoff", "fixed 7", "-H", "a=b", "--header", "c=d=e", "--unique", "key", "--part"],
    ["parts=k", "--delay", "100.5"],
  ];
  expect(await okq(["push", "q", "x", ...options.flat()])).toMatchObject({ stdout: "1\n" });
  const event = await get("q", "1");
  expect(event).toMatchObject({
    state: "delayed",
    contents: "x",
    "max-attempts": 3,
    priority: -5,
    unique: "key",
    headers: ["a", "b", "c", "d=e"],
  });
  expect(Number(event["due-at"]) - Number(event["pushed-at"])).toBeCloseTo(100.5, 1);
  expect(Number(event["expires-at"]) - Number(event["pushed-at"])).toBeCloseTo(60, 1);
  await ask("QSET", "q", "1", "DELAY", "0");
  const claimed = (await ask("QPOP", "FROM", "q")) as Readable[][];
  expect(await ask("QFAIL", "q", "1", claimed[0]![3] as string)).toBe("delayed");
  const failed = await get("q", "1");
  expect(Number(failed["due-at"]) - Date.now() / 1000).toBeCloseTo(7, 0);
  await ask("QDEL", "q", "1");
  await okq(["push", "q", "x", "--id", "2", "--group", "ann", "--at", "2100-01-01T00:00:00Z"]);
  expect(await get("q", "2")).toMatchObject({ group: "ann", state: "delayed" });
  expect(Number((await get("q", "2"))["due-at"])).toBe(Date.UTC(2100, 0) / 1000);
  await okq(["push", "q", "x", "--id", "3", "--at", "4102444800.5"]);
  expect(Number((await get("q", "3"))["due-at"])).toBe(4102444800.5);
});

test("--right puts the event at the right end", async () => {
  const { okq, pop } = await startWithClient();
  await okq(["push", "q", "first"]);
  await okq(["push", "q", "second", "--right"]);
  expect((await pop("q"))![2]).toBe("second");
});

test("a duplicate is a success that adds nothing, unless it is to fail or to replace", async () => {
  const { okq, ask } = await startWithClient();
  await okq(["push", "q", "one", "--id", "1"]);
  expect(await okq(["push", "q", "two", "--id", "1"])).toMatchObject({ code: 0, stdout: "1\n" });
  expect(await okq(["push", "q", "two", "--id", "1", "--fail-duplicate"])).toEqual({
    code: 1,
    stdout: "",
    stderr: "okq: an event with that id or key is there: 1\n",
  });
  expect(await ask("QRPEEK", "q")).toEqual(["1", "one"]);
  await okq(["push", "q", "two", "--id", "1", "--replace"]);
  expect(await ask("QRPEEK", "q")).toEqual(["1", "two"]);
});

test("--unique names the event that has the key", async () => {
  const { okq, ask } = await startWithClient();
  await okq(["push", "q", "x", "--id", "1", "--unique", "k", "--until-claimed"]);
  expect(await okq(["push", "q", "y", "--unique", "k"])).toMatchObject({ code: 0, stdout: "1\n" });
  const refused = await okq(["push", "q", "y", "--unique", "k", "--fail-duplicate"]);
  expect(refused).toMatchObject({ code: 1, stdout: "" });
  await ask("QPOP", "FROM", "q");
  expect(await okq(["push", "q", "y", "--id", "2", "--unique", "k"])).toMatchObject({
    stdout: "2\n",
  });
  const timed = ["--unique", "t", "--unique-for", "1000"];
  await okq(["push", "q", "x", "--id", "3", ...timed]);
  await ask("QDEL", "q", "3");
  expect(await okq(["push", "q", "x", ...timed, "--fail-duplicate"])).toMatchObject({ code: 1 });
});

test("--lines pushes an event of each line and prints the ids in order", async () => {
  const { okq, ask } = await startWithClient();
  const { code, stdout } = await okq(["push", "q", "--lines"], "a\nb\r\n\nlast");
  expect(code).toBe(0);
  const ids = stdout.trimEnd().split("\n");
  const events = (await ask("QPOP", "COUNT", 10, "FROM", "q")) as Readable[][];
  expect(events.map(([, id, contents]) => [id, contents])).toEqual([
    [ids[0]!, "a"],
    [ids[1]!, "b"],
    [ids[2]!, ""],
    [ids[3]!, "last"],
  ]);
});

test("-0 pushes an event of each record, with all other bytes in it", async () => {
  const { okq, ask } = await startWithClient();
  await okq(["push", "q", "-0", "-q"], "a\nb\r\n\0c\xff\0");
  const events = (await ask("QPOP", "COUNT", 10, "FROM", "q")) as Readable[][];
  expect(events.map(([, , contents]) => contents)).toEqual([
    "a\nb\r\n",
    Buffer.from("c\xff").toString("latin1"),
  ]);
});

test("many events take the options of QMPUSH", async () => {
  const { okq, ask } = await startWithClient();
  const options = ["--priority", "4", "-H", "a=b", "--attempts", "2", "--right"];
  await okq(["push", "q", "--lines", ...options], "1\n2\n");
  expect(await ask("QPOP", "FROM", "q")).toMatchObject([
    ["q", expect.anything(), "2", expect.anything(), 1, ["a", "b"]],
  ]);
});

test("--id-hash pushes equal contents once", async () => {
  const { okq, counts } = await startWithClient();
  const first = await okq(["push", "q", "--lines", "--id-hash"], "a\nb\na\n");
  expect(first.code).toBe(0);
  expect(await okq(["push", "q", "--lines", "--id-hash"], "a\nb\na\n")).toEqual(first);
  const hash = new Bun.CryptoHasher("sha256").update("a").digest("hex");
  expect(await okq(["push", "q", "a", "--id-hash"])).toMatchObject({ stdout: `${hash}\n` });
  expect(await counts("q")).toEqual({ total: 2, claimed: 0 });
  expect(await okq(["push", "q", "--lines", "--id-hash", "--fail-duplicate"], "b\nc\n")).toEqual({
    code: 1,
    stdout: `${new Bun.CryptoHasher("sha256").update("c").digest("hex")}\n`,
    stderr: "okq: 1 event was there already\n",
  });
});

test("-q prints nothing, --json an object in each line", async () => {
  const { okq } = await startWithClient();
  expect(await okq(["push", "q", "x", "-q"])).toEqual({ code: 0, stdout: "", stderr: "" });
  const { stdout } = await okq(["push", "q", "x", "--json", "--id", 'a"b']);
  expect(JSON.parse(stdout)).toEqual({ id: 'a"b' });
  const many = await okq(["push", "q", "--lines", "--json"], "a\nb\n");
  const ids = many.stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(ids).toEqual([{ id: expect.any(String) }, { id: expect.any(String) }]);
});

test.each([
  [["push"], "QUEUE is missing: okq push QUEUE [CONTENTS]"],
  [["push", "q", "a", "b"], 'surplus argument "b": okq push QUEUE [CONTENTS]'],
  [["push", "q", "a", "--file", "f"], "CONTENTS and --file exclude each other"],
  [["push", "q", "-", "--file", "f"], "CONTENTS - and --file exclude each other"],
  [["push", "q", "a", "--lines"], "--lines and -0 read standard input or --file, not CONTENTS"],
  [["push", "q", "--lines", "-0"], "--lines and --null exclude each other"],
  [["push", "q", "--lines", "--id", "1"], "--id is for one event, not for many"],
  [["push", "q", "-0", "--unique", "k"], "--unique is for one event, not for many"],
  [["push", "q", "x", "--id", "1", "--id-hash"], "--id and --id-hash exclude each other"],
  [["push", "q", "x", "--delay", "1", "--at", "1"], "--delay and --at exclude each other"],
  [["push", "q", "x", "--delay", "soon"], '--delay: "soon" is not a number of seconds, such as'],
  [["push", "q", "x", "--at", "noon"], '--at: "noon" is no time: seconds since 1970 or 2026-'],
  [["push", "q", "x", "--priority", "1001"], '--priority: "1001" is not from -1000 to 1000'],
  [["push", "q", "x", "--attempts", "1.5"], '--attempts: "1.5" is not a whole number'],
  [["push", "q", "x", "-H", "=b"], '-H: "=b" is not of the form NAME=VALUE'],
  [["push", "q", "x", "-H", "a=b", "-H", "a=c"], '-H: the header "a" is given twice'],
  [["push", "q", "x", "--part", "k"], '--part: "k" is not of the form QUEUE=KEY'],
  [["push", "q", "x", "--unique-for", "5"], "--unique-for needs --unique KEY"],
  [["push", "q", "x", "--replace", "--fail-duplicate"], "--replace and --fail-duplicate exclude"],
  [["push", "q", "--file", "/no/such/file"], 'cannot read "/no/such/file" (ENOENT: no such file'],
  [["push", "q", "--file", "/"], 'cannot read "/" (EISDIR: '],
  [["push", "q", "--lines", "--file", "/"], 'cannot read "/" (EISDIR: '],
  [["push", "q", "x", "--frob"], 'unknown option "--frob" (see okq help push)'],
  [["push", "q", "x", "-qx"], 'unknown option "-qx" (see okq help push)'],
  [["push", "q", "x", "--id"], "--id needs a value: --id ID"],
])("refuses %j and names the mistake", async (args, message) => {
  const { okq } = await startWithClient();
  const { code, stdout, stderr } = await okq(args);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toStartWith(`okq: ${message}`);
  expect(stderr).toEndWith("\n");
});

test("shows what okq refuses, and exits with 1", async () => {
  const { okq, ask } = await startWithClient();
  const rule = await okq(["push", "q", "x", "--backoff", "sometimes"]);
  expect(rule).toMatchObject({ code: 1, stdout: "" });
  expect(rule.stderr).toContain("sometimes");
  await ask("QCONFIG", "full", "max-length", "1");
  await okq(["push", "full", "x"]);
  expect(await okq(["push", "full", "x"])).toEqual({
    code: 1,
    stdout: "",
    stderr: "okq: QUEUEFULL full\n",
  });
  await ask("QPAUSE", "shut", "IN");
  expect(await okq(["push", "shut", "x"])).toMatchObject({ code: 1, stderr: "okq: PAUSED shut\n" });
});
