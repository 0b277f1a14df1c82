// A connection within the process: the end of the client is a stream, and okq's end stands in for a
// socket. Bytes arrive in a later turn of the event loop, as on a network.
import { Duplex } from "node:stream";
import type { ClientSocket } from "../server/client-socket.ts";
import type { Connection } from "../server/connection.ts";
import type { Server } from "../server/server.ts";
import type { Activity } from "./activity.ts";

/** What okq calls the address of such a client. */
const ADDRESS = "in-process";
/** What a client may send before okq reads it. */
const UNREAD_BYTES_MAX = 64 * 1024;

type Done = (error?: Error | null) => void;

/** Connects a client. Destroying the stream is as a lost connection. */
export function openLink(server: Server, activity: Activity): Duplex {
  const client = new ClientEnd(activity);
  const socket = new ServerEnd(server, client, activity);
  client.peer = socket;
  server.opened(socket, { unixPath: ADDRESS, isMutual: false });
  return client;
}

class ClientEnd extends Duplex {
  peer!: ServerEnd;
  readonly #activity: Activity;
  #hasRoom = true;

  constructor(activity: Activity) {
    super({ allowHalfOpen: false });
    this.#activity = activity;
  }

  /** Whether the client reads what okq sends. */
  get reads(): boolean {
    return this.#hasRoom && !this.destroyed;
  }

  deliver(bytes: Buffer): void {
    this.#activity.began();
    this.#hasRoom = this.push(bytes);
    this.#activity.ended();
  }

  override _read(): void {
    if (this.#hasRoom) return;
    this.#hasRoom = true;
    this.peer.later((connection) => connection.drained());
  }

  override _write(chunk: Buffer, _: BufferEncoding, done: Done): void {
    this.peer.arrived(chunk, done);
  }

  override _final(done: Done): void {
    this.peer.ended();
    done();
  }

  override _destroy(error: Error | null, done: Done): void {
    this.peer.lost(error);
    done(error);
  }
}

class ServerEnd implements ClientSocket<Connection> {
  declare data: Connection;
  readonly remoteAddress = ADDRESS;
  readonly remotePort = 0;
  readonly localAddress = ADDRESS;
  readonly localPort = 0;
  readonly #server: Server;
  readonly #client: ClientEnd;
  readonly #activity: Activity;
  #unread: Buffer[] = [];
  #unreadBytes = 0;
  /** The writes of the client that wait until okq has read. */
  #waiting: Done[] = [];
  #hasEnded = false;
  #isPaused = false;
  #isReading = false;
  #isClosed = false;

  constructor(server: Server, client: ClientEnd, activity: Activity) {
    this.#server = server;
    this.#client = client;
    this.#activity = activity;
  }

  // From the client:

  arrived(chunk: Buffer, done: Done): void {
    this.#unread.push(chunk);
    this.#unreadBytes += chunk.length;
    if (this.#unreadBytes < UNREAD_BYTES_MAX) done();
    else this.#waiting.push(done);
    this.#readLater();
  }

  ended(): void {
    this.#hasEnded = true;
    this.#readLater();
  }

  lost(error: Error | null): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#inLaterTurn(() => this.#server.closed(this.data, error ?? undefined));
  }

  /** In a later turn of the event loop, unless the connection is closed by then. */
  later(run: (connection: Connection) => void): void {
    this.#inLaterTurn(() => {
      if (!this.#isClosed) run(this.data);
    });
  }

  // From okq:

  write(bytes: Buffer, from: number, length: number): number {
    if (this.#isClosed) return -1;
    if (!this.#client.reads) return 0;
    // okq writes the next replies into the same memory.
    this.#client.deliver(Buffer.from(bytes.subarray(from, from + length)));
    return length;
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#readLater();
  }

  setKeepAlive(): void {}

  shutdown(): void {
    if (!this.#isClosed) this.#client.push(null);
  }

  close(): void {
    if (this.#isClosed) return;
    this.shutdown();
    this.lost(null);
    this.#client.end();
  }

  terminate(): void {
    const reset = Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" });
    this.#client.destroy(reset);
  }

  #readLater(): void {
    const hasInput = this.#unread.length > 0 || this.#hasEnded;
    if (this.#isReading || this.#isPaused || !hasInput) return;
    this.#isReading = true;
    this.later((connection) => {
      this.#isReading = false;
      if (!this.#isPaused) this.#read(connection);
    });
  }

  #read(connection: Connection): void {
    const chunks = this.#unread;
    const waiting = this.#waiting;
    this.#unread = [];
    this.#unreadBytes = 0;
    this.#waiting = [];
    if (chunks.length > 0) connection.received(Buffer.concat(chunks));
    for (const done of waiting) done();
    if (this.#unread.length > 0) return this.#readLater();
    if (!this.#hasEnded || this.#isClosed) return;
    this.#hasEnded = false;
    connection.halfClosed();
  }

  #inLaterTurn(run: () => void): void {
    this.#activity.began();
    setImmediate(() => {
      this.#activity.ended();
      run();
    });
  }
}
