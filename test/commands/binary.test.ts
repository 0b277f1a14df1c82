// Names, ids and contents of any bytes come back unchanged through every command, on every store,
// in RESP2 and RESP3.
import { describe, expect, test } from "bun:test";
import { startOkqOn, storeNames, type TestOkq } from "../support/okq-server.ts";
import type { Wire } from "../support/wire.ts";

const OK = { simple: "OK" };
const LARGE_BYTES = 5 * 1024 * 1024;

const everyByte = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));

const oddBytes: [string, Buffer][] = [
  ["nothing at all", Buffer.alloc(0)],
  ["NUL", Buffer.from("a\0b\0")],
  ["CRLF and a reply", Buffer.from("\r\n+OK\r\n$5\r\n")],
  ["braces", Buffer.from("{okq}{}{a}}{")],
  ["colons and okq's own prefix", Buffer.from("{okq}:ready:q:")],
  ["invalid UTF-8", Buffer.from([0xff, 0xfe, 0xc3, 0x28, 0x80, 0xed, 0xa0, 0x80])],
  ["UTF-8", Buffer.from("行列 – ‏q\u{1f600}")],
  ["a number", Buffer.from("-0012.0e5")],
  ["every byte there is", everyByte],
  ["spaces and glob signs", Buffer.from(" *?[a-z]\\ %s %d ")],
];

async function connect(okq: TestOkq, version: 2 | 3): Promise<Wire> {
  const client = await okq.connect();
  await client.call("HELLO", version);
  return client;
}

/** Pushes, pops, requeues and acknowledges an event. */
async function liveAndDie(client: Wire, queue: Buffer, id: Buffer, contents: Buffer) {
  const event = [id, contents];
  expect(await client.call("QLPUSH", queue, id, contents)).toEqual(OK);
  expect(await client.call("QSTATUS")).toEqual([[queue, 1, 0, 0]]);
  expect(await client.call("QSTATUS", queue)).toEqual([[queue, 1, 0, 0]]);
  expect(await client.call("QLPEEK", queue)).toEqual(event);
  expect(await client.call("QRPEEK", queue)).toEqual(event);
  expect(await client.call("QREGISTER", queue)).toEqual(OK);
  expect(await client.call("QNOTIFY", 0)).toEqual(queue);
  expect(await client.call("QREGISTER")).toEqual(OK);
  expect(await client.call("QRPOP", queue)).toEqual(event);
  expect(await client.call("QSTATUS")).toEqual([[queue, 1, 1, 0]]);
  expect(await client.call("QACK", queue, id, "REDO")).toBe(1);
  expect(await client.call("QRPOP", queue, "EX", 9)).toEqual(event);
  expect(await client.call("QACK", queue, id)).toBe(1);
  expect(await client.call("QRPUSH", queue, id, contents)).toEqual(OK);
  expect(await client.call("QRPOP", queue, "NOACK")).toEqual(event);
  expect(await client.call("QSTATUS")).toEqual([]);
}

describe.each(storeNames)("on %s", (store) => {
  test.each(oddBytes)(
    "keeps %s as queue, id and contents, in RESP2 and RESP3",
    async (_, bytes) => {
      const okq = await startOkqOn(store);
      for (const version of [2, 3] as const) {
        const client = await connect(okq, version);
        await liveAndDie(client, bytes, bytes, bytes);
        await liveAndDie(client, Buffer.from("q"), bytes, everyByte);
      }
    },
  );

  test("keeps queues with unusual bytes in their names apart", async () => {
    const client = await connect(await startOkqOn(store), 2);
    const names = oddBytes.map(([, bytes]) => bytes);
    for (const name of names) {
      expect(await client.call("QLPUSH", name, "same id", name)).toEqual(OK);
    }
    const ascending = names.toSorted(Buffer.compare);
    expect(await client.call("QSTATUS")).toEqual(ascending.map((name) => [name, 1, 0, 0]));
    expect(await client.call("QFLUSH", names[3]!)).toEqual(OK);
    for (const name of names) {
      const popped = await client.call("QRPOP", name);
      expect(popped).toEqual(name === names[3] ? null : [Buffer.from("same id"), name]);
    }
  });

  test("keeps the bytes of an event whose lease has expired", async () => {
    const client = await connect(await startOkqOn(store), 2);
    for (const [, bytes] of oddBytes) {
      await client.call("QLPUSH", bytes, bytes, bytes);
      await client.call("QRPOP", bytes, "EX", "0.01");
    }
    for (const [, bytes] of oddBytes) {
      await client.call("QREGISTER", bytes);
      expect(await client.call("QNOTIFY", 5)).toEqual(bytes);
      expect(await client.call("QRPOP", bytes)).toEqual([bytes, bytes]);
    }
  });

  test("QINFO shows the bytes of a name unchanged", async () => {
    const client = await connect(await startOkqOn(store), 2);
    for (const [, bytes] of oddBytes) {
      const [line] = (await client.call("QINFO", bytes)) as [Buffer];
      const counts = "  total: 0  processing: 0  consumers: 0";
      expect(line).toEqual(Buffer.concat([bytes, Buffer.from(counts)]));
    }
  });

  test("keeps contents of 5 MB, in RESP2 and RESP3", async () => {
    const okq = await startOkqOn(store);
    const contents = Buffer.alloc(LARGE_BYTES, everyByte);
    for (const version of [2, 3] as const) {
      const client = await connect(okq, version);
      await liveAndDie(client, Buffer.from("q"), Buffer.from("large"), contents);
    }
  });

  test("accepts long ids and queue names", async () => {
    const client = await connect(await startOkqOn(store, { maxNameBytes: 65_536 }), 3);
    const long = Buffer.alloc(65_536, everyByte);
    await liveAndDie(client, long, long, Buffer.from("x"));
  });
});
