// Clients that send okq a seeded mix of valid and broken HTTP requests, and leave in different
// ways. Every answer to a whole request must be well-formed, and none may be a failure of okq.
import { routes } from "../../src/http/routes/all.ts";
import type { Random } from "../stores/random.ts";
import { RawSocket } from "./raw-socket.ts";

const KINDS = {
  whole: 8,
  mutated: 6,
  cut: 4,
  lengths: 3,
  chunks: 3,
  noise: 2,
  several: 2,
  heads: 2,
  trickle: 1,
  unread: 2,
  large: 1,
};
type Kind = keyof typeof KINDS;
const ENDS = { wait: 4, reset: 2, close: 2, halfClose: 1 };
const TYPES = {
  "application/json": 8,
  "application/x-ndjson": 2,
  "application/octet-stream": 2,
  "text/plain": 1,
  "": 1,
};
/** Values with a meaning, which random ones would rarely be. */
const VALUES = [null, true, false, 0, 1, -1, 0.5, 1e300, "", "x", "all", "ready", [], {}, ["1"]];
const LENGTHS = ["-1", "0", "+1", "1e3", "0x10", "999999999999999999999", " 7", "7, 7", "9"];
const SEGMENTS = ["..", ".", "%2e%2e", "%00", "%", "%zz", "%ff", "a%2Fb", "{queue}", ""];
const TELLING = '\r\n: /%?&={}[]",\\0123456789\0\xff';
/** A wait of hours would be correct and would stop the fuzzer. */
const TIMES = new Set(["wait", "seconds", "timeout", "for"]);
/** It ends only when its client leaves. */
const STREAM = "/v1/events";
const WHOLE_ROUTES = routes.filter(({ path }) => path !== STREAM);

export class HttpFuzzer {
  connections = 0;
  /** Answers to whole requests. */
  answers = 0;
  readonly #random: Random;
  readonly #authorization: string;
  readonly #names: string[];

  constructor(random: Random, authorization: string) {
    this.#random = random;
    this.#authorization = authorization;
    this.#names = Array.from({ length: 30 }, () => encodeURIComponent(this.#text(20)));
  }

  /** Runs one connection after the other. Rejects at the first malformed answer. */
  async run(port: number, isOver: () => boolean): Promise<void> {
    while (!isOver()) await RawSocket.using(port, (socket) => this.#attack(socket));
  }

  async #attack(socket: RawSocket): Promise<void> {
    const kind = this.#random.weighted(KINDS);
    this.connections += 1;
    if (kind === "unread") socket.pause(true);
    const bytes = this.#bytes(kind);
    if (kind === "trickle") await trickle(socket, bytes);
    else socket.send(bytes);
    if (kind === "whole") return this.#check(bytes, await socket.readToEnd());
    const end = this.#random.weighted(ENDS);
    if (end === "close") socket.close();
    if (end === "halfClose") socket.endSending();
    // Many of these are never answered.
    for (let turns = this.#random.below(20); turns > 0; turns--) await nextTurn();
    if (end === "wait" && kind !== "unread") checkStart(await socket.read(0));
  }

  #check(sent: Buffer, received: Buffer): void {
    this.answers += 1;
    const text = received.toString("latin1");
    const [head, body] = text.split("\r\n\r\n", 2);
    const isWhole = /^HTTP\/1\.1 [2-5]\d\d [^\r\n]+(\r\n[\w-]+: [^\r\n]*)*$/.test(head!);
    if (!isWhole || body === undefined || / 500 |internal error/.test(text)) {
      const request = sent.toString("latin1").slice(0, 1_000);
      throw new Error(`${JSON.stringify(text.slice(0, 500))} to ${JSON.stringify(request)}`);
    }
  }

