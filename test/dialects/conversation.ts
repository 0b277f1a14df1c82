// Holds the conversation of a script with a server, and notes every reply byte for byte.
// oxlint-disable no-await-in-loop -- the steps take place in this order
import type { Socket } from "bun";
import { Change } from "../support/change.ts";
import { eventually } from "../support/eventually.ts";
import { frame, Wire } from "../support/wire.ts";
import { RawReplies } from "./raw-replies.ts";
import { repliesTo, type Script, type Step, stepOf } from "./script.ts";

export interface Target {
  port: number;
  /** For mutants: another command is sent in the place of this one. */
  rewrite?(command: Buffer[]): Buffer[];
  /** For mutants: the reply counts as this one. */
  patch?(reply: string, command: string): string;
}

export interface Answer {
  client: string;
  /** Its words, with a blank between each two; a message belongs to no command. */
  command: string;
  /** All bytes, as latin1. */
  reply: string;
}

/** The replies that came at each step. The last step is the end of the script. */
export type Transcript = Answer[][];

export interface Manner {
  protocol: 2 | 3;
  /** All steps of a script with one client are sent in one write. */
  isPipelined: boolean;
}

/** What a server did not answer in that time it does not answer. */
const REPLY_MS_MAX = 5000;
const END = "the end of the script";
const HASH = 0x23;

/**
 * Empties the server first. With the transcript of another server it waits, at each step, for as
 * many replies as came there, and ends if others come; without one until each client has its
 * replies or is blocked.
 */
export async function converse(
  target: Target,
  script: Script,
  { protocol, isPipelined }: Manner,
  like: Transcript | null = null,
): Promise<Transcript> {
  const control = await Wire.connect(target.port);
  const talk = new Talk(target, control, protocol);
  try {
    await talk.blocked(0);
    await control.call("FLUSHALL");
    const one = isPipelined ? joined(script.steps) : null;
    const transcript: Transcript = [];
    for (const [at, step] of (one ? [one] : script.steps).entries()) {
      transcript.push(await talk.take(step, like?.[at] ?? null));
      if (like && transcript[at]!.length !== like[at]?.length) return transcript;
    }
    transcript.push(await talk.end());
    return transcript;
  } finally {
    talk.close();
    control.close();
  }
}

/** All steps as one; null if that is not possible. */
function joined(steps: Step[]): Step | null {
  const isOne = steps.every((step) => step.client === "a" && step.messages === 0 && !step.closes);
  if (!isOne) return null;
  const commands = steps.flatMap((step) => step.commands);
  const awaitsReplies = steps.some((step) => step.awaitsReplies);
  return { ...stepOf("a: all"), commands, awaitsReplies };
}

class Talk {
  readonly #clients = new Map<string, Client>();

  constructor(
    private readonly target: Target,
    private readonly control: Wire,
    private readonly protocol: 2 | 3,
  ) {}

  async take(step: Step, like: Answer[] | null): Promise<Answer[]> {
    const client = await this.#client(step.client);
    if (step.needsFree && client.missing > 0) return [];
    if (step.closes) return await this.#leave(step.client, client);
    client.send(step.commands, this.#sent);
    if (step.messages > 0) return await this.#messages(step, client);
    if (like) await this.#awaitLike(like);
    else if (step.awaitsReplies) await client.until(() => client.missing === 0);
    await this.#untilBlocked();
    return this.#answers();
  }

  /** What comes up to a PING that each client sends, unless it is blocked. */
  async end(): Promise<Answer[]> {
    for (const client of this.#clients.values()) {
      if (client.missing > 0) continue;
      client.send([[Buffer.from("PING"), Buffer.from(END)]]);
      await client.until(() => client.arrived.at(-1)?.includes(END) ?? false);
    }
    const answers = this.#answers();
    for (const [name, { messages, rest }] of this.#clients) {
      const left = [
        ...messages.map((bytes) => bytes.toString("latin1")),
        ...(rest === "" ? [] : [`${rest}(incomplete)`]),
      ];
      answers.push(...left.map((reply) => this.#answer(name, "", reply)));
    }
    return answers;
  }

  /** Resolves once that many clients are blocked, or after some time. */
  async blocked(count: number): Promise<void> {
    const wait = { timeoutMs: REPLY_MS_MAX, message: `${count} clients are blocked` };
    await eventually(async () => {
      const info = String(await this.control.call("INFO", "clients"));
      return info.includes(`blocked_clients:${count}\r\n`);
    }, wait).catch(() => {});
  }

  close(): void {
    for (const client of this.#clients.values()) client.close();
  }

  async #client(name: string): Promise<Client> {
    const known = this.#clients.get(name);
    if (known) return known;
    const client = await Client.connect(this.target.port);
    this.#clients.set(name, client);
    client.send(
      ["HELLO " + this.protocol, "CLIENT ID"].map((line) => line.split(" ").map(Buffer.from)),
    );
    await client.until(() => client.missing === 0);
    client.id = client.take().at(-1)!.reply.slice(1).trim();
    return client;
  }

  async #leave(name: string, client: Client): Promise<Answer[]> {
    this.#clients.delete(name);
    client.close();
    const waiting = [...this.#clients.values()].filter(({ missing }) => missing > 0);
    await this.blocked(waiting.length);
    return [];
  }

  /** The words that are sent: with the ids of clients in the place of their names. */
  readonly #sent = (words: Buffer[]): Buffer[] => {
    const isName = (word: Buffer) => word.length === 2 && word[0] === HASH;
    const idOf = (word: Buffer) => this.#clients.get(String(word)[1]!)?.id;
    const sent = words.map((word) => (isName(word) ? Buffer.from(idOf(word) ?? word) : word));
    return this.target.rewrite?.(sent) ?? sent;
  };

  async #awaitLike(like: Answer[]): Promise<void> {
    for (const [name, client] of this.#clients) {
      const wanted = like.filter((answer) => answer.client === name).length;
      await client.until(() => client.arrived.length >= wanted);
    }
  }

  async #messages({ messages, client: name }: Step, client: Client): Promise<Answer[]> {
    await client.until(() => client.messages.length >= messages);
    const taken = client.messages.splice(0, messages);
    return taken.map((bytes) => this.#answer(name, "", bytes.toString("latin1")));
  }

  /**
   * Until each client has all its replies or is blocked. What a blocked client was answered before
   * has arrived when the server has been asked twice.
   */
  async #untilBlocked(): Promise<void> {
    const missing = () => [...this.#clients.values()].map((client) => client.missing);
    const isAnswered = () => missing().every((count) => count === 0);
    let before = "";
    await eventually(
      async () => {
        if (isAnswered()) return true;
        const info = String(await this.control.call("INFO", "clients"));
        if (isAnswered()) return true;
        const counts = missing();
        const waiting = counts.filter((count) => count > 0).length;
        const isSo = info.includes(`blocked_clients:${waiting}\r\n`);
        const isSettled = isSo && before === counts.join();
        before = isSo ? counts.join() : "";
        return isSettled;
      },
      { timeoutMs: REPLY_MS_MAX, message: "each client is answered or blocked" },
    );
  }

  #answers(): Answer[] {
    return [...this.#clients].flatMap(([name, client]) =>
      client.take().map(({ command, reply }) => this.#answer(name, command, reply)),
    );
  }

  #answer(client: string, command: string, reply: string): Answer {
    return { client, command, reply: this.target.patch?.(reply, command) ?? reply };
  }
}

