// Whose turn it is: the lines of a queue, and its groups.
import { OWN_GROUPS_MAX } from "../../queue/groups.ts";
import type { Rate } from "../../queue/rates.ts";
import type { Changes } from "./changes.ts";
import { decodeGroup, Group, NOTHING_OWN, type OwnSettings } from "./group.ts";
import { Groups } from "./groups.ts";
import { HandedOut } from "./handed-out.ts";
import type { Line } from "./line.ts";
import type { LocalEvent, LocalQueue } from "./local-queue.ts";
import { Offers } from "./offers.ts";
import { RankedLines } from "./ranked-lines.ts";
import { CLAIMED, DELAYED, READY } from "./states.ts";

type LocalGroup = Group<LocalEvent>;

/** A pop passes over so many groups that cannot go any more. Whoever waits goes on at once. */
const passedAtOnce = 1000;

export class Turns extends Offers {
  #lastTurn = 0;

  /** The line whose turn it is; undefined if nothing may go. Its length is greater than 0. */
  nextLine(queue: LocalQueue): Line<LocalEvent> | undefined {
    const { groups, otherLine } = queue;
    if (groups === null) return otherLine;
    for (let passed = 0; passed < passedAtOnce; passed++) {
      const { next } = groups;
      if (otherLine && (next === undefined || groups.otherTurn < next.turn)) return otherLine;
      if (next === undefined) return undefined;
      // Its limit or rate may have changed.
      this.regroup(queue, next);
      this.noteDue(queue);
      if (next.offered > 0) return next.line;
    }
    this.noteNextReady(queue);
    return undefined;
  }

  /** The event whose turn it is; reads it into memory if it is cold. Throws a JournalError. */
  next(queue: LocalQueue): LocalEvent | undefined {
    const line = this.nextLine(queue);
    return line && this.nextIn(queue, line);
  }

  /** The event is handed out: that counts, and is a turn. */
  handOut({ queue, more }: LocalEvent): void {
    const { nowMs, changes } = this;
    const { rate } = this.settingsOf(queue);
    if (rate !== null) {
      (queue.handedOut ??= new HandedOut(true)).add(nowMs, rate);
      changes?.counted(queue, () => this.#uncount(queue, nowMs, rate));
    }
    const { groups } = queue;
    if (groups === null) return;
    const turn = ++this.#lastTurn;
    if (more === null || more.group === null) {
      const { otherTurn } = groups;
      groups.otherTurn = turn;
      changes?.hadTurn(queue, null, () => (groups.otherTurn = otherTurn));
      return;
    }
    const { group: name } = more;
    const group = groups.get(name)!;
    const { turn: turnBefore } = group;
    groups.setTurn(group, turn);
    changes?.hadTurn(queue, name, () => {
      const again = queue.groups?.get(name);
      if (again) queue.groups!.setTurn(again, turnBefore);
    });
    const groupRate = this.rateOf(queue, group);
    if (groupRate === null) return;
    (group.handedOut ??= new HandedOut(false)).add(nowMs, groupRate);
    changes?.grouped(queue, name, () => this.#uncountOf(queue, name, nowMs, groupRate));
  }

  /** The event was handed out then, and that is undone. */
  takeBack(queue: LocalQueue, name: string | null, atMs: number): void {
    const { nowMs, changes } = this;
    const { rate } = this.settingsOf(queue);
    if (rate !== null && this.#uncount(queue, atMs, rate)) {
      changes?.counted(queue, () => (queue.handedOut ??= new HandedOut(true)).add(nowMs, rate));
    }
    const group = name === null ? undefined : queue.groups?.get(name);
    const groupRate = this.rateOf(queue, group);
    if (!group || groupRate === null || !this.#uncountOf(queue, name!, atMs, groupRate)) return;
    changes?.grouped(queue, name!, () =>
      (this.openGroup(queue, name!).handedOut ??= new HandedOut(false)).add(nowMs, groupRate),
    );
  }

  #uncount(queue: LocalQueue, atMs: number, rate: Rate): boolean {
    const wasCounted = queue.handedOut?.takeBack(atMs, rate) ?? false;
    this.offer(queue);
    this.noteDue(queue);
    return wasCounted;
  }

  #uncountOf(queue: LocalQueue, name: string, atMs: number, rate: Rate): boolean {
    const group = queue.groups?.get(name);
    if (!group) return false;
    const wasCounted = group.handedOut?.takeBack(atMs, rate) ?? false;
    this.lookAt(queue, group);
    return wasCounted;
  }

  /** Looks again what a group offers, and tells that. */
  lookAt(queue: LocalQueue, group: LocalGroup): void {
    this.regroup(queue, group);
    this.offer(queue);
    this.noteDue(queue);
  }

  /** The group of that name; creates it if needed. It is to get something at once. */
  openGroup(queue: LocalQueue, name: string): LocalGroup {
    if (queue.groups === null) {
      if (!queue.isOffering) this.look(queue);
      queue.groups = new Groups();
    }
    const { groups } = queue;
    let group = groups.get(name);
    if (group === undefined) {
      const number = ++this.#lastTurn;
      group = new Group(name, number, number);
      groups.add(group);
      this.usage.groups++;
      this.changes?.turns.push({ queue, group: name });
    }
    return group;
  }

  /** Forgets groups that have nothing any more. To be called after each operation. */
  sweepGroups(isRecorded = true): void {
    if (this.emptied.size === 0) return;
    for (const queue of this.emptied) this.#sweep(queue, isRecorded ? this.changes : null);
    this.emptied.clear();
  }

  #sweep(queue: LocalQueue, changes: Changes | null): void {
    const { groups } = queue;
    if (groups === null) return;
    for (const group of groups.emptied) {
      if (!group.isEmpty || groups.get(group.name) !== group) continue;
      groups.remove(group);
      this.usage.groups--;
      changes?.undoBy(() => this.#putBack(queue, groups, group));
      if (group.isWritten) changes?.grouped(queue, group.name, () => {});
    }
    groups.emptied.clear();
    if (groups.size === 0) {
      queue.groups = null;
      // The journal forgets its turns.
      changes?.turns.push({ queue, group: null });
    }
    this.noteDue(queue);
    this.noteIfUnused(queue);
  }

  /** Undoes that a group was forgotten. */
  #putBack(queue: LocalQueue, groups: Groups<LocalEvent>, group: LocalGroup): void {
    queue.groups ??= groups;
    const again = queue.groups.get(group.name);
    if (again && !again.isEmpty) return;
    if (again) queue.groups.remove(again);
    else this.usage.groups++;
    queue.groups.add(group);
    this.regroup(queue, group);
  }

