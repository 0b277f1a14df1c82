// INFO, CONFIG GET, TIME and ROLE: facts about the server. INFO is answered without the store.
import { totalOf } from "../queue/queue-status.ts";
import { Pairs, type Reply } from "../resp/reply.ts";
import { Glob } from "../users/glob.ts";
import { checkCount } from "./arguments.ts";
import { wordOf } from "./words.ts";
import type { Caller } from "./caller.ts";
import type { Call, Command } from "./command.ts";
import type { Context, Settings } from "./context.ts";
import { statusOfAll } from "./inspect.ts";
import { REDIS_VERSION } from "./login.ts";
import { collect } from "./long-replies.ts";

/** Sections or patterns that one command may name. Each is compared with all that exist. */
const NAMES_MAX = 64;
const PATTERN_BYTES_MAX = 1024;

/** Names and values of a section of INFO. */
export type Lines = [name: string, value: string | number][];

const sections: Record<string, (context: Context) => Lines> = {
  Server: ({ settings, stats, clock }) => [
    ["redis_version", REDIS_VERSION],
    ["redis_mode", "standalone"],
    ["okq_version", settings.version],
    ["bun_version", process.versions.bun ?? ""],
    ["os", `${process.platform} ${process.arch}`],
    ["process_id", process.pid],
    ["tcp_port", settings.port],
    ["uptime_in_seconds", Math.floor((clock.nowMs() - stats.startedAtMs) / 1000)],
  ],
  Clients: clientLines,
  Memory: memory,
  // Drivers wait until a Redis has loaded: here until some okq serves.
  Persistence: ({ failover }) => [["loading", !failover || failover.serving ? 0 : 1]],
  Stats: ({ background, stats, subscriptions }) => [
    ["total_connections_received", stats.connections],
    ["rejected_connections", stats.connectionsRefused],
    ["total_commands_processed", stats.commands],
    ["total_error_replies", stats.errors],
    ["total_net_input_bytes", stats.bytesIn],
    ["total_net_output_bytes", stats.bytesOut],
    ["pubsub_channels", subscriptions.size("channel")],
    ["pubsub_patterns", subscriptions.size("pattern")],
    ["messages_lost", stats.messagesLost + subscriptions.lost],
    ["events_pushed", stats.pushes],
    ["events_popped", stats.pops],
    ["events_acknowledged", stats.acks],
    ["background_pushes", background.count],
    ["background_bytes", background.bytes],
  ],
  Replication: () => [
    ["role", "master"],
    ["connected_slaves", 0],
  ],
  CPU: cpu,
  Store: ({ store }) => store.describe(),
  Cluster: () => [["cluster_enabled", 0]],
};

/** The limits, how near okq is to them, and how often they were reached. */
function clientLines(context: Context): Lines {
  const { budgets, clients, consumers, figures, readers, settings, stats, waiters } = context;
  const { pausedCount, inFlightMax, bytesInMax, bytesOutMax } = figures.of(clients);
  return [
    ["connected_clients", clients.size],
    ["maxclients", settings.maxClients],
    ["maxclients_per_address", settings.maxClientsPerAddress],
    ["blocked_clients", waiters.size + readers.size + waitingElsewhere(context)],
    ["paused_clients", pausedCount],
    ["login_timeout", settings.loginTimeout],
    ["client_timeout", settings.clientTimeout],
    ["client_output_timeout", settings.clientOutputTimeout],
    ["client_inflight_limit", settings.clientInFlightMax],
    ["client_inflight_max", inFlightMax],
    ["client_output_limit", settings.clientOutputBytesMax],
    ["client_output_max", bytesOutMax],
    ["client_input_max", bytesInMax],
    ["bytes_waiting_limit", settings.maxWaitingBytes],
    ["bytes_waiting", budgets.unanswered.bytes],
    ["bytes_queued", budgets.queued.bytes],
    ["bytes_unread", budgets.unstarted.bytes],
    ["bytes_unsent", budgets.unsent.bytes],
    ["bytes_bodies", budgets.bodies.bytes],
    ["bytes_registered", consumers.bytes],
    ["clients_closed_slow", stats.closedSlow],
    ["clients_closed_idle", stats.closedIdle],
    ["clients_closed_stalled", stats.closedStalled],
    ["clients_refused_per_address", stats.refusedPerAddress],
  ];
}

/** Clients that wait at the okq that serves. */
function waitingElsewhere({ failover, clients }: Context): number {
  if (!failover) return 0;
  return [...clients.values()].filter(({ upstream }) => upstream?.isWaiting).length;
}

function memory(): Lines {
  const { rss, heapUsed, external } = process.memoryUsage();
  return [
    ["used_memory", heapUsed + external],
    ["used_memory_rss", rss],
    ["used_memory_heap", heapUsed],
    ["used_memory_external", external],
  ];
}

/** Seconds of processor time; okq has no child processes. */
function cpu(): Lines {
  const { system, user } = process.cpuUsage();
  return [
    ["used_cpu_sys", (system / 1e6).toFixed(6)],
    ["used_cpu_user", (user / 1e6).toFixed(6)],
    ["used_cpu_sys_children", "0.000000"],
    ["used_cpu_user_children", "0.000000"],
  ];
}

