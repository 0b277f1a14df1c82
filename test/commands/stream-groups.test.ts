// Redis' commands on groups of streams over the wire: what a group claims, gives back and shows.
// test/dialects compares their replies with those of a real Redis, byte for byte.
import { describe, expect, test } from "bun:test";
import { eventually } from "../support/eventually.ts";
import { lifeStoresAndCluster, startOkqOn, useCluster } from "../support/okq-server.ts";
import { ask, askAll, type Readable } from "../support/readable.ts";
import { passwordOf, writeUsers } from "../support/users.ts";
import type { Wire } from "../support/wire.ts";

useCluster();

/** The replies to commands without blanks in their arguments. */
function say(client: Wire, ...commands: string[]): Promise<Readable[]> {
  return askAll(client, ...commands.map((command) => command.split(" ")));
}

const entry = (id: string, value: string): Readable => [id, ["f", value]];
const add = (...ids: string[]) => ids.map((id) => `XADD s ${id} f v${id[0]}`);

describe.each(lifeStoresAndCluster)("on %s", (store) => {
  test("a group claims entries in their order and acknowledges them", async () => {
    const client = await (await startOkqOn(store)).connect();
    expect(await say(client, "XGROUP CREATE s g 0 MKSTREAM", ...add("1-1", "2-1", "3-1"))).toEqual([
      "+OK",
      "1-1",
      "2-1",
      "3-1",
    ]);
    const reads = ["XREADGROUP GROUP g a COUNT 2 STREAMS s >", "XREADGROUP GROUP g b STREAMS s >"];
    expect(await say(client, ...reads, reads[1]!)).toEqual([
      [["s", [entry("1-1", "v1"), entry("2-1", "v2")]]],
      [["s", [entry("3-1", "v3")]]],
      null,
    ]);
    const acks = ["XACK s g 2-1 9-9", "XACK s g 2-1", "XACK s none 1-1", "XACK none g 1-1"];
    expect(await say(client, ...acks)).toEqual([1, 0, 0, 0]);
    const looks = ["XPENDING s g", "XPENDING s default", "XREADGROUP GROUP g a STREAMS s 0"];
    const pending = [
      2,
      "1-1",
      "3-1",
      [
        ["a", "1"],
        ["b", "1"],
      ],
    ];
    expect(await say(client, ...looks)).toEqual([
      pending,
      pending,
      [["s", [entry("1-1", "v1")]]],
    ] as Readable[]);
    expect(await say(client, "XLEN s", "XREADGROUP GROUP g a STREAMS s 1-1")).toEqual([
      2,
      [["s", []]],
    ]);
  });

  test("default is a group of every queue, and entries have the contents of events", async () => {
    const client = await (await startOkqOn(store)).connect();
    const read = "XREADGROUP GROUP default c STREAMS q >";
    expect(await say(client, read, "QPUSH q hello ID 42", read)).toEqual([
      null,
      "42",
      [["q", [["42", ["contents", "hello"]]]]],
    ]);
    const rest = ["XACK q default 42", "XGROUP CREATE q first $", "XGROUP DESTROY q first"];
    const missing =
      "-ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want " +
      "to use the MKSTREAM option to create an empty stream automatically.";
    expect(await say(client, ...rest)).toEqual([1, missing, missing]);
  });

  test("QPOP and XREADGROUP claim the same entries", async () => {
    const client = await (await startOkqOn(store)).connect();
    await say(client, "XGROUP CREATE s g 0 MKSTREAM", ...add("1-1", "2-1"));
    await say(client, "QPOP AS worker FROM s");
    expect(await say(client, "XPENDING s g - + 10 worker", "XACK s g 1-1")).toEqual([
      [["1-1", "worker", expect.any(Number), 1]],
      1,
    ] as Readable[]);
    await say(client, "XREADGROUP GROUP g c STREAMS s >");
    expect(await say(client, "QACK s 2-1", "XACK s g 2-1")).toEqual([1, 0]);
  });

  test("further groups get their own copies", async () => {
    const client = await (await startOkqOn(store)).connect();
    await say(client, "XGROUP CREATE s g 0 MKSTREAM", ...add("1-1", "2-1"));
    await say(client, "XREADGROUP GROUP g c COUNT 1 STREAMS s >");
    const creates = ["XGROUP CREATE s all 0", "XGROUP CREATE s late $", "XGROUP CREATE s mid 1-1"];
    expect(await say(client, ...creates, creates[0]!)).toEqual([
      "+OK",
      "+OK",
      "+OK",
      "-BUSYGROUP Consumer Group name already exists",
    ]);
    await say(client, ...add("3-1"));
    const read = (group: string) => `XREADGROUP GROUP ${group} c STREAMS s >`;
    const [one, two, three] = ["1", "2", "3"].map((n) => entry(`${n}-1`, `v${n}`));
    expect(await say(client, ...["g", "all", "late", "mid"].map(read))).toEqual([
      [["s", [two, three]]],
      [["s", [one, two, three]]],
      [["s", [three]]],
      [["s", [two, three]]],
    ] as Readable[]);
    const ends = ["XACKDEL s g ACKED IDS 2 1-1 9-9", "XACKDEL s all DELREF IDS 1 2-1"];
    expect(await say(client, ...ends, "XACK s mid 2-1", "XACK s g 2-1")).toEqual([
      [2, -1],
      [1],
      0,
      0,
    ]);
    const destroy = ["XGROUP DESTROY s all", "XGROUP DESTROY s all", read("all")];
    expect(await say(client, ...destroy)).toEqual([
      1,
      0,
      "-NOGROUP No such key 's' or consumer group 'all' in XREADGROUP with GROUP option",
    ]);
  });

  test("claims go to another consumer, counted or not", async () => {
    const client = await (await startOkqOn(store)).connect();
    await say(client, "XGROUP CREATE s g 0 MKSTREAM", ...add("1-1", "2-1", "3-1"));
    await say(client, "XREADGROUP GROUP g dead STREAMS s >");
    const [one, two] = [entry("1-1", "v1"), entry("2-1", "v2")];
    const claims = [
      "XCLAIM s g c 100000 1-1",
      "XCLAIM s g c 0 1-1 9-9",
      "XCLAIM s g c 0 2-1 JUSTID",
      "XAUTOCLAIM s g d 0 - COUNT 2",
      "XAUTOCLAIM s g d 0 (2-1 JUSTID",
      "XCLAIM s g d 0 1-1 FORCE",
      "XCLAIM s g d 0 1-1 foo 2-1",
    ];
    expect(await say(client, ...claims)).toEqual([
      [],
      [one],
      ["2-1"],
      ["3-1", [one, two], []],
      ["0-0", ["3-1"], []],
      "-ERR okq has no FORCE of XCLAIM: a claim begins now, and has its own attempts",
      "-ERR Unrecognized XCLAIM option 'foo'",
    ]);
    const rows = (await ask(client, ..."XPENDING s g - + 10".split(" "))) as Readable[][];
    expect(rows.map(([id, consumer, , attempt]) => [id, consumer, attempt])).toEqual([
      ["1-1", "d", 3],
      ["2-1", "d", 2],
      ["3-1", "d", 1],
    ]);
    const deletes = ["XGROUP DELCONSUMER s g d", "XGROUP DELCONSUMER s g d", "XPENDING s g"];
    expect(await say(client, ...deletes)).toEqual([3, 0, [0, null, null, null]]);
  });

  test("XREADGROUP CLAIM gives idle claims first, then new entries", async () => {
    const client = await (await startOkqOn(store)).connect();
    await say(client, "XGROUP CREATE s g 0 MKSTREAM", ...add("1-1", "2-1", "3-1", "4-1"));
    await say(client, "XREADGROUP GROUP g dead COUNT 2 STREAMS s >");
    const read = "XREADGROUP GROUP g c COUNT 3 CLAIM 0 STREAMS s >".split(" ");
    const idle = expect.any(Number);
    expect(await ask(client, ...read)).toEqual([
      [
        "s",
        [
          ["1-1", ["f", "v1"], idle, 1],
          ["2-1", ["f", "v2"], idle, 1],
          ["3-1", ["f", "v3"], 0, 0],
        ],
      ],
    ] as Readable[]);
    // What was too much is there again.
    const later = "XREADGROUP GROUP g d STREAMS s >".split(" ");
    await eventually(async () => {
      const found = await ask(client, ...later);
      if (found === null) return false;
      expect(found).toEqual([["s", [entry("4-1", "v4")]]]);
      return true;
    });
  });

  test("XNACK gives entries back, at once or for good", async () => {
    const client = await (await startOkqOn(store)).connect();
    await say(client, "XGROUP CREATE s g 0 MKSTREAM", ...add("1-1", "2-1", "3-1"));
    const read = "XREADGROUP GROUP g c STREAMS s >";
    const nacks = [
      "XNACK s g SILENT IDS 2 1-1 9-9",
      "XNACK s g FATAL IDS 1 2-1",
      "QGET s 2-1",
      read,
      "XNACK s g SILENT IDS 1 1-1 FORCE",
      "XNACK s none SILENT IDS x 1",
      "XNACK s g SILENT IDS x 1",
      "XNACK s g SILENT IDS 3 1-1 2-1",
      "XNACK s g fatally IDS 1 1-1",
      "XNACK s g SILENT FAIL IDS 1 1-1",
      "XNACK s g IDS 1 1-1 5",
      "XNACK s g IDS 2 1-1 2-1",
      "XNACK s g FAIL IDS 1 1-1 IDS 1 2-1",
    ];
    const [, one, two, event, again, ...errors] = await say(client, read, ...nacks);
    expect([one, two]).toEqual([1, 1]);
    expect(event).toContain("failed");
    expect(again).toEqual([["s", [entry("1-1", "v1")]]]);
    expect(errors).toEqual([
      "-ERR okq has no FORCE of XNACK: an event has its own attempts",
      "-NOGROUP No such key 's' or consumer group 'none'",
      "-ERR Number of IDs must be a positive integer",
      "-ERR The `numids` parameter must match the number of arguments",
      "-ERR syntax error, unknown option 'fatally' (known: SILENT, FAIL, FATAL, IDS)",
      "-ERR syntax error, FAIL does not go with SILENT",
      "-ERR syntax error, unknown option '5' (known: SILENT, FAIL, FATAL, IDS)",
      "-ERR missing SILENT or FAIL or FATAL, usage: XNACK queue group SILENT|FAIL|FATAL IDS " +
        "numids id [id ...]",
      "-ERR syntax error, option IDS is given twice",
    ]);
  });

  test("XINFO shows the stream, its groups and consumers", async () => {
    const client = await (await startOkqOn(store)).connect();
    await say(client, "HELLO 3", "XGROUP CREATE s g 0 MKSTREAM", ...add("1-1", "2-1"));
    await say(client, "XREADGROUP GROUP g c COUNT 1 STREAMS s >");
    const head = {
      length: 2,
      "radix-tree-keys": 1,
      "radix-tree-nodes": 2,
      "last-generated-id": "2-1",
      "max-deleted-entry-id": "0-0",
      "entries-added": 2,
      "recorded-first-entry-id": "1-1",
    };
    const [first, last] = [entry("1-1", "v1"), entry("2-1", "v2")];
    const ms = expect.any(Number);
    const infos = ["STREAM s", "GROUPS s", "CONSUMERS s g", "CONSUMERS s default", "STREAM s FULL"];
    const consumers = [{ map: { name: "c", pending: 1, idle: ms, inactive: ms } }];
    const claim = ["1-1", ms, 1];
    const consumer = { name: "c", "seen-time": ms, "active-time": ms, "pel-count": 1 };
    const group = { name: "g", "last-delivered-id": "1-1", "entries-read": null, lag: 1 };
    const full = {
      ...group,
      "pel-count": 1,
      pending: [["1-1", "c", ms, 1]],
      consumers: [{ map: { ...consumer, pending: [claim] } }],
    };
    expect(await say(client, ...infos.map((info) => `XINFO ${info}`))).toEqual([
      { map: { ...head, groups: 1, "first-entry": first, "last-entry": last } },
      [{ map: { ...group, consumers: 1, pending: 1 } }],
      consumers,
      consumers,
      { map: { ...head, entries: [first, last], groups: [{ map: full }] } },
    ] as Readable[]);
  });

  test("a transaction reads, acknowledges and does not wait", async () => {
    const client = await (await startOkqOn(store)).connect();
    await say(client, "XGROUP CREATE s g 0 MKSTREAM", ...add("1-1", "2-1"));
    const read = "XREADGROUP GROUP g c COUNT 1 BLOCK 0 STREAMS s >";
    const parts = [read, "XACK s g 1-1", "XREADGROUP GROUP g c COUNT 9 CLAIM 0 STREAMS s >", read];
    const replies = await say(client, "MULTI", ...parts, "XPENDING s g", "EXEC");
    expect(replies.at(-1)).toEqual([
      [["s", [entry("1-1", "v1")]]],
      1,
      [["s", [["2-1", ["f", "v2"], 0, 0]]]],
      null,
      [1, "2-1", "2-1", [["c", "1"]]],
    ] as Readable[]);
  });

  test("a list is no stream, and a user needs the right to every stream", async () => {
    const okq = await startOkqOn(store, { users: writeUsers("ann consume s*").path });
    const client = await okq.connect();
    expect(await ask(client, "AUTH", "ann", passwordOf("ann"))).toBe("+OK");
    const refused = "-NOPERM User ann has no permissions to use the queue 'other'";
    const reads = [
      "XREADGROUP GROUP g c STREAMS s1 other > >",
      "XREADGROUP GROUP g c COUNT 1 BLOCK 5 NOACK STREAMS other s1 > >",
      "XGROUP CREATE other g 0",
      "XGROUP CREATE s1 g 0 MKSTREAM",
      "XREADGROUP GROUP g other BLOCK 5 STREAMS s1 >",
      "XPENDING s1 g",
      "XADD s1 * a b",
    ];
    expect(await say(client, ...reads)).toEqual([
      refused,
      refused,
      refused,
      "+OK",
      null,
      [0, null, null, null],
      "-NOPERM User ann has no permissions to run the 'xadd' command",
    ]);
  });

  test("a user needs the right to the queue of a group too", async () => {
    const users = writeUsers("ann consume s", "all all *", "bob consume s s@*").path;
    const okq = await startOkqOn(store, { users });
    const [admin, ann, bob] = [await okq.connect(), await okq.connect(), await okq.connect()];
    await ask(admin, "AUTH", "all", passwordOf("all"));
    await ask(ann, "AUTH", "ann", passwordOf("ann"));
    await ask(bob, "AUTH", "bob", passwordOf("bob"));
    await say(admin, "XGROUP CREATE s g 0 MKSTREAM", "XGROUP CREATE s o $", "XADD s 1-1 f v1");
    const refused = "-NOPERM User ann has no permissions to use the queue 's@o'";
    const tries = [
      "XREADGROUP GROUP o c STREAMS s >",
      "XREADGROUP GROUP default c GROUP o c BLOCK 5 STREAMS s >",
      "XREADGROUP GROUP o c STREAMS s wrong",
      "XGROUP CREATE s o 0",
      "XGROUP DESTROY s o",
      "XGROUP CREATECONSUMER s o c",
      "XGROUP DELCONSUMER s o c",
      "XACK s o 1-1",
      "XACKDEL s o IDS 1 1-1",
      "XNACK s o FATAL IDS 1 1-1",
      "XCLAIM s o c 0 1-1",
      "XAUTOCLAIM s o c 0 0",
      "XPENDING s o",
      "XPENDING s o - + 9",
      "XINFO CONSUMERS s o",
    ];
    expect(await say(ann, ...tries)).toEqual(tries.map(() => refused));
    expect(await say(ann, "MULTI", tries[4]!, "EXEC")).toEqual([
      "+OK",
      refused,
      "-EXECABORT Transaction discarded because of previous errors.",
    ]);
    const read = (group: string) => `XREADGROUP GROUP ${group} c STREAMS s >`;
    const found = [["s", [entry("1-1", "v1")]]] as Readable;
    expect(await say(ann, read("default"))).toEqual([found]);
    expect(await say(bob, read("o"), "XACK s o 1-1", "XGROUP DESTROY s o")).toEqual([found, 1, 1]);
  });
});
