// Messages between okq processes through Redis' pub/sub: queues in which events became ready, and
// times at which leases expire. A message may be lost, so every process also polls Redis.
import type { Clock } from "../../queue/clock.ts";
import type { ReadyListener } from "../../queue/store.ts";
import type { Connected, Patience } from "./connect.ts";
import { unavailable } from "./lane.ts";
import { Link } from "./link.ts";
import { within } from "./within.ts";

export interface MessagesOptions {
  /** Connects to a server that receives the messages of all processes. */
  connect(patience: Patience): Promise<Connected>;
  /** Whether that server still receives them. */
  isMember(name: string): boolean;
  channels: { ready: string; due: string };
  /** How long that server may take for an answer. */
  answerMsMax: number;
  /** This process ignores its own messages. */
  processId: string;
  clock: Clock;
  onReady: ReadyListener;
  /** Called when it begins to hear messages, perhaps again: it missed those before. */
  onHearing(): void;
  /** Told in how many ms something is to be reclaimed under that tag. */
  onDue(tag: string, inMs: number): void;
  onState(state: string): void;
}

/** The connection is checked at most so often, however many clients begin to wait. */
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

  /** Subscribes at the first call. Later calls check that the connection is still alive. */
  async watch(): Promise<void> {
    this.#opened ??= this.#link.open();
    try {
      await this.#opened;
    } catch (error) {
      this.#opened = null;
      throw unavailable((error as Error).message);
    }
    const nowMs = this.#options.clock.nowMs();
    if (nowMs < this.#lookedAtMs + LOOK_EVERY_MS) return;
    this.#lookedAtMs = nowMs;
    void this.#look();
  }

  /** Whether it is still usable; a client that begins to wait does not wait for this. */
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
    const { connect, channels, answerMsMax, onHearing } = this.#options;
    const { ready, due } = channels;
    const connected = await connect(patience);
    connected.redis.on("messageBuffer", (channel: Buffer, message: Buffer) => {
      this.#heard(channel.toString("latin1"), message);
    });
    try {
      await within(answerMsMax, connected.redis.subscribe(ready, due));
    } catch (error) {
      connected.redis.disconnect();
      throw error;
    }
    onHearing();
    return connected;
  }

  /**
   * A message has three words: its origin, a number, a name. The number is how many events became
   * ready in the queue of that name, or the ms after which a reclaim is due under the tag.
   */
  #heard(channel: string, message: Buffer): void {
    const { channels, processId, onReady, onDue } = this.#options;
    const afterOrigin = message.indexOf(" ");
    const afterNumber = message.indexOf(" ", afterOrigin + 1);
    if (message.toString("latin1", 0, afterOrigin) === processId) return;
    const number = Number(message.toString("latin1", afterOrigin + 1, afterNumber));
    if (!(number >= 0)) return;
    const name = message.subarray(afterNumber + 1);
    if (channel === channels.due) onDue(name.toString("latin1"), number);
    else if (number > 0) onReady(name, number);
  }
}
