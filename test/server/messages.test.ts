// Messages to clients that read slowly, and to very many clients: they cost others nothing.
import { expect, test } from "bun:test";
import { eventually } from "../support/eventually.ts";
import { infoFigure } from "../support/observer.ts";
import { startTestOkq, type TestOkq } from "../support/okq-server.ts";
import { ask, readable } from "../support/readable.ts";
import { subscribe, subscribed, told } from "../support/subscriber.ts";
import type { Wire } from "../support/wire.ts";

async function statOf(okq: TestOkq, name: string): Promise<number> {
  return await infoFigure(await okq.connect(), name);
}

/** An id that makes messages large. */
const LONG = "i".repeat(500);
/** For what clients have not read. */
const MEMORY_BYTES = 4 * 1024 * 1024;

/** How a client may have subscribed. */
interface Way {
  protocol: number;
  command: "SUBSCRIBE" | "PSUBSCRIBE";
}

const ways: Way[] = [
  { protocol: 2, command: "SUBSCRIBE" },
  { protocol: 2, command: "PSUBSCRIBE" },
  { protocol: 3, command: "SUBSCRIBE" },
  { protocol: 3, command: "PSUBSCRIBE" },
];

async function subscribedIn(okq: TestOkq, { protocol, command }: Way): Promise<Wire> {
  const client = await okq.connect();
  await ask(client, "HELLO", protocol);
  return await subscribe(client, command, command === "SUBSCRIBE" ? "okq:q" : "okq:*");
}

test.each(ways)(
  "a client that does not read loses messages (RESP$protocol, $command)",
  async (way) => {
    const okq = await startTestOkq();
    const [slow, quick] = [await subscribedIn(okq, way), await subscribedIn(okq, way)];
    slow.pause(true);
    const client = await okq.connect();
    let pushed = 0;
    const pushSome = async () => {
      const ids = Array.from({ length: 500 }, () => [`${pushed++}${LONG}`, "x"]).flat();
      await client.call("QMPUSH", "q", "PAIRS", ...ids);
      await quick.take(500);
      return pushed;
    };
    await eventually(async () => {
      await pushSome();
      return (await statOf(okq, "messages_lost")) > 0;
    });
    const unsent = await statOf(okq, "bytes_unsent");
    expect(unsent).toBeGreaterThan(0);
    expect(unsent).toBeLessThan(2 * 1024 * 1024);
    const before = pushed;
    slow.pause(false);
    // It goes on with what comes then.
    await eventually(async () => {
      await pushSome();
      for (; slow.waiting > 0;) {
        const json = (readable(await slow.next()) as string[]).at(-1)!;
        if (Number.parseInt(JSON.parse(json).id) >= before) return true;
      }
      return false;
    });
  },
);

test.each([ways[0]!, ways[3]!])(
  "a client that has lost very many is closed (RESP$protocol, $command)",
  async (way) => {
    const okq = await startTestOkq();
    const slow = await subscribedIn(okq, way);
    slow.pause(true);
    const client = await okq.connect();
    const ids = Array.from({ length: 1000 }, (_, n) => `${n}${LONG}`);
    await eventually(async () => {
      await client.call("QMPUSH", "q", "PAIRS", ...ids.flatMap((id) => [id, "x"]));
      await client.call("QFLUSH", "q");
      return okq.log.some((line) => line.includes("does not read its messages"));
    });
    expect(await statOf(okq, "clients_closed_slow")).toBe(1);
    expect(await statOf(okq, "bytes_unsent")).toBe(0);
  },
);

test("clients that do not read share a bounded memory, and cost others nothing", async () => {
  const okq = await startTestOkq({ maxWaitingBytes: MEMORY_BYTES });
  const slow = 16;
  for (let n = 0; n < slow; n++) {
    const client = await subscribedIn(okq, ways[n % ways.length]!);
    client.pause(true);
  }
  const quick = await subscribed(okq, "okq:q");
  const client = await okq.connect();
  const ids = Array.from({ length: 50 }, (_, n) => `${n}${LONG}`);
  let highest = 0;
  await eventually(async () => {
    for (let round = 0; round < 10; round++) {
      await client.call("QMPUSH", "q", "PAIRS", ...ids.flatMap((id) => [id, "x"]));
      await client.call("QFLUSH", "q");
      // It loses none.
      await quick.take(ids.length);
    }
    highest = Math.max(highest, await statOf(okq, "bytes_unsent"));
    return (await statOf(okq, "clients_closed_slow")) === slow;
  });
  expect(highest).toBeGreaterThan(MEMORY_BYTES / 4);
  expect(highest).toBeLessThan(MEMORY_BYTES / 2 + ids.length * slow * 2 * LONG.length);
  expect(await ask(client, "PING")).toBe("+PONG");
});

test("messages to thousands of clients and patterns leave turns to other clients", async () => {
  const okq = await startTestOkq();
  const listeners = await Promise.all(
    Array.from({ length: 1000 }, (_, n) => (n % 2 ? "okq:q" : "okq:*")).map(async (name) =>
      subscribe(await okq.connect(), name === "okq:q" ? "SUBSCRIBE" : "PSUBSCRIBE", name),
    ),
  );
  // Patterns that take long to compare, and fit nothing.
  for (const listener of listeners.slice(0, 20)) {
    const hostile = Array.from({ length: 250 }, (_, n) => `${"*a?".repeat(100)}${n}`);
    await subscribe(listener, "PSUBSCRIBE", ...hostile);
  }
  const client = await okq.connect();
  await client.call("QPUSH", "q", "x", "ID", "1");
  const pinged = [];
  for (let n = 0; n < 20; n++) pinged.push(await ask(client, "PING"));
  expect(pinged).toEqual(Array<string>(20).fill("+PONG"));
  for (const listener of listeners) {
    expect(await told(listener, 1)).toEqual([{ event: "pushed", queue: "q", id: "1" }]);
  }
});

test("a client with thousands of channels hears each", async () => {
  const okq = await startTestOkq();
  const names = Array.from({ length: 5000 }, (_, n) => `q${n}`);
  const listener = await subscribed(okq, ...names.map((name) => `okq:${name}`));
  const client = await okq.connect();
  client.pipeline(...names.map((name) => ["QPUSH", name, "x", "ID", "1"]));
  await client.take(names.length);
  const heard = await told(listener, names.length);
  expect(heard.map(({ queue }) => queue)).toEqual(names);
  listener.pipeline(["UNSUBSCRIBE"], ["PING"]);
  const last = (await listener.take(names.length + 1)).map(readable).slice(-2);
  expect(last).toEqual([["unsubscribe", "okq:q4999", 0], "+PONG"]);
});
