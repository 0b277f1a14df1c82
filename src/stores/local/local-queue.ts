// One queue of the local store: its events by id, and by state.
import type { GivenSettings, QueueSettings } from "../../queue/settings.ts";
import type { ColdIndex } from "./cold-index.ts";
import { HashIndex, hashOf } from "./hash-index.ts";
import { Line } from "./line.ts";
import { COMPLETED, DELAYED, FAILED, type LocalEvent } from "./local-event.ts";
import { TimeLine } from "./time-line.ts";

/** An event in memory, or the key of a cold one. */
export type EventOrKey = LocalEvent | number;

/** The pauses of a queue: when each ends, Infinity for never. */
export interface Pauses {
  in: number | null;
  out: number | null;
  /** By worker. Pops of these workers only. */
  readonly workers: ReadonlyMap<string, number>;
}

export const NO_SETTINGS: GivenSettings = new Map();

/** Everything that a flush removes. */
export interface QueueEvents {
  /** The events in memory by id. */
  events: HashIndex<LocalEvent>;
  /** The cold events by the hash of their id; null when there are none. */
  cold: ColdIndex | null;
  /** The cold ready events whose place does not follow from their key, by the hash of it. */
  moved: ColdIndex | null;
  line: Line;
  /** By the end of their leases; always in memory. */
  claimed: TimeLine<LocalEvent>;
  /** By due time. Like the next ones null until it is needed. */
  delayed: TimeLine<EventOrKey> | null;
  /** By the time since when they are in that state. */
  failed: TimeLine<EventOrKey> | null;
  completed: TimeLine<EventOrKey> | null;
  /** The ready and delayed events that expire, by that time and by their keys. */
  expiring: TimeLine<EventOrKey> | null;
  contentBytes: number;
  /** Of the events in memory, as contentBytes: their ids and rare facts. */
  otherBytes: number;
  /** Its number in the journal, 0 when it has none. */
  number: number;
}

function noEvents(): QueueEvents {
  return {
    events: new HashIndex<LocalEvent>(idOf),
    cold: null,
    moved: null,
    line: new Line(),
    claimed: new TimeLine<LocalEvent>(),
    delayed: null,
    failed: null,
    completed: null,
    expiring: null,
    contentBytes: 0,
    otherBytes: 0,
    number: 0,
  };
}

export interface LocalQueue extends QueueEvents {}

// oxlint-disable-next-line no-unsafe-declaration-merging -- the fields come from noEvents()
export class LocalQueue {
  consumers = 0;
  /** Its own settings. */
  given: GivenSettings = NO_SETTINGS;
  /** null: none. */
  pauses: Pauses | null = null;
  /** What holds for it, as of that version of the settings; see Model.settingsOf. */
  settings: QueueSettings | null = null;
  settingsVersion = -1;
  /** When something is due in it, at the earliest; Infinity for never. */
  dueMs = Infinity;
  /** Its index among the queues in which something will be due; -1 when it is not there. */
  heapAt = -1;

  constructor(readonly name: string) {
    Object.assign(this, noEvents());
  }

  /** How many events it has in all states. */
  get size(): number {
    return this.events.size + (this.cold === null ? 0 : this.cold.size);
  }

  /** Events that wait: ready and delayed. */
  get waiting(): number {
    return this.line.length + (this.delayed === null ? 0 : this.delayed.length);
  }

  /** Whether it is kept without events and consumers. */
  get isConfigured(): boolean {
    return this.given.size > 0 || this.pauses !== null;
  }

  /** To clients it does not exist. */
  get isUnused(): boolean {
    return this.size === 0 && this.consumers === 0 && !this.isConfigured;
  }

  /** The event of that id if it is in memory. */
  get(id: string): LocalEvent | undefined {
    return this.events.get(id, hashOf(id));
  }

  /** The caller has made sure that the id is not there. */
  index(event: LocalEvent): void {
    this.events.add(event);
    this.contentBytes += event.contentBytes;
    this.otherBytes += event.otherBytes;
  }

  /** Forgets an event that is in no state any more. */
  drop(event: LocalEvent): void {
    this.events.remove(event);
    this.contentBytes -= event.contentBytes;
    this.otherBytes -= event.otherBytes;
  }

  /** The events of a state that is neither ready nor claimed. */
  timed(state: typeof DELAYED | typeof FAILED | typeof COMPLETED): TimeLine<EventOrKey> {
    if (state === DELAYED) return (this.delayed ??= new TimeLine());
    if (state === FAILED) return (this.failed ??= new TimeLine());
    return (this.completed ??= new TimeLine());
  }

  /** Empties the queue, and returns everything that was in it. */
  clear(): QueueEvents {
    const emptied = noEvents();
    for (const name of Object.keys(emptied) as (keyof QueueEvents)[]) {
      Object.assign(emptied, { [name]: this[name] });
    }
    Object.assign(this, noEvents());
    return emptied;
  }

  /** Undoes clear(). */
  restore(emptied: QueueEvents): void {
    Object.assign(this, emptied);
  }
}

function idOf(event: LocalEvent): string {
  return event.id;
}

/** The keys of all these events, one at a time: there may be millions. */
export function* keysOf({ events, cold }: QueueEvents): Generator<number> {
  for (const { key } of events) yield key;
  if (cold !== null) yield* cold.keys();
}

export function isQueueDueBefore(a: LocalQueue, b: LocalQueue): boolean {
  return a.dueMs < b.dueMs;
}
