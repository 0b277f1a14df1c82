// Redis' stream commands: who may call them, how they are described, and what they refuse.
import { describe, expect, test } from "bun:test";
import { STREAM_STEP_MAX } from "../../src/queue/streams.ts";
import { startOkqOn, startTestOkq, useCluster } from "../support/okq-server.ts";
import { ask, askAll, type Readable } from "../support/readable.ts";
import { passwordOf, writeUsers } from "../support/users.ts";
import type { Wire } from "../support/wire.ts";

useCluster();

function say(client: Wire, ...commands: string[]): Promise<Readable[]> {
  return askAll(client, ...commands.map((command) => command.split(" ")));
}

/** Adds entries of so many bytes, with ids from 1-0 on. */
async function fill(client: Wire, queue: string, count: number, bytes = 1): Promise<void> {
  const value = "x".repeat(bytes);
  for (let id = 1; id <= count;) {
    const end = Math.min(count + 1, id + 1000);
    const some = Array.from({ length: end - id }, (_, n) => `${id + n}-0`);
    client.pipeline(...some.map((each) => ["XADD", queue, each, "a", value]));
    await client.take(some.length);
    id = end;
  }
}

test("are described as in Redis: arity, flags and keys", async () => {
  const client = await (await startTestOkq()).connect();
  const facts = `
xadd -5 write,denyoom,fast 1,1,1
xtrim -4 write 1,1,1
xdel -3 write,fast 1,1,1
xread -4 readonly,blocking,movablekeys 0,0,0
xlen 2 readonly,fast 1,1,1
xrange -4 readonly 1,1,1
xrevrange -4 readonly 1,1,1`;
  const lines = facts.trim().split("\n");
  const names = lines.map((line) => line.split(" ")[0]!);
  const infos = (await ask(client, "COMMAND", "INFO", ...names)) as Readable[][];
  const shown = infos.map(([name, arity, flags, ...keys]) => {
    const words = (flags as string[]).map((flag) => flag.slice(1));
    return `${name} ${arity} ${words.join(",")} ${keys.slice(0, 3).join(",")}`;
  });
  expect(shown).toEqual(lines);
});

describe("bounds", () => {
  test("of an entry and of names", async () => {
    const okq = await startTestOkq({ maxEventBytes: 100, maxNameBytes: 64 });
    const client = await okq.connect();
    // *2 $1 a $79 and the value: 100 bytes.
    const head = "*2\r\n$1\r\na\r\n$79\r\n\r\n".length;
    const value = "x".repeat(100 - head);
    expect(await ask(client, "XADD", "s", "1-1", "a", value)).toBe("1-1");
    const tooLarge = "-ERR event too large, 101 of at most 100 bytes (--max-event-bytes)";
    expect(await ask(client, "XADD", "s", "2-1", "a", `${value}x`)).toBe(tooLarge);
    const name = "x".repeat(65);
    expect(await ask(client, "XADD", name, "*", "a", "b")).toBe(
      "-ERR queue name too long, 65 of at most 64 bytes (--max-name-bytes)",
    );
    expect(await ask(client, "XLEN", "s")).toBe(1);
  });

  test("of streams in one XREAD, and of ids in one XDEL", async () => {
    const client = await (await startTestOkq()).connect();
    const queues = Array.from({ length: 1025 }, (_, n) => `q${n}`);
    const ids = queues.map(() => 0);
    const refusal = "-ERR too many queues, 1025 of at most 1024";
    expect(await ask(client, "XREAD", "STREAMS", ...queues, ...ids)).toBe(refusal);
    expect(await ask(client, "XREAD", "STREAMS", ...queues.slice(1), ...ids.slice(1))).toBeNull();
    const many = Array<string>(STREAM_STEP_MAX + 1).fill("1");
    expect(await ask(client, "XDEL", "q", ...many)).toBe(
      "-ERR too many ids, 10001 of at most 10000",
    );
    expect(await ask(client, "XDEL", "q", ...many.slice(1))).toBe(0);
  });

  test.each(["memory", "redis"] as const)("of what is shown at once, on %s", async (store) => {
    const client = await (await startOkqOn(store)).connect();
    await fill(client, "s", STREAM_STEP_MAX);
    expect(await ask(client, "XRANGE", "s", "-", "+")).toHaveLength(STREAM_STEP_MAX);
    await ask(client, "XADD", "s", `${STREAM_STEP_MAX + 1}-0`, "a", "b");
    const refused = ["XRANGE s - +", "XREVRANGE s + - COUNT 10001"];
    for (const command of refused) {
      const [name] = command.split(" ");
      expect(await say(client, command)).toEqual([
        `-ERR too much at once for ${name}, ask for less with COUNT: 's'`,
      ]);
    }
    const last = (await ask(client, "XREVRANGE", "s", "+", "-", "COUNT", 10_000)) as Readable[];
    expect([last.length, last[0]]).toEqual([10_000, ["10001-0", ["a", "b"]]]);
    expect(await ask(client, "XRANGE", "s", "(2", "+")).toHaveLength(9999);
    const [[, entries]] = (await ask(client, "XREAD", "STREAMS", "s", 0)) as [[string, Readable[]]];
    expect(entries).toHaveLength(STREAM_STEP_MAX);
    const [[, some]] = (await ask(client, "XREAD", "COUNT", 150, "STREAMS", "s", 5)) as [
      [string, Readable[][]],
    ];
    expect([some.length, some[0]![0], some.at(-1)![0]]).toEqual([150, "6-0", "155-0"]);
  });

  test("of the bytes that XREAD shows: about 1 MiB, shared by its streams", async () => {
    const client = await (await startTestOkq()).connect();
    for (const queue of ["s", "t"]) await fill(client, queue, 300, 10_000);
    const read = async (...args: (string | number)[]) => {
      const found = (await ask(client, "XREAD", ...args)) as [string, [string][]][];
      return found.map(([queue, entries]) => [queue, entries.length, entries[0]![0]]);
    };
    expect(await read("STREAMS", "s", 0)).toEqual([["s", 104, "1-0"]]);
    expect(await read("STREAMS", "s", "t", 0, 50)).toEqual([
      ["s", 52, "1-0"],
      ["t", 52, "51-0"],
    ]);
    expect(await read("COUNT", 3, "STREAMS", "s", "t", 104, 0)).toEqual([
      ["s", 3, "105-0"],
      ["t", 3, "1-0"],
    ]);
    await ask(client, "XADD", "u", "1-0", "a", "x".repeat(3_000_000));
    await ask(client, "XADD", "u", "2-0", "a", "b");
    expect(await read("STREAMS", "u", 0)).toEqual([["u", 1, "1-0"]]);
    const [large] = (await ask(client, "XREAD", "STREAMS", "u", 1)) as [[string, Readable]];
    expect(large).toEqual(["u", [["2-0", ["a", "b"]]]]);
  });

  test("in a transaction", async () => {
    const client = await (await startTestOkq()).connect();
    await fill(client, "s", 200);
    const tooMuch = "-ERR too much at once for XRANGE, ask for less with COUNT: 's'";
    const parts = ["XRANGE s - +", "XRANGE s - 100", "XRANGE s - + COUNT 150", "XTRIM s MAXLEN 10"];
    parts.push("XADD s MAXLEN 10 201 a b", "XREAD STREAMS s 0", "XREAD COUNT 120 STREAMS s 0");
    const replies = await say(client, "MULTI", ...parts, "EXEC");
    const shown = (replies.at(-1) as Readable[]).map((reply): Readable =>
      Array.isArray(reply) ? reply.length : reply,
    );
    expect(shown).toEqual([tooMuch, 100, 150, 100, "201-0", 1, 1]);
    expect(await ask(client, "XLEN", "s")).toBe(200 + 1 - 100 - 8);
    const many = Array<string>(100).fill("XADD s MAXLEN ~ 10 * a b");
    const all = await say(client, "MULTI", ...many, "EXEC");
    expect(all.at(-1)).toHaveLength(100);
    expect(await say(client, "MULTI", "XRANGE s - + COUNT 1001", "DISCARD")).toEqual([
      "+OK",
      "-ERR too many events in a transaction, 1001 of at most 1000",
      "+OK",
    ]);
  });
});

