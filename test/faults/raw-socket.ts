// A socket that sends any bytes and keeps the exact bytes that it receives.
import type { Socket } from "bun";
import { Change } from "../support/change.ts";

const WAIT_MS_MAX = 30_000;

export class RawSocket {
  #socket!: Socket;
  #received: Buffer[] = [];
  #length = 0;
  #unsent: Buffer = Buffer.alloc(0);
  #isClosed = false;
  #isEnding = false;
  readonly #change = new Change();

  static async connect(port: number): Promise<RawSocket> {
    const raw = new RawSocket();
    raw.#socket = await Bun.connect({
      hostname: "127.0.0.1",
      port,
      socket: {
        data: (_socket, chunk) => raw.#take(chunk),
        drain: () => raw.send(Buffer.alloc(0)),
        close: () => raw.#closed(),
        error: () => raw.#closed(),
      },
    });
    return raw;
  }

  /** A new connection for that time, which is reset at its end. */
  static async using(port: number, use: (socket: RawSocket) => Promise<void>): Promise<void> {
    const socket = await RawSocket.connect(port);
    try {
      await use(socket);
    } finally {
      socket.reset();
    }
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  send(bytes: Buffer): void {
    this.#unsent = this.#unsent.length > 0 ? Buffer.concat([this.#unsent, bytes]) : bytes;
    if (this.#unsent.length > 0) {
      const taken = Math.max(0, this.#socket.write(this.#unsent));
      this.#unsent = this.#unsent.subarray(taken);
    }
    if (this.#isEnding && this.#unsent.length === 0) this.#socket.shutdown();
  }

  /** Ends sending once everything is sent (a half-close). */
  endSending(): void {
    this.#isEnding = true;
    this.send(Buffer.alloc(0));
  }

  pause(isPaused: boolean): void {
    if (isPaused) this.#socket.pause();
    else this.#socket.resume();
  }

  close(): void {
    this.#socket.end();
  }

  reset(): void {
    this.#socket.terminate();
  }

  /** Resolves to all bytes so far, once that many have arrived or the connection is closed. */
  async read(length: number): Promise<Buffer> {
    const endsAt = performance.now() + WAIT_MS_MAX;
    while (this.#length < length && !this.#isClosed) {
      const leftMs = endsAt - performance.now();
      if (leftMs <= 0) break;
      await this.#change.within(leftMs);
    }
    const all = Buffer.concat(this.#received);
    this.#received = [];
    this.#length = 0;
    return all;
  }

  /** All bytes so far, once that text is among them or the connection is closed. */
  async readUntil(text: string): Promise<Buffer> {
    let all: Buffer = Buffer.alloc(0);
    while (!all.includes(text) && !this.#isClosed) all = Buffer.concat([all, await this.read(1)]);
    return Buffer.concat([all, await this.read(0)]);
  }

  /** All bytes up to the end of the connection. Rejects if it does not end. */
  async readToEnd(): Promise<Buffer> {
    const all = await this.read(Infinity);
    if (!this.#isClosed) throw new Error(`still open after ${WAIT_MS_MAX} ms`);
    return all;
  }

  #take(chunk: Buffer): void {
    this.#received.push(chunk);
    this.#length += chunk.length;
    this.#change.happened();
  }

  #closed(): void {
    this.#isClosed = true;
    this.#change.happened();
  }
}
