// The test clusters are complete, fail over, and move slots.
import { expect, setDefaultTimeout, test } from "bun:test";
import { Cluster } from "ioredis";
import { makeCertificates } from "./certificates.ts";
import { closeAfterTest } from "./close-after-test.ts";
import { startCluster } from "./redis-cluster.ts";

setDefaultTimeout(60_000);

/** A key in the slot of "{okq}". */
const KEY = "{okq}:key";

test("replaces a killed master by its replica, and takes it back as a replica", async () => {
  const startedAt = performance.now();
  const cluster = await startCluster();
  console.log(`a cluster of six: up in ${Math.round(performance.now() - startedAt)} ms`);
  expect(await cluster.masters()).toEqual(cluster.nodes.slice(0, 3));
  const slot = Number(await cluster.nodes[0]!.redis.call("CLUSTER", "KEYSLOT", KEY));
  const owner = await cluster.ownerOf(slot);
  const replica = await cluster.replicaOf(owner);
  await owner.redis.set(KEY, "value");
  expect(await owner.redis.wait(1, 5_000)).toBe(1);
  const killedAt = performance.now();
  await owner.kill();
  expect(await cluster.ownerOf(slot)).toBe(replica);
  await cluster.healed();
  console.log(`taken over after ${Math.round(performance.now() - killedAt)} ms`);
  expect(await replica.redis.get(KEY)).toBe("value");
  await owner.start();
  await cluster.healed();
  expect(await cluster.ownerOf(slot)).toBe(replica);
});

test("moves a slot with its keys, or stops half-way on request", async () => {
  const cluster = await startCluster({ replicasEach: 0 });
  const slot = Number(await cluster.nodes[0]!.redis.call("CLUSTER", "KEYSLOT", KEY));
  const from = await cluster.ownerOf(slot);
  const to = cluster.nodes.find((node) => node !== from)!;
  const names = Array.from({ length: 25 }, (_, at) => `${KEY}:${at}`);
  for (const name of names) await from.redis.set(name, name);
  const steps: number[] = [];
  const onStep = (moved: number) => (steps.push(moved) === 2 ? "stop" : "go on");
  expect(await cluster.moveSlot(slot, to, { keysPerStep: 5, onStep })).toBe(10);
  expect(steps).toEqual([5, 10]);
  expect(await cluster.ownerOf(slot)).toBe(from);
  expect(String(await from.redis.call("CLUSTER", "NODES"))).toContain(`[${slot}->-${to.id}]`);
  await expect(from.redis.get(`${KEY}:missing`)).rejects.toThrow(`ASK ${slot}`);
  expect(await cluster.moveSlot(slot, to)).toBe(15);
  expect(await cluster.ownerOf(slot)).toBe(to);
  await cluster.healed();
  expect(await Promise.all(names.map((name) => to.redis.get(name)))).toEqual(names);
  await expect(from.redis.get(KEY)).rejects.toThrow(`MOVED ${slot}`);
});

test("moves slots also with a password and TLS only", async () => {
  const tls = makeCertificates();
  const cluster = await startCluster({ password: "hunter2", tls, replicasEach: 1 });
  const client = new Cluster([{ host: "127.0.0.1", port: cluster.nodes[0]!.port }], {
    redisOptions: { password: "hunter2", tls: { ca: await Bun.file(tls.ca).text() } },
  });
  client.on("error", () => {});
  closeAfterTest({ close: () => client.disconnect() });
  expect(await client.set(KEY, "value")).toBe("OK");
  const slot = Number(await cluster.nodes[0]!.redis.call("CLUSTER", "KEYSLOT", KEY));
  const owner = await cluster.ownerOf(slot);
  const other = (await cluster.masters()).find((node) => node !== owner)!;
  expect(await cluster.moveSlot(slot, other)).toBe(1);
  expect(await client.get(KEY)).toBe("value");
});
