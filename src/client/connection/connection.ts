// One connection to okq: ioredis matches replies to commands on a socket that is ours. It never
// connects again and never sends a command twice: that is the work of Link.
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { type Command, Redis } from "ioredis";
import { ConnectionError, errorOf, type OkqError } from "../errors.ts";
import type { Reply } from "../reply.ts";
import { encodeCommand, joined, type Word } from "../words.ts";

/** Larger pieces are written by themselves, so that one can see how they proceed. */
const PIECE_BYTES_MAX = 1024 * 1024;

/** A command whose reply is awaited. Exactly one of its methods is called, once. */
export interface Awaited {
  answered(reply: Reply): void;
  refused(error: OkqError): void;
  /** The connection ended before the answer. */
  lost(error: ConnectionError): void;
}

export class Connection {
  /** The connection to okq as ioredis has it, for subscriptions. */
  readonly redis: Redis;
  readonly #stream: Duplex;
  /** Resolves with the reason when the connection has ended. All awaited commands are lost then. */
  readonly ended: Promise<string>;
  #reason: string | null = null;
  /** Called when bytes were handed to the system or came from okq. */
  onProgress: () => void = () => {};

  private constructor(redis: Redis, stream: Duplex) {
    this.redis = redis;
    this.#stream = stream;
    stream.on("error", ({ message }: Error) => (this.#reason ??= message));
    redis.on("error", ({ message }: Error) => (this.#reason ??= message));
    this.ended = new Promise((resolve) => {
      redis.once("end", () => resolve(this.reason));
    });
  }

  /** Speaks RESP2 on a stream that is connected. The connection is not logged in yet. */
  static async over(stream: Duplex): Promise<Connection> {
    const redis = new Redis({
      Connector: connectorOf(stream),
      lazyConnect: true,
      protocol: 2,
      db: 0,
      // The socket has these from openStream, and another stream cannot have them.
      noDelay: false,
      keepAlive: null as never,
      disableClientInfo: true,
      enableReadyCheck: false,
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      autoResubscribe: false,
      maxRetriesPerRequest: 0,
      retryStrategy: () => null,
    });
    const connection = new Connection(redis, stream);
    await redis.connect();
    // A long reply may take its time.
    stream.on("data", () => connection.onProgress());
    return connection;
  }

  get reason(): string {
    return this.#reason ?? "the connection was closed";
  }

  get isWritable(): boolean {
    return this.#stream.writable;
  }

  lost(): ConnectionError {
    return new ConnectionError(`the connection to okq ended: ${this.reason}`, "unknown");
  }

  /** Sends commands in one write. The replies come in their order. */
  send(pieces: readonly (string | Uint8Array)[], bytes: number, awaited: readonly Awaited[]): void {
    for (const each of awaited) {
      void this.redis.sendCommand(new Expected(each, this) as unknown as Command, NOWHERE);
    }
    if (bytes <= PIECE_BYTES_MAX) this.#stream.write(joined(pieces, bytes));
    else for (const piece of pieces) this.#writeLarge(piece);
  }

  /** Sends one command and resolves to its reply. Rejects with an OkqError. */
  ask(words: readonly Word[]): Promise<Reply> {
    return new Promise((answered, refused) => {
      const pieces: (string | Uint8Array)[] = [];
      const bytes = encodeCommand(words, pieces);
      this.send(pieces, bytes, [{ answered, refused, lost: refused }]);
    });
  }

  /**
   * Sends no more: okq ends a wait under way, answers what it has, and closes. Replies that were
   * on their way still arrive.
   */
  halfClose(): void {
    this.#stream.end();
  }

  /** Ends it at once. */
  cut(reason: string): void {
    this.#reason ??= reason;
    this.#stream.destroy();
  }

  /**
   * Ends it so that okq notices, and stops what it does for this connection. Otherwise it cannot
   * tell that the client is gone from a client that only sends no more. TLS and unix sockets can
   * only be cut.
   */
  reset(reason: string): void {
    this.#reason ??= reason;
    const stream: Duplex & Partial<Pick<Socket, "resetAndDestroy">> = this.#stream;
    try {
      stream.resetAndDestroy?.();
    } catch {
      // Not TCP.
    }
    stream.destroy();
  }

  #writeLarge(piece: string | Uint8Array): void {
    const buffer = typeof piece === "string" ? Buffer.from(piece) : piece;
    for (let at = 0; at < buffer.byteLength; at += PIECE_BYTES_MAX) {
      this.#stream.write(buffer.subarray(at, at + PIECE_BYTES_MAX), this.#written);
    }
  }

  readonly #written = (): void => this.onProgress();
}

/** A command as ioredis queues it. The bytes are written by Connection. */
class Expected {
  readonly name = "okq";
  readonly args: string[] = [];
  /** Otherwise ioredis would trace every command. */
  readonly isTraced = true;

  constructor(
    private readonly awaited: Awaited,
    private readonly connection: Connection,
  ) {}

  setReplyContext(): void {}

  toWritable(): string {
    return "";
  }

  resolve(reply: unknown): void {
    this.awaited.answered(reply as Reply);
  }

  reject(error: Error): void {
    if (error.name === "ReplyError") this.awaited.refused(errorOf(error.message));
    else this.awaited.lost(this.connection.lost());
  }
}

/** ioredis writes the bytes of its commands here. */
const NOWHERE = { write() {} } as never;

/** Gives ioredis a stream that is connected. */
function connectorOf(stream: Duplex) {
  return class {
    check(): boolean {
      return true;
    }
    async connect(): Promise<Duplex> {
      return stream;
    }
    disconnect(): void {
      stream.destroy();
    }
  } as never;
}
