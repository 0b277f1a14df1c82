// Redis' stream commands over the wire on every store: entries in, shown, and out. test/dialects
// compares their replies with those of a real Redis, byte for byte.
import { describe, expect, test } from "bun:test";
import { lifeStoresAndCluster, startOkqOn, useCluster } from "../support/okq-server.ts";
import { ask, askAll, type Readable } from "../support/readable.ts";
import type { Wire } from "../support/wire.ts";

useCluster();

/** The replies to commands without blanks in their arguments. */
function say(client: Wire, ...commands: string[]): Promise<Readable[]> {
  return askAll(client, ...commands.map((command) => command.split(" ")));
}

const ids = async (client: Wire, queue: string) =>
  ((await ask(client, "XRANGE", queue, "-", "+")) as string[][]).map(([id]) => id);

const wrong = "-WRONGTYPE Operation against a key holding the wrong kind of value";

describe.each(lifeStoresAndCluster)("on %s", (store) => {
  test("XADD gives ids in their order, XLEN counts, XRANGE shows", async () => {
    const client = await (await startOkqOn(store)).connect();
    const added = ["XADD s 5-1 a b", "XADD s 5-* c d e f", "XADD s 6 a b", "XADD s 007-00 a b"];
    expect(await say(client, ...added)).toEqual(["5-1", "5-2", "6-0", "7-0"]);
    const [made] = (await say(client, "XADD s * a b")) as [string];
    expect(made).toMatch(/^[1-9]\d{12}-\d+$/);
    expect(await say(client, "XLEN s", "XLEN none")).toEqual([5, 0]);
    expect(await ask(client, "XRANGE", "s", "-", "6")).toEqual([
      ["5-1", ["a", "b"]],
      ["5-2", ["c", "d", "e", "f"]],
      ["6-0", ["a", "b"]],
    ]);
    expect(await ask(client, "XREVRANGE", "s", "+", "(6", "COUNT", 1)).toEqual([
      [made, ["a", "b"]],
    ]);
    const smaller =
      "-ERR The ID specified in XADD is equal or smaller than the target stream top item";
    expect(await say(client, "XADD s 7-0 a b", "XADD s 1-* a b")).toEqual([smaller, smaller]);
    expect(await say(client, "XADD none NOMKSTREAM * a b", "EXISTS none")).toEqual([null, 0]);
  });

  test("fields are any bytes, and the contents of an event", async () => {
    const client = await (await startOkqOn(store)).connect();
    const queue = Buffer.from([0, 255, 10, 13]);
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, n) => n));
    await client.call("XADD", queue, "1-1", "", bytes, "\r\n", "");
    await client.call("QPUSH", queue, bytes, "ID", "2-1");
    await client.call("QPUSH", queue, "*2\r\n$1\r\na\r\n$0\r\n\r\n", "ID", "3-1");
    const shown = [
      [Buffer.from("1-1"), [Buffer.alloc(0), bytes, Buffer.from("\r\n"), Buffer.alloc(0)]],
      [Buffer.from("2-1"), [Buffer.from("contents"), bytes]],
      [Buffer.from("3-1"), [Buffer.from("a"), Buffer.alloc(0)]],
    ];
    expect(await client.call("XRANGE", queue, "-", "+")).toEqual(shown);
    expect(await client.call("XREAD", "STREAMS", queue, 0)).toEqual([[queue, shown]]);
    await say(client, "XADD q 1-1 name value");
    expect(await say(client, "QRPOP q")).toEqual([["1-1", "*2\r\n$4\r\nname\r\n$5\r\nvalue\r\n"]]);
  });

  test("claimed events are entries, acknowledged ones are gone", async () => {
    const client = await (await startOkqOn(store)).connect();
    await say(client, "XADD s 1-1 a b", "XADD s 2-1 a b", "QRPOP s", "XADD s 3-1 a b");
    expect(await ids(client, "s")).toEqual(["1-1", "2-1", "3-1"]);
    expect(await say(client, "QACK s 1-1", "XLEN s")).toEqual([1, 2]);
    expect(await ids(client, "s")).toEqual(["2-1", "3-1"]);
  });

  test("XDEL removes ready and claimed entries, by any id", async () => {
    const client = await (await startOkqOn(store)).connect();
    await say(client, "QPUSH s x ID own", "QPUSH s x ID 42", "QPUSH s x ID 43-0", "QRPOP s");
    expect(await say(client, "XDEL s own none 42 43 9-9")).toEqual([3]);
    expect(await say(client, "XLEN s", "XDEL s own", "XDEL none own")).toEqual([0, 0, 0]);
    await say(client, "XADD t 1-1 a b", "XADD t 2-1 a b", "XDEL t 2-1");
    expect(await say(client, "XADD t 2-1 a b", "XADD t 2-* a b")).toEqual([
      expect.stringContaining("-ERR The ID specified in XADD is equal or smaller"),
      "2-2",
    ]);
  });

  test("XTRIM and XADD remove the oldest entries", async () => {
    const client = await (await startOkqOn(store)).connect();
    for (let id = 1; id <= 250; id++) client.pipeline(["XADD", "s", `${id}-1`, "a", "b"]);
    await client.take(250);
    const trims = ["XTRIM s MAXLEN 240", "XTRIM s MINID 21", "XTRIM s MINID = 23-0", "XLEN s"];
    expect(await say(client, ...trims)).toEqual([10, 10, 2, 228]);
    const about = ["XTRIM s MAXLEN ~ 200", "XTRIM s MAXLEN ~ 100 LIMIT 5", "XTRIM s MAXLEN ~ 100"];
    expect(await say(client, ...about)).toEqual([0, 0, 128]);
    expect(await say(client, "XTRIM s MAXLEN 3", "XADD s MAXLEN 3 300 a b")).toEqual([97, "300-0"]);
    expect(await ids(client, "s")).toEqual(["249-1", "250-1", "300-0"]);
    await say(client, "XADD s MINID 250-1 NOMKSTREAM 301-0 a b");
    expect(await ids(client, "s")).toEqual(["250-1", "300-0", "301-0"]);
    await say(client, "XADD s MAXLEN = 0 302 a b");
    expect(await say(client, "XLEN s", "XADD s 302-0 a b")).toEqual([
      0,
      expect.stringContaining("equal or smaller"),
    ]);
  });

  test("XTRIM removes more than one step has", async () => {
    const client = await (await startOkqOn(store)).connect();
    for (let at = 0; at < 21; at++) {
      const pairs = Array.from({ length: 1000 }, (_, n) => [`${at * 1000 + n + 1}-0`, "x"]);
      client.pipeline(["QMPUSH", "s", "PAIRS", ...pairs.flat()]);
    }
    await client.take(21);
    expect(await say(client, "XLEN s", "XTRIM s MAXLEN 5")).toEqual([21_000, 20_995]);
    expect(await say(client, "XLEN s")).toEqual([5]);
    expect(await ids(client, "s")).toEqual(
      [20_996, 20_997, 20_998, 20_999, 21_000].map((n) => `${n}-0`),
    );
  });

  test("XREAD reads what is behind an id, from several streams", async () => {
    const client = await (await startOkqOn(store)).connect();
    await say(client, "XADD s 1-1 a b", "XADD s 2-1 a b", "XADD t 3-1 c d");
    const one = [["1-1", ["a", "b"]]] as Readable;
    const two = [["2-1", ["a", "b"]]] as Readable;
    const other = ["t", [["3-1", ["c", "d"]]]] as Readable;
    expect(
      await say(
        client,
        "XREAD STREAMS none t s 0 0 1-1",
        "XREAD COUNT 1 STREAMS s 0",
        "XREAD STREAMS s t 2-1 3",
        "XREAD STREAMS s 2-1",
        "XREAD STREAMS s $",
        "XREAD STREAMS s t none + + +",
        "XREAD BLOCK 1000 STREAMS s 1",
      ),
    ).toEqual([
      [other, ["s", two]],
      [["s", one]],
      [other],
      null,
      null,
      [["s", two], other],
      [
        [
          "s",
          [
            ["1-1", ["a", "b"]],
            ["2-1", ["a", "b"]],
          ],
        ],
      ],
    ]);
    await say(client, "HELLO 3");
    expect(await say(client, "XREAD STREAMS t s 0 1-1", "XREAD STREAMS s $")).toEqual([
      { map: { t: [["3-1", ["c", "d"]]], s: two } },
      null,
    ]);
  });

  test("stream commands see events of Q commands; lists and streams are apart", async () => {
    const client = await (await startOkqOn(store)).connect();
    await say(client, "QPUSH q x ID 1-1", "XADD s 1-1 a b", "RPUSH l x", "SADD m x");
    for (const push of ["RPUSH", "LPUSH"]) {
      expect(await ask(client, push, push, "x")).toBe(1);
      expect(await ask(client, "XLEN", push)).toBe(wrong);
    }
    expect(await say(client, "XLEN q", "LLEN q", "TYPE q", "TYPE s")).toEqual([
      1,
      1,
      "+list",
      "+stream",
    ]);
    expect(await say(client, "XADD q 2-1 a b", "TYPE q", "LLEN q")).toEqual(["2-1", "+list", 2]);
    const refused = ["XADD l * a b", "XLEN l", "XRANGE l - +", "XREAD STREAMS s l 0 0", "XDEL l 1"];
    refused.push("XTRIM l MAXLEN 0", "XLEN m", "LLEN s", "LPUSH s x", "RPOP s", "SADD s x");
    expect(await say(client, ...refused)).toEqual(refused.map(() => wrong));
    expect(await say(client, "QPUSH s x ID 2-1", "QRPOP s EX 0", "XLEN s")).toEqual([
      "2-1",
      ["1-1", "*2\r\n$1\r\na\r\n$1\r\nb\r\n"],
      1,
    ]);
  });

  test("a stream is a key until DEL, also without entries", async () => {
    const client = await (await startOkqOn(store)).connect();
    await say(client, "XADD s 5-5 a b", "QPUSH q x", "SADD m x");
    const usage = (await ask(client, "MEMORY", "USAGE", "s")) as number;
    expect(usage).toBeGreaterThan(100);
    await say(client, "XDEL s 5-5");
    expect(await say(client, "EXISTS s", "TYPE s", "TTL s", "DBSIZE")).toEqual([
      1,
      "+stream",
      -1,
      3,
    ]);
    expect(((await ask(client, "KEYS", "*")) as string[]).toSorted()).toEqual(["m", "q", "s"]);
    for (const [type, name] of [
      ["stream", "s"],
      ["list", "q"],
      ["set", "m"],
    ] as const) {
      expect(await ask(client, "SCAN", "0", "TYPE", type, "COUNT", 100)).toEqual(["0", [name]]);
    }
    expect(await say(client, "MEMORY USAGE s", "XADD s 5-5 a b")).toEqual([
      expect.any(Number),
      expect.stringContaining("equal or smaller"),
    ]);
    expect(await say(client, "UNLINK s none", "EXISTS s", "XADD s 5-5 a b")).toEqual([1, 0, "5-5"]);
    expect(await say(client, "FLUSHALL", "EXISTS s q m", "TYPE s")).toEqual(["+OK", 0, "+none"]);
  });

  test("in a transaction", async () => {
    const client = await (await startOkqOn(store)).connect();
    const parts = [
      "XADD {s} 1-1 a b",
      "XADD {s} 1-1 a b",
      "XADD {s} MAXLEN 1 2-1 a b",
      "XADD {s} NOMKSTREAM 3-1 a b",
      "XLEN {s}",
      "XREAD BLOCK 0 STREAMS {s} $",
      "XREAD COUNT 1 BLOCK 0 STREAMS none{s} {s} 0 0",
      "XREAD STREAMS {s} +",
      "XRANGE {s} - + COUNT 1",
      "XREVRANGE {s} + -",
      "XDEL {s} 3-1",
      "XTRIM {s} MAXLEN 0",
      "XRANGE {s} - + COUNT 0",
      "XLEN {s}",
    ];
    const [, ...rest] = await say(client, "MULTI", ...parts, "EXEC");
    const smaller =
      "-ERR The ID specified in XADD is equal or smaller than the target stream top item";
    expect(rest.slice(0, -1)).toEqual(parts.map(() => "+QUEUED"));
    const [two, three] = [
      ["2-1", ["a", "b"]],
      ["3-1", ["a", "b"]],
    ] as Readable[];
    expect(rest.at(-1)).toEqual([
      "1-1",
      smaller,
      "2-1",
      "3-1",
      2,
      null,
      [["{s}", [two]]],
      [["{s}", [three]]],
      [two],
      [three, two],
      1,
      1,
      null,
      0,
    ] as Readable[]);
    const refusals = ["MULTI", "XADD {s} x a b", "EXEC", "MULTI", "XREAD STREAMS {s} >", "EXEC"];
    expect(await say(client, ...refusals)).toEqual([
      "+OK",
      "-ERR Invalid stream ID specified as stream command argument",
      "-EXECABORT Transaction discarded because of previous errors.",
      "+OK",
      "+QUEUED",
      [expect.stringContaining("-ERR The > ID can be specified only")],
    ] as Readable[]);
  });
});
