// QCOUNTER, and events that are members of a counter, over the wire.
import { describe, expect, test } from "bun:test";
import {
  lifeStoresAndCluster,
  startOkqOn,
  startTestOkq,
  useCluster,
} from "../support/okq-server.ts";
import { ask } from "../support/readable.ts";
import { passwordOf, writeUsers } from "../support/users.ts";

useCluster();

describe.each(lifeStoresAndCluster)("on %s", (store) => {
  test("members count a counter down, once each, and its event comes at 0", async () => {
    const client = await (await startOkqOn(store)).connect();
    const then = ["THEN", "joined", "HEADER", "a", "b", "TTL", "60"];
    const init = ["QCOUNTER", "INIT", "q", "k", "2", "TTL", "100", ...then];
    expect(await ask(client, ...init)).toBe("+OK");
    expect(await ask(client, ...init)).toBe("+OK");
    expect(await ask(client, "QCOUNTER", "GET", "q", "k")).toBe(2);
    expect(await ask(client, "qcounter", "done", "q", "k", "a")).toBe(1);
    expect(await ask(client, "QCOUNTER", "DONE", "q", "k", "a")).toBe(1);
    expect(await ask(client, ...init)).toBe(
      "-ERR another counter is there, or it has begun to count: 'k'",
    );
    const [next, [row]] = (await ask(client, "QCOUNTER", "LIST", "q")) as [null, string[][]];
    expect([next, row!.slice(0, 5)]).toEqual([null, ["key", "k", "left", 1, "since"] as string[]]);
    expect(await ask(client, "QCOUNTER", "DONE", "q", "k", "b")).toBe(0);
    expect(await ask(client, "QCOUNTER", "DONE", "q", "k", "b")).toBeNull();
    expect(await ask(client, "QCOUNTER", "GET", "q", "k")).toBeNull();
    expect(await ask(client, "QPOP", "NOACK", "FROM", "q")).toEqual([
      ["q", "k", "joined", null, 1, ["a", "b"]],
    ]);
  });

  test("events that are PART of a counter count when they are acknowledged", async () => {
    const client = await (await startOkqOn(store)).connect();
    await ask(client, "QCOUNTER", "INIT", "q", "k", "5", "THEN", "joined", "RIGHT");
    const part = ["PART", "q", "k"];
    expect(await ask(client, "QPUSH", "q@w", "x", "ID", "1", ...part)).toBe("1");
    expect(await ask(client, "QLPUSH", "q@w", "2", "x", ...part)).toBe("+OK");
    expect(await ask(client, "QRPUSH", "q@w", "3", "x", ...part)).toBe("+OK");
    const made = await ask(client, "QMPUSH", "q@w", ...part, "EVENTS", "x", "y");
    expect(made).toHaveLength(2);
    const left = () => ask(client, "QCOUNTER", "GET", "q", "k");
    await ask(client, "QRPOP", "q@w");
    expect(await ask(client, "QACK", "q@w", "3")).toBe(1);
    expect(await left()).toBe(4);
    const pop = async () => ((await ask(client, "QPOP", "FROM", "q@w")) as string[][])[0]!;
    const [, id, , token] = await pop();
    const [popped] = (await ask(client, "QNEXT", "q@w", id!, token!, "FROM", "q@w")) as unknown as [
      number,
      string[][],
    ];
    expect([popped, await left()]).toEqual([1, 3]);
    await ask(client, "QPOP", "NOACK", "FROM", "q@w");
    expect(await left()).toBe(2);
    expect(await ask(client, "QMACK", "q@w", "2", "*")).toEqual([1]);
    expect(await left()).toBe(1);
    expect(await ask(client, "QCOUNTER", "DONE", "q", "k", "q@w/1")).toBe(1);
    const [, last, , lastToken] = await pop();
    await ask(client, "QPAUSE", "q", "IN");
    expect(await ask(client, "QACK", "q@w", last!, "TOKEN", lastToken!)).toBe("-PAUSED q");
    await ask(client, "QRESUME", "q");
    expect(await ask(client, "QACK", "q@w", last!, "TOKEN", lastToken!)).toBe(1);
    expect(await left()).toBeNull();
    expect(await ask(client, "QSTATUS", "q", "q@w")).toEqual([
      ["q", 1, 0, 0],
      ["q@w", 0, 0, 1],
    ]);
  });

  test("a transaction aborts whose counter may not push, listened to or not", async () => {
    const server = await startOkqOn(store);
    const [client, listener] = [await server.connect(), await server.connect()];
    await ask(client, "QCOUNTER", "INIT", "q", "k", "2", "THEN", "joined");
    const transact = async () => {
      await ask(client, "MULTI");
      for (const member of ["a", "b"]) await ask(client, "QCOUNTER", "DONE", "q", "k", member);
      return ask(client, "EXEC");
    };
    const aborted = "-EXECABORT Transaction discarded because of: PAUSED q";
    await ask(client, "QPAUSE", "q", "IN");
    expect(await transact()).toBe(aborted);
    await ask(listener, "PSUBSCRIBE", "okq:*");
    expect(await transact()).toBe(aborted);
    expect(await ask(client, "QCOUNTER", "GET", "q", "k")).toBe(2);
    await ask(client, "QRESUME", "q");
    expect(await transact()).toEqual([1, 0]);
    // Nothing about these queues is unusual.
    await ask(client, "MULTI");
    await ask(client, "QPUSH", "q@plain", "contents", "ID", "1");
    await ask(client, "QRPOP", "q@plain");
    expect(await ask(client, "EXEC")).toEqual(["1", ["1", "contents"]]);
  });

  test("a counter can be removed, and then its event never comes", async () => {
    const client = await (await startOkqOn(store)).connect();
    await ask(client, "QCOUNTER", "INIT", "q", "k", "1");
    expect(await ask(client, "QCOUNTER", "DEL", "q", "k")).toBe(1);
    expect(await ask(client, "QCOUNTER", "DEL", "q", "k")).toBe(0);
    expect(await ask(client, "QCOUNTER", "LIST", "q")).toEqual([null, []]);
  });
});

