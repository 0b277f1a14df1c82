// The groups and rates of a queue of the reference store: what may be handed out, and whose turn it
// is.
import { OWN_GROUPS_MAX } from "../../../src/queue/groups.ts";
import type { HeldBackBy } from "../../../src/queue/queue-status.ts";
import { type Rate, rateOf } from "../../../src/queue/rates.ts";
import { compareKeys, keyOf, type ReferenceEvent } from "./reference-event.ts";
import type { ReferenceQueue, Shared } from "./reference-queue.ts";
import { HandedOut } from "./reference-rates.ts";

interface Group {
  name: string;
  /** Ascends with each group that comes into being. */
  number: number;
  turn: number;
  readonly own: Map<"limit" | "rate", string>;
  /** When its pause ends; 0: none. */
  pausedUntilMs: number;
  readonly handedOut: HandedOut;
}

export class ReferenceTurns {
  readonly #groups = new Map<string, Group>();
  readonly #handedOut = new HandedOut(true);
  /** The latest turn of the events without a group. */
  #turn = 0;
  /** How many events could be handed out when that was last told. */
  #told = 0;
  #wereTaken = false;
  /** When more may be handed out than now, or a group can be forgotten. */
  dueAtMs = Infinity;
  readonly #queue: ReferenceQueue;
  readonly #shared: Shared;

  constructor(queue: ReferenceQueue, shared: Shared) {
    this.#queue = queue;
    this.#shared = shared;
  }

  /** Whether it has groups or a rate. */
  get areTaken(): boolean {
    return this.#groups.size > 0 || this.#queue.given.rate !== null;
  }

  /** Whether there are groups, or a rate counts something. */
  get areCounting(): boolean {
    const { nowMs } = this.#shared;
    return this.#groups.size > 0 || this.#handedOut.endsAtMs(this.#queue.given.rate) > nowMs;
  }

  get #owners(): Group[] {
    return [...this.#groups.values()].filter(isOwner);
  }

  /** The event is about to be ready or delayed. */
  noteEntering(event: ReferenceEvent, isLater: boolean): void {
    if (event.group === null) return;
    if (!this.areTaken) this.#told = this.offered;
    this.#wereTaken = true;
    const group = this.#open(event.group);
    if (isLater) return;
    event.groupRank ??= this.#shared.number();
    event.groupNumber = group.number;
  }

