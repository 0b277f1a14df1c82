// PUBLISH over the wire: who hears what clients publish, on one okq and on others of the store.
import { describe, expect, test } from "bun:test";
import { RawSocket } from "../faults/raw-socket.ts";
import { closeAfterTest } from "../support/close-after-test.ts";
import { eventually } from "../support/eventually.ts";
import {
  lifeStoresAndCluster,
  onEmpty,
  startOkqOn,
  startTestOkq,
  startTestRedis,
  type TestOkq,
  useCluster,
} from "../support/okq-server.ts";
import { ask, askAll, readable } from "../support/readable.ts";
import { subscribe, subscribed } from "../support/subscriber.ts";
import { passwordOf, writeUsers } from "../support/users.ts";
import type { Wire } from "../support/wire.ts";

useCluster();

const heard = async (wire: Wire, count = 1) => (await wire.take(count)).map(readable);

async function logInAs(okq: TestOkq, name: string): Promise<Wire> {
  const client = await okq.connect();
  expect(await ask(client, "AUTH", name, passwordOf(name))).toBe("+OK");
  return client;
}

describe.each(lifeStoresAndCluster)("on %s", (store) => {
  test("subscribers of the channel and of fitting patterns hear it, in its order", async () => {
    const okq = await startOkqOn(store);
    const client = await okq.connect();
    const channel = await subscribed(okq, "news", "other");
    const pattern = await subscribe(await okq.connect(), "PSUBSCRIBE", "n[a-e]w*", "okq:*");
    const bytes = Buffer.from("\0\xff\r\n", "latin1");
    expect(await ask(client, "PUBLISH", "news", "one")).toBe(2);
    expect(await ask(client, "PUBLISH", "news", bytes)).toBe(2);
    expect(await ask(client, "PUBLISH", "nobody", "x")).toBe(0);
    expect(await ask(client, "PUBLISH", "other", "")).toBe(1);
    expect(await heard(channel, 3)).toEqual([
      ["message", "news", "one"],
      ["message", "news", bytes.toString("latin1")],
      ["message", "other", ""],
    ]);
    expect(await heard(pattern, 2)).toEqual([
      ["pmessage", "n[a-e]w*", "news", "one"],
      ["pmessage", "n[a-e]w*", "news", bytes.toString("latin1")],
    ]);
    expect(await ask(channel, "UNSUBSCRIBE", "news")).toEqual(["unsubscribe", "news", 1]);
    expect(await ask(client, "PUBLISH", "news", "two")).toBe(1);
    expect((await heard(pattern))[0]).toContain("two");
    expect(await ask(channel, "PING")).toEqual(["pong", ""]);
  });

  test("in a transaction it goes out when that is done, and not if it is refused", async () => {
    const okq = await startOkqOn(store);
    const [client, consumer] = [await okq.connect(), await okq.connect()];
    const listener = await subscribed(okq, "wake");
    await ask(client, "QPAUSE", "paused", "IN");
    const send = (queue: string, message: string) =>
      askAll(client, ["MULTI"], ["QPUSH", queue, "x"], ["PUBLISH", "wake", message], ["EXEC"]);
    expect((await send("paused", "refused")).at(-1)).toStartWith("-EXECABORT");
    expect((await send("q", "done")).at(-1)).toEqual([expect.any(String), 1]);
    expect(await heard(listener)).toEqual([["message", "wake", "done"]]);
    expect(await ask(consumer, "QRPOP", "q", "NOACK")).toEqual([expect.any(String), "x"]);
    expect(await askAll(client, ["MULTI"], ["PUBLISH", "wake", "alone"], ["EXEC"])).toEqual([
      "+OK",
      "+QUEUED",
      [1],
    ]);
    expect(await heard(listener)).toEqual([["message", "wake", "alone"]]);
  });
});

describe.each(["redis", "cluster"] as const)("on %s", (store) => {
  test("clients of another okq hear it as soon as they have subscribed", async () => {
    const config = await onEmpty(store);
    const [here, there] = [await startTestOkq(config), await startTestOkq(config)];
    const client = await there.connect();
    for (let n = 0; n < 10; n++) {
      const listener = await subscribed(here, `c${n}`);
      await client.call("PUBLISH", `c${n}`, "x");
      expect(await heard(listener)).toEqual([["message", `c${n}`, "x"]]);
    }
    await subscribed(there, "c0");
    await subscribe(await here.connect(), "PSUBSCRIBE", "*");
    await eventually(async () => (await ask(client, "PUBLISH", "c0", "x")) === 2);
  });

  test("another okq counts if a pattern of its clients fits the channel", async () => {
    const config = await onEmpty(store);
    const [here, there] = [await startTestOkq(config), await startTestOkq(config)];
    const client = await there.connect();
    await subscribe(await here.connect(), "PSUBSCRIBE", "n*ws");
    await eventually(async () => (await ask(client, "PUBLISH", "news", "x")) === 1);
    expect(await ask(client, "PUBLISH", "other", "x")).toBe(0);
  });

  test("what clients publish and what happens comes in one order", async () => {
    const config = await onEmpty(store);
    const [here, there] = [await startTestOkq(config), await startTestOkq(config)];
    const client = await there.connect();
    const listener = await subscribed(here, "okq:q", "mine");
    await eventually(async () => {
      await client.call("QPUSH", "q", "x");
      return listener.waiting > 0;
    });
    await askAll(client, ["QPUSH", "q", "x", "ID", "last"], ["PUBLISH", "mine", "after"]);
    const all: string[] = [];
    while (!all.at(-1)?.includes("after")) all.push(String((await heard(listener))[0]));
    expect(all.at(-2)).toContain('"id":"last"');
  });
});

