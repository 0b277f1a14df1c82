// BLPOP, BRPOP, BLMPOP, BLMOVE and BRPOPLPUSH that wait: who is served, what ends a wait, and what
// becomes of events of clients that are gone.
import { describe, expect, test } from "bun:test";
import { eventually, eventuallyEqual } from "../support/eventually.ts";
import {
  lifeStoresAndCluster,
  startOkqOn,
  startTestOkq,
  useCluster,
} from "../support/okq-server.ts";
import { ask, askAll, readable } from "../support/readable.ts";
import { TestClock } from "../support/test-clock.ts";
import { blockedClients, firstAttemptsOver, waitingClient } from "../support/waiting-client.ts";
import type { Wire } from "../support/wire.ts";

useCluster();

const LONG = 60;
const next = async (client: Wire) => readable(await client.next());

describe.each(lifeStoresAndCluster)("on %s", (store) => {
  test("pop what is there at once, in the order of the queues", async () => {
    const client = await (await startOkqOn(store)).connect();
    await askAll(client, ["RPUSH", "p", "1", "2", "3"], ["RPUSH", "q", "4", "5", "6"]);
    expect(
      await askAll(
        client,
        ["BLPOP", "none", "q", "p", 0],
        ["BRPOP", "none", "p", "q", 0],
        ["BLMPOP", 0, 2, "none", "q", "RIGHT", "COUNT", 9],
        ["BLMOVE", "p", "p", "LEFT", "RIGHT", 0],
        ["BRPOPLPUSH", "p", "p", 0],
        ["LRANGE", "p", 0, -1],
      ),
    ).toEqual([["q", "4"], ["p", "3"], ["q", ["6", "5"]], "1", "1", ["1", "2"]]);
    expect(await ask(client, "QSTATUS", "p", "q")).toEqual([
      ["p", 2, 0, 1],
      ["q", 0, 0, 0],
    ]);
    await ask(client, "BLPOP", "q", "0.001");
    expect(await ask(client, "QSTATUS", "q")).toEqual([["q", 0, 0, 1]]);
  });

  test("answer nil when their time is over", async () => {
    const client = await (await startOkqOn(store)).connect();
    const startedAt = performance.now();
    expect(await ask(client, "BRPOP", "q", "0.1")).toBeNull();
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(99);
    const others = ["BLPOP p q 0.01", "BLMPOP 1e-2 1 q LEFT", "BLMOVE {q} p{q} LEFT LEFT 0.01"];
    others.push("BRPOPLPUSH {q} p{q} 0.01");
    for (const command of others) expect(await ask(client, ...command.split(" "))).toBeNull();
  });

  test.each([
    ["LPUSH q x", "x"],
    ["RPUSH q x y", "x"],
    ["QPUSH q x", "x"],
    ["QPUSH q x DELAY 0.05", "x"],
    ["LMOVE p q LEFT LEFT", "p"],
    ["QMOVE p q", "p"],
  ])("%s wakes them", async (push, contents) => {
    const okq = await startOkqOn(store);
    // In a cluster, LMOVE needs queues in one shard.
    const names = (text: string) => text.replace(/\b[pq]\b/g, "$&{1}").split(" ");
    const producer = await okq.connect();
    await ask(producer, "RPUSH", "p{1}", "p");
    const client = await waitingClient(okq, ["BLPOP", "other", "q{1}", 0]);
    await ask(producer, ...names(push));
    expect(await next(client)).toEqual(["q{1}", contents === "p" ? "p" : "x"]);
  });

  test("one event wakes the client that has waited longest, at either end", async () => {
    const okq = await startOkqOn(store);
    const commands = ["BLPOP q 0", "BRPOP p q 0", "BLMPOP 0 1 q LEFT", "BRPOPLPUSH q{q} q{q} 0"];
    const clients: Wire[] = [];
    for (const command of commands.slice(0, 3)) {
      clients.push(await waitingClient(okq, command.split(" ")));
    }
    const producer = await okq.connect();
    const found: unknown[] = [];
    for (const [at, client] of clients.entries()) {
      await ask(producer, "LPUSH", "q", at);
      found.push(await next(client));
      for (const later of clients.slice(at + 1)) expect(later.waiting).toBe(0);
    }
    expect(found).toEqual([
      ["q", "0"],
      ["q", "1"],
      ["q", ["2"]],
    ]);
    expect(await ask(producer, "LLEN", "q")).toBe(0);
  });

  test("a client waits beside one with QPOP, and takes turns with it", async () => {
    const okq = await startOkqOn(store);
    const list = await waitingClient(okq, ["BLPOP", "q", 0]);
    const queue = await waitingClient(okq, ["QPOP", "WAIT", LONG, "FROM", "q"]);
    const producer = await okq.connect();
    await ask(producer, "RPUSH", "q", "1", "2");
    expect(await next(list)).toEqual(["q", "1"]);
    const id = expect.any(String);
    expect(await next(queue)).toEqual([["q", id, "2", expect.any(String), 1, []]]);
  });

  test("what BLMOVE moves wakes a client that waits for the target", async () => {
    const okq = await startOkqOn(store);
    const second = await waitingClient(okq, ["BRPOP", "{1}target", 0]);
    const first = await waitingClient(okq, ["BLMOVE", "{1}q", "{1}target", "LEFT", "RIGHT", 0]);
    await ask(await okq.connect(), "RPUSH", "{1}q", "x");
    expect(await next(first)).toBe("x");
    expect(await next(second)).toEqual(["{1}target", "x"]);
  });

  test("BLMOVE into a queue that takes no more ends with its error and moves nothing", async () => {
    const okq = await startOkqOn(store);
    const other = await okq.connect();
    await ask(other, "QCONFIG", "{1}full", "max-length", "1");
    await ask(other, "LPUSH", "{1}full", "x");
    const client = await waitingClient(okq, ["BLMOVE", "{1}q", "{1}full", "LEFT", "RIGHT", 0]);
    await ask(other, "RPUSH", "{1}q", "y");
    expect(await next(client)).toBe("-QUEUEFULL {1}full");
    expect(await ask(other, "LRANGE", "{1}q", 0, -1)).toEqual(["y"]);
    expect(await ask(client, "BRPOPLPUSH", "{1}q", "{1}full", 0)).toBe("-QUEUEFULL {1}full");
  });

  test("CLIENT UNBLOCK ends a wait, with nil or an error", async () => {
    const okq = await startOkqOn(store);
    const [client, admin] = [await okq.connect(), await okq.connect()];
    const id = (await ask(client, "CLIENT", "ID")) as number;
    for (const command of ["BLPOP p q 0", "BLMPOP 0 1 q LEFT", "BRPOPLPUSH q q 0"]) {
      for (const [reason, reply] of [
        ["TIMEOUT", null],
        ["ERROR", "-UNBLOCKED client unblocked via CLIENT UNBLOCK"],
      ] as const) {
        client.pipeline(command.split(" "), ["PING"]);
        await eventuallyEqual(() => blockedClients(admin), 1);
        expect(await ask(admin, "CLIENT", "UNBLOCK", id, reason)).toBe(1);
        expect([await next(client), await next(client)]).toEqual([reply, "+PONG"]);
      }
    }
    await ask(admin, "LPUSH", "q", "x");
    expect(await ask(client, "BLPOP", "q", 0)).toEqual(["q", "x"]);
  });

  test("a client that leaves while it waits gets nothing", async () => {
    const okq = await startOkqOn(store);
    const gone = [await waitingClient(okq, ["BLPOP", "q", 0])];
    gone.push(await waitingClient(okq, ["BLMOVE", "q", "q", "LEFT", "LEFT", 0]));
    const last = await waitingClient(okq, ["BRPOP", "q", 0]);
    gone[0]!.reset();
    gone[1]!.close();
    await ask(await okq.connect(), "LPUSH", "q", "x");
    expect(await next(last)).toEqual(["q", "x"]);
  });

  test("events whose reply was not sent go back, and wake the next client", async () => {
    const okq = await startOkqOn(store);
    const producer = await okq.connect();
    // More than the systems at both ends buffer.
    const large = "x".repeat(30_000_000);
    for (const [command, order] of [
      ["BLPOP q 0", ["", "left", "right"]],
      ["BRPOP q 0", ["left", "", "right"]],
    ] as const) {
      const first = await waitingClient(okq, command.split(" "));
      first.pause(true);
      await ask(producer, "LPUSH", "q", large);
      await eventuallyEqual(() => ask(producer, "LLEN", "q"), 0);
      await askAll(producer, ["LPUSH", "q", "left"], ["RPUSH", "q", "right"]);
      first.reset();
      await eventuallyEqual(() => ask(producer, "LLEN", "q"), 3);
      const found = await askAll(producer, ["LPOP", "q"], ["LPOP", "q"], ["LPOP", "q"]);
      expect(found.map((each) => (each === large ? "" : each))).toEqual([...order]);
    }
    const gone = await waitingClient(okq, ["BLPOP", "q", 0]);
    const last = await waitingClient(okq, ["BLPOP", "q", 0]);
    gone.pause(true);
    await ask(producer, "LPUSH", "q", large);
    gone.reset();
    expect(await next(last)).toHaveLength(2);
  });

  test("an event that a leaving client has just popped is not lost", async () => {
    const okq = await startOkqOn(store);
    const producer = await okq.connect();
    for (let round = 0; round < 20; round++) {
      const client = await waitingClient(okq, ["BLPOP", "q", 0]);
      producer.pipeline(["LPUSH", "q", `${round}`]);
      client.reset();
      await producer.next();
      const popped = await eventually(() => ask(producer, "LPOP", "q"));
      expect(popped).toBe(`${round}`);
    }
  });

  test("do not wait in a transaction", async () => {
    const client = await (await startOkqOn(store)).connect();
    const commands = ["BLPOP {q} p{q} 0", "BRPOP {q} 0", "BLMPOP 0 1 {q} LEFT"];
    commands.push("BLMOVE {q} p{q} LEFT LEFT 0", "BRPOPLPUSH {q} p{q} 0");
    const transaction = [["MULTI"], ...commands.map((command) => command.split(" ")), ["EXEC"]];
    const empty = await askAll(client, ...transaction);
    expect(empty.at(-1)).toEqual([null, null, null, null, null]);
    await ask(client, "RPUSH", "{q}", "1", "2", "3", "4", "5");
    const found = await askAll(client, ...transaction);
    const five = [["{q}", "1"], ["{q}", "5"], ["{q}", ["2"]], "3", "4"];
    expect(found.at(-1)).toEqual(five);
    expect(await ask(client, "LRANGE", "p{q}", 0, -1)).toEqual(["4", "3"]);
  });

  test("a set among the queues is an error at once, and does not end a wait", async () => {
    const okq = await startOkqOn(store);
    const client = await okq.connect();
    await ask(client, "SADD", "set", "x");
    const wrong = "-WRONGTYPE Operation against a key holding the wrong kind of value";
    const commands = ["BLPOP none set q 0", "BLMPOP 0 2 none set LEFT", "BRPOPLPUSH set set 0"];
    for (const command of commands) expect(await ask(client, ...command.split(" "))).toBe(wrong);
    const waits = await waitingClient(okq, ["BLPOP", "later", "q", 0]);
    await ask(client, "SADD", "later", "x");
    await ask(client, "RPUSH", "q", "y");
    expect(await next(waits)).toEqual(["q", "y"]);
  });

  test("commands behind a wait are done after it", async () => {
    const okq = await startOkqOn(store);
    const client = await waitingClient(okq, ["BLPOP", "q", 0], ["LPUSH", "p", "x"], ["LLEN", "p"]);
    const other = await okq.connect();
    expect(await ask(other, "LLEN", "p")).toBe(0);
    await ask(other, "LPUSH", "q", "1");
    expect((await client.take(3)).map(readable)).toEqual([["q", "1"], 1, 1]);
    await firstAttemptsOver(other);
  });
});

test("a wait that ends with an error leaves the event to the next client", async () => {
  // Its clock stands still: nothing else than that looks for the event.
  const okq = await startTestOkq({}, new TestClock());
  const client = await okq.connect();
  await askAll(client, ["QCONFIG", "full", "max-length", 1], ["QPUSH", "full", "x"]);
  const mover = await waitingClient(okq, ["BLMOVE", "q", "full", "LEFT", "LEFT", 0]);
  const waits = await waitingClient(okq, ["BLPOP", "q", 0]);
  await ask(client, "RPUSH", "q", "y");
  expect(await next(mover)).toMatch(/^-QUEUEFULL /);
  expect(await next(waits)).toEqual(["q", "y"]);
});
