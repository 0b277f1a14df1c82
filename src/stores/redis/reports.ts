// The exchange of messages through Redis' pub/sub, on a connection of its own: many of them must
// not hold up those that wake clients. A process is subscribed only while its clients listen.
// What a script does by itself it reports on the same channel (see report.lua).
import type { Message } from "../../queue/report.ts";
import type { Notes, ReportExchange } from "../../queue/store.ts";
import type { Connected, Patience } from "./connect.ts";
import type { ChannelNames } from "./keys.ts";
import { unavailable } from "./lane.ts";
import { Link } from "./link.ts";
import { messageOf, messagesIn, textOf } from "./report-text.ts";
import type { Route } from "./route.ts";
import { within } from "./within.ts";

/** Of one message, about. */
const MESSAGE_LENGTH_MAX = 256 * 1024;
/** Messages that wait to be sent; more are lost. */
const WAITING_LENGTH_MAX = 4 * 1024 * 1024;

export interface ReportsOptions {
  connect(patience: Patience): Promise<Connected>;
  /** For what is sent. */
  route: Route;
  notes: Notes;
  channels: ChannelNames;
  /** Whether the server of that connection still gets all messages. */
  isMember(name: string): boolean;
  /** How long a server may take for an answer, and one nearby. */
  answerMsMax: number;
  nearAnswerMsMax: number;
  onReport(message: Message): void;
  onState(state: string): void;
}

export class Reports implements ReportExchange {
  readonly #options: ReportsOptions;
  /** null while nobody here listens. */
  #link: Link | null = null;
  #waiting: string[] = [];
  #waitingLength = 0;
  #isSending = false;

  constructor(options: ReportsOptions) {
    this.#options = options;
  }

  async leave(note: string): Promise<void> {
    const { notes, route, channels } = this.#options;
    if (note === "") this.close();
    else await this.#listen();
    await notes.leave(note);
    await route.redis()?.publish(channels.listeners, "");
  }

  others(): Promise<string[]> {
    return this.#options.notes.others();
  }

  send(message: Message): void {
    if (this.#waitingLength > WAITING_LENGTH_MAX) return;
    const text = textOf(message);
    this.#waiting.push(text);
    this.#waitingLength += text.length;
    if (this.#isSending) return;
    this.#isSending = true;
    setImmediate(() => void this.#sendAll());
  }

  close(): void {
    this.#link?.close();
    this.#link = null;
  }

  /** One message after the other: in a cluster each goes to every node. */
  async #sendAll(): Promise<void> {
    const { route, channels } = this.#options;
    while (this.#waiting.length > 0) {
      const message = this.#nextMessage();
      // What cannot be sent is lost.
      await route
        .redis()
        ?.publish(channels.reports, message)
        .catch(() => {});
    }
    this.#isSending = false;
  }

  #nextMessage(): Buffer {
    let [count, length] = [0, 0];
    while (count < this.#waiting.length && length < MESSAGE_LENGTH_MAX) {
      length += this.#waiting[count++]!.length;
    }
    this.#waitingLength -= length;
    return messageOf(this.#waiting.splice(0, count));
  }

  async #listen(): Promise<void> {
    const { onState } = this.#options;
    this.#link ??= new Link({ connect: (patience) => this.#subscribe(patience), onState });
    if (this.#link.redis) return void this.#look(this.#link);
    await this.#link.start();
    if (!this.#link.redis) throw unavailable(this.#link.reason);
  }

  /** Whether the connection is still usable. */
  async #look(link: Link): Promise<void> {
    const { name, redis, isFar } = link;
    const { answerMsMax, nearAnswerMsMax, isMember } = this.#options;
    if (!name || !redis) return;
    if (!isMember(name)) return link.cut("it left the cluster");
    try {
      await within(isFar ? answerMsMax : nearAnswerMsMax, redis.ping());
    } catch {
      if (link.redis === redis) link.cut("no answer to a ping");
    }
  }

  async #subscribe(patience: Patience): Promise<Connected> {
    const { connect, channels, answerMsMax, onReport } = this.#options;
    const connected = await connect(patience);
    const { redis } = connected;
    redis.on("messageBuffer", (_channel: Buffer, message: Buffer) => {
      messagesIn(message).forEach(onReport);
    });
    try {
      await within(answerMsMax, redis.subscribe(channels.reports));
    } catch (error) {
      redis.disconnect();
      throw error;
    }
    return connected;
  }
}
