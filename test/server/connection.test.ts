// A connection under stress, on every store: replies stay in order, and events whose replies were
// not sent are requeued at once, in their old order.
import { describe, expect, test } from "bun:test";
import { closeAfterTest } from "../support/close-after-test.ts";
import { eventually, eventuallyEqual } from "../support/eventually.ts";
import { listed } from "../support/observer.ts";
import { startOkqProcess } from "../support/okq-process.ts";
import {
  startOkqOn,
  startTestOkq,
  startTestRedis,
  storeNames,
  type TestOkq,
} from "../support/okq-server.ts";
import { ask, askAll, readable } from "../support/readable.ts";
import type { Wire } from "../support/wire.ts";

const LARGE = "x".repeat(1024 * 1024);
const LARGE_COUNT = 100;

/** The maximum number of bytes that okq buffers for a client that does not read. */
const UNSENT_BYTES_MAX = 3 * 1024 * 1024;

async function outputKept(reader: Wire): Promise<number> {
  const lines = ((await ask(reader, "CLIENT", "LIST")) as string).trim().split("\n");
  expect(lines.length).toBeLessThan(10);
  return lines.reduce((sum, line) => sum + Number(/ omem=(\d+)/.exec(line)![1]), 0);
}

/** A client that reads none of its many replies. Resolves when okq cannot send some of them. */
async function slowReader(okq: TestOkq, observer: Wire, commands: string[][]): Promise<Wire> {
  const slow = await okq.connect();
  await ask(slow, "PING");
  slow.pause(true);
  slow.pipeline(...commands);
  await eventually(async () => (await outputKept(observer)) > 0);
  return slow;
}

