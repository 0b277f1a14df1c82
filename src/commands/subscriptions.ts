// The subscriptions of this process' clients, and which of them get a message. One message may
// concern thousands of clients, so the work is done in slices, and messages that come faster than
// that are lost.
import { jsonOf } from "../queue/report-json.ts";
import type { Message } from "../queue/report.ts";
import type { Interest } from "../queue/reporter.ts";
import { Output, Push } from "../resp/reply.ts";
import { Glob } from "../users/glob.ts";
import {
  CHANNEL_PREFIX,
  ClientSubscriptions,
  type Kind,
  type MessageForm,
  type Subscriber,
  Subscription,
  Topic,
} from "./subscription.ts";

/** Messages that wait for their turn, in bytes of what they name. */
const WAITING_BYTES_MAX = 4 * 1024 * 1024;
const MESSAGE_BYTES = 256;
/** How long a slice of the work may take, and how many clients it may write to. */
const SLICE_MS_MAX = 0.3;
const SLICE_CLIENTS_MAX = 64;
/** Steps between two looks at the clock. */
const CLOCKED_STEPS = 16;
/** Patterns compared in one step. */
const COMPARED_AT_ONCE = 16;
/** Subscriptions of a client that has left. */
const ENDED_AT_ONCE = 256;
/** Channels for which it is known which patterns fit. */
const KNOWN_MAX = 1024;
/** More patterns are not compared only to count receivers. */
const COMPARED_TO_COUNT = 256;

export class Subscriptions implements Interest {
  readonly #topics = { channel: new Map<string, Topic>(), pattern: new Map<string, Topic>() };
  /** How many topics are of queues, and of plain channels; a pattern may be of both. */
  #ofQueues = 0;
  #plain = 0;
  /** Messages in order. */
  #waiting: Message[] = [];
  #waitingBytes = 0;
  /** The rest of the work on the first message. */
  #work: Iterator<Subscriber | null> | null = null;
  #isScheduled = false;
  /** By the name of a channel: the patterns that it fits. */
  readonly #fitting = new Map<string, Topic[]>();
  /** How often patterns came or went. */
  #changes = 0;
  /** Messages that came too fast. */
  lost = 0;
  readonly #nowMs: () => number;
  readonly #onChange: () => void;

  /** onChange: called when the names or patterns of an Interest have changed. */
  constructor(nowMs: () => number, onChange: () => void) {
    this.#nowMs = nowMs;
    this.#onChange = onChange;
  }

  get isEmpty(): boolean {
    return this.#ofQueues === 0;
  }

  get isEmptyOfChannels(): boolean {
    return this.#plain === 0;
  }

  *queues(): Iterable<string> {
    for (const { name, isOfQueues } of this.#topics.channel.values()) {
      if (isOfQueues) yield name.toString("latin1", CHANNEL_PREFIX.length);
    }
  }

