// QREGISTER and QNOTIFY over the wire, on every store: the causes of a wake-up, which consumer is
// woken, and how consumers are counted.
import { describe, expect, test } from "bun:test";
import { eventually, eventuallyEqual } from "../support/eventually.ts";
import { startOkqOn, storeNames, type TestOkq } from "../support/okq-server.ts";
import { ask, askAll, readable } from "../support/readable.ts";
import type { Wire } from "../support/wire.ts";

const LONG = 60;
const NOT_REGISTERED =
  "-ERR not registered: send QREGISTER before QNOTIFY, on every new connection again";
const TIMEOUT_ERROR = "-ERR timeout must be a number of seconds from 0 to 2147483647, got ";

/** A client that waits for an event in these queues. Resolves once it waits. */
async function waiting(okq: TestOkq, ...queues: string[]): Promise<Wire> {
  const client = await okq.connect();
  const observer = await okq.connect();
  const before = await blockedClients(observer);
  await ask(client, "QREGISTER", ...queues);
  client.pipeline(["QNOTIFY", LONG]);
  await eventually(async () => (await blockedClients(observer)) > before);
  return client;
}

async function blockedClients(observer: Wire): Promise<number> {
  const info = (await ask(observer, "INFO", "clients")) as string;
  return Number(/^blocked_clients:(\d+)/m.exec(info)![1]);
}

async function answerOf(client: Wire) {
  return readable(await client.next());
}

