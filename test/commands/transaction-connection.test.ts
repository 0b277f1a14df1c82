// MULTI and its kin as commands on a connection: the replies of Redis, rights, and bounds.
// oxlint-disable no-await-in-loop -- the steps take place in this order
import { describe, expect, test } from "bun:test";
import { closeAfterTest } from "../support/close-after-test.ts";
import { eventually } from "../support/eventually.ts";
import { startTestOkq, startTestRedis } from "../support/okq-server.ts";
import { ask, askAll, type Readable } from "../support/readable.ts";
import { attempt, QUEUED, transact } from "../support/transact.ts";
import { passwordOf, writeUsers } from "../support/users.ts";
import { Wire } from "../support/wire.ts";

const ABORTED = "-EXECABORT Transaction discarded because of previous errors.";
const IN = "in";

async function infoOf(client: Wire, field: string): Promise<string> {
  const info = String(await ask(client, "CLIENT", "INFO"));
  return new RegExp(` ${field}=(\\S*) `).exec(info)![1]!;
}

test("answers MULTI and its kin as Redis does", async () => {
  const [okq, redis] = [await startTestOkq(), await startTestRedis()];
  const scripts: string[][] = [
    ["MULTI", "EXEC"],
    ["MULTI", "PING", "ECHO a", "EXEC", "PING"],
    ["MULTI", "PING", "MULTI", "PING", "EXEC"],
    ["MULTI", "PING", "DISCARD", "EXEC"],
    ["MULTI", "NOSUCH", "PING", "EXEC", "PING"],
    ["MULTI", "NOSUCH", "DISCARD", "PING"],
    ["MULTI", "ECHO", "EXEC"],
    ["MULTI", "CLIENT SETNAME a", "CLIENT GETNAME", "CLIENT SETNAME", "EXEC"],
    ["MULTI", "CLIENT SETNAME a", "CLIENT GETNAME", "EXEC", "CLIENT GETNAME"],
    ["MULTI", "SELECT 99", "SELECT 0", "SELECT x", "EXEC"],
    ["MULTI", "AUTH x", "AUTH a b", "AUTH default x", "EXEC"],
    ["MULTI", "HELLO 9", "HELLO x", "CLIENT GETNAME", "EXEC"],
    ["MULTI", "PING", "RESET", "EXEC"],
    ["MULTI", "UNWATCH", "EXEC"],
    ["UNWATCH"],
    ["EXEC"],
    ["DISCARD"],
    ["MULTI", "PING", "QUIT"],
  ];
  const answers = async (port: number) => {
    const all: unknown[] = [];
    for (const script of scripts) {
      const wire = closeAfterTest(await Wire.connect(port));
      const commands = script.map((line) => line.split(" "));
      const replies = await askAll(wire, ...commands);
      all.push([script, replies]);
    }
    return all;
  };
  const [own, its] = [await answers(okq.port), await answers(redis.port)];
  expect(own).toEqual(its);
});

