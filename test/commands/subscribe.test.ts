// SUBSCRIBE and its kin: which messages come, in which frames, and what else a client may send.
import { describe, expect, test } from "bun:test";
import { eventuallyEqual } from "../support/eventually.ts";
import { startOkqOn, startTestOkq, storeNames } from "../support/okq-server.ts";
import { ask, readable } from "../support/readable.ts";
import { subscribe, subscribed, told } from "../support/subscriber.ts";
import { TestClock } from "../support/test-clock.ts";
import type { Wire } from "../support/wire.ts";

const CRASHED = "crashed: the lease ended";

describe.each(storeNames)("on %s", (store) => {
  test("tells of each thing that happens to events of a queue", async () => {
    const okq = await startOkqOn(store);
    const listener = await subscribed(okq, "okq:q");
    const client = await okq.connect();
    await client.call("QPUSH", "q", "one", "ID", "1");
    const token = await popped(client, "AS", "w");
    await client.call("QFAIL", "q", "1", token, "ERROR", "broken", "DELAY", "0");
    const second = await popped(client);
    await client.call("QFAIL", "q", "1", second, "FINAL");
    await client.call("QRETRY", "q", "IDS", "1");
    await client.call("QRPOP", "q", "EX", "30");
    await client.call("QACK", "q", "1");
    await client.call("QPAUSE", "q", "ALL", "FOR", "2.5");
    expect(await told(listener, 9)).toEqual([
      { queue: "q", event: "pushed", id: "1" },
      { queue: "q", event: "popped", id: "1", worker: "w", attempt: 1 },
      { queue: "q", event: "failed", id: "1", worker: "w", attempt: 1, error: "broken" },
      { queue: "q", event: "popped", id: "1", attempt: 2 },
      { queue: "q", event: "failed", id: "1", attempt: 2, error: "", final: true },
      { queue: "q", event: "retried", id: "1" },
      { queue: "q", event: "popped", id: "1" },
      { queue: "q", event: "acked", id: "1" },
      { queue: "q", event: "paused", direction: "all", for: 2.5 },
    ]);
  });
});

test("confirms each channel and counts", async () => {
  const okq = await startTestOkq();
  const wire = await okq.connect();
  wire.pipeline(["SUBSCRIBE", "okq:a", "other"], ["PSUBSCRIBE", "okq:*"], ["UNSUBSCRIBE"]);
  wire.pipeline(["PUNSUBSCRIBE", "none"], ["PUNSUBSCRIBE"], ["PUNSUBSCRIBE"], ["PING"]);
  expect((await wire.take(9)).map(readable)).toEqual([
    ["subscribe", "okq:a", 1],
    ["subscribe", "other", 2],
    ["psubscribe", "okq:*", 3],
    ["unsubscribe", "okq:a", 2],
    ["unsubscribe", "other", 1],
    ["punsubscribe", "none", 1],
    ["punsubscribe", "okq:*", 0],
    ["punsubscribe", null, 0],
    "+PONG",
  ]);
});

test("tells what a claim's end, an expiry and a failed-to do without a consumer", async () => {
  const okq = await startTestOkq();
  const listener = await subscribed(okq, "okq:q", "okq:dead");
  const client = await okq.connect();
  await client.call("QCONFIG", "q", "max-crashes", "2", "failed-to", "dead");
  await client.call("CLIENT", "RELEASE", "ON");
  await client.call("QPUSH", "q", "x", "ID", "1");
  await popped(client, "AS", "w");
  client.close();
  const second = await okq.connect();
  await told(listener, 3);
  await second.call("CLIENT", "RELEASE", "ON");
  await popped(second);
  second.close();
  expect(await told(listener, 4)).toEqual([
    { queue: "q", event: "popped", id: "1", attempt: 2 },
    { queue: "q", event: "crashed", id: "1", attempt: 2, final: true },
    { queue: "q", event: "failed", id: "1", attempt: 2, error: CRASHED, final: true },
    { queue: "dead", event: "pushed", id: "1", from: "q" },
  ]);
});

test("writes bytes that are not UTF-8 in base64", async () => {
  const okq = await startTestOkq();
  const [queue, id] = [Buffer.from("q\xff", "latin1"), Buffer.from("\x80\n", "latin1")];
  const listener = await subscribed(okq, Buffer.concat([Buffer.from("okq:"), queue]));
  const client = await okq.connect();
  await client.call("QPUSH", queue, "x", "ID", id);
  await client.call("QPUSH", queue, "x", "ID", '\u20ac"');
  const inBase64 = { base64: queue.toString("base64") };
  expect(await told(listener, 2)).toEqual([
    { event: "pushed", queue: inBase64, id: { base64: id.toString("base64") } },
    { event: "pushed", queue: inBase64, id: '\u20ac"' },
  ]);
});

test("a client in RESP3 goes on with other commands, also while it waits", async () => {
  const okq = await startTestOkq();
  const wire = await okq.connect();
  await wire.call("HELLO", "3");
  await subscribe(wire, "PSUBSCRIBE", "okq:*");
  wire.pipeline(["QPOP", "WAIT", "10", "FROM", "q"]);
  await (await okq.connect()).call("QPUSH", "other", "x", "ID", "1");
  expect(await told(wire, 1)).toEqual([{ queue: "other", event: "pushed", id: "1" }]);
  await (await okq.connect()).call("QPUSH", "q", "x", "ID", "2");
  const replies = (await wire.take(3)).map(readable) as string[][];
  expect(replies.filter(([kind]) => kind === ">").length).toBe(2);
  const [event] = replies.find(([kind]) => kind !== ">")!;
  expect(event!.slice(0, 3)).toEqual(["q", "2", "x"] as never);
});

