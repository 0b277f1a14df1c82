// The claims that consumers certainly have, and their ends. Notices a second delivery during the
// lease of the first.

/** A pop: its lease, and when it was sent. */
export interface Lease {
  sentAtMs: number;
  leaseMs: number;
}

interface Claimed {
  /** The lease ends at this time or later. */
  untilMs: number;
  /** The number of acks and redos that may still end any claim of the event. */
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

  /** A pop delivered the event. Returns whether another consumer certainly had claimed it. */
  delivered(id: string, { sentAtMs, leaseMs }: Lease): boolean {
    const event = this.#event(id);
    if (event.releases > 0) return false;
    const isDoubled = this.#now() < event.untilMs;
    // The store does a pop after it is sent, so the lease ends at this time or later.
    event.untilMs = Math.max(event.untilMs, sentAtMs + leaseMs - ROUNDING_MS);
    return isDoubled;
  }

  /** An ack or a redo is sent. It names only the id of the event, so it may end any claim. */
  releasing(id: string): void {
    const event = this.#event(id);
    event.untilMs = 0;
    event.releases += 1;
  }

  /** The ack or redo was answered, so it ends no later claim. Before that it may end any claim. */
  released(id: string): void {
    this.#event(id).releases -= 1;
  }

  /** Whether a consumer certainly has claimed it. */
  isHeld(id: string): boolean {
    return this.#now() < this.#event(id).untilMs;
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
