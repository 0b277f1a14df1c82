// Wires a Config into a running server: store, waiters, commands, sockets. The only file that
// knows all of them.
import { version } from "../../package.json" with { type: "json" };
import { ClientFigures } from "../commands/client-figures.ts";
import type { Context, Stats } from "../commands/command.ts";
import { applyUsers } from "../commands/login.ts";
import { LongReplies } from "../commands/long-replies.ts";
import {
  camelCase,
  type Config,
  type OptionName,
  optionNames,
  options,
} from "../config/options.ts";
import { clientsWithinFileLimit } from "./file-limit.ts";
import { HousekeepingLog } from "./housekeeping-log.ts";
import { listen, type Ports } from "./listen.ts";
import type { Log, LogFields } from "../log/log.ts";
import { LogLimit } from "../log/log-limit.ts";
import { openStore } from "./open-store.ts";
import { loadUsers, openUsers } from "./open-users.ts";
import { createBudgets } from "../commands/budget.ts";
import { type Clock, systemClock } from "../queue/clock.ts";
import { Consumers } from "../queue/consumers.ts";
import { Housekeeper } from "../queue/housekeeper.ts";
import type { Store } from "../queue/store.ts";
import { Waiters } from "../queue/waiters.ts";
import { redactUrl } from "../config/redis-url.ts";
import { Reloads } from "./reloads.ts";
import { readableByAll } from "./secret-file.ts";
import { CLIENT_LIMITS } from "../server/flow/limits.ts";
import { Server } from "../server/server.ts";
import { readTlsFiles } from "./tls-files.ts";
import { Shared } from "../server/shared.ts";
import type { Directory } from "../users/directory.ts";

export interface Okq {
  /** The ports that are listened on; 0 for none. */
  port: number;
  tlsPort: number;
  /** Reads the files of users and certificates again; those that cannot be used change nothing. */
  reload(): void;
  /** Answers what is under way, then lets go of everything, within ten seconds. */
  close(): Promise<void>;
}

const ARGUMENTS_MAX = 1_048_576;
/** What all arguments of a command together may have beyond the largest event. */
const REQUEST_MARGIN_BYTES = 64 * 1024 * 1024;
/** What a command that is too large may have to be read and dropped, not answered and closed. */
const DROPPED_MARGIN_BYTES = 1024 * 1024 * 1024;
const INLINE_BYTES_MAX = 64 * 1024;
const STORE_CLOSE_MS_MAX = 2_000;

/** Rejects with one line for a person if the store or the address cannot be had. */
export async function startOkq(config: Config, log: Log, clock: Clock = systemClock): Promise<Okq> {
  const maxClients = clientsWithinFileLimit(config, log);
  // Before the store is opened, because that may take long.
  if (config.tlsListenAddr) readTlsFiles(config);
  const waiters = new Waiters();
  const logLimit = new LogLimit(log.warn);
  const users = openUsers(config, logLimit);
  const { store, storeName, announce } = await openStore(config, log, (queue, count) =>
    waiters.wake(queue, count),
  );
  const context = contextOf(config, logLimit, { store, waiters, maxClients, users, clock });
  const shared = new Shared(context, {
    bulkBytesMax: config.maxEventBytes,
    requestBytesMax: config.maxEventBytes + REQUEST_MARGIN_BYTES,
    droppedBytesMax: config.maxEventBytes + DROPPED_MARGIN_BYTES,
    argumentsMax: ARGUMENTS_MAX,
    inlineBytesMax: INLINE_BYTES_MAX,
  });
  const server = new Server(shared);
  const reloads = new Reloads(log);
  const { port, tlsPort } = await listenOr(() => store.close(), config, server, reloads, log);
  context.settings.port = port;
  if (config.users) watchUsers(config, context, reloads, log);
  announce();
  for (const file of readableByAll(config)) {
    log.warn("every user of this machine can read a secret", { file });
  }
  const { consumers, registrations } = context;
  const { note } = new HousekeepingLog(log, logLimit, { store: storeName });
  const housekeeper = new Housekeeper(store, consumers, waiters, note, registrations);
  log.info("listening", listening(config, { port, tlsPort }));
  return {
    port,
    tlsPort,
    reload: () => reloads.all(),
    async close() {
      housekeeper.stop();
      reloads.close();
      users.close();
      logLimit.close();
      await server.close();
      await Promise.race([store.close(), Bun.sleep(STORE_CLOSE_MS_MAX)]);
    },
  };
}

/** Lets go of what was opened before if one of the addresses cannot be had. */
async function listenOr(
  letGo: () => Promise<void>,
  config: Config,
  server: Server,
  reloads: Reloads,
  log: Log,
): Promise<Ports> {
  try {
    return await listen(config, server, reloads, log);
  } catch (error) {
    reloads.close();
    await Promise.all([server.close(), letGo()]);
    throw error;
  }
}

function listening(config: Config, { port, tlsPort }: Ports): LogFields {
  const { listenAddr, tlsListenAddr, unixSocket } = config;
  return {
    ...(listenAddr && { addr: listenAddr, port }),
    ...(tlsListenAddr && { tlsAddr: tlsListenAddr, tlsPort }),
    ...(unixSocket && { unixSocket }),
    version,
  };
}

/** Users who are there no more, or with another password, are closed; rights change at once. */
function watchUsers(config: Config, context: Context, reloads: Reloads, log: Log): void {
  reloads.add("the users", [config.users], () => {
    const users = loadUsers(context.users, config.users);
    log.info("users loaded", { users, closed: applyUsers(context) });
  });
}

/** As CONFIG GET may show them. */
function shownOptions(config: Config): Map<string, string> {
  const shown = { ...config, store: redactUrl(config.store) };
  const valueOf = (name: OptionName) => {
    const value = String(shown[camelCase(name) as keyof Config]);
    return options[name].isSecret && value !== "" ? "(secret)" : value;
  };
  return new Map(optionNames.map((name) => [name, valueOf(name)]));
}

function contextOf(
  config: Config,
  { warn }: LogLimit,
  parts: { store: Store; waiters: Waiters; maxClients: number; users: Directory; clock: Clock },
): Context {
  const { store, waiters, maxClients, users, clock } = parts;
  const { bgPushPoolSize, maxEventBytes, maxNameBytes, maxClientsPerAddress } = config;
  const { loginTimeout, clientTimeout, clientOutputTimeout, maxWaitingBytes } = config;
  const stats = emptyStats(clock.nowMs());
  const budgets = createBudgets(maxWaitingBytes);
  return {
    store,
    waiters,
    users,
    consumers: new Consumers(),
    registrations: store.session(),
    clients: new Map(),
    figures: new ClientFigures(clock),
    longReplies: new LongReplies(budgets.unsent),
    budgets,
    clock,
    stats,
    settings: {
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
    },
    options: shownOptions(config),
    reportFailure: (what, error) => warn(`${what} failed`, { error }),
    warn,
  };
}

function emptyStats(startedAtMs: number): Stats {
  return {
    startedAtMs,
    connections: 0,
    connectionsRefused: 0,
    refusedPerAddress: 0,
    closedSlow: 0,
    closedIdle: 0,
    closedStalled: 0,
    commands: 0,
    errors: 0,
    bytesIn: 0,
    bytesOut: 0,
    pushes: 0,
    pops: 0,
    acks: 0,
    backgroundPushes: 0,
    backgroundBytes: 0,
  };
}
