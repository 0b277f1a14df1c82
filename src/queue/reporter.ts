// Messages from where something happens, or is published, to the clients that subscribed, on any
// okq of the store. The processes leave each other notes of what their clients listen to, and
// report nothing else.
import type { Cancel, Clock } from "./clock.ts";
import { nameOf } from "./name-cache.ts";
import type { Operation } from "./operations.ts";
import type { Message, Publication, Report } from "./report.ts";
import { reportsOf } from "./reports-of.ts";
import type { ReportExchange } from "./store.ts";

/** What the clients of this process listen to; each name has a character per byte. */
export interface Interest {
  /** Nobody listens to queues; nor to channels that clients publish on. */
  readonly isEmpty: boolean;
  readonly isEmptyOfChannels: boolean;
  queues(): Iterable<string>;
  patterns(): Iterable<string>;
  /** Whether a name fits that pattern. */
  matcher(pattern: string): (queue: Buffer) => boolean;
  /** Channels that clients publish on. */
  plainChannels(): Iterable<string>;
  plainPatterns(): Iterable<string>;
  plainMatcher(pattern: string): (channel: Buffer) => boolean;
}

/** A process that listens to more than this is told everything. */
const NOTED_MAX = 500;
const NOTED_LENGTH_MAX = 64 * 1024;
const NOTED_PATTERNS_MAX = 50;
/** So many processes are told of what they listen to; with more, each is told everything. */
const LISTENERS_MAX = 100;
/** A third of the time for which a store keeps a note. */
const RENEWED_MS = 10_000;
/** How often the notes of others are looked at: the message of a new one may be lost. */
const LOOK_EVERY_MS = 5_000;
/** A client does not wait longer for its note. */
const NOTED_MS_MAX = 500;
/** Names for which it is known whether somebody listens. */
const KNOWN_MAX = 4096;

type Fits = (name: Buffer) => boolean;

interface Names {
  names: ReadonlySet<string>;
  fits: Fits[];
}

/** "everything": too much to be told, or told by another version of okq. */
interface Listener {
  queues: Names | "everything";
  channels: Names | "everything";
}

const NOTHING: Names = { names: new Set(), fits: [] };
const ALL: Listener = { queues: "everything", channels: "everything" };

interface ReporterParts {
  exchange: ReportExchange | undefined;
  interest: Interest;
  clock: Clock;
  /** Gets the messages of all processes, also of queues that nobody here listens to. */
  onReport(message: Message): void;
}

export class Reporter {
  readonly #parts: ReporterParts;
  /** Whether anybody listens to any queue. */
  isWanted = false;
  /** This process; null: to be made anew. */
  #own: Listener | null = null;
  #others: Listener[] = [];
  readonly #known = new Map<string, boolean>();
  /** The note that is left, and since when. */
  #left = "";
  #leftAtMs = 0;
  #lookedAtMs = -Infinity;
  #isLooking = false;
  #mustLookAgain = false;
  #leaving: Promise<void> = Promise.resolve();
  #next: Promise<void> | null = null;

  constructor(parts: ReporterParts) {
    this.#parts = parts;
  }

