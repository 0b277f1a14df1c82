// Bytes on a real socket: malformed, in pieces, many at once. Only the connection that sends
// malformed input is closed, after the replies to earlier commands and an error that says why.
import { describe, expect, test } from "bun:test";
import { startTestOkq } from "../support/okq-server.ts";
import { ask, askAll, readable } from "../support/readable.ts";
import { type Argument, frame } from "../support/wire.ts";

const PROTOCOL_ERROR = "-ERR Protocol error: ";
const MAX_EVENT_BYTES = 1000;

test("does not run commands in the body of an HTTP request", async () => {
  const okq = await startTestOkq();
  const client = await okq.connect();
  expect(await ask(client, "QLPUSH", "q", "1", "x")).toBe("+OK");
  for (const method of ["POST", "PUT"]) {
    const request = fetch(`http://127.0.0.1:${okq.port}/`, { method, body: "QFLUSH q\r\n" });
    await expect(request).rejects.toThrow();
  }
  expect(await ask(client, "QSTATUS", "q")).toEqual([["q", 1, 0, 0]]);
  expect(okq.log.filter((line) => line.includes("speaks HTTP"))).toHaveLength(2);
});

test("answers an HTTP request with one error also before a login", async () => {
  const okq = await startTestOkq({ password: "secret" });
  for (const method of ["POST", "PUT"]) {
    const body = "AUTH secret\r\nQLPUSH q 1 x\r\n";
    await expect(fetch(`http://127.0.0.1:${okq.port}/`, { method, body })).rejects.toThrow();
  }
  expect(okq.log.filter((line) => line.includes("speaks HTTP"))).toHaveLength(2);
  const client = await okq.connect();
  expect(await askAll(client, ["AUTH", "secret"], ["QSTATUS"])).toEqual(["+OK", []]);
});

describe("malformed input", () => {
  test.each([
    ["*3000000000\r\n", "invalid multibulk length"],
    ["*1048577\r\n", "invalid multibulk length"],
    ["*x\r\n", "invalid multibulk length"],
    ["*1\r\n$-1\r\n", "invalid bulk length"],
    ["*1\r\n$x\r\n", "invalid bulk length"],
    ["*1\r\n$4\r\nPINGxx", "invalid bulk length"],
    ["*1\r\n:4\r\n", "expected '$', got ':'"],
    ["*1\r\n\r\n", "expected '$', got '?'"],
    ['ECHO "a\r\n', "unbalanced quotes in request"],
    ["ECHO 'a'b\r\n", "unbalanced quotes in request"],
    [`PING ${"x".repeat(65_536)}`, "too big inline request"],
    [`*${"1".repeat(65_536)}`, "too big mbulk count string"],
    [`*1\r\n$${"1".repeat(65_536)}`, "too big bulk count string"],
  ])("%j", async (bytes, what) => {
    const okq = await startTestOkq({ maxEventBytes: MAX_EVENT_BYTES });
    const [client, other] = [await okq.connect(), await okq.connect()];
    client.pipeline(["QLPUSH", "q", "1", "x"], ["QRPEEK", "q"]);
    client.send(bytes);
    client.pipeline(["QFLUSH", "q"]);
    const replies = (await client.untilClosed()).map(readable);
    expect(replies).toEqual(["+OK", ["1", "x"], PROTOCOL_ERROR + what]);
    // Other clients are served, and the command after the malformed input was not run.
    expect(await ask(other, "QSTATUS", "q")).toEqual([["q", 1, 0, 0]]);
  });

  test("ends a wait in QNOTIFY with nil before its error", async () => {
    const okq = await startTestOkq();
    const client = await okq.connect();
    await ask(client, "QREGISTER", "q");
    client.pipeline(["QNOTIFY", "0.05"]);
    client.send("*x\r\n");
    const replies = (await client.untilClosed()).map(readable);
    expect(replies).toEqual([null, `${PROTOCOL_ERROR}invalid multibulk length`]);
  });

  test.each(["OFF", "SKIP"])("is not answered after CLIENT REPLY %s, as in Redis", async (mode) => {
    const client = await (await startTestOkq()).connect();
    client.pipeline(["CLIENT", "REPLY", mode]);
    client.send("*x\r\n");
    expect(await client.untilClosed()).toEqual([]);
  });

  test("of random bytes does not disturb other clients", async () => {
    const okq = await startTestOkq();
    const other = await okq.connect();
    const seed = Date.now() % 1_000_000;
    const random = randomFrom(seed);
    for (let round = 0; round < 100; round++) {
      const client = await okq.connect();
      const length = 1 + Math.floor(random() * 200);
      const bytes = Buffer.from(Array.from({ length }, () => Math.floor(random() * 256)));
      client.send(Buffer.concat([Buffer.from("*".repeat(round % 2)), bytes]));
      client.endSending();
      await client.untilClosed();
      expect([seed, await ask(other, "PING")]).toEqual([seed, "+PONG"]);
    }
  });
});

