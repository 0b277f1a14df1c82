// The Sentinel groups of the tests are in sync and watched, and fail over.
import { expect, setDefaultTimeout, test } from "bun:test";
import { Redis } from "ioredis";
import { makeCertificates } from "./certificates.ts";
import { closeAfterTest } from "./close-after-test.ts";
import { eventually } from "./eventually.ts";
import { startSentinelGroup } from "./redis-sentinel.ts";

setDefaultTimeout(60_000);

test("replaces a killed master by its replica, and takes it back as a replica", async () => {
  const startedAt = performance.now();
  const group = await startSentinelGroup();
  console.log(`a Sentinel group: up in ${Math.round(performance.now() - startedAt)} ms`);
  const master = await group.master();
  expect(master).toBe(group.servers[0]!);
  await master.redis.set("key", "value");
  expect(await master.redis.wait(1, 5_000)).toBe(1);
  const killedAt = performance.now();
  await master.kill();
  const next = await group.promoted(master.port);
  console.log(`promoted after ${Math.round(performance.now() - killedAt)} ms`);
  expect(next).toBe(group.servers[1]!);
  expect(await next.redis.get("key")).toBe("value");
  await group.synced(0);
  await master.start();
  await group.synced(1);
  await eventually(async () => ((await master.redis.role()) as string[])[0] === "slave");
});

test("replaces a frozen master", async () => {
  const group = await startSentinelGroup({ group: "mine", replicas: 2, downAfterMs: 300 });
  const master = await group.master();
  master.signal("SIGSTOP");
  const next = await group.promoted(master.port);
  expect(next).not.toBe(master);
  master.signal("SIGCONT");
  await group.synced(2);
});

test("starts Redis and Sentinels with passwords and TLS only", async () => {
  const tls = makeCertificates();
  const passwords = { password: "hunter2", sentinelPassword: "swordfish" };
  const group = await startSentinelGroup({ ...passwords, tls, replicas: 1 });
  const client = new Redis({
    sentinels: group.sentinels.map((port) => ({ host: "127.0.0.1", port })),
    name: group.group,
    password: "hunter2",
    sentinelPassword: "swordfish",
    tls: { ca: await Bun.file(tls.ca).text() },
    sentinelTLS: { ca: await Bun.file(tls.ca).text() },
    enableTLSForSentinelMode: true,
  });
  client.on("error", () => {});
  closeAfterTest({ close: () => client.disconnect() });
  expect(await client.set("key", "value")).toBe("OK");
  const master = await group.master();
  await master.kill();
  await group.promoted(master.port);
});