  /** An operation of this process was done, and somebody listens. */
  done(operation: Operation, result: unknown, nowMs: number): void {
    reportsOf(operation, result, nowMs, this.#isHeard, this.#send);
  }

  /** The store of this process reports what it did by itself. */
  reported(report: Report): void {
    if (this.#isHeard(report.queue)) this.#send(report);
  }

  /**
   * Sends a message to all processes. Returns how many other processes have receivers: a process
   * with several counts as one.
   */
  publish(message: Publication): number {
    this.#send(message);
    const name = nameOf(message.channel);
    return this.#others.filter((other) => hears(other.channels, name, message.channel)).length;
  }

  /** What clients of this process listen to has changed. */
  changed(): void {
    this.#own = null;
    this.#changed();
  }

  /** Resolves when the other processes know of that change, or when that takes too long. */
  async listen(): Promise<void> {
    if (!this.#parts.exchange) return;
    let cancel: Cancel = () => {};
    const late = new Promise<void>((resolve) => {
      cancel = this.#parts.clock.after(NOTED_MS_MAX, resolve);
    });
    // A note that cannot be left is left within a second of when the store is back.
    const left = this.#leaveNext().catch(() => {});
    await Promise.race([left, late]).finally(() => cancel());
  }

  /** To be called every second. Rejects with a StoreError. */
  async renew(): Promise<void> {
    if (!this.#parts.exchange) return;
    if (this.#parts.clock.nowMs() >= this.#lookedAtMs + LOOK_EVERY_MS) this.look();
    await this.#leaveNext();
  }

  /** Takes the note back. */
  async clear(): Promise<void> {
    if (this.#left !== "") await this.#parts.exchange?.leave("");
  }

  /** Another process may have left a new note. */
  look(): void {
    this.#mustLookAgain = true;
    if (!this.#isLooking) void this.#lookWhileNew();
  }

  async #lookWhileNew(): Promise<void> {
    this.#isLooking = true;
    try {
      while (this.#mustLookAgain) {
        this.#mustLookAgain = false;
        const notes = await this.#parts.exchange!.others();
        this.#lookedAtMs = this.#parts.clock.nowMs();
        this.#others = notes.length > LISTENERS_MAX ? [ALL] : notes.map(this.#listenerIn);
        this.#changed();
      }
    } catch {
      // The store is away: what is known of the others holds until the next look.
    } finally {
      this.#isLooking = false;
    }
  }

  /** Leaves the note anew if it is another one or old. Calls that come meanwhile share the next. */
  #leaveNext(): Promise<void> {
    this.#next ??= this.#leaving
      .catch(() => {})
      .then(() => {
        this.#next = null;
        this.#leaving = this.#leave();
        return this.#leaving;
      });
    return this.#next;
  }

  async #leave(): Promise<void> {
    const note = this.#note();
    const nowMs = this.#parts.clock.nowMs();
    if (note === this.#left && (note === "" || nowMs < this.#leftAtMs + RENEWED_MS)) return;
    await this.#parts.exchange!.leave(note);
    this.#left = note;
    this.#leftAtMs = nowMs;
  }

  #note(): string {
    const { interest } = this.#parts;
    if (interest.isEmpty && interest.isEmptyOfChannels) return "";
    const ofQueues = noted(interest.queues(), interest.patterns());
    if (ofQueues === null) return EVERYTHING;
    const [queues, patterns] = ofQueues;
    if (interest.isEmptyOfChannels) return JSON.stringify({ queues, patterns });
    const ofChannels = noted(interest.plainChannels(), interest.plainPatterns());
    const [channels, channelPatterns] = ofChannels ?? [null, null];
    return JSON.stringify({ queues, patterns, channels, channelPatterns });
  }

  /** Another version of okq may have written the note. */
  readonly #listenerIn = (note: string): Listener => {
    const { interest } = this.#parts;
    try {
      const { queues, patterns, channels = [], channelPatterns = [] } = JSON.parse(note) as Noted;
      return {
        queues: namesOf(queues, patterns, (pattern) => interest.matcher(pattern)),
        channels:
          channels && channelPatterns
            ? namesOf(channels, channelPatterns, (pattern) => interest.plainMatcher(pattern))
            : "everything",
      };
    } catch {
      return ALL;
    }
  };

  #changed(): void {
    this.#known.clear();
    const listens = ({ queues }: Listener) =>
      queues === "everything" || queues.names.size + queues.fits.length > 0;
    this.isWanted = !this.#parts.interest.isEmpty || this.#others.some(listens);
  }

  readonly #isHeard = (queue: Buffer): boolean => {
    const name = nameOf(queue);
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    this.#own ??= this.#ownListener();
    const isHeard =
      hears(this.#own.queues, name, queue) ||
      this.#others.some((other) => hears(other.queues, name, queue));
    if (this.#known.size >= KNOWN_MAX) this.#known.clear();
    this.#known.set(name, isHeard);
    return isHeard;
  };

  #ownListener(): Listener {
    const note = this.#note();
    return note === "" ? { queues: NOTHING, channels: NOTHING } : this.#listenerIn(note);
  }

  /** By way of the exchange also to this process: so all messages come in one order. */
  readonly #send = (message: Message): void => {
    const { exchange, onReport } = this.#parts;
    if (exchange) exchange.send(message);
    else onReport(message);
  };
}

const EVERYTHING = '"everything"';

/** As a note has it. */
interface Noted {
  queues: string[];
  patterns: string[];
  /** null: all of them. Absent in notes of older versions, whose clients hear none. */
  channels?: string[] | null;
  channelPatterns?: string[] | null;
}

/** Both as arrays; null if they are too much for a note. */
function noted(names: Iterable<string>, patterns: Iterable<string>): [string[], string[]] | null {
  let length = 0;
  const taken = (all: Iterable<string>, most: number) => {
    const some: string[] = [];
    for (const name of all) {
      length += name.length;
      if (some.length === most || length > NOTED_LENGTH_MAX) return null;
      some.push(name);
    }
    return some;
  };
  const [ofNames, ofPatterns] = [taken(names, NOTED_MAX), taken(patterns, NOTED_PATTERNS_MAX)];
  return ofNames && ofPatterns && [ofNames, ofPatterns];
}

function namesOf(names: string[], patterns: string[], matcher: (pattern: string) => Fits): Names {
  return { names: new Set(names), fits: patterns.map((pattern) => matcher(pattern)) };
}

function hears(listened: Names | "everything", name: string, bytes: Buffer): boolean {
  if (listened === "everything" || listened.names.has(name)) return true;
  return listened.fits.some((fits) => fits(bytes));
}