describe("the connection", () => {
  test("commands on it are done in their place", async () => {
    const client = await (await startTestOkq()).connect();
    const replies = await transact(
      client,
      ["CLIENT", "SETNAME", "worker"],
      ["QPUSH", IN, "x", "ID", "1"],
      ["QPOP", "FROM", IN],
      ["PING"],
      ["HELLO", "3"],
    );
    expect((replies as Readable[]).slice(0, 2)).toEqual(["+OK", "1"]);
    expect((replies as Readable[])[4]).toHaveProperty("map.proto", 3);
    expect(await ask(client, "QGET", IN, "1")).toHaveProperty("map.worker", "worker");
  });

  test("WATCH is refused, and RESET and QUIT end the transaction", async () => {
    const okq = await startTestOkq();
    const client = await okq.connect();
    const noWatch = "-ERR okq has no WATCH: a transaction is judged and done as one";
    expect(await ask(client, "WATCH", "a")).toBe(noWatch);
    expect(await attempt(client, ["WATCH", "a"], ["PING"])).toEqual([noWatch, QUEUED, ["+PONG"]]);
    const push = ["QLPUSH", IN, "1", "x"];
    const replies = await askAll(client, ["MULTI"], push, ["RESET"], ["EXEC"], ["MULTI"], push);
    expect(replies.slice(2, 4)).toEqual(["+RESET", "-ERR EXEC without MULTI"]);
    expect(await ask(client, "QUIT")).toBe("+OK");
    expect(await ask(await okq.connect(), "QSTATUS")).toEqual([]);
  });

  test("CLIENT INFO shows how many commands are queued", async () => {
    const okq = await startTestOkq();
    const [client, other] = [await okq.connect(), await okq.connect()];
    expect([await infoOf(client, "multi"), await infoOf(client, "multi-mem")]).toEqual(["-1", "0"]);
    await askAll(client, ["MULTI"], ["PING"], ["PING"]);
    const listed = String(await ask(other, "CLIENT", "LIST"));
    expect(listed).toContain(" multi=2 ");
    expect(listed).toMatch(/ multi-mem=[1-9]/);
  });

  test("rights are checked when a command is queued, and again by EXEC", async () => {
    const users = writeUsers("a push,consume *", "b consume *");
    const okq = await startTestOkq({ users: users.path });
    const client = await okq.connect();
    const logIn = (name: string) => ["AUTH", name, passwordOf(name)];
    await ask(client, ...logIn("a"));
    const push = ["QLPUSH", IN, "1", "x"];
    const [denied, , aborted] = await attempt(client, ["QLPEEK", IN], push);
    expect(denied).toStartWith("-NOPERM User a has no permissions to run the 'qlpeek' command");
    expect(aborted).toBe(ABORTED);
    const reply = await transact(client, push, logIn("b"), push);
    const mayNot = "NOPERM User b has no permissions to run the 'qlpush'";
    expect(reply).toStartWith(`-EXECABORT Transaction discarded because of: ${mayNot}`);
    expect(await ask(client, "ACL", "WHOAMI")).toBe("b");
    expect(await transact(client, logIn("a"), ["PING"])).toEqual(["+OK", "+PONG"]);
    expect(await ask(client, "QRPOP", IN)).toBeNull();
  });
});

describe("bounds", () => {
  test("at most 1,000 commands", async () => {
    const client = await (await startTestOkq()).connect();
    const replies = await attempt(client, ...Array.from({ length: 1001 }, () => ["PING"]));
    expect(replies.slice(-3)).toEqual([
      QUEUED,
      "-ERR too many commands in a transaction, 1001 of at most 1000",
      ABORTED,
    ]);
  });

  test("the bytes of two of the largest events", async () => {
    const client = await (await startTestOkq({ maxEventBytes: 500_000 })).connect();
    const push = ["QPUSH", IN, "x".repeat(490_000)];
    expect(await transact(client, push, push)).toHaveLength(2);
    const replies = await attempt(client, push, push, push);
    expect(replies[2]).toStartWith("-ERR transaction too large, ");
    expect(replies[3]).toBe(ABORTED);
    expect(await infoOf(client, "multi-mem")).toBe("0");
  });

  test("an event that is too large aborts", async () => {
    const client = await (await startTestOkq({ maxEventBytes: 1000 })).connect();
    await askAll(client, ["MULTI"], ["QPUSH", IN, "x"]);
    expect(await ask(client, "QPUSH", IN, "x".repeat(2000))).toStartWith("-ERR event too large");
    expect(await ask(client, "QPUSH", IN, "x")).toBe(QUEUED);
    expect(await ask(client, "EXEC")).toBe(ABORTED);
    expect(await ask(client, "QSTATUS")).toEqual([]);
  });

  test("the memory of all transactions, which is free again when they end", async () => {
    const okq = await startTestOkq({ maxWaitingBytes: 1_048_576 });
    const push = ["QPUSH", IN, "x".repeat(400_000)];
    const clients = [];
    for (let at = 0; at < 3; at++) {
      const client = await okq.connect();
      expect(await askAll(client, ["MULTI"], push)).toEqual(["+OK", QUEUED]);
      clients.push(client);
    }
    const last = await okq.connect();
    const full = "-ERR the transactions of all clients need too much memory (--max-waiting-bytes)";
    expect(await attempt(last, push)).toEqual([full, ABORTED]);
    clients[0]!.close();
    await ask(clients[1]!, "DISCARD");
    await ask(clients[2]!, "EXEC");
    await eventually(async () => Array.isArray((await attempt(last, push, push))[2]));
  });
});
