// Clients that send okq a seeded mix of valid and broken input and leave in different ways. Every
// answer must be well-formed, with one reply per command if all commands were complete.
import { commands } from "../../src/commands/table.ts";
import type { Random } from "../stores/random.ts";
import { type Decoded, ReplyDecoder } from "../support/reply-decoder.ts";
import { frame } from "../support/wire.ts";
import { errorOf } from "./load.ts";
import { RawSocket } from "./raw-socket.ts";

/** They would close witnesses, empty their queues, or break the fuzzer's count of replies. */
const ENDING = ["CLIENT KILL", "CLIENT REPLY", "QUIT", "OKQ FORWARD"];
const EXCLUDED = new Set([...ENDING, "FLUSHALL", "FLUSHDB"]);
/** They have a reply for each channel, and messages follow. */
const SUBSCRIBING = ["SUBSCRIBE", "PSUBSCRIBE", "UNSUBSCRIBE", "PUNSUBSCRIBE"];
const WAITING = new Set(["BLPOP", "BRPOP", "BLMOVE", "BRPOPLPUSH"]);
const NAMES = commands
  .map(({ name }) => name)
  .filter((name) => !EXCLUDED.has(name) && !SUBSCRIBING.includes(name));
const KINDS = {
  commands: 6,
  mutated: 5,
  noise: 2,
  cut: 3,
  lengths: 2,
  inline: 2,
  trickle: 1,
  flood: 1,
  unread: 1,
  large: 1,
  arguments: 1,
  blank: 1,
  tooLarge: 1,
};
/** Kinds of complete commands: each has one reply. */
const WHOLE = ["commands", "flood", "arguments", "blank", "tooLarge"] as const;
type Kind = keyof typeof KINDS;
type WholeKind = (typeof WHOLE)[number];
/** Bytes that are not a command, and commands that are not answered. */
const BLANKS = ["\n", "\r\n", "  \r\n", "*0\r\n", "*-7\r\n", `${" ".repeat(9_000)}\n`];
const ENDS = { halfClose: 6, reset: 2, close: 2 };
/** Words with a meaning, which random bytes would rarely produce. */
const WORDS = ["", "0", "1", "-1", "0.01", "1e400", "nan", "EX", "NOACK", "REDO", "NOBLOCK", "*"];
const TELLING = "\r\n*$-+:0123456789\"'\\ \t\0\xff";

export class ServerFuzzer {
  connections = 0;
  bytes = 0;
  /** The number of complete commands whose replies were counted. */
  commands = 0;
  readonly #random: Random;
  readonly #queues: Buffer[];

  constructor(random: Random) {
    this.#random = random;
    this.#queues = Array.from({ length: 60 }, () => this.#noise(40));
  }

