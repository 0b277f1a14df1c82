// A master of a Redis Cluster does not answer (SIGSTOP), and okq would wait for it for longer than
// this test lasts. Clients that wait for events of the other masters get them all the same.
// oxlint-disable no-await-in-loop -- one master after the other
import { expect, test } from "bun:test";
import { shardOf, shards } from "../../src/stores/redis/shards.ts";
import { closeAfterTest } from "../support/close-after-test.ts";
import { startTestOkq } from "../support/okq-server.ts";
import { ask, type Readable, readable } from "../support/readable.ts";
import { type Cluster, type ClusterNode, startCluster } from "../support/redis-cluster.ts";
import type { Wire } from "../support/wire.ts";
import { untilWaiting } from "./waiting.ts";

/** Nobody counts the silent master as down. */
const NODE_TIMEOUT_MS = 600_000;
const PATIENT = { redisTimeout: 600_000 };

/** The name of a queue with that prefix, which is on that master or on another one. */
async function queueOn(cluster: Cluster, prefix: string, node: ClusterNode, isThere: boolean) {
  for (let n = 0; ; n++) {
    const name = `${prefix}-${n}`;
    const owner = await cluster.ownerOf(shards[shardOf(Buffer.from(name))]!.slot);
    if ((owner === node) === isThere) return name;
  }
}

/** Of the next event. */
async function contentsFor(client: Wire): Promise<Readable> {
  const [event] = readable(await client.next()) as Readable[][];
  return event![2]!;
}

test("waiting pops get events of other masters while one does not answer", async () => {
  const cluster = await startCluster({
    masters: 3,
    replicasEach: 0,
    nodeTimeoutMs: NODE_TIMEOUT_MS,
  });
  const redisAddr = `127.0.0.1:${cluster.nodes[0]!.port}`;
  const start = () => startTestOkq({ store: "", redisAddr, redisCluster: true, ...PATIENT });
  const [okq, other] = [await start(), await start()];
  // One of them sends the messages of other okq processes to okq.
  for (const [number, silent] of cluster.nodes.entries()) {
    const queue = (what: string, isThere = false) =>
      queueOn(cluster, `${what}-${number}`, silent, isThere);
    const [here, late, fresh] = [await queue("here"), await queue("late"), await queue("fresh")];
    const away = await queue("away", true);
    const producer = closeAfterTest(await other.connect());
    const waiting = async (name: string) => {
      const client = closeAfterTest(await okq.connect());
      client.pipeline(["QPOP", "WAIT", 600, "NOACK", "FROM", name]);
      return client;
    };
    const waiters = await Promise.all([here, late, away].map(waiting));
    await untilWaiting(okq.port, waiters.length, here);
    await ask(producer, "QPUSH", late, "after a delay", "DELAY", "0.5");
    await ask(producer, "QPUSH", fresh, "was there");
    silent.signal("SIGSTOP");
    await ask(producer, "QPUSH", here, "pushed now");
    expect(await contentsFor(waiters[0]!)).toBe("pushed now");
    expect(await contentsFor(waiters[1]!)).toBe("after a delay");
    expect(await contentsFor(await waiting(fresh))).toBe("was there");
    silent.signal("SIGCONT");
    await ask(producer, "QPUSH", away, "at the end");
    expect(await contentsFor(waiters[2]!)).toBe("at the end");
  }
}, 180_000);
