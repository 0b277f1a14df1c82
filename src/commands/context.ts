// The objects that commands share: the part that commands on queues need, and the whole server.
import type { Clock } from "../queue/clock.ts";
import type { Counting } from "../queue/counting.ts";
import type { Endings } from "../queue/endings.ts";
import type { Consumers } from "../queue/consumers.ts";
import type { ProcessFigures } from "../queue/process-figures.ts";
import type { Readers } from "../queue/readers.ts";
import type { Reporter } from "../queue/reporter.ts";
import type { Store } from "../queue/store.ts";
import type { Waiters } from "../queue/waiters.ts";
import type { WaitingNotes } from "../queue/waiting-notes.ts";
import type { Directory } from "../users/directory.ts";
import type { BackgroundPushes } from "./background.ts";
import type { Budgets } from "./budget.ts";
import type { Client, Visitor } from "./caller.ts";
import type { ClientFigures } from "./client-figures.ts";
import type { CommandDurations } from "./command-durations.ts";
import type { Cursors } from "./cursors.ts";
import type { Failover } from "./failover.ts";
import type { KeyCount } from "./key-count.ts";
import type { KnownScripts } from "./known-scripts.ts";
import type { LongReplies } from "./long-replies.ts";
import type { Subscriptions } from "./subscriptions.ts";

export interface QueueContext {
  store: Pick<Store, "session" | "watch" | "partOf">;
  /** Of this okq: no other process has the same. Without blanks. */
  processId: string;
  waiters: Waiters;
  readers: Readers;
  consumers: Consumers;
  endings: Endings;
  background: BackgroundPushes;
  longReplies: LongReplies;
  stats: Pick<Stats, "pushes" | "pops" | "acks">;
  durations: CommandDurations;
  clock: Clock;
  settings: Pick<Settings, "maxEventBytes" | "maxNameBytes" | "maxWaitingBytes">;
  /** Logs a failure. Clients get no reply for it, or a reply without the details. */
  reportFailure(what: string, error: Error): void;
}

/** The running server. */
export interface Context extends QueueContext {
  store: Store;
  /** The counts of QSTATS, which the store gets every second. */
  counting: Pick<Counting, "send">;
  /** null: this okq shares its store with no other, or any number of okq serve at a time. */
  failover: Failover | null;
  clients: Map<number, Client>;
  visitors: Set<Visitor>;
  waitingNotes: WaitingNotes;
  subscriptions: Subscriptions;
  reporter: Reporter;
  cursors: Cursors;
  keyCount: KeyCount;
  scripts: KnownScripts;
  figures: ClientFigures;
  budgets: Budgets;
  processFigures: ProcessFigures;
  users: Directory;
  stats: Stats;
  settings: Settings;
  /** Configured options by name, for CONFIG GET. */
  options: Map<string, string>;
  /** Logs a fact that the operator of the server should know. */
  warn(message: string, fields: Record<string, unknown>): void;
}

export interface Settings {
  version: string;
  port: number;
  bgPushPoolSize: number;
  maxClients: number;
  maxEventBytes: number;
  /** Of an id and of a queue's name that are new. */
  maxNameBytes: number;
  maxClientsPerAddress: number;
  /** In seconds; 0 for never. */
  loginTimeout: number;
  clientTimeout: number;
  clientOutputTimeout: number;
  /** The maximum of each of the budgets (see Budgets), and of the registrations. */
  maxWaitingBytes: number;
  /** Limits on one client: bytes of unsent replies, and commands in flight. */
  clientOutputBytesMax: number;
  clientInFlightMax: number;
}

export interface Stats {
  readonly startedAtMs: number;
  connections: number;
  connectionsRefused: number;
  /** Of those, because of the limit on clients from one address. */
  refusedPerAddress: number;
  /** Closed: did not read its replies, sent nothing, kept others waiting. */
  closedSlow: number;
  /** Messages that clients did not get because they read too slowly. */
  messagesLost: number;
  closedIdle: number;
  closedStalled: number;
  commands: number;
  errors: number;
  bytesIn: number;
  bytesOut: number;
  pushes: number;
  pops: number;
  acks: number;
}