  *patterns(): Iterable<string> {
    for (const [name, { isOfQueues }] of this.#topics.pattern) if (isOfQueues) yield name;
  }

  matcher(pattern: string): (queue: Buffer) => boolean {
    const glob = Glob.ofRedis(Buffer.from(pattern, "latin1"));
    return (queue) => glob.matches(Buffer.concat([CHANNEL_PREFIX, queue]));
  }

  *plainChannels(): Iterable<string> {
    for (const [name, { isPlain }] of this.#topics.channel) if (isPlain) yield name;
  }

  *plainPatterns(): Iterable<string> {
    for (const [name, { isPlain }] of this.#topics.pattern) if (isPlain) yield name;
  }

  plainMatcher(pattern: string): (channel: Buffer) => boolean {
    return this.fitting(Buffer.from(pattern, "latin1"));
  }

  /** Whether a channel fits that pattern. */
  fitting(pattern: Buffer): (channel: Buffer) => boolean {
    const glob = Glob.ofRedis(pattern);
    return (channel) => glob.matches(channel);
  }

  /** How many messages go out for one on that channel, as far as patterns are few. */
  receiversOf(channel: Buffer): number {
    let count = this.countOf(channel);
    for (const { subscriptions } of this.#knownFitting(channel)) count += subscriptions.size;
    return count;
  }

  #knownFitting(channel: Buffer): Topic[] {
    const known = this.#fitting.get(channel.toString("latin1"));
    if (known) return known;
    const patterns = this.#topics.pattern;
    if (patterns.size > COMPARED_TO_COUNT) return [];
    return [...patterns.values()].filter(({ glob }) => glob!.matches(channel));
  }

  /** How many clients have subscribed to that channel. */
  countOf(channel: Buffer): number {
    return this.#topics.channel.get(channel.toString("latin1"))?.subscriptions.size ?? 0;
  }

  *channels(): Iterable<Buffer> {
    for (const { name } of this.#topics.channel.values()) yield name;
  }

  /** How many different channels or patterns. */
  size(kind: Kind): number {
    return this.#topics[kind].size;
  }

  /** Returns the client's subscription, which may be there already. */
  add(client: Subscriber, kind: Kind, name: Buffer): Subscription {
    client.subscriptions ??= new ClientSubscriptions();
    const all = client.subscriptions;
    const text = name.toString("latin1");
    let subscription = all[kind].get(text);
    if (subscription) return subscription;
    const topic = this.#topics[kind].get(text) ?? this.#newTopic(kind, name, text);
    subscription = new Subscription(client, topic, all);
    topic.subscriptions.add(subscription);
    all[kind].set(text, subscription);
    all.bytes += name.length;
    return subscription;
  }

  remove(client: Subscriber, kind: Kind, name: Buffer): void {
    const text = name.toString("latin1");
    const subscription = client.subscriptions?.[kind].get(text);
    if (!subscription) return;
    client.subscriptions![kind].delete(text);
    client.subscriptions!.bytes -= name.length;
    this.#end(subscription, text);
  }

  /** The client is gone, or begins anew: it gets no more messages. Little by little. */
  leave(client: Subscriber): void {
    const own = client.subscriptions;
    if (!own) return;
    client.subscriptions = null;
    own.haveEnded = true;
    const all = [...own.channel, ...own.pattern];
    const endSome = () => {
      for (const [name, subscription] of all.splice(-ENDED_AT_ONCE)) this.#end(subscription, name);
      if (all.length > 0) setImmediate(endSome);
    };
    endSome();
  }

  #newTopic(kind: Kind, name: Buffer, text: string): Topic {
    const topic = new Topic(kind, Buffer.from(name));
    this.#topics[kind].set(text, topic);
    this.#changed(topic, 1);
    return topic;
  }

  #end(subscription: Subscription, name: string): void {
    const { topic } = subscription;
    subscription.end();
    topic.subscriptions.delete(subscription);
    if (topic.subscriptions.size > 0) return;
    this.#topics[topic.kind].delete(name);
    this.#changed(topic, -1);
  }

  #changed({ kind, isOfQueues, isPlain }: Topic, difference: 1 | -1): void {
    if (kind === "pattern") {
      this.#changes += 1;
      this.#fitting.clear();
    }
    if (isOfQueues) this.#ofQueues += difference;
    if (isPlain) this.#plain += difference;
    if (isOfQueues || isPlain) this.#onChange();
  }

  /** Sends it to all clients that have subscribed and may hear it, a bit later. */
  deliver(message: Message): void {
    if (message.kind === "published" ? this.#plain === 0 : this.#ofQueues === 0) return;
    if (this.#waitingBytes > WAITING_BYTES_MAX) {
      this.lost += 1;
      return;
    }
    this.#waiting.push(message);
    this.#waitingBytes += bytesOf(message);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(this.#deliverSome);
  }

  readonly #deliverSome = (): void => {
    this.#isScheduled = false;
    const endsAtMs = this.#nowMs() + SLICE_MS_MAX;
    const clients = new Set<Subscriber>();
    let done = 0;
    for (let step = 1; done < this.#waiting.length; step++) {
      this.#work ??= this.#sendAll(this.#waiting[done]!);
      const next = this.#work.next();
      if (next.value) clients.add(next.value);
      if (next.done) {
        this.#work = null;
        this.#waitingBytes -= bytesOf(this.#waiting[done]!);
        done += 1;
      }
      const isClocked = step % CLOCKED_STEPS === 0;
      if (clients.size >= SLICE_CLIENTS_MAX || (isClocked && this.#nowMs() > endsAtMs)) break;
    }
    this.#waiting.splice(0, done);
    if (this.#waiting.length > 0) this.#schedule();
  };

  /** Each step sends to one client, or compares some patterns. */
  *#sendAll(message: Message): Generator<Subscriber | null> {
    const channel = channelOf(message);
    const topics = yield* this.#topicsOf(channel);
    const rights = new Map<Subscriber["user"], boolean>();
    const name = message.kind === "published" ? channel : message.queue;
    let text: Buffer | string = "";
    for (const topic of topics) {
      const frames: Partial<Record<MessageForm, Buffer>> = {};
      for (const { client, isConfirmed } of topic.subscriptions) {
        if (!isConfirmed || !mayHear(client.user, name, rights)) {
          yield null;
          continue;
        }
        text ||= message.kind === "published" ? message.message : jsonOf(message);
        client.send((frames[client.protocol] ??= frameOf(topic, channel, text, client)));
        yield client;
      }
    }
  }

  *#topicsOf(channel: Buffer): Generator<null, Topic[]> {
    const name = channel.toString("latin1");
    let fitting = this.#fitting.get(name);
    if (!fitting) {
      fitting = [];
      const changes = this.#changes;
      let compared = 0;
      for (const topic of this.#topics.pattern.values()) {
        if (topic.glob!.matches(channel)) fitting.push(topic);
        if (++compared % COMPARED_AT_ONCE === 0) yield null;
      }
      if (this.#fitting.size >= KNOWN_MAX) this.#fitting.clear();
      if (changes === this.#changes) this.#fitting.set(name, fitting);
    }
    const own = this.#topics.channel.get(name);
    return own ? [own, ...fitting] : fitting;
  }
}

function channelOf(message: Message): Buffer {
  if (message.kind === "published") return message.channel;
  return Buffer.concat([CHANNEL_PREFIX, message.queue]);
}

function bytesOf(message: Message): number {
  if (message.kind === "published") {
    return MESSAGE_BYTES + message.channel.length + message.message.length;
  }
  const { queue, id, error } = message;
  return MESSAGE_BYTES + queue.length + (id?.length ?? 0) + (error?.length ?? 0);
}

/**
 * Whether the user may hear of that queue, or of a channel of that name. Also when its rights have
 * changed since the subscription.
 */
function mayHear(
  user: Subscriber["user"],
  name: Buffer,
  known: Map<Subscriber["user"], boolean>,
): boolean {
  let may = known.get(user);
  if (may === undefined) {
    may = user !== null && (user.mayAll || (user.may("inspect") && user.mayUse(name)));
    known.set(user, may);
  }
  return may;
}

function frameOf(
  { kind, name }: Topic,
  channel: Buffer,
  text: Buffer | string,
  { protocol }: Subscriber,
): Buffer {
  if (protocol === "text") return Buffer.from(text);
  const parts = kind === "channel" ? ["message", channel, text] : ["pmessage", name, channel, text];
  const output = new Output();
  output.write(new Push(parts), protocol);
  return output.bytes();
}
