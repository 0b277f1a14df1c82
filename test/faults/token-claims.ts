// Claims with tokens, as their consumers know them. Notices a token that was given twice, a second
// consumer during a lease, an operation of an ended claim that was done, and attempts that are
// counted wrongly.
import type { Lease } from "./claims.ts";

/** What a pop says of a claim. */
export interface ShownClaim {
  token: string;
  attempt: number;
}

/** How the consumer ends its claim. */
export type Ending = "ack" | "failure" | "redo";

/** done: it was answered so; refused: that claim was not there; unknown: no answer. */
export type EndingOutcome = "done" | "refused" | "unknown";

interface Holder extends ShownClaim {
  /** The lease ends at this time or later. 0: the consumer sent an ending. */
  untilMs: number;
  /** At least so many more failures and crashes has the event when it comes again. */
  counts: 0 | 1;
}

interface Sent {
  holder: Holder | undefined;
  /** Another consumer had got the event before the ending was sent. */
  isLate: boolean;
}

/** Stores count in whole milliseconds. */
const ROUNDING_MS = 2;

/** A delivery with more attempts than are known of. */
interface Unexplained {
  text: string;
  /** So many pops whose answers were lost must have been sent before it. */
  lostPops: number;
  at: number;
}

export class TokenClaims {
  readonly #faults: string[] = [];
  readonly #unexplained: Unexplained[] = [];
  readonly #tokens = new Set<string>();
  readonly #holders = new Map<string, Holder>();
  readonly #deliveries = new Map<string, number>();
  readonly #sent = new Map<string, Sent>();
  readonly #now: () => number;
  /** When they were sent. */
  readonly #lostPops: number[] = [];

  constructor(now: () => number) {
    this.#now = now;
  }

  /**
   * A pop that was sent at that moment was not answered: it may have claimed any event, and the
   * claim may crash, also before its client knows that no answer comes.
   */
  lostPop(sentAt: number): void {
    this.#lostPops.push(sentAt);
  }

  get faults(): string[] {
    const isFault = ({ lostPops, at }: Unexplained) =>
      this.#lostPops.filter((sentAt) => sentAt < at).length < lostPops;
    return [...this.#faults, ...this.#unexplained.filter(isFault).map(({ text }) => text)];
  }

  /** `at`: the moment of the delivery. */
  delivered(
    id: string,
    { token, attempt }: ShownClaim,
    { sentAtMs, leaseMs }: Lease,
    at: number,
  ): void {
    const before = this.#holders.get(id);
    const deliveries = this.#deliveries.get(id) ?? 0;
    this.#deliveries.set(id, deliveries + 1);
    if (this.#tokens.has(token)) this.#faults.push(`${id} came with a token that was given before`);
    this.#tokens.add(token);
    if (before && this.#now() < before.untilMs) {
      this.#faults.push(`${id} was handed out twice at once`);
    }
    const least = before ? before.attempt + before.counts : 1;
    const most = 1 + deliveries;
    const text = `${id} came as attempt ${attempt}, not ${least} to ${most}`;
    if (attempt < least) this.#faults.push(text);
    if (attempt > most) this.#unexplained.push({ text, lostPops: attempt - most, at });
    const untilMs = sentAtMs + leaseMs - ROUNDING_MS;
    this.#holders.set(id, { token, attempt, untilMs, counts: 1 });
  }

  /** An ack, a failure or a redo of that claim is sent. */
  ending(id: string, token: string, ending: Ending): void {
    const latest = this.#holders.get(id);
    const isLate = latest?.token !== token;
    this.#sent.set(token, { holder: isLate ? undefined : latest, isLate });
    if (!latest || isLate) return;
    latest.untilMs = 0;
    // A redo counts nothing. A failure that comes after the end of the lease counts as a crash.
    latest.counts = ending === "failure" ? 1 : 0;
  }

  ended(id: string, token: string, ending: Ending, outcome: EndingOutcome): void {
    const sent = this.#sent.get(token);
    if (outcome === "done" && sent?.isLate) {
      this.#faults.push(`${ending} of ${id} was done with the token of a claim that had ended`);
    }
    if (sent?.holder && outcome === "refused") sent.holder.counts = 1;
  }

  /** All leases may have ended. */
  clear(): void {
    for (const holder of this.#holders.values()) holder.untilMs = 0;
  }

  /** The event was popped or ended without a token: nothing is known of its claims now. */
  forget(id: string): void {
    this.#holders.delete(id);
  }
}
