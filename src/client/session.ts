// What all parts of a client share: its connections, its clock and its options. Okq, Queue and the
// workers stand on it.
import type { Duplex } from "node:stream";
import type { ConnectionOptions } from "node:tls";
import type { Clock } from "../queue/clock.ts";
import type { Address } from "./address.ts";
import type { Answer, SendOptions } from "./connection/call.ts";
import type { Connection } from "./connection/connection.ts";
import { Link } from "./connection/link.ts";
import { Opener } from "./connection/opener.ts";
import { ClosedError, type OkqError } from "./errors.ts";
import { arrayIn, withOurError } from "./reply.ts";
import type { Trace } from "./trace.ts";
import type { Word } from "./words.ts";

export type { Answer, SendOptions };

export interface SessionOptions {
  readonly address: Address;
  readonly name: string;
  readonly tls: ConnectionOptions | undefined;
  readonly stream: (() => Promise<Duplex>) | undefined;
  readonly commandTimeoutMs: number;
  readonly retryMs: number;
  readonly trace: Trace | undefined;
  readonly clock: Clock;
}

export interface WaitOptions extends SendOptions {
  /** How long okq may wait. */
  readonly waitMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** Told when the connection for commands is made (null), and why there is none. */
export type StateListener = (error: OkqError | null) => void;

/** So many connections for waiting commands are kept for the next ones. */
const IDLE_LINKS_MAX = 8;
/** With more time left, the end of a wait was too early. */
const EARLY_MS = 50;
/** After two waits in a row that were shorter, the client believes that there is nothing. */
const BRIEF_MS = 1_000;

export class Session {
  readonly options: SessionOptions;
  /** Called at the beginning of close(), for example to close the workers. */
  readonly closers = new Set<() => Promise<void>>();
  readonly stateListeners = new Set<StateListener>();
  readonly #opener: Opener;
  readonly #link: Link;
  readonly #waitingLinks = new Set<Link>();
  readonly #idleLinks: Link[] = [];
  readonly #abort = new AbortController();
  #closed: Promise<void> | null = null;

  constructor(options: SessionOptions) {
    this.options = options;
    this.#opener = new Opener(options);
    this.#link = this.#newLink((error) => {
      for (const listener of this.stateListeners) listener(error);
    });
  }

  get clock(): Clock {
    return this.options.clock;
  }

  /** Aborts when close() is called. */
  get closeSignal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Sends a command that does not wait, among those of all callers. Rejects with an OkqError. */
  send(words: readonly Word[], options: SendOptions = {}): Promise<Answer> {
    return this.#link.send(() => [words], options);
  }

  /** The same with words for the first attempt, and others after one whose outcome is unknown. */
  sendOr(first: readonly Word[], repeated: readonly Word[]): Promise<Answer> {
    const words = (isRepeat: boolean) => [isRepeat ? repeated : first];
    return this.#link.send(words, { repeats: true });
  }

  /**
   * Sends commands as one transaction. The reply is the array that EXEC answers, with errors in it
   * where a command had one. Rejects if nothing was done, or if that is unknown.
   */
  async sendTransaction(
    commands: readonly (readonly Word[])[],
    options: SendOptions = {},
  ): Promise<Answer> {
    const all = () => [["MULTI"], ...commands, ["EXEC"]];
    const { reply, isRepeat } = await this.#link.send(all, options);
    return { reply: arrayIn(reply).map(withOurError), isRepeat };
  }

  /**
   * Sends a command that waits, on a connection of its own. The words are made for each attempt,
   * from the time that is left to wait. When the signal aborts, it rejects with the reason, unless
   * okq has an answer already. A command that may be sent again waits on when okq ends its wait
   * too early, for example because okq is started anew.
   */
  async wait(words: (leftMs: number) => readonly Word[], options: WaitOptions): Promise<Answer> {
    const { waitMs, signal, repeats } = options;
    if (this.#abort.signal.aborted) throw new ClosedError();
    const untilMs = this.clock.nowMs() + waitMs;
    const leftMs = () => untilMs - this.clock.nowMs();
    const link = this.#idleLinks.pop() ?? this.#newWaitingLink();
    const commands = () => [words(Math.min(waitMs, Math.max(1, leftMs())))];
    try {
      for (let briefWaits = 0; ;) {
        const beganMs = this.clock.nowMs();
        const answer = await link.send(commands, options, signal);
        if (answer.reply !== null) return answer;
        if (this.#abort.signal.aborted) throw new ClosedError();
        signal?.throwIfAborted();
        const isBrief = this.clock.nowMs() - beganMs < BRIEF_MS;
        briefWaits = isBrief ? briefWaits + 1 : 0;
        if (!repeats || leftMs() < EARLY_MS || briefWaits > 1) return answer;
      }
    } finally {
      this.#release(link);
    }
  }

  /** A connection for itself, for example for subscriptions. It never connects again. */
  async open(signal: AbortSignal = this.#abort.signal): Promise<Connection> {
    if (this.#abort.signal.aborted) throw new ClosedError();
    return await this.#opener.open(signal);
  }

  /** Lets commands finish that were sent or wait to be sent, ends waits, and closes everything. */
  close(): Promise<void> {
    return (this.#closed ??= this.#close());
  }

  async #close(): Promise<void> {
    await Promise.allSettled([...this.closers].map((close) => close()));
    this.#abort.abort(new ClosedError());
    const links = [...this.#waitingLinks];
    for (const link of links) link.endWait();
    await Promise.all([this.#link, ...links].map((link) => link.close()));
  }

  #release(link: Link): void {
    if (this.#abort.signal.aborted) return;
    if (this.#idleLinks.length < IDLE_LINKS_MAX) return void this.#idleLinks.push(link);
    void link.close().then(() => this.#waitingLinks.delete(link));
  }

  #newWaitingLink(): Link {
    const link = this.#newLink(() => {});
    this.#waitingLinks.add(link);
    return link;
  }

  #newLink(onState: StateListener): Link {
    const { clock, commandTimeoutMs, retryMs } = this.options;
    const open = (signal: AbortSignal) => this.#opener.open(signal);
    return new Link({ open, clock, commandTimeoutMs, retryMs, onState });
  }
}
