// The groups of streams, and their consumers. See queue/streams.ts. Everything is read before
// anything is changed.
import { LIST_BYTES_MAX, LIST_REACH, TOO_LARGE, WRONG_TYPE } from "../../../queue/lists.ts";
import { nameOf } from "../../../queue/name-cache.ts";
import { LAST_ID, type StreamId, streamIdAfter } from "../../../queue/stream-ids.ts";
import {
  NO_GROUP,
  type StreamCreateConsumer,
  type StreamCreateGroup,
  type StreamCreateGroupOutcome,
  type StreamDeleteConsumer,
  type StreamDestroyGroup,
  type StreamTooLarge,
} from "../../../queue/streams.ts";
import { dropCompleted, findIn, isTakenBy, noteCopy, type Tree, treeIn } from "../bound-queues.ts";
import { entriesBetween } from "../entries.ts";
import { drop, dropOldest, makeReady, withoutClaim } from "../life.ts";
import { LocalEvent, type LocalQueue } from "../local-queue.ts";
import type { Model } from "../model.ts";
import { type More, moreOf } from "../more.ts";
import { isNoStream } from "../name-kind.ts";
import { asPlace } from "../places.ts";
import { mayGo } from "../reach.ts";
import { checkPushable, makeRoom, surplusOf } from "../room.ts";
import { LEFT_END, READY } from "../states.ts";
import { FIRST_GROUP, queueOfGroup } from "../stream-group.ts";
import { workerIn } from "../workers.ts";
import { bind, unbind } from "./binding.ts";
import { flushOne } from "./changing.ts";
import { isThere } from "./streaming.ts";
import { asOne } from "./transacting.ts";

export function streamCreateGroup(
  model: Model,
  operation: StreamCreateGroup,
): StreamCreateGroupOutcome {
  const { queue: top, group, after, isMaking } = operation;
  const name = nameOf(top);
  const text = nameOf(group);
  const known = model.get(name);
  if (!isMaking && !isThere(known)) return "absent";
  const first = known?.stream?.group ?? null;
  const isDefault = text === FIRST_GROUP;
  if (isDefault ? first !== null : queueOfGroup(model, top, group) !== null) return "exists";
  if (first !== null) return createFurther(model, operation, known!, after);
  const queue = known ?? model.open(name);
  model.changeStream(queue, model.makeStream(queue), { group: text });
  return "ok";
}

/** An event that is to be copied. */
interface Copied {
  event: LocalEvent;
  contents: string | Buffer;
  /** The completed events of its id. */
  there: LocalEvent[];
}

function createFurther(
  model: Model,
  { queue: top, group }: StreamCreateGroup,
  queue: LocalQueue,
  after: StreamId | "last",
): StreamCreateGroupOutcome {
  const name = `${queue.name}@${nameOf(group)}`;
  if (isNoStream(model, name)) return WRONG_TYPE;
  const bound = model.open(name);
  model.noteIfUnused(bound);
  const tree = treeIn(model, bound);
  const copied = after === "last" ? [] : copiedFrom(model, queue, after, tree);
  if (copied === TOO_LARGE) return TOO_LARGE;
  if (copied.length > 0) checkPushable(model, bound);
  const hasRoom = (each: LocalQueue) => surplusOf(model, each, copied.length) !== null;
  if (!tree.keepers.every(hasRoom)) return "full";
  return asOne(model, () => {
    const outcome = bind(model, { kind: "bind", queue: top, name: group });
    if (outcome !== "ok") return outcome === "apart" ? outcome : "tooMany";
    for (const one of copied.length > 0 ? makeRoom(model, bound, copied.length) : []) {
      dropOldest(model, one);
    }
    model.makeStream(bound);
    for (const one of copied) enterTree(model, one, tree);
    return "ok";
  });
}