test("without the right to a channel nobody publishes there or hears it", async () => {
  const users = writeUsers(
    "app push chat*",
    "ear inspect chat-1",
    "deaf push,consume *",
    "all all *",
  );
  const okq = await startTestOkq({ users: users.path });
  const [app, ear, deaf, all] = await Promise.all(
    ["app", "ear", "deaf", "all"].map((name) => logInAs(okq, name)),
  );
  expect(await ask(ear!, "PUBLISH", "chat-1", "x")).toBe(
    "-NOPERM User ear has no permissions to run the 'publish' command",
  );
  expect(await ask(app!, "PUBLISH", "news", "x")).toBe(
    "-NOPERM User app has no permissions to publish on the channel 'news'",
  );
  await subscribe(ear!, "SUBSCRIBE", "chat-1", "chat-2");
  await subscribe(ear!, "PSUBSCRIBE", "chat*");
  await subscribe(deaf!, "SUBSCRIBE", "chat-1");
  await ask(app!, "PUBLISH", "chat-2", "secret");
  await ask(app!, "PUBLISH", "chat-1", "x");
  expect(await heard(ear!, 2)).toEqual([
    ["message", "chat-1", "x"],
    ["pmessage", "chat*", "chat-1", "x"],
  ]);
  expect(await ask(deaf!, "PING")).toEqual(["pong", ""]);
  expect(await ask(all!, "PUBSUB", "CHANNELS")).toEqual(["chat-1", "chat-2"]);
  const inspector = await logInAs(okq, "ear");
  expect(await ask(inspector, "PUBSUB", "CHANNELS")).toEqual(["chat-1"]);
  expect(await ask(inspector, "PUBSUB", "NUMSUB", "chat-1", "chat-2")).toEqual([
    "chat-1",
    2,
    "chat-2",
    0,
  ]);
});

test("refuses okq's own channels, long names and large messages", async () => {
  const okq = await startTestOkq();
  const client = await okq.connect();
  for (const channel of ["okq:q", "okq:"]) {
    expect(await ask(client, "PUBLISH", channel, "x")).toBe(
      `-ERR okq sends the messages of okq:* itself, publish on another channel than '${channel}'`,
    );
  }
  expect(await ask(client, "PUBLISH", "okq", "x")).toBe(0);
  expect(await ask(client, "PUBLISH", "c".repeat(1025), "x")).toBe(
    "-ERR the channel is too long, 1025 of at most 1024 bytes",
  );
  const listener = await subscribed(okq, "large");
  const largest = "x".repeat(256 * 1024);
  expect(await ask(client, "PUBLISH", "large", `${largest}x`)).toBe(
    "-ERR the message is too long, 262145 of at most 262144 bytes",
  );
  expect(await ask(client, "PUBLISH", "large", largest)).toBe(1);
  expect(await heard(listener)).toEqual([["message", "large", largest]]);
});

test("is not done behind a command that the store refused", async () => {
  const redis = await startTestRedis();
  const okq = await startTestOkq({ store: "", redisAddr: `127.0.0.1:${redis.port}` });
  const [client, listener] = [await okq.connect(), await subscribed(okq, "wake")];
  await redis.redis.config("SET", "maxmemory", "1");
  client.pipeline(["QPUSH", "q", "x"], ["PUBLISH", "wake", "never"]);
  const [pushed, published] = (await client.take(2)).map(readable);
  expect(String(pushed)).toStartWith("-ERR store refused");
  expect(String(published)).toStartWith("-ERR");
  await redis.redis.config("SET", "maxmemory", "0");
  await eventually(async () => (await ask(client, "PUBLISH", "wake", "later")) === 1);
  expect(await heard(listener)).toEqual([["message", "wake", "later"]]);
});

describe.each([2, 3])("in RESP%d", (protocol) => {
  test.each(["SUBSCRIBE a", "PSUBSCRIBE [a-c]", "PSUBSCRIBE ?"])(
    "the frames after %s are those of Redis",
    async (line) => {
      const [okq, redis] = [await startTestOkq(), await startTestRedis()];
      const framesFrom = async (port: number) => {
        const [listener, client] = [await RawSocket.connect(port), await RawSocket.connect(port)];
        closeAfterTest(listener);
        closeAfterTest(client);
        listener.send(Buffer.from(`HELLO ${protocol}\r\n${line}\r\nPING begin\r\n`));
        await listener.readUntil("begin");
        client.send(Buffer.from("PUBLISH a one\r\nPUBLISH a the-end\r\n"));
        const all = (await listener.readUntil("the-end")).toString("latin1");
        return all.slice(all.search(/[*>][34]\r\n\$[78]\r\np?message/));
      };
      expect(await framesFrom(okq.port)).toBe(await framesFrom(redis.port));
    },
  );
});
