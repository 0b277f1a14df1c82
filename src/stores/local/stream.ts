// What a stream has beside its events (see queue/streams.ts), and how a journal keeps it.
//
// The journal does not write the record with each StreamAdd: it has the events of these. The record
// is written with a batch in which one of them leaves that came after the record was written the
// last time, or in which another event enters. So at start each event with a greater key than the
// record tells was added by a StreamAdd.
import { type Place, laterOf, placeIn, textOfPlace } from "./places.ts";
import type { StoredPlace } from "./stored-event.ts";
import { workerIn } from "./workers.ts";

/** When a consumer was seen, and when it took something the last time; -1: never. */
export interface Seen {
  seenMs: number;
  activeMs: number;
}

/** Bytes of a consumer besides its name. */
const consumerBytes = 200;

export class LocalStream {
  /** The greatest id that was given. */
  lastId: Place = { ms: 0, seq: 0 };
  added = 0;
  removedId: Place = { ms: 0, seq: 0 };
  deliveredId: Place = { ms: 0, seq: 0 };
  /** The name of the first group; null if it was not created. */
  group: string | null = null;
  /** By their names. */
  consumers = new Map<string, Seen>();
  /** The journal has the record as it was when the highest number was this one. */
  writtenTo = 0;
  /** Consumers that may be forgotten, and when each was seen: the first one was the longest ago. */
  forgettable: [name: string, seenMs: number][] = [];

  /** About how much memory it takes. */
  get bytes(): number {
    let bytes = consumerBytes;
    for (const name of this.consumers.keys()) bytes += bytesOfConsumer(name);
    return bytes;
  }

  /** At start: an event of its queue. */
  restore({ id, key, pushedAtMs, claimant }: StoredPlace): void {
    if (claimant !== null && this.consumers.has(workerIn(claimant))) {
      this.deliveredId = laterOf(this.deliveredId, placeIn(id, pushedAtMs));
    }
    if (this.added === 0 || key <= this.writtenTo) return;
    this.added++;
    this.lastId = laterOf(this.lastId, placeIn(id, pushedAtMs));
  }
}

export function bytesOfConsumer(name: string): number {
  return consumerBytes + name.length;
}

export interface WrittenStream {
  to: number;
  last: string;
  added: number;
  removed: string;
  delivered: string;
  group: string | null;
  consumers: [name: string, seenMs: number, activeMs: number][];
}

/** `to`: the highest number so far. */
export function writtenStream(stream: LocalStream, to: number): WrittenStream {
  const { lastId, added, removedId, deliveredId, group, consumers } = stream;
  return {
    to,
    last: textOfPlace(lastId),
    added,
    removed: textOfPlace(removedId),
    delivered: textOfPlace(deliveredId),
    group,
    consumers: [...consumers].map(([name, { seenMs, activeMs }]) => [name, seenMs, activeMs]),
  };
}

export function readStream(written: WrittenStream): LocalStream {
  const stream = new LocalStream();
  stream.writtenTo = written.to;
  stream.lastId = placeIn(written.last, 0);
  stream.added = written.added;
  stream.removedId = placeIn(written.removed, 0);
  stream.deliveredId = placeIn(written.delivered, 0);
  stream.group = written.group;
  for (const [name, seenMs, activeMs] of written.consumers) {
    stream.consumers.set(name, { seenMs, activeMs });
  }
  return stream;
}