test("rights: XADD pushes, XDEL and XTRIM remove, the others show", async () => {
  const users = [
    "pam push *",
    "pat push,consume *",
    "con consume *",
    "ins inspect *",
    "man manage *",
    "one all one",
  ];
  const okq = await startTestOkq({ users: writeUsers(...users).path });
  const may: Record<string, string[]> = {};
  const commands = [
    "XADD s * a b",
    "XADD s MAXLEN 9 * a b",
    "XDEL s 1",
    "XTRIM s MAXLEN 9",
    "XLEN s",
    "XRANGE s - +",
  ];
  commands.push("XREVRANGE s + -", "XREAD STREAMS s 0", "XREAD COUNT 1 STREAMS one s one 0 0 0");
  for (const name of ["pam", "pat", "con", "ins", "man", "one"]) {
    const client = await okq.connect();
    await ask(client, "AUTH", name, passwordOf(name));
    const replies = await say(client, ...commands);
    may[name] = commands.filter((_, at) => !String(replies[at]).startsWith("-NOPERM"));
  }
  const [add, , ...others] = commands;
  const looks = others.slice(2);
  expect(may).toEqual({
    pam: [add!],
    pat: commands,
    con: others,
    ins: looks,
    man: others.slice(0, 2),
    one: [],
  });
  const client = await okq.connect();
  await ask(client, "AUTH", "one", passwordOf("one"));
  expect(
    await say(client, "XADD one 1 a b", "XREAD STREAMS one 0", "XREAD STREAMS one s 0"),
  ).toEqual([
    "1-0",
    [["one", [["1-0", ["a", "b"]]]]],
    "-NOPERM User one has no permissions to use the queue 's'",
  ] as Readable[]);
});

test("options of later versions are errors", async () => {
  const client = await (await startTestOkq()).connect();
  expect(
    await say(
      client,
      "XADD s IDMP p i * a b",
      "XADD s IDMPAUTO p * a b",
      "XADD s KEEPREF * a b",
      "XADD s MAXLEN 5 DELREF * a b",
      "XTRIM s MAXLEN 5 ACKED",
      "EXISTS s",
    ),
  ).toEqual([
    "-ERR okq has no IDMP of XADD: use QPUSH with ID and dedupe-window",
    "-ERR okq has no IDMPAUTO of XADD: use QPUSH with ID and dedupe-window",
    "-ERR okq has no KEEPREF of XADD",
    "-ERR okq has no DELREF of XADD",
    "-ERR okq has no ACKED of XTRIM",
    0,
  ]);
});
