// The limits on clients, each reached over a socket: which clients are closed, which clients wait,
// and that INFO and CLIENT LIST show it.
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { createConnection } from "node:net";
import { closeAfterTest } from "../support/close-after-test.ts";
import { eventually } from "../support/eventually.ts";
import { clientsInfo, listed, named } from "../support/observer.ts";
import { startTestOkq, startTestRedis, type TestOkq } from "../support/okq-server.ts";
import { ask, readable } from "../support/readable.ts";
import { TestClock } from "../support/test-clock.ts";
import { frame, type Wire } from "../support/wire.ts";

setDefaultTimeout(60_000);

const MEGABYTE = 1024 * 1024;
const LARGE = "x".repeat(MEGABYTE);
/** A timeout for a frozen Redis that is longer than any test. */
const NEVER_MS = 600_000;

/** A clock that slowly advances, because clients pause after large commands and large replies. */
function slowClock(): TestClock {
  const clock = new TestClock();
  const timer = setInterval(() => clock.advance(5), 5);
  closeAfterTest({ close: () => clearInterval(timer) });
  return clock;
}

/** A client that requests far more than its sockets can buffer, and reads nothing. */
async function stopsReading(okq: TestOkq, observer: Wire, name: string, command: string[]) {
  const client = await named(okq, name);
  client.pause(true);
  client.pipeline(...Array.from({ length: 200 }, () => command));
  await eventually(async () => {
    const seen = await listed(observer, name);
    return seen === null || Number(seen.omem) > 0;
  });
  return client;
}

describe("a client that does not read its replies", () => {
  test("is closed after the output timeout, is logged, and its events are requeued", async () => {
    const clock = slowClock();
    const okq = await startTestOkq({ clientOutputTimeout: 60 }, clock);
    const observer = await okq.connect();
    const count = 100;
    for (let id = 0; id < count; id++) await ask(observer, "QLPUSH", "q", id, LARGE);
    const client = await stopsReading(okq, observer, "slow", ["QRPOP", "q"]);
    await eventually(async () => {
      clock.advance(60_000);
      return (await listed(observer, "slow")) === null;
    });
    expect(await clientsInfo(observer, "clients_closed_slow")).toBe(1);
    expect(await clientsInfo(observer, "bytes_unsent")).toBe(0);
    const lines = okq.log.filter((line) => line.includes("does not read its replies"));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/ addr=127\.0\.0\.1:\d+ unsent=[1-9]/);
    client.pause(false);
    const received = await client.untilClosed();
    // An event that the system accepted for the client stays claimed, whether it arrived or not.
    const [[, total, processing]] = (await ask(observer, "QSTATUS", "q")) as [number[]];
    expect(total).toBe(count);
    expect(processing).toBeWithin(received.length, count);
  });

  test("stays connected while it reads something now and then", async () => {
    const clock = slowClock();
    const okq = await startTestOkq({ clientOutputTimeout: 60 }, clock);
    const observer = await okq.connect();
    await ask(observer, "QLPUSH", "q", "1", LARGE);
    const client = await stopsReading(okq, observer, "slow", ["QRPEEK", "q"]);
    const state = async () => {
      const { inflight, omem } = (await listed(observer, "slow"))!;
      return `${inflight} ${omem}`;
    };
    for (let round = 0; round < 4; round++) {
      const before = await state();
      client.pause(false);
      await eventually(async () => (await client.next()) && (await state()) !== before);
      client.pause(true);
      clock.advance(40_000);
    }
    expect(await clientsInfo(observer, "clients_closed_slow")).toBe(0);
  });

  test("is closed after 3 seconds while the budget for unsent replies is full", async () => {
    const clock = slowClock();
    const bounds = { clientOutputTimeout: 0, maxWaitingBytes: 2 * MEGABYTE };
    const okq = await startTestOkq(bounds, clock);
    const observer = await okq.connect();
    await ask(observer, "QLPUSH", "q", "1", LARGE);
    // The system accepts some bytes for each of them, and perhaps more later.
    let count = 0;
    await eventually(async () => {
      if ((await clientsInfo(observer, "bytes_unsent")) <= 2 * MEGABYTE) {
        await stopsReading(okq, observer, `client-${count++}`, ["QRPEEK", "q"]);
      } else clock.advance(3_000);
      return (await clientsInfo(observer, "clients_closed_slow")) > 0;
    });
    await eventually(async () => {
      clock.advance(3_000);
      return (await clientsInfo(observer, "bytes_unsent")) <= 2 * MEGABYTE;
    });
    const closed = await clientsInfo(observer, "clients_closed_slow");
    expect(closed).toBeWithin(1, count + 1);
    expect(await clientsInfo(observer, "connected_clients")).toBe(1 + count - closed);
  });

  test("has few commands in flight after a large reply", async () => {
    const redis = await startTestRedis();
    const redisAddr = `127.0.0.1:${redis.port}`;
    const okq = await startTestOkq({ store: "", redisAddr, redisTimeout: NEVER_MS });
    const [client, observer] = [await named(okq, "eager"), await okq.connect()];
    await ask(client, "QLPUSH", "q", "1", LARGE);
    await ask(client, "QRPEEK", "q");
    redis.signal("SIGSTOP");
    client.pipeline(...Array.from({ length: 60 }, () => ["QRPEEK", "q"]));
    await eventually(async () => (await listed(observer, "eager"))!.inflight === "1");
    redis.signal("SIGCONT");
    const replies = (await client.take(60)).map(readable) as [string, string][];
    expect(replies.every(([id, contents]) => id === "1" && contents === LARGE)).toBeTrue();
  });
});

