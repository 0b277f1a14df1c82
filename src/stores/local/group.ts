// One group of a queue: its ready events, how many others it has, and what it has of its own.
import { HandedOut, type WrittenCounts } from "./handed-out.ts";
import { hashOf } from "./hash-index.ts";
import { Line, type Placed } from "./line.ts";

/** What a client has given to a group. */
export interface OwnSettings {
  /** As text; null: that of the queue holds. */
  readonly limit: string | null;
  readonly rate: string | null;
  /** When its pause ends, Infinity for never; 0: none. */
  readonly pausedUntilMs: number;
}

export const NOTHING_OWN: OwnSettings = { limit: null, rate: null, pausedUntilMs: 0 };

export class Group<E extends Placed> {
  readonly line = new Line<E>();
  delayed = 0;
  /** Of the delayed ones, those that were claimed before. */
  held = 0;
  claimed = 0;
  own = NOTHING_OWN;
  /** null: nothing that counts. */
  handedOut: HandedOut | null = null;
  /** How many of its events could go one after the other when that was last looked at. */
  offered = 0;
  /** When more may be handed out, or it may be forgotten; Infinity for never. */
  dueMs = Infinity;
  /** The journal has something of it beside its events. */
  isWritten = false;
  /** Its index among the groups in which something will be due; -1 when it is not there. */
  heapAt = -1;

  readonly hash: number;

  constructor(
    readonly name: string,
    /** Ascends with each group that comes into being. */
    readonly number: number,
    /** When its latest turn was: greater than those of all turns before. */
    public turn: number,
  ) {
    this.hash = hashOf(name);
  }

  get isOwner(): boolean {
    return this.own !== NOTHING_OWN;
  }

  get isEmpty(): boolean {
    const hasEvents = this.line.length > 0 || this.delayed > 0 || this.claimed > 0;
    return !hasEvents && !this.isOwner && this.handedOut === null;
  }
}

interface Written {
  limit?: string;
  rate?: string;
  paused?: number | "ever";
  counts?: WrittenCounts;
}

/** As a journal keeps it beside its events; null if that is nothing. */
export function encodeGroup<E extends Placed>({ own, handedOut }: Group<E>): string | null {
  const written: Written = {};
  if (own.limit !== null) written.limit = own.limit;
  if (own.rate !== null) written.rate = own.rate;
  const { pausedUntilMs } = own;
  if (pausedUntilMs > 0) written.paused = pausedUntilMs === Infinity ? "ever" : pausedUntilMs;
  const counts = handedOut?.written;
  if (counts) written.counts = counts;
  return Object.keys(written).length === 0 ? null : JSON.stringify(written);
}

export function decodeGroup(text: string): { own: OwnSettings; handedOut: HandedOut | null } {
  const { limit = null, rate = null, paused = 0, counts } = JSON.parse(text) as Written;
  const pausedUntilMs = paused === "ever" ? Infinity : paused;
  const isOwner = limit !== null || rate !== null || pausedUntilMs > 0;
  return {
    own: isOwner ? { limit, rate, pausedUntilMs } : NOTHING_OWN,
    handedOut: counts ? new HandedOut(false, counts) : null,
  };
}