  /** Runs one connection after the other. Rejects at the first malformed answer. */
  async run(port: number, isOver: () => boolean): Promise<void> {
    while (!isOver()) await RawSocket.using(port, (socket) => this.#attack(socket));
  }

  async #attack(socket: RawSocket): Promise<void> {
    const kind = this.#random.weighted(KINDS);
    this.connections += 1;
    if (kind === "unread") socket.pause(true);
    const isWhole = isWholeKind(kind);
    const sent = isWhole ? this.#commands(kind) : [this.#broken(kind)];
    const bytes = Buffer.concat(sent);
    this.bytes += bytes.length;
    if (kind === "trickle") await this.#trickle(socket, bytes);
    else socket.send(bytes);
    const end = this.#random.weighted(ENDS);
    if (end !== "halfClose" || kind === "unread") {
      if (this.#random.below(2) === 0) await nextTurn();
      if (end === "close") socket.close();
      return;
    }
    socket.endSending();
    const decoder = new ReplyDecoder();
    decoder.feed(await socket.readToEnd());
    const replies = all(decoder);
    for (const reply of replies) {
      const error = errorOf(reply);
      if (error?.includes("internal error")) throw new Error(`a fuzzer got: ${error}`);
    }
    if (!isWhole) return;
    this.commands += sent.length;
    if (replies.length !== sent.length || decoder.rest > 0) {
      throw new Error(`${replies.length} replies to ${sent.length} commands (${kind})`);
    }
  }

  #broken(kind: Exclude<Kind, WholeKind>): Buffer {
    const subscriptions = this.#commands("commands").map(() =>
      frame([this.#random.of(SUBSCRIBING), this.#random.of(["okq:*", "*", this.#noise(40)])]),
    );
    const whole = Buffer.concat([...subscriptions, ...this.#commands("commands")]);
    if (kind === "noise") return this.#noise(3_000);
    if (kind === "cut") return whole.subarray(0, this.#random.below(whole.length));
    if (kind === "lengths") return this.#lengths();
    if (kind === "inline") return this.#inline();
    if (kind === "large") return this.#large();
    if (kind === "trickle") return this.#mutated(whole.subarray(0, 400));
    if (kind === "unread") return Buffer.concat(this.#commands("flood"));
    return this.#mutated(whole);
  }

  #commands(kind: WholeKind): Buffer[] {
    if (kind === "arguments") {
      const many = Array.from({ length: this.#random.below(20_000) }, () => "");
      return [frame([this.#random.of(["PING", "QSTATUS", "QREGISTER", "NONSENSE"]), ...many])];
    }
    const length = kind === "flood" ? this.#random.below(3_000) : 1 + this.#random.below(40);
    const whole = Array.from({ length }, () => frame(this.#command()));
    if (kind === "blank") return whole.map((each) => Buffer.concat([this.#blanks(), each]));
    if (kind === "tooLarge") {
      const contents = Buffer.alloc(2 ** 20 + this.#random.below(2 ** 20), "too large");
      whole[this.#random.below(length)] = frame(["QLPUSH", "q", this.#noise(9), contents]);
    }
    return whole;
  }

  #command(): (string | Buffer)[] {
    const name = this.#random.below(20) === 0 ? this.#noise(20) : this.#random.of(NAMES);
    // A wait of years would be correct and would stop the fuzzer.
    if (name === "QNOTIFY") return [name, this.#random.of(WORDS)];
    const words = typeof name === "string" ? name.split(" ") : [name];
    const args = Array.from({ length: this.#random.below(5) }, () => this.#argument());
    if (name === "XREADGROUP" && this.#random.below(2) === 0) return this.#readOfGroup();
    if (name === "XREAD" && this.#random.below(2) === 0) return this.#readOfStreams();
    if (name === "BLMPOP") return [name, "0.01", ...args];
    return WAITING.has(String(name)) ? [...words, ...args, "0.01"] : [...words, ...args];
  }

  #readOfGroup(): (string | Buffer)[] {
    const queues = [this.#random.of(this.#queues), this.#random.of(this.#queues)];
    const end = ["BLOCK", "10", "STREAMS", ...queues, ">", ">"];
    return ["XREADGROUP", "GROUP", "default", this.#argument(), ...end];
  }

  #readOfStreams(): (string | Buffer)[] {
    const queues = [this.#random.of(this.#queues), this.#random.of(this.#queues)];
    return ["XREAD", "BLOCK", "10", "STREAMS", ...queues, "$", "0"];
  }

  #argument(): string | Buffer {
    const kind = this.#random.weighted({ queue: 4, word: 4, noise: 2, number: 1, protocol: 1 });
    if (kind === "queue") return this.#random.of(this.#queues);
    if (kind === "word") return this.#random.of(WORDS);
    if (kind === "number") return String(this.#random.below(2 ** 31) - 2 ** 30);
    return kind === "protocol" ? this.#random.of(["2", "3", "4"]) : this.#noise(300);
  }

  #blanks(): Buffer {
    return Buffer.from(this.#random.of(BLANKS).repeat(this.#random.below(200)));
  }

  #mutated(bytes: Buffer): Buffer {
    let mutated = bytes;
    for (let times = 1 + this.#random.below(4); times > 0; times--) {
      const at = this.#random.below(mutated.length + 1);
      const removed = this.#random.below(4);
      mutated = Buffer.concat([
        mutated.subarray(0, at),
        this.#noise(4),
        mutated.subarray(at + removed),
      ]);
    }
    return mutated;
  }

  #lengths(): Buffer {
    const digits = () => {
      const length = this.#random.of([1, 3, 9, 17, 30, 70_000]);
      return Buffer.alloc(length, String(this.#random.below(10)));
    };
    const head = Buffer.from(this.#random.of(["*", "*2\r\n$", "*1\r\n$-", "*3\r\n$1\r\nx\r\n$"]));
    return Buffer.concat([head, digits(), Buffer.from("\r\n"), this.#noise(100)]);
  }

  #inline(): Buffer {
    const line = () => {
      const words = [this.#random.of(NAMES), String(this.#argument()), this.#noise(20)];
      return Buffer.from(`${words.join(this.#random.of([" ", "  ", '"', "'"]))}\r\n`, "latin1");
    };
    return Buffer.concat(Array.from({ length: 1 + this.#random.below(20) }, line));
  }

  /** A large event, often not all of it. */
  #large(): Buffer {
    const contents = Buffer.alloc(this.#random.below(2_000_000), "large");
    const whole = frame(["QLPUSH", this.#random.of(this.#queues), this.#noise(9), contents]);
    return this.#random.below(2) === 0
      ? whole
      : whole.subarray(0, this.#random.below(whole.length));
  }

  #noise(lengthMax: number): Buffer {
    const isTelling = this.#random.below(2) === 0;
    const byte = () =>
      isTelling ? TELLING.charCodeAt(this.#random.below(TELLING.length)) : this.#random.below(256);
    return Buffer.from(Array.from({ length: this.#random.below(lengthMax + 1) }, byte));
  }

  async #trickle(socket: RawSocket, bytes: Buffer): Promise<void> {
    for (let at = 0; at < bytes.length; at++) {
      socket.send(bytes.subarray(at, at + 1));
      await nextTurn();
    }
  }
}

function isWholeKind(kind: Kind): kind is WholeKind {
  return WHOLE.includes(kind as WholeKind);
}

/** Throws at a malformed reply. */
function all(decoder: ReplyDecoder): Decoded[] {
  const replies: Decoded[] = [];
  for (let reply = decoder.next(); reply !== undefined; reply = decoder.next()) replies.push(reply);
  return replies;
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