describe("a client that sends no command for the client timeout", () => {
  test("is closed, but not while it waits for an answer", async () => {
    const clock = new TestClock();
    const okq = await startTestOkq({ clientTimeout: 20 }, clock);
    const [observer, waiting] = [await okq.connect(), await named(okq, "waiting")];
    await ask(waiting, "QREGISTER", "q");
    waiting.pipeline(["QNOTIFY", "40"]);
    const idle = await named(okq, "idle");
    await eventually(async () => (await clientsInfo(observer, "blocked_clients")) === 1);
    clock.advance(19_000);
    for (const client of [idle, observer]) expect(await ask(client, "PING")).toBe("+PONG");
    clock.advance(19_000);
    expect(await ask(observer, "PING")).toBe("+PONG");
    clock.advance(1_900);
    expect(await idle.untilClosed()).toEqual([]);
    expect(await clientsInfo(observer, "clients_closed_idle")).toBe(1);
    expect(await clientsInfo(observer, "client_timeout")).toBe(20);
    expect(await ask(observer, "CONFIG", "GET", "timeout")).toEqual(["timeout", "20"]);
    clock.advance(100);
    expect(await waiting.next()).toBeNull();
    // Its time starts again with the answer.
    clock.advance(19_000);
    expect(await ask(waiting, "PING")).toBe("+PONG");
  });

  test("stays connected without a client timeout, which is the default", async () => {
    const clock = new TestClock();
    const okq = await startTestOkq({}, clock);
    const observer = await okq.connect();
    expect(await clientsInfo(observer, "client_timeout")).toBe(0);
    await named(okq, "idle");
    clock.advance(100_000_000);
    expect((await listed(observer, "idle"))!).toMatchObject({ idle: "100000", age: "100000" });
    expect(await clientsInfo(observer, "clients_closed_idle")).toBe(0);
  });
});

