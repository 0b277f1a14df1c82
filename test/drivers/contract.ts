// The contract for Redis drivers: one suite that all drivers run against okq, on every store.
import { describe, expect, test } from "bun:test";
import { eventually } from "../support/eventually.ts";
import { startOkqOn, startTestOkq, startTestRedis, storeNames } from "../support/okq-server.ts";
import { closeAfterTest } from "../support/close-after-test.ts";

export type Argument = string | Buffer;

/** A driver's client; a command is its name and arguments. */
export interface DriverClient {
  /** The reply with strings as text. Rejects with the driver's own error. */
  call(...command: Argument[]): Promise<unknown>;
  /** The reply with strings as Buffers; null if the driver returns only text. */
  callBytes: ((...command: Argument[]) => Promise<unknown>) | null;
  /** Sends all commands at once. Resolves to the reply or error of each, in order. */
  pipeline(commands: string[][]): Promise<unknown[]>;
  close(): unknown;
}

export interface Driver {
  name: string;
  /** The version of the protocol that the driver uses by default. */
  protocol: 2 | 3;
  /** The driver decodes every reply as text, and so damages other bytes. */
  isTextOnly?: true;
  connect(port: number): Promise<DriverClient>;
  /** Whether the driver throws this error for an error reply. */
  isErrorReply(error: unknown): boolean;
}

type Store = (typeof storeNames)[number];

export function driverContract(driver: Driver): void {
  describe.each(storeNames)(`${driver.name} on %s`, (store) => {
    const connect = async (port: number) => closeAfterTest(await driver.connect(port));
    const start = async () => connect((await startOkqOn(store)).port);

    describe("events", () => events(start));
    if (!driver.isTextOnly) describe("bytes", () => bytes(start));
    describe("waiting", () => waiting(store, connect));
    describe("replies", () => replies(driver, start));
    describe("connections", () => connections(driver, store, connect));
  });
}

function events(start: () => Promise<DriverClient>): void {
  test("pushes, pops and acknowledges events", async () => {
    const client = await start();
    expect(await client.call("QLPUSH", "q", "1", "one")).toBe("OK");
    expect(await client.call("QRPUSH", "q", "0", "zero")).toBe("OK");
    expect(await client.call("QLPEEK", "q")).toEqual(["1", "one"]);
    expect(await client.call("QRPOP", "q")).toEqual(["0", "zero"]);
    expect(await client.call("QRPOP", "q", "EX", "10")).toEqual(["1", "one"]);
    expect(await client.call("QACK", "q", "0")).toBe(1);
    expect(await client.call("QACK", "q", "0")).toBe(0);
    expect(await client.call("QACK", "q", "1", "REDO")).toBe(1);
    expect(await client.call("QRPOP", "q", "NOACK")).toEqual(["1", "one"]);
    expect(await client.call("QSTATUS", "q")).toEqual([["q", 0, 0, 0]]);
  });

  test("returns the driver's null for an empty queue", async () => {
    const client = await start();
    expect(await client.call("QRPOP", "q")).toBeNull();
    expect(await client.call("QRPEEK", "q")).toBeNull();
  });

  test("returns empty and large contents unchanged", async () => {
    const client = await start();
    const large = "0123456789abcdef".repeat(2 ** 16);
    expect(await client.call("QLPUSH", "q", "1", "")).toBe("OK");
    expect(await client.call("QLPUSH", "q", "2", large)).toBe("OK");
    expect(await client.call("QRPOP", "q")).toEqual(["1", ""]);
    expect(await client.call("QRPOP", "q")).toEqual(["2", large]);
  });
}

function bytes(start: () => Promise<DriverClient>): void {
  test("returns bytes that are not text unchanged", async () => {
    const { call, callBytes } = await start();
    if (!callBytes) throw new Error("set isTextOnly for this driver");
    const every = Buffer.from(Array.from({ length: 256 }, (_, byte) => 255 - byte));
    const id = Buffer.from([0xff, 0x0d, 0x0a, 0x00, 0xfe]);
    expect(await call("QLPUSH", every, id, every)).toBe("OK");
    expect(await callBytes("QRPOP", every)).toEqual([id, every]);
    expect(await callBytes("QSTATUS")).toEqual([[every, 1, 1, 0]]);
    expect(await call("QACK", every, id)).toBe(1);
  });
}

