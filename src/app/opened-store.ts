// A store that is open, and how one is opened.
import type { Failover } from "../commands/failover.ts";
import type { Config } from "../config/options.ts";
import type { Log } from "../log/log.ts";
import type { Report } from "../queue/report.ts";
import type { EndedListener, Store } from "../queue/store.ts";
import type { LocalStoreOptions } from "../stores/local/local-store.ts";
import type { FailoverHooks } from "./failover-roles.ts";
import type { Ports } from "./ports.ts";

export interface OpenedStore {
  store: Store;
  /** For log lines. */
  storeName: string;
  /** Logs where queues are kept. Called once okq listens. */
  announce(): void;
  /** Absent if this okq always serves. */
  failover?: OpenedFailover;
}

/** An okq that shares its store with others, of which one serves. */
export interface OpenedFailover {
  failover: Failover;
  /** Takes part in the election. To be called once okq listens. */
  begin(id: string, ports: Ports, hooks: FailoverHooks): void;
  /** Answers the operations in flight, and lets another okq serve. */
  close(): Promise<void>;
}

/** What a store tells. */
export interface StoreListeners extends LocalStoreOptions {
  /** A local store has nothing to tell of the following: it is of one process. */
  onEnded: EndedListener;
  /** A report came through the exchange. */
  onReport(report: Report): void;
  /** Another process may have left another note of what its clients listen to. */
  onListeners(): void;
}

/** Rejects with a message of one line if the store cannot be opened. */
export type OpenStore = (
  config: Config,
  log: Log,
  listeners: StoreListeners,
) => Promise<OpenedStore>;
