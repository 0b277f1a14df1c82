// The events of the local store as plain data in memory, and their transitions. With a journal each
// change is recorded, so that the journal can write it and the model undo it.
import type { Report, Reported, ReportFacts } from "../../queue/report.ts";
import { toBytes } from "./bytes.ts";
import type { Mark } from "./changes.ts";
import { countedText, Counter, msOf } from "./counter.ts";
import {
  keysOf,
  type LocalQueue,
  expiryOf,
  type LocalEvent,
  type Position,
} from "./local-queue.ts";
import type { Line } from "./line.ts";
import { isOfEvent, isTakenIn, keyIn, Keys } from "./keys.ts";
import { type More, moreWith } from "./more.ts";
import { withRank } from "./ranks.ts";
import { TimeLine } from "./time-line.ts";
import { Turns } from "./turns.ts";
import { CLAIMED, DELAYED, GONE, LEFT_END, rankOf, READY, type StateNumber } from "./states.ts";

type ClaimPosition = Pick<Position, "atMs" | "place" | "lease" | "token" | "claimant">;

export class Model extends Turns {
  /** What the observer is to be told of an operation; null while nobody listens. */
  reports: Report[] | null = null;
  /** From 0 to 1: spreads the times of next attempts. */
  random = Math.random;
  /** In a transaction, whose pushes are judged: none is refused. */
  isJudged = false;
  /** How far the list operations of a transaction may still go; null outside of one. */
  reachLeft: number | null = null;
  readonly #counter = new Counter();
  readonly #gapped = new Set<Line<LocalEvent>>();
  /** The last number given to an event or a place; unused when a journal gives the numbers. */
  #lastNumber = 0;
  #lastClaim = 0;

