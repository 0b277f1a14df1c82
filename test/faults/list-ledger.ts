// A ledger of events that come and go by list commands and by commands of queues: where each event
// ended. A pop of a list command whose answer was lost may have taken an event for good; only so
// many events may be missing.
import type { Outcome } from "./account.ts";
import { Claims, type Lease } from "./claims.ts";

interface Entry {
  pushed: Outcome;
  /** The ledger's time when an answer said that it is gone; null: none did. */
  endedAt: number | null;
  /** An acknowledgement, or a removal, was not answered. */
  mayBeEnded: boolean;
  /** Pops of list commands that answered it. */
  pops: number;
  /** An answer had it. */
  isSeen: boolean;
}

export interface Totals {
  pushed: number;
  pushUnknown: number;
  /** Acknowledged or removed. */
  acked: number;
  popped: number;
  moved: number;
  /** Gone without an answer that says so, of so many at most. */
  missing: number;
  missingMax: number;
}

const SHOWN_MAX = 5;

export class ListLedger {
  readonly #entries = new Map<string, Entry>();
  readonly #faults: string[] = [];
  readonly #claims: Claims;
  readonly #counts = { acked: 0, popped: 0, moved: 0, missingMax: 0 };
  #time = 0;

  /** The clock of leases, in milliseconds. */
  constructor(now = () => performance.now()) {
    this.#claims = new Claims(now);
  }

  /** Contents that no other event has. */
  newContents(): string {
    const number = this.#entries.size;
    const contents = `event ${number}\r\n\0`.repeat(number % 25 === 0 ? 500 : 1);
    this.#entries.set(contents, {
      pushed: "unknown",
      endedAt: null,
      mayBeEnded: false,
      pops: 0,
      isSeen: false,
    });
    return contents;
  }

  /** The current moment in the ledger's order of moments. Call it before sending a command. */
  now(): number {
    return ++this.#time;
  }

  pushed(contents: string, outcome: Outcome): void {
    this.#entries.get(contents)!.pushed = outcome;
  }

  /** A list command that was sent at that moment took it for good. */
  popped(contents: string, sentAt: number): void {
    const entry = this.#seen(contents, sentAt, "popped");
    if (!entry) return;
    this.#delivered(contents, { sentAtMs: performance.now(), leaseMs: 0 }, "popped");
    entry.pops += 1;
    if (entry.pops > 1) this.#fault(contents, "was popped twice");
    entry.endedAt ??= this.now();
    this.#counts.popped += 1;
  }

  /** A list command may have taken so many for good: its answer was lost. */
  lostPop(count: number): void {
    this.#counts.missingMax += count;
  }

  /** A pop that was sent at that moment claimed it. */
  claimed(contents: string, sentAt: number, lease: Lease): void {
    if (this.#seen(contents, sentAt, "claimed")) this.#delivered(contents, lease, "claimed");
  }

  /** A command that ends its claim is sent. */
  releasing(contents: string): void {
    this.#claims.releasing(contents);
  }

  /** That command was answered. */
  released(contents: string): void {
    this.#claims.released(contents);
  }

  /** What became of an acknowledgement, or of a removal: refused if it was not there. */
  ended(contents: string, outcome: Outcome): void {
    const entry = this.#entries.get(contents)!;
    if (outcome === "unknown") entry.mayBeEnded = true;
    if (outcome !== "done") return;
    if (entry.endedAt !== null) this.#fault(contents, "ended twice");
    entry.endedAt ??= this.now();
    this.#counts.acked += 1;
  }

  /** A list command that was sent at that moment moved it. */
  moved(contents: string, sentAt: number): void {
    if (!this.#seen(contents, sentAt, "moved")) return;
    this.#counts.moved += 1;
  }

  /** Whether it was popped, claimed or moved. */
  isSeen(contents: string): boolean {
    return this.#entries.get(contents)!.isSeen;
  }

  /** Whether an answer said that it is gone. */
  isEnded(contents: string): boolean {
    return this.#entries.get(contents)!.endedAt !== null;
  }

  /** Whether a consumer certainly has claimed it. */
  isHeld(contents: string): boolean {
    return this.#claims.isHeld(contents);
  }

  /** Of all pushes that were done, those that may still be there. */
  get open(): number {
    const all = [...this.#entries.values()];
    return all.filter(({ pushed, endedAt }) => pushed === "done" && endedAt === null).length;
  }

  fault(text: string): void {
    this.#faults.push(text);
  }

  /** Call when all queues are empty. Throws unless every event is accounted for. */
  settle(): Totals {
    const missing: string[] = [];
    for (const [contents, { pushed, endedAt, mayBeEnded }] of this.#entries) {
      if (pushed === "done" && endedAt === null && !mayBeEnded) missing.push(nameOf(contents));
    }
    const { missingMax } = this.#counts;
    if (missing.length > missingMax) {
      const shown = missing.slice(0, SHOWN_MAX).join(", ");
      this.#faults.push(`${missing.length} are missing, at most ${missingMax} may be: ${shown}`);
    }
    if (this.#faults.length > 0) {
      throw new Error(`${this.#faults.length}: ${this.#faults.slice(0, SHOWN_MAX).join(", ")}`);
    }
    const count = (outcome: Outcome) =>
      [...this.#entries.values()].filter(({ pushed }) => pushed === outcome).length;
    return {
      pushed: count("done"),
      pushUnknown: count("unknown"),
      ...this.#counts,
      missing: missing.length,
    };
  }

  #seen(contents: string, sentAt: number, how: string): Entry | null {
    const entry = this.#entries.get(contents);
    if (!entry) {
      this.#fault(contents, `was ${how} and never pushed`);
      return null;
    }
    entry.isSeen = true;
    if (entry.pushed === "refused") this.#fault(contents, `was refused and ${how}`);
    if (entry.endedAt !== null && sentAt > entry.endedAt) {
      this.#fault(contents, `was ${how} by a command sent after its end was answered`);
    }
    return entry;
  }

  #delivered(contents: string, lease: Lease, how: string): void {
    if (this.#claims.delivered(contents, lease)) this.#fault(contents, `was ${how} while claimed`);
  }

  #fault(contents: string, what: string): void {
    this.#faults.push(`${nameOf(contents)} ${what}`);
  }
}

function nameOf(contents: string): string {
  return contents.slice(0, contents.indexOf("\r"));
}
