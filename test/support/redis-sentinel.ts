// Starts a real Redis with replicas and Sentinels, with delays so short that a test can wait for a
// failover.
import { closeAfterTest } from "./close-after-test.ts";
import { eventually } from "./eventually.ts";
import {
  answerOf,
  closeAll,
  type Machine,
  type RedisOptions,
  type RedisServer,
  startAll,
} from "./redis-server.ts";

export interface SentinelGroup {
  group: string;
  /** Ports of the Sentinels. */
  sentinels: number[];
  /** The Sentinel processes, which a test can stop and kill. */
  sentinelServers: RedisServer[];
  /** All Redis servers. The first server is the initial master. */
  servers: RedisServer[];
  /** The master according to most Sentinels and to itself. */
  master(): Promise<RedisServer>;
  /** The master, as soon as it is not the server on this port. */
  promoted(notPort: number): Promise<RedisServer>;
  /** Resolves once that many replicas are in sync with the master and all Sentinels agree. */
  synced(replicas: number): Promise<void>;
  close(): Promise<void>;
}

export interface SentinelOptions extends Omit<RedisOptions, "machine" | "config"> {
  replicas?: number;
  sentinels?: number;
  group?: string;
  /** A master that is silent for this time counts as down; the Sentinels notice in turn. */
  downAfterMs?: number;
  /** The password of the default user of the Sentinels. */
  sentinelPassword?: string;
  /** The machines of the Redis servers, in order. */
  machines?: Machine[];
  /** The machines of the Sentinels, in order. */
  sentinelMachines?: Machine[];
}

/** Sentinels that notice a failure at the same time vote for themselves and retry much later. */
const APART_MS = 200;
const FAILOVER_TIMEOUT_MS = 2_000;
/** A returning master becomes a replica only after some time. */
const START_MS_MAX = 60_000;
const FAILOVER_MS_MAX = 60_000;

/** Resolves when all servers are in sync and know each other. Closed when the test ends. */
export async function startSentinelGroup(options: SentinelOptions = {}): Promise<SentinelGroup> {
  const { replicas = 1, sentinels = 3, group = "master" } = options;
  const servers = await startServers(options);
  const closing = [...servers];
  closeAfterTest({ close: () => closeAll(closing) });
  const sentinelServers = await startAll(
    Array.from({ length: sentinels }, (_, at) => sentinelOptions(options, servers[0]!, at)),
  );
  closing.push(...sentinelServers);

  /** The number of Sentinels that name each master, by "host:port". */
  async function named(): Promise<Map<string, number>> {
    const votes = new Map<string, number>();
    const command = ["SENTINEL", "GET-MASTER-ADDR-BY-NAME", group];
    const answers = sentinelServers.map((sentinel) => answerOf(sentinel, ...command));
    for (const address of await Promise.all(answers)) {
      const name = (address as string[] | null)?.join(":") ?? "";
      votes.set(name, (votes.get(name) ?? 0) + 1);
    }
    return votes;
  }

  async function master(isIt: (server: RedisServer) => boolean): Promise<RedisServer> {
    return await eventually(
      async () => {
        const [name] = [...(await named())].find(([, votes]) => votes > sentinels / 2) ?? [];
        const server = servers.find(({ address, port }) => `${address}:${port}` === name);
        if (!server || !isIt(server)) return null;
        const role = (await answerOf(server, "ROLE")) as string[] | null;
        return role?.[0] === "master" ? server : null;
      },
      { timeoutMs: FAILOVER_MS_MAX, message: `a majority of Sentinels names a master` },
    );
  }

  async function synced(count: number): Promise<void> {
    await eventually(
      async () => {
        const { redis } = await master(() => true);
        const info = await redis.info("replication");
        return info.split("state=online").length > count && (await agree(sentinelServers, group));
      },
      { timeoutMs: START_MS_MAX, message: `${count} replicas are in sync and Sentinels agree` },
    );
  }

  await synced(replicas);
  await Promise.all(sentinelServers.map((server) => knowsAll(server, group, replicas, sentinels)));
  return {
    group,
    sentinels: sentinelServers.map(({ port }) => port),
    sentinelServers,
    servers,
    master: () => master(() => true),
    promoted: (notPort) => master(({ port }) => port !== notPort),
    synced,
    close: () => closeAll(closing),
  };
}

