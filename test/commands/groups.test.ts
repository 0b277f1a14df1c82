// Priorities, groups and rates over the wire.
import { describe, expect, test } from "bun:test";
import { eventually } from "../support/eventually.ts";
import { lifeStoresAndCluster, startOkqOn, useCluster } from "../support/okq-server.ts";
import { ask, askAll, type Readable, readable, type ReadableMap } from "../support/readable.ts";
import { passwordOf, writeUsers } from "../support/users.ts";
import type { Wire } from "../support/wire.ts";

useCluster();

/** A client that speaks RESP3, where maps are maps. */
async function connected(store: (typeof lifeStoresAndCluster)[number]): Promise<Wire> {
  const client = await (await startOkqOn(store)).connect();
  await ask(client, "HELLO", 3);
  return client;
}

/** The contents of the events that may be handed out now. */
async function popAll(client: Wire): Promise<Readable[]> {
  const popped = (await ask(client, "QPOP", "COUNT", "100", "FROM", "q")) as Readable[][] | null;
  return (popped ?? []).map(([, , contents]) => contents!);
}

async function mapOf(client: Wire, ...command: string[]): Promise<Record<string, Readable>> {
  return ((await ask(client, ...command)) as ReadableMap).map;
}

/** The group with the most ready events, then the next one, and so on. */
async function groupsOf(client: Wire, ...options: string[]): Promise<Record<string, Readable>[]> {
  const maps = (await ask(client, "QGROUPS", "q", ...options)) as ReadableMap[];
  return maps.map(({ map }) => map);
}

