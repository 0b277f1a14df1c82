// QLPUSH and QRPUSH over the wire, on every store: order of events, refused pushes, and NOBLOCK.
import { describe, expect, test } from "bun:test";
import { eventually } from "../support/eventually.ts";
import { startOkqOn, startTestOkq, startTestRedis, storeNames } from "../support/okq-server.ts";
import { ask, askAll } from "../support/readable.ts";

const DUPLICATE = "-ERR duplicate event 1";
const BUSY = "-ERR too busy to process NOBLOCK event";

describe.each(storeNames)("on %s", (store) => {
  test("an event pushed right is the next one out, an event pushed left the last", async () => {
    const client = await (await startOkqOn(store)).connect();
    expect(await ask(client, "QLPUSH", "q", "1", "a")).toBe("+OK");
    expect(await ask(client, "QLPUSH", "q", "2", "b")).toBe("+OK");
    expect(await ask(client, "QRPUSH", "q", "3", "c")).toBe("+OK");
    expect(await ask(client, "QRPUSH", "q", "4", "d")).toBe("+OK");
    const popped = await askAll(client, ...Array.from({ length: 5 }, () => ["QRPOP", "q"]));
    const expected = [["4", "d"], ["3", "c"], ["1", "a"], ["2", "b"], null];
    expect(popped).toEqual(expected);
  });

  test.each(["QLPUSH", "QRPUSH"])(
    "%s refuses an id that is ready in the queue, and changes nothing",
    async (push) => {
      const client = await (await startOkqOn(store)).connect();
      await ask(client, "QLPUSH", "q", "1", "first");
      await ask(client, "QLPUSH", "q", "2", "second");
      expect(await ask(client, push, "q", "1", "other")).toBe(DUPLICATE);
      expect(await ask(client, "QSTATUS", "q")).toEqual([["q", 2, 0, 0]]);
      expect(await ask(client, "QRPEEK", "q")).toEqual(["1", "first"]);
      expect(await ask(client, "QLPEEK", "q")).toEqual(["2", "second"]);
    },
  );

  test.each(["QLPUSH", "QRPUSH"])("%s refuses an id that is claimed", async (push) => {
    const client = await (await startOkqOn(store)).connect();
    await ask(client, "QLPUSH", "q", "1", "first");
    await ask(client, "QRPOP", "q");
    expect(await ask(client, push, "q", "1", "other")).toBe(DUPLICATE);
    expect(await ask(client, "QSTATUS", "q")).toEqual([["q", 1, 1, 0]]);
    await ask(client, "QACK", "q", "1", "REDO");
    expect(await ask(client, "QRPOP", "q")).toEqual(["1", "first"]);
  });

  test("an id is free once its event is acknowledged, removed by a pop, or flushed", async () => {
    const client = await (await startOkqOn(store)).connect();
    const push = ["QLPUSH", "q", "1", "x"];
    const popped = ["1", "x"];
    const acknowledged = await askAll(client, push, ["QRPOP", "q"], ["QACK", "q", "1"], push);
    expect(acknowledged).toEqual(["+OK", popped, 1, "+OK"]);
    expect(await askAll(client, ["QRPOP", "q", "NOACK"], push)).toEqual([popped, "+OK"]);
    expect(await askAll(client, ["QRPOP", "q", "EX", "0"], push)).toEqual([popped, "+OK"]);
    expect(await askAll(client, ["QFLUSH", "q"], push)).toEqual(["+OK", "+OK"]);
  });

  test("the same id may be in two queues", async () => {
    const client = await (await startOkqOn(store)).connect();
    expect(await ask(client, "QLPUSH", "a", "1", "in a")).toBe("+OK");
    expect(await ask(client, "QLPUSH", "b", "1", "in b")).toBe("+OK");
    expect(await ask(client, "QACK", "b", "1")).toBe(0);
    expect(await ask(client, "QRPOP", "b")).toEqual(["1", "in b"]);
    expect(await ask(client, "QRPOP", "a")).toEqual(["1", "in a"]);
  });

  test("accepts the first of two pushes with one id in a pipeline", async () => {
    const client = await (await startOkqOn(store)).connect();
    const pushes = [
      ["QLPUSH", "q", "1", "first"],
      ["QRPUSH", "q", "1", "second"],
      ["QLPUSH", "q", "1", "third"],
    ];
    expect(await askAll(client, ...pushes)).toEqual(["+OK", DUPLICATE, DUPLICATE]);
    expect(await ask(client, "QRPOP", "q")).toEqual(["1", "first"]);
    expect(await ask(client, "QRPOP", "q")).toBeNull();
  });

  test("accepts one of many pushes with one id from many clients", async () => {
    const okq = await startOkqOn(store);
    const clients = await Promise.all(Array.from({ length: 20 }, () => okq.connect()));
    const replies = await Promise.all(
      clients.map((client, number) => ask(client, "QLPUSH", "q", "1", number)),
    );
    expect(replies.filter((reply) => reply === "+OK")).toHaveLength(1);
    expect(replies.filter((reply) => reply === DUPLICATE)).toHaveLength(19);
  });

  test("pushes with NOBLOCK in any case", async () => {
    const client = await (await startOkqOn(store)).connect();
    expect(await ask(client, "QLPUSH", "q", "1", "a", "NOBLOCK")).toBe("+OK");
    expect(await ask(client, "QRPUSH", "q", "2", "b", "noBlock")).toBe("+OK");
    expect(await ask(client, "QRPOP", "q")).toEqual(["2", "b"]);
    expect(await ask(client, "QRPOP", "q")).toEqual(["1", "a"]);
  });

  test("refuses NOBLOCK pushes while the pool is full", async () => {
    const okq = await startOkqOn(store, { bgPushPoolSize: 2 });
    const client = await okq.connect();
    const pushes = [1, 2, 3, 4].map((id) => ["QLPUSH", "q", id, "x", "NOBLOCK"]);
    expect(await askAll(client, ...pushes)).toEqual(["+OK", "+OK", BUSY, BUSY]);
    expect(await ask(client, "QLPUSH", "q", "blocking", "x")).toBe("+OK");
    expect(await ask(client, "QLPUSH", "q", "5", "x", "NOBLOCK")).toBe("+OK");
    expect(await ask(client, "QSTATUS", "q")).toEqual([["q", 4, 0, 0]]);
  });

  test("NOBLOCK pushes together may have as many bytes as the largest event", async () => {
    const okq = await startOkqOn(store, { maxEventBytes: 1000 });
    const client = await okq.connect();
    const push = (id: number, bytes: number) => ["QLPUSH", "q", id, "x".repeat(bytes), "NOBLOCK"];
    expect(await askAll(client, push(1, 600), push(2, 500), push(3, 400))).toEqual([
      "+OK",
      BUSY,
      "+OK",
    ]);
    await eventually(async () =>
      String(await ask(client, "INFO", "stats")).includes("_bytes:0\r\n"),
    );
    expect(await ask(client, ...push(4, 1000))).toBe("+OK");
  });

  test("logs a NOBLOCK push that is a duplicate", async () => {
    const okq = await startOkqOn(store);
    const client = await okq.connect();
    await ask(client, "QLPUSH", "q", "1", "first");
    expect(await ask(client, "QLPUSH", "q", "1", "other", "NOBLOCK")).toBe("+OK");
    const line = await eventually(() =>
      okq.log.find((each) => each.includes("NOBLOCK push failed queue=q id=1")),
    );
    expect(line).toContain("ERR duplicate event 1");
    expect(await ask(client, "QRPOP", "q")).toEqual(["1", "first"]);
  });

  test("refuses an unknown option and pushes nothing", async () => {
    const client = await (await startOkqOn(store)).connect();
    const refused = "-ERR syntax error, unknown option 'NOBLOK' (known: NOBLOCK, ";
    expect(await ask(client, "QLPUSH", "q", "1", "x", "NOBLOK")).toStartWith(refused);
    expect(await ask(client, "QSTATUS")).toEqual([]);
  });
});

test("answers a push with an error while the store is down, and logs it with NOBLOCK", async () => {
  const redis = await startTestRedis();
  const okq = await startTestOkq({ store: "", redisAddr: `127.0.0.1:${redis.port}` });
  const client = await okq.connect();
  await redis.kill();
  await eventually(() => okq.log.some((line) => line.includes("Redis connection lost")));
  expect(await ask(client, "QLPUSH", "q", "1", "x")).toMatch(/^-LOADING store unavailable: /);
  expect(await ask(client, "QLPUSH", "q", "2", "x", "NOBLOCK")).toBe("+OK");
  await eventually(() => okq.log.some((line) => line.includes("NOBLOCK push failed queue=q id=2")));
  await redis.start();
  await eventually(async () => (await ask(client, "QLPUSH", "q", "3", "x")) === "+OK");
  expect(await ask(client, "QSTATUS", "q")).toEqual([["q", 1, 0, 0]]);
});
