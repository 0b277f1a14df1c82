// What a command is: one descriptor, from which dispatch, arity, errors, COMMAND, help and the
// README all come. What commands may know of their connection and server is Client and Context.
import type { Clock } from "../queue/clock.ts";
import type { Consumer } from "../queue/consumer.ts";
import type { Consumers } from "../queue/consumers.ts";
import type { Operation, ResultOf, Session, Store } from "../queue/store.ts";
import type { Waiters } from "../queue/waiters.ts";
import type { Failure, ProtocolVersion, Reply } from "../resp/reply.ts";
import type { Directory } from "../users/directory.ts";
import type { Right, User } from "../users/user.ts";
import type { Budgets } from "./budget.ts";
import type { ClientFigures } from "./client-figures.ts";
import type { LongReplies } from "./long-replies.ts";

export type Group = "queue" | "connection" | "server";

/** As COMMAND reports them; "blocking" ones may take as long as their caller says. */
export type Flag = "write" | "readonly" | "fast" | "blocking" | "admin";

/** Who may call a command: anybody, every logged-in client, or users with that right. */
export type Access = "anybody" | "logged-in" | Right;

export interface Command {
  /** In capitals; a subcommand has its container in front: "CLIENT LIST". */
  name: string;
  /**
   * Arguments as the reference shows them; optional ones in brackets, "..." for more. Those called
   * "queue" are names of queues, which the user must be allowed to use.
   */
  syntax: string;
  /** One sentence. */
  summary: string;
  group: Group;
  access: Access;
  since: string;
  flags: readonly Flag[];
  /** Later commands of the connection are not started before this one has answered. */
  isExclusive?: true;
  /** Run between MULTI and EXEC too, where all others are refused. */
  isTransactional?: true;
  run(call: Call): Answer | Promise<Answer> | FromStore;
}

export interface Call {
  /** As the client sent them, the command's name first. */
  args: Buffer[];
  client: Client;
  context: Context;
}

/** A reply that hands out an event. */
export abstract class Handout {
  /** Of an event that is delivered at most once, a reply that may have been read is final. */
  constructor(
    readonly reply: Reply,
    readonly mayComeTwice: boolean,
  ) {}

  /** Called if the client is gone before the reply was sent. */
  abstract giveBack(): void;
}

/**
 * A reply too long to be made at once: its parts, one behind the other, are made as the client
 * takes them. release() frees the memory that it keeps meanwhile; it may be called again.
 */
export class LongReply {
  constructor(
    readonly parts: Iterator<Reply>,
    readonly release: () => void,
  ) {}
}

export type Answer = Reply | Handout | LongReply;

/** An answer that follows from what the store makes of an operation. */
export class FromStore {
  private constructor(
    readonly operation: Operation,
    readonly answer: (result: unknown, call: Call, operation: Operation) => Answer,
  ) {}

  /** The connection submits the operation; a failure of the store is answered as such. */
  static of<O extends Operation>(
    operation: O,
    answer: (result: ResultOf<O>, call: Call, operation: O) => Answer,
  ): FromStore {
    return new FromStore(operation, answer as FromStore["answer"]);
  }
}

/** Ends a command with an error reply; the text begins with its code. */
export class CommandError extends Error {}

/** A connection, as its commands see it. */
export interface Client {
  readonly id: number;
  readonly address: string;
  readonly localAddress: string;
  /** The socket's file descriptor. */
  readonly fd: number;
  readonly connectedAtMs: number;
  lastCommandAtMs: number;
  lastCommand: string;
  name: string;
  libraryName: string;
  libraryVersion: string;
  protocol: ProtocolVersion;
  /** Null as long as it has to log in first. */
  user: User | null;
  replies: "on" | "off" | "skip";
  /** The reply to the command under way is skipped. */
  skipsReply: boolean;
  /** Between MULTI and EXEC. */
  isRefusingTransaction: boolean;
  readonly session: Session;
  readonly refusal: {
    /** The answer to commands on queues after one of them failed; null when they are done. */
    readonly reply: Failure | null;
    readonly failures: number;
    replySince(failures: number): Failure | null;
  };
  readonly consumer: Consumer;
  /** Aborts when the client is gone or okq ends. */
  readonly gone: AbortSignal;
  /** Bytes received and not yet dealt with, and bytes answered and not yet taken. */
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Commands that were started and whose replies are not out. */
  readonly inFlight: number;
  /** Why okq does not read from it at the moment, in a word; null while okq reads. */
  readonly pauseReason: string | null;
  /** It is gone: no reply reaches it. */
  readonly isClosed: boolean;
  /** Ends waiting with nil, as `gone` does, and the client stays. */
  stopWaiting(): void;
  /** Closes once the replies to what it sent up to now are out. */
  quit(): void;
  /** Closes at once. */
  kill(): void;
}

/** The running server, as its commands see it. */
export interface Context {
  store: Store;
  waiters: Waiters;
  consumers: Consumers;
  clients: Map<number, Client>;
  figures: ClientFigures;
  longReplies: LongReplies;
  budgets: Budgets;
  clock: Clock;
  users: Directory;
  stats: Stats;
  settings: Settings;
  /** Configured options by name, for CONFIG GET. */
  options: Map<string, string>;
  /** For failures that no client hears of, or only in part. */
  reportFailure(what: string, error: Error): void;
  /** For facts that the operator of the server should know. */
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
  /** Closed: did not read its replies, sent nothing, kept others waiting. */
  closedSlow: number;
  closedIdle: number;
  closedStalled: number;
  commands: number;
  errors: number;
  bytesIn: number;
  bytesOut: number;
  pushes: number;
  pops: number;
  acks: number;
  backgroundPushes: number;
  backgroundBytes: number;
}
