// Starts a real Redis Cluster with masters and replicas, and moves slots as redis-cli --cluster
// reshard does.
import { closeAfterTest } from "./close-after-test.ts";
import { eventually } from "./eventually.ts";
import { freePort } from "./free-port.ts";
import {
  answerOf,
  closeAll,
  type Machine,
  type RedisOptions,
  type RedisServer,
  startAll,
} from "./redis-server.ts";

export const SLOTS = 16_384;

export interface ClusterNode extends RedisServer {
  id: string;
}

export interface MoveOptions {
  keysPerStep?: number;
  /**
   * Awaited after every step with the number of keys moved so far. "stop" ends the move half-way;
   * another move continues there.
   */
  onStep?(moved: number): unknown;
}

export interface Cluster {
  /** Masters first, then replicas, by their roles at the start. */
  nodes: ClusterNode[];
  /** The reachable nodes that call themselves masters and have slots. */
  masters(): Promise<ClusterNode[]>;
  /** The first replica of a node, which may be down. */
  replicaOf(node: ClusterNode): Promise<ClusterNode>;
  /** The master of a slot; waits until there is one. */
  ownerOf(slot: number): Promise<ClusterNode>;
  /** Resolves to the number of keys moved. */
  moveSlot(slot: number, to: ClusterNode, options?: MoveOptions): Promise<number>;
  /** Resolves once every reachable node sees all slots served. */
  healed(): Promise<void>;
  close(): Promise<void>;
}

export interface ClusterOptions extends Omit<RedisOptions, "machine" | "config"> {
  masters?: number;
  replicasEach?: number;
  /** A node that is silent for this time counts as down. */
  nodeTimeoutMs?: number;
  /** For a cluster that is started in beforeAll and closed in afterAll. */
  outlivesTest?: true;
  /** The machines of the nodes, in order. */
  machines?: Machine[];
}

/** A node as it describes itself. */
interface Self {
  isMaster: boolean;
  masterId: string;
  epoch: number;
  slots: [from: number, to: number][];
}

const START_MS_MAX = 60_000;
const MIGRATE_MS_MAX = 20_000;

/**
 * Resolves when all slots are served and replicas are in sync. Closed when the test ends, unless
 * outlivesTest is set.
 */
export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const { masters = 3, replicasEach = 1 } = options;
  const count = masters * (1 + replicasEach);
  const each = Array.from({ length: count }, (_, at) => nodeOptions(options, at));
  const servers = await startAll(await Promise.all(each));
  if (!options.outlivesTest) closeAfterTest({ close: () => closeAll(servers) });
  const nodes = await Promise.all(
    servers.map(async (server): Promise<ClusterNode> => {
      return Object.assign(server, { id: String(await server.redis.call("CLUSTER", "MYID")) });
    }),
  );
  await form(nodes, masters);

  async function selves(): Promise<{ node: ClusterNode; self: Self }[]> {
    const found = await Promise.all(
      nodes.map(async (node) => ({ node, self: await selfOf(node) })),
    );
    return found.flatMap(({ node, self }) => (self ? [{ node, self }] : []));
  }

  /** If two nodes claim the slot, the node with the later epoch is its owner. */
  async function ownerOf(slot: number): Promise<ClusterNode> {
    const has = ({ isMaster, slots }: Self) =>
      isMaster && slots.some(([from, to]) => from <= slot && slot <= to);
    return await eventually(
      async () => {
        const owners = (await selves()).filter(({ self }) => has(self));
        return owners.toSorted((a, b) => b.self.epoch - a.self.epoch)[0]?.node;
      },
      { timeoutMs: START_MS_MAX, message: `slot ${slot} has an owner` },
    );
  }

  return {
    nodes,
    ownerOf,
    async masters() {
      const found = await selves();
      return found.flatMap(({ node, self }) => (self.slots.length > 0 ? node : []));
    },
    async replicaOf({ id }) {
      const found = await selves();
      const replica = found.find(({ self }) => self.masterId === id);
      if (!replica) throw new Error(`no node says that it is a replica of ${id}`);
      return replica.node;
    },
    async moveSlot(slot, to, moveOptions = {}) {
      return await moveSlot(nodes, await ownerOf(slot), slot, to, { options, moveOptions });
    },
    async healed() {
      const reachable = (await selves()).map(({ node }) => node);
      await eventually(async () => (await Promise.all(reachable.map(isWhole))).every(Boolean), {
        timeoutMs: START_MS_MAX,
        message: "every node finds all slots served",
      });
    },
    close: () => closeAll(servers),
  };
}

async function nodeOptions(options: ClusterOptions, at: number): Promise<RedisOptions> {
  const { args = [], password, tls, outlivesTest, machines = [] } = options;
  // No test kills a node of a shared cluster, and a busy machine must not make one look dead.
  const { nodeTimeoutMs = outlivesTest ? 10_000 : 1_000 } = options;
  const cluster = ["--cluster-enabled", "yes", "--cluster-node-timeout", String(nodeTimeoutMs)];
  // The default port of the bus, 10,000 above the client port, could be too high.
  cluster.push("--cluster-port", String(await freePort()));
  if (password !== undefined) cluster.push("--masterauth", password);
  if (tls) cluster.push("--tls-cluster", "yes");
  return {
    ...options,
    ...(machines[at] && { machine: machines[at] }),
    args: [...cluster, ...args],
  };
}

