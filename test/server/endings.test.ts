// How okq closes connections: a client always reads its last replies and a clean end, even while it
// sends. A consumer that has closed is not counted any more.
import { describe, expect, test } from "bun:test";
import { createConnection } from "node:net";
import { closeAfterTest } from "../support/close-after-test.ts";
import { eventually } from "../support/eventually.ts";
import { startOkqProcess } from "../support/okq-process.ts";
import { startOkqOn, startTestOkq, storeNames } from "../support/okq-server.ts";
import { ask, askAll } from "../support/readable.ts";
import { frame } from "../support/wire.ts";

/** Sends these bytes like a driver, and resolves to all bytes received before the end. */
function exchange(port: number, bytes: Buffer, onData = () => {}): Promise<string> {
  const socket = createConnection({ port, host: "127.0.0.1" });
  closeAfterTest({ close: () => void socket.destroy() });
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const received: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => {
    received.push(chunk);
    onData();
  });
  socket.on("end", () => resolve(Buffer.concat(received).toString("latin1")));
  socket.on("error", reject);
  socket.on("close", () => reject(new Error("closed without an end")));
  socket.write(bytes);
  return promise;
}

const MEGABYTES = Buffer.alloc(20_000_000, "x");

describe("a client that sends a lot of data reads the error, not a reset", () => {
  test.each([
    ["malformed", Buffer.from("*1\r\n:"), "Protocol error: expected '$', got ':'"],
    ["an inline command without end", Buffer.alloc(0), "Protocol error: too big inline request"],
    ["too many arguments", Buffer.from("*1048577\r\n"), "Protocol error: invalid multibulk length"],
    [
      "an event that is larger than okq reads",
      Buffer.from("*2\r\n$6\r\nQLPUSH\r\n$5000000000\r\n"),
      "event too large, 5000000000 of at most 1000 bytes (--max-event-bytes)",
    ],
    ["HTTP", Buffer.from("POST / HTTP/1.1\r\n"), "okq does not speak HTTP"],
  ])("%s", async (_, start, error) => {
    const okq = await startTestOkq({ maxEventBytes: 1000 });
    const bytes = Buffer.concat([start, MEGABYTES]);
    expect(await exchange(okq.port, bytes)).toBe(`-ERR ${error}\r\n`);
  });

  test("before a login", async () => {
    const okq = await startTestOkq({ password: "secret" });
    const push = frame(["QLPUSH", "q", "1", MEGABYTES]);
    expect(await exchange(okq.port, push)).toBe(
      "-ERR Protocol error: unauthenticated bulk length\r\n",
    );
  });

  test("when there are too many clients", async () => {
    const okq = await startTestOkq({ maxClients: 1 });
    await okq.connect();
    const reply = "-ERR max number of clients reached\r\n";
    expect(await exchange(okq.port, MEGABYTES)).toBe(reply);
  });

  test("after QUIT", async () => {
    const okq = await startTestOkq();
    const bytes = Buffer.concat([frame(["QUIT"]), MEGABYTES]);
    expect(await exchange(okq.port, bytes)).toBe("+OK\r\n");
  });
});

test.each(["SIGTERM", "SIGINT"] as const)(
  "a client in the middle of a long pipeline reads complete replies and a clean end at %s",
  async (signal) => {
    const okq = await startOkqProcess(["--store", "memory"]);
    const count = 300_000;
    const pipeline = Buffer.concat(Array<Buffer>(count).fill(frame(["ECHO", "x"])));
    let isStopped = false;
    const stop = () => {
      if (!isStopped) okq.kill(signal);
      isStopped = true;
    };
    const text = await exchange(okq.port, pipeline, stop);
    const replies = text.length / "$1\r\nx\r\n".length;
    expect(text).toBe("$1\r\nx\r\n".repeat(replies));
    expect(replies).toBeLessThan(count);
    expect(await okq.exited).toBe(0);
  },
);

describe.each(storeNames)("on %s", (store) => {
  test("QSTATUS, QINFO and INFO do not count a consumer that has closed", async () => {
    const okq = await startOkqOn(store);
    const observer = await okq.connect();
    const counted = {
      QSTATUS: [["q", 0, 0, 0]],
      QINFO: ["q  total: 0  processing: 0  consumers: 0"],
      "INFO queues": "# Queues\r\nqueues:0\r\nevents:0\r\nevents_processing:0\r\nconsumers:0\r\n",
    };
    for (let round = 0; round < 10; round++) {
      for (const [command, expected] of Object.entries(counted)) {
        const consumers = await Promise.all(Array.from({ length: 5 }, () => okq.connect()));
        for (const consumer of consumers) await ask(consumer, "QREGISTER", "q");
        for (const consumer of consumers.slice(2)) consumer.pipeline(["QNOTIFY", "30"]);
        await eventually(async () => {
          return String(await ask(observer, "INFO", "clients")).includes("blocked_clients:3\r\n");
        });
        expect(await ask(observer, "QSTATUS", "q")).toEqual([["q", 0, 0, 5]]);
        for (const consumer of consumers) consumer.close();
        const args = command.startsWith("INFO") ? command.split(" ") : [command, "q"];
        const [reply] = await askAll(observer, args);
        expect([round, reply]).toEqual([round, expected]);
      }
    }
  });
});
