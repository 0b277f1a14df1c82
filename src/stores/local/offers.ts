// How many ready events may be handed out, by groups and rates, and who is told.
import type { HeldBackBy } from "../../queue/queue-status.ts";
import { type Rate, rateOf } from "../../queue/rates.ts";
import { GROUP_ENDED } from "../../queue/store.ts";
import type { Group } from "./group.ts";
import { LocalEvents } from "./local-events.ts";
import type { LocalEvent, LocalQueue } from "./local-queue.ts";

type LocalGroup = Group<LocalEvent>;

export class Offers extends LocalEvents {
  /** An event that was ready stays so: nothing is told of it. */
  protected isSilent = false;
  /** Queues of which a group may have nothing any more. */
  protected readonly emptied = new Set<LocalQueue>();
  #becameReady = new Map<string, number>();

  /** How many events became ready since the last call, by queue. */
  takeBecameReady(): Map<string, number> {
    const taken = this.#becameReady;
    if (taken.size > 0) this.#becameReady = new Map();
    return taken;
  }

  /** Also where no more may be claimed: a pop without a claim may have them. */
  protected noteReady(queue: LocalQueue, count: number): void {
    if (count === 0 || this.isPaused(queue.pauses?.out)) return;
    this.#becameReady.set(queue.name, (this.#becameReady.get(queue.name) ?? 0) + count);
  }

  /** A group ended whose queue that is. */
  noteGroupEnded(queue: string): void {
    this.#becameReady.set(queue, GROUP_ENDED);
  }

  /** All its ready events that may be handed out may be so from now on: a pause has ended. */
  noteAllReady(queue: LocalQueue): void {
    this.noteReady(queue, this.offeredNow(queue));
  }

  /** Events may be handed out that no pop has come to. */
  noteNextReady(queue: LocalQueue): void {
    this.noteReady(queue, Math.min(1, this.offeredNow(queue)));
  }

  /** So many more may be handed out: a setting has changed. */
  noteMore(queue: LocalQueue, count: number): void {
    if (count > 0) this.noteReady(queue, count);
  }

  /** Whether more counts than which events are ready. */
  isTurning(queue: LocalQueue): boolean {
    const { groups, handedOut } = queue;
    return groups !== null || handedOut !== null || this.settingsOf(queue).rate !== null;
  }

  /** How many events may be handed out now. That much has been told. */
  offeredNow(queue: LocalQueue): number {
    if (!this.isTurning(queue)) return queue.ready;
    this.look(queue);
    this.noteDue(queue);
    return queue.offered;
  }

  /** Tells how many more events may be handed out than were before. */
  offer(queue: LocalQueue): void {
    const before = queue.isOffering ? queue.offered : 0;
    this.look(queue);
    const more = queue.offered - before - Number(this.isSilent);
    if (more > 0) this.noteReady(queue, more);
  }

  protected look(queue: LocalQueue): void {
    const { line, ranked, groups, handedOut } = queue;
    const { rate } = this.settingsOf(queue);
    const { nowMs } = this;
    const ready = line.length + (ranked?.length ?? 0) + (groups?.offered ?? 0);
    let room = rate === null ? Infinity : rate.count;
    queue.rateDueMs = Infinity;
    if (handedOut !== null) {
      const endsAtMs = handedOut.endsAtMs(nowMs, rate);
      if (endsAtMs > 0) {
        room = handedOut.roomAt(nowMs, rate!);
        queue.rateDueMs = ready > room ? handedOut.nextAtMs(nowMs, rate!) : endsAtMs;
      } else {
        queue.handedOut = null;
        this.noteIfUnused(queue);
      }
    }
    queue.isOffering = true;
    queue.offered = Math.min(ready, room);
  }

  /** Looks again what a group offers, and tells it. */
  protected regroup(queue: LocalQueue, group: LocalGroup): void {
    const { own, line } = group;
    const { nowMs } = this;
    const rate = this.rateOf(queue, group);
    let room = rate === null ? Infinity : rate.count;
    let dueMs = own.pausedUntilMs > 0 ? own.pausedUntilMs : Infinity;
    if (group.handedOut !== null) {
      const endsAtMs = group.handedOut.endsAtMs(nowMs, rate);
      if (endsAtMs === 0) group.handedOut = null;
      else {
        room = group.handedOut.roomAt(nowMs, rate!);
        const isShort = line.length > room;
        dueMs = Math.min(dueMs, isShort ? group.handedOut.nextAtMs(nowMs, rate!) : endsAtMs);
      }
    }
    const most = Math.min(line.length, this.#slotsOf(queue, group), room);
    const offered = own.pausedUntilMs > nowMs ? 0 : Math.max(0, most);
    queue.groups!.offer(group, offered, dueMs);
    if (!group.isEmpty) return;
    queue.groups!.emptied.add(group);
    this.emptied.add(queue);
  }

  #slotsOf(queue: LocalQueue, group: LocalGroup): number {
    const limit = this.limitOf(queue, group);
    if (limit === null) return Infinity;
    return limit === 1 && group.held > 0 ? 0 : limit - group.claimed;
  }

  limitOf(queue: LocalQueue, group: LocalGroup | undefined): number | null {
    const own = group?.own.limit ?? null;
    return own === null ? this.settingsOf(queue).groupLimit : Number(own) || null;
  }

  rateOf(queue: LocalQueue, group: LocalGroup | undefined): Rate | null {
    const own = group?.own.rate ?? null;
    return own === null ? this.settingsOf(queue).groupRate : rateOf(own);
  }

  /** Why none of its events may be handed out; null if they may. */
  #heldBack(queue: LocalQueue, group: LocalGroup): HeldBackBy | null {
    if (group.own.pausedUntilMs > this.nowMs) return "group-paused";
    if (this.#slotsOf(queue, group) <= 0) return "group-limit";
    const rate = this.rateOf(queue, group);
    const counts = rate === null ? null : group.handedOut;
    return counts !== null && counts.roomAt(this.nowMs, rate!) === 0 ? "group-rate" : null;
  }

  /** Why a queue hands out nothing, or not that ready event. */
  heldBackBy(queue: LocalQueue, event: LocalEvent | null): HeldBackBy | null {
    const { claimedMax } = this.settingsOf(queue);
    if (this.isPaused(queue.pauses?.out)) return "paused";
    if (claimedMax !== null && queue.claimed.length >= claimedMax) return "max-claimed";
    if (!this.hasRoom(queue)) return "rate";
    const { groups } = queue;
    if (groups === null) return null;
    if (event !== null) {
      const name = event.more?.group ?? null;
      return name === null ? null : this.#heldBack(queue, groups.get(name)!);
    }
    if (groups.ready < queue.ready || groups.next !== undefined) return null;
    for (const group of groups) if (group.line.length > 0) return this.#heldBack(queue, group);
    return null;
  }

  /** Whether the rate of the queue lets an event through. */
  hasRoom(queue: LocalQueue): boolean {
    const { rate } = this.settingsOf(queue);
    const { handedOut } = queue;
    return rate === null || handedOut === null || handedOut.roomAt(this.nowMs, rate) > 0;
  }

  override isHandingOut(queue: LocalQueue): boolean {
    return super.isHandingOut(queue) && this.hasRoom(queue);
  }
}
