// The store on Redis: one server, the master of a Sentinel group, or a cluster. It opens sessions
// on lanes, and listens to other okq processes. All lasting data is in Redis, which any number of
// okq processes may share.
import { type Cancel, type Clock, systemClock } from "../../queue/clock.ts";
import type { Report } from "../../queue/report.ts";
import type {
  DueListener,
  EndedListener,
  ReadyListener,
  Session,
  Store,
  StoreObserver,
  Topic,
} from "../../queue/store.ts";
import { AwaitedQueues } from "./awaited-queues.ts";
import { ClusterMap } from "./cluster-map.ts";
import { answerMsOf, type Connected, type Patience, QUICK_MS } from "./connect.ts";
import { DueTimes } from "./due-times.ts";
import { ServerFacts, type OnPolicy } from "./server-facts.ts";
import { channelNames, TAG } from "./keys.ts";
import { Lane, type LaneOptions } from "./lane.ts";
import { Messages, type MessagesOptions } from "./messages.ts";
import { RedisNotes } from "./notes.ts";
import { Reports } from "./reports.ts";
import type { Route } from "./route.ts";
import { ServerTime } from "./server-time.ts";
import { connectToMaster, ServerRoute } from "./server-route.ts";
import { LaneSession, ShardedSession } from "./sessions.ts";
import { shardOf, shards } from "./shards.ts";
import { nameOfNode, type RedisTarget } from "./target.ts";
import type { KnownShards } from "./spread.ts";
import { Upgrade } from "./upgrade.ts";
import type { ScriptReply } from "./verb.ts";

export interface RedisStoreOptions {
  target: RedisTarget;
  /** Connections over which sessions are spread; a cluster has one to each of its servers. */
  poolSize: number;
  onReady: ReadyListener;
  /** Not needed by a process in which nobody waits for that. */
  onEnded?: EndedListener | undefined;
  /** Not needed by a process that does no ticks. */
  onDue?: DueListener | undefined;
  /** Neither is needed by a process in which nobody listens. */
  onReport?: ((report: Report) => void) | undefined;
  onListeners?: (() => void) | undefined;
  observer?: StoreObserver | undefined;
  /** Told a server's name and "ready", why a connection to it ended, or "replaced" in a cluster. */
  onState(server: string, state: string): void;
  /** Told why Redis refuses all commands, and null when it accepts them again. */
  onRefusal(reason: string | null): void;
  onPolicy: OnPolicy;
  /** Told how many events of an older okq are moved to the keys of this version so far. */
  onUpgrade(events: number, isDone: boolean): void;
  /** Told when batches begin to lack replicas (false), and when they have enough again. */
  onReplicas(areEnough: boolean): void;
  /** For all that this process times itself; the system's if none is given. */
  clock?: Clock;
  /** Milliseconds since 1970 instead of the Redis server's own time, for tests. */
  now?: () => number;
  /** How long a tick waits for a shard of a cluster; longer for tests on a busy machine. */
  tickMsMax?: number;
}

/** The servers behind the store, one or many. */
interface Servers {
  routes: { route: Route; tag: string }[];
  /** A connection for messages. */
  connect(patience: Patience): Promise<Connected>;
  /** Whether a connection for messages still leads to one of them. */
  isMember(name: string): boolean;
  /** Facts for people. */
  describe(): [string, string | number][];
  close(): void;
}

const TICK_MS_MAX = 500;
/** How often lanes check for overdue answers. */
const WATCH_EVERY_MS = 100;

export class RedisStore implements Store {
  readonly notes: RedisNotes;
  readonly reports: Reports;
  readonly #target: RedisTarget;
  readonly #servers: Servers;
  readonly #facts: ServerFacts;
  readonly #lanes: Lane[];
  readonly #messages: Messages;
  readonly #awaited: AwaitedQueues;
  readonly #stopWatch: Cancel;
  readonly #refused = new Set<Lane>();
  readonly #due: DueTimes;
  readonly #knownShards: KnownShards;
  #hasReplicas = true;
  #sessions = 0;

