// What makes a queue a list or a stream, and what changes the record of a stream. With a journal
// each change is recorded.
import { LocalCounters } from "./local-counters.ts";
import type { LocalEvent, LocalQueue } from "./local-queue.ts";
import { laterOf, type Place } from "./places.ts";
import { GONE } from "./states.ts";
import { LocalStream } from "./stream.ts";

type Record = Pick<LocalStream, "removedId" | "group">;

export class LocalStreams extends LocalCounters {
  /** The queue into which an operation on a list or a stream pushes; null: none does. */
  pushesInto: LocalQueue | null = null;

  /** Does that; what it pushes into the queue leaves it a list, or comes by a StreamAdd. */
  pushing<T>(queue: LocalQueue, does: () => T): T {
    const { pushesInto } = this;
    this.pushesInto = queue;
    try {
      return does();
    } finally {
      this.pushesInto = pushesInto;
    }
  }

  /** A list without events is none, whatever this says. */
  setList(queue: LocalQueue, isList: boolean): void {
    const { isList: before } = queue;
    if (before === isList) return;
    this.changes?.undoBy(() => (queue.isList = before));
    this.changes?.noteFacts(queue);
    queue.isList = isList;
  }

  /** The queue is a stream from now on. */
  makeStream(queue: LocalQueue): LocalStream {
    if (queue.stream !== null) return queue.stream;
    this.setList(queue, false);
    const stream = new LocalStream();
    const set = (value: LocalStream | null) => {
      this.usage.settingBytes += (value ?? stream).bytes * (value === null ? -1 : 1);
      queue.stream = value;
      this.noteIfUnused(queue);
    };
    this.changes?.undoBy(() => set(null));
    this.changes?.noteFacts(queue);
    set(stream);
    return stream;
  }

  changeStream(queue: LocalQueue, stream: LocalStream, changes: Partial<Record>): void {
    const { removedId, group } = stream;
    this.changes?.undoBy(() => Object.assign(stream, { removedId, group }));
    this.changes?.noteFacts(queue);
    Object.assign(stream, changes);
  }

  /** A StreamAdd has given that id. */
  addedTo(queue: LocalQueue, stream: LocalStream, id: Place): void {
    const { lastId, added } = stream;
    const { changes } = this;
    if (changes !== null) {
      changes.undoBy(() => {
        stream.lastId = lastId;
        stream.added = added;
      });
      if (added === 0) changes.noteFacts(queue);
    }
    stream.lastId = id;
    stream.added++;
  }

  /** A StreamTake has taken the event of that place. The journal may hear of it later. */
  delivered(stream: LocalStream, place: Place): void {
    const { deliveredId } = stream;
    const latest = laterOf(deliveredId, place);
    if (latest === deliveredId) return;
    this.changes?.undoBy(() => (stream.deliveredId = deliveredId));
    stream.deliveredId = latest;
  }

  /** To be called before an event moves into that queue. */
  protected noteEntry(event: LocalEvent, to: LocalQueue): void {
    if (event.state !== GONE) {
      if (event.queue === to) return;
      this.noteLeaving(event);
    }
    if (to === this.pushesInto) return;
    if (to.isList && to.size === 0) this.setList(to, false);
    if (to.stream !== null && to.stream.added > 0) this.changes?.noteFacts(to);
  }

  /** To be called before an event leaves its queue. */
  protected noteLeaving({ queue, key }: LocalEvent): void {
    const { stream } = queue;
    if (stream === null || stream.added === 0 || key <= stream.writtenTo) return;
    this.changes?.noteFacts(queue);
  }
}