  #bytes(kind: Kind): Buffer {
    if (kind === "noise") return this.#noise(3_000);
    if (kind === "heads") return this.#heads();
    if (kind === "large") return this.#large();
    if (kind === "lengths") return this.#lengths();
    if (kind === "chunks") return this.#chunks();
    const whole = this.#request();
    if (kind === "cut") return whole.subarray(0, this.#random.below(whole.length));
    if (kind === "mutated") return this.#mutated(whole);
    if (kind === "trickle") return this.#mutated(whole.subarray(0, 600));
    if (kind === "several") return Buffer.concat([whole, this.#request(), this.#request()]);
    if (kind === "unread") {
      const stream = `GET ${STREAM}?queue=${this.#random.of(this.#names)}`;
      return this.#random.below(2) === 0 ? whole : this.#framed(stream, "", "");
    }
    return whole;
  }

  /** A request with a right frame, after which okq closes the connection. */
  #request(): Buffer {
    const { method, path, fields = {} } = this.#random.of(WHOLE_ROUTES);
    const names = Object.entries(fields).flatMap(([name, field]) =>
      Object.keys(field.schemas(name)),
    );
    const given = names.filter(() => this.#random.below(3) === 0);
    const filled = path.replace(/\{\w+\}/g, () => this.#segment());
    if (method === "GET") {
      const query = given.map((name) => `${name}=${encodeURIComponent(String(this.#value(name)))}`);
      return this.#framed(`GET ${filled}?${query.join("&")}`, "", "");
    }
    const object = Object.fromEntries(given.map((name) => [name, this.#value(name)]));
    const type = this.#random.weighted(TYPES);
    const json = JSON.stringify(object);
    const lines = this.#random.below(2) === 0 ? json : `${json}\n${json}\n{"contents": "x"}\n`;
    return this.#framed(`${method} ${filled}`, type, type.includes("ndjson") ? lines : json);
  }

  #framed(line: string, type: string, body: string): Buffer {
    const length = body === "" ? "" : `Content-Length: ${Buffer.byteLength(body)}\r\n`;
    return this.#headed(line, type, length, body);
  }

  #headed(line: string, type: string, framing: string, body: string): Buffer {
    const typed = type === "" ? "" : `Content-Type: ${type}\r\n`;
    const common = `Host: localhost\r\nAuthorization: ${this.#authorization}\r\n`;
    const head = `${line} HTTP/1.1\r\n${common}Connection: close\r\n${typed}${framing}\r\n`;
    return Buffer.from(head + body);
  }

  #segment(): string {
    return this.#random.below(6) === 0 ? this.#random.of(SEGMENTS) : this.#random.of(this.#names);
  }

  #value(name: string): unknown {
    if (TIMES.has(name)) return 0.01;
    const kind = this.#random.weighted({ value: 3, text: 3, number: 1, name: 2, nested: 1 });
    if (kind === "value") return this.#random.of(VALUES);
    if (kind === "number") return this.#random.below(2 ** 31) - 2 ** 30;
    if (kind === "name") return decodeURIComponent(this.#random.of(this.#names));
    return kind === "text" ? this.#text(100) : { a: [this.#text(10), { b: null }] };
  }

  #lengths(): Buffer {
    const name = this.#random.of(["Content-Length", "content-length", "Content-Length "]);
    const one = `${name}: ${this.#random.of(LENGTHS)}\r\n`;
    const framing = this.#random.below(3) === 0 ? one + one : one;
    const body = this.#random.of(["{}", '{"contents": "x"}', ""]);
    return this.#headed("POST /v1/queues/a/events", "application/json", framing, body);
  }

  #chunks(): Buffer {
    const chunk = () => {
      const size = this.#random.of(["1", "5", "0", "ffff", "-1", "zz", "", "fffffffffffffffff"]);
      const end = this.#random.of(["\r\n", "\n", ";x=y\r\n"]);
      return `${size}${end}${this.#random.of(["{", "hello"])}\r\n`;
    };
    const body = Array.from({ length: this.#random.below(6) }, chunk).join("");
    const framing = "Transfer-Encoding: chunked\r\n";
    const type = this.#random.of(["application/json", "application/x-ndjson"]);
    return this.#headed("POST /v1/queues/a/events", type, framing, body);
  }

  #heads(): Buffer {
    const many = this.#random.below(2) === 0;
    const value = "x".repeat(this.#random.below(many ? 50 : 40_000));
    const lines = `${this.#text(10)}: ${value}\r\n`.repeat(many ? this.#random.below(400) : 1);
    return Buffer.from(`GET /v1/session HTTP/1.1\r\nHost: localhost\r\n${lines}\r\n`, "latin1");
  }

  /** A large event, often not all of it. */
  #large(): Buffer {
    const contents = "large".repeat(this.#random.below(400_000));
    const body = JSON.stringify({ contents });
    const whole = this.#framed("POST /v1/queues/large/events", "application/json", body);
    const isCut = this.#random.below(2) === 0;
    return isCut ? whole.subarray(0, this.#random.below(whole.length)) : whole;
  }

  #mutated(bytes: Buffer): Buffer {
    let mutated = bytes;
    for (let times = 1 + this.#random.below(4); times > 0; times--) {
      const at = this.#random.below(mutated.length + 1);
      const rest = mutated.subarray(at + this.#random.below(4));
      mutated = Buffer.concat([mutated.subarray(0, at), this.#noise(4), rest]);
    }
    return mutated;
  }

  #noise(lengthMax: number): Buffer {
    const isTelling = this.#random.below(2) === 0;
    const byte = () =>
      isTelling ? TELLING.charCodeAt(this.#random.below(TELLING.length)) : this.#random.below(256);
    return Buffer.from(Array.from({ length: this.#random.below(lengthMax + 1) }, byte));
  }

  #text(lengthMax: number): string {
    return this.#noise(lengthMax).toString("latin1");
  }
}

/** Throws if the bytes are the beginning of something else than an answer. */
function checkStart(received: Buffer): void {
  const start = "HTTP/1.1 ";
  const text = received.toString("latin1", 0, start.length);
  if (text !== start.slice(0, text.length)) throw new Error(`no answer: ${JSON.stringify(text)}`);
  if (received.toString("latin1").startsWith(`${start}500 `)) throw new Error("a failure");
}

async function trickle(socket: RawSocket, bytes: Buffer): Promise<void> {
  for (let at = 0; at < bytes.length; at++) {
    socket.send(bytes.subarray(at, at + 1));
    await nextTurn();
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