describe.each(storeNames)("on %s", (store) => {
  test("sends replies in the order of the commands, whichever is answered first", async () => {
    const client = await (await startOkqOn(store)).connect();
    const replies = await askAll(
      client,
      ["PING"],
      ["QLPUSH", "q", "1", "x"],
      ["PING", "2"],
      ["NONSENSE"],
      ["QREGISTER", "none"],
      ["QRPOP", "q"],
      ["QNOTIFY", "0.05"],
      ["ECHO", "3"],
      ["QSTATUS", "q"],
      ["QACK", "q", "1"],
      ["PING", "4"],
    );
    expect(replies.map((reply) => (String(reply).startsWith("-") ? "error" : reply))).toEqual([
      "+PONG",
      "+OK",
      "2",
      "error",
      "+OK",
      ["1", "x"],
      null,
      "3",
      [["q", 1, 1, 0]],
      1,
      "4",
    ]);
  });

  test("runs the commands of one connection in the order sent, across queues", async () => {
    const okq = await startOkqOn(store);
    const clients = await Promise.all(Array.from({ length: 8 }, () => okq.connect()));
    const lives = clients.map(async (client, at) => {
      const [inbox, outbox] = [`in ${at}`, `out ${at}`];
      const commands = Array.from({ length: 50 }, (_, id) => [
        ["QLPUSH", inbox, id, "x"],
        ["QRPOP", inbox],
        ["QLPUSH", outbox, id, "x"],
        ["QACK", inbox, id],
        ["QSTATUS", inbox, outbox],
      ]).flat();
      const replies = await askAll(client, ...commands);
      for (let id = 0; id < 50; id++) {
        expect(replies.slice(id * 5, id * 5 + 5)).toEqual([
          "+OK",
          [String(id), "x"],
          "+OK",
          1,
          [
            [inbox, 0, 0, 0],
            [outbox, id + 1, 0, 0],
          ],
        ]);
      }
    });
    await Promise.all(lives);
  });

  test("answers QUIT after the commands before it", async () => {
    const client = await (await startOkqOn(store)).connect();
    const pushes = Array.from({ length: 100 }, (_, id) => ["QLPUSH", "q", id, "x"]);
    client.pipeline(...pushes, ["QUIT"], ["QFLUSH", "q"]);
    const replies = await client.untilClosed();
    expect(replies.map(readable)).toEqual(Array<string>(101).fill("+OK"));
  });

  test.each([
    ["claimed", []],
    ["popped for good", ["NOACK"]],
  ])("requeues events that a slow reader did not get when it is killed: %s", async (_, options) => {
    const okq = await startOkqOn(store);
    const observer = await okq.connect();
    const ids = Array.from({ length: LARGE_COUNT }, (_each, id) => String(id));
    for (const id of ids) await ask(observer, "QLPUSH", "q", id, LARGE);
    const pop = ["QRPOP", "q", ...options];
    const pops = ids.map(() => pop);
    const slow = await slowReader(okq, observer, [["CLIENT", "ID"], ...pops]);
    const own = await ask(observer, "CLIENT", "ID");
    const lines = [...String(await ask(observer, "CLIENT", "LIST")).matchAll(/^id=(\d+)/gm)];
    const id = lines.map((match) => match[1]!).find((each) => each !== String(own))!;
    expect(await ask(observer, "CLIENT", "KILL", "ID", id)).toBe(1);
    slow.pause(false);
    const received = (await slow.untilClosed()).length - 1;
    // In their old order: the next event out follows the last one that the socket accepted.
    await eventually(async () => {
      const [[, total, processing]] = (await ask(observer, "QSTATUS", "q")) as [
        [string, number, number],
      ];
      const ready = total - processing;
      const [next] = (await ask(observer, "QRPEEK", "q")) as [string, string];
      return ready > 0 && ready <= LARGE_COUNT - received && next === String(LARGE_COUNT - ready);
    });
    expect(await ask(observer, "QLPEEK", "q")).toEqual([String(LARGE_COUNT - 1), LARGE]);
  });

  test("does not requeue an event that another consumer has claimed since", async () => {
    const okq = await startOkqOn(store);
    const observer = await okq.connect();
    const ids = Array.from({ length: LARGE_COUNT }, (_each, id) => String(id));
    for (const id of ids) await ask(observer, "QLPUSH", "q", id, LARGE);
    const pops = ids.map(() => ["QRPOP", "q"]);
    const slow = await slowReader(okq, observer, [["CLIENT", "SETNAME", "slow"], ...pops]);
    const id = (await listed(observer, "slow"))!["id"]!;
    const [[, , before]] = (await ask(observer, "QSTATUS", "q")) as [[string, number, number]];
    // The last event that the slow reader popped is requeued, and another consumer claims it.
    const freed = String(before - 1);
    expect(await ask(observer, "QACK", "q", freed, "REDO")).toBe(1);
    expect(await ask(observer, "QRPOP", "q")).toEqual([freed, LARGE]);
    expect(await ask(observer, "CLIENT", "KILL", "ID", id)).toBe(1);
    slow.pause(false);
    await slow.untilClosed();
    await eventually(async () => {
      const [next] = (await ask(observer, "QRPEEK", "q")) as [string, string];
      return Number(next) < Number(freed);
    });
    expect(await ask(observer, "QACK", "q", freed)).toBe(1);
  });

  test("buffers few replies for a slow reader, and serves other clients", async () => {
    const okq = await startOkqOn(store);
    const observer = await okq.connect();
    await ask(observer, "QLPUSH", "q", "1", LARGE);
    const peeks = Array.from({ length: 200 }, () => ["QRPEEK", "q"]);
    const slow = await slowReader(okq, observer, peeks);
    for (let round = 0; round < 20; round++) {
      expect(await ask(observer, "QLPUSH", "other", round, "x")).toBe("+OK");
    }
    // okq has not run all 200 peeks, but only as many as may be in flight.
    expect(await outputKept(observer)).toBeLessThan(UNSENT_BYTES_MAX);
    slow.pause(false);
    const replies = (await slow.take(200)).map(readable) as [string, string][];
    expect(replies.every(([id, contents]) => id === "1" && contents === LARGE)).toBeTrue();
    await eventually(async () => (await outputKept(observer)) === 0);
  });
});

