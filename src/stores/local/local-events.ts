// The events of the queues: finds them, also cold ones, and cools those that need not be objects.
import type { Changes } from "./changes.ts";
import type { ColdEvents } from "./cold-events.ts";
import { Cooling } from "./cooling.ts";
import type { EventOrPlace, Line } from "./line.ts";
import type { EventOrKey, LocalEvent, LocalQueue } from "./local-queue.ts";
import { LocalStreams } from "./local-streams.ts";
import { CLAIMED, READY } from "./states.ts";
import { eventOverheadBytes } from "./usage.ts";

/** Cold events that are read together with a popped one may take this part of the budget. */
const readAheadShare = 1 / 4;
/** Larger contents are not read ahead. */
const readAheadBytesMax = 4096 + eventOverheadBytes;

/** The parts that a journal adds to a model: a record of changes, and events on disk only. */
export interface Recording {
  changes: Changes;
  cold: ColdEvents;
  /** New events that would take more memory become cold. */
  heldBytesMax: number;
}

export class LocalEvents extends LocalStreams {
  #cold: ColdEvents | null = null;
  #heldBytesMax = Infinity;
  /** null with a journal. */
  #cooling: Cooling | null = null;

  /** From now on changes are recorded, and events may be cold. */
  record({ changes, cold, heldBytesMax }: Recording): void {
    this.changes = changes;
    this.#cold = cold;
    this.#heldBytesMax = heldBytesMax;
    this.#cooling = null;
  }

  /** From now on events may be cold if there are more than so many that wait or are kept. */
  coolBeyond(warmMax: number, cold: ColdEvents): void {
    this.#cold = cold;
    this.#cooling = new Cooling(this.usage, cold, warmMax);
  }

  /** The event of that id in any state. A cold one stays cold. Throws a JournalError. */
  find(queue: LocalQueue, id: string, hash: number): LocalEvent | undefined {
    const event = queue.events.get(id, hash);
    return event ?? (queue.cold === null ? undefined : this.#cold!.find(queue, id, hash));
  }

  /** The event that has taken this key as long as it waits. Throws a JournalError. */
  holderOf(queue: LocalQueue, key: string): LocalEvent | undefined {
    return queue.keys?.find(key, (eventKey) => this.#cold!.withKey(queue, eventKey));
  }

  /** The contents of the event that a counter pushes. Throws a JournalError. */
  readThen(counter: number): string | Buffer {
    return this.#cold!.readThen(counter);
  }

  /** The next event of that line; reads it into memory if it is cold. Throws a JournalError. */
  protected nextIn(queue: LocalQueue, line: Line<LocalEvent>): LocalEvent | undefined {
    const entry = line.next;
    if (typeof entry !== "number") return entry;
    return this.#cold!.warmNext(queue, line, this.#readAtOnce);
  }

  /** The event of an entry of the line; a cold one stays cold. Throws a JournalError. */
  inLine(queue: LocalQueue, entry: EventOrPlace<LocalEvent>): LocalEvent {
    return typeof entry === "number" ? this.#cold!.atPlace(queue, entry) : entry;
  }

  /** The event of an entry by time; a cold one stays cold. Throws a JournalError. */
  byTime(queue: LocalQueue, entry: EventOrKey): LocalEvent {
    return typeof entry === "number" ? this.#cold!.withKey(queue, entry) : entry;
  }

  /** Throws a JournalError. */
  contentsOf(event: LocalEvent): string | Buffer {
    return event.contents ?? this.#cold!.contentsOf(event);
  }

  protected warm(event: LocalEvent): void {
    this.#cold!.warm(event);
  }

  /** Events to read at once. They stay in memory until they are popped: fewer with many queues. */
  get #readAtOnce(): number {
    const budget = this.#heldBytesMax * readAheadShare;
    return Math.max(2, Math.floor(budget / readAheadBytesMax / this.queueCount));
  }

  /** The journal has the event as it is. */
  protected readonly settle = (event: LocalEvent): void => {
    const { state, queue, contents, contentBytes } = event;
    if (state === CLAIMED) {
      // It was handed out: its contents are read again only if it is requeued.
      if (contents === null) return;
      queue.contentBytes -= contentBytes;
      this.usage.contentBytes -= contentBytes;
      event.contents = null;
      return;
    }
    const isWarm = state === READY && contents !== null;
    if (!isWarm || this.usage.heldBytes > this.#heldBytesMax) this.#cold!.cool(event);
  };

  /** An event is in that state from now on. */
  protected noteEntered(event: LocalEvent): void {
    this.#cooling?.note(event);
  }

  /** Call it after a batch. Does nothing with a journal, which settles events. */
  cool(): void {
    this.#cooling?.cool();
  }
}
