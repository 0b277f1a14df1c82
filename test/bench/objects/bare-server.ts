// The yardstick for okq on an object store: a server that does little but put, as a process of its
// own. It knows the three commands of the load and keeps events in an array. All commands that wait
// are answered behind one put of few bytes. Clients that were just answered get a quarter of a put
// to send their next commands, as they do from okq.
//
// bun bare-server.ts PORT URL-OF-THE-OBJECT-STORE
import type { Socket } from "bun";
import { Parser } from "../../../src/resp/parser.ts";
import type { ParserLimits } from "../../../src/resp/parser-limits.ts";
import { putBare } from "./bare-put.ts";

const MOMENT_PART = 1 / 4;
const LIMITS: ParserLimits = {
  bulkBytesMax: 1 << 20,
  requestBytesMax: 1 << 20,
  droppedBytesMax: 1 << 20,
  argumentsMax: 16,
  inlineBytesMax: 65_536,
};

interface Client {
  parser: Parser;
  replies: string[];
}

interface Command {
  socket: Socket<Client>;
  words: Buffer[];
}

const [, , port, url] = Bun.argv;
const events: [id: string, contents: string][] = [];
let waiting: Command[] = [];
let expected = 0;
let isCommitting = false;
/** The time of the latest put. */
let putMs = 0;
let moment: Timer | undefined;

function received(socket: Socket<Client>, chunk: Buffer): void {
  const { parser } = socket.data;
  parser.feed(chunk);
  for (let words = parser.next(); words; words = parser.next()) waiting.push({ socket, words });
  beginInTime();
}

function beginInTime(): void {
  if (isCommitting || waiting.length === 0) return;
  if (waiting.length >= expected) begin();
  else moment ??= setTimeout(begin, putMs * MOMENT_PART);
}

function begin(): void {
  clearTimeout(moment);
  moment = undefined;
  isCommitting = true;
  setImmediate(() => void commit());
}

async function commit(): Promise<void> {
  const batch = waiting;
  waiting = [];
  const beganAtMs = performance.now();
  await putBare(url!);
  putMs = performance.now() - beganAtMs;
  expected = batch.length + waiting.length;
  isCommitting = false;
  answer(batch);
  beginInTime();
}

function answer(batch: Command[]): void {
  const sockets = new Set<Socket<Client>>();
  for (const { socket, words } of batch) {
    socket.data.replies.push(replyTo(words));
    sockets.add(socket);
  }
  for (const socket of sockets) {
    const text = socket.data.replies.join("");
    socket.data.replies.length = 0;
    if (socket.write(text) < text.length) throw new Error("a client does not read its replies");
  }
}

function replyTo([name, , id, contents]: Buffer[]): string {
  switch (name!.toString("latin1")) {
    case "QLPUSH":
      events.push([id!.toString("latin1"), contents!.toString("latin1")]);
      return "+OK\r\n";
    case "QRPOP": {
      const [event, bytes] = events.shift() ?? ["", ""];
      return `*2\r\n$${event.length}\r\n${event}\r\n$${bytes.length}\r\n${bytes}\r\n`;
    }
    default:
      return ":1\r\n";
  }
}

Bun.listen<Client>({
  hostname: "127.0.0.1",
  port: Number(port),
  socket: {
    open: (socket) => void (socket.data = { parser: new Parser(LIMITS), replies: [] }),
    data: received,
    close: (socket) => socket.data.parser.close(),
  },
});
