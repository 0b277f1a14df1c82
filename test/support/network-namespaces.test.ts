// Hosts reach each other, a host that is cut off neither sends nor receives, and a master that is
// cut off with its clients stays a master.
import { expect, setDefaultTimeout, test } from "bun:test";
import { closeAfterTest } from "./close-after-test.ts";
import { eventually } from "./eventually.ts";
import { canUseNamespaces, type Host, skipReason, startNetwork } from "./network-namespaces.ts";
import { answerOf, startRedis } from "./redis-server.ts";
import { startSentinelGroup } from "./redis-sentinel.ts";

setDefaultTimeout(60_000);

const testWithHosts = test.skipIf(!canUseNamespaces());

testWithHosts(`hosts reach each other, unless one is cut off${skipReason()}`, async () => {
  const startedAt = performance.now();
  const network = startNetwork();
  const [one, other] = [network.host(), network.host()];
  console.log(`two hosts: made in ${Math.round(performance.now() - startedAt)} ms`);
  const redis = closeAfterTest(await startRedis({ machine: one }));
  const ask = async (host: Host) => {
    const asking = ["redis-cli", "-h", one.address, "-p", String(redis.port), "PING"];
    const child = network.run(host, ["timeout", "1", ...asking]);
    return await new Response(child.stdout).text();
  };
  expect(await ask(other)).toBe("PONG\n");
  network.cut(other);
  expect(await ask(other)).toBe("");
  expect(await answerOf(redis, "PING")).toBe("PONG");
  network.join(other);
  expect(await eventually(() => ask(other))).toBe("PONG\n");
  network.cut(one);
  expect(await answerOf(redis, "PING")).toBeNull();
  expect(redis.redis.status).toBe("ready");
  network.join(one);
  expect(await eventually(() => answerOf(redis, "PING"))).toBe("PONG");
});

testWithHosts(
  `a master that is cut off keeps running, and becomes a replica when it is back${skipReason()}`,
  async () => {
    const network = startNetwork();
    const machines = [network.host(), network.host()];
    const group = await startSentinelGroup({ machines, sentinels: 3, sentinelMachines: machines });
    const master = await group.master();
    network.cut(machines[0]!);
    const next = await group.promoted(master.port);
    expect(next).toBe(group.servers[1]!);
    const asking = ["redis-cli", "-h", master.address, "-p", String(master.port), "ROLE"];
    const { stdout } = network.run(machines[0]!, asking);
    expect(await new Response(stdout).text()).toStartWith("master");
    network.join(machines[0]!);
    await group.synced(1);
    const isReplica = async () => ((await answerOf(master, "ROLE")) as string[])[0] === "slave";
    await eventually(isReplica, { timeoutMs: 60_000 });
  },
);