  private constructor(
    options: RedisStoreOptions,
    servers: Servers,
    facts: ServerFacts,
    times: ReadonlyMap<string, ServerTime>,
    private readonly upgrade: Upgrade,
  ) {
    const { target, onReady, now, clock = systemClock, tickMsMax = TICK_MS_MAX } = options;
    const { onEnded = () => {}, onDue = () => {} } = options;
    const { onReport = () => {}, onListeners = () => {} } = options;
    this.#due = new DueTimes(clock, onDue);
    this.#knownShards = shardsKnownBy(this.#due, tickMsMax);
    const processId = crypto.randomUUID();
    const channels = channelNames(target.db);
    this.#target = target;
    this.#servers = servers;
    this.#facts = facts;
    const [first] = servers.routes;
    const notesIn = (key: string) => new RedisNotes(key, processId, first!, times.get(first!.tag)!);
    this.notes = notesIn("notes");
    const forMessages = {
      connect: (patience: Patience) => servers.connect(patience),
      isMember: (name: string) => servers.isMember(name),
      ...limitsOf(target),
      channels,
      onState: (state: string) => options.onState("for messages", state),
    };
    const ofListeners = { route: first!.route, notes: notesIn("listeners"), onReport };
    this.reports = new Reports({ ...forMessages, ...ofListeners });
    this.#messages = new Messages({
      ...forMessages,
      processId,
      clock,
      onReady,
      onEnded,
      // A lease may have expired anywhere.
      onHearing: () => servers.routes.forEach(({ tag }) => this.#due.hear(tag, 0)),
      onDue: (tag, inMs) => times.has(tag) && this.#due.hear(tag, inMs),
      onListeners,
    });
    this.#awaited = new AwaitedQueues((queue) => servers.routes[shardOf(queue)]!, clock);
    const shared: Omit<LaneOptions, "tag" | "shard" | "route" | "time"> = {
      processId,
      clock,
      limits: target,
      channels,
      now,
      onRefusal: (lane, reason) => {
        if (this.#isFirstOrLast(lane, reason)) options.onRefusal(reason);
      },
      onReplicas: (areEnough) => {
        if (areEnough !== this.#hasReplicas) options.onReplicas(areEnough);
        this.#hasReplicas = areEnough;
      },
      onReady: (became) => tellReady(became, onReady),
      onDue: (tag, inMs, askedAtMs) => this.#due.set(tag, inMs, askedAtMs),
      observer: options.observer ?? null,
    };
    this.#lanes = servers.routes.map(
      (place, number) =>
        new Lane({
          ...shared,
          ...place,
          shard: target.mode === "cluster" ? number : null,
          time: times.get(place.tag)!,
        }),
    );
    this.#stopWatch = clock.every(WATCH_EVERY_MS, () => this.#watchLanes(clock.nowMs()));
  }

  #watchLanes(nowMs: number): void {
    for (const lane of this.#lanes) lane.watch(nowMs);
  }

  /** Whether this lane is the first to be refused, or the last that is not any more. */
  #isFirstOrLast(lane: Lane, reason: string | null): boolean {
    const wereNone = this.#refused.size === 0;
    if (reason === null) this.#refused.delete(lane);
    else this.#refused.add(lane);
    return wereNone !== (this.#refused.size === 0);
  }

  /** Rejects with one line that says why Redis cannot be used. */
  static async open(options: RedisStoreOptions): Promise<RedisStore> {
    const isCluster = options.target.mode === "cluster";
    const facts = new ServerFacts(options.onPolicy, options.clock ?? systemClock);
    let servers: Servers | null = null;
    try {
      servers = await (isCluster ? openCluster : openPool)(options, facts);
      const times = await timesOf(servers, options);
      const upgrade = await startUpgrade(servers, times, options);
      return new RedisStore(options, servers, facts, times, upgrade);
    } catch (error) {
      servers?.close();
      facts.close();
      throw error;
    }
  }