function waiting(store: Store, connect: (port: number) => Promise<DriverClient>): void {
  test("wakes a waiting consumer for a push on another connection", async () => {
    const okq = await startOkqOn(store);
    const [consumer, producer] = [await connect(okq.port), await connect(okq.port)];
    const observer = await okq.connect();
    expect(await consumer.call("QREGISTER", "q", "other")).toBe("OK");
    const notified = consumer.call("QNOTIFY", "10");
    await eventually(async () => {
      return String(await observer.call("INFO", "clients")).includes("blocked_clients:1\r");
    });
    expect(await producer.call("QLPUSH", "q", "1", "one")).toBe("OK");
    expect(await notified).toBe("q");
    expect(await producer.call("QSTATUS", "q", "other")).toEqual([
      ["q", 1, 0, 1],
      ["other", 0, 0, 1],
    ]);
    expect(await consumer.call("QNOTIFY", "10")).toBe("q");
    expect(await consumer.call("QRPOP", "q")).toEqual(["1", "one"]);
    expect(await consumer.call("QNOTIFY", "0.05")).toBeNull();
  });
}

function replies(driver: Driver, start: () => Promise<DriverClient>): void {
  const errorOf = async (reply: Promise<unknown>) => {
    const error = await reply.then(() => null).catch((reason: unknown) => reason);
    expect(driver.isErrorReply(error)).toBe(true);
    return (error as Error).message;
  };

  test("turns an error reply into the driver's error with okq's text", async () => {
    const client = await start();
    await client.call("QLPUSH", "q", "1", "one");
    expect(await errorOf(client.call("QLPUSH", "q", "1", "two"))).toEndWith("duplicate event 1");
    expect(await errorOf(client.call("QLPUSH", "q"))).toContain("missing args, usage: QLPUSH");
    expect(await errorOf(client.call("NOSUCH", "q"))).toContain("unknown command 'NOSUCH'");
    expect(await client.call("QRPOP", "q")).toEqual(["1", "one"]);
  });

  test("keeps replies in order after an error about an id with a line break", async () => {
    const client = await start();
    const id = "1\r\n+OK\r\n";
    await client.call("QLPUSH", "q", id, "one");
    expect(await errorOf(client.call("QLPUSH", "q", id, "two"))).toContain("duplicate event 1");
    expect(await client.call("QRPOP", "q")).toEqual([id, "one"]);
  });

  test("answers a pipeline of many commands in order", async () => {
    const client = await start();
    const ids = Array.from({ length: 1000 }, (_, id) => String(id));
    const pushed = await client.pipeline(ids.map((id) => ["QLPUSH", "q", id, `no ${id}`]));
    expect(pushed).toEqual(ids.map(() => "OK"));
    const popped = await client.pipeline(
      ids.flatMap((id) => [
        ["QRPOP", "q"],
        ["QACK", "q", id],
      ]),
    );
    expect(popped).toEqual(ids.flatMap((id) => [[id, `no ${id}`], 1]));
  });

  test("an error in a pipeline affects only its own command", async () => {
    const client = await start();
    const pushes = ["1", "1", "2"].map((id) => ["QLPUSH", "q", id, "x"]);
    const [first, second, third] = await client.pipeline(pushes);
    expect([first, third]).toEqual(["OK", "OK"]);
    expect(driver.isErrorReply(second)).toBe(true);
    expect((second as Error).message).toEndWith("duplicate event 1");
  });
}

function connections(
  driver: Driver,
  store: Store,
  connect: (port: number) => Promise<DriverClient>,
): void {
  test(`connects with default settings and speaks RESP${driver.protocol}`, async () => {
    const okq = await startOkqOn(store);
    const client = await connect(okq.port);
    expect(await client.call("ECHO", "hello")).toBe("hello");
    expect(await client.call("CLIENT", "INFO")).toContain(`resp=${driver.protocol}`);
    expect(okq.log.filter((line) => !/listening|queues are kept/.test(line))).toEqual([]);
  });

  test("reconnects by itself after a restart of okq", async () => {
    const config =
      store === "memory"
        ? {}
        : { store: "", redisAddr: `127.0.0.1:${(await startTestRedis()).port}` };
    const before = await startTestOkq(config);
    const client = await connect(before.port);
    expect(await client.call("QLPUSH", "q", "1", "one")).toBe("OK");
    await before.close();
    const after = await startTestOkq({ ...config, listenAddr: `127.0.0.1:${before.port}` });
    expect(after.port).toBe(before.port);
    const event = await eventually(
      async () => {
        if (store === "memory") await client.call("QRPUSH", "q", "1", "one").catch(isThere);
        return await client.call("QRPOP", "q");
      },
      { message: "the driver reconnects" },
    );
    expect(event).toEqual(["1", "one"]);
    expect(await client.call("QACK", "q", "1")).toBe(1);
  });
}

function isThere(error: Error): void {
  if (!error.message.includes("duplicate event")) throw error;
}
