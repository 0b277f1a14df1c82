// The bounds on requests, bodies and connections of HTTP.
import { describe, expect, test } from "bun:test";
import { RawSocket } from "../faults/raw-socket.ts";
import { closeAfterTest } from "../support/close-after-test.ts";
import { eventually } from "../support/eventually.ts";
import { answerOn, exchangeRaw, requestText } from "../support/http.ts";
import { startTestOkq, type TestOkq } from "../support/okq-server.ts";
import { startProcess } from "../support/process.ts";
import { openFiles } from "../support/process-figures.ts";
import { TestClock } from "../support/test-clock.ts";
import { Wire } from "../support/wire.ts";

const ANY = "127.0.0.1:0";
const JSON_TYPE = { "Content-Type": "application/json" };
const PUSH = "POST /v1/queues/mail/events";
const WAIT = requestText("POST /v1/queues/mail/pop", JSON_TYPE, '{"wait": 60}');
const SECOND_MS = 1000;

/** Sends a part of a request, and leaves the connection open. */
async function sendOn(port: number, bytes: string): Promise<RawSocket> {
  const socket = await RawSocket.connect(port);
  closeAfterTest({ close: () => socket.reset() });
  socket.send(Buffer.from(bytes));
  return socket;
}

/** The head of a push with a body of that length, and the first bytes of the body. */
function pushOf(length: number, sentBytes: number): string {
  const body = `{"contents": "${"x".repeat(Math.max(0, sentBytes - 14))}`.slice(0, sentBytes);
  return requestText(PUSH, { ...JSON_TYPE, "Content-Length": String(length) }, body);
}

/** One of INFO's. */
async function figure(client: Wire, name: string): Promise<number> {
  const info = ((await client.call("INFO")) as Buffer).toString();
  return Number(new RegExp(`^${name}:(\\d+)`, "m").exec(info)![1]);
}

async function untilWaiting(okq: TestOkq, count: number): Promise<void> {
  const client = await okq.connect();
  await eventually(async () => (await figure(client, "blocked_clients")) === count);
  client.close();
}

describe("a body", () => {
  test("that is announced as too large is refused unread, and the connection closed", async () => {
    const okq = await startTestOkq({ httpAddr: ANY, maxEventBytes: 1000 });
    const socket = await sendOn(okq.httpPort, pushOf(10_000_000, 100));
    const answer = await answerOn(socket);
    expect(answer.status).toBe(413);
    expect(answer.headers.get("Connection")).toBe("close");
    expect(JSON.parse(answer.text)).toMatchObject({ title: "Content Too Large" });
    await eventually(() => socket.isClosed);
  });

  test("that turns out to be too large is refused", async () => {
    const okq = await startTestOkq({ httpAddr: ANY, maxEventBytes: 1000 });
    const headers = { ...JSON_TYPE, "Transfer-Encoding": "chunked" };
    const socket = await sendOn(okq.httpPort, requestText(PUSH, headers));
    const chunk = Buffer.from(`8000\r\n${"x".repeat(0x8000)}\r\n`);
    for (let sent = 0; sent < 2 ** 22 && !socket.isClosed; sent += chunk.length) {
      socket.send(chunk);
    }
    const answer = await answerOn(socket);
    expect(answer.status).toBe(413);
    await eventually(() => socket.isClosed);
  });

  test("in chunks is as good as one with a length", async () => {
    const okq = await startTestOkq({ httpAddr: ANY });
    const headers = { ...JSON_TYPE, "Transfer-Encoding": "chunked" };
    const chunks = '8\r\n{"conten\r\n9\r\nts": "x"}\r\n0\r\n\r\n';
    const answer = await exchangeRaw(okq.httpPort, requestText(PUSH, headers) + chunks);
    expect(answer.status).toBe(201);
  });

  test("that comes too slowly is refused with 408", async () => {
    const clock = new TestClock();
    const okq = await startTestOkq({ httpAddr: ANY }, clock);
    const socket = await sendOn(okq.httpPort, pushOf(2 ** 20, 2 ** 17));
    await eventually(() => {
      clock.advance(SECOND_MS);
      return socket.isClosed;
    });
    const answer = await answerOn(socket);
    expect(answer.status).toBe(408);
    expect(answer.headers.get("Connection")).toBe("close");
  });

  test("of a request that is not answered counts for max-waiting-bytes", async () => {
    const okq = await startTestOkq({ httpAddr: ANY, maxWaitingBytes: 2 ** 20 });
    const client = await okq.connect();
    const taken = async () => await figure(client, "bytes_bodies");
    const push = () => exchangeRaw(okq.httpPort, requestText(PUSH, JSON_TYPE, '{"contents": "x"}'));
    const large = await sendOn(okq.httpPort, pushOf(3_000_000, 2 ** 20));
    await eventually(async () => (await taken()) === 2 ** 20);
    expect((await push()).status).toBe(201);
    large.send(Buffer.alloc(100, "x"));
    await eventually(async () => (await taken()) > 2 ** 20);
    const refused = await push();
    expect(refused.status).toBe(503);
    expect(refused.headers.get("Retry-After")).toBe("1");
    const empty = requestText("DELETE /v1/queues/mail/events/1", { "Content-Length": "0" });
    expect((await exchangeRaw(okq.httpPort, empty)).status).toBe(200);
    large.reset();
    await eventually(async () => (await taken()) === 0);
    expect((await push()).status).toBe(201);
  });

  test("of lines counts for max-waiting-bytes until they are pushed", async () => {
    const okq = await startTestOkq({ httpAddr: ANY, maxWaitingBytes: 2 ** 20 });
    const client = await okq.connect();
    const taken = async () => await figure(client, "bytes_bodies");
    const headers = { "Content-Type": "application/x-ndjson", "Content-Length": "10000000" };
    const begin = (bytes: number) =>
      sendOn(okq.httpPort, `${requestText(PUSH, headers)}{"contents":"${"x".repeat(bytes)}`);
    const first = await begin(600_000);
    const second = await begin(440_000);
    await eventually(async () => (await taken()) > 1_040_000);
    second.send(Buffer.alloc(10_000, "x"));
    await eventually(async () => (await taken()) > 2 ** 20);
    const refused = await answerOn(await begin(1));
    expect(refused.status).toBe(503);
    expect(JSON.parse(refused.text).detail).toContain("max-waiting-bytes");
    second.reset();
    await eventually(async () => (await taken()) < 2 ** 20);
    expect(await taken()).toBeGreaterThan(600_000);
    first.send(Buffer.from('"}\n'));
    await eventually(async () => (await taken()) === 0);
    expect(await client.call("LLEN", "mail")).toBe(1);
  });

  test("is read only of clients that have logged in", async () => {
    const okq = await startTestOkq({ httpAddr: ANY, password: "secret" });
    const socket = await sendOn(okq.httpPort, pushOf(1_000_000, 100));
    const answer = await answerOn(socket);
    expect(answer.status).toBe(401);
    expect(answer.headers.get("Connection")).toBe("close");
  });
});