  #open(name: string): Group {
    let group = this.#groups.get(name);
    if (group) return group;
    const number = this.#shared.number();
    const handedOut = new HandedOut(false);
    group = { name, number, turn: number, own: new Map(), pausedUntilMs: 0, handedOut };
    this.#groups.set(name, group);
    return group;
  }

  #limitOf({ own }: Group): number | null {
    const text = own.get("limit");
    return text === undefined ? this.#queue.given.groupLimit : Number(text) || null;
  }

  #rateOf({ own }: Group): Rate | null {
    const text = own.get("rate");
    return text === undefined ? this.#queue.given.groupRate : rateOf(text);
  }

  #isPaused(group: Group): boolean {
    return group.pausedUntilMs > this.#shared.nowMs;
  }

  /** Why none of its events can go; null if they can. */
  #heldBackBy(group: Group, events: ReferenceEvent[]): HeldBackBy | null {
    if (this.#isPaused(group)) return "group-paused";
    if (this.#slotsOf(group, events) <= 0) return "group-limit";
    const room = group.handedOut.roomAt(this.#shared.nowMs, this.#rateOf(group));
    return room > 0 ? null : "group-rate";
  }

  #slotsOf(group: Group, events: ReferenceEvent[]): number {
    const limit = this.#limitOf(group);
    if (limit === null) return Infinity;
    const isHeld = events.some(({ state, wasClaimed }) => state === "delayed" && wasClaimed);
    if (limit === 1 && isHeld) return 0;
    return limit - events.filter(({ state }) => state === "claimed").length;
  }

  /** How many of its events could be handed out one after the other. */
  #availableIn(group: Group, events: ReferenceEvent[]): number {
    if (this.#heldBackBy(group, events) !== null) return 0;
    const ready = events.filter(({ state }) => state === "ready").length;
    const room = group.handedOut.roomAt(this.#shared.nowMs, this.#rateOf(group));
    return Math.min(ready, this.#slotsOf(group, events), room);
  }

  /** The events of each group; null: those without one. */
  get #lines(): Map<string | null, ReferenceEvent[]> {
    const lines = new Map<string | null, ReferenceEvent[]>();
    for (const event of this.#queue.events.values()) {
      const line = lines.get(event.group);
      if (line) line.push(event);
      else lines.set(event.group, [event]);
    }
    return lines;
  }

  /** The lines that can go, in the order of their turns, with how many of their events. */
  get #goers(): { line: ReferenceEvent[]; available: number }[] {
    const goers = [];
    for (const [name, events] of this.#lines) {
      const line = events.filter(({ state }) => state === "ready");
      const group = name === null ? null : this.#groups.get(name);
      if (group === undefined) continue;
      const available = group === null ? line.length : this.#availableIn(group, events);
      if (available > 0) goers.push({ line, available, turn: group?.turn ?? this.#turn });
    }
    return goers.toSorted((a, b) => a.turn - b.turn);
  }

  get #available(): number {
    return this.#goers.reduce((sum, { available }) => sum + available, 0);
  }

  /** How many more the rate of the queue lets through now. */
  get room(): number {
    return this.#handedOut.roomAt(this.#shared.nowMs, this.#queue.given.rate);
  }

  /** How many events could be handed out now. */
  get offered(): number {
    return this.#queue.isPaused("out") ? 0 : Math.min(this.#available, this.room);
  }

  /** The event whose turn it is. */
  get next(): ReferenceEvent | undefined {
    return this.#goers[0]?.line.reduce((a, b) => (compareKeys(keyOf(a), keyOf(b)) < 0 ? a : b));
  }

  /** The events that may be handed out one after the other, as far as groups say. */
  get all(): ReferenceEvent[] {
    return this.#goers.flatMap(({ line }) => line);
  }

  /** It is handed out. */
  give({ group: name }: ReferenceEvent): void {
    const { nowMs } = this.#shared;
    this.#handedOut.add(nowMs, this.#queue.given.rate);
    if (this.#groups.size === 0) return;
    const turn = this.#shared.number();
    if (name === null) this.#turn = turn;
    else {
      const group = this.#open(name);
      group.turn = turn;
      group.handedOut.add(nowMs, this.#rateOf(group));
    }
  }

  /** It was handed out then, and that is undone. */
  takeBack({ group }: ReferenceEvent, atMs: number): void {
    this.#handedOut.takeBack(atMs, this.#queue.given.rate);
    const there = group === null ? undefined : this.#groups.get(group);
    if (there) there.handedOut.takeBack(atMs, this.#rateOf(there));
  }

  /** Why the queue hands out nothing, or not that ready event. */
  heldBackBy(event: ReferenceEvent | null): HeldBackBy | null {
    const { claimedMax } = this.#queue.given;
    if (this.#queue.isPaused("out")) return "paused";
    if (claimedMax !== null && this.#queue.count("claimed") >= claimedMax) return "max-claimed";
    if (this.room <= 0) return "rate";
    const ready = event ?? this.#queue.inState("ready")[0];
    if (!ready || (event === null && this.#available > 0) || ready.group === null) return null;
    return this.#heldBackBy(this.#groups.get(ready.group)!, this.#lines.get(ready.group)!);
  }

  /** False if too many groups have something of their own. */
  setOwn(name: string, values: ["limit" | "rate", string | null][]): boolean {
    return this.#change(name, ({ own }) => {
      for (const [key, value] of values) {
        if (value === null) own.delete(key);
        else own.set(key, value);
      }
    });
  }

  pause(name: string, untilMs: number): boolean {
    return this.#change(name, (group) => (group.pausedUntilMs = untilMs));
  }

  resume(name: string): void {
    const group = this.#groups.get(name);
    if (group) group.pausedUntilMs = 0;
  }

  #change(name: string, change: (group: Group) => void): boolean {
    const there = this.#groups.get(name);
    const isMore = !there || !isOwner(there);
    if (isMore && this.#owners.length >= OWN_GROUPS_MAX) return false;
    if (!this.areTaken) this.#told = this.offered;
    this.#wereTaken = true;
    change(this.#open(name));
    return true;
  }

  /** Keeps what groups have of their own. */
  flush(): void {
    const owners = this.#owners;
    this.#groups.clear();
    this.#turn = 0;
    for (const { name, own, pausedUntilMs } of owners) {
      Object.assign(this.#open(name), { own, pausedUntilMs });
    }
  }

  /** The pauses of groups that have ended, and what ends them. */
  endedPauses(): (() => void)[] {
    const { nowMs } = this.#shared;
    const ended = this.#owners.filter(
      ({ pausedUntilMs }) => pausedUntilMs > 0 && pausedUntilMs <= nowMs,
    );
    return ended.map((group) => () => (group.pausedUntilMs = 0));
  }

  /** To be called after each operation. */
  settle(): void {
    if (!this.areTaken && !this.#wereTaken) return;
    this.#forgetGroups();
    const { offered } = this;
    if (offered > this.#told) this.#shared.becameReady(this.#queue.name, offered - this.#told);
    this.#told = offered;
    this.#wereTaken = this.areTaken;
    this.#noteDue();
  }

  #forgetGroups(): void {
    if (this.#groups.size > 0) this.#forgetSome(this.#lines);
    if (this.#groups.size === 0) this.#turn = 0;
  }

  #forgetSome(lines: Map<string | null, ReferenceEvent[]>): void {
    for (const group of this.#groups.values()) {
      const isOver = ({ state }: ReferenceEvent) => state === "failed" || state === "completed";
      const endsAtMs = group.handedOut.endsAtMs(this.#rateOf(group));
      if (isOwner(group) || endsAtMs > this.#shared.nowMs) continue;
      if ((lines.get(group.name) ?? []).every(isOver)) this.#groups.delete(group.name);
    }
  }

  #noteDue(): void {
    const { nowMs } = this.#shared;
    const dues = [this.#handedOut.nextAtMs(nowMs, this.#queue.given.rate)];
    for (const group of this.#groups.values()) {
      dues.push(group.handedOut.nextAtMs(nowMs, this.#rateOf(group)));
      dues.push(group.pausedUntilMs || Infinity);
    }
    this.dueAtMs = Math.min(...dues);
  }

  factsOf(name: string) {
    const group = this.#groups.get(name) ?? {
      name,
      own: new Map<"limit" | "rate", string>(),
      pausedUntilMs: 0,
    };
    const events = [...this.#queue.events.values()].filter((event) => event.group === name);
    const count = (state: string) => events.filter((event) => event.state === state).length;
    const pushedAt = events.flatMap((event) => (event.state === "ready" ? event.pushedAtMs : []));
    return {
      group: Buffer.from(name, "latin1"),
      ready: count("ready"),
      delayed: count("delayed"),
      claimed: count("claimed"),
      oldestReadyAtMs: pushedAt.length > 0 ? Math.min(...pushedAt) : null,
      isPaused: group.pausedUntilMs > this.#shared.nowMs,
      limit: this.#limitOf(group as Group),
      rate: this.#rateOf(group as Group)?.text ?? "",
      nowMs: this.#shared.nowMs,
    };
  }

  /** In the order of their numbers. */
  get names(): string[] {
    return [...this.#groups.keys()];
  }
}

/** Whether it has something of its own. */
function isOwner({ own, pausedUntilMs }: Group): boolean {
  return own.size > 0 || pausedUntilMs > 0;
}
