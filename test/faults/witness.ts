// A well-behaved client with its own queue that knows the exact bytes of every reply. Other clients
// must not affect its replies.
import type { Random } from "../stores/random.ts";
import { frame } from "../support/wire.ts";
import { RawSocket } from "./raw-socket.ts";

const COMMANDS_MAX = 40;
const SHOWN_BYTES = 80;
const KINDS = {
  push: 8,
  duplicate: 1,
  pop: 6,
  ack: 6,
  ackUnknown: 1,
  redo: 1,
  peek: 2,
  status: 1,
  notify: 1,
  ping: 1,
  echo: 1,
  name: 1,
};

interface Event {
  id: string;
  contents: Buffer;
}

export class Witness {
  /** The number of compared replies. */
  replies = 0;
  readonly #random: Random;
  readonly #protocol: 2 | 3;
  readonly #queue: Buffer;
  /** The ready events, from left to right. */
  readonly #ready: Event[] = [];
  readonly #claimed: Event[] = [];
  #ids = 0;

  constructor(random: Random, protocol: 2 | 3, queue: Buffer) {
    this.#random = random;
    this.#protocol = protocol;
    this.#queue = queue;
  }

  /** Sends commands and compares replies until isOver(). Rejects at the first wrong reply. */
  async run(port: number, isOver: () => boolean): Promise<void> {
    const socket = await RawSocket.connect(port);
    try {
      socket.send(frame(["HELLO", this.#protocol]));
      const hello = await socket.read(1);
      const opening = this.#protocol === 3 ? "%" : "*";
      if (!hello.toString().startsWith(opening)) throw new Error(`HELLO answered ${hello}`);
      await this.#compare(socket, [[["QREGISTER", this.#queue], "+OK\r\n"]]);
      while (!isOver()) {
        const length = 1 + this.#random.below(COMMANDS_MAX);
        await this.#compare(
          socket,
          Array.from({ length }, () => this.#next()),
        );
      }
    } finally {
      socket.close();
    }
  }

  async #compare(socket: RawSocket, commands: Exchange[]): Promise<void> {
    const expected = Buffer.concat(commands.map(([, reply]) => Buffer.from(reply)));
    socket.send(Buffer.concat(commands.map(([args]) => frame(args))));
    const got = await socket.read(expected.length);
    this.replies += commands.length;
    if (got.equals(expected)) return;
    let at = 0;
    while (at < got.length && got[at] === expected[at]) at++;
    const shown = (bytes: Buffer) =>
      JSON.stringify(bytes.toString("latin1", Math.max(0, at - 20), at + SHOWN_BYTES));
    const closed = socket.isClosed ? ", then it was closed" : "";
    throw new Error(`a witness got ${shown(got)}${closed}, and not ${shown(expected)}`);
  }

  /** The next command with its expected reply. Updates the expected queue. */
  #next(): Exchange {
    const kind = this.#random.weighted(KINDS);
    if (kind === "push") return this.#push();
    if (kind === "pop") return this.#pop();
    if (kind === "ack" || kind === "redo") return this.#ack(kind === "redo");
    if (kind === "duplicate") return this.#duplicate();
    if (kind === "peek") return this.#peek();
    if (kind === "status") return this.#status();
    if (kind === "ackUnknown") return [["QACK", this.#queue, "never there"], ":0\r\n"];
    if (kind === "ping") return [["PING"], "+PONG\r\n"];
    if (kind === "name") return [["CLIENT", "GETNAME"], this.#nil];
    if (kind === "echo") {
      const bytes = this.#bytes();
      return [["ECHO", bytes], bulk(bytes)];
    }
    return [["QNOTIFY", "0"], this.#ready.length > 0 ? bulk(this.#queue) : this.#nil];
  }

  #push(): Exchange {
    const event = { id: `id ${this.#ids++}`, contents: this.#bytes() };
    const isLeft = this.#random.below(2) === 0;
    if (isLeft) this.#ready.unshift(event);
    else this.#ready.push(event);
    const name = isLeft ? "QLPUSH" : "qrpush";
    return [[name, this.#queue, event.id, event.contents], "+OK\r\n"];
  }

  #duplicate(): Exchange {
    const there = [...this.#ready, ...this.#claimed];
    if (there.length === 0) return this.#push();
    const { id } = this.#random.of(there);
    return [["QLPUSH", this.#queue, id, "again"], `-ERR duplicate event ${id}\r\n`];
  }

  #pop(): Exchange {
    const event = this.#ready.pop();
    const isForGood = this.#random.below(4) === 0;
    if (event && !isForGood) this.#claimed.push(event);
    const options = isForGood ? ["NOACK"] : ["EX", "3600"];
    return [["QRPOP", this.#queue, ...options], this.#shown(event)];
  }

  #ack(isRedo: boolean): Exchange {
    const at = this.#random.below(this.#claimed.length);
    const [event] = this.#claimed.splice(at, 1);
    if (!event) return this.#push();
    if (isRedo) this.#ready.push(event);
    return [["QACK", this.#queue, event.id, ...(isRedo ? ["REDO"] : [])], ":1\r\n"];
  }

  #peek(): Exchange {
    const isLeft = this.#random.below(2) === 0;
    const event = isLeft ? this.#ready[0] : this.#ready.at(-1);
    return [[isLeft ? "QLPEEK" : "QRPEEK", this.#queue], this.#shown(event)];
  }

  #status(): Exchange {
    const [processing, ready] = [this.#claimed.length, this.#ready.length];
    const counts = `:${ready + processing}\r\n:${processing}\r\n:1\r\n`;
    const reply = [Buffer.from("*1\r\n*4\r\n"), bulk(this.#queue), Buffer.from(counts)];
    return [["QSTATUS", this.#queue], Buffer.concat(reply)];
  }

  get #nil(): string {
    return this.#protocol === 3 ? "_\r\n" : "$-1\r\n";
  }

  #shown(event: Event | undefined): string | Buffer {
    if (!event) return this.#nil;
    return Buffer.concat([Buffer.from("*2\r\n"), bulk(event.id), bulk(event.contents)]);
  }

  #bytes(): Buffer {
    const length = this.#random.below(20) === 0 ? 20_000 : this.#random.below(200);
    return Buffer.alloc(length, `${this.#random.below(1000)}\r\n$-1\r\n\0\xff`, "latin1");
  }
}

type Exchange = [command: (string | number | Buffer)[], reply: string | Buffer];

function bulk(bytes: Buffer | string): Buffer {
  const contents = Buffer.from(bytes);
  return Buffer.concat([Buffer.from(`$${contents.length}\r\n`), contents, Buffer.from("\r\n")]);
}
