// The metrics of the okq process: its clients, its commands, its memory.
import { commandName } from "../../commands/table.ts";
import { each, only, US_PER_S } from "./family.ts";
import type { Source, SourceFamily } from "./source.ts";

const of = "process";

const US = US_PER_S;

const processItself: SourceFamily[] = [
  {
    name: "okq_build",
    type: "info",
    labels: ["version", "bun_version"],
    help: "1, with the version of okq.",
    of,
    read: ({ context }) => [[[context.settings.version, Bun.version], 1]],
  },
  {
    name: "process_start_time_seconds",
    type: "gauge",
    unit: "seconds",
    help: "When it started, in seconds since 1970.",
    of,
    read: ({ context }) => only(Math.round(context.stats.startedAtMs) / 1000),
  },
  {
    name: "process_cpu_seconds",
    type: "counter",
    unit: "seconds",
    help: "Processor time of the user and the system.",
    of,
    read() {
      const { system, user } = process.cpuUsage();
      return only((system + user) / US);
    },
  },
  {
    name: "process_resident_memory_bytes",
    type: "gauge",
    unit: "bytes",
    help: "Memory of the process.",
    of,
    read: () => only(process.memoryUsage.rss()),
  },
  {
    name: "okq_objects_bytes",
    type: "gauge",
    unit: "bytes",
    labels: ["kind"],
    help: "JavaScript objects (`heap`) and buffers (`external`).",
    of,
    read() {
      const { heapUsed, external } = process.memoryUsage();
      return each({ heap: heapUsed, external });
    },
  },
];

const connections: SourceFamily[] = [
  {
    name: "okq_connections",
    type: "gauge",
    help: "Clients that are connected over RESP.",
    of,
    read: ({ context }) => only(context.clients.size),
  },
  {
    name: "okq_connections_limit",
    type: "gauge",
    help: "`--max-clients`, or fewer if the limit of open files is low.",
    of,
    read: ({ context }) => only(context.settings.maxClients),
  },
  {
    name: "okq_connections_blocked",
    type: "gauge",
    help: "Clients that wait for events.",
    of,
    read: ({ context }) => only(context.waiters.size + context.readers.size),
  },
  {
    name: "okq_connections_paused",
    type: "gauge",
    help: "Clients from which okq does not read now, because they are at a limit.",
    of,
    read: ({ context }) => only(context.figures.of(context.clients).pausedCount),
  },
  {
    name: "okq_connections_opened",
    type: "counter",
    help: "Clients that connected, also those that were refused.",
    of,
    read: ({ context }) => only(context.stats.connections),
  },
  {
    name: "okq_connections_refused",
    type: "counter",
    labels: ["reason"],
    help:
      "Clients that were refused: by `--max-clients-per-address` (`address`), or for another " +
      "reason (`server`).",
    of,
    read({ context }) {
      const { connectionsRefused, refusedPerAddress } = context.stats;
      return each({ address: refusedPerAddress, server: connectionsRefused - refusedPerAddress });
    },
  },
  {
    name: "okq_connections_closed",
    type: "counter",
    labels: ["reason"],
    help:
      "Clients that okq closed: they did not read their replies (`slow`), sent nothing (`idle`), " +
      "or kept others waiting for the rest of a command (`stalled`).",
    of,
    read({ context }) {
      const { closedSlow, closedIdle, closedStalled } = context.stats;
      return each({ slow: closedSlow, idle: closedIdle, stalled: closedStalled });
    },
  },
  {
    name: "okq_received_bytes",
    type: "counter",
    unit: "bytes",
    help: "From clients over RESP.",
    of,
    read: ({ context }) => only(context.stats.bytesIn),
  },
  {
    name: "okq_sent_bytes",
    type: "counter",
    unit: "bytes",
    help: "To clients over RESP.",
    of,
    read: ({ context }) => only(context.stats.bytesOut),
  },
  {
    name: "okq_http_requests",
    type: "counter",
    labels: ["status"],
    help: "HTTP requests that were answered, by the class of the status.",
    of,
    read: ({ http }) => each(http.requests),
  },
];

const commands: SourceFamily[] = [
  {
    name: "okq_commands",
    type: "counter",
    help: "Commands over RESP.",
    of,
    read: ({ context }) => only(context.stats.commands),
  },
  {
    name: "okq_command_errors",
    type: "counter",
    help: "Commands over RESP that were answered with an error.",
    of,
    read: ({ context }) => only(context.stats.errors),
  },
  {
    name: "okq_command_duration_seconds",
    type: "histogram",
    unit: "seconds",
    labels: ["command"],
    help:
      "From when okq began to handle what a client had sent to when the reply is written, or " +
      "over HTTP, is there; with the time for which a command waits for events. `unknown`: no " +
      "command, or before a login.",
    of,
    read: ({ context }) =>
      [...context.durations.called()].map(([number, histogram]) => [
        [commandName(number)],
        { histogram, perUnit: US },
      ]),
  },
  {
    name: "okq_budget_bytes",
    type: "gauge",
    unit: "bytes",
    labels: ["budget"],
    help:
      "Bytes that okq keeps for clients: commands that wait for the store (`unanswered`), for " +
      "EXEC (`queued`) or for their start (`unstarted`), replies that clients have not read " +
      "(`unsent`), bodies of HTTP requests (`bodies`), and registrations (`registered`).",
    of,
    read({ context: { budgets, consumers } }) {
      return each({
        unanswered: budgets.unanswered.bytes,
        queued: budgets.queued.bytes,
        unstarted: budgets.unstarted.bytes,
        unsent: budgets.unsent.bytes,
        bodies: budgets.bodies.bytes,
        registered: consumers.bytes,
      });
    },
  },
  {
    name: "okq_budget_limit_bytes",
    type: "gauge",
    unit: "bytes",
    help: "`--max-waiting-bytes`, the limit of each budget.",
    of,
    read: ({ context }) => only(context.settings.maxWaitingBytes),
  },
  {
    name: "okq_background_pushes",
    type: "gauge",
    help: "NOBLOCK pushes under way.",
    of,
    read: ({ context }) => only(context.background.count),
  },
  {
    name: "okq_background_pushes_limit",
    type: "gauge",
    help: "`--bg-push-pool-size`.",
    of,
    read: ({ context }) => only(context.settings.bgPushPoolSize),
  },
  {
    name: "okq_subscriptions",
    type: "gauge",
    labels: ["kind"],
    help: "Different channels and patterns that clients have subscribed to.",
    of,
    read: ({ context: { subscriptions } }) =>
      each({ channel: subscriptions.size("channel"), pattern: subscriptions.size("pattern") }),
  },
  {
    name: "okq_messages_lost",
    type: "counter",
    help: "Messages that clients did not get, because they read too slowly or too much happened.",
    of,
    read: ({ context: { stats, subscriptions } }: Source) =>
      only(stats.messagesLost + subscriptions.lost),
  },
];

export const processFamilies: SourceFamily[] = [...processItself, ...connections, ...commands];