describe.each(lifeStoresAndCluster)("on %s", (store) => {
  test("every push takes a PRIORITY, and QSET changes it", async () => {
    const client = await connected(store);
    const replies = await askAll(
      client,
      ["QPUSH", "q", "low", "PRIORITY", "-1000", "ID", "low"],
      ["QLPUSH", "q", "1", "plain"],
      ["QMPUSH", "q", "PRIORITY", "7", "EVENTS", "seven", "seven too"],
      ["QRPUSH", "q", "2", "first of seven", "PRIORITY", "7"],
      ["QPUSH", "q", "high", "priority", "1000"],
    );
    expect(replies.filter((reply) => String(reply).startsWith("-"))).toEqual([]);
    expect(await mapOf(client, "QGET", "q", "low")).toMatchObject({ priority: -1000 });
    expect(await mapOf(client, "QGET", "q", "1")).toMatchObject({ priority: 0 });
    expect(await ask(client, "QSET", "q", "low", "PRIORITY", "8")).toBe(1);
    const inOrder = ["high", "low", "first of seven", "seven", "seven too", "plain"];
    expect(await popAll(client)).toEqual(inOrder);
  });

  test("groups take turns, one event of each at a time", async () => {
    const client = await connected(store);
    await ask(client, "QMPUSH", "q", "GROUP", "a\u00ff", "EVENTS", "a1", "a2", "a3");
    await ask(client, "QLPUSH", "q", "b1", "b1", "GROUP", "b");
    await ask(client, "QPUSH", "q", "free");
    expect((await popAll(client)).toSorted()).toEqual(["a1", "b1", "free"]);
    expect(await groupsOf(client)).toMatchObject([
      { group: "a\xc3\xbf", ready: 2, delayed: 0, claimed: 1, paused: 0, limit: 1, rate: "" },
      { group: "b", ready: 0, delayed: 0, claimed: 1, paused: 0, limit: 1, rate: "" },
    ]);
    expect(await groupsOf(client, "COUNT", "1")).toMatchObject([{ group: "a\xc3\xbf" }]);
    expect(await mapOf(client, "QSTATS", "q")).toMatchObject({ "held-back-by": "group-limit" });
    expect(await mapOf(client, "QGET", "q", "b1")).toMatchObject({ group: "b" });
    const [, listed] = (await ask(client, "QLIST", "q", "GROUP", "b")) as [null, ReadableMap[]];
    expect(listed.map(({ map }) => map.id)).toEqual(["b1"]);
    expect(listed[0]!.map).not.toContainKey("priority");
    expect(await ask(client, "QPURGE", "q", "ready", "GROUP", "a\u00ff")).toBe(2);
    expect(await ask(client, "QACK", "q", "b1")).toBe(1);
    expect(await groupsOf(client)).toMatchObject([{ group: "a\xc3\xbf", ready: 0, claimed: 1 }]);
  });

  test("a group has a limit and a rate of its own until DEFAULT is given", async () => {
    const client = await connected(store);
    await ask(client, "QMPUSH", "q", "GROUP", "a", "EVENTS", "1", "2", "3", "4", "5");
    const own = (...values: string[]) => ask(client, "QGROUP", "q", "a", ...values);
    expect(await own("LIMIT", "3", "RATE", "2/0.5")).toBe("+OK");
    expect(await mapOf(client, "QGROUP", "q", "a")).toMatchObject({ limit: 3, rate: "2/0.5" });
    expect(await popAll(client)).toEqual(["1", "2"]);
    expect(await mapOf(client, "QSTATS", "q")).toMatchObject({ "held-back-by": "group-rate" });
    expect(await own("RATE", "default")).toBe("+OK");
    expect(await popAll(client)).toEqual(["3"]);
    expect(await own("LIMIT", "0")).toBe("+OK");
    expect(await popAll(client)).toEqual(["4", "5"]);
    expect(await own("LIMIT", "DEFAULT")).toBe("+OK");
    expect(await mapOf(client, "QGROUP", "q", "a")).toMatchObject({ limit: 1, rate: "" });
    expect(await mapOf(client, "QGROUP", "q", "other")).toEqual({
      group: "other",
      ready: 0,
      delayed: 0,
      claimed: 0,
      paused: 0,
      limit: 1,
      rate: "",
    });
  });

  test("a paused group is passed over, and its end wakes who waits", async () => {
    const client = await connected(store);
    await ask(client, "QPUSH", "q", "1", "GROUP", "a");
    expect(await ask(client, "QPAUSE", "q", "GROUP", "a", "FOR", "0.3")).toBe("+OK");
    expect(await mapOf(client, "QGROUP", "q", "a")).toMatchObject({ paused: 1 });
    expect(await mapOf(client, "QSTATS", "q")).toMatchObject({ "held-back-by": "group-paused" });
    const [popped] = (await ask(client, "QPOP", "WAIT", "30", "FROM", "q")) as Readable[][];
    expect(popped![2]).toBe("1");
    expect(await ask(client, "QPAUSE", "q", "GROUP", "a")).toBe("+OK");
    expect(await ask(client, "QRESUME", "q")).toBe("+OK");
    expect(await mapOf(client, "QGROUP", "q", "a")).toMatchObject({ paused: 1 });
    expect(await ask(client, "QRESUME", "q", "GROUP", "a")).toBe("+OK");
    expect(await mapOf(client, "QGROUP", "q", "a")).toMatchObject({ paused: 0 });
  });

  test("a rate lets the next ones go in time, classic pops too", async () => {
    const client = await connected(store);
    expect(await ask(client, "QCONFIG", "q", "rate", "2/0.4")).toBe("+OK");
    await ask(client, "QMPUSH", "q", "EVENTS", "1", "2", "3");
    expect(await ask(client, "QRPOP", "q")).toHaveLength(2);
    expect(await popAll(client)).toEqual(["2"]);
    expect(await ask(client, "QRPOP", "q")).toBeNull();
    expect(await mapOf(client, "QSTATS", "q")).toMatchObject({ "held-back-by": "rate" });
    const [popped] = (await ask(client, "QPOP", "WAIT", "30", "FROM", "q")) as Readable[][];
    expect(popped![2]).toBe("3");
  });

  test("a waiting pop gets the next event of a group when its slot is free", async () => {
    const okq = await startOkqOn(store);
    const [client, waiter] = [await okq.connect(), await okq.connect()];
    await ask(client, "QMPUSH", "q", "GROUP", "a", "PAIRS", "1", "first", "2", "second");
    expect(await popAll(client)).toEqual(["first"]);
    waiter.pipeline(["QPOP", "WAIT", "60", "FROM", "q"]);
    await eventually(async () =>
      /^blocked_clients:1/m.test((await ask(client, "INFO", "clients")) as string),
    );
    expect(await ask(client, "QACK", "q", "1")).toBe(1);
    const [popped] = readable(await waiter.next()) as Readable[][];
    expect(popped![2]).toBe("second");
  });

  test("within a transaction an acknowledgement lets the group go on", async () => {
    const client = await (await startOkqOn(store)).connect();
    await ask(client, "QMPUSH", "q", "GROUP", "a", "PAIRS", "1", "first", "2", "second");
    expect(await popAll(client)).toEqual(["first"]);
    const replies = await askAll(
      client,
      ["MULTI"],
      ["QPOP", "FROM", "q"],
      ["QACK", "q", "1"],
      ["QPOP", "FROM", "q"],
      ["QPUSH", "q", "third", "GROUP", "a"],
      ["QGROUP", "q", "a", "LIMIT", "2"],
      ["QPOP", "FROM", "q"],
      ["EXEC"],
    );
    const [none, acked, second, , isSet, third] = replies.at(-1) as Readable[];
    expect([none, acked, isSet]).toEqual([null, 1, "+OK"]);
    const contents = [second, third].map((events) => (events as Readable[][])[0]![2]);
    expect(contents).toEqual(["second", "third"]);
  });
});

