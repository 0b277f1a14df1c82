// The groups of a queue with the limit 1 as its clients know them. Notices an event that comes
// while an earlier one of its group is there, two claims of a group at a time, an unfair turn, an
// event that comes again after its end, and one that is lost.
import type { Outcome } from "./account.ts";
import { TokenClaims } from "./token-claims.ts";

/** How a consumer ends a claim. An ack and a final failure end the event. */
export type GroupEnding = "ack" | "final" | "failure" | "redo";

/** A pop that was sent: a moment in the ledger's order of moments, and a time. */
export interface SentPop {
  at: number;
  sentAtMs: number;
  leaseMs: number;
}

export interface GroupTotals {
  pushed: number;
  pushUnknown: number;
  acked: number;
  failed: number;
  endUnknown: number;
  deliveries: number;
  /** How many deliveries showed that a group had its turn in time. */
  turnsChecked: number;
}

interface GroupEvent {
  id: string;
  group: Group;
  rank: number;
  pushed: Outcome;
  deliveries: number;
  /** Acks and final failures that were sent, and not refused. */
  ends: number;
  /** How it ended for certain, and when that was answered. */
  ended: { how: "ack" | "final"; at: number } | null;
}

interface Holder {
  id: string;
  token: string;
  untilMs: number;
}

interface Group {
  name: string;
  events: GroupEvent[];
  /** Claims of which no end was sent. */
  holders: Holder[];
  /** Since that moment the next event could certainly be handed out. */
  canGoSince: number | null;
}

/** Stores count in whole milliseconds. */
const ROUNDING_MS = 2;
const SHOWN_MAX = 5;

export class GroupLedger {
  readonly #events = new Map<string, GroupEvent>();
  readonly #groups = new Map<string, Group>();
  readonly #faults: string[] = [];
  readonly #tokenClaims: TokenClaims;
  /** Of every delivery: its group, and the moments at which the pop was sent and answered. */
  readonly #turns: { group: Group; sentAt: number; at: number }[] = [];
  readonly #now: () => number;
  #moment = 0;
  #turnsChecked = 0;

  constructor(now = () => performance.now()) {
    this.#now = now;
    this.#tokenClaims = new TokenClaims(now);
  }

  /** A push is sent, behind earlier ones of its group. Returns the id of the new event. */
  pushing(name: string): string {
    const group = this.#group(name);
    const rank = group.events.length;
    const event: GroupEvent = {
      id: `${name}-${rank}`,
      group,
      rank,
      pushed: "unknown",
      deliveries: 0,
      ends: 0,
      ended: null,
    };
    group.events.push(event);
    this.#events.set(event.id, event);
    return event.id;
  }

  pushed(id: string, outcome: Outcome): void {
    this.#events.get(id)!.pushed = outcome;
  }

  /** How many events of a group were pushed, and no end of them was sent. */
  backlog(name: string): number {
    const { events } = this.#group(name);
    return events.filter(({ pushed, ends }) => pushed !== "refused" && ends === 0).length;
  }