/** Without those that are in the tree already. Throws a JournalError. */
function copiedFrom(
  model: Model,
  queue: LocalQueue,
  after: StreamId,
  tree: Tree,
): Copied[] | StreamTooLarge {
  const from = streamIdAfter(after);
  if (from === null) return [];
  const between = { from: asPlace(from), to: asPlace(LAST_ID) };
  const entries = entriesBetween(model, queue, between, LIST_REACH + 1, false);
  if (entries === TOO_LARGE || !mayGo(model, entries.length)) return TOO_LARGE;
  const copied: Copied[] = [];
  let bytes = 0;
  for (const { event } of entries) {
    const there = findIn(model, tree, event.id, event.hash);
    if (isTakenBy(there)) continue;
    const contents = model.contentsOf(event);
    bytes += contents.length;
    if (bytes > LIST_BYTES_MAX) return TOO_LARGE;
    copied.push({ event, contents, there });
  }
  return copied;
}

/** As what a push adds enters bound queues. */
function enterTree(model: Model, { event, contents, there }: Copied, tree: Tree): void {
  dropCompleted(model, tree, there);
  for (const queue of tree.keepers) {
    const copy = new LocalEvent(queue, event.id, contents);
    copy.key = model.number();
    copy.pushedAtMs = model.nowMs;
    const more = event.more && optionsIn(event.more);
    model.move(copy, { state: READY, place: LEFT_END - copy.key, more });
    noteCopy(model, copy, {});
  }
}

function optionsIn(more: More): More | null {
  return moreOf({ ...more, unique: null, part: null });
}

export function streamDestroyGroup(
  model: Model,
  { queue: top, group }: StreamDestroyGroup,
): boolean | "absent" | StreamTooLarge {
  const queue = model.get(nameOf(top));
  if (!isThere(queue)) return "absent";
  const name = queueOfGroup(model, top, group);
  if (name === null) return false;
  if (name !== queue.name) {
    unbind(model, { kind: "unbind", queue: top, name: group });
    const bound = model.get(name);
    if (bound) flushOne(model, bound);
    return true;
  }
  const { stream, claimed } = queue;
  if (stream === null || stream.group === null) return false;
  if (!mayGo(model, claimed.length)) return TOO_LARGE;
  model.changeStream(queue, stream, { group: null });
  model.noteGroupEnded(queue.name);
  model.forgetConsumers(queue, stream, [...stream.consumers.keys()]);
  const claims = [...claimed];
  for (const event of claims) endClaim(model, event);
  return true;
}

/** As a crash without backoff that is not counted. */
function endClaim(model: Model, event: LocalEvent): void {
  if (event.more?.isCancelled) drop(model, event);
  else makeReady(model, event, event.place, withoutClaim(event, null));
}

export function streamCreateConsumer(
  model: Model,
  { queue: top, group, consumer }: StreamCreateConsumer,
): boolean | typeof NO_GROUP {
  const name = queueOfGroup(model, top, group);
  if (name === null) return NO_GROUP;
  const queue = model.get(name);
  if (!queue || queue.stream === null) return true;
  const text = nameOf(consumer);
  if (queue.stream.consumers.has(text)) return false;
  const isClaiming = [...queue.claimed].some(({ claimant }) => workerIn(claimant) === text);
  model.saw(queue, text, false);
  return !isClaiming;
}

export function streamDeleteConsumer(
  model: Model,
  { queue: top, group, consumer }: StreamDeleteConsumer,
): number | typeof NO_GROUP | StreamTooLarge {
  const name = queueOfGroup(model, top, group);
  if (name === null) return NO_GROUP;
  const queue = model.get(name);
  if (!queue) return 0;
  if (!mayGo(model, queue.claimed.length)) return TOO_LARGE;
  const text = nameOf(consumer);
  const claims = [...queue.claimed].filter(({ claimant }) => workerIn(claimant) === text);
  for (const event of claims) endClaim(model, event);
  if (queue.stream?.consumers.has(text)) model.forgetConsumers(queue, queue.stream, [text]);
  return claims.length;
}