/** The sections that need not look at queues or keys. */
export function infoOf(context: Context): [section: string, lines: Lines][] {
  return Object.entries(sections).map(([name, lines]) => [name, lines(context)]);
}

/** The store looks at every queue for this section, so INFO shows it only when it is named. */
async function queueLines(call: Call<Caller>): Promise<Lines> {
  await call.context.consumers.allReported();
  const sums = { queues: 0, events: 0, events_processing: 0, consumers: 0 };
  try {
    await collect(call, statusOfAll(call.client), (page) => {
      sums.queues += page.length;
      for (const status of page) {
        sums.events += totalOf(status);
        sums.events_processing += status.claimed;
        sums.consumers += status.consumers;
      }
      return 0;
    });
    return Object.entries(sums);
  } catch (error) {
    return [["queues_error", (error as Error).message]];
  }
}

/** The section is that of a Redis without expiring keys, which shows none without keys. */
async function keyspaceLines(count: number | null | Promise<number>): Promise<Lines> {
  try {
    const keys = await count;
    return keys ? [["db0", `keys=${keys},expires=0,avg_ttl=0`]] : [];
  } catch (error) {
    return [["keyspace_error", (error as Error).message]];
  }
}

async function info(call: Call<Caller>): Promise<Reply> {
  checkCount("sections", call.args.length - 1, NAMES_MAX);
  const asked = call.args.slice(1).map((name) => wordOf(name).toLowerCase());
  const isAll = asked.includes("all") || asked.includes("everything");
  const isDefault = asked.length === 0 || asked.includes("default");
  const parts = Object.entries(sections)
    .filter(([name]) => isAll || isDefault || asked.includes(name.toLowerCase()))
    .map(([name, lines]) => section(name, lines(call.context)));
  const { keyCount } = call.context;
  if (asked.includes("keyspace")) {
    parts.push(section("Keyspace", await keyspaceLines(keyCount.now())));
  } else if (isAll || isDefault) {
    const count = keyCount.recent() ?? (isAll ? keyCount.now() : null);
    parts.push(section("Keyspace", await keyspaceLines(count)));
  }
  if (isAll || asked.includes("queues")) parts.push(section("Queues", await queueLines(call)));
  return parts.join("\r\n");
}

function section(name: string, lines: Lines): string {
  return `# ${name}\r\n${lines.map(([field, value]) => `${field}:${value}\r\n`).join("")}`;
}

/** Options of Redis that drivers ask for and okq does not have. */
const redisOptions = ({ maxClients, maxEventBytes, clientTimeout }: Settings): Lines => [
  ["save", ""],
  ["appendonly", "no"],
  ["timeout", clientTimeout],
  ["databases", 1],
  ["replica-read-only", "yes"],
  ["slave-read-only", "yes"],
  ["maxmemory", 0],
  ["maxclients", maxClients],
  ["proto-max-bulk-len", maxEventBytes],
];

function configGet({ args, context }: Call): Reply {
  checkCount("patterns", args.length - 2, NAMES_MAX);
  const longest = Math.max(...args.slice(2).map(({ length }) => length));
  checkCount("bytes in a pattern", longest, PATTERN_BYTES_MAX);
  const globs = args.slice(2).map(lowerCaseGlob);
  const known = [...redisOptions(context.settings), ...context.options];
  const matching = known.filter(([name]) => globs.some((glob) => glob.matches(Buffer.from(name))));
  return new Pairs(matching.map(([name, value]) => [name, String(value)]));
}

/** Names of options are in lower case. */
function lowerCaseGlob(glob: Buffer): Glob {
  return Glob.ofRedis(Buffer.from(glob.toString("latin1").toLowerCase(), "latin1"));
}

function time({ context }: Call): Reply {
  const now = context.clock.nowMs();
  const seconds = Math.floor(now / 1000);
  return [String(seconds), String(Math.floor((now - seconds * 1000) * 1000))];
}

const shared = {
  group: "server",
  access: "logged-in",
  since: "0.1.0",
  flags: ["readonly"],
} as const;

/** INFO needs no connection. */
export const infoCommand: Command<Caller> = {
  ...shared,
  name: "INFO",
  access: "inspect",
  syntax: "[section ...]",
  summary: "Facts about the server in sections; `INFO queues` adds sums over all queues.",
  isExclusive: true,
  run: info,
};

export const serverInfoCommands: Command[] = [
  {
    ...shared,
    name: "CONFIG GET",
    access: "admin",
    syntax: "pattern [pattern ...]",
    summary: "Options whose names match, with their values.",
    run: configGet,
  },
  {
    ...shared,
    name: "TIME",
    syntax: "",
    summary: "The server's time as seconds and microseconds.",
    run: time,
  },
  {
    ...shared,
    name: "ROLE",
    syntax: "",
    summary: "Always master: okq is one server to its clients.",
    run: () => ["master", 0, []],
  },
];
