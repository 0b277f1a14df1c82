// What a client has subscribed to: channels, and patterns of channels.
import type { ProtocolVersion } from "../resp/reply.ts";
import { Glob } from "../users/glob.ts";
import type { User } from "../users/user.ts";

/** A channel is this and the name of a queue. */
export const CHANNEL_PREFIX = Buffer.from("okq:");

/** A subscriber gets messages as frames of RESP, or only their texts without the channel. */
export type MessageForm = ProtocolVersion | "text";

/** A client that may subscribe. */
export interface Subscriber {
  readonly user: User | null;
  readonly protocol: MessageForm;
  /** null: it has subscribed to nothing so far. */
  subscriptions: ClientSubscriptions | null;
  /** Sends it a message between replies, or loses it where the client reads too slowly. */
  send(message: Buffer): void;
}

export type Kind = "channel" | "pattern";

/** A channel or a pattern that clients have subscribed to. */
export class Topic {
  readonly subscriptions = new Set<Subscription>();
  /** null: a channel. */
  readonly glob: Glob | null;
  /** Whether messages of any queue could come here, or what clients publish. */
  readonly isOfQueues: boolean;
  readonly isPlain: boolean;

  constructor(
    readonly kind: Kind,
    readonly name: Buffer,
  ) {
    this.glob = kind === "pattern" ? Glob.ofRedis(name) : null;
    this.isOfQueues = this.glob ? mayFitQueues(this.glob) : queueOf(name) !== null;
    this.isPlain = isPlain(this.glob ? this.glob.prefix : name);
  }
}

/** One client's subscription to a topic. */
export class Subscription {
  #state: "new" | "confirmed" | "ended" = "new";

  /** own: those of its client that it is one of. */
  constructor(
    readonly client: Subscriber,
    readonly topic: Topic,
    readonly own: ClientSubscriptions,
  ) {}

  get isConfirmed(): boolean {
    return this.#state === "confirmed" && !this.own.haveEnded;
  }

  /** From now on the client gets messages. */
  confirm(): void {
    if (this.#state === "new") this.#state = "confirmed";
  }

  end(): void {
    this.#state = "ended";
  }
}

/** The subscriptions of one client, by name with one character per byte. */
export class ClientSubscriptions {
  readonly channel = new Map<string, Subscription>();
  readonly pattern = new Map<string, Subscription>();
  /** Of the names. */
  bytes = 0;
  /** All of them. */
  haveEnded = false;

  get size(): number {
    return this.channel.size + this.pattern.size;
  }
}

/** The queue that a channel is about; null if its name has another form. */
export function queueOf(channel: Buffer): Buffer | null {
  const { length } = CHANNEL_PREFIX;
  const isOfQueue = channel.length > length && channel.subarray(0, length).equals(CHANNEL_PREFIX);
  return isOfQueue ? channel.subarray(length) : null;
}

function mayFitQueues({ prefix }: Glob): boolean {
  const length = Math.min(prefix.length, CHANNEL_PREFIX.length);
  return prefix.compare(CHANNEL_PREFIX, 0, length, 0, length) === 0;
}

/** Whether clients may publish on that channel, or on one that begins with these bytes. */
export function isPlain(channel: Buffer): boolean {
  return !channel.subarray(0, CHANNEL_PREFIX.length).equals(CHANNEL_PREFIX);
}
