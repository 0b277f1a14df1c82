// DEL, EXISTS, TYPE and their kin over the wire: which names are keys, and what becomes of them.
import { describe, expect, test } from "bun:test";
import {
  lifeStoresAndCluster,
  startOkqOn,
  startTestOkq,
  useCluster,
} from "../support/okq-server.ts";
import { ask, askAll } from "../support/readable.ts";
import { passwordOf, writeUsers } from "../support/users.ts";
import type { Wire } from "../support/wire.ts";

useCluster();

/** A queue with one event in each state, named after it. */
async function pushInAllStates(client: Wire): Promise<string[]> {
  await askAll(
    client,
    ["QPUSH", "ready", "x"],
    ["QPUSH", "delayed", "x", "DELAY", "1000"],
    ["QPUSH", "claimed", "x"],
    ["QPOP", "FROM", "claimed"],
    ["QPUSH", "failed", "x", "ID", "1"],
    ["QPOP", "FROM", "failed"],
    ["QFAIL", "failed", "1", "*", "FINAL"],
    ["QCONFIG", "completed", "keep-completed", "10"],
    ["QPUSH", "completed", "x", "ID", "1"],
    ["QPOP", "FROM", "completed"],
    ["QACK", "completed", "1", "TOKEN", "*"],
  );
  return ["ready", "delayed", "claimed", "failed", "completed"];
}

const many = (count: number) => Array.from({ length: count }, (_, n) => `k${n}`);

describe.each(lifeStoresAndCluster)("on %s", (store) => {
  test("a queue with events in any state is a key, one without events is none", async () => {
    const client = await (await startOkqOn(store)).connect();
    const names = await pushInAllStates(client);
    await askAll(client, ["QCONFIG", "settings", "lease", "9"], ["QREGISTER", "consumers"]);
    const others = ["settings", "consumers", "none", ""];
    for (const name of names) {
      expect([name, await ask(client, "EXISTS", name)]).toEqual([name, 1]);
      expect(await ask(client, "TYPE", name)).toBe("+list");
      expect(await askAll(client, ["TTL", name], ["PTTL", name])).toEqual([-1, -1]);
      expect(await ask(client, "MEMORY", "USAGE", name)).toBeGreaterThan(100);
    }
    for (const name of others) {
      expect([name, await ask(client, "EXISTS", name)]).toEqual([name, 0]);
      expect(await ask(client, "TYPE", name)).toBe("+none");
      expect(await askAll(client, ["TTL", name], ["PTTL", name])).toEqual([-2, -2]);
      expect(await ask(client, "MEMORY", "USAGE", name)).toBeNull();
    }
    expect(await ask(client, "EXISTS", "ready", ...names, ...others)).toBe(6);
    expect(await ask(client, "PERSIST", "ready")).toBe(0);
    expect(await ask(client, "DEL", ...names, ...others, "ready")).toBe(5);
    expect(await ask(client, "EXISTS", ...names)).toBe(0);
    expect(await ask(client, "QCONFIG", "settings")).toContain("lease");
  });

  test("a set is a key", async () => {
    const client = await (await startOkqOn(store)).connect();
    await askAll(client, ["SADD", "s", "a", "b"], ["SADD", "t", "a"], ["QPUSH", "q", "x"]);
    expect(await ask(client, "EXISTS", "s", "s", "q", "none")).toBe(3);
    expect(await askAll(client, ["TYPE", "s"], ["TTL", "s"])).toEqual(["+set", -1]);
    expect(await ask(client, "MEMORY", "USAGE", "s")).toBe(400);
    expect(await ask(client, "UNLINK", "s", "q", "none")).toBe(2);
    expect(await ask(client, "SMEMBERS", "s")).toEqual([]);
    expect(await ask(client, "EXISTS", "s", "t", "q")).toBe(1);
    expect(await ask(client, "FLUSHALL")).toBe("+OK");
    expect(await ask(client, "EXISTS", "t")).toBe(0);
  });

  test("DEL and EXISTS take more keys than one step has, before later commands", async () => {
    const client = await (await startOkqOn(store)).connect();
    const names = many(150);
    await askAll(client, ...names.map((name) => ["QPUSH", name, "x"]));
    expect(await ask(client, "EXISTS", ...names, "none", "k0")).toBe(151);
    const replies = await askAll(
      client,
      ["DEL", ...names, "k0"],
      ["QPUSH", "k0", "x"],
      ["EXISTS", ...names],
    );
    expect([replies[0], replies[2]]).toEqual([150, 1]);
  });

  test("FLUSHALL and FLUSHDB remove the events of all queues, and no settings", async () => {
    const client = await (await startOkqOn(store)).connect();
    await pushInAllStates(client);
    await askAll(client, ...many(150).map((name) => ["QPUSH", name, "x"]));
    expect(await ask(client, "DBSIZE")).toBe(155);
    expect(await ask(client, "flushall", "async")).toBe("+OK");
    expect(await ask(client, "DBSIZE")).toBe(0);
    expect(String(await ask(client, "QCONFIG", "completed"))).toContain("keep-completed,10");
    await ask(client, "QPUSH", "q", "x");
    expect(await ask(client, "FLUSHDB")).toBe("+OK");
    expect(await ask(client, "KEYS", "*")).toEqual([]);
  });

  test("all of them but FLUSHALL work in a transaction", async () => {
    const client = await (await startOkqOn(store)).connect();
    const own = (name: string) => `{t}${name}`;
    await askAll(client, ["QPUSH", own("a"), "x"], ["QPUSH", own("b"), "x"]);
    await ask(client, "MULTI");
    const commands = [
      ["EXISTS", own("a"), own("b"), own("c")],
      ["TYPE", own("a")],
      ["DEL", own("a"), own("c")],
      ["EXISTS", own("a"), own("b")],
      ["TTL", own("a")],
      ["PERSIST", own("b")],
      ["MEMORY", "USAGE", own("a")],
    ];
    expect(await askAll(client, ...commands)).toEqual(commands.map(() => "+QUEUED"));
    expect(await ask(client, "EXEC")).toEqual([2, "+list", 1, 1, -2, 0, null]);
    await ask(client, "MULTI");
    expect(await ask(client, "FLUSHALL")).toBe("-ERR FLUSHALL is not allowed in a transaction");
    await ask(client, "DISCARD");
    await ask(client, "MULTI");
    expect(await ask(client, "DEL", ...many(65))).toBe(
      "-ERR too many keys in a transaction, 65 of at most 64",
    );
    expect(String(await ask(client, "EXEC"))).toStartWith("-EXECABORT");
  });
});

