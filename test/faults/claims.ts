// Which consumer has an event for how long, as far as clients know for certain. It notices when a
// second consumer gets an event while the lease of the first one still runs.

/** A pop: its lease, and when it was sent. */
export interface Lease {
  sentAtMs: number;
  leaseMs: number;
}

interface Claimed {
  /** Its lease ends no earlier than this. */
  untilMs: number;
  /** Acks and redos that may still end any claim of the event. */
  releases: number;
}

/** Stores count in whole milliseconds. */
const ROUNDING_MS = 2;

export class Claims {
  readonly #events = new Map<string, Claimed>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** A pop has brought the event. Whether somebody else certainly had it at that moment. */
  taken(id: string, { sentAtMs, leaseMs }: Lease): boolean {
    const event = this.#event(id);
    if (event.releases > 0) return false;
    const isDoubled = this.#now() < event.untilMs;
    // A pop is done between its sending and its answer: later than this the lease ends for sure.
    event.untilMs = Math.max(event.untilMs, sentAtMs + leaseMs - ROUNDING_MS);
    return isDoubled;
  }

  /** An ack or a redo is sent: it goes by the id alone, so it may end the claim of any consumer. */
  releasing(id: string): void {
    const event = this.#event(id);
    event.untilMs = 0;
    event.releases += 1;
  }

  /** Its answer came: it changes nothing any more. Without an answer it may do so for ever. */
  released(id: string): void {
    this.#event(id).releases -= 1;
  }

  /** All claims are gone. */
  clear(): void {
    for (const event of this.#events.values()) event.untilMs = 0;
  }

  #event(id: string): Claimed {
    let event = this.#events.get(id);
    if (!event) this.#events.set(id, (event = { untilMs: 0, releases: 0 }));
    return event;
  }
}