  popping(leaseMs: number): SentPop {
    return { at: ++this.#moment, sentAtMs: this.#now(), leaseMs };
  }

  /** A pop was not answered: it may have claimed any events. */
  lostPop(count: number): void {
    for (let lost = 0; lost < count; lost++) this.#tokenClaims.lostPop(0);
    this.forgotTurns();
  }

  /** okq was killed: without a store that keeps the turns, they begin anew. */
  forgotTurns(): void {
    for (const group of this.#groups.values()) group.canGoSince = null;
  }

  delivered(id: string, token: string, attempt: number, pop: SentPop): void {
    const event = this.#events.get(id);
    if (!event) return this.fault(`${id} was delivered and never pushed`);
    const { group, ended } = event;
    if (ended && pop.at > ended.at) {
      this.fault(`${id} came by a pop sent after its ${ended.how} was answered`);
    }
    this.#tokenClaims.delivered(id, { token, attempt }, pop, this.#moment + 1);
    const now = this.#now();
    for (const holder of group.holders) {
      if (now >= holder.untilMs) continue;
      this.fault(`${id} was handed out while ${holder.id} of its group was claimed`);
    }
    const before = group.events.slice(0, event.rank).find(isThere);
    if (before) this.fault(`${id} overtook ${before.id}`);
    event.deliveries += 1;
    this.#checkTurn(event, attempt, pop);
    group.canGoSince = null;
    const untilMs = pop.sentAtMs + pop.leaseMs - ROUNDING_MS;
    group.holders = [...group.holders.filter((each) => now < each.untilMs), { id, token, untilMs }];
  }

  ending(id: string, token: string, ending: GroupEnding): void {
    const event = this.#events.get(id)!;
    this.#tokenClaims.ending(id, token, tokenEndings[ending]);
    event.group.holders = event.group.holders.filter((holder) => holder.token !== token);
    if (ending === "ack" || ending === "final") event.ends += 1;
  }

  ended(id: string, token: string, ending: GroupEnding, outcome: Outcome): void {
    const event = this.#events.get(id)!;
    this.#tokenClaims.ended(id, token, tokenEndings[ending], outcome);
    if (ending === "failure" || ending === "redo") return;
    if (outcome === "refused") event.ends -= 1;
    if (outcome !== "done") return;
    if (event.ended) this.fault(`${id} ended twice`);
    event.ended = { how: ending, at: ++this.#moment };
    const behind = event.group.events.slice(event.rank + 1);
    // Another client may have got the next event before this answer came.
    const isHandedOut = behind.some(({ deliveries }) => deliveries > 0);
    if (!isHandedOut && behind.some(isThere)) event.group.canGoSince = this.#moment;
  }

  get hasFaults(): boolean {
    return this.#faults.length > 0 || this.#tokenClaims.faults.length > 0;
  }

  fault(what: string): void {
    this.#faults.push(what);
  }

  totals(): GroupTotals {
    const events = [...this.#events.values()];
    const count = (is: (event: GroupEvent) => boolean) => events.filter(is).length;
    return {
      pushed: count(({ pushed }) => pushed === "done"),
      pushUnknown: count(({ pushed }) => pushed === "unknown"),
      acked: count(({ ended }) => ended?.how === "ack"),
      failed: count(({ ended }) => ended?.how === "final"),
      endUnknown: count(({ ended, ends }) => !ended && ends > 0),
      deliveries: events.reduce((sum, { deliveries }) => sum + deliveries, 0),
      turnsChecked: this.#turnsChecked,
    };
  }

  /** The queue has only failed events. Throws if an event is lost, or anything was wrong. */
  settle(failed: ReadonlySet<string>): GroupTotals {
    for (const event of this.#events.values()) {
      const { id, ended } = event;
      if (isThere(event)) this.fault(`${id} was lost`);
      if (ended?.how === "ack" && failed.has(id)) this.fault(`${id} was acknowledged, and failed`);
      if (ended?.how === "final" && !failed.has(id)) this.fault(`${id} failed, and is gone`);
      if (failed.has(id) && event.ends === 0) this.fault(`${id} failed without a word`);
    }
    this.check();
    return this.totals();
  }

  /** Throws if anything was wrong so far. */
  check(): void {
    // Those of claims come first: what was left when they ended the load counts as lost.
    const faults = [...this.#tokenClaims.faults, ...this.#faults];
    if (faults.length === 0) return;
    throw new Error(`${faults.length}: ${faults.slice(0, SHOWN_MAX).join(", ")}`);
  }

  /** No other group had two turns while the next event of this one could go. */
  #checkTurn(event: GroupEvent, attempt: number, pop: SentPop): void {
    const { group } = event;
    const turn = { group, sentAt: pop.at, at: ++this.#moment };
    this.#turns.push(turn);
    const since = group.canGoSince;
    // A pop whose answer was lost may have claimed it in between: then it has crashed.
    if (since === null || event.deliveries > 1 || attempt > 1) return;
    this.#turnsChecked += 1;
    const counts = new Map<Group, number>();
    for (let n = this.#turns.length - 2; n >= 0 && this.#turns[n]!.at > since; n--) {
      const other = this.#turns[n]!;
      if (other.sentAt < since || other.at > pop.at || other.group === group) continue;
      const count = (counts.get(other.group) ?? 0) + 1;
      counts.set(other.group, count);
      if (count === 2) this.fault(`${other.group.name} had two turns before ${event.id}`);
    }
  }

  #group(name: string): Group {
    let group = this.#groups.get(name);
    if (!group) {
      group = { name, events: [], holders: [], canGoSince: null };
      this.#groups.set(name, group);
    }
    return group;
  }
}

const tokenEndings = { ack: "ack", final: "ack", failure: "failure", redo: "redo" } as const;

/** Whether it is certainly in the queue, and has not failed for good. */
function isThere({ pushed, ends }: GroupEvent): boolean {
  return pushed === "done" && ends === 0;
}
