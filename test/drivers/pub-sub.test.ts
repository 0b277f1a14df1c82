// The drivers' own pub/sub: messages, patterns, and subscriptions that a driver repeats when it has
// connected again.
import { describe, expect, test } from "bun:test";
import { Redis } from "ioredis";
import { createClient } from "redis";
import { closeAfterTest } from "../support/close-after-test.ts";
import { eventually, eventuallyEqual } from "../support/eventually.ts";
import { startTestOkq, type TestOkq } from "../support/okq-server.ts";
import { ask } from "../support/readable.ts";
import { run } from "./programs.ts";

/** Called with the channel and the message. */
type Hear = (channel: string, message: string) => void;

interface Listener {
  subscribe(channel: string, hear: Hear): Promise<unknown>;
  psubscribe(pattern: string, hear: Hear): Promise<unknown>;
  unsubscribe(channel: string): Promise<unknown>;
}

interface PubSubDriver {
  name: string;
  connect(port: number): Promise<Listener>;
}

const ioredis = (protocol: 2 | 3): PubSubDriver => ({
  name: `ioredis with RESP${protocol}`,
  async connect(port) {
    const redis = new Redis(port, { protocol });
    redis.on("error", () => {});
    closeAfterTest({ close: () => redis.disconnect() });
    return {
      async subscribe(name, hear) {
        redis.on("message", (channel, text) => channel === name && hear(channel, text));
        return await redis.subscribe(name);
      },
      async psubscribe(name, hear) {
        redis.on("pmessage", (pattern, channel, text) => pattern === name && hear(channel, text));
        return await redis.psubscribe(name);
      },
      unsubscribe: (name) => redis.unsubscribe(name),
    };
  },
});

const nodeRedis = (protocol: 2 | 3): PubSubDriver => ({
  name: `node-redis with RESP${protocol}`,
  async connect(port) {
    const client = createClient({ url: `redis://127.0.0.1:${port}`, RESP: protocol });
    client.on("error", () => {});
    await client.connect();
    closeAfterTest({ close: () => client.destroy() });
    return {
      subscribe: (name, hear) => client.subscribe(name, (text, channel) => hear(channel, text)),
      psubscribe: (name, hear) => client.pSubscribe(name, (text, channel) => hear(channel, text)),
      unsubscribe: (name) => client.unsubscribe(name),
    };
  },
});

/** Pushes an event with that id. */
async function push(okq: TestOkq, queue: string, id: string): Promise<void> {
  const client = await okq.connect();
  expect(await ask(client, "QPUSH", queue, "x", "ID", id)).toBe(id);
  client.close();
}

const drivers = [ioredis(2), ioredis(3), nodeRedis(2), nodeRedis(3)];

describe.each(drivers.map((driver) => [driver.name, driver] as const))("%s", (_name, driver) => {
  test("hears channels and patterns until it unsubscribes", async () => {
    const okq = await startTestOkq();
    const listener = await driver.connect(okq.port);
    const heard: string[] = [];
    const hear: Hear = (channel, text) => heard.push(`${channel} ${JSON.parse(text).id}`);
    await listener.subscribe("okq:a", hear);
    await listener.psubscribe("okq:b*", hear);
    await push(okq, "a", "1");
    await push(okq, "bb", "2");
    await eventuallyEqual(() => heard, ["okq:a 1", "okq:bb 2"]);
    await listener.unsubscribe("okq:a");
    await push(okq, "a", "3");
    await push(okq, "b", "4");
    await eventuallyEqual(() => heard, ["okq:a 1", "okq:bb 2", "okq:b 4"]);
  });

  test("subscribes again when its connection was closed", async () => {
    const okq = await startTestOkq();
    const listener = await driver.connect(okq.port);
    const heard: string[] = [];
    await listener.subscribe("okq:a", (_, text) => heard.push(JSON.parse(text).id));
    await listener.psubscribe("okq:b*", (_, text) => heard.push(JSON.parse(text).id));
    const admin = await okq.connect();
    const subscribed = () => ask(admin, "PUBSUB", "NUMSUB", "okq:a");
    expect(await ask(admin, "CLIENT", "KILL", "TYPE", "pubsub")).toBe(1);
    await eventuallyEqual(subscribed, ["okq:a", 1]);
    await eventuallyEqual(() => ask(admin, "PUBSUB", "NUMPAT"), 1);
    let tries = 0;
    await eventually(async () => {
      await push(okq, "a", `a${++tries}`);
      await push(okq, "b", `b${tries}`);
      return heard.some((id) => id.startsWith("a")) && heard.some((id) => id.startsWith("b"));
    });
  });
});

const LISTEN = `
import sys, json, redis
okq = redis.Redis(port=int(sys.argv[1]))
pubsub = okq.pubsub()
pubsub.subscribe("okq:a")
pubsub.psubscribe("okq:b*")
def get():
    message = pubsub.get_message(timeout=20)
    data = message["data"]
    text = json.loads(data)["id"] if isinstance(data, bytes) else data
    print(message["type"], (message["channel"] or b"").decode(), text)
get(), get()
okq.execute_command("QPUSH", "a", "x", "ID", "1")
okq.execute_command("QPUSH", "bb", "x", "ID", "2")
get(), get()
pubsub.ping()
print(pubsub.parse_response(), okq.pubsub_numsub("okq:a"), okq.pubsub_numpat())
pubsub.unsubscribe()
get()
pubsub.close()
`;

test("redis-py hears channels and patterns", async () => {
  const { port } = await startTestOkq();
  const { stdout, stderr } = await run(["/usr/bin/python3", "-c", LISTEN, `${port}`]);
  expect(stderr).toBe("");
  expect(String(stdout).trim().split("\n")).toEqual([
    "subscribe okq:a 1",
    "psubscribe okq:b* 2",
    "message okq:a 1",
    "pmessage okq:bb 2",
    "[b'pong', b''] [(b'okq:a', 1)] 1",
    "unsubscribe okq:a 1",
  ]);
});
