// One queue of the local store and its events, by id and by state. Ids and short contents are
// latin1 strings: one character per byte, exact for any bytes, and a copy that pins no network
// chunk.
import type { GivenSettings, QueueSettings } from "../../queue/settings.ts";
import type { ColdIndex } from "./cold-index.ts";
import type { Counters } from "./counters.ts";
import type { Figures } from "./figures.ts";
import { HashIndex, hashOf } from "./hash-index.ts";
import type { Keys } from "./keys.ts";
import type { Groups } from "./groups.ts";
import type { LocalHistory } from "./history.ts";
import type { HandedOut } from "./handed-out.ts";
import { Line } from "./line.ts";
import type { RankedLines } from "./ranked-lines.ts";
import type { LocalCron } from "./local-cron.ts";
import type { More } from "./more.ts";
import type { Slabs } from "./slabs.ts";
import type { LocalStream } from "./stream.ts";
import { CLAIMED, COMPLETED, DELAYED, FAILED, GONE, type StateNumber } from "./states.ts";
import { type TimeAndRank, TimeLine } from "./time-line.ts";
import type { Windows } from "./windows.ts";

/** What a transition changes. */
export interface Position {
  queue: LocalQueue;
  state: StateNumber;
  /** delayed: when it is due; claimed: when the lease ends; failed, completed: since when. */
  atMs: number;
  place: number;
  pushedAtMs: number;
  /** How long its lease is, in ms. Unless it is claimed: the number of its latest claim, or 0. */
  lease: number;
  /** Of its claim; 0: none (see counter.ts). */
  token: number;
  /** Who has claimed it, if its claim has a token. */
  claimant: string | null;
  more: More | null;
}

export class LocalEvent implements Position {
  state: StateNumber = GONE;
  atMs = 0;
  place = 0;
  lease = 0;
  token = 0;
  claimant: string | null = null;
  more: More | null = null;
  readonly hash: number;
  /** Its number: ascends with every push, over all queues. */
  key = 0;
  pushedAtMs = 0;
  /** Whether the last commit left it in the journal. */
  isStored = false;
  /** It was read from the journal or a slab, and the model has only its key. */
  isCold = false;
  /** Its index among the events that the current batch has changed; -1 when it has not. */
  touchedAt = -1;
  /** Whether the current batch has changed its rare facts or the time of its push. */
  hasNewMore = false;
  hasNewContents = false;

  constructor(
    public queue: LocalQueue,
    readonly id: string,
    /** null when only the journal has them. */
    public contents: string | Buffer | null,
  ) {
    this.hash = hashOf(id);
  }

  /** How much of its contents is in memory. */
  get contentBytes(): number {
    return this.contents === null ? 0 : this.contents.length;
  }

  /** How much its id and its rare facts take. */
  get otherBytes(): number {
    return this.id.length + (this.more === null ? 0 : this.more.bytes);
  }

  /** The number of its claim; 0 when it is not claimed. */
  get claim(): number {
    return this.state === CLAIMED ? -this.place : 0;
  }

  /** 1 + failures + crashes. */
  get attempt(): number {
    return this.more === null ? 1 : 1 + this.more.failures + this.more.crashes;
  }

  /** Another text whenever the event has changed its state or was pushed anew. */
  get version(): string {
    return `${this.key}.${this.pushedAtMs}.${this.state}.${this.place}.${this.lease}`;
  }
}

/** When an event expires while it waits; 0: never. Without a TTL of its own its queue's counts. */
export function expiryOf(pushedAtMs: number, more: More | null, queueTtlMs: number | null): number {
  const ttlMs = more?.ttlMs ?? queueTtlMs;
  return ttlMs === null ? 0 : (more?.ttlFromMs ?? pushedAtMs) + ttlMs;
}

/** An event in memory, or the key of a cold one. */
export type EventOrKey = LocalEvent | number;

/** The pauses of a queue: when each ends, Infinity for never. */
export interface Pauses {
  in: number | null;
  out: number | null;
  /** By worker. Pops of these workers only. */
  readonly workers: ReadonlyMap<string, number>;
}

/** What is still to be done with the events of a queue after its settings have changed. */
export interface Review {
  /** There may be too many. */
  hasSurplus: boolean;
  /** Up to where it is noted when they expire; null: for all. */
  expiries: ReviewedTo | null;
  /** The number of the latest group of which it is noted what it offers; null: of all. */
  groups: number | null;
}

/** How far the queues were looked at after settings of all of them have changed: see review.ts. */
export interface Survey {
  /** The name of the latest one; null: none yet. */
  after: string | null;
  settings: ReadonlySet<string>;
}

export interface ReviewedTo {
  /** Where the ready events are done: see ready-page.ts. */
  ready: string | null;
  /** null: not all ready events are done. */
  delayed: { after: TimeAndRank | null } | null;
}

export const NO_SETTINGS: GivenSettings = new Map();

