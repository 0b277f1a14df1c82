// A plain Redis client for work before and after a measurement and for single timings: one promise
// per command, replies as raw bytes. Not for load.
import type { Socket } from "bun";
import { resp } from "./dialects.ts";
import { RespScanner } from "./reply-scanner.ts";

interface Waiting {
  resolve: (reply: string) => void;
  reject: (error: Error) => void;
}

export class Client {
  readonly #scanner = new RespScanner(0);
  #socket: Socket | undefined;
  #waiting: Waiting[] = [];
  #rest = Buffer.alloc(0);
  #unsent: Buffer[] = [];
  #isClosed = false;

  static async connect(port: number): Promise<Client> {
    const client = new Client();
    client.#socket = await Bun.connect({
      hostname: "127.0.0.1",
      port,
      socket: {
        data: (_socket, chunk) => client.#receive(chunk),
        drain: () => client.#flush(),
        close: () => client.#close(),
        error: () => client.#close(),
      },
    });
    return client;
  }

  /** The raw reply; an error reply is thrown. */
  call(...words: (string | Buffer)[]): Promise<string> {
    return this.send(resp(...words));
  }

  /** Sends one whole command. */
  send(command: Buffer): Promise<string> {
    const reply = this.#reply();
    this.#write(command);
    return reply;
  }

  /** Sends commands at once, as drivers send a pipeline. */
  sendTogether(commands: Buffer[]): Promise<string[]> {
    const replies = Promise.all(commands.map(() => this.#reply()));
    this.#write(Buffer.concat(commands));
    return replies;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  close(): void {
    this.#isClosed = true;
    this.#socket?.end();
  }

  /** Of the next command. */
  #reply(): Promise<string> {
    if (this.#isClosed) return Promise.reject(new Error("the connection is closed"));
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  #write(bytes: Buffer): void {
    if (this.#isClosed) return;
    this.#unsent.push(bytes);
    if (this.#unsent.length === 1) this.#flush();
  }

  #flush(): void {
    for (let first = this.#unsent[0]; first !== undefined; first = this.#unsent[0]) {
      const taken = Math.max(0, this.#socket!.write(first));
      if (taken < first.length) {
        this.#unsent[0] = first.subarray(taken);
        return;
      }
      this.#unsent.shift();
    }
  }

  #receive(chunk: Buffer): void {
    const bytes = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk;
    let at = 0;
    while (at < bytes.length) {
      const next = this.#scanner.scan(bytes, at, bytes.length);
      if (next < 0) break;
      const reply = bytes.toString("latin1", at, next);
      const waiting = this.#waiting.shift();
      if (reply.startsWith("-")) waiting?.reject(new Error(reply.trim()));
      else waiting?.resolve(reply);
      at = next;
    }
    this.#rest = Buffer.from(bytes.subarray(at));
  }

  #close(): void {
    this.#isClosed = true;
    for (const waiting of this.#waiting) waiting.reject(new Error("the connection was closed"));
    this.#waiting = [];
  }
}

/** The bulk strings of a reply in RESP2. */
export function bulks(reply: string): string[] {
  const found: string[] = [];
  for (let at = reply.indexOf("$"); at >= 0; at = reply.indexOf("$", at)) {
    const line = reply.indexOf("\r\n", at);
    const length = Number(reply.slice(at + 1, line));
    const from = line + 2;
    if (length >= 0) found.push(reply.slice(from, from + length));
    at = from + Math.max(0, length);
  }
  return found;
}
