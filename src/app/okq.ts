// Starts okq: opens its core (core.ts) and its doors, and wires them.
import { version } from "../../package.json" with { type: "json" };
import type { Config } from "../config/options.ts";
import type { Log } from "../log/log.ts";
import { type Clock, systemClock } from "../queue/clock.ts";
import { openCore } from "./core.ts";
import { clientsWithinFileLimit } from "./file-limit.ts";
import { FileReloader } from "./file-reloader.ts";
import { addressesOf, httpServerOf, listen } from "./listen.ts";
import { openStore } from "./open-store.ts";
import type { OpenStore } from "./opened-store.ts";
import { reloadUsers } from "./open-users.ts";
import type { Ports } from "./ports.ts";
import { Tunnel } from "../server/forward/tunnel.ts";
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

/** Rejects with a message of one line if okq cannot use its store, an address or a file. */
export async function startOkq(
  config: Config,
  log: Log,
  clock: Clock = systemClock,
  open: OpenStore = openStore,
): Promise<Okq> {
  const { maxClients, httpConnectionsMax } = clientsWithinFileLimit(config, log);
  // Finds bad certificates before the store is opened, which may take long.
  if (config.tlsCert) readTlsFiles(config);
  const core = await openCore(config, log, { clock, maxClients, open });
  const { context } = core;
  const tunnel = new Tunnel(core.openUpstream);
  const http = httpServerOf(core, config, httpConnectionsMax, tunnel);
  const reloader = new FileReloader(log);
  const close = async () => {
    reloader.close();
    await core.close(() => http.close());
    tunnel.close();
  };
  const { server, certificateRenewed } = core;
  const doors = { server, http, certificateRenewed };
  const ports = await listen(config, doors, reloader, log).catch(async (error) => {
    await close();
    throw error;
  });
  context.settings.port = ports.port;
  if (config.users) reloadUsers(config.users, context, reloader, log);
  core.begin(ports);
  warnOfReadableSecrets(config, log);
  log.info("listening", { ...addressesOf(config, ports), version });
  return { ...ports, reload: () => reloader.reloadAll(), close };
}