test("MEMORY USAGE grows with the number and the size of events", async () => {
  const client = await (await startTestOkq()).connect();
  const usage = async () => Number(await ask(client, "MEMORY", "USAGE", "q", "SAMPLES", "0"));
  await ask(client, "QPUSH", "q", "x".repeat(1000));
  const one = await usage();
  expect(one).toBeWithin(1000, 2000);
  await askAll(client, ...many(9).map(() => ["QPUSH", "q", "x".repeat(1000)]));
  expect(await usage()).toBeWithin(5 * one, 10 * one);
});

test("EXPIRE and its kin are refused, and change nothing", async () => {
  const client = await (await startTestOkq()).connect();
  await ask(client, "QPUSH", "q", "x");
  const instead = "events expire, see QPUSH with TTL and the setting ttl";
  for (const [name, ...more] of [["EXPIRE"], ["pexpire"], ["EXPIREAT", "NX"], ["PEXPIREAT"]]) {
    expect(await ask(client, name!, "q", "10", ...more)).toBe(
      `-ERR okq has no ${name!.toUpperCase()}: ${instead}`,
    );
  }
  await ask(client, "MULTI");
  await ask(client, "QPUSH", "q", "x");
  expect(String(await ask(client, "EXPIRE", "q", "10"))).toStartWith("-ERR okq has no EXPIRE");
  expect(String(await ask(client, "EXEC"))).toStartWith("-EXECABORT");
  expect(await askAll(client, ["TTL", "q"], ["QSTATUS", "q"])).toEqual([-1, [["q", 1, 0, 0]]]);
});

test("FLUSHALL needs the right to all queues", async () => {
  const users = writeUsers("ann all mail*", "root all *");
  const okq = await startTestOkq({ users: users.path });
  const [ann, root] = [await okq.connect(), await okq.connect()];
  await ask(ann, "AUTH", "ann", passwordOf("ann"));
  await ask(root, "AUTH", "root", passwordOf("root"));
  await askAll(root, ["QPUSH", "mail1", "x"], ["QPUSH", "sms", "x"]);
  expect(await ask(ann, "FLUSHALL")).toBe(
    "-NOPERM User ann has no permissions to use the queue '*'",
  );
  expect(await ask(ann, "DBSIZE")).toBe(1);
  expect(await ask(root, "DBSIZE")).toBe(2);
});
