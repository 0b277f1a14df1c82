// A raw client: a test decides exactly which bytes are sent, and gets decoded replies.
import type { Socket } from "bun";
import { type Decoded, ReplyDecoder } from "./reply-decoder.ts";
import { Change } from "./change.ts";

const REPLY_MS_MAX = 30_000;

export type Argument = string | number | Buffer;

/** The message of the error when the connection is closed. */
export const CLOSED = "the connection was closed";

export class Wire {
  readonly #decoder = new ReplyDecoder();
  readonly #replies: Decoded[] = [];
  #socket!: Socket;
  #unsent: Buffer = Buffer.alloc(0);
  readonly #change = new Change();
  #isClosed = false;
  #isEnding = false;

  static async connect(port: number, hostname = "127.0.0.1"): Promise<Wire> {
    const wire = new Wire();
    wire.#socket = await Bun.connect({
      hostname,
      port,
      socket: {
        data: (_socket, chunk) => wire.#received(chunk),
        drain: () => wire.#flush(),
        close: () => wire.#closed(),
        error: () => wire.#closed(),
      },
    });
    return wire;
  }

  /** Sends raw bytes. */
  send(bytes: Buffer | string): void {
    this.#write(Buffer.from(bytes));
  }

  /** Sends commands in one write, without waiting. */
  pipeline(...commands: Argument[][]): void {
    this.send(Buffer.concat(commands.map(frame)));
  }

  /** Sends a command and waits for the next reply. */
  call(...args: Argument[]): Promise<Decoded> {
    this.pipeline(args);
    return this.next();
  }

  /** The next reply. Rejects if none comes for half a minute, or the connection closes first. */
  async next(): Promise<Decoded> {
    const endsAt = performance.now() + REPLY_MS_MAX;
    while (this.#replies.length === 0) {
      if (this.#isClosed) throw new Error(CLOSED);
      if (performance.now() > endsAt) throw new Error("no reply within half a minute");
      await this.#change.within(endsAt - performance.now());
    }
    return this.#replies.shift()!;
  }

  /** The next replies, that many. */
  async take(count: number): Promise<Decoded[]> {
    const replies: Decoded[] = [];
    while (replies.length < count) replies.push(await this.next());
    return replies;
  }

  /** Resolves when the server has closed the connection, to the replies not yet taken. */
  async untilClosed(): Promise<Decoded[]> {
    const endsAt = performance.now() + REPLY_MS_MAX;
    while (!this.#isClosed) {
      if (performance.now() > endsAt) throw new Error("still open after half a minute");
      await this.#change.within(endsAt - performance.now());
    }
    return this.#replies.splice(0);
  }

  /** The number of replies that arrived and were not taken. */
  get waiting(): number {
    return this.#replies.length;
  }

  /** Stops or continues reading. */
  pause(isPaused: boolean): void {
    if (isPaused) this.#socket.pause();
    else this.#socket.resume();
  }

  /** Ends sending once everything is sent (a half-close), and still reads. */
  endSending(): void {
    this.#isEnding = true;
    this.#flush();
  }

  close(): void {
    this.#socket.end();
  }

  /** Resets the connection, as when a machine is switched off. */
  reset(): void {
    this.#socket.terminate();
  }

  #write(bytes: Buffer): void {
    this.#unsent = this.#unsent.length > 0 ? Buffer.concat([this.#unsent, bytes]) : bytes;
    this.#flush();
  }

  #flush(): void {
    const taken = this.#unsent.length > 0 ? Math.max(0, this.#socket.write(this.#unsent)) : 0;
    this.#unsent = this.#unsent.subarray(taken);
    if (this.#isEnding && this.#unsent.length === 0) this.#socket.shutdown();
  }

  #received(chunk: Buffer): void {
    this.#decoder.feed(chunk);
    for (let reply = this.#decoder.next(); reply !== undefined; reply = this.#decoder.next()) {
      this.#replies.push(reply);
    }
    this.#change.happened();
  }

  #closed(): void {
    this.#isClosed = true;
    this.#change.happened();
  }
}

/** A command as a multibulk frame. */
export function frame(args: Argument[]): Buffer {
  const parts: Buffer[] = [Buffer.from(`*${args.length}\r\n`)];
  for (const argument of args) {
    const bytes = Buffer.isBuffer(argument) ? argument : Buffer.from(String(argument));
    parts.push(Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from("\r\n"));
  }
  return Buffer.concat(parts);
}
