// QSTATUS, QINFO and QFLUSH over the wire, on every store.
import { describe, expect, test } from "bun:test";
import { startOkqOn, storeNames } from "../support/okq-server.ts";
import { ask, askAll } from "../support/readable.ts";
import type { Wire } from "../support/wire.ts";

async function push(client: Wire, queue: string | Buffer, count: number): Promise<void> {
  const ids = Array.from({ length: count }, (_, id) => id);
  await askAll(client, ...ids.map((id) => ["QLPUSH", queue, id, "x"]));
}

describe.each(storeNames)("on %s", (store) => {
  test.each([2, 3])("QSTATUS answers arrays in the order asked, in RESP%d", async (version) => {
    const client = await (await startOkqOn(store)).connect();
    await ask(client, "HELLO", version);
    await push(client, "a", 3);
    await push(client, "b", 1);
    await ask(client, "QRPOP", "a");
    await ask(client, "QREGISTER", "b");
    expect(await ask(client, "QSTATUS", "b", "nowhere", "a", "b")).toEqual([
      ["b", 1, 0, 1],
      ["nowhere", 0, 0, 0],
      ["a", 3, 1, 0],
      ["b", 1, 0, 1],
    ]);
  });

  test("QSTATUS without arguments lists all active queues in order of their bytes", async () => {
    const client = await (await startOkqOn(store)).connect();
    expect(await ask(client, "QSTATUS")).toEqual([]);
    expect(await ask(client, "QINFO")).toEqual([]);
    const names = ["b", "a", "B", "ab", "10", "9", "\u00ff", "\u0080", "", "a\0"];
    for (const name of names) await push(client, Buffer.from(name, "latin1"), 1);
    const listed = (await ask(client, "QSTATUS")) as [string][];
    const ascending = ["", "10", "9", "B", "a", "a\0", "ab", "b", "\u0080", "\u00ff"];
    expect(listed.map(([name]) => name)).toEqual(ascending);
  });

  test("lists a queue as long as it has ready or claimed events", async () => {
    const client = await (await startOkqOn(store)).connect();
    await push(client, "q", 1);
    expect(await ask(client, "QSTATUS")).toEqual([["q", 1, 0, 0]]);
    await ask(client, "QRPOP", "q");
    expect(await ask(client, "QSTATUS")).toEqual([["q", 1, 1, 0]]);
    await ask(client, "QACK", "q", "0");
    expect(await ask(client, "QSTATUS")).toEqual([]);
  });

  test("lists each queue once, also if the list takes several operations", async () => {
    const client = await (await startOkqOn(store)).connect();
    const names = Array.from({ length: 600 }, (_, at) => `queue ${String(at).padStart(3, "0")}`);
    await askAll(client, ...names.toReversed().map((name) => ["QLPUSH", name, "1", "x"]));
    const expected = names.map((name) => [name, 1, 0, 0]);
    expect(await ask(client, "QSTATUS")).toEqual(expected);
    expect(await ask(client, "QSTATUS", ...names)).toEqual(expected);
    expect(await ask(client, "QINFO")).toHaveLength(600);
  });

  test("QINFO answers the same as lines with aligned columns", async () => {
    const okq = await startOkqOn(store);
    const client = await okq.connect();
    for (let consumers = 0; consumers < 3; consumers++) {
      await ask(await okq.connect(), "QREGISTER", "foo");
    }
    await push(client, "foo", 2);
    await ask(client, "QRPOP", "foo");
    expect(await ask(client, "QINFO")).toEqual(["foo  total: 2  processing: 1  consumers: 3"]);
    await push(client, "a-longer-one", 120);
    expect(await ask(client, "QINFO", "foo", "a-longer-one", "none")).toEqual([
      "foo           total: 2    processing: 1  consumers: 3",
      "a-longer-one  total: 120  processing: 0  consumers: 0",
      "none          total: 0    processing: 0  consumers: 0",
    ]);
  });

  test("QINFO aligns names by their width in a terminal, also in RESP3", async () => {
    const client = await (await startOkqOn(store)).connect();
    await ask(client, "HELLO", 3);
    const lines = await client.call("QINFO", "héé", "行列", "abcd");
    expect((lines as Buffer[]).map(String)).toEqual([
      "héé   total: 0  processing: 0  consumers: 0",
      "行列  total: 0  processing: 0  consumers: 0",
      "abcd  total: 0  processing: 0  consumers: 0",
    ]);
  });

  test("QFLUSH removes the ready and claimed events of one queue", async () => {
    const client = await (await startOkqOn(store)).connect();
    await push(client, "q", 3);
    await push(client, "other", 1);
    await askAll(client, ["QRPOP", "q", "EX", "0.02"], ["QRPOP", "q"]);
    expect(await ask(client, "QFLUSH", "q")).toBe("+OK");
    expect(await askAll(client, ["QACK", "q", "0"], ["QACK", "q", "1", "REDO"])).toEqual([0, 0]);
    expect(await ask(client, "QRPOP", "q")).toBeNull();
    // When a later lease in another queue expires, a flushed claim would have expired too.
    await ask(client, "QRPOP", "other", "EX", "0.05");
    await ask(client, "QREGISTER", "other");
    expect(await ask(client, "QNOTIFY", 5)).toBe("other");
    expect(await ask(client, "QSTATUS", "q")).toEqual([["q", 0, 0, 0]]);
  });

  test("QFLUSH of an unknown queue is OK, and consumers stay", async () => {
    const client = await (await startOkqOn(store)).connect();
    expect(await ask(client, "QFLUSH", "q")).toBe("+OK");
    await ask(client, "QREGISTER", "q");
    await push(client, "q", 1);
    expect(await ask(client, "QFLUSH", "q")).toBe("+OK");
    expect(await ask(client, "QSTATUS")).toEqual([["q", 0, 0, 1]]);
    await push(client, "q", 1);
    expect(await ask(client, "QNOTIFY", 0)).toBe("q");
  });
});
