// The messages of queues as server-sent events, for one client. A client that reads too slowly
// loses messages, as over RESP, and is told how many.
import type { Context } from "../commands/context.ts";
import { subscribe } from "../commands/subscribe.ts";
import { CHANNEL_PREFIX, type ClientSubscriptions, type Kind } from "../commands/subscription.ts";
import type { Subscriber } from "../commands/subscription.ts";
import { UnsentMessages } from "../commands/unsent-messages.ts";
import { onceOver } from "./once-over.ts";
import type { RequestCaller } from "./request-caller.ts";

/** A client notices within this time that the connection is broken. */
const HEARTBEAT_S = 15;
const HEARTBEAT = Buffer.from(": alive\n\n");
/** The client connects again so soon. */
const FIRST = Buffer.from("retry: 1000\n\n");
/** The stream writes so many bytes at once. */
const PORTION_BYTES = 64 * 1024;

export interface Wanted {
  kind: Kind;
  /** Queues, or patterns of them. */
  names: Buffer[];
  /** Only messages of these kinds; null: all. */
  types: ReadonlySet<string> | null;
}

export class EventStream implements Subscriber {
  readonly protocol = "text";
  subscriptions: ClientSubscriptions | null = null;
  readonly #caller: RequestCaller;
  readonly #context: Context;
  readonly #types: ReadonlySet<string> | null;
  readonly #unsent: UnsentMessages;
  /** So many lost messages were reported to the client. */
  #told = 0;
  #hasEnded = false;
  /** The client is gone, or is to go. */
  readonly end: () => void;
  #wake = () => {};

  readonly #onEnd: () => void;

  private constructor(
    caller: RequestCaller,
    context: Context,
    { types }: Wanted,
    onEnd: () => void,
  ) {
    this.#onEnd = onEnd;
    this.#caller = caller;
    this.#context = context;
    this.#types = types;
    this.#unsent = new UnsentMessages(context.budgets.unsent, context.stats);
    this.end = onceOver(caller.gone, () => this.#ended());
  }

  /** Rejects with a CommandError for queues that the user may not inspect; then it has ended. */
  static async open(
    caller: RequestCaller,
    context: Context,
    wanted: Wanted,
    onEnd: () => void,
  ): Promise<EventStream> {
    const stream = new EventStream(caller, context, wanted, onEnd);
    const channels = wanted.names.map((name) => Buffer.concat([CHANNEL_PREFIX, name]));
    try {
      await subscribe(wanted.kind, channels, stream, context, (added) => added.confirm());
    } catch (error) {
      stream.end();
      throw error;
    }
    // The response of a client that is gone may never begin.
    if (caller.isClosed) stream.end();
    return stream;
  }

  get user(): Subscriber["user"] {
    return this.#caller.user;
  }

  get isClosed(): boolean {
    return this.#hasEnded || this.#caller.isClosed;
  }

  send(message: Buffer): void {
    if (this.isClosed) return;
    const type = typeOf(message);
    if (this.#types && !this.#types.has(type)) return;
    this.#tellLost();
    this.#unsent.add(frameOf(type, message), 0);
    if (this.#unsent.hasLostMany) {
      const { stats, warn } = this.#context;
      stats.closedSlow += 1;
      warn("closed a client that does not read its messages", { http: true });
      return this.end();
    }
    this.#wake();
  }

  /** Frames until the stream ends. They are made as fast as the client reads. */
  async *frames(): AsyncGenerator<Buffer> {
    try {
      yield FIRST;
      while (!this.isClosed) {
        if (this.#unsent.length === 0) this.#tellLost();
        if (this.#unsent.length === 0 && !(await this.#hasNews())) yield HEARTBEAT;
        else if (this.#unsent.length > 0) yield this.#portion();
      }
    } finally {
      this.end();
    }
  }

  #ended(): void {
    this.#hasEnded = true;
    this.#context.subscriptions.leave(this);
    this.#unsent.abandon();
    this.#wake();
    this.#onEnd();
  }

  /** In the place where they are missing. */
  #tellLost(): void {
    const count = this.#unsent.lost - this.#told;
    if (count === 0) return;
    const frame = frameOf("lost", Buffer.from(JSON.stringify({ event: "lost", count })));
    if (!this.#unsent.hasRoom(frame.length, 0)) return;
    this.#unsent.add(frame, 0);
    this.#told += count;
  }

  #portion(): Buffer {
    const frames: Buffer[] = [];
    let bytes = 0;
    this.#unsent.take((frame) => {
      if (bytes > PORTION_BYTES) return false;
      bytes += frame.length;
      return frames.push(frame) > 0;
    });
    return Buffer.concat(frames);
  }

  /** Without it the connection would end as one that is not read. */
  get #heartbeatMs(): number {
    const { clientOutputTimeout } = this.#context.settings;
    return 1000 * Math.min(HEARTBEAT_S, (clientOutputTimeout || HEARTBEAT_S) / 2);
  }

  /** False if nothing came for a while. */
  async #hasNews(): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.#wake = () => resolve(true);
    const cancelTimer = this.#context.clock.after(this.#heartbeatMs, () => resolve(false));
    const news = await promise;
    cancelTimer();
    return news;
  }
}

/** As the message says: see report-json.ts. */
function typeOf(message: Buffer): string {
  return /^\{"event":"(\w+)"/.exec(message.toString("latin1", 0, 64))?.[1] ?? "message";
}

function frameOf(type: string, data: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`event: ${type}\ndata: `), data, Buffer.from("\n\n")]);
}