test("wrong options are errors that name them, and change nothing", async () => {
  const client = await (await startOkqOn("reference")).connect();
  const exclusive = (option: string, other: string) =>
    `-ERR syntax error, ${option} does not go with ${other}`;
  const errors: [string[], string][] = [
    [["QPUSH", "q", "x", "PRIORITY", "1001"], "-ERR PRIORITY"],
    [["QPUSH", "q", "x", "PRIORITY", "0.5"], "-ERR PRIORITY"],
    [["QPUSH", "q", "x", "PRIORITY", "1", "GROUP", "g"], exclusive("GROUP", "PRIORITY")],
    [["QPUSH", "q", "x", "GROUP", "g", "RIGHT"], exclusive("GROUP", "RIGHT")],
    [["QMPUSH", "q", "RIGHT", "GROUP", "g", "EVENTS", "x"], exclusive("GROUP", "RIGHT")],
    [["QRPUSH", "q", "1", "x", "GROUP", "g"], "-ERR syntax error, unknown option 'GROUP'"],
    [["QPUSH", "q", "x", "GROUP", "g".repeat(1025)], "-ERR the name of a group is too long"],
    [["QGROUP", "q", "g", "LIMIT", "-1"], "-ERR LIMIT"],
    [["QGROUP", "q", "g", "RATE", "fast"], "-ERR RATE"],
    [["QGROUP", "q", "g", "LIMIT", "2", "RATE", "1/0"], "-ERR RATE"],
    [["QCONFIG", "q", "rate", "10"], "-ERR rate"],
    [["QPAUSE", "q", "IN", "GROUP", "g"], exclusive("GROUP", "IN")],
    [["QPAUSE", "q", "GROUP", "g", "WORKER", "w"], exclusive("WORKER", "GROUP")],
  ];
  for (const [command, text] of errors) {
    expect(await ask(client, ...command)).toStartWith(text);
  }
  expect(await ask(client, "QSTATUS")).toEqual([]);
});

test("inspect shows a group, manage changes it, and consume may pause it", async () => {
  const users = writeUsers("ann inspect *", "bob manage *", "carl consume *").path;
  const okq = await startOkqOn("reference", { users });
  const as = async (name: string, ...command: string[]) => {
    const client = await okq.connect();
    await ask(client, "AUTH", name, passwordOf(name));
    return await ask(client, ...command);
  };
  expect(await as("ann", "QGROUP", "q", "g")).toBeArray();
  expect(await as("ann", "QGROUP", "q", "g", "LIMIT", "2")).toStartWith("-NOPERM");
  expect(await as("bob", "QGROUP", "q", "g", "LIMIT", "2")).toBe("+OK");
  expect(await as("carl", "QPAUSE", "q", "GROUP", "g")).toBe("+OK");
  expect(await as("carl", "QGROUPS", "q")).toStartWith("-NOPERM");
});
