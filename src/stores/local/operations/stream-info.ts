// Shows a stream with its groups and their consumers. See queue/streams.ts.
import { TOO_LARGE } from "../../../queue/lists.ts";
import { nameOf } from "../../../queue/name-cache.ts";
import { FIRST_ID, LAST_ID } from "../../../queue/stream-ids.ts";
import type {
  StreamConsumer,
  StreamEntry,
  StreamFacts,
  StreamGroup,
  StreamInfo,
  StreamTooLarge,
} from "../../../queue/streams.ts";
import { toBytes } from "../bytes.ts";
import { entriesBetween, type Entry, entryOf, lengthOf } from "../entries.ts";
import type { LocalQueue } from "../local-queue.ts";
import type { Model } from "../model.ts";
import { asPlace, asStreamId, comparePlaces, FIRST_PLACE } from "../places.ts";
import { mayGo } from "../reach.ts";
import { FIRST_GROUP } from "../stream-group.ts";
import type { Seen } from "../stream.ts";
import { claimedAtMs, workerIn } from "../workers.ts";
import { isThere, latestIn, shown } from "./streaming.ts";

const WHOLE = { from: FIRST_PLACE, to: asPlace(LAST_ID) };

export function streamInfo(
  model: Model,
  { queue: name }: StreamInfo,
): StreamFacts | null | StreamTooLarge {
  const queue = model.get(nameOf(name));
  if (!isThere(queue)) return null;
  const { stream } = queue;
  const bound = (queue.bindings ?? []).map((text) => model.get(`${queue.name}@${text}`));
  const claims = [queue, ...bound].reduce((sum, each) => sum + (each?.claimed.length ?? 0), 0);
  if (!mayGo(model, claims)) return TOO_LARGE;
  const first = endOf(model, queue, false);
  const last = endOf(model, queue, true);
  if (first === TOO_LARGE || last === TOO_LARGE) return TOO_LARGE;
  const own = groupOf(model, stream?.group ?? FIRST_GROUP, queue);
  const hasOwn = (stream !== null && stream.group !== null) || own.consumers.length > 0;
  const others = bound.map((each, at) => groupOf(model, queue.bindings![at]!, each));
  return {
    length: lengthOf(queue),
    lastId: asStreamId(latestIn(model, queue)),
    removedId: stream ? asStreamId(stream.removedId) : FIRST_ID,
    added: stream?.added ?? 0,
    first,
    last,
    groups: hasOwn ? [own, ...others] : others,
  };
}

/** Throws a JournalError. */
function endOf(
  model: Model,
  queue: LocalQueue,
  isReverse: boolean,
): StreamEntry | null | StreamTooLarge {
  const found = entriesBetween(model, queue, WHOLE, 1, isReverse);
  const entries = found === TOO_LARGE ? TOO_LARGE : shown(model, found);
  return entries === TOO_LARGE ? TOO_LARGE : (entries[0] ?? null);
}

/** The claims of a worker. */
interface Claims {
  pending: number;
  latestMs: number;
}

function groupOf(model: Model, name: string, queue: LocalQueue | undefined): StreamGroup {
  const claims = new Map<string, Claims>();
  let first: Entry | null = null;
  let last: Entry | null = null;
  for (const event of queue?.claimed ?? []) {
    const entry = entryOf(event);
    if (first === null || comparePlaces(entry.place, first.place) < 0) first = entry;
    if (last === null || comparePlaces(entry.place, last.place) > 0) last = entry;
    const worker = workerIn(event.claimant);
    const own = claims.get(worker) ?? { pending: 0, latestMs: 0 };
    claims.set(worker, own);
    own.pending++;
    own.latestMs = Math.max(own.latestMs, claimedAtMs(event));
  }
  const stream = queue?.stream ?? null;
  const kept = stream?.consumers ?? new Map<string, Seen>();
  const names = [...new Set([...claims.keys(), ...kept.keys()])].toSorted();
  return {
    name: toBytes(name),
    deliveredId: stream ? asStreamId(stream.deliveredId) : FIRST_ID,
    ready: queue?.ready ?? 0,
    pending: queue?.claimed.length ?? 0,
    firstPending: first && toBytes(first.event.id),
    lastPending: last && toBytes(last.event.id),
    consumers: names.map((each) => consumerOf(each, claims.get(each), kept.get(each), model.nowMs)),
  };
}

function consumerOf(
  name: string,
  claims: Claims | undefined,
  seen: Seen | undefined,
  nowMs: number,
): StreamConsumer {
  const { seenMs, activeMs } = seen ?? { seenMs: claims!.latestMs, activeMs: claims!.latestMs };
  return {
    name: toBytes(name),
    pending: claims?.pending ?? 0,
    idleMs: Math.max(0, nowMs - seenMs),
    inactiveMs: activeMs === -1 ? -1 : Math.max(0, nowMs - activeMs),
  };
}