describe("a client that disconnects while its pops are in flight", () => {
  /** A client whose pops have reached a Redis that does not answer. */
  async function stalled(pops: string[][]) {
    const redis = await startTestRedis();
    // okq waits for Redis as long as it is frozen.
    const bounds = { redisAddr: `127.0.0.1:${redis.port}`, redisTimeout: 600_000 };
    const okq = await startTestOkq({ store: "", ...bounds });
    const [client, observer] = [await okq.connect(), await okq.connect()];
    for (const id of ["1", "2", "3", "4"]) await ask(observer, "QLPUSH", "q", id, "x");
    const id = (await ask(client, "CLIENT", "ID")) as number;
    const statistic = async (name: string) => {
      const info = (await ask(observer, "INFO", "stats")) as string;
      return Number(new RegExp(`^${name}:(\\d+)`, "m").exec(info)![1]);
    };
    const before = await statistic("total_commands_processed");
    redis.signal("SIGSTOP");
    client.pipeline(...pops);
    // Each INFO counts as well.
    let looks = 0;
    await eventually(async () => {
      looks += 1;
      return (await statistic("total_commands_processed")) >= before + looks + pops.length;
    });
    return { redis, okq, client, observer, id, statistic };
  }

  const pops = [
    ["QRPOP", "q"],
    ["QRPOP", "q", "NOACK"],
    ["QRPOP", "q", "EX", "9"],
  ];

  test.each(["reset", "killed"])("%s: its events are requeued at once, in order", async (how) => {
    const { redis, client, observer, id, statistic } = await stalled(pops);
    if (how === "reset") client.reset();
    else expect(await ask(observer, "CLIENT", "KILL", "ID", id)).toBe(1);
    await eventually(async () => {
      const lines = (await ask(observer, "CLIENT", "LIST")) as string;
      return !lines.includes(`id=${id} `);
    });
    redis.signal("SIGCONT");
    await eventually(async () => (await statistic("events_popped")) === pops.length);
    const ready = [["q", 4, 0, 0]];
    await eventuallyEqual(() => ask(observer, "QSTATUS", "q"), ready);
    const popped = await askAll(observer, ...Array.from({ length: 4 }, () => ["QRPOP", "q"]));
    expect(popped).toEqual(["1", "2", "3", "4"].map((each) => [each, "x"]));
  });

  test("an event is requeued at once if its client disconnects before the reply", async () => {
    const okq = await startTestOkq();
    const [client, other] = [await okq.connect(), await okq.connect()];
    await ask(other, "QLPUSH", "q", "1", "x");
    await ask(client, "PING");
    client.pipeline(["QRPOP", "q"]);
    client.close();
    expect(await eventually(() => ask(other, "QRPOP", "q"))).toEqual(["1", "x"]);
  });

  test.each([
    ["NOACK", ["NOACK"]],
    ["EX 0", ["EX", "0"]],
  ])("an event that was read and popped for good never comes again: %s", async (_, options) => {
    const okq = await startTestOkq();
    const other = await okq.connect();
    for (let id = 0; id < 20; id++) {
      const client = await okq.connect();
      await ask(other, "QLPUSH", "q", id, "x");
      const number = (await ask(client, "CLIENT", "ID")) as number;
      client.pipeline(["QRPOP", "q", ...options]);
      client.endSending();
      expect(readable(await client.next())).toEqual([String(id), "x"]);
      client.reset();
      await eventually(async () => {
        const list = (await ask(other, "CLIENT", "LIST")) as string;
        return !list.includes(`id=${number} `);
      });
      expect(await ask(other, "QRPOP", "q")).toBeNull();
    }
  });

  test("an event popped by a client that only half-closed is not requeued", async () => {
    const okq = await startTestOkq();
    const [client, other] = [await okq.connect(), await okq.connect()];
    await ask(other, "QLPUSH", "q", "1", "x");
    client.pipeline(["QRPOP", "q"]);
    client.endSending();
    expect((await client.untilClosed()).map(readable)).toEqual([["1", "x"]]);
    expect(await ask(other, "QSTATUS", "q")).toEqual([["q", 1, 1, 0]]);
  });

  test("a waiting consumer is woken by a requeued event", async () => {
    const all = [...pops, ["QRPOP", "q"]];
    const { redis, okq, client, observer, statistic } = await stalled(all);
    client.reset();
    redis.signal("SIGCONT");
    await eventually(async () => (await statistic("events_popped")) === all.length);
    const consumer = await okq.connect();
    expect(await ask(consumer, "QREGISTER", "q")).toBe("+OK");
    expect(await ask(consumer, "QNOTIFY", 9)).toBe("q");
    expect(await ask(observer, "QRPOP", "q")).toEqual(["1", "x"]);
  });
});