/** Starts the servers with config files, in which the Sentinels record the master of each. */
async function startServers(options: SentinelOptions): Promise<RedisServer[]> {
  const { replicas = 1, machines = [], args = [], password } = options;
  const secret = password === undefined ? [] : ["--masterauth", password];
  const each = Array.from({ length: replicas + 1 }, (_, at) =>
    Object.assign({ ...options, config: [], args: [...secret, ...args] }, on(machines[at])),
  );
  const servers = await startAll(each);
  const [master, ...others] = servers;
  await Promise.all(
    others.map(async ({ redis }) => {
      await redis.replicaof(master!.address, master!.port);
      await redis.config("REWRITE");
    }),
  );
  return servers;
}

function on(machine: Machine | undefined): { machine?: Machine } {
  return machine ? { machine } : {};
}

function sentinelOptions(options: SentinelOptions, master: RedisServer, at: number): RedisOptions {
  const { sentinels = 3, group = "master", downAfterMs = 500 } = options;
  const { password, sentinelPassword, tls, sentinelMachines = [] } = options;
  const quorum = Math.floor(sentinels / 2) + 1;
  const config = [
    `sentinel monitor ${group} ${master.address} ${master.port} ${quorum}`,
    `sentinel down-after-milliseconds ${group} ${downAfterMs + at * APART_MS}`,
    `sentinel failover-timeout ${group} ${FAILOVER_TIMEOUT_MS}`,
  ];
  if (password !== undefined) config.push(`sentinel auth-pass ${group} ${password}`);
  if (sentinelPassword !== undefined) config.push(`sentinel sentinel-pass ${sentinelPassword}`);
  return {
    config,
    args: ["--sentinel"],
    ...(tls && { tls }),
    ...(sentinelPassword !== undefined && { password: sentinelPassword }),
    ...on(sentinelMachines[at]),
  };
}

/** Waits until a Sentinel knows the other Sentinels and all replicas. */
async function knowsAll(
  { redis }: RedisServer,
  group: string,
  replicas: number,
  sentinels: number,
): Promise<void> {
  // The ping period stays long: a replica whose INFO is older than five periods is not promoted.
  const sooner = ["info-period", "500", "publish-period", "200"];
  await redis.call("SENTINEL", "DEBUG", ...sooner);
  await eventually(
    async () => {
      const [master] = fieldsOf([await redis.call("SENTINEL", "MASTER", group)]);
      const others = fieldsOf(await redis.call("SENTINEL", "REPLICAS", group));
      const flags = [master!["flags"], ...others.map((other) => other["flags"])].join(" ");
      return (
        flags === ["master", ...Array<string>(replicas).fill("slave")].join(" ") &&
        master!["num-other-sentinels"] === String(sentinels - 1) &&
        others.every((other) => other["master-link-status"] === "ok")
      );
    },
    { timeoutMs: START_MS_MAX, message: "a Sentinel knows all others" },
  );
}

/** Until the Sentinels agree, one of them may still promote another master. */
async function agree(sentinels: RedisServer[], group: string): Promise<boolean> {
  const asked = sentinels.map((sentinel) => answerOf(sentinel, "SENTINEL", "MASTER", group));
  const views = fieldsOf((await Promise.all(asked)).filter(Boolean));
  const names = views.map(({ ip, port, flags, "config-epoch": epoch }) => {
    return [ip, port, flags, epoch].join(" ");
  });
  return new Set(names).size === 1 && / master /.test(names[0]!);
}

function fieldsOf(lists: unknown): Record<string, string>[] {
  return (lists as string[][]).map((list) => {
    const names = list.filter((_, at) => at % 2 === 0);
    return Object.fromEntries(names.map((name, at) => [name, list[at * 2 + 1]!]));
  });
}
