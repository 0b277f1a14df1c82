// The Context of commands: the running server as its commands see it, made from a Config.
import { randomBytes } from "node:crypto";
import { version } from "../../package.json" with { type: "json" };
import { BackgroundPushes } from "../commands/background.ts";
import { createBudgets } from "../commands/budget.ts";
import { ClientFigures } from "../commands/client-figures.ts";
import { CommandDurations } from "../commands/command-durations.ts";
import type { Context, Stats } from "../commands/context.ts";
import { Cursors } from "../commands/cursors.ts";
import { KeyCount } from "../commands/key-count.ts";
import { KnownScripts } from "../commands/known-scripts.ts";
import { LongReplies } from "../commands/long-replies.ts";
import type { Subscriptions } from "../commands/subscriptions.ts";
import { waitingClients } from "../commands/workers.ts";
import type { Config } from "../config/options.ts";
import type { LogLimit } from "../log/log-limit.ts";
import type { Clock } from "../queue/clock.ts";
import { Consumers } from "../queue/consumers.ts";
import type { ProcessFigures } from "../queue/process-figures.ts";
import { Reporter } from "../queue/reporter.ts";
import type { Store } from "../queue/store.ts";
import type { Endings } from "../queue/endings.ts";
import type { Readers } from "../queue/readers.ts";
import type { Waiters } from "../queue/waiters.ts";
import { WaitingNotes } from "../queue/waiting-notes.ts";
import { CLIENT_LIMITS } from "../server/flow/limits.ts";
import type { Directory } from "../users/directory.ts";
import { shownOptions } from "./shown-options.ts";

interface Parts {
  store: Store;
  counting: Context["counting"];
  failover: Context["failover"];
  waiters: Waiters;
  readers: Readers;
  endings: Endings;
  subscriptions: Subscriptions;
  users: Directory;
  processFigures: ProcessFigures;
  maxClients: number;
  clock: Clock;
}

export function contextOf(config: Config, { warn }: LogLimit, parts: Parts): Context {
  const { store, counting, failover, waiters, readers, endings } = parts;
  const { subscriptions, users, clock, processFigures, maxClients } = parts;
  // The maximum of each of the budgets, not of all together.
  const budgets = createBudgets(config.maxWaitingBytes);
  const processId = randomBytes(8).toString("hex");
  const clients: Context["clients"] = new Map();
  const visitors: Context["visitors"] = new Set();
  const waiting = () => waitingClients({ processId, clients, visitors });
  const reportFailure = (what: string, error: Error) => warn(`${what} failed`, { error });
  return {
    store,
    counting,
    failover,
    processId,
    waiters,
    readers,
    endings,
    users,
    consumers: new Consumers(
      store,
      (error) => {
        // The counts of an okq that does not serve any more are forgotten anyway.
        if (!failover || failover.role === "serving") {
          reportFailure("deregistering a consumer", error);
        }
      },
      clock,
    ),
    background: new BackgroundPushes(
      { countMax: config.bgPushPoolSize, bytesMax: config.maxEventBytes },
      warn,
    ),
    clients,
    visitors,
    waitingNotes: new WaitingNotes(store.notes, clock, waiting),
    subscriptions,
    reporter: new Reporter({
      exchange: store.reports,
      interest: subscriptions,
      clock,
      onReport: (report) => subscriptions.deliver(report),
    }),
    cursors: new Cursors(),
    scripts: new KnownScripts(),
    keyCount: new KeyCount(store, clock),
    figures: new ClientFigures(clock),
    longReplies: new LongReplies(budgets.unsent),
    budgets,
    clock,
    durations: new CommandDurations(clock),
    processFigures,
    stats: emptyStats(clock.nowMs()),
    settings: settingsOf(config, maxClients),
    options: shownOptions(config),
    reportFailure,
    warn,
  };
}

/** The port is filled in once okq listens. */
function settingsOf(config: Config, maxClients: number): Context["settings"] {
  const { bgPushPoolSize, maxEventBytes, maxNameBytes, maxClientsPerAddress } = config;
  const { loginTimeout, clientTimeout, clientOutputTimeout, maxWaitingBytes } = config;
  return {
    version,
    port: 0,
    bgPushPoolSize,
    maxClients,
    maxEventBytes,
    maxNameBytes,
    maxClientsPerAddress,
    loginTimeout,
    clientTimeout,
    clientOutputTimeout,
    maxWaitingBytes,
    ...CLIENT_LIMITS,
  };
}

function emptyStats(startedAtMs: number): Stats {
  return {
    startedAtMs,
    connections: 0,
    connectionsRefused: 0,
    refusedPerAddress: 0,
    closedSlow: 0,
    messagesLost: 0,
    closedIdle: 0,
    closedStalled: 0,
    commands: 0,
    errors: 0,
    bytesIn: 0,
    bytesOut: 0,
    pushes: 0,
    pops: 0,
    acks: 0,
  };
}
