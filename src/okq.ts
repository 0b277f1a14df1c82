// Wires a Config into a running server: store, waiters, commands, sockets. The only file that
// knows all of them.
import { readFileSync } from "node:fs";
import { version } from "../package.json" with { type: "json" };
import { parseAddress } from "./address.ts";
import type { Context, Stats } from "./commands/command.ts";
import {
  camelCase,
  type Config,
  type Option,
  type OptionName,
  optionNames,
  options,
} from "./config.ts";
import type { Log } from "./log.ts";
import { openStore } from "./open-store.ts";
import { Consumers } from "./queue/consumers.ts";
import { Housekeeper } from "./queue/housekeeper.ts";
import type { Store } from "./queue/store.ts";
import { Waiters } from "./queue/waiters.ts";
import { redactUrl } from "./redis-url.ts";
import { CLIENT_BOUNDS } from "./server/connection.ts";
import { Server } from "./server/server.ts";
import { Shared } from "./server/shared.ts";

export interface Okq {
  /** The port that is listened on. */
  port: number;
  /** Answers what is under way, then lets go of everything, within ten seconds. */
  close(): Promise<void>;
}

const ARGUMENTS_MAX = 1_048_576;
const INLINE_BYTES_MAX = 64 * 1024;
/** Files that are no clients: the store's connections, the listener, logs, the executable. */
const FILES_RESERVED = 64;
const STORE_CLOSE_MS_MAX = 2_000;

/** Rejects with one line for a person if the store or the address cannot be had. */
export async function startOkq(config: Config, log: Log): Promise<Okq> {
  const waiters = new Waiters();
  const { store, announce } = await openStore(config, log, (queue, count) =>
    waiters.wake(queue, count),
  );
  const maxClients = clientsWithinFileLimit(config, log);
  const context = contextOf(config, log, { store, waiters, maxClients });
  const shared = new Shared(context, {
    bulkBytesMax: config.maxEventBytes,
    argumentsMax: ARGUMENTS_MAX,
    inlineBytesMax: INLINE_BYTES_MAX,
  });
  const server = await listen(config, maxClients, shared, store);
  context.settings.port = server.port;
  announce();
  const { consumers, registrations } = context;
  const onFailure = (error: Error) => log.debug("housekeeping failed", { error });
  const housekeeper = new Housekeeper(store, consumers, waiters, onFailure, registrations);
  log.info("listening", { addr: config.listenAddr, port: server.port, version });
  return {
    port: server.port,
    async close() {
      housekeeper.stop();
      await server.close();
      await Promise.race([store.close(), Bun.sleep(STORE_CLOSE_MS_MAX)]);
    },
  };
}

async function listen(
  config: Config,
  maxClients: number,
  shared: Shared,
  store: Store,
): Promise<Server> {
  try {
    return new Server({ ...parseAddress(config.listenAddr), maxClients }, shared);
  } catch (error) {
    await store.close();
    const { code, message } = error as NodeJS.ErrnoException;
    const reason = code === "EADDRINUSE" ? "the address is in use" : message;
    throw new Error(`cannot listen on ${config.listenAddr}: ${reason}`, { cause: error });
  }
}

function contextOf(
  config: Config,
  log: Log,
  { store, waiters, maxClients }: { store: Store; waiters: Waiters; maxClients: number },
): Context {
  const shown = { ...config, store: redactUrl(config.store) };
  const values = optionNames.map((name): [string, string] => {
    const value = String(shown[camelCase(name) as keyof Config]);
    return [name, value !== "" && isSecret(name) ? "***" : value];
  });
  const { bgPushPoolSize, maxEventBytes, maxClientsPerAddress } = config;
  const { clientTimeout, clientOutputTimeout, maxWaitingBytes } = config;
  return {
    store,
    waiters,
    consumers: new Consumers(),
    registrations: store.session(),
    clients: new Map(),
    stats: emptyStats(),
    settings: {
      version,
      port: 0,
      bgPushPoolSize,
      maxClients,
      maxEventBytes,
      maxClientsPerAddress,
      clientTimeout,
      clientOutputTimeout,
      maxWaitingBytes,
      ...CLIENT_BOUNDS,
    },
    options: new Map(values),
    reportFailure: (what, error) => log.warn(`${what} failed`, { error }),
    warn: (message, fields) => log.warn(message, fields),
  };
}

function isSecret(name: OptionName): boolean {
  const option: Option<unknown> = options[name];
  return option.isSecret ?? false;
}

function emptyStats(): Stats {
  return {
    startedAtMs: Date.now(),
    connections: 0,
    connectionsRefused: 0,
    refusedPerAddress: 0,
    closedSlow: 0,
    closedIdle: 0,
    closedStalled: 0,
    waitingBytes: 0,
    unreadBytes: 0,
    unsentBytes: 0,
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

/** At the file limit accepting would spin, so clients are refused well before. */
function clientsWithinFileLimit({ maxClients }: Config, log: Log): number {
  const room = fileLimit() - FILES_RESERVED;
  if (maxClients <= room) return maxClients;
  log.warn("fewer clients than asked for, because of the limit of open files", {
    maxClients,
    possible: room,
  });
  return room;
}

function fileLimit(): number {
  try {
    const limits = readFileSync("/proc/self/limits", "latin1");
    return Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1] ?? Infinity);
  } catch {
    return Infinity;
  }
}