  session(): Session {
    if (this.#target.mode === "cluster") return new ShardedSession(this.#lanes, this.#knownShards);
    return new LaneSession(this.#lanes[this.#sessions++ % this.#lanes.length]!);
  }

  dueInMs(): number {
    return this.#due.inMs();
  }

  partOf(queue: Buffer): number {
    return this.#target.mode === "cluster" ? shardOf(queue) : 0;
  }

  async watch(queues: Buffer[], topic: Topic): Promise<void> {
    const isNoted = topic === "ended" && this.#target.mode === "cluster";
    const noted = isNoted ? this.#awaited.note(queues) : null;
    await Promise.all([this.#messages.watch(queues, topic), noted]);
  }

  describe(): [string, string | number][] {
    const { mode, db, group, waitReplicas } = this.#target;
    const isNamed = mode === "sentinel";
    return [
      ["store", "redis"],
      ["store_mode", mode],
      [isNamed ? "store_sentinels" : "store_address", addressesOf(this.#target)],
      ...(isNamed ? [["store_group", group] as [string, string]] : []),
      ["store_db", db],
      ...this.#servers.describe(),
      ...this.#facts.describe(),
      ["store_wait_replicas", waitReplicas],
    ];
  }

  async close(): Promise<void> {
    await Promise.all(this.#lanes.map((lane) => lane.drained()));
    this.#stopWatch();
    this.#messages.close();
    this.reports.close();
    this.upgrade.stop();
    this.#facts.close();
    this.#servers.close();
  }
}

/** became: queues and how many of their events became ready, in turn. */
function tellReady(became: ScriptReply[], onReady: ReadyListener): void {
  for (let at = 0; at < became.length; at += 2) {
    onReady(became[at] as Buffer, became[at + 1] as number);
  }
}

/** How long a server may take for an answer about messages. */
function limitsOf(target: RedisTarget): Pick<MessagesOptions, "answerMsMax" | "nearAnswerMsMax"> {
  const answerMsMax = answerMsOf(target);
  return { answerMsMax, nearAnswerMsMax: target.mode === "cluster" ? QUICK_MS : answerMsMax };
}

/** By tag. The clocks of all servers should agree, so one answer is enough to begin with. */
async function timesOf(
  { routes }: Servers,
  { clock = systemClock, now }: RedisStoreOptions,
): Promise<Map<string, ServerTime>> {
  const times = new Map(routes.map(({ tag }) => [tag, new ServerTime(clock, now)]));
  const sentAtMs = clock.nowMs();
  const redis = routes.map(({ route }) => route.redis()).find((each) => each !== null);
  const [seconds, micros] = (await redis?.time().catch(() => null)) ?? [];
  if (seconds === undefined) return times;
  const serverMs = Number(seconds) * 1000 + Number(micros) / 1000;
  for (const time of times.values()) time.set(serverMs, sentAtMs);
  return times;
}

async function startUpgrade(
  { routes }: Servers,
  times: ReadonlyMap<string, ServerTime>,
  { target, onState, onUpgrade }: RedisStoreOptions,
): Promise<Upgrade> {
  const isCluster = target.mode === "cluster";
  const upgrade = new Upgrade({
    shards: isCluster ? routes : routes.slice(0, 1),
    shardOf: isCluster ? shardOf : () => 0,
    answerMsMax: answerMsOf(target),
    waitReplicas: target.waitReplicas,
    waitTimeoutMs: target.waitTimeoutMs,
    nowMs: () => times.get(routes[0]!.tag)!.nowMs(),
    onProgress: onUpgrade,
    onFailure: (reason) => onState("for the move of older keys", reason),
  });
  await upgrade.start();
  return upgrade;
}

/** Of the server, of the Sentinels, or of nodes of the cluster. */
function addressesOf({ path, nodes }: RedisTarget): string {
  return path ?? nodes.map(nameOfNode).join(",");
}

/** One server, or the master of a group, over some connections. */
async function openPool(
  { target, poolSize, onState }: RedisStoreOptions,
  facts: ServerFacts,
): Promise<Servers> {
  const isNamed = target.mode === "sentinel";
  // While there is no connection, only the Sentinels know which server it should lead to.
  const name = isNamed ? `${target.group} at ${addressesOf(target)}` : addressesOf(target);
  const routes = Array.from(
    { length: poolSize },
    () => new ServerRoute(target, facts, (state, server) => onState(server ?? name, state)),
  );
  const opened = await Promise.allSettled(routes.map((route) => route.open()));
  const close = () => routes.forEach((route) => route.close());
  const failed = opened.find((result) => result.status === "rejected");
  if (failed) {
    close();
    throw failed.reason;
  }
  return {
    routes: routes.map((route) => ({ route, tag: TAG })),
    connect: (patience) => connectToMaster(target, patience),
    isMember: () => true,
    describe: () => [
      ...(isNamed ? [["store_address", routes[0]!.server ?? "unknown"] as [string, string]] : []),
      ["store_version", routes[0]!.version ?? "unknown"],
      ["store_connections", routes.length],
      ["store_connections_ready", routes.filter((route) => route.redis()).length],
    ],
    close,
  };
}

async function openCluster(
  { target, onState }: RedisStoreOptions,
  facts: ServerFacts,
): Promise<Servers> {
  const slots = shards.map(({ slot }) => slot);
  const map = new ClusterMap({ target, slots, facts, onState });
  try {
    await map.open();
  } catch (error) {
    map.close();
    throw error;
  }
  return {
    routes: shards.map(({ tag, slot }) => ({ tag, route: map.route(slot) })),
    connect: (patience) => map.connectToAny(patience),
    isMember: (name) => map.isMember(name),
    describe: () => [
      ["store_version", map.version ?? "unknown"],
      ["store_connections", map.size.nodes],
      ["store_connections_ready", map.size.ready],
    ],
    close: () => map.close(),
  };
}

function shardsKnownBy(due: DueTimes, tickMsMax: number): KnownShards {
  return {
    isDue: (shard) => due.isDue(shards[shard]!.tag),
    nextToLookAt: 0,
    ticking: new Set(),
    consumed: new Set(),
    tickMsMax,
  };
}