class Client {
  /** Replies that were not taken. */
  readonly arrived: Buffer[] = [];
  readonly messages: Buffer[] = [];
  id = "";
  /** The commands that are not answered, once for each of their replies. */
  readonly #unanswered: string[] = [];
  readonly #replies = new RawReplies();
  readonly #change = new Change();
  #socket!: Socket;
  #unsent: Buffer = Buffer.alloc(0);
  #isClosed = false;

  static async connect(port: number): Promise<Client> {
    const client = new Client();
    client.#socket = await Bun.connect({
      hostname: "127.0.0.1",
      port,
      socket: {
        data: (_socket, chunk) => client.#received(chunk),
        drain: () => client.#write(Buffer.alloc(0)),
        close: () => client.#closed(),
        error: () => client.#closed(),
      },
    });
    return client;
  }

  /** The number of replies that have not arrived. */
  get missing(): number {
    return Math.max(0, this.#unanswered.length - this.arrived.length);
  }

  /** The bytes of a reply that has not arrived as a whole; "closed" with a closed connection. */
  get rest(): string {
    return this.#replies.rest.toString("latin1") + (this.#isClosed ? "closed" : "");
  }

  send(commands: Buffer[][], sent = (command: Buffer[]) => command): void {
    for (const command of commands) {
      const text = Buffer.concat(command.flatMap((word) => [BLANK, word])).toString("latin1", 1);
      for (let at = 0; at < repliesTo(command); at++) this.#unanswered.push(text);
    }
    this.#write(Buffer.concat(commands.map((command) => frame(sent(command)))));
  }

  /** Resolves when it is true, when the connection is closed, or after some time. */
  async until(isTrue: () => boolean): Promise<void> {
    const endsAt = performance.now() + REPLY_MS_MAX;
    while (!isTrue() && !this.#isClosed) {
      const leftMs = endsAt - performance.now();
      if (leftMs <= 0) return;
      await this.#change.within(leftMs);
    }
  }

  /** The replies that have arrived since the last time, each with its command. */
  take(): { command: string; reply: string }[] {
    return this.arrived.splice(0).map((reply) => {
      return { command: this.#unanswered.shift() ?? "", reply: reply.toString("latin1") };
    });
  }

  close(): void {
    this.#socket.end();
  }

  #write(bytes: Buffer): void {
    const all = Buffer.concat([this.#unsent, bytes]);
    const taken = all.length > 0 ? Math.max(0, this.#socket.write(all)) : 0;
    this.#unsent = all.subarray(taken);
  }

  #received(chunk: Buffer): void {
    this.#replies.feed(chunk);
    for (let reply = this.#replies.next(); reply; reply = this.#replies.next()) {
      (isMessage(reply) ? this.messages : this.arrived).push(reply);
    }
    this.#change.happened();
  }

  #closed(): void {
    this.#isClosed = true;
    this.#change.happened();
  }
}

const BLANK = Buffer.from(" ");

function isMessage(reply: Buffer): boolean {
  return /^[*>][34]\r\n\$[78]\r\np?message\r\n/.test(reply.toString("latin1", 0, 20));
}
