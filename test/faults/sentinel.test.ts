// A master under Sentinel is killed, frozen or cut off. With --redis-wait 1 no change that was
// answered OK is lost, and okq serves again soon after the failover.
// oxlint-disable no-await-in-loop -- one failover after the other
import { describe, expect, test } from "bun:test";
import type { Config } from "../../src/config/options.ts";
import { eventuallyEqual, lasting } from "../support/eventually.ts";
import { canUseNamespaces, skipReason, startNetwork } from "../support/network-namespaces.ts";
import { type SentinelGroup, startSentinelGroup } from "../support/redis-sentinel.ts";
import { rounds, timeoutFor } from "./rounds.ts";
import { Trial } from "./trial.ts";

const FROZEN_MS = 10_000;
/** Long enough for the other side to elect its own master. */
const PARTITION_MS = 4_000;

function on({ sentinels }: SentinelGroup, config: Partial<Config> = {}): Partial<Config> {
  return { redisSentinelAddr: sentinels.map((port) => `127.0.0.1:${port}`).join(","), ...config };
}

async function killAndFailOver(group: SentinelGroup, trial: Trial): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    const master = await group.master();
    await master.kill();
    const promoted = await group.promoted(master.port);
    await trial.recovers();
    await trial.logs(new RegExp(`Redis connection lost .*server=127.0.0.1:${master.port} `));
    // The other okq may have served alone until now.
    await eventuallyEqual(() => trial.storeAddress(), `127.0.0.1:${promoted.port}`);
    await trial.logs(new RegExp(`Redis is reachable again .*server=127.0.0.1:${promoted.port}$`));
    // A master that is back before the end of the failover would keep the other replica.
    await group.synced(group.servers.length - 2);
    await master.start();
    await group.synced(group.servers.length - 1);
  }
}

describe("under Sentinel", () => {
  test.each([
    ["without tokens", false],
    ["with tokens", true],
  ])(
    "a killed master loses no answered change that a replica received (claims %s)",
    async (how, hasTokens) => {
      const group = await startSentinelGroup({ replicas: 2 });
      const name = `Sentinel, master killed, wait 1, ${how}`;
      const trial = await Trial.start(name, on(group, { redisWait: 1 }), { hasTokens });
      await killAndFailOver(group, trial);
      expect((await trial.settle()).pushed).toBeGreaterThan(0);
    },
    timeoutFor(40_000),
  );

  test(
    "a killed master may lose changes that no replica received, and okq recovers",
    async () => {
      const group = await startSentinelGroup({ replicas: 2 });
      const trial = await Trial.start("Sentinel, master killed, no wait", on(group));
      await killAndFailOver(group, trial);
      expect((await trial.settleLosses()).pushed).toBeGreaterThan(0);
    },
    timeoutFor(40_000),
  );

  test(
    "okq moves from a frozen master to the new one, and no change is lost",
    async () => {
      const group = await startSentinelGroup({ replicas: 2 });
      const trial = await Trial.start(
        "Sentinel, master frozen, wait 1",
        on(group, { redisWait: 1 }),
      );
      const master = await group.master();
      const frozenAt = performance.now();
      master.signal("SIGSTOP");
      await group.promoted(master.port);
      await trial.recovers();
      await lasting(FROZEN_MS - (performance.now() - frozenAt));
      master.signal("SIGCONT");
      await group.synced(group.servers.length - 1);
      await trial.recovers();
      expect((await trial.settle()).pushed).toBeGreaterThan(0);
    },
    timeoutFor(30_000),
  );

  test.skipIf(!canUseNamespaces())(
    `a master cut off together with okq confirms no change that is lost later${skipReason()}`,
    async () => {
      const network = startNetwork();
      const far = network.host();
      const near = { address: network.address, command: (argv: string[]) => argv };
      const group = await startSentinelGroup({
        machines: [near, far],
        sentinelMachines: [far, far, far],
      });
      const addresses = group.sentinels.map((port) => `${far.address}:${port}`).join(",");
      const config = { redisSentinelAddr: addresses, redisWait: 1, redisWaitTimeout: 200 };
      const trial = await Trial.start("Sentinel, partition, wait 1", config);
      const master = await group.master();
      network.cut(far);
      await trial.fails(20);
      await lasting(PARTITION_MS);
      network.join(far);
      await group.promoted(master.port);
      await group.synced(group.servers.length - 1);
      await trial.recovers();
      expect((await trial.settle()).pushed).toBeGreaterThan(0);
    },
    timeoutFor(40_000),
  );
});
