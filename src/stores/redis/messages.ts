// What okq processes tell each other through Redis' pub/sub: queues in which events became ready.
// A message may be lost; whoever waits looks for itself now and then.
import type { ReadyListener } from "../../queue/store.ts";
import type { Connected, Patience } from "./connect.ts";
import { unavailable } from "./lane.ts";
import { Link } from "./link.ts";
import { within } from "./within.ts";

export interface MessagesOptions {
  /** Makes a connection to a server that hears the messages of all. */
  connect(patience: Patience): Promise<Connected>;
  /** Whether that server still hears the messages of all. */
  isMember(name: string): boolean;
  /** How long an answer of that server is awaited. */
  answerMsMax: number;
  channel: string;
  /** Messages of this process are no news. */
  processId: string;
  onReady: ReadyListener;
  onState(state: string): void;
}

/** The connection is looked at so often at most, however many begin to wait. */
const LOOK_EVERY_MS = 500;

export class Messages {
  readonly #options: MessagesOptions;
  readonly #link: Link;
  #opened: Promise<void> | null = null;
  #lookedAtMs = 0;

  constructor(options: MessagesOptions) {
    this.#options = options;
    this.#link = new Link({
      connect: (patience) => this.#subscribe(patience),
      onState: options.onState,
    });
  }

  /** Subscribes at the first call; later ones see to it that the connection is still alive. */
  async watch(): Promise<void> {
    this.#opened ??= this.#link.open();
    try {
      await this.#opened;
    } catch (error) {
      this.#opened = null;
      throw unavailable((error as Error).message);
    }
    const nowMs = performance.now();
    if (nowMs < this.#lookedAtMs + LOOK_EVERY_MS) return;
    this.#lookedAtMs = nowMs;
    void this.#look();
  }

  /** Whether it is still good for something; whoever begins to wait does not wait for that. */
  async #look(): Promise<void> {
    const { name, redis } = this.#link;
    if (!name || !redis) return;
    if (!this.#options.isMember(name)) return this.#link.cut("it left the cluster");
    try {
      await within(this.#options.answerMsMax, redis.ping());
    } catch {
      if (this.#link.redis === redis) this.#link.cut("no answer to a ping");
    }
  }

  close(): void {
    this.#link.close();
  }

  async #subscribe(patience: Patience): Promise<Connected> {
    const { connect, channel, answerMsMax } = this.#options;
    const connected = await connect(patience);
    connected.redis.on("messageBuffer", (_channel: Buffer, message: Buffer) => {
      this.#heard(message);
    });
    try {
      await within(answerMsMax, connected.redis.subscribe(channel));
    } catch (error) {
      connected.redis.disconnect();
      throw error;
    }
    return connected;
  }

  /** A message is: origin, count, queue's name, with a space between. */
  #heard(message: Buffer): void {
    const { processId, onReady } = this.#options;
    const afterOrigin = message.indexOf(" ");
    const afterCount = message.indexOf(" ", afterOrigin + 1);
    if (message.toString("latin1", 0, afterOrigin) === processId) return;
    const count = Number(message.toString("latin1", afterOrigin + 1, afterCount));
    if (count > 0) onReady(message.subarray(afterCount + 1), count);
  }
}
