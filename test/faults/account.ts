// An account of events: records every push, delivery and ack of the clients during faults. At the
// end it checks that no event was lost or wrongly delivered.
import { Claims, type Lease } from "./claims.ts";
import { LineOrder } from "./line-order.ts";
import { type Ending, type ShownClaim, TokenClaims } from "./token-claims.ts";

/** The outcome of a request: done, certainly not done, or unknown because the answer was lost. */
export type Outcome = "done" | "refused" | "unknown";

interface Entry {
  pushed: Outcome;
  deliveries: number;
  acked: Outcome | null;
  /** The account's time when the ack was answered with 1. */
  ackedAt: number;
}

export interface Totals {
  pushed: number;
  pushUnknown: number;
  pushRefused: number;
  acked: number;
  ackUnknown: number;
  /** Deliveries of an event after its first one. */
  repeated: number;
}

/** The losses of a store that promises no durability. */
export interface Losses {
  /** Events that were certainly pushed, and disappeared without an ack. */
  lost: number;
  /** Deliveries by pops that were sent after the ack was answered, and second acks. */
  returned: number;
}

const SHOWN_MAX = 5;

export class Account {
  readonly #entries = new Map<string, Entry>();
  readonly #faults: string[] = [];
  readonly #returned: string[] = [];
  readonly #doubled: string[] = [];
  readonly #claims: Claims;
  readonly #tokenClaims: TokenClaims;
  readonly #order = new LineOrder();
  #time = 0;
  #ids = 0;
  readonly #excused = new Set<string>();

  /** The clock of leases, in milliseconds. */
  constructor(now = () => performance.now()) {
    this.#claims = new Claims(now);
    this.#tokenClaims = new TokenClaims(now);
  }

  /** An id that no other event has. */
  newId(): string {
    return `event-${this.#ids++}`;
  }

  /** The current moment in the account's order of moments. Call it before sending a pop. */
  now(): number {
    return ++this.#time;
  }

  /** A left push is sent, after earlier pushes of its line: one queue and one producer. */
  pushing(id: string, line: string): void {
    this.pushed(id, "unknown");
    this.#order.pushing(id, line);
  }

  /** The outcome of a push. */
  pushed(id: string, outcome: Outcome): void {
    if (outcome === "done") this.#order.pushed(id);
    const entry = this.#entries.get(id);
    if (entry) entry.pushed = outcome;
    else this.#entries.set(id, { pushed: outcome, deliveries: 0, acked: null, ackedAt: 0 });
  }

  /**
   * A pop that was sent at that moment with that lease delivered an event. `shown`: if the pop
   * asked for a token.
   */
  delivered(
    id: string,
    contents: Buffer,
    popSentAt: number,
    lease: Lease,
    shown: ShownClaim | null = null,
  ): void {
    const entry = this.#entries.get(id);
    if (!entry) return this.fault(`${id} was delivered and never pushed`);
    if (!contents.equals(contentsOf(id))) this.fault(`${id} came with other contents`);
    if (entry.acked === "done" && popSentAt > entry.ackedAt) {
      this.#returned.push(`${id} was delivered by a pop sent after its ack was answered with 1`);
    }
    entry.deliveries += 1;
    const at = this.now();
    this.#order.delivered(id, popSentAt, at);
    if (shown) this.#tokenClaims.delivered(id, shown, lease, at);
    else {
      this.#tokenClaims.forget(id);
      if (this.#claims.delivered(id, lease)) {
        this.#doubled.push(`${id} was handed out twice at once`);
      }
    }
  }

  /** A pop was sent at that moment, and its answer was lost. */
  lostPop(sentAt: number): void {
    this.#order.lostPop(sentAt);
    this.#tokenClaims.lostPop(sentAt);
  }

  /** An operation that ends the claim with that token is sent. */
  ending(id: string, token: string, ending: Ending): void {
    this.#tokenClaims.ending(id, token, ending);
  }

  /** It was done, that claim was not there (refused), or the answer was lost. */
  ended(id: string, token: string, ending: Ending, outcome: Outcome): void {
    this.#tokenClaims.ended(id, token, ending, outcome);
    if (ending === "ack") this.acked(id, outcome);
  }

  /** An ack or a redo of the event is sent. */
  releasing(id: string): void {
    this.#claims.releasing(id);
  }

  /** The ack or redo was answered. */
  released(id: string): void {
    this.#claims.released(id);
  }

  /** An ack was answered with 1 (done), with 0 or an error (refused), or not (unknown). */
  acked(id: string, outcome: Outcome): void {
    const entry = this.#entries.get(id);
    if (!entry) return this.fault(`${id} was acked and never pushed`);
    if (outcome === "done" && entry.acked === "done") {
      this.#returned.push(`${id} was acked with 1 twice`);
    }
    if (entry.acked === "done" || (entry.acked === "unknown" && outcome === "refused")) return;
    entry.acked = outcome;
    if (outcome === "done") entry.ackedAt = this.now();
  }

