// QBIND and QUNBIND over the wire.
import { describe, expect, test } from "bun:test";
import { eventually } from "../support/eventually.ts";
import { lifeStoresAndCluster, startOkqOn, useCluster } from "../support/okq-server.ts";
import { ask, askAll, type Readable } from "../support/readable.ts";
import { passwordOf, writeUsers } from "../support/users.ts";
import type { Wire } from "../support/wire.ts";

useCluster();

/** The ids and contents of all ready events, which are popped. */
async function drain(client: Wire, queue: string): Promise<Readable[]> {
  const events: Readable[] = [];
  for (;;) {
    const event = await ask(client, "QRPOP", queue, "NOACK");
    if (event === null) return events;
    events.push(event);
  }
}

async function figure(client: Wire, queue: string, name: string): Promise<Readable | undefined> {
  const stats = (await ask(client, "QSTATS", queue)) as Readable[];
  const at = stats.indexOf(name);
  return at === -1 ? undefined : stats[at + 1];
}

describe.each(lifeStoresAndCluster)("on %s", (store) => {
  const connect = async () => await (await startOkqOn(store)).connect();

  test("a bound queue gets a copy of every push, whichever command pushed", async () => {
    const client = await connect();
    await ask(client, "QLPUSH", "q", "before", "x");
    expect(await ask(client, "QBIND", "q", "audit")).toBe("+OK");
    expect(await ask(client, "QBIND", "q", "audit")).toBe("+OK");
    await ask(client, "QLPUSH", "q", "1", "of QLPUSH");
    await ask(client, "QRPUSH", "q", "2", "of QRPUSH");
    await ask(client, "QPUSH", "q", "of QPUSH", "ID", "3");
    await ask(client, "QMPUSH", "q", "PAIRS", "4", "of QMPUSH", "5", "too");
    await askAll(client, ["MULTI"], ["QPUSH", "q", "of EXEC", "ID", "6"], ["EXEC"]);
    await ask(client, "QLPUSH", "elsewhere{q}", "7", "moved");
    await ask(client, "QMOVE", "elsewhere{q}", "q");
    expect(await drain(client, "q@audit")).toEqual([
      ["2", "of QRPUSH"],
      ["1", "of QLPUSH"],
      ["3", "of QPUSH"],
      ["4", "of QMPUSH"],
      ["5", "too"],
      ["6", "of EXEC"],
      ["7", "moved"],
    ]);
    expect(await drain(client, "q")).toHaveLength(8);
    const inOne = await askAll(client, ["MULTI"], ["QUNBIND", "q", "audit"], ["EXEC"]);
    expect(inOne.at(-1)).toEqual([1]);
    expect(await ask(client, "QUNBIND", "q", "audit")).toBe(0);
    await ask(client, "QPUSH", "q", "x");
    expect(await drain(client, "q@audit")).toEqual([]);
  });

  test("a copy wakes a consumer that waits, and counts as pushed", async () => {
    const okq = await startOkqOn(store);
    const [client, consumer] = await Promise.all([okq.connect(), okq.connect()]);
    await ask(client, "QBIND", "q", "a");
    const waiting = ask(consumer, "QPOP", "WAIT", 20, "FROM", "q@a");
    const isWaiting = async () => {
      const [, workers] = (await ask(client, "QWORKERS", "q@a")) as [Readable, Readable[]];
      return workers.length === 1;
    };
    await eventually(isWaiting);
    await ask(client, "QPUSH", "q", "hello");
    const [event] = (await waiting) as [Readable[]];
    expect([event[0], event[2]]).toEqual(["q@a", "hello"]);
    await eventually(async () => (await figure(client, "q@a", "pushed-total")) === 1);
    expect(await figure(client, "q", "bindings")).toEqual(["a"]);
    expect(await figure(client, "q@a", "bindings")).toBeUndefined();
  });

  test("errors of a push name the bound queue that refuses it", async () => {
    const client = await connect();
    await ask(client, "QBIND", "q", "a");
    await ask(client, "QCONFIG", "q@a", "max-length", 1);
    expect(await ask(client, "QLPUSH", "q", "1", "x")).toBe("+OK");
    expect(await ask(client, "QLPUSH", "q", "2", "x")).toMatch(/^-QUEUEFULL .*q@a/);
    expect(await ask(client, "QMPUSH", "q", "EVENTS", "x", "y")).toMatch(/^-QUEUEFULL .*q@a/);
    await ask(client, "QPAUSE", "q@a", "IN");
    expect(await ask(client, "QPUSH", "q", "x")).toMatch(/^-PAUSED .*q@a/);
    const inTransaction = await askAll(client, ["MULTI"], ["QPUSH", "q", "x"], ["EXEC"]);
    expect(inTransaction.at(-1)).toMatch(/^-EXECABORT .*PAUSED.*q@a/);
    await ask(client, "QRESUME", "q@a", "IN");
    await ask(client, "QCONFIG", "q@a", "on-full", "drop-oldest");
    expect(await ask(client, "QPUSH", "q", "x", "ID", "3")).toBe("3");
    expect(await drain(client, "q@a")).toEqual([["3", "x"]]);
  });

  test("bound-only sends pushes to the bound queues only", async () => {
    const client = await connect();
    await ask(client, "QCONFIG", "q", "bound-only", "yes");
    await ask(client, "QBIND", "q", "a");
    expect(await ask(client, "QPUSH", "q", "x", "ID", "1")).toBe("1");
    expect(await ask(client, "QLPUSH", "q", "1", "x")).toBe("-ERR duplicate event 1");
    expect(await ask(client, "QPUSH", "q", "x", "ID", "1", "ONDUP", "KEEP")).toBe("1");
    expect(await ask(client, "QPUSH", "q", "x", "ID", "1", "ONDUP", "REPLACE")).toBe(
      "-DUPLICATE 1",
    );
    expect(await drain(client, "q")).toEqual([]);
    expect(await drain(client, "q@a")).toEqual([["1", "x"]]);
    expect(await ask(client, "QCONFIG", "q", "bound-only", "maybe")).toMatch(/^-ERR bound-only/);
  });

  test("QBIND has bounds", async () => {
    const client = await (await startOkqOn(store, { maxNameBytes: 64 })).connect();
    const long = "x".repeat(63);
    expect(await ask(client, "QBIND", "q", long)).toMatch(/^-ERR queue name too long, 65 of/);
    expect(await ask(client, "QBIND", "q", long.slice(1))).toBe("+OK");
    const binds = Array.from({ length: 63 }, (_, at) => ["QBIND", "q", `${at}`]);
    expect(new Set(await askAll(client, ...binds))).toEqual(new Set(["+OK"]));
    expect(await ask(client, "QBIND", "q@3", "one more")).toBe(
      "-ERR too many queues bound to 'q' and below, 65 of at most 64",
    );
    const inBraces = await ask(client, "QBIND", "p", "{q}");
    if (store === "cluster") expect(inBraces).toMatch(/^-CROSSSLOT .*'p@{q}'/);
    else expect(inBraces).toBe("+OK");
  });

  test("QBIND needs manage, and push on the bound queue", async () => {
    const users = writeUsers("ann manage,inspect *", "bob all q*", "eve push,consume *");
    const okq = await startOkqOn(store, { users: users.path });
    const [ann, bob, eve] = await Promise.all([okq.connect(), okq.connect(), okq.connect()]);
    await ask(ann, "AUTH", "ann", passwordOf("ann"));
    await ask(bob, "AUTH", "bob", passwordOf("bob"));
    await ask(eve, "AUTH", "eve", passwordOf("eve"));
    expect(await ask(ann, "QBIND", "q", "a")).toMatch(/^-NOPERM .*'q@a'/);
    expect(await ask(eve, "QBIND", "q", "a")).toMatch(/^-NOPERM .*qbind/i);
    expect(await ask(bob, "QBIND", "other", "a")).toMatch(/^-NOPERM .*'other'/);
    expect(await ask(bob, "QBIND", "q", "a")).toBe("+OK");
    expect(await ask(ann, "QUNBIND", "q", "a")).toMatch(/^-NOPERM .*'q@a'/);
    expect(await ask(bob, "QUNBIND", "q", "a")).toBe(1);
  });
});