  /** Moves an event into the state `to.state`, which may be the one that it has. */
  move(event: LocalEvent, to: Partial<Position>, isTold = event.state !== READY): void {
    if (event.isCold) this.warm(event);
    const { queue: before, state } = event;
    const queue = to.queue ?? before;
    if (state === GONE || queue !== before) this.noteEntry(event, queue);
    this.changes?.touch(event, queue);
    const isWaiting = to.state === READY || to.state === DELAYED;
    const ranked = withRank(event, to, this);
    const isReady = to.state === READY;
    const mayTell = isReady && (isTold || queue !== before);
    this.isSilent = isReady && !mayTell && state === GONE;
    this.#transit(
      event,
      isWaiting ? this.#withExpiry(event, this.#withKey(event, ranked)) : ranked,
    );
    if (mayTell && !this.isTurning(queue)) this.noteReady(queue, 1);
    this.isSilent = false;
    if (state === CLAIMED && event.state !== CLAIMED) this.#noteClaimEnded(before, event);
  }

  /** A new event without rare facts is ready at that place; the plain case of move(). */
  push(event: LocalEvent, place: number): void {
    const { queue } = event;
    if (this.settingsOf(queue).ttlMs !== null) return this.move(event, { state: READY, place });
    this.noteEntry(event, queue);
    this.changes?.touch(event, queue);
    this.#leave(event);
    event.state = READY;
    event.place = place;
    this.#enter(event);
    if (!this.isTurning(queue)) this.noteReady(queue, 1);
  }

  /** Claims an event that is in memory, and keeps its rare facts; the plain case of move(). */
  claim(event: LocalEvent, { atMs, place, lease, token, claimant }: ClaimPosition): void {
    this.changes?.touch(event, event.queue);
    this.#leave(event);
    event.state = CLAIMED;
    event.atMs = atMs;
    event.place = place;
    event.lease = lease;
    event.token = token;
    event.claimant = claimant;
    this.#enter(event);
  }

  /** The event is gone. */
  drop(event: LocalEvent): void {
    if (event.isCold) this.warm(event);
    const { queue, state } = event;
    this.noteLeaving(event);
    this.changes?.touch(event, queue);
    this.#leave(event);
    event.state = GONE;
    this.#enter(event);
    if (state === CLAIMED) this.#noteClaimEnded(queue, event);
  }

  /** Gives an event other contents. Call it after a move. */
  setContents(event: LocalEvent, contents: string | Buffer): void {
    const { contents: before, queue } = event;
    const set = (value: string | Buffer | null) => {
      const { contentBytes } = event;
      event.contents = value;
      queue.contentBytes += event.contentBytes - contentBytes;
      this.usage.contentBytes += event.contentBytes - contentBytes;
    };
    this.changes?.noteContents(event, () => set(before));
    set(contents);
  }

  /** Notes anew when an event that waits expires: the TTL of its queue has changed. */
  noteExpiry(event: LocalEvent): void {
    if (event.isCold) this.warm(event);
    this.changes?.touch(event, event.queue);
    this.#transit(event, this.#withExpiry(event, { state: event.state }));
  }

  /** The place of an event that enters at the left end now. */
  leftPlace(): number {
    return LEFT_END - this.number();
  }

  /** A number that no other event or place has. As a place it is the right end. */
  number(): number {
    return this.changes === null ? ++this.#lastNumber : this.changes.next();
  }

  claimNumber(): number {
    return ++this.#lastClaim;
  }

  nextToken(): number {
    return this.#counted(this.#counter.nextToken(this.nowMs));
  }

  /** An id that this store has not made before. So many before it are left out. */
  nextId(leftOut: number): string {
    return countedText(this.nextIdNumber(leftOut));
  }

  /** The number of such an id. */
  nextIdNumber(leftOut: number): number {
    return this.#counted(this.#counter.nextId(this.nowMs, leftOut));
  }

  #counted(number: number): number {
    const { changes } = this;
    if (changes) changes.countedMs = Math.max(changes.countedMs, msOf(number));
    return number;
  }

  /** At start: tokens and made ids so far had at most that time. */
  countAfter(ms: number): void {
    this.#counter.startAfter(ms);
  }

  readonly #transit = (event: LocalEvent, to: Partial<Position>): void => {
    this.#leave(event);
    const { queue: before, more: moreBefore } = event;
    if (to.more !== undefined && to.more !== event.more) {
      const { otherBytes } = event;
      event.more = to.more;
      event.hasNewMore = true;
      before.otherBytes += event.otherBytes - otherBytes;
      this.usage.addOtherBytes(event.otherBytes - otherBytes);
    }
    if (to.queue !== undefined && to.queue !== before) {
      before.drop(event);
      event.queue = to.queue;
      event.queue.index(event);
      this.#noteGroup(moreBefore, before);
      if (this.isTurning(before)) this.offer(before);
      this.noteDue(before);
      this.noteIfUnused(before);
    }
    const endedClaim = to.state === CLAIMED ? 0 : event.claim;
    event.state = to.state ?? event.state;
    event.atMs = to.atMs ?? event.atMs;
    event.place = to.place ?? event.place;
    event.lease = to.lease ?? (endedClaim || event.lease);
    if (event.state !== CLAIMED) {
      event.token = 0;
      event.claimant = null;
    } else if (to.token !== undefined) {
      event.token = to.token;
      event.claimant = to.claimant!;
    }
    if (to.pushedAtMs !== undefined && to.pushedAtMs !== event.pushedAtMs) {
      event.pushedAtMs = to.pushedAtMs;
      event.hasNewMore = true;
    }
    // An undone push takes the group along.
    if (event.more === null) this.#noteGroup(moreBefore, before);
    this.#enter(event);
  };

  #enter(event: LocalEvent): void {
    const { queue, state, atMs, place } = event;
    this.usage.addToState(state, 1);
    if (state === READY) this.addToLine(event);
    else if (state === CLAIMED) queue.claimed.add(atMs, rankOf(state, place), event);
    else if (state !== GONE) queue.timed(state).add(atMs, rankOf(state, place), event);
    else {
      queue.drop(event);
      this.usage.removeWarm(event);
      this.noteIfUnused(queue);
    }
    if (event.more !== null) {
      this.#noteFacts(event, 1);
      this.#noteGroup(event.more, queue);
    }
    if (this.isTurning(queue)) this.offer(queue);
    else if (queue.isOffering) queue.isOffering = false;
    this.noteEntered(event);
    this.noteDue(queue);
  }

  /** The events of the group in these rare facts have changed in that queue. */
  #noteGroup(more: More | null, queue: LocalQueue): void {
    if (more === null || more.group === null) return;
    const group = queue.groups?.get(more.group);
    if (group) this.regroup(queue, group);
  }

  /** Afterwards the event is in its queue, but in no state. */
  #leave(event: LocalEvent): void {
    const { queue, state, atMs, place } = event;
    this.usage.addToState(state, -1);
    if (state === READY) {
      const line = this.removeFromLine(event);
      if (line.hasManyGaps) this.#gapped.add(line);
    } else if (state === CLAIMED) queue.claimed.remove(atMs, rankOf(state, place));
    else if (state !== GONE) queue.timed(state).remove(atMs, rankOf(state, place));
    else {
      queue.index(event);
      this.usage.addWarm(event);
    }
    if (event.more !== null) this.#noteFacts(event, -1);
  }

  /** The rare facts of an event that comes (1) or goes (-1) matter to its queue. */
  #noteFacts(event: LocalEvent, sign: 1 | -1): void {
    const { queue, state, more, key } = event;
    if (state === DELAYED && event.attempt > 1) queue.retrying += sign;
    if (more!.group !== null) this.countInGroup(event, sign);
    const { unique } = more!;
    if (unique !== null && isTakenIn(state, unique)) {
      queue.keys ??= new Keys();
      if (sign === 1) queue.keys.add(keyIn(unique), event);
      else queue.keys.remove(keyIn(unique));
    }
    if (more!.expiresAtMs === 0 || (state !== READY && state !== DELAYED)) return;
    const { expiring } = queue;
    if (sign === 1) (queue.expiring ??= new TimeLine()).add(more!.expiresAtMs, key, event);
    else expiring!.remove(more!.expiresAtMs, key);
    this.usage.expiring += sign;
  }

  /** `to` without the unique key if another event has taken it. */
  #withKey(event: LocalEvent, to: Partial<Position>): Partial<Position> {
    const more = to.more === undefined ? event.more : to.more;
    if (more === null || more.unique === null) return to;
    const queue = to.queue ?? event.queue;
    if (!this.isKeyTaken(queue, more.unique, event)) return to;
    return { ...to, more: moreWith(more, { unique: null }) };
  }

  /** Whether another event has taken that key, as rare facts have it. */
  isKeyTaken(queue: LocalQueue, unique: string, event: LocalEvent): boolean {
    if (!isOfEvent(unique)) return false;
    const key = keyIn(unique);
    const ofWindow = this.windowOwner(queue, key);
    if (ofWindow !== null) return ofWindow !== event.id;
    const holder = this.holderOf(queue, key);
    return holder !== undefined && holder.id !== event.id;
  }

  /** `to` with the time when the event will expire. */
  #withExpiry(event: LocalEvent, to: Partial<Position>): Partial<Position> {
    const { ttlMs } = this.settingsOf(to.queue ?? event.queue);
    const more = to.more === undefined ? event.more : to.more;
    if (ttlMs === null && more === null) return to;
    const expiresAtMs = expiryOf(to.pushedAtMs ?? event.pushedAtMs, more, ttlMs);
    if (expiresAtMs === (more?.expiresAtMs ?? 0)) return to;
    return { ...to, more: moreWith(more, { expiresAtMs }) };
  }

  /** Removes all events of a queue. */
  clear(queue: LocalQueue): void {
    if (queue.size === 0 && !queue.hasMore) return;
    this.usage.addEventsOf(queue, -1);
    const { offered } = queue;
    const emptied = queue.clear();
    queue.offered = 0;
    const noted = () => {
      this.noteDue(queue);
      this.noteIfUnused(queue);
    };
    noted();
    const { changes } = this;
    if (!changes) return this.keepOwners(queue, emptied.groups);
    changes.retire({ number: emptied.number, keys: keysOf(emptied) }, () => {
      this.usage.groups -= queue.groups?.size ?? 0;
      queue.restore(emptied);
      queue.offered = offered;
      this.usage.addEventsOf(queue, 1);
      noted();
    });
    // The journal forgets its settings with its number.
    if (queue.isConfigured || queue.handedOut !== null) changes.numberOf(queue);
    this.keepOwners(queue, emptied.groups);
  }

  /** Call it before the first operation of a batch. */
  begin(nowMs: number): void {
    this.nowMs = nowMs;
    this.#counter.begin();
    this.sweepIfDue();
    if (this.#gapped.size === 0) return;
    for (const line of this.#gapped) line.closeGaps();
    this.#gapped.clear();
  }

  /** A claim fewer lets one event more out, where their number is limited. */
  #noteClaimEnded(queue: LocalQueue, event: LocalEvent): void {
    if (this.settingsOf(queue).claimedMax === null || event.state === READY) return;
    if (this.isHandingOut(queue)) this.noteNextReady(queue);
  }

  /** Something that no result tells. To be called while the event is in that queue. */
  report(kind: Reported, { queue, id }: LocalEvent, facts: ReportFacts): void {
    const [name, own] = [toBytes(queue.name), toBytes(id)];
    this.reports?.push({ kind, queue: name, id: own, atMs: this.nowMs, ...facts });
  }

  /** The changes are durable: what needs not be in memory any more leaves it. */
  committed(): void {
    this.changes?.committed(this.settle);
  }

  /** The changes are not durable: takes all of them back. */
  undo(): void {
    this.changes?.undo(this.#transit, this.settle);
    this.forgetSteps();
    this.sweepGroups(false);
    this.takeBecameReady();
  }

  /** For undoTo(). */
  mark(): Mark | null {
    return this.changes?.mark() ?? null;
  }

  /** Takes back the changes since then, if they are recorded. */
  undoTo(mark: Mark | null): void {
    if (mark) this.changes!.undoTo(mark, this.#transit);
  }

  /** At start: an event in memory that the journal has in that state. */
  restore(event: LocalEvent, state: StateNumber): void {
    event.isStored = true;
    this.#leave(event);
    event.state = state;
    this.#enter(event);
  }

  /** At start: new claims get numbers above this one. */
  numberClaimsAfter(last: number): void {
    this.#lastClaim = last;
  }
}
