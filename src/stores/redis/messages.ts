// Messages between okq processes through Redis' pub/sub: queues in which events became ready or
// have ended, and times at which something is due. Every queue has channels of its own, so that a
// process is told only of those that its clients wait for. A message may be lost, so every process
// also polls Redis.
import type { Clock } from "../../queue/clock.ts";
import { nameOf } from "../../queue/name-cache.ts";
import type { EndedListener, ReadyListener, Topic } from "../../queue/store.ts";
import { Channels } from "./channels.ts";
import type { Connected, Patience } from "./connect.ts";
import type { ChannelNames } from "./keys.ts";
import { unavailable } from "./lane.ts";
import { Link } from "./link.ts";
import { within } from "./within.ts";

export interface MessagesOptions {
  /** Connects to a server that receives the messages of all processes. */
  connect(patience: Patience): Promise<Connected>;
  /** Whether that server still receives them. */
  isMember(name: string): boolean;
  channels: ChannelNames;
  /** How long that server may take for an answer. */
  answerMsMax: number;
  /** The same for a server nearby, where another one could take its place. */
  nearAnswerMsMax: number;
  /** This process ignores its own messages. */
  processId: string;
  clock: Clock;
  onReady: ReadyListener;
  onEnded: EndedListener;
  /** Called when it begins to hear messages, perhaps again: it missed those before. */
  onHearing(): void;
  /** Told in how many ms something is to be reclaimed under that tag. */
  onDue(tag: string, inMs: number): void;
  /** Called when another process may have left a note of what its clients listen to. */
  onListeners(): void;
  onState(state: string): void;
}

/** The connection is checked at most so often, however many clients begin to wait. */
const LOOK_EVERY_MS = 500;
/** A client that begins to wait does so after that time, whether or not it is heard of by then. */
const SUBSCRIBE_MS_MAX = 500;

export class Messages {
  readonly #options: MessagesOptions;
  readonly #link: Link;
  readonly #channels = new Channels();
  #opened: Promise<void> | null = null;
  #isOpen = false;
  #lookedAtMs = 0;

  constructor(options: MessagesOptions) {
    this.#options = options;
    this.#link = new Link({
      connect: (patience) => this.#subscribe(patience),
      onState: options.onState,
    });
  }

  /**
   * Connects at the first call; later calls check that the connection is still alive. Resolves when
   * it is subscribed to these queues, for half a minute.
   */
  async watch(queues: Buffer[], topic: Topic): Promise<void> {
    if (!this.#isOpen) await this.#open();
    const nowMs = this.#options.clock.nowMs();
    if (nowMs >= this.#lookedAtMs + LOOK_EVERY_MS) {
      this.#lookedAtMs = nowMs;
      void this.#look();
    }
    const prefix = this.#options.channels[topic];
    const names = queues.map((queue) => prefix + nameOf(queue));
    try {
      await this.#soon(this.#channels.want(names, this.#link.redis, nowMs));
    } catch (error) {
      throw unavailable((error as Error).message);
    }
  }

  async #open(): Promise<void> {
    this.#opened ??= this.#link.open();
    try {
      await this.#opened;
      this.#isOpen = true;
    } catch (error) {
      this.#opened = null;
      throw unavailable((error as Error).message);
    }
  }

  /** Resolves with it, or before it where the server does not answer soon. */
  async #soon(subscribed: Promise<void>): Promise<void> {
    const late = Promise.withResolvers<void>();
    const cancel = this.#options.clock.after(SUBSCRIBE_MS_MAX, late.resolve);
    await Promise.race([subscribed, late.promise]).finally(cancel);
  }

  /** Whether it is still usable; a client that begins to wait does not wait for this. */
  async #look(): Promise<void> {
    const { name, redis, isFar } = this.#link;
    const { answerMsMax, nearAnswerMsMax } = this.#options;
    if (!name || !redis) return;
    if (!this.#options.isMember(name)) return this.#link.cut("it left the cluster");
    try {
      await within(isFar ? answerMsMax : nearAnswerMsMax, redis.ping());
    } catch {
      if (this.#link.redis === redis) this.#link.cut("no answer to a ping");
    }
  }

  close(): void {
    this.#link.close();
  }

  async #subscribe(patience: Patience): Promise<Connected> {
    const { connect, channels, answerMsMax, onHearing, onListeners } = this.#options;
    const connected = await connect(patience);
    const { redis } = connected;
    redis.on("messageBuffer", (channel: Buffer, message: Buffer) => this.#heard(channel, message));
    try {
      await within(answerMsMax, redis.subscribe(channels.due, channels.listeners));
      await within(answerMsMax, this.#channels.subscribeAll(redis));
    } catch (error) {
      redis.disconnect();
      throw error;
    }
    onHearing();
    onListeners();
    return connected;
  }

  /**
   * A channel of a queue ends with its name. What became ready: "<origin> <count>". What is due:
   * "<origin> <ms> <tag>". That something has ended: "<origin>".
   */
  #heard(channel: Buffer, message: Buffer): void {
    const { channels, processId, onReady, onEnded, onDue, onListeners } = this.#options;
    const name = channel.toString("latin1");
    if (name === channels.listeners) return onListeners();
    const [origin, number, tag] = message.toString("latin1").split(" ");
    if (origin === processId) return;
    if (name.startsWith(channels.ended)) return onEnded(channel.subarray(channels.ended.length));
    if (!(Number(number) >= 0)) return;
    if (name === channels.due) onDue(tag!, Number(number));
    else if (Number(number) > 0) onReady(channel.subarray(channels.ready.length), Number(number));
  }
}