/** Makes a cluster: gives slots to the masters, lets nodes meet, adds replicas. */
async function form(nodes: ClusterNode[], masters: number): Promise<void> {
  const share = SLOTS / masters;
  for (const [at, { redis }] of nodes.entries()) {
    await redis.call("CLUSTER", "SET-CONFIG-EPOCH", at + 1);
    if (at >= masters) continue;
    const [from, to] = [Math.ceil(at * share), Math.ceil((at + 1) * share) - 1];
    await redis.call("CLUSTER", "ADDSLOTSRANGE", from, to);
  }
  for (const [at, { redis }] of nodes.entries()) {
    for (const other of nodes.slice(at + 1)) {
      const [, bus] = (await other.redis.config("GET", "cluster-port")) as string[];
      await redis.call("CLUSTER", "MEET", other.address, other.port, bus!);
    }
  }
  const lines = async ({ redis }: ClusterNode) => String(await redis.call("CLUSTER", "NODES"));
  const knows = (text: string) =>
    nodes.every(({ id }) => text.includes(id)) && !/handshake|noaddr/.test(text);
  await everyNode(nodes, "knows all others", async (node) => knows(await lines(node)));
  await Promise.all(
    nodes.slice(masters).map(({ redis }, at) => {
      return redis.call("CLUSTER", "REPLICATE", nodes[at % masters]!.id);
    }),
  );
  await everyNode(nodes, "knows the replicas and all slots", async (node) => {
    const found = (await lines(node)).match(/[ ,]slave /g) ?? [];
    return found.length === nodes.length - masters && (await isWhole(node));
  });
  await everyNode(nodes, "is in sync", async ({ redis }) => {
    const info = await redis.info("replication");
    return /master_link_status:up/.test(info) || /role:master/.test(info);
  });
}

async function everyNode(
  nodes: ClusterNode[],
  what: string,
  check: (node: ClusterNode) => Promise<boolean>,
): Promise<void> {
  const wait = { timeoutMs: START_MS_MAX, message: `every node ${what}` };
  await Promise.all(nodes.map((node) => eventually(() => check(node), wait)));
}

async function isWhole(node: ClusterNode): Promise<boolean> {
  return /cluster_state:ok/.test(String(await answerOf(node, "CLUSTER", "INFO")));
}

/** Null if the node does not answer. */
async function selfOf(node: ClusterNode): Promise<Self | null> {
  const text = await answerOf(node, "CLUSTER", "NODES");
  const line = /^.* myself,.*$/m.exec(String(text))?.[0];
  if (line === undefined) return null;
  const [, , flags, masterId, , , epoch, , ...ranges] = line.split(" ");
  const owned = ranges.filter((range) => !range.startsWith("["));
  return {
    isMaster: flags!.includes("master"),
    masterId: masterId!,
    epoch: Number(epoch),
    slots: owned.map((range) => {
      const [from, to = from] = range.split("-").map(Number);
      return [from!, to!];
    }),
  };
}

async function moveSlot(
  nodes: ClusterNode[],
  from: ClusterNode,
  slot: number,
  to: ClusterNode,
  { options, moveOptions }: { options: ClusterOptions; moveOptions: MoveOptions },
): Promise<number> {
  const { keysPerStep = 10, onStep } = moveOptions;
  const setSlot = ({ redis }: ClusterNode, ...state: string[]) =>
    redis.call("CLUSTER", "SETSLOT", slot, ...state);
  if (from === to) return 0;
  await setSlot(to, "IMPORTING", from.id);
  await setSlot(from, "MIGRATING", to.id);
  const auth = options.password === undefined ? [] : ["AUTH", options.password];
  const place = [to.address, to.port, "", 0, MIGRATE_MS_MAX, ...auth, "KEYS"];
  let moved = 0;
  for (;;) {
    const keys = (await from.redis.callBuffer(
      "CLUSTER",
      "GETKEYSINSLOT",
      slot,
      keysPerStep,
    )) as Buffer[];
    if (keys.length === 0) break;
    await from.redis.call("MIGRATE", ...place, ...keys);
    moved += keys.length;
    if ((await onStep?.(moved)) === "stop") return moved;
  }
  // The new owner is told first, so that the slot always has an owner.
  await setSlot(to, "NODE", to.id);
  await setSlot(from, "NODE", to.id);
  // Replicas, and nodes that are down, learn the owner from the others.
  const others = nodes.filter((node) => node !== from && node !== to);
  const news = ["CLUSTER", "SETSLOT", String(slot), "NODE", to.id];
  await Promise.all(others.map((node) => answerOf(node, ...news)));
  return moved;
}
