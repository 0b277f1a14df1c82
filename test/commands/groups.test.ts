// Priorities, groups and rates over the wire: the options of pushes, QGROUP, QGROUPS, QPAUSE GROUP,
// QSET PRIORITY, and waiting pops.
import { describe, expect, test } from "bun:test";
import { NOT_IN_REDIS } from "../stores/contract.ts";
import { eventually } from "../support/eventually.ts";
import { lifeStores, lifeStoresAndCluster, startOkqOn, useCluster } from "../support/okq-server.ts";
import { ask, askAll, type Readable, readable, type ReadableMap } from "../support/readable.ts";
import { passwordOf, writeUsers } from "../support/users.ts";
import type { Wire } from "../support/wire.ts";

useCluster();

const isInRedis = !NOT_IN_REDIS.includes("groups");
const stores = isInRedis ? lifeStoresAndCluster : lifeStores.filter((store) => store !== "redis");

/** A client that speaks RESP3, where maps are maps. */
async function connected(store: (typeof stores)[number]): Promise<Wire> {
  const client = await (await startOkqOn(store)).connect();
  await ask(client, "HELLO", 3);
  return client;
}

async function push(client: Wire, ids: string[], ...options: (string | number)[]): Promise<void> {
  const pushes = ids.map((id) => ["QPUSH", "q", "x", "ID", id, ...options]);
  expect(await askAll(client, ...pushes)).toEqual(ids);
}

/** The ids that are popped and claimed. */
async function popped(client: Wire, count = 100): Promise<string[]> {
  return idsIn(await ask(client, "QPOP", "COUNT", count, "FROM", "q"));
}

/** Those of the events that a pop has answered. */
function idsIn(events: Readable): string[] {
  return ((events ?? []) as string[][]).map(([, id]) => id!);
}

async function mapOf(client: Wire, ...command: string[]): Promise<Record<string, Readable>> {
  return ((await ask(client, ...command)) as ReadableMap).map;
}

async function ids(client: Wire, ...options: string[]): Promise<Readable[]> {
  const [, maps] = (await ask(client, "QLIST", "q", ...options)) as [null, ReadableMap[]];
  return maps.map(({ map }) => map.id!);
}

