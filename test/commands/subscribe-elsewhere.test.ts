// Messages of what happens on another okq of the same store.
import { describe, expect, test } from "bun:test";
import { eventually, eventuallyEqual } from "../support/eventually.ts";
import { onEmpty, startTestOkq, startTestRedis, useCluster } from "../support/okq-server.ts";
import { ask } from "../support/readable.ts";
import { subscribe, subscribed, told } from "../support/subscriber.ts";
import type { Wire } from "../support/wire.ts";

useCluster();

/** Pushes until a message of it comes, and takes all such messages. */
async function untilHeard(listener: Wire, pusher: Wire, queue: string): Promise<void> {
  let pushed = 0;
  await eventually(async () => {
    await pusher.call("QPUSH", queue, "x", "ID", `try-${++pushed}`);
    return listener.waiting > 0;
  });
  for (;;) {
    const [{ id }] = (await told(listener, 1)) as [{ id: string }];
    if (id === `try-${pushed}`) return;
  }
}

describe.each(["redis", "cluster"] as const)("on %s", (store) => {
  test("hears all that another okq does", async () => {
    const config = await onEmpty(store);
    const [here, there] = [await startTestOkq(config), await startTestOkq(config)];
    const listener = await subscribed(here, "okq:a");
    await subscribe(listener, "PSUBSCRIBE", "okq:b*");
    const client = await there.connect();
    await untilHeard(listener, client, "a");
    await client.call("QPUSH", "quiet", "x", "ID", "0");
    await client.call("QPUSH", "bb", "x", "ID", "1", "TTL", "0.1");
    await client.call("QPUSH", "b", "x", "ID", "2", "LEASE", "0.1");
    await ask(client, "QPOP", "AS", "w", "FROM", "b");
    const queues = [...(await told(listener, 5))].toSorted((a, b) =>
      String(a.queue).localeCompare(String(b.queue)),
    );
    expect(queues).toEqual([
      { queue: "b", event: "pushed", id: "2" },
      { queue: "b", event: "popped", id: "2", worker: "w", attempt: 1 },
      { queue: "b", event: "crashed", id: "2", worker: "w", attempt: 1 },
      { queue: "bb", event: "pushed", id: "1" },
      { queue: "bb", event: "expired", id: "1" },
    ]);
  });

  test("clients of both hear everything once, what one okq does in its order", async () => {
    const config = await onEmpty(store);
    const both = [await startTestOkq(config), await startTestOkq(config)];
    const listeners = await Promise.all(both.map((okq) => subscribed(okq, "okq:q")));
    const clients = await Promise.all(both.map((okq) => okq.connect()));
    await untilHeard(listeners[0]!, clients[1]!, "q");
    await untilHeard(listeners[1]!, clients[0]!, "q");
    for (let n = 0; n < 50; n++) await clients[n % 2]!.call("QPUSH", "q", "x", "ID", `${n}`);
    const heard = await Promise.all(
      listeners.map(async (listener) => {
        const ids: string[] = [];
        while (ids.length < 50) {
          const [{ id }] = (await told(listener, 1)) as [{ id: string }];
          if (!id.startsWith("try-")) ids.push(id);
        }
        return ids;
      }),
    );
    // Messages of different okq of the same few milliseconds may come in another order.
    const pushed = Array.from({ length: 50 }, (_, n) => `${n}`);
    const byOkq = (ids: string[]) => [0, 1].map((at) => ids.filter((id) => Number(id) % 2 === at));
    for (const ids of heard) expect(byOkq(ids)).toEqual(byOkq(pushed));
  });
});

test("okq listens to others only while its clients do", async () => {
  const { port, redis } = await startTestRedis();
  const config = { store: "", redisAddr: `127.0.0.1:${port}` };
  const okq = await startTestOkq(config);
  const subscribers = async () => (await redis.pubsub("NUMSUB", "{okq}:reports:0"))[1];
  const notes = () => redis.hlen("{okq}:2:listeners");
  expect([await subscribers(), await notes()]).toEqual([0, 0]);
  const listener = await subscribed(okq, "okq:q");
  expect([await subscribers(), await notes()]).toEqual([1, 1]);
  await listener.call("UNSUBSCRIBE");
  await eventuallyEqual(async () => [await subscribers(), await notes()], [0, 0]);
});

test("hears again when its connection for messages was cut", async () => {
  const { port, redis } = await startTestRedis();
  const config = { store: "", redisAddr: `127.0.0.1:${port}` };
  const [here, there] = [await startTestOkq(config), await startTestOkq(config)];
  const [listener, client] = [await subscribed(here, "okq:q"), await there.connect()];
  await untilHeard(listener, client, "q");
  await redis.call("CLIENT", "KILL", "TYPE", "pubsub");
  await untilHeard(listener, client, "q");
});

test("a client may subscribe while Redis is away", async () => {
  const redis = await startTestRedis();
  const okq = await startTestOkq({ store: "", redisAddr: `127.0.0.1:${redis.port}` });
  await redis.kill();
  const listener = await subscribed(okq, "okq:q");
  await redis.start();
  await untilHeard(listener, await okq.connect(), "q");
});
