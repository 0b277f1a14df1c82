// One connection of a server of HTTP/1.1 for tests, which can delay an answer, cut it in the middle
// or never give it. Bun.serve has no way to close a connection without an answer.
import type { Socket } from "bun";

export interface HttpRequest {
  method: string;
  /** Path and query, as sent. */
  target: string;
  /** By lower-case names; repeated ones are joined by commas. */
  headers: Map<string, string>;
  body: Buffer;
}

export interface HttpReply {
  status: number;
  headers: Record<string, string>;
  body: Uint8Array;
  /** A reply to HEAD tells the length of a body that it does not have. */
  isHead?: boolean;
}

const HEAD_BYTES_MAX = 65_536;
const BODY_BYTES_MAX = 1024 ** 3;
/** Large enough for speed, small enough for a limit of bytes per second to be smooth. */
const PIECE_BYTES = 262_144;
const noBytes = Buffer.alloc(0);

const reasons: Record<number, string> = {
  200: "OK",
  204: "No Content",
  206: "Partial Content",
  304: "Not Modified",
  400: "Bad Request",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  409: "Conflict",
  411: "Length Required",
  412: "Precondition Failed",
  416: "Requested Range Not Satisfiable",
  500: "Internal Server Error",
  501: "Not Implemented",
  503: "Slow Down",
};

/** Serves one request after the other. */
export class HttpConnection {
  readonly #socket: Socket<HttpConnection>;
  readonly #onRequest: (request: HttpRequest, connection: HttpConnection) => void;
  /** What came behind the last whole request. */
  #received: Buffer = noBytes;
  #isBusy = false;
  #isClosed = false;
  /** The client sent a body of unknown length, which this server does not read. */
  #isLast = false;
  /** The request whose body is not there yet. */
  #open: { request: HttpRequest; filled: number } | null = null;
  #unsent: Uint8Array[] = [];
  #sent: PromiseWithResolvers<void> | null = null;

  constructor(
    socket: Socket<HttpConnection>,
    onRequest: (request: HttpRequest, connection: HttpConnection) => void,
  ) {
    this.#socket = socket;
    this.#onRequest = onRequest;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  data(chunk: Buffer): void {
    const rest = this.#open === null ? chunk : this.#fill(chunk);
    if (rest.length > 0) {
      this.#received = this.#received.length === 0 ? rest : Buffer.concat([this.#received, rest]);
    }
    this.#next();
  }

  /** Sends an answer. Resolves when all of it has left. `passed` waits for each piece's turn. */
  async reply(reply: HttpReply, passed: (bytes: number) => Promise<void> | null): Promise<void> {
    await this.#send(headOf(reply));
    if (!reply.isHead) {
      for (let start = 0; start < reply.body.length && !this.#isClosed; start += PIECE_BYTES) {
        const piece = reply.body.subarray(start, start + PIECE_BYTES);
        const turn = passed(piece.length);
        if (turn !== null) await turn;
        await this.#send(piece);
      }
    }
    if (this.#isLast) this.#socket.end();
    else {
      this.#isBusy = false;
      this.#next();
    }
  }

  /** Sends the head and half of the body, and nothing more. */
  async replyHalf(reply: HttpReply): Promise<void> {
    await this.#send(headOf(reply));
    await this.#send(reply.body.subarray(0, reply.body.length >> 1));
  }

  /** Resets the connection. */
  cut(): void {
    this.closed();
    this.#socket.terminate();
  }

  /** Closes it in order, which may look like the end of a body. */
  end(): void {
    this.closed();
    this.#socket.end();
  }

  /** Called by the listener. */
  closed(): void {
    this.#isClosed = true;
    this.#unsent = [];
    this.#sent?.resolve();
  }

  /** Called by the listener when the socket takes bytes again. */
  drained(): void {
    this.#flush();
  }

  #send(bytes: Uint8Array): Promise<void> | null {
    if (this.#isClosed) return null;
    if (bytes.length > 0) this.#unsent.push(bytes);
    this.#flush();
    if (this.#unsent.length === 0 || this.#isClosed) return null;
    this.#sent ??= Promise.withResolvers();
    return this.#sent.promise;
  }

  #flush(): void {
    while (this.#unsent.length > 0) {
      const bytes = this.#unsent[0]!;
      const written = this.#socket.write(bytes);
      if (written < bytes.length) {
        if (written > 0) this.#unsent[0] = bytes.subarray(written);
        return;
      }
      this.#unsent.shift();
    }
    this.#sent?.resolve();
    this.#sent = null;
  }

  /** Takes what belongs to the open body, and returns the rest. */
  #fill(chunk: Buffer): Buffer {
    const open = this.#open!;
    const { body } = open.request;
    const taken = Math.min(chunk.length, body.length - open.filled);
    chunk.copy(body, open.filled, 0, taken);
    open.filled += taken;
    return chunk.subarray(taken);
  }

  #next(): void {
    if (this.#isBusy || this.#isClosed) return;
    if (this.#open === null) this.#readHead();
    const open = this.#open as { request: HttpRequest; filled: number } | null;
    if (open === null || open.filled < open.request.body.length) return;
    this.#open = null;
    this.#isBusy = true;
    this.#onRequest(open.request, this);
  }

  #readHead(): void {
    const end = this.#received.indexOf("\r\n\r\n");
    if (end < 0) {
      if (this.#received.length > HEAD_BYTES_MAX) this.cut();
      return;
    }
    const request = requestOf(this.#received.toString("latin1", 0, end));
    this.#isLast = request.headers.has("transfer-encoding");
    const length = Number(request.headers.get("content-length") ?? 0);
    if (!(length >= 0 && length <= BODY_BYTES_MAX)) {
      this.cut();
      return;
    }
    request.body = length === 0 ? noBytes : Buffer.allocUnsafe(length);
    this.#open = { request, filled: 0 };
    if (request.headers.get("expect") === "100-continue") {
      void this.#send(Buffer.from("HTTP/1.1 100 Continue\r\n\r\n"));
    }
    const rest = this.#received.subarray(end + 4);
    this.#received = noBytes;
    this.#received = this.#fill(rest);
  }
}

function requestOf(head: string): HttpRequest {
  const [first = "", ...lines] = head.split("\r\n");
  const [method = "", target = ""] = first.split(" ");
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(":");
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    const before = headers.get(name);
    headers.set(name, before === undefined ? value : `${before},${value}`);
  }
  return { method, target, headers, body: noBytes };
}

function headOf({ status, headers, body }: HttpReply): Buffer {
  const lines = [`HTTP/1.1 ${status} ${reasons[status] ?? "Other"}`];
  for (const [name, value] of Object.entries(headers)) lines.push(`${name}: ${value}`);
  if (status !== 204 && status !== 304) lines.push(`Content-Length: ${body.length}`);
  return Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1");
}
