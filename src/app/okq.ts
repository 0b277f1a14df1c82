// Starts okq: opens store, users and listeners and wires them. The only file that knows all parts.
import { version } from "../../package.json" with { type: "json" };
import { Subscriptions } from "../commands/subscriptions.ts";
import type { Config } from "../config/options.ts";
import type { Log } from "../log/log.ts";
import { LogLimit } from "../log/log-limit.ts";
import { type Clock, systemClock } from "../queue/clock.ts";
import { Counting } from "../queue/counting.ts";
import { Housekeeper } from "../queue/housekeeper.ts";
import { Endings } from "../queue/endings.ts";
import type { Reporter } from "../queue/reporter.ts";
import { Tally } from "../queue/tally.ts";
import { Readers } from "../queue/readers.ts";
import { Waiters } from "../queue/waiters.ts";
import { contextOf } from "./context.ts";
import { clientsWithinFileLimit } from "./file-limit.ts";
import { FileReloader } from "./file-reloader.ts";
import { HousekeepingLog, skippedLog } from "./housekeeping-log.ts";
import { addressesOf, listen, listenersOf, type Ports } from "./listen.ts";
import { observerOf, readyListener } from "./observer.ts";
import { openStore } from "./open-store.ts";
import { openUsers, reloadUsers } from "./open-users.ts";
import { warnOfReadableSecrets } from "./secret-file.ts";
import { readTlsFiles } from "./tls-files.ts";

/*
 * The path of a command, for example QLPUSH, from its bytes to its reply:
 *
 *   socket ─► server/connection ─► server/flow/input ─► resp/parser: bytes to arguments
 *                                                           │
 *     ┌───── commands/dispatch: arguments to a descriptor ◄─┘
 *     ▼
 *   commands/execution ─► parse(), as in commands/push: arguments to an operation
 *     │
 *     ▼ submit (queue/store)
 *   stores/local or stores/redis: a batch for the operations that all clients submitted in a turn
 *     │                   │     of the event loop, or while the previous batch was in flight
 *     │                   └─► onReady ─► queue/waiters wakes a client that waits in QNOTIFY or QPOP
 *     │ result, once the store has the batch
 *     ▼
 *   commands/execution ─► reply(), as in commands/push: result to a reply
 *     │
 *     ▼
 *   server/pipeline (replies in order) ─► server/reply-writer ─► server/outbox ─► socket
 *
 * - An operation fails: the store refuses those that its session submitted after it (queue/errors),
 *   and server/commands-after-failure refuses commands that had arrived but were not submitted.
 * - A client sends too much or reads too slowly: server/flow/input starts no more of its commands,
 *   and then stops reading from it.
 * - The client goes away: operations that it submitted are still done, and commands that had not
 *   been started are not. Popped events that were not sent are requeued (Connection.closed).
 * - Redis goes away: operations of the batch in flight fail as "unknown", those that wait as
 *   "unavailable", until Redis is back (queue/errors).
 * - The disk is full: pushes fail as "refused", and the other operations go on (sqlite/push-gate).
 * - The disk fails: if SQLite cannot write the batch, its operations fail as "refused"; if the sync
 *   fails after that, as "unknown".
 */

export interface Okq extends Ports {
  /** Reads users and certificates again. A file with a mistake changes nothing. */
  reload(): void;
  /** Answers the commands in flight, then closes everything, within ten seconds. */
  close(): Promise<void>;
}

const STORE_CLOSE_MS_MAX = 2_000;

/** Rejects with a message of one line if okq cannot use its store, an address or a file. */
export async function startOkq(
  config: Config,
  log: Log,
  clock: Clock = systemClock,
  open = openStore,
): Promise<Okq> {
  const { maxClients, httpConnectionsMax } = clientsWithinFileLimit(config, log);
  // Finds bad certificates before the store is opened, which may take long.
  if (config.tlsCert) readTlsFiles(config);
  const logLimit = new LogLimit(log.warn);
  const users = openUsers(config, logLimit, clock);
  const waiters = new Waiters(clock);
  const readers = new Readers(clock);
  const endings = new Endings(clock);
  const tally = new Tally();
  let housekeeper: Housekeeper | null = null;
  let reporter: Reporter | null = null;
  const subscriptions = new Subscriptions(clock.nowMs, () => reporter?.changed());
  const { store, storeName, announce } = await open(config, log, {
    clock,
    onReady: readyListener(waiters, readers),
    onEnded: (queue) => endings.ended(queue),
    onDue: () => housekeeper?.wake(),
    onReport: (report) => subscriptions.deliver(report),
    onListeners: () => reporter?.look(),
    observer: observerOf(tally, endings, () => reporter),
  });
  const counting = new Counting(store.session(), tally);
  const queues = { store, counting, waiters, readers, endings };
  const shared = { ...queues, subscriptions, users, maxClients, clock };
  const context = contextOf(config, logLimit, { ...shared, processFigures: tally.process });
  reporter = context.reporter;
  const reloader = new FileReloader(log);
  const listeners = listenersOf(context, config, httpConnectionsMax);
  const { server, http } = listeners;
  const ports = await listen(config, listeners, reloader, log).catch(async (error) => {
    reloader.close();
    await Promise.all([server.close(), http.close(), store.close()]);
    throw error;
  });
  context.settings.port = ports.port;
  if (config.users) reloadUsers(config.users, context, reloader, log);
  const rounds = new HousekeepingLog(log, logLimit, { store: storeName }, clock);
  const { consumers, waitingNotes } = context;
  const parts = {
    ...shared,
    consumers,
    waitingNotes,
    reporter,
    onRound: rounds.note,
    onSkipped: skippedLog(logLimit),
  };
  housekeeper = new Housekeeper(parts);
  announce();
  warnOfReadableSecrets(config, log);
  log.info("listening", { ...addressesOf(config, ports), version });
  return {
    ...ports,
    reload: () => reloader.reloadAll(),
    async close() {
      housekeeper.stop();
      reloader.close();
      users.close();
      logLimit.close();
      await Promise.all([server.close(), http.close()]);
      const closed = housekeeper.finish().then(() => store.close());
      await Promise.race([closed, Bun.sleep(STORE_CLOSE_MS_MAX)]);
    },
  };
}