test("a message never comes in the middle of a long reply", async () => {
  const okq = await startTestOkq();
  const [wire, client] = [await okq.connect(), await okq.connect()];
  await wire.call("HELLO", "3");
  await subscribe(wire, "SUBSCRIBE", "okq:q");
  const events = Array.from({ length: 1000 }, () => "x".repeat(1000));
  await client.call("QMPUSH", "q", "EVENTS", ...events);
  for (let round = 0; round < 20; round++) {
    wire.pipeline(["QPOP", "COUNT", "1000", "NOACK", "FROM", "q"]);
    wire.pipeline(["QLIST", "q", "COUNT", "1000", "CONTENTS"]);
    client.pipeline(["QMPUSH", "q", "EVENTS", ...events], ["PING"]);
    await client.take(2);
  }
  let replies = 0;
  while (replies < 40) {
    const [kind, ...message] = readable(await wire.next()) as string[];
    if (kind !== ">") replies += 1;
    else expect(message.slice(0, 2)).toEqual(["message", "okq:q"]);
  }
});

test("CLIENT LIST, PUBSUB and INFO show who has subscribed to what", async () => {
  const okq = await startTestOkq();
  const listener = await subscribed(okq, "okq:a", "okq:b");
  await subscribe(listener, "PSUBSCRIBE", "okq:*");
  const client = await okq.connect();
  await subscribed(okq, "okq:a");
  expect(await ask(client, "PUBSUB", "CHANNELS")).toEqual(["okq:a", "okq:b"]);
  expect(await ask(client, "PUBSUB", "CHANNELS", "*:b")).toEqual(["okq:b"]);
  expect(await ask(client, "PUBSUB", "NUMSUB", "okq:a", "none")).toEqual(["okq:a", 2, "none", 0]);
  expect(await ask(client, "PUBSUB", "NUMPAT")).toBe(1);
  const listed = String(await ask(client, "CLIENT", "LIST", "TYPE", "pubsub"));
  expect(listed).toContain(" flags=P db=0 sub=2 psub=1 ");
  expect(listed.trim().split("\n").length).toBe(2);
  const normal = String(await ask(client, "CLIENT", "LIST", "TYPE", "normal"));
  expect(normal).toContain(" flags=N db=0 sub=0 psub=0 ");
  expect(normal.trim().split("\n").length).toBe(1);
  const info = String(await ask(client, "INFO", "stats"));
  expect(info).toContain("pubsub_channels:2\r\npubsub_patterns:1\r\n");
  listener.close();
  await eventuallyEqual(() => ask(client, "PUBSUB", "CHANNELS"), ["okq:a"]);
});

test("a subscribed client is not idle", async () => {
  const clock = new TestClock();
  const okq = await startTestOkq({ clientTimeout: 10 }, clock);
  const [listener, idle] = [await subscribed(okq, "okq:q"), await okq.connect()];
  await idle.call("PING");
  for (let second = 0; second < 15; second++) clock.advance(1000);
  await idle.untilClosed();
  expect(await ask(listener, "PING")).toEqual(["pong", ""]);
});

test("refuses more channels, patterns and bytes of names than it keeps", async () => {
  const okq = await startTestOkq();
  const wire = await okq.connect();
  const names = (count: number, length = 8) =>
    Array.from({ length: count }, (_, n) => `okq:${n}`.padEnd(length, "x"));
  const refused = async (...args: string[]) => String(await ask(wire, ...args));
  expect(await refused("SUBSCRIBE", ...names(16_385))).toStartWith("-ERR too many channels");
  expect(await refused("PSUBSCRIBE", ...names(257))).toStartWith("-ERR too many patterns");
  expect(await refused("PSUBSCRIBE", "*".repeat(1025))).toStartWith("-ERR the pattern is too long");
  expect(await refused("SUBSCRIBE", ...names(1100, 1000))).toStartWith("-ERR names too long");
  await subscribe(wire, "SUBSCRIBE", ...names(10_000));
  expect(await ask(await okq.connect(), "CLIENT", "LIST")).toContain(" sub=10000 ");
});

test("tells what one batch does in its order", async () => {
  const okq = await startTestOkq();
  const listener = await subscribed(okq, "okq:q");
  const client = await okq.connect();
  const once = [
    ["QRPOP", "q", "EX", "30"],
    ["QFAIL", "q", "1", "*", "DELAY", "0"],
  ];
  client.pipeline(["QPUSH", "q", "x", "ID", "1"], ...once, ...once);
  const events = (await told(listener, 5)).map(({ event }) => event);
  expect(events).toEqual(["pushed", "popped", "failed", "popped", "failed"]);
});

/** The token of the event that is popped from "q". */
async function popped(client: Wire, ...options: string[]): Promise<Buffer> {
  const [event] = (await client.call("QPOP", ...options, "FROM", "q")) as [Buffer[]];
  return event[3]!;
}