describe.each(stores)("on %s", (store) => {
  test("PRIORITY orders the events without a group", async () => {
    const client = await connected(store);
    await push(client, ["low"], "PRIORITY", -1000);
    await push(client, ["plain"]);
    await push(client, ["high"], "priority", 1000);
    await ask(client, "QLPUSH", "q", "left", "x", "PRIORITY", 5);
    await ask(client, "QRPUSH", "q", "right", "x", "PRIORITY", 5);
    await ask(client, "QMPUSH", "q", "PRIORITY", 7, "PAIRS", "a", "x", "b", "x");
    expect((await mapOf(client, "QGET", "q", "low")).priority).toBe(-1000);
    expect(await mapOf(client, "QGET", "q", "plain")).not.toContainKey("priority");
    expect(await ask(client, "QSET", "q", "low", "PRIORITY", 6)).toBe(1);
    expect(await ask(client, "QSET", "q", "none", "PRIORITY", 6)).toBe(0);
    const order = ["high", "a", "b", "low", "right", "left", "plain"];
    expect(await ids(client)).toEqual(order);
    expect(await popped(client)).toEqual(order);
  });

  test("GROUP hands out one event of each group at a time", async () => {
    const client = await connected(store);
    await push(client, ["a1", "a2"], "GROUP", "a");
    await push(client, ["b1", "b2"], "group", "b");
    await ask(client, "QLPUSH", "q", "a3", "x", "GROUP", "a");
    await ask(client, "QMPUSH", "q", "GROUP", "", "EVENTS", "x");
    expect((await mapOf(client, "QGET", "q", "a1")).group).toBe("a");
    expect(await ids(client, "GROUP", "a")).toEqual(["a1", "a2", "a3"]);
    expect(await ids(client, "GROUP", "A")).toEqual([]);
    expect(await ids(client, "GROUP", "a", "MATCH", "*2")).toEqual(["a2"]);
    const first = await popped(client);
    expect(first.slice(0, 2)).toEqual(["a1", "b1"]);
    expect(first).toHaveLength(3);
    expect(await popped(client)).toEqual([]);
    expect((await mapOf(client, "QGET", "q", "a2"))["held-back-by"]).toBe("group-limit");
    expect((await mapOf(client, "QSTATS", "q"))["held-back-by"]).toBe("group-limit");
    await ask(client, "QACK", "q", "a1");
    expect(await popped(client)).toEqual(["a2"]);
    expect(await ask(client, "QPURGE", "q", "ready", "GROUP", "b")).toBe(1);
    expect(await ids(client, "STATE", "ready")).toEqual(["a3"]);
  });

  test("options that do not fit are errors, and nothing is done", async () => {
    const client = await connected(store);
    const errors: [command: (string | number)[], error: string][] = [
      [["PRIORITY", 1001], "ERR PRIORITY must be an integer from -1000 to 1000, got '1001'"],
      [["PRIORITY", -1001], "ERR PRIORITY must be an integer from -1000 to 1000, got '-1001'"],
      [["PRIORITY", "1.5"], "ERR PRIORITY must be an integer from -1000 to 1000, got '1.5'"],
      [["PRIORITY", 1, "GROUP", "a"], "ERR syntax error, GROUP does not go with PRIORITY"],
      [["RIGHT", "GROUP", "a"], "ERR syntax error, GROUP does not go with RIGHT"],
      [
        ["GROUP", "x".repeat(1025)],
        "ERR the name of a group is too long, 1025 of at most 1024 bytes",
      ],
    ];
    for (const [options, error] of errors) {
      for (const command of [
        ["QPUSH", "q", "x", ...options],
        ["QMPUSH", "q", ...options, "EVENTS", "x"],
      ]) {
        expect(await ask(client, ...command)).toBe(`-${error}`);
      }
    }
    expect(await ask(client, "QRPUSH", "q", "1", "x", "GROUP", "a")).toStartWith("-ERR");
    expect(await ask(client, "QSTATUS", "q")).toEqual([["q", 0, 0, 0]]);
  });

  test("QGROUP and QGROUPS show groups, the longest ones first", async () => {
    const client = await connected(store);
    for (let size = 1; size <= 12; size++) {
      const names = Array.from({ length: size }, (_, at) => `${size}-${at}`);
      await push(client, names, "GROUP", `g${size}`);
    }
    await push(client, ["late"], "GROUP", "g12", "DELAY", 100);
    await ask(client, "QPOP", "FROM", "q");
    const maps = (await ask(client, "QGROUPS", "q")) as ReadableMap[];
    const names = maps.map(({ map }) => map.group);
    expect(names).toEqual(Array.from({ length: 10 }, (_, at) => `g${12 - at}`));
    const shown = { ready: 12, delayed: 1, claimed: 0, paused: "no", limit: 1, rate: "" };
    expect(maps[0]!.map).toMatchObject({ group: "g12", ...shown });
    expect(await mapOf(client, "QGROUP", "q", "g12")).toMatchObject(shown);
    expect(Number(maps[0]!.map["oldest-ready-seconds"])).toBeGreaterThanOrEqual(0);
    expect(await ask(client, "QGROUPS", "q", "COUNT", 2)).toHaveLength(2);
    expect(await ask(client, "QGROUPS", "none")).toEqual([]);
    const none = { group: "none", ready: 0, delayed: 0, claimed: 0, paused: "no", limit: 1 };
    expect(await mapOf(client, "QGROUP", "q", "none")).toEqual({ ...none, rate: "" });
    expect((await mapOf(client, "QGROUP", "q", "g1")).claimed).toBe(1);
  });

  test("QGROUP gives a group a limit and a rate of its own", async () => {
    const client = await connected(store);
    await ask(client, "QCONFIG", "q", "group-limit", 2, "group-rate", "100/60");
    const shown = async () => {
      const { limit, rate } = await mapOf(client, "QGROUP", "q", "a");
      return [limit, rate];
    };
    expect(await shown()).toEqual([2, "100/60"]);
    expect(await ask(client, "QGROUP", "q", "a", "LIMIT", 0)).toBe("+OK");
    expect(await shown()).toEqual([0, "100/60"]);
    expect(await ask(client, "QGROUP", "q", "a", "limit", "3", "RATE", "5/1.5")).toBe("+OK");
    expect(await shown()).toEqual([3, "5/1.5"]);
    await push(client, ["1", "2", "3", "4"], "GROUP", "a");
    expect(await popped(client)).toEqual(["1", "2", "3"]);
    expect(await ask(client, "QGROUP", "q", "a", "RATE", "default")).toBe("+OK");
    expect(await shown()).toEqual([3, "100/60"]);
    expect(await ask(client, "QGROUP", "q", "a", "LIMIT", "DEFAULT", "RATE", "")).toBe("+OK");
    expect(await shown()).toEqual([2, ""]);
    for (const [option, value] of [
      ["LIMIT", "-1"],
      ["LIMIT", ""],
      ["RATE", "5"],
      ["RATE", "0/1"],
      ["RATE", "5/0"],
      ["RATE", "5/1/1"],
      ["RATE", "1e3/1"],
    ] as const) {
      const error = await ask(client, "QGROUP", "q", "a", option, value);
      expect(error).toMatch(new RegExp(`^-ERR ${option} takes .*, or DEFAULT, got`));
    }
    expect(await shown()).toEqual([2, ""]);
  });

  test("rates are settings of queues", async () => {
    const client = await connected(store);
    expect(await ask(client, "QCONFIG", "q", "rate", "2/60")).toBe("+OK");
    expect((await mapOf(client, "QCONFIG", "q")).rate).toBe("2/60");
    expect(await ask(client, "QCONFIG", "q", "rate", "2")).toMatch(/^-ERR rate takes/);
    await push(client, ["1", "2", "3"]);
    expect(await popped(client)).toEqual(["1", "2"]);
    expect((await mapOf(client, "QSTATS", "q"))["held-back-by"]).toBe("rate");
    expect((await mapOf(client, "QGET", "q", "3"))["held-back-by"]).toBe("rate");
    expect(await ask(client, "QCONFIG", "q", "rate", "")).toBe("+OK");
    expect(await popped(client)).toEqual(["3"]);
  });

  test("a pause of a group holds its events only", async () => {
    const client = await connected(store);
    await push(client, ["a1"], "GROUP", "a");
    await push(client, ["b1"], "GROUP", "b");
    expect(await ask(client, "QPAUSE", "q", "GROUP", "a")).toBe("+OK");
    expect(await ask(client, "QPAUSE", "q", "OUT", "FOR", 100, "GROUP", "c")).toBe("+OK");
    expect((await mapOf(client, "QGROUP", "q", "a")).paused).toBe("out");
    expect(await popped(client)).toEqual(["b1"]);
    expect((await mapOf(client, "QGET", "q", "a1"))["held-back-by"]).toBe("group-paused");
    expect(await ask(client, "QRESUME", "q")).toBe("+OK");
    expect(await popped(client)).toEqual([]);
    for (const direction of ["IN", "ALL"]) {
      const error = `-ERR syntax error, GROUP does not go with ${direction}`;
      expect(await ask(client, "QPAUSE", "q", direction, "GROUP", "a")).toBe(error);
      expect(await ask(client, "QRESUME", "q", direction, "GROUP", "a")).toBe(error);
    }
    const both = await ask(client, "QPAUSE", "q", "WORKER", "w", "GROUP", "a");
    expect(both).toBe("-ERR syntax error, GROUP does not go with WORKER");
    expect(await ask(client, "QRESUME", "q", "GROUP", "a")).toBe("+OK");
    expect(await popped(client)).toEqual(["a1"]);
  });

  test("a waiting pop gets the next event of a group once it may go", async () => {
    const okq = await startOkqOn(store);
    const [client, waiter] = [await okq.connect(), await okq.connect()];
    await push(client, ["1", "2"], "GROUP", "a");
    expect(await popped(client)).toEqual(["1"]);
    waiter.pipeline(["QPOP", "WAIT", 60, "FROM", "q"]);
    await eventually(async () =>
      /^blocked_clients:1/m.test((await ask(client, "INFO", "clients")) as string),
    );
    await ask(client, "QACK", "q", "1");
    expect(idsIn(readable(await waiter.next()))).toEqual(["2"]);
  });

  test("a waiting pop gets an event when the rate lets it through", async () => {
    const client = await (await startOkqOn(store)).connect();
    await ask(client, "QCONFIG", "q", "rate", "1/0.3");
    await push(client, ["1", "2", "3"]);
    for (const id of ["1", "2", "3"]) {
      expect(idsIn(await ask(client, "QPOP", "WAIT", 60, "FROM", "q"))).toEqual([id]);
    }
  });

  test("groups go with transactions", async () => {
    const client = await (await startOkqOn(store)).connect();
    await push(client, ["1", "2"], "GROUP", "a");
    expect(await popped(client)).toEqual(["1"]);
    const replies = await askAll(
      client,
      ["MULTI"],
      ["QACK", "q", "1"],
      ["QPOP", "FROM", "q"],
      ["QPUSH", "q", "x", "ID", "3", "GROUP", "a"],
      ["QGROUP", "q", "a", "LIMIT", 2],
      ["QPOP", "FROM", "q"],
      ["EXEC"],
    );
    const [acked, second, pushed, isSet, third] = replies.at(-1) as Readable[];
    expect([acked, pushed, isSet]).toEqual([1, "3", "+OK"]);
    expect([idsIn(second!), idsIn(third!)]).toEqual([["2"], ["3"]]);
    expect(await ask(client, "MULTI")).toBe("+OK");
    expect(await ask(client, "QGROUPS", "q")).toStartWith("-ERR");
  });

  test("to look at groups takes inspect, to change them manage, to pause one consume", async () => {
    const users = writeUsers("ann inspect q", "bob consume q", "eve manage q").path;
    const okq = await startOkqOn(store, { users });
    const logIn = async (name: string) => {
      const client = await okq.connect();
      expect(await ask(client, "AUTH", name, passwordOf(name))).toBe("+OK");
      return client;
    };
    const [ann, bob, eve] = [await logIn("ann"), await logIn("bob"), await logIn("eve")];
    expect(await ask(ann, "QGROUPS", "q")).toEqual([]);
    expect(await ask(ann, "QGROUP", "q", "a")).toBeArray();
    expect(await ask(ann, "QGROUP", "q", "a", "LIMIT", 2)).toStartWith("-NOPERM");
    expect(await ask(ann, "QGROUP", "r", "a")).toStartWith("-NOPERM");
    expect(await ask(bob, "QGROUP", "q", "a")).toStartWith("-NOPERM");
    expect(await ask(bob, "QPAUSE", "q", "GROUP", "a")).toBe("+OK");
    expect(await ask(bob, "QRESUME", "q", "GROUP", "a")).toBe("+OK");
    expect(await ask(eve, "QGROUP", "q", "a", "LIMIT", 2)).toBe("+OK");
  });
});