describe("the limit on the size of events", () => {
  const largest = "x".repeat(MAX_EVENT_BYTES);
  const tooLarge = "-ERR event too large, 1001 of at most 1000 bytes (--max-event-bytes)";

  test("accepts the largest event, and refuses one byte more", async () => {
    const okq = await startTestOkq({ maxEventBytes: MAX_EVENT_BYTES });
    const client = await okq.connect();
    expect(await ask(client, "QLPUSH", "q", "1", largest)).toBe("+OK");
    expect(await ask(client, "QRPOP", "q")).toEqual(["1", largest]);
    expect(await ask(client, "QLPUSH", "q", "2", `${largest}x`)).toBe(tooLarge);
    expect(await ask(client, "QLPUSH", "q", "2", largest)).toBe("+OK");
    const addr = / addr=(\S+)/.exec((await ask(client, "CLIENT", "INFO")) as string)![1];
    const lines = okq.log.filter((line) => line.includes("refused an event that is too large"));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(` addr=${addr} bytes=1001 bytesMax=1000`);
  });

  test("refuses an event one byte too large, and only commands sent after it", async () => {
    const okq = await startTestOkq({ maxEventBytes: MAX_EVENT_BYTES });
    const client = await okq.connect();
    await askAll(client, ["QLPUSH", "in", "1", "x"], ["QRPOP", "in"]);
    const move = [
      ["QLPUSH", "out", "1", `${largest}x`],
      ["QACK", "in", "1"],
    ];
    const notDone = "-ERR not done, because an earlier command of this client was refused";
    expect(await askAll(client, ...move)).toEqual([tooLarge, notDone]);
    expect(await ask(client, "QSTATUS", "in", "out")).toEqual([
      ["in", 1, 1, 0],
      ["out", 0, 0, 0],
    ]);
    expect(await ask(client, "QACK", "in", "1")).toBe(1);
  });

  test("drops an event that is far too large, and keeps the connection open", async () => {
    const okq = await startTestOkq({ maxEventBytes: MAX_EVENT_BYTES });
    const client = await okq.connect();
    client.pipeline(["QLPUSH", "q", "1", Buffer.alloc(50_000_000)], ["PING"]);
    const [refusal, pong] = (await client.take(2)).map(readable);
    expect(refusal).toBe(tooLarge.replace("1001", "50000000"));
    expect(pong).toBe("+PONG");
  });

  test("refuses an event without a reply while replies are off", async () => {
    const okq = await startTestOkq({ maxEventBytes: MAX_EVENT_BYTES });
    const client = await okq.connect();
    const push = ["QLPUSH", "q", "1", `${largest}x`];
    client.pipeline(["CLIENT", "REPLY", "OFF"], push, ["CLIENT", "REPLY", "ON"]);
    client.pipeline(["CLIENT", "REPLY", "SKIP"], push, ["PING"]);
    expect((await client.take(2)).map(readable)).toEqual(["+OK", "+PONG"]);
  });
});

test("runs inline commands, as typed into nc", async () => {
  const client = await (await startTestOkq()).connect();
  client.send("\r\n\n  \r\nPING\r\nqlpush q 1 'it''s'\r\n".replace("it''s", "it\\'s"));
  client.send('QLPUSH "a queue" "\\x00\\xff\\n" ""\nQRPOP q\r\n  QRPOP   "a queue"  \r\nQUIT\n');
  expect((await client.untilClosed()).map(readable)).toEqual([
    "+PONG",
    "+OK",
    "+OK",
    ["1", "it's"],
    ["\0\u00ff\n", ""],
    "+OK",
  ]);
});

test("runs inline commands and frames in one pipeline", async () => {
  const client = await (await startTestOkq()).connect();
  client.send(
    Buffer.concat([Buffer.from("PING 1\r\n"), frame(["PING", "2"]), Buffer.from("*0\r\n")]),
  );
  client.send("PING 3\n");
  expect((await client.take(3)).map(readable)).toEqual(["1", "2", "3"]);
});

test("gives the same replies to a pipeline split at any byte", async () => {
  const commands: Argument[][] = [
    ["QLPUSH", "q", "1", "a\r\n$3\r\n"],
    ["QRPEEK", "q"],
    ["HELLO", "3"],
    ["QRPOP", "q", "NOACK"],
    ["QRPOP", "q"],
  ];
  const bytes = Buffer.concat([...commands.map(frame), Buffer.from("PING x\r\n")]);
  const okq = await startTestOkq();
  const client = await okq.connect();
  const marker = await okq.connect();
  for (let cut = 1; cut < bytes.length; cut++) {
    client.send(bytes.subarray(0, cut));
    // The reply to another connection shows that okq has read the first part on its own.
    if (cut % 16 === 0) await ask(marker, "PING");
    client.send(bytes.subarray(cut));
    const [pushed, peeked, , popped, empty, pong] = (await client.take(6)).map(readable);
    expect([cut, pushed, peeked]).toEqual([cut, "+OK", ["1", "a\r\n$3\r\n"]]);
    expect([popped, empty, pong]).toEqual([["1", "a\r\n$3\r\n"], null, "x"]);
    await ask(client, "HELLO", 2);
  }
});

test("answers 10,000 commands of a client that then half-closes", async () => {
  const okq = await startTestOkq();
  const client = await okq.connect();
  const count = 10_000;
  client.pipeline(
    ...Array.from({ length: count / 2 }, (_, at) => [
      ["QLPUSH", "q", at, at],
      ["ECHO", at],
    ]).flat(),
  );
  client.endSending();
  const replies = (await client.untilClosed()).map(readable);
  expect(replies).toHaveLength(count);
  const expected = Array.from({ length: count / 2 }, (_, at) => ["+OK", String(at)]).flat();
  expect(replies).toEqual(expected);
  const other = await okq.connect();
  expect(await ask(other, "QSTATUS", "q")).toEqual([["q", count / 2, 0, 0]]);
});

test("does not run a command that is incomplete when the client half-closes", async () => {
  const okq = await startTestOkq();
  const client = await okq.connect();
  const push = frame(["QLPUSH", "q", "2", "x"]);
  client.pipeline(["QLPUSH", "q", "1", "x"]);
  client.send(push.subarray(0, push.length - 1));
  client.endSending();
  expect((await client.untilClosed()).map(readable)).toEqual(["+OK"]);
  expect(await ask(await okq.connect(), "QSTATUS", "q")).toEqual([["q", 1, 0, 0]]);
});

/** Mulberry32: numbers from 0 to 1 that follow from the seed. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
