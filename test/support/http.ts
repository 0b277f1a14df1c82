// HTTP requests of tests, with exact bytes where they matter.
import { RawSocket } from "../faults/raw-socket.ts";

export interface Answer {
  status: number;
  headers: Headers;
  /** The body as text. */
  text: string;
}

/** Sends lines and headers as they stand; the answer's body has a Content-Length, or none. */
export async function exchangeRaw(port: number, request: string | Buffer): Promise<Answer> {
  const socket = await RawSocket.connect(port);
  try {
    socket.send(Buffer.from(request));
    return await answerOn(socket);
  } finally {
    socket.reset();
  }
}

/** The next answer on that connection. */
export async function answerOn(socket: RawSocket): Promise<Answer> {
  let received = await socket.readUntil("\r\n\r\n");
  const end = received.indexOf("\r\n\r\n");
  if (end < 0) throw new Error(`no answer: ${JSON.stringify(received.toString("latin1"))}`);
  const [status, ...lines] = received.toString("latin1", 0, end).split("\r\n");
  const headers = new Headers(lines.map((line) => line.split(": ", 2) as [string, string]));
  const length = Number(headers.get("Content-Length") ?? 0);
  while (received.length < end + 4 + length && !socket.isClosed) {
    received = Buffer.concat([received, await socket.read(1)]);
  }
  const text = received.toString("utf8", end + 4, end + 4 + length);
  return { status: Number(status!.split(" ")[1]), headers, text };
}

/** A request in bytes, with Host: localhost unless other headers say so. */
export function requestText(
  line: string,
  headers: Record<string, string> = {},
  body: string | null = null,
): string {
  const all: Record<string, string> = { Host: "localhost", ...headers };
  if (body !== null) all["Content-Length"] ??= String(Buffer.byteLength(body));
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${line} HTTP/1.1\r\n${lines.join("")}\r\n${body ?? ""}`;
}

export function basic(user: string, password: string): Record<string, string> {
  return { Authorization: `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}` };
}
