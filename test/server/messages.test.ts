// Messages to clients that read slowly, and to very many clients: they cost others nothing.
import { expect, test } from "bun:test";
import { eventually } from "../support/eventually.ts";
import { startTestOkq, type TestOkq } from "../support/okq-server.ts";
import { ask, readable } from "../support/readable.ts";
import { subscribe, subscribed, told } from "../support/subscriber.ts";

async function statOf(okq: TestOkq, name: string): Promise<number> {
  const info = String(await ask(await okq.connect(), "INFO"));
  return Number(new RegExp(`^${name}:(\\d+)\r$`, "m").exec(info)![1]);
}

/** An id that makes messages large. */
const LONG = "i".repeat(500);

test("a client that does not read loses messages, and others lose none", async () => {
  const okq = await startTestOkq();
  const [slow, quick] = [await subscribed(okq, "okq:q"), await subscribed(okq, "okq:q")];
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
      const [, , json] = readable(await slow.next()) as string[];
      if (Number.parseInt(JSON.parse(json!).id) >= before) return true;
    }
    return false;
  });
});

test("a client that has lost very many messages is closed", async () => {
  const okq = await startTestOkq();
  const slow = await subscribed(okq, "okq:q");
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
