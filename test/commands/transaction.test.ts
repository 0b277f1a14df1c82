// MULTI, EXEC and DISCARD over the wire: commands that take effect together, or not at all.
// oxlint-disable no-await-in-loop -- the steps take place in this order
import { describe, expect, test } from "bun:test";
import { eventuallyEqual } from "../support/eventually.ts";
import { lifeStoresAndCluster, startOkqOn, useCluster } from "../support/okq-server.ts";
import { ask, askAll, type Readable } from "../support/readable.ts";
import { attempt, QUEUED, transact } from "../support/transact.ts";
import type { Argument, Wire } from "../support/wire.ts";

useCluster();

const ABORTED = "-EXECABORT Transaction discarded because of previous errors.";
const becauseOf = (error: string) => `-EXECABORT Transaction discarded because of: ${error}`;

const [IN, OUT] = ["in{1}", "out{1}"];

async function claimed(client: Wire, id: string): Promise<string> {
  await ask(client, "QPUSH", IN, "x", "ID", id);
  const [event] = (await ask(client, "QPOP", "FROM", IN)) as string[][];
  return event![3]!;
}

describe.each(lifeStoresAndCluster)("on %s", (store) => {
  const connect = async () => (await startOkqOn(store)).connect();

  test("hands an event over to the next queue in one step", async () => {
    const client = await connect();
    const token = await claimed(client, "1");
    const handOver = [
      ["QPUSH", OUT, "next", "ID", "1"],
      ["QACK", IN, "1", "TOKEN", token],
    ];
    expect(await transact(client, ...handOver)).toEqual(["1", 1]);
    expect(await transact(client, ...handOver)).toEqual(["-DUPLICATE 1", 0]);
    expect(await ask(client, "QSTATUS", IN, OUT)).toEqual([
      [IN, 0, 0, 1],
      [OUT, 1, 0, 0],
    ]);
  });

  test("each reply is what the command alone would answer, in RESP2 and RESP3", async () => {
    const client = await connect();
    const commands = (queue: string): Argument[][] => [
      ["QRPOP", queue],
      ["QLPUSH", queue, "1", "one"],
      ["QLPUSH", queue, "1", "one", "NOBLOCK"],
      ["QRPUSH", queue, "2", "two", "HEADER", "a", "b"],
      ["QMPUSH", queue, "PAIRS", "2", "x", "3", "three"],
      ["QPUSH", queue, "x", "ID", "3"],
      ["QRPOP", queue, "EX", "10"],
      ["QRPOP", queue, "NOACK"],
      ["QACK", queue, "2", "REDO"],
      ["QLPEEK", queue],
      ["QPOP", "NOACK", "FROM", queue],
      ["QPOP", "COUNT", "5", "NOACK", "FROM", queue, `other${queue}`],
      ["QPOP", "FROM", queue],
      ["QNEXT", queue, "1", "*", "FROM", queue],
      ["QFAIL", queue, "1", "*"],
      ["QTOUCH", queue, "1", "*"],
      ["QMTOUCH", queue, "CLAIMS", "1", "*"],
      ["QMACK", queue, "1", "*"],
      ["QDEL", queue, "1", "2"],
      ["QRETRY", queue, "IDS", "1"],
      ["QMOVE", queue, `other${queue}`, "IDS", "1"],
      ["QSET", queue, "1", "TTL", "5"],
      ["QGET", queue, "1"],
      ["QCANCEL", queue, "1"],
      ["QPAUSE", queue, "FOR", "100"],
      ["QRESUME", queue],
      ["QCONFIG", queue, "lease", "9"],
      ["QCONFIG", queue],
      ["QCONFIG", queue, "RESET"],
      ["QDEFAULT"],
      ["QFLUSH", queue],
      ["ECHO", "a"],
      ["CLIENT", "GETNAME"],
    ];
    for (const protocol of ["2", "3"]) {
      await ask(client, "HELLO", protocol);
      const alone: Readable[] = [];
      for (const command of commands("a{1}")) {
        const reply = await ask(client, ...command);
        alone.push(command.includes("NOBLOCK") ? "-ERR duplicate event 1" : reply);
      }
      const together = await transact(client, ...commands("b{1}"));
      const text = JSON.stringify(together).replaceAll("b{1}", "a{1}");
      expect(JSON.parse(text)).toEqual(alone);
      await ask(client, "QFLUSH", "othera{1}");
    }
  });

  test("nothing is done if a push is refused, and the reason is named", async () => {
    const client = await connect();
    const token = await claimed(client, "1");
    const acked = ["QACK", IN, "1", "TOKEN", token];
    await ask(client, "QCONFIG", OUT, "max-length", "1");
    const full = await attempt(client, acked, ["QPUSH", OUT, "x"], ["QPUSH", OUT, "y"]);
    expect(full.at(-1)).toBe(becauseOf(`QUEUEFULL ${OUT}`));
    await ask(client, "QPAUSE", OUT, "IN");
    expect(await transact(client, acked, ["QLPUSH", OUT, "1", "x"])).toBe(
      becauseOf(`PAUSED ${OUT}`),
    );
    expect(await ask(client, "QSTATUS", IN, OUT)).toEqual([
      [IN, 1, 1, 1],
      [OUT, 0, 0, 0],
    ]);
    await ask(client, "QRESUME", OUT);
    expect(await transact(client, acked, ["QLPUSH", OUT, "1", "x"])).toEqual([1, "+OK"]);
  });

  test("what was sent behind a refused transaction, or before it, is not done", async () => {
    const client = await connect();
    await ask(client, "QPAUSE", OUT, "IN");
    const push = ["QLPUSH", IN, "1", "x"];
    const refused = ["QLPUSH", OUT, "1", "x"];
    const [, , execBehind] = (await askAll(client, refused, ["MULTI"], push, ["EXEC"])).slice(1);
    expect(execBehind).toStartWith("-EXECABORT Transaction discarded because of");
    const replies = await askAll(client, ["MULTI"], push, refused, ["EXEC"], push, ["PING"]);
    expect(replies.slice(3)).toEqual([
      becauseOf(`PAUSED ${OUT}`),
      expect.stringContaining("an earlier operation of this client failed"),
      "+PONG",
    ]);
    expect(await ask(client, "QSTATUS", IN)).toEqual([[IN, 0, 0, 0]]);
    expect(await transact(client, push)).toEqual(["+OK"]);
  });

  test("an error when a command is queued discards all", async () => {
    const client = await connect();
    const push = ["QLPUSH", IN, "1", "x"];
    for (const [command, error] of [
      [["NOSUCH"], "-ERR unknown command 'NOSUCH'"],
      [["CLIENT", "NOSUCH"], "-ERR unknown subcommand"],
      [["QLPUSH", IN], "-ERR missing args"],
      [["PING", "a", "b"], "-ERR wrong number of arguments"],
      [["QPUSH", IN, "x", "NOSUCH"], "-ERR syntax error, unknown option"],
      [["QPOP", "COUNT", "0", "FROM", IN], "-ERR COUNT must be"],
      [["QLPUSH", IN, "x".repeat(5000), "x"], "-ERR id too long"],
      [["QCONFIG", IN, "nosuch", "1"], "-ERR unknown setting"],
      [["QPURGE", IN, "ready"], "-ERR QPURGE is not allowed in a transaction"],
      [["QRETRY", IN, "ALL"], "-ERR QRETRY ALL works in pieces"],
      [["QMOVE", IN, OUT], "-ERR QMOVE without IDS works in pieces"],
      [["QMOVE", IN, OUT, "STATE", "failed", "IDS", "1"], "-ERR QMOVE with STATE works in"],
      [["QDEFAULT", "lease", "9"], "-ERR QDEFAULT is not allowed"],
      [["QWAIT", IN, "1", "1"], "-ERR QWAIT is not allowed"],
      [["QEMPTY", IN, "1"], "-ERR QEMPTY is not allowed"],
      [["QREGISTER", IN], "-ERR QREGISTER is not allowed"],
      [["QNOTIFY", "1"], "-ERR QNOTIFY is not allowed"],
      [["QLIST", IN], "-ERR QLIST is not allowed"],
      [["QSTATUS"], "-ERR QSTATUS is not allowed"],
      [["INFO"], "-ERR INFO is not allowed"],
      [["CLIENT", "LIST"], "-ERR CLIENT LIST is not allowed"],
      [["SUBSCRIBE", `okq:${IN}`], "-ERR SUBSCRIBE is not allowed"],
    ] as const) {
      const [first, reply, last, exec] = await attempt(client, push, [...command], push);
      expect([first, last, exec]).toEqual([QUEUED, QUEUED, ABORTED]);
      expect(reply).toStartWith(error);
    }
    expect(await ask(client, "QSTATUS")).toEqual([]);
  });

  test("pops do not wait, and are undone if the client is gone before their reply", async () => {
    const okq = await startOkqOn(store);
    const [client, other] = [await okq.connect(), await okq.connect()];
    const none = await transact(
      client,
      ["QPOP", "WAIT", "60", "FROM", IN],
      ["QNEXT", IN, "1", "*", "WAIT", "60", "FROM", IN],
    );
    expect(none).toEqual([null, [0, null]]);
    // More than the systems at both ends buffer.
    const contents = ["x", "x".repeat(30_000_000)];
    await askAll(other, ...contents.map((each, at) => ["QPUSH", IN, each, "ID", `${at}`]));
    client.pause(true);
    client.pipeline(["MULTI"], ["QPOP", "FROM", IN], ["QRPOP", IN], ["EXEC"]);
    const claims = async () => ((await ask(other, "QSTATUS", IN)) as number[][])[0]![2]!;
    await eventuallyEqual(claims, 2);
    client.reset();
    await eventuallyEqual(claims, 0);
    const [, events] = (await ask(other, "QLIST", IN)) as [null, Readable[][]];
    expect(events.map((facts) => [facts[1], facts[5]])).toEqual([
      ["0", 0],
      ["1", 0],
    ]);
  });

  test("a client that leaves before EXEC has done nothing", async () => {
    const okq = await startOkqOn(store);
    const [client, other] = [await okq.connect(), await okq.connect()];
    await askAll(client, ["MULTI"], ["QLPUSH", IN, "1", "x"]);
    client.close();
    await eventuallyEqual(() => ask(other, "QSTATUS"), []);
    await askAll(other, ["MULTI"], ["QLPUSH", IN, "1", "x"], ["DISCARD"]);
    expect(await ask(other, "QSTATUS")).toEqual([]);
    expect(await transact(other)).toEqual([]);
  });

  test("1,000 ids, claims and events are one step", async () => {
    const client = await connect();
    const ids = Array.from({ length: 1000 }, (_, at) => `${at}`);
    const all = (value: number) => ids.map(() => value);
    const pairs = ids.flatMap((id) => [id, "x"]);
    expect(await transact(client, ["QMPUSH", IN, "PAIRS", ...pairs])).toEqual([ids]);
    expect(await transact(client, ["QMOVE", IN, OUT, "IDS", ...ids])).toEqual([ids.length]);
    const [popped] = (await transact(client, [
      "QPOP",
      "COUNT",
      "1000",
      "FROM",
      OUT,
    ])) as Readable[][];
    expect(popped!.length).toBe(1000);
    const claims = ids.flatMap((id) => [id, "*"]);
    expect(await transact(client, ["QMTOUCH", OUT, "CLAIMS", ...claims])).toEqual([all(1)]);
    expect(await transact(client, ["QMACK", OUT, ...claims])).toEqual([all(1)]);
    expect(await transact(client, ["QDEL", OUT, ...ids])).toEqual([all(0)]);
    const two = await attempt(client, ["QDEL", IN, ...ids], ["QDEL", OUT, "1"]);
    expect(two.slice(1)).toEqual([
      "-ERR too many events in a transaction, 1001 of at most 1000",
      ABORTED,
    ]);
  });

  test("CLIENT RELEASE ON concerns what a transaction claims and ends", async () => {
    const okq = await startOkqOn(store);
    const [client, other] = [await okq.connect(), await okq.connect()];
    await askAll(other, ["QPUSH", IN, "x", "ID", "1"], ["QPUSH", IN, "x", "ID", "2"]);
    await ask(client, "CLIENT", "RELEASE", "ON");
    await transact(client, ["QPOP", "COUNT", "2", "FROM", IN], ["QACK", IN, "1"]);
    client.close();
    await eventuallyEqual(() => ask(other, "QSTATUS", IN), [[IN, 1, 0, 0]]);
  });
});

test("queues of a transaction must be in one shard of a cluster", async () => {
  const client = await (await startOkqOn("cluster")).connect();
  const [first, second, exec] = await attempt(
    client,
    ["QPUSH", "a{1}", "x"],
    ["QPUSH", "b{2}", "x"],
  );
  expect([first, exec]).toEqual([QUEUED, ABORTED]);
  expect(second).toStartWith("-CROSSSLOT a transaction is in one shard");
  const moved = await attempt(client, ["QMOVE", "a{1}", "b{2}", "IDS", "1"]);
  expect(moved[0]).toStartWith("-CROSSSLOT");
  const configured = await attempt(client, ["QCONFIG", "a{1}", "failed-to", "b{2}"]);
  expect(configured[0]).toStartWith("-CROSSSLOT");
  expect(await transact(client, ["QDEFAULT"], ["PING"])).toHaveLength(2);
});
