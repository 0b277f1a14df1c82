// A store that is open, and how one is opened.
import type { Failover } from "../commands/failover.ts";
import type { Config } from "../config/options.ts";
import type { Log } from "../log/log.ts";
import type { Report } from "../queue/report.ts";
import type { EndedListener, Store } from "../queue/store.ts";
import type { TlsFiles } from "../server/certificates.ts";
import type { OpenUpstream } from "../server/forward/upstream-socket.ts";
import type { LocalStoreOptions } from "../stores/local/local-store.ts";
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

/** What the rest of okq does when its part changes. */
export interface FailoverHooks {
  /** It serves. Returns what ends the periodic work that it has begun. */
  began(): () => void;
  /** Another okq serves, or none, or this one. */
  changed(): void;
  /** The okq that serves has not answered for the time of a lease. */
  unreached(problem: string): void;
  /** Another okq took over: closes the clients, whose claims and waits are not known there. */
  lost(): void;
}

/** Several okq share the store of this one, and one of them serves. */
export interface OpenedFailover {
  failover: Failover;
  openUpstream: OpenUpstream;
  /** Takes part in the election. To be called once okq listens. */
  begin(id: string, ports: Ports, hooks: FailoverHooks): void;
  /** This okq has another certificate from now on. */
  certificateRenewed(files: TlsFiles): void;
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
