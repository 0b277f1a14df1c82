// How many queues and events a model has, and about how much memory they take.
import type { LocalCounter } from "./counters.ts";
import { readyIn, type QueueEvents, type LocalEvent } from "./local-queue.ts";
import type { Slabs } from "./slabs.ts";
import { CLAIMED, COMPLETED, DELAYED, FAILED, READY } from "./states.ts";

/** Bytes of an event besides its contents and id: the object, its places in line and index. */
export const eventOverheadBytes = 440;
/** Bytes of a cold event: its places in line and index. */
const coldEventBytes = 70;
/** Bytes of an event that expires, besides. */
const expiringBytes = 40;
/** Bytes of a dedupe window. */
const windowBytes = 120;
/** Bytes of a group besides its events. */
const groupBytes = 900;
/** Bytes of a counter besides its key and its event, and of a member that it has counted. */
const counterBytes = 700;
const memberBytes = 24;
/** Bytes of a set besides its name, and of a member besides its text; measured with 1,000,000. */
const setBytes = 1500;
const setMemberBytes = 150;
/** Bytes of a queue besides its name and events, measured with 100,000 queues. */
const queueOverheadBytes = 1500;

export class Usage {
  queues = 0;
  /** Events in memory. */
  warm = 0;
  /** Events that only the journal or a slab has. */
  cold = 0;
  expiring = 0;
  windows = 0;
  groups = 0;
  /** Members that counters have counted. */
  members = 0;
  #counterBytes = 0;
  #setBytes = 0;
  /** Contents of the events in memory. */
  contentBytes = 0;
  /** Contents in slabs. */
  slabContentBytes = 0;
  /** Slabs, with the contents in them. */
  #slabBytes = 0;
  /** By state, in memory or not. */
  readonly #counts = [0, 0, 0, 0, 0, 0, 0];
  #otherBytes = 0;
  #nameBytes = 0;
  /** Of the settings and pauses of queues, and of streams. */
  settingBytes = 0;
  historyBytes = 0;

  /** How many events are in that state. */
  count(state: number): number {
    return this.#counts[state]!;
  }

  /** About how much memory events and queues take. */
  get heldBytes(): number {
    const events = this.warm * eventOverheadBytes + this.cold * coldEventBytes;
    const queues = this.queues * queueOverheadBytes + this.#nameBytes + this.settingBytes;
    const bytes = this.contentBytes + this.#otherBytes + this.expiring * expiringBytes;
    const others = this.windows * windowBytes + this.groups * groupBytes + this.#counted;
    return bytes + this.#slabBytes + this.#setBytes + this.historyBytes + events + queues + others;
  }

  get #counted(): number {
    return this.#counterBytes + this.members * memberBytes;
  }

  /** Adds a counter with its members, or with -1 takes it off. */
  addCounter({ key, event, members }: LocalCounter, sign: 1 | -1): void {
    // Without the contents, which a journal keeps.
    const bytes = counterBytes + key.length + (event === null ? 0 : event.text.length);
    this.#counterBytes += sign * bytes;
    this.members += sign * members.size;
  }

  /** Adds a set without its members, or with -1 takes it off. */
  addSet(name: string, sign: 1 | -1): void {
    this.#setBytes += sign * (setBytes + name.length);
  }

  addSetMember(member: string, sign: 1 | -1): void {
    this.#setBytes += sign * (setMemberBytes + member.length);
  }

  addQueue(name: string): void {
    this.queues++;
    this.#nameBytes += name.length;
  }

  removeQueue(name: string): void {
    this.queues--;
    this.#nameBytes -= name.length;
  }

  addToState(state: number, count: number): void {
    this.#counts[state]! += count;
  }

  addWarm(event: LocalEvent): void {
    this.warm++;
    this.contentBytes += event.contentBytes;
    this.#otherBytes += event.otherBytes;
  }

  removeWarm(event: LocalEvent): void {
    this.warm--;
    this.contentBytes -= event.contentBytes;
    this.#otherBytes -= event.otherBytes;
  }

  addOtherBytes(bytes: number): void {
    this.#otherBytes += bytes;
  }

  /** Adds slabs, or with -1 takes them off. */
  addSlabs(slabs: Slabs, sign: 1 | -1): void {
    this.#slabBytes += sign * slabs.bytes;
    this.slabContentBytes += sign * slabs.contentBytes;
  }

  /** Adds all events of a queue, or with -1 takes them off. */
  addEventsOf(queue: QueueEvents, sign: 1 | -1): void {
    this.warm += sign * queue.events.size;
    this.cold += sign * (queue.cold?.size ?? 0);
    this.expiring += sign * (queue.expiring?.length ?? 0);
    this.groups += sign * (queue.groups?.size ?? 0);
    this.windows += sign * (queue.windows?.size ?? 0);
    this.windows += sign * (queue.keyWindows?.size ?? 0);
    if (queue.slabs !== null) this.addSlabs(queue.slabs, sign);
    this.settingBytes += sign * (queue.stream?.bytes ?? 0);
    this.contentBytes += sign * queue.contentBytes;
    this.#otherBytes += sign * queue.otherBytes;
    this.addToState(READY, sign * readyIn(queue));
    this.addToState(CLAIMED, sign * queue.claimed.length);
    this.addToState(DELAYED, sign * (queue.delayed?.length ?? 0));
    this.addToState(FAILED, sign * (queue.failed?.length ?? 0));
    this.addToState(COMPLETED, sign * (queue.completed?.length ?? 0));
  }
}
