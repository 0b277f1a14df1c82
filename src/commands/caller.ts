// Who calls a command. Commands on queues need a Caller, which any front end can provide; commands
// on the connection itself need a Client.
import type { Claimants } from "../queue/claimant.ts";
import type { Consumer } from "../queue/consumer.ts";
import type { Failures } from "../queue/failures.ts";
import type { HeldClaims } from "../queue/held-claims.ts";
import type { Session } from "../queue/store.ts";
import type { ProtocolVersion } from "../resp/reply.ts";
import type { User } from "../users/user.ts";
import type { Upstream } from "./failover.ts";
import type { QueuedCommands } from "./queued-commands.ts";
import type { ClientSubscriptions } from "./subscription.ts";

export interface Caller {
  /** No two callers at a time have the same number in this process. */
  readonly id: number;
  /** The name of its worker, unless a command names another; may be empty. */
  readonly name: string;
  /** Null until it has logged in. */
  readonly user: User | null;
  /** Its operations take effect in the order in which it sent its commands. */
  readonly session: Session;
  /** Its failed operations. QSTATUS and QINFO look at them: they wait before they submit any. */
  readonly failures: Failures;
  readonly consumer: Consumer;
  readonly claimants: Claimants;
  /** What it has claimed, if that is to go back when it closes (CLIENT RELEASE ON). */
  readonly held: HeldClaims | null;
  /** Aborts when waiting is of no use any more: the caller is gone or okq stops. */
  readonly gone: AbortSignal;
  /** The connection is closed: replies cannot reach the caller. */
  readonly isClosed: boolean;
}

/** A caller without a connection: an HTTP request. */
export interface Visitor extends Caller {
  user: User | null;
  /** null unless another okq answers its request. */
  readonly upstream: Pick<Upstream, "changed"> | null;
  /** Ends its wait. It is answered all the same. */
  stopWaiting(): void;
  /** Ends it at once, as far as that is possible: its user is gone. */
  kill(): void;
}

/** Properties of a connection that its own commands may change. */
export interface ConnectionSettings {
  user: User | null;
  name: string;
  libraryName: string;
  libraryVersion: string;
  protocol: ProtocolVersion;
  replies: "on" | "off" | "skip";
  /** The reply to the current command is skipped. */
  skipsReply: boolean;
  /** Between MULTI and EXEC. */
  transaction: QueuedCommands | null;
  /** null: it has subscribed to nothing so far. */
  subscriptions: ClientSubscriptions | null;
  held: HeldClaims | null;
}

/** Figures of a connection that CLIENT LIST and INFO show. */
export interface ConnectionFigures {
  readonly id: number;
  /** With its port; of the client of another okq that passes its commands on, if it is one. */
  readonly address: string;
  readonly localAddress: string;
  /** The socket's file descriptor. */
  readonly fd: number;
  readonly connectedAtMs: number;
  /** When bytes last arrived. */
  readonly lastReceivedAtMs: number;
  lastCommand: string;
  /** Bytes of its unfinished commands; bytes of replies that are not sent yet. */
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** How many commands were started and their replies not sent. */
  readonly inFlight: number;
  /** Why okq does not read from it at the moment, in a word; null while it does. */
  readonly pauseReason: string | null;
}

/** A connection. */
export interface Client extends Caller, ConnectionSettings, ConnectionFigures {
  user: User | null;
  held: HeldClaims | null;
  name: string;
  readonly id: number;
  /** null: this okq shares its store with no other one, or the client is one of another okq. */
  readonly upstream: Upstream | null;
  /** Another okq passes the commands of a client of its own on. */
  readonly isForwarded: boolean;
  /**
   * From now on that is so, for the client of that address. Commands are refused behind one that
   * failed until the other okq knows of that failure (`isFailureSeen`).
   */
  forwardFor(address: string, isFailureSeen: boolean): void;
  /**
   * The client of the other okq has got so many bytes of replies. `isGone`: it gets no more, and
   * the events in the others go back when this connection closes.
   */
  confirmReplies(bytes: number, isGone: boolean): void;
  /** Aborts `gone`, with that reason, which ends a wait; the client stays connected. */
  stopWaiting(reason?: unknown): void;
  /** Sends it a message between replies, or loses it where the client reads too slowly. */
  send(message: Buffer): void;
  /** Closes once the replies to what it sent up to now are sent. */
  quit(): void;
  /** Closes at once. */
  kill(): void;
}