describe("a client that has to log in", () => {
  test("is closed after the login timeout, also while it tries wrong passwords", async () => {
    const clock = new TestClock();
    const okq = await startTestOkq({ loginTimeout: 30, password: "secret" }, clock);
    const observer = await okq.connect();
    expect(await ask(observer, "AUTH", "secret")).toBe("+OK");
    const [silent, left, trying] = [await okq.connect(), await okq.connect(), await okq.connect()];
    expect(await ask(left, "AUTH", "secret")).toBe("+OK");
    trying.pipeline(...Array.from({ length: 20 }, () => ["AUTH", "wrong"]));
    await eventually(async () => okq.log.some((line) => line.includes("login failed")));
    clock.advance(30_000);
    expect(await silent.untilClosed()).toEqual([]);
    await trying.untilClosed();
    expect(await clientsInfo(observer, "connected_clients")).toBe(2);
    expect(await ask(left, "RESET")).toBe("+RESET");
    clock.advance(30_000);
    await left.untilClosed();
    expect(await clientsInfo(observer, "clients_closed_idle")).toBe(3);
    expect(await clientsInfo(observer, "login_timeout")).toBe(30);
  });

  test("does not use the budget for the input of other clients", async () => {
    const okq = await startTestOkq({ maxWaitingBytes: MEGABYTE, password: "secret" });
    const known = await okq.connect();
    expect(await ask(known, "AUTH", "secret")).toBe("+OK");
    const part = `$8000\r\n${"x".repeat(8000)}\r\n`;
    for (let at = 0; at < 20; at++) {
      const stranger = await okq.connect();
      stranger.send(`*10\r\n${part.repeat(9)}`);
    }
    expect(await ask(known, "QLPUSH", "q", "1", LARGE)).toBe("+OK");
    // No client was closed to make room.
    expect(await clientsInfo(known, "clients_closed_stalled")).toBe(0);
  });
});

test("refuses one client too many from an address, but not from another address", async () => {
  const okq = await startTestOkq({ maxClientsPerAddress: 2 });
  const [observer, second] = [await okq.connect(), await okq.connect()];
  await ask(second, "PING");
  const third = await okq.connect();
  expect((await third.untilClosed()).map(readable)).toEqual([
    "-ERR max number of clients reached for this address, see max-clients-per-address",
  ]);
  expect(await clientsInfo(observer, "clients_refused_per_address")).toBe(1);
  expect(await clientsInfo(observer, "maxclients_per_address")).toBe(2);
  const line = 'refused a client addr=127.0.0.1 reason="max-clients-per-address is reached"';
  expect(okq.log.filter((text) => text.includes(` warn  ${line}`))).toHaveLength(1);
  expect(await ask(observer, "INFO", "stats")).toContain("rejected_connections:1\r\n");
  const other = createConnection({ port: okq.port, host: "127.0.0.1", localAddress: "127.0.0.9" });
  closeAfterTest({ close: () => other.destroy() });
  other.write("PING\r\n");
  const { promise, resolve } = Promise.withResolvers<string>();
  other.once("data", (chunk) => resolve(String(chunk)));
  expect(await promise).toBe("+PONG\r\n");
  second.close();
  await eventually(async () => (await ask(await okq.connect(), "PING")) === "+PONG");
});

test("limits the commands of all clients that wait for the store, and loses none", async () => {
  const redis = await startTestRedis();
  const address = `127.0.0.1:${redis.port}`;
  const bounds = { maxWaitingBytes: 2 * MEGABYTE, redisTimeout: NEVER_MS };
  const okq = await startTestOkq({ store: "", redisAddr: address, ...bounds });
  const observer = await okq.connect();
  const names = ["a", "b", "c", "d", "e", "f"];
  const clients: Wire[] = [];
  for (const name of names) clients.push(await named(okq, name));
  redis.signal("SIGSTOP");
  const event = LARGE.slice(0, 100_000);
  for (const [at, client] of clients.entries()) {
    client.pipeline(...Array.from({ length: 40 }, (_, id) => ["QLPUSH", names[at]!, id, event]));
  }
  await eventually(async () => (await clientsInfo(observer, "paused_clients")) === names.length);
  const waiting = await clientsInfo(observer, "bytes_waiting");
  expect(waiting).toBeWithin(2 * MEGABYTE, 2 * MEGABYTE + 200_000);
  expect(await clientsInfo(observer, "bytes_waiting_limit")).toBe(2 * MEGABYTE);
  expect(await clientsInfo(observer, "client_inflight_max")).toBeWithin(1, 17);
  expect((await listed(observer, "f"))!).toMatchObject({ paused: "1", events: "" });
  expect(await ask(observer, "PING")).toBe("+PONG");
  redis.signal("SIGCONT");
  for (const client of clients) {
    const replies = (await client.take(40)).map(readable);
    expect(replies).toEqual(Array<string>(40).fill("+OK"));
  }
  expect(await clientsInfo(observer, "bytes_waiting")).toBe(0);
  expect(await clientsInfo(observer, "paused_clients")).toBe(0);
});