test("wrong arguments of counters are errors that name them", async () => {
  const client = await (await startOkqOn("memory")).connect();
  const init = (...args: string[]) => ask(client, "QCOUNTER", "INIT", "q", ...args);
  expect(await init("k", "0")).toStartWith("-ERR");
  expect(await init("k", "1000001")).toStartWith("-ERR");
  expect(await init("k".repeat(1025), "1")).toContain("the key is too long");
  expect(await init("k", "1", "THEN")).toStartWith("-ERR syntax error");
  expect(await init("k", "1", "THEN", "x", "ID", "1")).toContain("unknown option");
  expect(await init("k", "1", "THEN", "x", "ONDUP", "KEEP")).toContain("unknown option");
  expect(await init("k", "1", "THEN", "x", "FOR", "1")).toContain("needs UNIQUE");
  expect(await init("k", "1", "TTL", "0")).toStartWith("-ERR");
  expect(await ask(client, "QCOUNTER", "DONE", "q", "k", "m".repeat(1025))).toContain("too long");
  expect(await ask(client, "QPUSH", "q", "x", "PART", "q")).toStartWith("-ERR syntax error");
  expect(await ask(client, "QPUSH", "q", "x", "PART", "q", "k".repeat(1025))).toContain("too long");
  expect(await ask(client, "QSTATUS")).toEqual([]);
});

test("in a cluster a counter is in the shard of its members", async () => {
  const client = await (await startOkqOn("cluster")).connect();
  expect(await ask(client, "QPUSH", "a", "x", "PART", "b", "k")).toBe(
    "-CROSSSLOT the counter is in another shard: use the same part in braces, not 'b'",
  );
  await ask(client, "QCOUNTER", "INIT", "{t}c", "k", "2");
  expect(await ask(client, "QPUSH", "{t}a", "x", "ID", "1", "PART", "{t}c", "k")).toBe("1");
  // It stays where its counter is.
  expect(await ask(client, "QMOVE", "{t}a", "elsewhere", "IDS", "1")).toBe(0);
  expect(await ask(client, "QMOVE", "{t}a", "{t}b", "IDS", "1")).toBe(1);
  await ask(client, "QPOP", "NOACK", "FROM", "{t}b");
  expect(await ask(client, "QCOUNTER", "GET", "{t}c", "k")).toBe(1);
  expect(await ask(client, "QCOUNTER", "DONE", "{t}c", "k", "other")).toBe(0);
});

test("a member needs the right to push into the queue of its counter", async () => {
  const users = writeUsers("ann push mail*", "sue inspect *").path;
  const okq = await startTestOkq({ users });
  const client = await okq.connect();
  await ask(client, "AUTH", "ann", passwordOf("ann"));
  expect(await ask(client, "QPUSH", "mail", "x", "PART", "sms", "k")).toStartWith("-NOPERM");
  const init = ["QCOUNTER", "INIT", "mail", "k", "2", "THEN", "x"];
  expect(await ask(client, ...init, "PART", "sms", "k")).toStartWith("-NOPERM");
  expect(await ask(client, ...init, "PART", "mail2", "k")).toBe("+OK");
  expect(await ask(client, "QCOUNTER", "DONE", "sms", "k", "m")).toStartWith("-NOPERM");
  expect(await ask(client, "QCOUNTER", "GET", "mail", "k")).toStartWith("-NOPERM");
  await ask(client, "AUTH", "sue", passwordOf("sue"));
  expect(await ask(client, "QCOUNTER", "GET", "mail", "k")).toBe(2);
  expect(await ask(client, "QCOUNTER", "DONE", "mail", "k", "m")).toStartWith("-NOPERM");
});
