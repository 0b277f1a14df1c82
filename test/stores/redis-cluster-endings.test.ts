// In a cluster an okq process hears of endings in the queues that it watches, and for other queues
// no messages are sent at all, because each of them would go to every node.
import { expect, test } from "bun:test";
import { RedisStore } from "../../src/stores/redis/redis-store.ts";
import { shardOf, shards } from "../../src/stores/redis/shards.ts";
import { closeAfterTest } from "../support/close-after-test.ts";
import { eventuallyEqual } from "../support/eventually.ts";
import { startCluster } from "../support/redis-cluster.ts";
import { Caller } from "./contract/caller.ts";
import { openOnCluster, queuesApart } from "./open-cluster.ts";
import { ignoredCallbacks, targetOf } from "./redis-targets.ts";

test("hears of endings in all shards, where it watches queues", async () => {
  const cluster = await startCluster({ masters: 3, replicasEach: 0 });
  const other = new Caller(closeAfterTest(await openOnCluster(cluster)));
  const told: string[] = [];
  const { address: host, port, redis } = cluster.nodes[0]!;
  const store = await RedisStore.open({
    target: targetOf({ mode: "cluster", nodes: [{ host, port }] }),
    poolSize: 1,
    onReady() {},
    onEnded: (queue) => told.push(queue.toString("latin1")),
    ...ignoredCallbacks,
  });
  closeAfterTest(store);
  const messages: string[] = [];
  const listener = closeAfterTest(Object.assign(redis.duplicate(), { close: () => {} }));
  listener.on("pmessage", (_, channel: string) => messages.push(channel));
  await listener.psubscribe("{okq}:ended:*");
  const queues = queuesApart(9);
  const end = async (id: string) => {
    for (const queue of queues) {
      await other.push(queue, id);
      await other.pop(queue);
      await other.ack(queue, id);
    }
  };
  await end("unheard");
  await store.watch(
    queues.map((queue) => Buffer.from(queue)),
    "ended",
  );
  await end("heard");
  await eventuallyEqual(() => told.toSorted(), queues.toSorted());
  await eventuallyEqual(() => messages.length, queues.length);
  const { tag, slot } = shards[shardOf(Buffer.from(queues[0]!))]!;
  const note = `${tag}:2:awaited:${queues[0]}`;
  expect(await (await cluster.ownerOf(slot)).redis.pttl(note)).toBeGreaterThan(20_000);
  listener.disconnect();
});
