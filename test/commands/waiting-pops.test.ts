// QPOP and QNEXT that wait, over the wire: who is served, and that no event is lost or counted when
// a client leaves.
import { describe, expect, test } from "bun:test";
import { eventually, eventuallyEqual } from "../support/eventually.ts";
import {
  lifeStoresAndCluster,
  startOkqOn,
  startTestOkq,
  startTestRedis,
  useCluster,
} from "../support/okq-server.ts";
import { ask, askAll, type Readable, readable } from "../support/readable.ts";
import {
  blockedClients,
  firstAttemptsOver,
  waitingClient as waiting,
} from "../support/waiting-client.ts";
import type { Wire } from "../support/wire.ts";

useCluster();

const LONG = 60;

function pop(...queues: string[]): (string | number)[] {
  return ["QPOP", "WAIT", LONG, "FROM", ...queues];
}

/** The ids and attempts of the events in the next reply. */
async function events(client: Wire): Promise<[string, number][] | null> {
  const reply = readable(await client.next()) as Readable[][] | null;
  return reply && reply.map(([, id, , , attempt]) => [id as string, attempt as number]);
}

describe.each(lifeStoresAndCluster)("on %s", (store) => {
  test("pops an event that is there at once", async () => {
    const client = await (await startOkqOn(store)).connect();
    await ask(client, "QPUSH", "q", "x", "ID", "1");
    client.pipeline(pop("empty", "q"));
    expect(await events(client)).toEqual([["1", 1]]);
  });

  test("answers nil when its time is over", async () => {
    const client = await (await startOkqOn(store)).connect();
    const startedAt = performance.now();
    expect(await ask(client, "QPOP", "WAIT", "0.1", "FROM", "q")).toBeNull();
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(99);
    expect(await ask(client, "QNEXT", "q", "1", "t", "WAIT", "0.01", "FROM", "q")).toEqual([
      0,
      null,
    ]);
  });

  test.each([
    ["QPUSH q x ID 1"],
    ["QLPUSH q 1 x"],
    ["QMPUSH q PAIRS 1 x 2 y"],
    ["QPUSH q x ID 1 DELAY 0.05"],
  ])("%s wakes it", async (push) => {
    const okq = await startOkqOn(store);
    const client = await waiting(okq, pop("other", "q"));
    const producer = await okq.connect();
    await ask(producer, ...push.split(" "));
    expect(await events(client)).toEqual([["1", 1]]);
  });

  test("a failure, a redo and the end of a lease wake it", async () => {
    const okq = await startOkqOn(store);
    const other = await okq.connect();
    await ask(other, "QCONFIG", "q", "backoff", "none");
    await ask(other, "QPUSH", "q", "x", "ID", "1");
    await ask(other, "QPOP", "FROM", "q");
    for (const [at, end] of ["QFAIL q 1 *", "QACK q 1 TOKEN * REDO"].entries()) {
      const client = await waiting(okq, pop("q"));
      await ask(other, ...end.split(" "));
      expect([at, await events(client)]).toEqual([at, [["1", 2]]]);
    }
    await askAll(
      other,
      ["QACK", "q", "1", "TOKEN", "*", "REDO"],
      "QPOP LEASE 0.1 FROM q".split(" "),
    );
    const client = await waiting(okq, pop("q"));
    expect(await events(client)).toEqual([["1", 3]]);
  });

  test("one event goes to the client that has waited longest", async () => {
    const okq = await startOkqOn(store);
    const clients = [
      await waiting(okq, pop("q")),
      await waiting(okq, pop("p", "q")),
      await waiting(okq, pop("q")),
    ];
    const producer = await okq.connect();
    for (const [at, client] of clients.entries()) {
      await ask(producer, "QPUSH", "q", "x", "ID", at);
      expect(await events(client)).toEqual([[`${at}`, 1]]);
      for (const later of clients.slice(at + 1)) expect(later.waiting).toBe(0);
    }
  });

  test("a new client does not overtake those that wait, whenever it comes", async () => {
    const okq = await startOkqOn(store);
    const first = await waiting(okq, pop("q"));
    const [producer, late] = [await okq.connect(), await okq.connect()];
    for (let round = 0; round < 20; round++) {
      producer.pipeline(["QPUSH", "q", "x", "ID", `${round}`]);
      late.pipeline(pop("q"));
      expect(await events(first)).toEqual([[`${round}`, 1]]);
      await producer.next();
      await ask(producer, "QPUSH", "q", "x", "ID", `late ${round}`);
      expect(await events(late)).toEqual([[`late ${round}`, 1]]);
      const observer = await okq.connect();
      first.pipeline(pop("q"));
      await eventuallyEqual(() => blockedClients(observer), 1);
      await firstAttemptsOver(observer);
      observer.close();
    }
  });

  test("several events wake as many clients, and COUNT takes what is there", async () => {
    const okq = await startOkqOn(store);
    const count = ["QPOP", "COUNT", "2", "WAIT", LONG, "FROM", "q"];
    const clients = [await waiting(okq, count), await waiting(okq, count)];
    const producer = await okq.connect();
    await ask(producer, "QMPUSH", "q", "PAIRS", "1", "x", "2", "x", "3", "x");
    const found = await Promise.all(clients.map(events));
    expect(found).toEqual([
      [
        ["1", 1],
        ["2", 1],
      ],
      [["3", 1]],
    ]);
  });

  test("a client that leaves while it waits gets nothing, and nothing is counted", async () => {
    const okq = await startOkqOn(store);
    const clients = [await waiting(okq, pop("q")), await waiting(okq, pop("q"))];
    const [producer, last] = [await okq.connect(), await waiting(okq, pop("q"))];
    clients[0]!.reset();
    clients[1]!.close();
    await ask(producer, "QPUSH", "q", "x", "ID", "1");
    expect(await events(last)).toEqual([["1", 1]]);
  });

  test("an event that a leaving client has just popped goes back uncounted", async () => {
    const okq = await startOkqOn(store);
    const producer = await okq.connect();
    for (let round = 0; round < 20; round++) {
      const client = await waiting(okq, pop("q"));
      producer.pipeline(["QPUSH", "q", "x", "ID", `${round}`]);
      client.reset();
      await producer.next();
      const popped = await eventually(() => ask(producer, "QPOP", "FROM", "q"));
      expect(popped).toMatchObject([["q", `${round}`, "x", expect.any(String), 1, []]]);
      expect(await ask(producer, "QACK", "q", `${round}`)).toBe(1);
    }
  });

  test("an event whose reply was not sent goes back, and wakes the next client", async () => {
    const okq = await startOkqOn(store);
    const first = await waiting(okq, pop("q"));
    const second = await waiting(okq, pop("q"));
    const producer = await okq.connect();
    first.pause(true);
    // More than the systems at both ends buffer.
    await ask(producer, "QPUSH", "q", "x".repeat(30_000_000), "ID", "1");
    first.reset();
    expect(await events(second)).toEqual([["1", 1]]);
  });

  test("commands sent after it wait for it, and those without WAIT do not", async () => {
    const okq = await startOkqOn(store);
    const client = await waiting(okq, pop("q"), ["PING"]);
    const producer = await okq.connect();
    await ask(producer, "QPUSH", "q", "x", "ID", "1");
    expect(await events(client)).toEqual([["1", 1]]);
    expect(readable(await client.next())).toBe("+PONG");
  });

  test("ends with nil for a client that half-closes, and on CLIENT UNBLOCK", async () => {
    const okq = await startOkqOn(store);
    const half = await waiting(okq, pop("q"), ["PING"]);
    half.endSending();
    expect((await half.untilClosed()).map(readable)).toEqual([null, "+PONG"]);
    const client = await okq.connect();
    const id = (await ask(client, "CLIENT", "ID")) as number;
    const admin = await okq.connect();
    expect(await ask(admin, "CLIENT", "UNBLOCK", id)).toBe(0);
    for (const command of [pop("q"), ["QNEXT", "q", "1", "t", ...pop("q").slice(1)]]) {
      client.pipeline(command);
      await eventually(async () => (await blockedClients(admin)) === 1);
      expect(await ask(admin, "CLIENT", "UNBLOCK", id, "TIMEOUT")).toBe(1);
      const nothing = command[0] === "QPOP" ? null : [0, null];
      expect(readable(await client.next())).toEqual(nothing);
    }
    for (const command of [pop("q"), ["QWAIT", "p", "1", "60"], ["QEMPTY", "p", "60"]]) {
      await ask(admin, "QPUSH", "p", "x", "ID", "1", "ONDUP", "KEEP");
      client.pipeline(command, ["PING"]);
      await eventually(async () => (await ask(admin, "CLIENT", "UNBLOCK", id, "ERROR")) === 1);
      expect(readable(await client.next())).toBe("-UNBLOCKED client unblocked via CLIENT UNBLOCK");
      expect(readable(await client.next())).toBe("+PONG");
    }
    expect(await ask(admin, "CLIENT", "UNBLOCK", id, "NOW")).toMatch(/^-ERR CLIENT UNBLOCK reason/);
    expect(await ask(admin, "CLIENT", "UNBLOCK", 999_999)).toBe(0);
    expect(await ask(admin, "CLIENT", "UNBLOCK", "x")).toBe("-ERR Invalid client ID");
    await ask(admin, "QPUSH", "q", "x", "ID", "1");
    client.pipeline(["QPOP", "FROM", "q"]);
    expect(await events(client)).toEqual([["1", 1]]);
  });

  test("QNEXT acknowledges at once, and then waits", async () => {
    const okq = await startOkqOn(store);
    const [client, observer] = [await okq.connect(), await okq.connect()];
    await ask(client, "QPUSH", "q", "x", "ID", "1");
    await ask(client, "QPOP", "FROM", "q");
    client.pipeline(["QNEXT", "q", "1", "*", "WAIT", LONG, "FROM", "q"]);
    await eventually(async () => (await blockedClients(observer)) === 1);
    expect(await ask(observer, "QSTATUS", "q")).toEqual([["q", 0, 0, 1]]);
    await ask(observer, "QPUSH", "q", "y", "ID", "2");
    const reply = readable(await client.next());
    expect(reply).toEqual([1, [["q", "2", "y", expect.any(String), 1, []]]]);
  });

  test("waits while the queue is paused, and until the pause ends", async () => {
    const okq = await startOkqOn(store);
    const other = await okq.connect();
    await ask(other, "QPAUSE", "q");
    await ask(other, "QMPUSH", "q", "PAIRS", "1", "x", "2", "x");
    const clients = [await waiting(okq, pop("q")), await waiting(okq, pop("q"))];
    await ask(other, "QRESUME", "q");
    const found = await Promise.all(clients.map(events));
    expect(found).toEqual([[["1", 1]], [["2", 1]]]);
    await ask(other, "QPAUSE", "q", "FOR", "0.1");
    await ask(other, "QPUSH", "q", "x", "ID", "3");
    const last = await waiting(okq, pop("q"));
    expect(await events(last)).toEqual([["3", 1]]);
  });

  test("waits while max-claimed claims are there", async () => {
    const okq = await startOkqOn(store);
    const other = await okq.connect();
    await ask(other, "QCONFIG", "q", "max-claimed", "1");
    await ask(other, "QMPUSH", "q", "PAIRS", "1", "x", "2", "x");
    await ask(other, "QPOP", "FROM", "q");
    const client = await waiting(okq, pop("q"));
    expect(client.waiting).toBe(0);
    await ask(other, "QACK", "q", "1");
    expect(await events(client)).toEqual([["2", 1]]);
  });

  test("the end of claims, and a higher limit, wake as many as they let through", async () => {
    const okq = await startOkqOn(store);
    const other = await okq.connect();
    await ask(other, "QCONFIG", "q", "max-claimed", "2");
    const pairs = ["1", "2", "3", "4", "5", "6"].flatMap((id) => [id, "x"]);
    await ask(other, "QMPUSH", "q", "PAIRS", ...pairs);
    const held = (await ask(other, "QPOP", "COUNT", "2", "FROM", "q")) as string[][];
    const claims = held.flatMap(([, id, , token]) => [id!, token!]);
    const clients: Wire[] = [];
    while (clients.length < 4) clients.push(await waiting(okq, pop("q")));
    expect(await ask(other, "QMACK", "q", ...claims)).toEqual([1, 1]);
    const served = await Promise.all(clients.slice(0, 2).map(events));
    expect(served).toEqual([[["3", 1]], [["4", 1]]]);
    await ask(other, "QCONFIG", "q", "max-claimed", "4");
    const last = await Promise.all(clients.slice(2).map(events));
    expect(last).toEqual([[["5", 1]], [["6", 1]]]);
  });

  test("at max-claimed a client with NOACK is served behind one that would claim", async () => {
    const okq = await startOkqOn(store);
    const other = await okq.connect();
    await ask(other, "QCONFIG", "q", "max-claimed", "1");
    await ask(other, "QPUSH", "q", "x", "ID", "1");
    await ask(other, "QPOP", "FROM", "q");
    const claiming = await waiting(okq, pop("q"));
    const taking = await waiting(okq, ["QPOP", "WAIT", LONG, "NOACK", "FROM", "q"]);
    await ask(other, "QPUSH", "q", "x", "ID", "2");
    expect(await events(taking)).toEqual([["2", 1]]);
    expect(claiming.waiting).toBe(0);
  });

  test("paused workers that wait in front of another cost it one look, not one each", async () => {
    const okq = await startOkqOn(store);
    const other = await okq.connect();
    const paused = Array.from({ length: 20 }, (_, n) => `paused ${n}`);
    for (const worker of paused) await ask(other, "QPAUSE", "q", "WORKER", worker);
    for (const worker of paused) {
      await waiting(okq, ["QPOP", "WAIT", LONG, "AS", worker, "FROM", "q"]);
    }
    // One after the other they would take twice as long.
    const free = await waiting(okq, ["QPOP", "WAIT", 10, "AS", "free", "FROM", "q"]);
    await ask(other, "QPUSH", "q", "x", "ID", "1");
    expect(await events(free)).toEqual([["1", 1]]);
  });
});

test("waits on while Redis is away, and is served when it is back", async () => {
  const redis = await startTestRedis({ isDurable: true });
  const okq = await startTestOkq({ store: "", redisAddr: `127.0.0.1:${redis.port}` });
  const client = await waiting(okq, pop("q"));
  const producer = await okq.connect();
  await redis.kill();
  await eventually(async () => String(await ask(producer, "QSTATUS", "q")).startsWith("-"));
  await redis.start();
  await eventually(async () => (await ask(producer, "QLPUSH", "q", "1", "x")) === "+OK");
  expect((await events(client))?.map(([id]) => id)).toEqual(["1"]);
});