describe("a client that okq does not read from, because it does not read its replies", () => {
  test.each([
    ["resets", (client: Wire) => client.reset()],
    ["closes", (client: Wire) => client.close()],
  ])("is gone when it %s", async (_, leave) => {
    const okq = await startOkqProcess(["--store", "memory"]);
    const observer = closeAfterTest(await okq.connect());
    await ask(observer, "QLPUSH", "q", "1", LARGE);
    const clients: Wire[] = [];
    for (let at = 0; at < 20; at++) clients.push(await okq.connect());
    for (const client of clients) {
      client.pause(true);
      client.pipeline(...Array.from({ length: 4000 }, () => ["QRPEEK", "q"]));
    }
    await eventually(async () => {
      const list = ((await ask(observer, "CLIENT", "LIST")) as string).trim().split("\n").slice(1);
      return list.every((line) => line.includes("events=w ")) && list.length === clients.length;
    });
    // The clients leave while okq is frozen, so that it writes to them before it notices.
    okq.kill("SIGSTOP");
    for (const client of clients) leave(client);
    await Promise.all(clients.map((client) => client.untilClosed()));
    okq.kill("SIGCONT");
    await eventually(async () => {
      const info = (await ask(observer, "INFO", "clients")) as string;
      return info.includes("connected_clients:1\r\n");
    });
    expect(await ask(observer, "INFO", "clients")).toContain("bytes_unsent:0\r\n");
  });
});

describe("the limit on clients", () => {
  test("refuses one client too many, and serves it after another one leaves", async () => {
    const okq = await startTestOkq({ maxClients: 2 });
    const [first, second] = [await okq.connect(), await okq.connect()];
    await askAll(first, ["PING"]);
    await askAll(second, ["PING"]);
    const third = await okq.connect();
    const refusal = ["-ERR max number of clients reached"];
    expect((await third.untilClosed()).map(readable)).toEqual(refusal);
    expect(await ask(first, "INFO", "stats")).toContain("rejected_connections:1\r\n");
    const line = ' warn  refused a client addr=127.0.0.1 reason="max-clients is reached"\n';
    expect(okq.log.filter((text) => text.endsWith(line))).toHaveLength(1);
    second.close();
    await eventually(async () => {
      const another = await okq.connect();
      return (await ask(another, "PING")) === "+PONG";
    });
  });

  test("closes a client that never closes its side", async () => {
    const okq = await startTestOkq();
    const observer = await okq.connect();
    const { createConnection } = await import("node:net");
    const socket = createConnection({ port: okq.port, host: "127.0.0.1", allowHalfOpen: true });
    socket.on("error", () => {});
    const { promise, resolve } = Promise.withResolvers<void>();
    socket.on("end", () => resolve());
    socket.resume();
    socket.write("*x\r\n");
    await promise;
    await eventually(async () => {
      const clients = (await ask(observer, "INFO", "clients")) as string;
      return clients.includes("connected_clients:1\r\n");
    });
    socket.destroy();
  });
});