describe("requests in progress", () => {
  test("count as clients, together with those of RESP", async () => {
    const okq = await startTestOkq({ httpAddr: ANY, maxClients: 3 });
    const client = await okq.connect();
    const first = await sendOn(okq.httpPort, WAIT);
    await sendOn(okq.httpPort, WAIT);
    await eventually(async () => (await figure(client, "blocked_clients")) === 2);
    const get = () => exchangeRaw(okq.httpPort, requestText("GET /v1/session"));
    const answer = await get();
    expect(answer.status).toBe(503);
    expect(JSON.parse(answer.text).detail).toBe("ERR max number of clients reached");
    expect((await exchangeRaw(okq.httpPort, requestText("GET /healthz"))).status).toBe(200);
    first.reset();
    await eventually(async () => (await get()).status === 200);
  });

  test("of one address are limited by max-clients-per-address", async () => {
    const okq = await startTestOkq({ httpAddr: ANY, maxClientsPerAddress: 1 });
    await sendOn(okq.httpPort, WAIT);
    const answer = await eventually(async () => {
      const each = await exchangeRaw(okq.httpPort, requestText("GET /v1/session"));
      return each.status === 503 ? each : null;
    });
    expect(JSON.parse(answer.text).detail).toContain("max-clients-per-address");
  });

  test("end when their clients leave, and events that come later stay", async () => {
    const okq = await startTestOkq({ httpAddr: ANY });
    const sockets = await Promise.all([sendOn(okq.httpPort, WAIT), sendOn(okq.httpPort, WAIT)]);
    await untilWaiting(okq, 2);
    sockets[0]!.reset();
    sockets[1]!.close();
    await untilWaiting(okq, 0);
    const client = await okq.connect();
    await client.call("QPUSH", "mail", "x");
    expect(await client.call("LLEN", "mail")).toBe(1);
  });

  test("may wait longer than an idle connection", async () => {
    const okq = await startTestOkq({ httpAddr: ANY });
    const client = await okq.connect();
    await client.call("QPUSH", "mail", "x", "ID", "1");
    const wait = requestText("GET /v1/queues/mail/events/1/wait?seconds=15");
    const socket = await sendOn(okq.httpPort, wait);
    const answer = await answerOn(socket);
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.text)).toMatchObject({ outcome: null });
    socket.send(Buffer.from(requestText("GET /v1/session")));
    expect((await answerOn(socket)).status).toBe(200);
  });
});