  /** The store has lost all events: earlier pushes need not be delivered any more. */
  storeEmptied(): void {
    for (const id of this.#entries.keys()) this.#excused.add(id);
    this.#claims.clear();
    this.#order.lostPop(this.now());
  }

  /** The clock of the store was set: leases may have ended early. */
  clockMoved(): void {
    this.#claims.clear();
    this.#tokenClaims.clear();
  }

  /**
   * While no client is at work: the ids of all events that are stored. Throws if one is missing, or
   * should not be there.
   */
  checkStored(ids: ReadonlySet<string>): void {
    const faults: string[] = [];
    for (const [id, { pushed, acked }] of this.#entries) {
      const isEnded = acked === "done" || acked === "unknown";
      const isStored = ids.has(id);
      if (pushed === "done" && !isEnded && !isStored) faults.push(`${id} is not stored`);
      if (acked === "done" && isStored) faults.push(`${id} was acked and is stored`);
      if (pushed === "refused" && isStored) faults.push(`${id} was refused and is stored`);
    }
    for (const id of ids) if (!this.#entries.has(id)) faults.push(`${id} was never pushed`);
    throwIfAny(faults);
  }

  /** Records a fault. */
  fault(text: string): void {
    this.#faults.push(text);
  }

  /** Whether every event that was certainly pushed was delivered. */
  get isDelivered(): boolean {
    return [...this.#entries.values()].every((e) => e.pushed !== "done" || e.deliveries > 0);
  }

  /** Events that were delivered although their push was never answered. */
  get unanswered(): number {
    return [...this.#entries.values()].filter((e) => e.pushed === "unknown" && e.deliveries > 0)
      .length;
  }

  totals(): Totals {
    const all = [...this.#entries.values()];
    const count = (matches: (entry: Entry) => boolean) => all.filter(matches).length;
    return {
      pushed: count(({ pushed }) => pushed === "done"),
      pushUnknown: count(({ pushed }) => pushed === "unknown"),
      pushRefused: count(({ pushed }) => pushed === "refused"),
      acked: count(({ acked }) => acked === "done"),
      ackUnknown: count(({ acked }) => acked === "unknown"),
      repeated: all.reduce((sum, { deliveries }) => sum + Math.max(0, deliveries - 1), 0),
    };
  }

  /**
   * Call when all queues were drained. Throws unless every event that was certainly pushed was
   * delivered and acked (or may be acked), no refused push was delivered, no event had two
   * consumers at once, events came in the order of their pushes, and no other fault was noted.
   */
  settle(): Totals {
    const faults = this.#allFaults();
    for (const [id, { pushed, deliveries, acked }] of this.#entries) {
      const isEnded = acked === "done" || acked === "unknown" || this.#excused.has(id);
      if (pushed === "done" && deliveries === 0 && !isEnded) faults.push(`${id} was lost`);
      else if (pushed === "done" && !isEnded) faults.push(`${id} was lost after its delivery`);
      if (pushed === "refused" && deliveries > 0) faults.push(`${id} was refused but is there`);
    }
    throwIfAny(faults);
    return this.totals();
  }

  /** Like settle, but counts losses, which are allowed if the store does not wait for replicas. */
  settleLosses(): Totals & Losses {
    throwIfAny(this.#faults);
    const all = [...this.#entries.values()];
    const isEnded = (acked: Outcome | null) => acked === "done" || acked === "unknown";
    const lost = all.filter(({ pushed, acked }) => pushed === "done" && !isEnded(acked)).length;
    return { ...this.totals(), lost, returned: this.#returned.length };
  }

  /** Throws if there are faults so far. For a store that is gone and cannot be drained. */
  checkFaults(): void {
    throwIfAny(this.#allFaults());
  }

  #allFaults(): string[] {
    const ofClaims = [...this.#doubled, ...this.#tokenClaims.faults];
    return [...this.#faults, ...this.#returned, ...ofClaims, ...this.#order.faults()];
  }
}

function throwIfAny(faults: string[]): void {
  if (faults.length === 0) return;
  const rest = faults.length > SHOWN_MAX ? `, and ${faults.length - SHOWN_MAX} more` : "";
  throw new Error(`${faults.slice(0, SHOWN_MAX).join(", ")}${rest}`);
}

/** The contents of the event with that id: different for every id, up to some kilobytes. */
export function contentsOf(id: string): Buffer {
  const number = Number(id.replace(/\D/g, ""));
  const line = `contents of ${id}\r\n\0`;
  return Buffer.from(number % 25 === 0 ? line.repeat(2000) : line);
}