describe("while unfinished commands fill the budget for input", () => {
  const contents = LARGE.slice(0, 700_000);
  const push = (id: string) => frame(["QLPUSH", "q", id, contents]);

  /** "first" and "second" have sent most of a large push, and okq reads only from the first. */
  async function twoHalves() {
    const clock = new TestClock();
    const okq = await startTestOkq({ maxWaitingBytes: MEGABYTE }, clock);
    const [first, second] = [await named(okq, "first"), await named(okq, "second")];
    const observer = await okq.connect();
    /** Advances the clock, because clients with much input sometimes pause. */
    const until = (check: () => Promise<boolean>) =>
      eventually(() => {
        clock.advance(1);
        return check();
      });
    first.send(push("1").subarray(0, 600_000));
    await until(async () => (await clientsInfo(observer, "bytes_unread")) >= 600_000);
    second.send(push("2").subarray(0, 690_000));
    const reason = async (name: string) => (await listed(observer, name))!["pause-reason"];
    await until(async () => (await reason("second")) === "bytes-unread");
    await until(async () => (await reason("first")) === "");
    expect(await ask(observer, "QLPUSH", "q", "3", "small")).toBe("+OK");
    second.send(push("2").subarray(690_000));
    const hasReply = (client: Wire) => until(async () => client.waiting > 0);
    return { okq, clock, first, second, observer, hasReply };
  }

  test("the client that has waited longest continues, then the others", async () => {
    const { first, second, observer, hasReply } = await twoHalves();
    first.send(push("1").subarray(600_000));
    await hasReply(first);
    await hasReply(second);
    expect([await first.next(), await second.next()].map(readable)).toEqual(["+OK", "+OK"]);
    expect(await clientsInfo(observer, "bytes_unread")).toBe(0);
  });

  test("the next client continues when the first one disconnects", async () => {
    const { first, second, hasReply } = await twoHalves();
    first.reset();
    await hasReply(second);
    expect(readable(await second.next())).toBe("+OK");
  });

  test("the first client is closed when it sends nothing for 3 seconds", async () => {
    const { okq, clock, first, second, observer, hasReply } = await twoHalves();
    clock.advance(2_000);
    expect(await clientsInfo(observer, "clients_closed_stalled")).toBe(0);
    clock.advance(1_500);
    expect((await first.untilClosed()).map(readable)).toEqual([
      "-ERR the command was not completed while other clients waited for memory",
    ]);
    await hasReply(second);
    expect(readable(await second.next())).toBe("+OK");
    expect(await clientsInfo(observer, "clients_closed_stalled")).toBe(1);
    const lines = okq.log.filter((line) => line.includes("kept others waiting"));
    expect(lines).toHaveLength(1);
  });

  test("many large events at once are all pushed, one after the other", async () => {
    const okq = await startTestOkq({ maxWaitingBytes: MEGABYTE });
    const observer = await okq.connect();
    const clients = await Promise.all(Array.from({ length: 16 }, () => okq.connect()));
    const huge = "x".repeat(5 * MEGABYTE);
    let most = 0;
    const sent = clients.map(async (client, at) => {
      for (const round of [1, 2]) {
        expect(readable(await client.call("QLPUSH", "q", `${at} ${round}`, huge))).toBe("+OK");
      }
    });
    const all = Promise.all(sent).then(() => true);
    do most = Math.max(most, await clientsInfo(observer, "bytes_unread"));
    while (!(await Promise.race([all, Promise.resolve(false)])));
    expect(await clientsInfo(observer, "bytes_unread")).toBe(0);
    expect(await clientsInfo(observer, "clients_closed_stalled")).toBe(0);
    expect(await ask(observer, "QSTATUS", "q")).toEqual([["q", 32, 0, 0]]);
    // Above the budget are one read of each client, and the command of the first in line.
    expect(most).toBeWithin(MEGABYTE, (1 + clients.length + 5) * MEGABYTE);
  });
});