describe("a connection", () => {
  test("that sends no whole head of a request is closed", async () => {
    const okq = await startTestOkq({ httpAddr: ANY });
    const silent = await sendOn(okq.httpPort, "");
    const slow = await sendOn(okq.httpPort, "GET / HTTP/1.1\r\nX: ");
    await eventually(() => {
      if (!slow.isClosed) slow.send(Buffer.from("x"));
      return silent.isClosed && slow.isClosed;
    });
  });

  test("is closed after --client-output-timeout if its answer is not read", async () => {
    const okq = await startTestOkq({ httpAddr: ANY, clientOutputTimeout: 2 });
    const client = await okq.connect();
    await client.call("QPUSH", "mail", Buffer.alloc(30_000_000, "x"), "ID", "1");
    const socket = await sendOn(okq.httpPort, "");
    socket.pause(true);
    socket.send(Buffer.from(requestText("GET /v1/queues/mail/events/1")));
    await eventually(async () => (await figure(client, "bytes_unsent")) > 0);
    await eventually(async () => (await figure(client, "bytes_unsent")) === 0);
  });

  test("is refused while HTTP has too many, and RESP clients are served", async () => {
    const fileLimit = 600;
    const args = ["--store", "memory", "--listen-addr", ANY, "--http-addr", ANY];
    const okq = startProcess(args, { fileLimit });
    const line = await okq.waitForLine(/listening .*port=(\d+).* httpPort=(\d+)/);
    const [port, httpPort] = [Number(line[1]), Number(line[2])];
    const flood: RawSocket[] = [];
    for (let count = 0; count < 1500; count++) {
      // Half of them are silent, the others are within a request.
      const sent = count % 2 === 0 ? "" : "GET / HTTP/1.1\r\nX: ";
      await sendOn(httpPort, sent).then(
        (socket) => flood.push(socket),
        () => {},
      );
      if (count % 100 !== 99) continue;
      const client = closeAfterTest(await Wire.connect(port));
      expect(await client.call("LLEN", "mail")).toBe(0);
      expect(openFiles(okq.pid)).toBeLessThan(fileLimit);
    }
    expect(okq.stderr()).toContain("stopped listening for HTTP for a while");
    for (const socket of flood) socket.reset();
    await eventually(async () => {
      const answer = await exchangeRaw(httpPort, requestText("GET /healthz"));
      return answer.status === 200;
    });
  });
});

describe("what is no request", () => {
  const get = (headers: string) => `GET /v1/session HTTP/1.1\r\n${headers}\r\n`;

  test.each<[string, string, number]>([
    ["no Host", get(""), 400],
    ["two Hosts", get("Host: localhost\r\nHost: localhost\r\n"), 421],
    ["a long header", get(`Host: localhost\r\nX: ${"x".repeat(20_000)}\r\n`), 431],
    ["many headers", get(`Host: localhost\r\n${"X: y\r\n".repeat(300)}`), 431],
    ["a header without a colon", get("Host: localhost\r\nnonsense\r\n"), 400],
    ["a blank before the colon", get("Host : localhost\r\n"), 400],
    ["a NUL in a header", get("Host: localhost\r\nX: a\0b\r\n"), 400],
    ["another protocol", "GET / HTTP/2.0\r\nHost: localhost\r\n\r\n", 505],
    [
      "two lengths",
      `${get("Host: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n")}xx`,
      400,
    ],
    [
      "a length and chunks",
      `${get("Host: localhost\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n")}0\r\n\r\n`,
      400,
    ],
    ["a length that is no number", get("Host: localhost\r\nContent-Length: +1\r\n"), 400],
    ["commands of Redis", "*1\r\n$4\r\nPING\r\n\r\n\r\n", 400],
  ])("%s is refused with %3$i", async (_name, bytes, status) => {
    const okq = await startTestOkq({ httpAddr: ANY });
    expect((await exchangeRaw(okq.httpPort, bytes)).status).toBe(status);
    expect((await exchangeRaw(okq.httpPort, get("Host: localhost\r\n"))).status).toBe(200);
  });

  test("an absolute target asks for its path", async () => {
    const okq = await startTestOkq({ httpAddr: ANY });
    const target = requestText("GET http://evil.example/v1/session");
    expect((await exchangeRaw(okq.httpPort, target)).status).toBe(200);
    const asked = requestText("GET http://localhost/v1/session", { Host: "evil.example" });
    expect((await exchangeRaw(okq.httpPort, asked)).status).toBe(421);
  });

  test("100-continue is granted", async () => {
    const okq = await startTestOkq({ httpAddr: ANY });
    const headers = { ...JSON_TYPE, Expect: "100-continue", "Content-Length": "17" };
    const socket = await sendOn(okq.httpPort, requestText(PUSH, headers));
    expect((await answerOn(socket)).status).toBe(100);
    socket.send(Buffer.from('{"contents": "x"}'));
    expect((await answerOn(socket)).status).toBe(201);
  });

  test("a request before the earlier one is answered ends the connection", async () => {
    const okq = await startTestOkq({ httpAddr: ANY });
    const socket = await sendOn(okq.httpPort, WAIT);
    await untilWaiting(okq, 1);
    socket.send(Buffer.from(requestText("GET /v1/session")));
    await eventually(() => socket.isClosed);
    await untilWaiting(okq, 0);
  });
});
