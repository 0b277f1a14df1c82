// Reports of what happens to events, from where it happens to the clients that subscribed, on any
// okq of the store. The processes leave each other notes of what their clients listen to, and
// report nothing else.
import type { Clock } from "./clock.ts";
import { nameOf } from "./name-cache.ts";
import type { Operation } from "./operations.ts";
import type { Report } from "./report.ts";
import { reportsOf } from "./reports-of.ts";
import type { ReportExchange } from "./store.ts";

/** What the clients of this process listen to; each name has a character per byte. */
export interface Interest {
  readonly isEmpty: boolean;
  queues(): Iterable<string>;
  patterns(): Iterable<string>;
  /** Whether a name fits that pattern. */
  matcher(pattern: string): (queue: Buffer) => boolean;
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

type Listener =
  "everything" | { queues: ReadonlySet<string>; fits: ((queue: Buffer) => boolean)[] };

interface ReporterParts {
  exchange: ReportExchange | undefined;
  interest: Interest;
  clock: Clock;
  /** Gets the reports of all processes, also of queues that nobody here listens to. */
  onReport(report: Report): void;
}

export class Reporter {
  readonly #parts: ReporterParts;
  /** Whether anybody listens to anything. */
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

  /** What clients of this process listen to has changed. */
  changed(): void {
    this.#own = null;
    this.#changed();
  }

  /** Resolves when the other processes know of that change, or when that takes too long. */
  async listen(): Promise<void> {
    if (!this.#parts.exchange) return;
    const late = Promise.withResolvers<void>();
    const cancel = this.#parts.clock.after(NOTED_MS_MAX, late.resolve);
    // A note that cannot be left is left within a second of when the store is back.
    const left = this.#leaveNext().catch(() => {});
    await Promise.race([left, late.promise]).finally(cancel);
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
        this.#others = notes.length > LISTENERS_MAX ? ["everything"] : notes.map(this.#listenerIn);
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
    if (interest.isEmpty) return "";
    const noted = { queues: [] as string[], patterns: [] as string[] };
    let length = 0;
    for (const kind of ["queues", "patterns"] as const) {
      const most = kind === "queues" ? NOTED_MAX : NOTED_PATTERNS_MAX;
      for (const name of interest[kind]()) {
        length += name.length;
        if (noted[kind].length === most || length > NOTED_LENGTH_MAX) return EVERYTHING;
        noted[kind].push(name);
      }
    }
    return JSON.stringify(noted);
  }

  /** Another version of okq may have written the note. */
  readonly #listenerIn = (note: string): Listener => {
    try {
      const { queues, patterns } = JSON.parse(note) as { queues: string[]; patterns: string[] };
      const fits = patterns.map((pattern) => this.#parts.interest.matcher(pattern));
      return { queues: new Set(queues), fits };
    } catch {
      return "everything";
    }
  };

  #changed(): void {
    this.#known.clear();
    this.isWanted = !this.#parts.interest.isEmpty || this.#others.length > 0;
  }

  readonly #isHeard = (queue: Buffer): boolean => {
    const name = nameOf(queue);
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    this.#own ??= this.#ownListener();
    const isHeard =
      hears(this.#own, name, queue) || this.#others.some((o) => hears(o, name, queue));
    if (this.#known.size >= KNOWN_MAX) this.#known.clear();
    this.#known.set(name, isHeard);
    return isHeard;
  };

  #ownListener(): Listener {
    const note = this.#note();
    return note === "" ? { queues: new Set(), fits: [] } : this.#listenerIn(note);
  }

  /** By way of the exchange also to this process: so all reports come in one order. */
  readonly #send = (report: Report): void => {
    const { exchange, onReport } = this.#parts;
    if (exchange) exchange.send(report);
    else onReport(report);
  };
}

const EVERYTHING = '"everything"';

function hears(listener: Listener, name: string, queue: Buffer): boolean {
  if (listener === "everything" || listener.queues.has(name)) return true;
  return listener.fits.some((fits) => fits(queue));
}
