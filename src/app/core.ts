// Okq without its doors: store, users, commands, connections and periodic work, wired together.
// okq.ts opens doors to it (TCP, TLS, a unix socket, HTTP), and testing/ a door within the process.
import { Admission } from "../admission/admission.ts";
import type { Context } from "../commands/context.ts";
import { Subscriptions } from "../commands/subscriptions.ts";
import type { Config } from "../config/options.ts";
import type { Log } from "../log/log.ts";
import { LogLimit } from "../log/log-limit.ts";
import { type Clock, systemClock } from "../queue/clock.ts";
import { Counting } from "../queue/counting.ts";
import { Endings } from "../queue/endings.ts";
import { Housekeeper } from "../queue/housekeeper.ts";
import { Readers } from "../queue/readers.ts";
import type { Reporter } from "../queue/reporter.ts";
import { Tally } from "../queue/tally.ts";
import { Waiters } from "../queue/waiters.ts";
import type { TlsFiles } from "../server/certificates.ts";
import type { OpenUpstream } from "../server/forward/upstream-socket.ts";
import { Server } from "../server/server.ts";
import { Shared } from "../server/shared.ts";
import { contextOf } from "./context.ts";
import { HousekeepingLog, skippedLog } from "./housekeeping-log.ts";
import { observerOf, readyListener } from "./observer.ts";
import { openUsers } from "./open-users.ts";
import type { FailoverHooks, OpenStore } from "./opened-store.ts";
import { parserLimits } from "./parser-limits.ts";
import { NO_PORTS, type Ports } from "./ports.ts";

export interface Core {
  context: Context;
  admission: Admission;
  server: Server;
  /** To the okq that serves, where it is another one; else null. */
  openUpstream: OpenUpstream | null;
  /**
   * Begins the periodic work, at once or when this okq serves. To be called once clients can come.
   */
  begin(ports?: Ports): void;
  /** okq has another certificate from now on. */
  certificateRenewed(files: TlsFiles): void;
  /**
   * Answers the commands in flight, then closes everything. closeDoors closes doors that the server
   * does not have.
   */
  close(closeDoors?: () => Promise<void>): Promise<void>;
}

interface Parts {
  clock: Clock;
  maxClients: number;
  open: OpenStore;
  /**
   * False for a clock that a test moves: busy clients do not pause, and due work begins at once.
   * Pauses by such a clock might never end.
   */
  hasPauses?: boolean;
}

const STORE_CLOSE_MS_MAX = 2_000;

/** Rejects with a message of one line if okq cannot use its store or a file. */
export async function openCore(
  config: Config,
  log: Log,
  { clock, maxClients, open, hasPauses = true }: Parts,
): Promise<Core> {
  const logLimit = new LogLimit(log.warn);
  const users = openUsers(config, logLimit, clock);
  const waiters = new Waiters(clock);
  const readers = new Readers(clock);
  const endings = new Endings(clock);
  const tally = new Tally();
  let housekeeper: Housekeeper | null = null;
  let reporter: Reporter | null = null;
  const subscriptions = new Subscriptions(
    () => clock.nowMs(),
    () => reporter?.changed(),
  );
  const { store, storeName, announce, failover } = await open(config, log, {
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
  const roles = failover?.failover ?? null;
  const shared = { ...queues, subscriptions, users, maxClients, clock };
  const { process: processFigures } = tally;
  const context = contextOf(config, logLimit, { ...shared, processFigures, failover: roles });
  reporter = context.reporter;
  const { consumers, waitingNotes } = context;
  const admission = new Admission(context);
  const openUpstream = failover?.openUpstream ?? null;
  const parts = new Shared(context, parserLimits(config), hasPauses, openUpstream);
  const server = new Server(parts, admission);
  const work = () => {
    const { note: onRound } = new HousekeepingLog(log, logLimit, { store: storeName }, clock);
    const periodic = { consumers, waitingNotes, reporter: context.reporter };
    const told = { onRound, onSkipped: skippedLog(logLimit) };
    const begun = new Housekeeper({ ...shared, ...periodic, ...told, hasPauses });
    housekeeper = begun;
    return () => begun.stop();
  };
  return {
    context,
    admission,
    server,
    openUpstream,
    begin(ports = NO_PORTS) {
      if (failover) failover.begin(context.processId, ports, hooksOf(server, context, work));
      else work();
      announce();
    },
    certificateRenewed: (files) => failover?.certificateRenewed(files),
    async close(closeDoors = async () => {}) {
      housekeeper?.stop();
      users.close();
      logLimit.close();
      await Promise.all([server.close(), closeDoors()]);
      await within(STORE_CLOSE_MS_MAX, async () => {
        await housekeeper?.finish();
        await store.close();
        await failover?.close();
      });
    },
  };
}

function hooksOf(
  server: Server,
  { visitors }: Pick<Context, "visitors">,
  began: FailoverHooks["began"],
): FailoverHooks {
  return {
    began,
    changed: () => server.servingChanged(),
    unreached: (problem) => server.servingUnreached(problem),
    lost() {
      server.closeClients();
      for (const visitor of visitors) visitor.kill();
    },
  };
}

/** Resolves when the work is done or the time has passed. */
async function within(ms: number, work: () => Promise<void>): Promise<void> {
  let cancel = () => {};
  const late = new Promise<void>((resolve) => {
    cancel = systemClock.after(ms, resolve);
  });
  await Promise.race([work(), late]).finally(() => cancel());
}