  /** A ready event comes into its line. */
  protected addToLine(event: LocalEvent): void {
    const { queue, more } = event;
    if (more === null) queue.line.add(event);
    else this.openLine(queue, more.priority, more.group).add(event);
  }

  /** The line for a ready event that is to come into it at once: it is counted. */
  openLine(queue: LocalQueue, priority: number, group: string | null): Line<LocalEvent> {
    if (group !== null) {
      const { line } = this.openGroup(queue, group);
      queue.groups!.ready++;
      return line;
    }
    if (priority === 0) return queue.line;
    queue.ranked ??= new RankedLines();
    queue.ranked.length++;
    return queue.ranked.open(priority);
  }

  /** Returns the line that the ready event was in. */
  protected removeFromLine({ queue, more, place }: LocalEvent): Line<LocalEvent> {
    const { line, ranked, groups } = queue;
    if (more !== null && more.group !== null) {
      const { line: own } = groups!.get(more.group)!;
      own.remove(place);
      groups!.ready--;
      return own;
    }
    if (more !== null && more.priority !== 0) {
      const own = ranked!.remove(more.priority, place);
      if (ranked!.length === 0) queue.ranked = null;
      return own;
    }
    line.remove(place);
    return line;
  }

  /** An event of a group comes (1) or goes (-1), in a state in which it is in no line. */
  protected countInGroup({ queue, state, more, lease }: LocalEvent, sign: 1 | -1): void {
    if (state === READY || (state !== DELAYED && state !== CLAIMED)) return;
    const group = this.openGroup(queue, more!.group!);
    if (state === CLAIMED) group.claimed += sign;
    else {
      group.delayed += sign;
      if (lease > 0) group.held += sign;
    }
  }

  /** Gives a group these things of its own. False if too many groups have some. */
  setOwn(queue: LocalQueue, name: string, own: OwnSettings): boolean {
    const before = queue.groups?.get(name)?.own ?? NOTHING_OWN;
    const owners = queue.groups?.owners ?? 0;
    if (before === NOTHING_OWN && owners >= OWN_GROUPS_MAX) return false;
    const set = (value: OwnSettings) => {
      const group = this.openGroup(queue, name);
      const wasOwner = group.isOwner;
      group.own = hasNothing(value) ? NOTHING_OWN : value;
      queue.groups!.owners += Number(group.isOwner) - Number(wasOwner);
      this.lookAt(queue, group);
      this.noteIfUnused(queue);
    };
    this.changes?.grouped(queue, name, () => set(before));
    set(own);
    return true;
  }

  /** Something is due in a group: its pause ends, its rate lets more go or counts nothing more. */
  groupDue(queue: LocalQueue, group: LocalGroup): void {
    const { own } = group;
    const hasEnded = own.pausedUntilMs > 0 && own.pausedUntilMs <= this.nowMs;
    if (hasEnded) this.setOwn(queue, group.name, { ...own, pausedUntilMs: 0 });
    else this.lookAt(queue, group);
  }

  /** A flushed queue keeps what its groups had of their own. */
  protected keepOwners(queue: LocalQueue, groups: Groups<LocalEvent> | null): void {
    if (groups === null || groups.owners === 0) return;
    for (const { name, isOwner, own } of groups) if (isOwner) this.setOwn(queue, name, own);
  }

  /** At start: a cold delayed event of a group. */
  restoreDelayed(queue: LocalQueue, name: string, isHeld: boolean): void {
    const group = this.openGroup(queue, name);
    group.delayed++;
    if (isHeld) group.held++;
  }

  /** At start: what a group has beside its events. */
  restoreGroup(queue: LocalQueue, name: string, facts: string): void {
    const group = this.openGroup(queue, name);
    Object.assign(group, decodeGroup(facts));
    group.isWritten = true;
    if (group.isOwner) queue.groups!.owners++;
  }

  /** At start: these had their turns after all others; null: the events without a group. */
  restoreTurns({ groups }: LocalQueue, names: (string | null)[]): void {
    if (groups === null) return;
    for (const name of names) {
      const group = name === null ? null : groups.get(name);
      const turn = ++this.#lastTurn;
      if (group === null) groups.otherTurn = turn;
      else if (group) groups.setTurn(group, turn);
    }
  }

  /** At start: notes what all groups offer. */
  regroupAll(): void {
    for (const queue of this.all()) {
      for (const group of queue.groups ?? []) this.regroup(queue, group);
      if (this.isTurning(queue)) this.offer(queue);
    }
    this.sweepGroups(false);
  }
}

function hasNothing({ limit, rate, pausedUntilMs }: OwnSettings): boolean {
  return limit === null && rate === null && pausedUntilMs === 0;
}
