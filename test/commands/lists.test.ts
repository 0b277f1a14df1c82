// Redis' list commands over the wire on every store: what they do to the ready events of a queue.
// test/dialects compares their replies with those of a real Redis, byte for byte.
import { describe, expect, test } from "bun:test";
import { eventuallyEqual } from "../support/eventually.ts";
import { lifeStoresAndCluster, startOkqOn, useCluster } from "../support/okq-server.ts";
import { ask, askAll, type Readable } from "../support/readable.ts";
import type { Wire } from "../support/wire.ts";

useCluster();

/** The replies to commands without blanks in their arguments. */
function say(client: Wire, ...commands: string[]): Promise<Readable[]> {
  return askAll(client, ...commands.map((command) => command.split(" ")));
}

const all = (client: Wire, queue: string) => ask(client, "LRANGE", queue, 0, -1);

describe.each(lifeStoresAndCluster)("on %s", (store) => {
  test("pushes at both ends answer the length, in a pipeline that of each", async () => {
    const client = await (await startOkqOn(store)).connect();
    const pushes = ["LPUSH q b", "RPUSH q c d", "LPUSH q a", "LPUSH p 1 2 3", "LLEN q"];
    expect(await say(client, ...pushes)).toEqual([1, 3, 4, 3, 4]);
    expect(await all(client, "q")).toEqual(["a", "b", "c", "d"]);
    expect(await all(client, "p")).toEqual(["3", "2", "1"]);
    const exist = ["LPUSHX q 0", "RPUSHX q e f", "LPUSHX none x", "RPUSHX none x", "LLEN none"];
    expect(await say(client, ...exist)).toEqual([5, 7, 0, 0, 0]);
    expect(await all(client, "none")).toEqual([]);
  });

  test("contents and names are any bytes, also none", async () => {
    const client = await (await startOkqOn(store)).connect();
    const queue = Buffer.from([0, 255, 10, 13]);
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, n) => n));
    expect(await client.call("RPUSH", queue, bytes, "", "\r\n")).toBe(3);
    expect(await client.call("LPOS", queue, bytes)).toBe(0);
    expect(await client.call("LPOS", queue, "")).toBe(1);
    expect(await client.call("LPOP", queue)).toEqual(bytes);
    expect(await client.call("BLPOP", queue, 0)).toEqual([queue, Buffer.alloc(0)]);
  });

  test("pops at both ends, one and several, until nothing is left", async () => {
    const client = await (await startOkqOn(store)).connect();
    await say(client, "RPUSH q 1 2 3 4 5 6 7");
    const pops = ["LPOP q", "RPOP q", "LPOP q 2", "RPOP q 1", "LPOP q 0", "LMPOP 2 p q RIGHT"];
    expect(await say(client, ...pops)).toEqual(["1", "7", ["2", "3"], ["6"], [], ["q", ["5"]]]);
    const last = ["LMPOP 1 q LEFT COUNT 5", "LPOP q", "RPOP q 3", "LPOP q 0", "LMPOP 1 q LEFT"];
    expect(await say(client, ...last)).toEqual([["q", ["4"]], null, null, null, null]);
    expect(await ask(client, "QSTATUS", "q")).toEqual([["q", 0, 0, 0]]);
  });

  test("a pop takes what QPOP would have, and QPOP what was pushed", async () => {
    const client = await (await startOkqOn(store)).connect();
    const pushes = ["QPUSH q old", "QPUSH q first PRIORITY 5", "QPUSH q late DELAY 60"];
    await say(client, ...pushes, "LPUSH q new");
    expect(await all(client, "q")).toEqual(["new", "old", "first"]);
    expect(await say(client, "RPOP q", "RPOP q")).toEqual(["first", "old"]);
    const id = expect.any(String);
    const [popped] = (await say(client, "QPOP FROM q")) as [string[][]];
    expect(popped).toEqual([["q", id, "new", expect.any(String), 1, []] as never]);
    expect(await say(client, "LPOP q", "LLEN q")).toEqual([null, 0]);
    await ask(client, "QACK", "q", popped[0]![1]!, "REDO");
    expect(await say(client, "LPOP q")).toEqual(["new"]);
    await eventuallyEqual(() => totals(client, "q", "pushed", "popped"), [4, 4]);
  });

  test("moves between the ends of queues", async () => {
    const client = await (await startOkqOn(store)).connect();
    await say(client, "RPUSH {q} 1 2 3 4");
    const moves = [
      "LMOVE {q} p{q} LEFT RIGHT",
      "LMOVE {q} p{q} RIGHT RIGHT",
      "RPOPLPUSH {q} p{q}",
      "LMOVE p{q} p{q} left right",
      "LMOVE none{q} p{q} LEFT LEFT",
      "RPOPLPUSH none{q} none{q}",
    ];
    expect(await say(client, ...moves)).toEqual(["1", "4", "3", "3", null, null]);
    expect(await all(client, "{q}")).toEqual(["2"]);
    expect(await all(client, "p{q}")).toEqual(["1", "4", "3"]);
  });

  test("shows ranges, indexes and positions", async () => {
    const client = await (await startOkqOn(store)).connect();
    await say(client, "RPUSH q a b c b d");
    const ranges = ["0 0", "-2 -1", "1 -2", "-100 1", "3 100", "4 2", "5 9"];
    expect(await say(client, ...ranges.map((range) => `LRANGE q ${range}`))).toEqual([
      ["a"],
      ["b", "d"],
      ["b", "c", "b"],
      ["a", "b"],
      ["b", "d"],
      [],
      [],
    ]);
    const indexes = ["LINDEX q 0", "LINDEX q -1", "LINDEX q 5", "LINDEX q -6", "LINDEX none 0"];
    expect(await say(client, ...indexes)).toEqual(["a", "d", null, null, null]);
    const found: [string, Readable][] = [
      ["b", 1],
      ["x", null],
      ["b RANK 2", 3],
      ["b RANK -1", 3],
      ["b RANK 3", null],
      ["b COUNT 0", [1, 3]],
      ["b COUNT 1", [1]],
      ["b RANK -1 COUNT 0", [3, 1]],
      ["b RANK -2 COUNT 2", [1]],
      ["b COUNT 0 MAXLEN 3", [1]],
      ["b RANK -1 COUNT 0 MAXLEN 2", [3]],
      ["b MAXLEN 1", null],
      ["b COUNT 0 MAXLEN 1", []],
      ["b COUNT 1 COUNT 2 RANK 2 RANK 1", [1, 3]],
    ];
    expect(await say(client, ...found.map(([sought]) => `LPOS q ${sought}`))).toEqual(
      found.map(([, reply]) => reply),
    );
  });

  test("changes lists in their places", async () => {
    const client = await (await startOkqOn(store)).connect();
    await say(client, "RPUSH q a b a c a d a");
    const removed = ["LREM q 1 a", "LREM q -2 a", "LREM q 0 a", "LREM q 0 x", "LREM none 0 a"];
    expect(await say(client, ...removed)).toEqual([1, 2, 1, 0, 0]);
    expect(await all(client, "q")).toEqual(["b", "c", "d"]);
    const changes = [
      "LSET q 0 B",
      "LSET q -1 D",
      "LSET q 3 x",
      "LSET none 0 x",
      "LINSERT q BEFORE c 1",
      "LINSERT q after c 2",
      "LINSERT q AFTER x 2",
      "LINSERT none AFTER x 2",
    ];
    const errors = ["-ERR index out of range", "-ERR no such key"];
    expect(await say(client, ...changes)).toEqual(["+OK", "+OK", ...errors, 4, 5, -1, 0]);
    expect(await all(client, "q")).toEqual(["B", "1", "c", "2", "D"]);
    expect(await say(client, "LTRIM q 1 -2", "LTRIM none 0 1")).toEqual(["+OK", "+OK"]);
    expect(await all(client, "q")).toEqual(["1", "c", "2"]);
    expect(await say(client, "LTRIM q 5 9")).toEqual(["+OK"]);
    expect(await ask(client, "QSTATUS", "q")).toEqual([["q", 0, 0, 0]]);
  });

  test("a full or paused queue refuses pushes, and a move into it takes nothing", async () => {
    const client = await (await startOkqOn(store)).connect();
    await say(client, "QCONFIG {full} max-length 2", "RPUSH {full} 1 2", "RPUSH q{full} x");
    const refused = "-QUEUEFULL {full}";
    const pushes = ["LPUSH {full} 3", "RPUSHX {full} 3", "LINSERT {full} BEFORE 1 0"];
    for (const push of [...pushes, "LMOVE q{full} {full} LEFT RIGHT"]) {
      expect(await say(client, push)).toEqual([refused]);
    }
    expect(await say(client, "LMOVE {full} {full} LEFT RIGHT")).toEqual(["1"]);
    await say(client, "QPAUSE {full} IN");
    expect(await say(client, "LPUSHX {full} 3")).toEqual(["-PAUSED {full}"]);
    expect(await say(client, "LLEN q{full}", "LRANGE {full} 0 -1")).toEqual([1, ["2", "1"]]);
  });

  test("a paused queue hands out nothing", async () => {
    const client = await (await startOkqOn(store)).connect();
    await say(client, "RPUSH q 1 2", "QPAUSE q OUT");
    const pops = ["LPOP q", "RPOP q 2", "LMPOP 1 q LEFT", "RPOPLPUSH q q", "LLEN q"];
    expect(await say(client, ...pops)).toEqual([null, null, null, null, 2]);
  });

  test("in a transaction they are one step, with errors in their places", async () => {
    const client = await (await startOkqOn(store)).connect();
    const commands = [
      "RPUSH {q} a b c d",
      "LPUSHX {q} 0",
      "LPOP {q}",
      "LPOP {q} 2",
      "RPOPLPUSH {q} p{q}",
      "LRANGE {q} 0 -1",
      "LSET {q} 5 x",
      "LSET {q} 0 x",
      "LINDEX {q} nonsense",
      "LINSERT {q} BEFORE x y",
      "LPOS {q} x COUNT 0",
      "LREM {q} 0 y",
      "LTRIM {q} 1 0",
      "LLEN {q}",
    ];
    const replies = await say(client, "MULTI", ...commands, "EXEC");
    expect(replies.at(-1)).toEqual([
      4,
      5,
      "0",
      ["a", "b"],
      "d",
      ["c"],
      "-ERR index out of range",
      "+OK",
      "-ERR value is not an integer or out of range",
      2,
      [1],
      1,
      "+OK",
      0,
    ]);
    expect(await all(client, "p{q}")).toEqual(["d"]);
    const refused = await say(client, "MULTI", "LPUSH {q} x", "LRANGE {q} a b", "EXEC");
    expect(refused.slice(2)).toEqual([
      "-ERR value is not an integer or out of range",
      "-EXECABORT Transaction discarded because of previous errors.",
    ]);
    expect(await say(client, "LLEN {q}")).toEqual([0]);
  });

  test("a long LRANGE is whole, and large lists are shown page by page", async () => {
    const client = await (await startOkqOn(store)).connect();
    const contents = Array.from({ length: 2500 }, (_, n) => `${n}`);
    for (let at = 0; at < 2500; at += 500) {
      await ask(client, "RPUSH", "q", ...contents.slice(at, at + 500));
    }
    client.pipeline(["LRANGE", "q", 0, -1], ["LPOS", "q", "2499"], ["LINDEX", "q", -2], ["PING"]);
    const [range, ...others] = await client.take(4);
    expect((range as Buffer[]).map(String)).toEqual(contents);
    expect(others.slice(0, 2).map(String)).toEqual(["2499", "2498"]);
    expect(await ask(client, "LRANGE", "q", 1000, 1099)).toEqual(contents.slice(1000, 1100));
    expect(await ask(client, "LRANGE", "q", -200, -1)).toEqual(contents.slice(-200));
    expect(await ask(client, "LPOP", "q", 2000)).toEqual(contents.slice(0, 2000));
  });
});

/** So many events of the queue were pushed, and so on. */
async function totals(client: Wire, queue: string, ...names: string[]): Promise<Readable[]> {
  const flat = (await ask(client, "QSTATS", queue)) as Readable[];
  return names.map((name) => flat[flat.indexOf(`${name}-total`) + 1]!);
}
