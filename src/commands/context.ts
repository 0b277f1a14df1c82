// What commands share: the part that commands on queues need, and the whole server.
import type { Consumers } from "../queue/consumers.ts";
import type { Store } from "../queue/store.ts";
import type { Waiters } from "../queue/waiters.ts";
import type { Directory } from "../users/directory.ts";
import type { BackgroundPushes } from "./background.ts";
import type { Client } from "./caller.ts";
import type { ClientFigures } from "./client-figures.ts";
import type { LongReplies } from "./long-replies.ts";

export interface QueueContext {
  store: Pick<Store, "session" | "watch">;
  waiters: Waiters;
  consumers: Consumers;
  background: BackgroundPushes;
  longReplies: LongReplies;
  stats: Pick<Stats, "pushes" | "pops" | "acks" | "unsentBytes">;
  settings: Pick<Settings, "maxNameBytes" | "maxWaitingBytes">;
  /** Logs a failure that no client hears of, or not in full. */
  reportFailure(what: string, error: Error): void;
}

/** The running server. */
export interface Context extends QueueContext {
  store: Store;
  clients: Map<number, Client>;
  figures: ClientFigures;
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
  maxWaitingBytes: number;
  /** Of one client: bytes of replies not taken and commands under way, beyond which it waits. */
  clientOutputBytesMax: number;
  clientInFlightMax: number;
}

export interface Stats {
  readonly startedAtMs: number;
  connections: number;
  connectionsRefused: number;
  /** Of those, for the bound on clients from one address. */
  refusedPerAddress: number;
  /** For taking none of their replies, for saying nothing, for keeping others waiting. */
  closedSlow: number;
  closedIdle: number;
  closedStalled: number;
  /** Bytes now, over all clients: of commands under way, not started, and of replies not taken. */
  waitingBytes: number;
  unreadBytes: number;
  unsentBytes: number;
  commands: number;
  errors: number;
  bytesIn: number;
  bytesOut: number;
  pushes: number;
  pops: number;
  acks: number;
}