/** Everything that a flush removes. */
export class QueueEvents {
  /** The events in memory by id. */
  events = new HashIndex<LocalEvent>(idOf);
  /** The cold events by the hash of their id; null when there are none. */
  cold: ColdIndex | null = null;
  /** The cold ready events whose place does not follow from their key, by the hash of it. */
  moved: ColdIndex | null = null;
  /** The cold events themselves, if there is no journal; null when there are none. */
  slabs: Slabs | null = null;
  /** The ready events without a group that have priority 0. */
  line = new Line<LocalEvent>();
  /** Those of other priorities; null when there are none. */
  ranked: RankedLines<LocalEvent> | null = null;
  /** null when there are none. */
  groups: Groups<LocalEvent> | null = null;
  /** By the end of their leases; always in memory. */
  claimed = new TimeLine<LocalEvent>();
  /** By due time. Like the next ones null until it is needed. */
  delayed: TimeLine<EventOrKey> | null = null;
  /** By the time since when they are in that state. */
  failed: TimeLine<EventOrKey> | null = null;
  completed: TimeLine<EventOrKey> | null = null;
  /** How many delayed events have failed or crashed. */
  retrying = 0;
  /** The ready and delayed events that expire, by that time and by their keys. */
  expiring: TimeLine<EventOrKey> | null = null;
  /** The unique keys that events have taken; null until there is one. */
  keys: Keys<LocalEvent> | null = null;
  /** null when there are none. */
  windows: Windows | null = null;
  /** Of unique keys that are taken for some time; null when there are none. */
  keyWindows: Windows | null = null;
  /** null: it is no stream. */
  stream: LocalStream | null = null;
  /** Whether it is a list, if it has events. */
  isList = false;
  contentBytes = 0;
  /** Of the events in memory, as contentBytes: their ids and rare facts. */
  otherBytes = 0;
  /** Its number in the journal, 0 when it has none. */
  number = 0;
}

const eventFields = Object.keys(new QueueEvents()) as (keyof QueueEvents)[];

export class LocalQueue extends QueueEvents {
  consumers = 0;
  /** Its own settings. */
  given: GivenSettings = NO_SETTINGS;
  /** null: none. */
  pauses: Pauses | null = null;
  /** The names under which queues are bound to it, as they came; null: none. */
  bindings: readonly string[] | null = null;
  figures: Figures | null = null;
  history: LocalHistory | null = null;
  /** What its rate counts; null: nothing. */
  handedOut: HandedOut | null = null;
  /** How many events could be handed out when that was last told: see turns.ts. */
  offered = 0;
  /** Whether that is noted. */
  isOffering = false;
  /** When its rate lets more through, or counts nothing more; Infinity for never. */
  rateDueMs = Infinity;
  /** null when there are none. */
  counters: Counters | null = null;
  /** Its cron entries by name; null when there are none. See crons.ts. */
  crons: Map<string, LocalCron> | null = null;
  /** What holds for it, as of that version of the settings; see Model.settingsOf. */
  settings: QueueSettings | null = null;
  settingsVersion = -1;
  /** When something is due in it, at the earliest; Infinity for never. */
  dueMs = Infinity;
  /** Its index among the queues in which something will be due; -1 when it is not there. */
  heapAt = -1;

  constructor(readonly name: string) {
    super();
  }

  /** How many events it has in all states. */
  get size(): number {
    return this.events.size + (this.cold === null ? 0 : this.cold.size);
  }

  /** Events that wait: ready and delayed. */
  get waiting(): number {
    return this.ready + (this.delayed === null ? 0 : this.delayed.length);
  }

  get ready(): number {
    return readyIn(this);
  }

  /** The line without a group that is next; undefined if there are no such ready events. */
  get otherLine(): Line<LocalEvent> | undefined {
    const { line, ranked } = this;
    const own = line.length > 0 ? line : undefined;
    if (ranked === null) return own;
    const { priority, line: first } = ranked.first!;
    return priority > 0 ? first : (own ?? first);
  }

  /** The line that a ready event with these rare facts is in. */
  lineOf(more: More | null): Line<LocalEvent> {
    if (more === null) return this.line;
    if (more.group !== null) return this.groups!.get(more.group)!.line;
    return more.priority === 0 ? this.line : this.ranked!.line(more.priority);
  }

  /** Whether it is kept without events and consumers. */
  get isConfigured(): boolean {
    const hasOwners = (this.groups?.owners ?? 0) > 0;
    const { given, pauses, bindings } = this;
    return given.size > 0 || pauses !== null || bindings !== null || hasOwners;
  }

  /** Whether a flush removes something beside events. */
  get hasMore(): boolean {
    const { windows, keyWindows, groups, stream } = this;
    return windows !== null || keyWindows !== null || groups !== null || stream !== null;
  }

  /** To clients it does not exist. */
  get isUnused(): boolean {
    if (this.size > 0 || this.stream !== null) return false;
    if (this.consumers > 0 || this.isConfigured) return false;
    if (this.groups !== null || this.handedOut !== null) return false;
    const { windows, keyWindows, counters, crons } = this;
    return windows === null && keyWindows === null && counters === null && crons === null;
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
    const emptied = new QueueEvents();
    for (const name of eventFields) Object.assign(emptied, { [name]: this[name] });
    Object.assign(this, new QueueEvents());
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

export function readyIn({ line, ranked, groups }: QueueEvents): number {
  const others = (ranked === null ? 0 : ranked.length) + (groups === null ? 0 : groups.ready);
  return line.length + others;
}

/** The keys of all these events, one at a time: there may be millions. */
export function* keysOf({ events, cold }: QueueEvents): Generator<number> {
  for (const { key } of events) yield key;
  if (cold !== null) yield* cold.keys();
}

export function isQueueDueBefore(a: LocalQueue, b: LocalQueue): boolean {
  return a.dueMs < b.dueMs;
}
