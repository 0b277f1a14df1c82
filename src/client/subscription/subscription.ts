// Hears what happens in queues, over any number of connections.
//
//   begun --confirmed--> heard <--confirmed again: "missed"-- lost
//     |                    +--------connection ended-----------+
//     +--too late, refused--> rejected            refused: "ended"
import type { Cancel } from "../../queue/clock.ts";
import type { Connection } from "../connection/connection.ts";
import { Reconnector } from "../connection/reconnector.ts";
import { ClosedError, ConnectionError, errorOf, type OkqError } from "../errors.ts";
import { PermissionError } from "../errors.ts";
import type { Session } from "../session.ts";
import { bytesOf } from "../words.ts";
import { messageOf, type QueueMessage } from "./message.ts";

/** The connection was lost, and what happened between these times may not have been told. */
export interface MissedMessage {
  event: "missed";
  since: Date;
  until: Date;
}

/** The last message: okq refused to go on, because the user lost a right, for example. */
export interface EndedMessage {
  event: "ended";
  error: OkqError;
}

export type Heard = QueueMessage | MissedMessage | EndedMessage;

/** What it throws is an uncaught exception of the process. Then it hears the next message. */
export type Listener = (heard: Heard) => void;

/** A queue by its name, or a glob for names. An event that fits twice is told twice. */
export type Topic = string | { readonly name: string } | { readonly pattern: string };

const PREFIX = "okq:";

export class Subscription implements AsyncDisposable {
  /** Resolves when nothing more is heard. */
  readonly closed: Promise<void>;
  readonly #session: Session;
  readonly #topics: readonly Topic[];
  readonly #listener: Listener;
  readonly #reconnector: Reconnector;
  readonly #started: Promise<void>;
  #start!: () => void;
  #refuse!: (error: OkqError) => void;
  #setClosed!: () => void;
  #isStarted = false;
  #isClosed = false;
  /** When okq was heard last. */
  #heardAtMs = 0;
  #cancelPing: Cancel = () => {};
  #cancelStart: Cancel = () => {};
  #lastError: OkqError | null = null;

  private constructor(session: Session, topics: readonly Topic[], listener: Listener) {
    this.#session = session;
    this.#topics = topics;
    this.#listener = listener;
    this.closed = new Promise((resolve) => (this.#setClosed = resolve));
    this.#started = new Promise((resolve, reject) => {
      this.#start = resolve;
      this.#refuse = reject;
    });
    const { clock } = session;
    this.#reconnector = new Reconnector({
      open: (signal) => session.open(signal),
      clock,
      onUp: (connection) => void this.#up(connection),
      onDown: (error) => this.#down(error),
    });
    session.closers.add(this.#close);
    this.#cancelStart = clock.after(session.options.retryMs, () => {
      this.#end(this.#lastError ?? new ConnectionError("okq did not answer in time", "none"));
    });
    this.#reconnector.want();
  }

  /** Resolves when okq has confirmed it. Rejects if okq refuses it, or is away for retryMs. */
  static async open(
    session: Session,
    topics: readonly Topic[],
    listener: Listener,
  ): Promise<Subscription> {
    if (topics.length === 0) throw new TypeError("subscribe needs a queue or a pattern");
    const subscription = new Subscription(session, topics, listener);
    await subscription.#started;
    return subscription;
  }

  /** Nothing is heard after this call. */
  close(): Promise<void> {
    return this.#close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#close();
  }

  readonly #close = (): Promise<void> => {
    this.#end(new ClosedError());
    return this.closed;
  };

  async #up(connection: Connection): Promise<void> {
    const { redis } = connection;
    redis.on("messageBuffer", (_channel: Buffer, message: Buffer) => this.#message(message));
    redis.on("pmessageBuffer", (_pattern: string, _channel: Buffer, message: Buffer) =>
      this.#message(message),
    );
    const { clock, options } = this.#session;
    const late = clock.after(options.commandTimeoutMs, () => connection.cut("okq was silent"));
    try {
      await this.#subscribe(connection);
    } catch (error) {
      return this.#refused(error as Error, connection);
    } finally {
      late();
    }
    if (this.#isClosed) return connection.cut("closed");
    this.#confirmed();
    this.#keepAlive(connection);
  }

  async #subscribe({ redis }: Connection): Promise<void> {
    const names: Buffer[] = [];
    const patterns: Buffer[] = [];
    for (const topic of this.#topics) {
      if (typeof topic === "object" && "pattern" in topic) {
        patterns.push(bytesOf(PREFIX + topic.pattern));
      } else names.push(bytesOf(PREFIX + (typeof topic === "string" ? topic : topic.name)));
    }
    const asked: Promise<unknown>[] = [];
    if (names.length > 0) asked.push(redis.subscribe(...names));
    if (patterns.length > 0) asked.push(redis.psubscribe(...(patterns as never[])));
    await Promise.all(asked);
  }

  #confirmed(): void {
    const nowMs = this.#session.clock.nowMs();
    const sinceMs = this.#heardAtMs;
    this.#heardAtMs = nowMs;
    this.#cancelStart();
    if (this.#isStarted) {
      this.#tell({ event: "missed", since: new Date(sinceMs), until: new Date(nowMs) });
    }
    this.#isStarted = true;
    this.#start();
  }

  #refused(error: Error, connection: Connection): void {
    if (error.name !== "ReplyError") return connection.cut(error.message);
    const refusal = errorOf(error.message);
    connection.cut("refused");
    if (refusal.code !== "LOADING") this.#end(refusal);
  }

  /** Notices that okq or the way to it is gone without a word. */
  #keepAlive(connection: Connection): void {
    const { clock, options } = this.#session;
    const { commandTimeoutMs: pingMs } = options;
    const ping = async () => {
      if (clock.nowMs() - this.#heardAtMs > 2 * pingMs) return connection.cut("okq was silent");
      try {
        await connection.redis.ping();
        this.#heardAtMs = clock.nowMs();
      } catch {
        // The connection has ended.
      }
    };
    this.#cancelPing = clock.every(pingMs, () => void ping());
  }

  #message(bytes: Buffer): void {
    this.#heardAtMs = this.#session.clock.nowMs();
    const message = messageOf(bytes);
    if (message) this.#tell(message);
  }

  #tell(heard: Heard): void {
    if (this.#isClosed) return;
    try {
      this.#listener(heard);
    } catch (error) {
      // Not here, within the reader of replies.
      queueMicrotask(() => {
        throw error;
      });
    }
  }

  #down(error: OkqError): void {
    this.#cancelPing();
    this.#lastError = error;
    if (this.#isClosed) return;
    if (error instanceof PermissionError || error instanceof ClosedError) this.#end(error);
    else this.#reconnector.want();
  }

  #end(error: OkqError): void {
    if (this.#isClosed) return;
    if (this.#isStarted && !(error instanceof ClosedError)) this.#tell({ event: "ended", error });
    this.#isClosed = true;
    this.#cancelStart();
    this.#cancelPing();
    this.#reconnector.stop();
    this.#reconnector.connection?.cut("closed");
    this.#refuse(error);
    this.#session.closers.delete(this.#close);
    this.#setClosed();
  }
}