describe.each(storeNames)("on %s", (store) => {
  test("QNOTIFY answers at once if there is an event, whatever the timeout", async () => {
    const client = await (await startOkqOn(store)).connect();
    await ask(client, "QLPUSH", "q", "1", "x");
    await ask(client, "QREGISTER", "empty", "q");
    expect(await ask(client, "QNOTIFY", 0)).toBe("q");
    expect(await ask(client, "QNOTIFY", LONG)).toBe("q");
    expect(await ask(client, "QNOTIFY", "0.5")).toBe("q");
  });

  test("QNOTIFY answers nil at its timeout, and at once with timeout 0", async () => {
    const client = await (await startOkqOn(store)).connect();
    await ask(client, "QREGISTER", "q");
    expect(await ask(client, "QNOTIFY", 0)).toBeNull();
    const startedAt = performance.now();
    expect(await ask(client, "QNOTIFY", "0.1")).toBeNull();
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(99);
  });

  test("QNOTIFY is an error on a connection that never registered", async () => {
    const okq = await startOkqOn(store);
    const client = await okq.connect();
    const producer = await okq.connect();
    await ask(producer, "QLPUSH", "q", "1", "x");
    for (const timeout of [0, LONG]) {
      expect(await ask(client, "QNOTIFY", timeout)).toBe(NOT_REGISTERED);
    }
    expect(await ask(client, "QREGISTER", "q")).toBe("+OK");
    expect(await ask(client, "QNOTIFY", LONG)).toBe("q");
  });

  test("QNOTIFY waits for its timeout on a connection that deregistered", async () => {
    const client = await (await startOkqOn(store)).connect();
    await askAll(client, ["QLPUSH", "q", "1", "x"], ["QREGISTER", "q"], ["QREGISTER"]);
    expect(await ask(client, "QNOTIFY", 0)).toBeNull();
    expect(await ask(client, "QNOTIFY", "0.03")).toBeNull();
  });

  test("QNOTIFY is an error after a RESET and after a refused QREGISTER", async () => {
    const client = await (await startOkqOn(store)).connect();
    const tooMany = Array.from({ length: 1025 }, (_, at) => `queue ${at}`);
    expect(await ask(client, "QREGISTER", ...tooMany)).toStartWith("-ERR too many queues");
    expect(await ask(client, "QNOTIFY", LONG)).toBe(NOT_REGISTERED);
    expect(await ask(client, "QREGISTER", "q")).toBe("+OK");
    expect(await ask(client, "RESET")).toBe("+RESET");
    expect(await ask(client, "QNOTIFY", LONG)).toBe(NOT_REGISTERED);
  });

  test.each(["QLPUSH", "QRPUSH"])("%s wakes a waiting consumer", async (push) => {
    const okq = await startOkqOn(store);
    const consumer = await waiting(okq, "other", "q");
    const producer = await okq.connect();
    expect(await ask(producer, push, "elsewhere", "1", "x")).toBe("+OK");
    expect(await ask(producer, push, "q", "1", "x")).toBe("+OK");
    expect(await answerOf(consumer)).toBe("q");
    expect(await ask(consumer, "QRPOP", "q")).toEqual(["1", "x"]);
  });

  test("a REDO wakes a waiting consumer", async () => {
    const okq = await startOkqOn(store);
    const other = await okq.connect();
    await askAll(other, ["QLPUSH", "q", "1", "x"], ["QRPOP", "q"]);
    const consumer = await waiting(okq, "q");
    expect(await ask(other, "QACK", "q", "1", "REDO")).toBe(1);
    expect(await answerOf(consumer)).toBe("q");
  });

  test("an expired lease wakes a waiting consumer", async () => {
    const okq = await startOkqOn(store);
    const other = await okq.connect();
    const consumer = await waiting(okq, "q");
    // All in one write, so that the event is claimed before the consumer looks for it.
    const [, popped] = await askAll(other, ["QLPUSH", "q", "1", "x"], ["QRPOP", "q", "EX", "0.2"]);
    expect(popped).toEqual(["1", "x"]);
    expect(await answerOf(consumer)).toBe("q");
    expect(await ask(consumer, "QRPOP", "q")).toEqual(["1", "x"]);
  });

  test("QNOTIFY takes turns among queues that have events", async () => {
    const client = await (await startOkqOn(store)).connect();
    for (const queue of ["a", "b", "c"]) {
      for (const id of ["1", "2", "3"]) await ask(client, "QLPUSH", queue, id, "x");
    }
    await ask(client, "QREGISTER", "a", "b", "c");
    const found = await askAll(client, ...Array.from({ length: 6 }, () => ["QNOTIFY", LONG]));
    expect(found).toEqual(["a", "b", "c", "a", "b", "c"]);
  });

  test("one event wakes one consumer, the one that has waited longest", async () => {
    const okq = await startOkqOn(store);
    const consumers = [
      await waiting(okq, "q"),
      await waiting(okq, "q", "other"),
      await waiting(okq, "q"),
    ];
    const producer = await okq.connect();
    for (const [at, consumer] of consumers.entries()) {
      await ask(producer, "QLPUSH", "q", at, "x");
      expect(await answerOf(consumer)).toBe("q");
      // The consumer pops its event before the next one is pushed.
      expect(await ask(consumer, "QRPOP", "q")).toEqual([String(at), "x"]);
      for (const later of consumers.slice(at + 1)) expect(later.waiting).toBe(0);
    }
  });

  test("several events wake as many consumers", async () => {
    const okq = await startOkqOn(store);
    const consumers = [await waiting(okq, "q"), await waiting(okq, "q"), await waiting(okq, "q")];
    const producer = await okq.connect();
    await askAll(producer, ...[1, 2, 3].map((id) => ["QLPUSH", "q", id, "x"]));
    expect(await Promise.all(consumers.map(answerOf))).toEqual(["q", "q", "q"]);
  });

  test("a waiting client that leaves does not take a wake-up", async () => {
    const okq = await startOkqOn(store);
    const [reset, ended, last] = [
      await waiting(okq, "q"),
      await waiting(okq, "q"),
      await waiting(okq, "q"),
    ];
    reset.reset();
    ended.close();
    const producer = await okq.connect();
    await ask(producer, "QLPUSH", "q", "1", "x");
    expect(await answerOf(last)).toBe("q");
  });

  test("commands sent after a QNOTIFY wait for it, also hundreds of kilobytes", async () => {
    const okq = await startOkqOn(store);
    const consumer = await waiting(okq, "q");
    const large = "x".repeat(100_000);
    consumer.pipeline(["QRPOP", "q"], ["ECHO", large], ["ECHO", large], ["PING"]);
    const producer = await okq.connect();
    await ask(producer, "QLPUSH", "q", "1", "x");
    const replies = (await consumer.take(5)).map(readable);
    expect(replies).toEqual(["q", ["1", "x"], large, large, "+PONG"]);
  });

  test("QNOTIFY ends the wait of a client that has half-closed", async () => {
    const okq = await startOkqOn(store);
    const client = await okq.connect();
    await ask(client, "QLPUSH", "q", "1", "x");
    const register = ["QREGISTER", "empty"];
    const pop = ["QRPOP", "q", "NOACK"];
    const notify = ["QNOTIFY", LONG];
    client.pipeline(["QREGISTER", "q"], ["QNOTIFY", LONG], pop, register, notify, ["PING"]);
    client.endSending();
    const replies = (await client.untilClosed()).map(readable);
    expect(replies).toEqual(["+OK", "q", ["1", "x"], "+OK", null, "+PONG"]);
  });

  test("QSTATUS counts consumers per connection until they leave", async () => {
    const okq = await startOkqOn(store);
    const observer = await okq.connect();
    const counts = async () =>
      ((await ask(observer, "QSTATUS", "a", "b", "c")) as [string, number, number, number][]).map(
        ([, , , consumers]) => consumers,
      );
    const [first, second] = [await okq.connect(), await okq.connect()];
    expect(await ask(first, "QREGISTER", "a", "b", "a")).toBe("+OK");
    expect(await ask(second, "QREGISTER", "b")).toBe("+OK");
    expect(await counts()).toEqual([1, 2, 0]);
    expect(await ask(first, "QREGISTER", "b", "c")).toBe("+OK");
    expect(await counts()).toEqual([0, 2, 1]);
    expect(await ask(second, "QREGISTER")).toBe("+OK");
    expect(await counts()).toEqual([0, 1, 1]);
    first.reset();
    await eventuallyEqual(() => counts(), [0, 0, 0]);
    expect(await ask(observer, "QSTATUS")).toEqual([]);
  });

  test("a queue with a consumer and no event is active until its consumer leaves", async () => {
    const okq = await startOkqOn(store);
    const [consumer, observer] = [await okq.connect(), await okq.connect()];
    await ask(consumer, "QREGISTER", "q");
    expect(await ask(observer, "QSTATUS")).toEqual([["q", 0, 0, 1]]);
    expect(await ask(consumer, "QUIT")).toBe("+OK");
    await eventuallyEqual(() => ask(observer, "QSTATUS"), []);
  });

  test("QREGISTER accepts at most 1024 queues", async () => {
    const client = await (await startOkqOn(store)).connect();
    const names = Array.from({ length: 1025 }, (_, at) => `queue ${at}`);
    expect(await ask(client, "QREGISTER", ...names)).toBe(
      "-ERR too many queues, 1025 of at most 1024",
    );
    expect(await ask(client, "QSTATUS")).toEqual([]);
    expect(await ask(client, "QREGISTER", ...names.slice(1))).toBe("+OK");
    expect(await ask(client, "QSTATUS")).toHaveLength(1024);
    await ask(client, "QLPUSH", "queue 1024", "1", "x");
    expect(await ask(client, "QNOTIFY", 0)).toBe("queue 1024");
  });

  test("QREGISTER accepts at most 256 KiB of names", async () => {
    const okq = await startOkqOn(store, { maxNameBytes: 65_536 });
    const client = await okq.connect();
    const names = ["a", "b", "c", "d"].map((letter) => letter.repeat(64 * 1024));
    expect(await ask(client, "QREGISTER", ...names)).toBe("+OK");
    expect(await ask(client, "QREGISTER", ...names, "e")).toBe(
      "-ERR names too long, 262145 of at most 262144 bytes in all",
    );
    expect(await ask(client, "CLIENT", "LIST")).toContain(" queues=4\n");
  });

  test("QNOTIFY refuses a timeout that is not a number of seconds", async () => {
    const client = await (await startOkqOn(store)).connect();
    for (const wrong of ["-1", "x", "", "1e10", "0x10", "1.", " 1", "2147483648", "NaN", "inf"]) {
      expect(await ask(client, "QNOTIFY", wrong)).toBe(`${TIMEOUT_ERROR}'${wrong}'`);
    }
  });
});
