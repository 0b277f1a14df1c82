// The host of listeners: it decides which of the sockets that they accept get a connection.
import type { ClientSocket } from "./client-socket.ts";
import type { Connection } from "./connection.ts";

export interface Listener {
  /** Accepts no more clients. */
  stop(): void;
}

/** Which listener accepted the client. */
export interface Entrance {
  /** For a unix socket. */
  unixPath?: string;
  /** Its clients have presented a certificate. */
  isMutual: boolean;
}

export interface Host {
  /** A socket without TLS, or one whose handshake is done. */
  opened(socket: ClientSocket<Connection>, entrance: Entrance): void;
  /** A TLS handshake begins. False when the client is refused. */
  handshakeStarted(socket: ClientSocket<Connection>): boolean;
  /** Called at the end of each handshake, failed or not, and again when the socket closes. */
  handshakeEnded(socket: ClientSocket<Connection>): void;
  /** The reason is for the log. */
  handshakeFailed(socket: ClientSocket<Connection>, reason: string): void;
  closed(connection: Connection | undefined, error?: Error): void;
  failed(error: Error): void;
}
