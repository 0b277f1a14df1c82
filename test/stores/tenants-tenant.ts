// What a client of a queue may know of one tenant of it (a group, or the events without one), from
// what was pushed, handed out and answered. It knows nothing of any store.

/** A rule of the contract that a store has broken. */
export type Rule = "order" | "limit" | "rate" | "pause" | "turn" | "idle" | "account";

export class Violation extends Error {
  constructor(
    readonly rule: Rule,
    text: string,
  ) {
    super(`${rule}: ${text}`);
  }
}

export interface TenantEvent {
  id: string;
  tenant: Tenant;
  priority: number;
  state: "ready" | "delayed" | "claimed" | "failed" | "gone";
  /** Its place in its group, from when it is ready for the first time. */
  rank: number | null;
  /** How often it was claimed. */
  claims: number;
  /** delayed: it waits for another attempt. */
  isAgain: boolean;
  /** delayed: when it is due. claimed: when its lease ends. */
  atMs: number;
}

/** No rate here has a longer window. */
export const LONGEST_RATE_MS = 2500;

interface Rate {
  count: number;
  windowMs: number;
}

/** As a setting; empty: none. */
export function rateOf(text: string): Rate | null {
  if (text === "") return null;
  const [count, seconds] = text.split("/").map(Number);
  return { count: count!, windowMs: seconds! * 1000 };
}

/** The times at which events were handed out. */
export class HandedOut {
  #all: number[] = [];
  /** Those since the rate was changed. */
  #counted: number[] = [];

  add(atMs: number): void {
    this.#all.push(atMs);
    this.#counted.push(atMs);
  }

  takeBack(atMs: number): void {
    for (const times of [this.#all, this.#counted]) {
      const at = times.lastIndexOf(atMs);
      if (at >= 0) times.splice(at, 1);
    }
  }

  changed(): void {
    this.#counted = [];
  }

  /** Whether one more would be more than the rate in the window that ends now. */
  isFull(nowMs: number, { count, windowMs }: Rate): boolean {
    return this.#counted.filter((atMs) => atMs > nowMs - windowMs).length >= count;
  }

  /** Whether the rate may hold one back that counts so many tenths of its window. */
  mayBeFull(nowMs: number, { count, windowMs }: Rate, tenths: number): boolean {
    const sinceMs = nowMs - Math.ceil((windowMs * tenths) / 10);
    return this.#all.filter((atMs) => atMs >= sinceMs).length >= count;
  }

  isNewerThan(atMs: number): boolean {
    return (this.#all.at(-1) ?? -Infinity) > atMs;
  }
}

/** What holds for the tenants that have nothing of their own. */
export interface Common {
  /** 0: none. */
  limit: number;
  rate: string;
}

/** A rate of a group counts its window in tenths, and then the tenth in which it is. */
const TENTHS = 11;

export class Tenant {
  readonly ready = new Set<TenantEvent>();
  readonly delayed = new Set<TenantEvent>();
  claimed = 0;
  readonly own: { limit: number | null; rate: string | null } = { limit: null, rate: null };
  pausedUntilMs = 0;
  readonly handedOut = new HandedOut();
  /**
   * When its latest turn was, or its beginning, as a number that ascends. Between the two where it
   * cannot be known whether it began anew.
   */
  turn = { earliest: 0, latest: 0 };

  /** null: the events without a group. */
  constructor(readonly name: string | null) {}

  get isEmpty(): boolean {
    return this.ready.size + this.delayed.size + this.claimed === 0;
  }

  /** Whether it may be there although it is empty: it may still count what it handed out. */
  mayLinger(nowMs: number): boolean {
    const { limit, rate } = this.own;
    const isOwner = limit !== null || rate !== null || this.pausedUntilMs > 0;
    return isOwner || this.handedOut.isNewerThan(nowMs - LONGEST_RATE_MS * 2);
  }

  rate(common: Common): Rate | null {
    return rateOf(this.own.rate ?? common.rate);
  }

  /** Why none of its events may be handed out. "perhaps": it may be that one may. */
  heldBackBy(nowMs: number, common: Common): Rule | "empty" | "perhaps" | null {
    if (this.ready.size === 0) return "empty";
    if (this.name === null) return null;
    if (this.pausedUntilMs > nowMs) return "pause";
    const limit = this.own.limit ?? common.limit;
    if (limit > 0 && this.claimed >= limit) return "limit";
    if (limit === 1 && [...this.delayed].some(({ isAgain }) => isAgain)) return "order";
    const rate = this.rate(common);
    if (rate === null) return null;
    if (this.handedOut.isFull(nowMs, rate)) return "rate";
    return this.handedOut.mayBeFull(nowMs, rate, TENTHS) ? "perhaps" : null;
  }

  /** Whether this ready event may be the next one of the tenant. */
  isFirst(event: TenantEvent): boolean {
    for (const other of this.ready) {
      if (this.name === null ? other.priority > event.priority : other.rank! < event.rank!) {
        return false;
      }
    }
    return true;
  }
}
