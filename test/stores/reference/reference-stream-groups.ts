// The groups of streams in the reference store, and their consumers.
import { LIST_BYTES_MAX, LIST_REACH, TOO_LARGE, WRONG_TYPE } from "../../../src/queue/lists.ts";
import { GROUP_ENDED } from "../../../src/queue/store.ts";
import {
  compareStreamIds,
  FIRST_ID,
  LAST_ID,
  type StreamId,
} from "../../../src/queue/stream-ids.ts";
import {
  NO_GROUP,
  type StreamConsumer,
  type StreamCreateConsumer,
  type StreamCreateGroup,
  type StreamCreateGroupOutcome,
  type StreamDeleteConsumer,
  type StreamDestroyGroup,
  type StreamEntry,
  type StreamGroup,
  type StreamInfo,
  type StreamResults,
} from "../../../src/queue/streams.ts";
import type { ReferenceEvent } from "./reference-event.ts";
import { isNoStream, isThere } from "./reference-kinds.ts";
import { mayGo } from "./reference-lists.ts";
import { management } from "./reference-management.ts";
import { checkPauses, enterTree, newEvent } from "./reference-pushes.ts";
import type { ReferenceQueue } from "./reference-queue.ts";
import type { ReferenceState } from "./reference-state.ts";
import { consumerOf, placeOfEvent, ReferenceStream } from "./reference-stream.ts";
import { claimsOf, groupQueue } from "./reference-stream-claims.ts";
import { asOpen, entriesBetween, latestId, mayLookThrough, shown } from "./reference-streams.ts";

export const streamGroups = {
  streamInfo(state: ReferenceState, operation: StreamInfo): StreamResults["streamInfo"] {
    const queue = state.queue(textOf(operation.queue));
    if (isNoStream(state, queue.name)) return WRONG_TYPE;
    if (!isThere(queue)) return null;
    const { stream } = queue;
    const others = [...queue.bindings].map((name) => state.queue(`${queue.name}@${name}`));
    const claims = others.reduce((sum, each) => sum + each.count("claimed"), 0);
    if (!mayGo(state, claims) || !mayLookThrough(state, queue)) return TOO_LARGE;
    const entries = entriesBetween(queue, FIRST_ID, LAST_ID);
    const ends = [entries[0], entries.at(-1)].map((one) => shown(one ? [one] : []));
    const [first, last] = ends as StreamEntry[][];
    const own = groupOf(stream?.group ?? "default", queue);
    const hasOwn = own.consumers.length > 0 || (stream !== null && stream.group !== null);
    const further = [...queue.bindings].map((name, at) => groupOf(name, others[at]!));
    return asOpen(queue, {
      length: entries.length,
      lastId: latestId(queue),
      removedId: stream?.removedId ?? FIRST_ID,
      added: stream?.added ?? 0,
      first: first![0] ?? null,
      last: last![0] ?? null,
      groups: hasOwn ? [own, ...further] : further,
    });
  },

  streamCreateGroup(
    state: ReferenceState,
    operation: StreamCreateGroup,
  ): StreamResults["streamCreateGroup"] {
    const { group, after, isMaking } = operation;
    const queue = state.queue(textOf(operation.queue));
    if (isNoStream(state, queue.name)) return WRONG_TYPE;
    if (!isMaking && !isThere(queue)) return "absent";
    const first = queue.stream?.group ?? null;
    const name = textOf(group);
    if (name === "default" && first === null) return createFirst(queue, name);
    if (groupQueue(state, operation) !== NO_GROUP) return "exists";
    return first === null ? createFirst(queue, name) : createFurther(state, queue, name, after);
  },

  streamDestroyGroup(
    state: ReferenceState,
    operation: StreamDestroyGroup,
  ): StreamResults["streamDestroyGroup"] {
    const top = state.queue(textOf(operation.queue));
    if (isNoStream(state, top.name)) return WRONG_TYPE;
    if (!isThere(top)) return "absent";
    const queue = groupQueue(state, operation);
    if (typeof queue === "string") return false;
    if (queue !== top) {
      top.bindings.delete(textOf(operation.group));
      state.becameReady(queue.name, GROUP_ENDED);
      flushOne(state, queue);
      return true;
    }
    const { stream } = top;
    if (!stream || stream.group === null) return false;
    if (!mayGo(state, top.count("claimed"))) return TOO_LARGE;
    stream.group = null;
    state.becameReady(top.name, GROUP_ENDED);
    stream.consumers.clear();
    for (const event of claimsOf(top)) giveBack(top, event);
    return true;
  },

  streamCreateConsumer(
    state: ReferenceState,
    operation: StreamCreateConsumer,
  ): StreamResults["streamCreateConsumer"] {
    const queue = groupQueue(state, operation);
    if (typeof queue === "string") return queue;
    if (!queue.stream) return true;
    const name = textOf(operation.consumer);
    if (queue.stream.consumers.has(name)) return false;
    queue.stream.saw(queue, name, false);
    return claimsOf(queue).every((event) => consumerOf(event) !== name);
  },

  streamDeleteConsumer(
    state: ReferenceState,
    operation: StreamDeleteConsumer,
  ): StreamResults["streamDeleteConsumer"] {
    const queue = groupQueue(state, operation);
    if (typeof queue === "string") return queue;
    if (!mayGo(state, queue.count("claimed"))) return TOO_LARGE;
    const name = textOf(operation.consumer);
    const claims = claimsOf(queue).filter((event) => consumerOf(event) === name);
    for (const event of claims) giveBack(queue, event);
    queue.stream?.consumers.delete(name);
    return claims.length;
  },
};

/** With the groups of a stream. */
export function flushOne(state: ReferenceState, queue: ReferenceQueue): void {
  const { stream } = queue;
  queue.events.clear();
  queue.windows.clear();
  queue.keys.windows.clear();
  queue.turns.flush();
  queue.stream = null;
  if (!stream) return;
  state.becameReady(queue.name, GROUP_ENDED);
  const boundAs = (name: string) => state.queue(`${queue.name}@${name}`);
  // A group may be one of another group too: then it is no stream any more when its turn comes.
  for (const name of [...queue.bindings].filter((one) => boundAs(one).stream)) {
    queue.bindings.delete(name);
    flushOne(state, boundAs(name));
  }
}

function createFirst(queue: ReferenceQueue, group: string): StreamCreateGroupOutcome {
  queue.stream ??= new ReferenceStream();
  queue.stream.group = group;
  return "ok";
}

function createFurther(
  state: ReferenceState,
  queue: ReferenceQueue,
  name: string,
  after: StreamId | "last",
): StreamCreateGroupOutcome {
  const bound = state.queue(`${queue.name}@${name}`);
  if (isNoStream(state, bound.name)) return WRONG_TYPE;
  const { tree } = bound;
  const copied = after === "last" ? [] : entriesBehind(state, queue, after);
  if (copied === TOO_LARGE) return TOO_LARGE;
  const added = copied.filter(({ id }) => !tree.isTaken(id));
  if (added.length > 0) checkPauses(state, bound);
  if (tree.fullOne(added.length)) return "full";
  const [top, own] = [bytesOf(queue.name), bytesOf(name)];
  const outcome = management.bind(state, { kind: "bind", queue: top, name: own });
  if (outcome !== "ok") return outcome === "apart" ? outcome : "tooMany";
  bound.stream ??= new ReferenceStream();
  tree.makeRoomFor(added.length);
  for (const { id, contents, options, ...order } of added) {
    const copy = newEvent(bound, id, contents, { ...options, unique: null, part: null });
    const { priority, group } = order;
    enterCopy(bound, { ...copy, priority, group, options: { ...copy.options, start: null } });
  }
  return "ok";
}

/** As the copy of an event that enters the queue to which it is bound. */
function enterCopy(bound: ReferenceQueue, copy: ReferenceEvent): void {
  enterTree(bound, copy, "left");
  if (!bound.tree.keepers.includes(bound)) return;
  const own = bound.events.get(copy.id)!;
  bound.tally("pushed");
  bound.report("pushed", own, {});
}

function entriesBehind(
  state: ReferenceState,
  queue: ReferenceQueue,
  after: StreamId,
): ReferenceEvent[] | typeof TOO_LARGE {
  if (!mayLookThrough(state, queue)) return TOO_LARGE;
  const found = entriesBetween(queue, after, LAST_ID).filter(
    (event) => compareStreamIds(placeOfEvent(event), after) > 0,
  );
  const bytes = found.reduce((sum, { contents }) => sum + contents.length, 0);
  const isNear = found.length <= LIST_REACH && mayGo(state, found.length);
  return isNear && bytes <= LIST_BYTES_MAX ? found : TOO_LARGE;
}

/** The claim ends as by a crash without backoff that is not counted. */
function giveBack(queue: ReferenceQueue, event: ReferenceEvent): void {
  if (event.claim!.isCancelled) queue.remove(event);
  else queue.enter(event, null, ["2 came back", event.claim!.number]);
}

function groupOf(name: string, queue: ReferenceQueue): StreamGroup {
  const claims = claimsOf(queue);
  const [first, last] = [claims[0], claims.at(-1)];
  const kept = queue.stream?.consumers.keys() ?? [];
  const names = [...new Set([...claims.map(consumerOf), ...kept])];
  return {
    name: bytesOf(name),
    deliveredId: queue.stream?.deliveredId ?? FIRST_ID,
    ready: queue.count("ready"),
    pending: claims.length,
    firstPending: first ? bytesOf(first.id) : null,
    lastPending: last ? bytesOf(last.id) : null,
    consumers: names
      .map(bytesOf)
      .toSorted(Buffer.compare)
      .map((each) => consumerNamed(queue, each)),
  };
}

function consumerNamed(queue: ReferenceQueue, name: Buffer): StreamConsumer {
  const { nowMs, stream } = queue;
  const claims = claimsOf(queue).filter((event) => consumerOf(event) === textOf(name));
  const latestMs = Math.max(...claims.map(({ claim }) => claim!.sinceMs));
  const kept = stream?.consumers.get(textOf(name));
  const { seenMs, activeMs } = kept ?? { seenMs: latestMs, activeMs: latestMs };
  return {
    name,
    pending: claims.length,
    idleMs: Math.floor(nowMs - seenMs),
    inactiveMs: activeMs === -1 ? -1 : Math.floor(nowMs - activeMs),
  };
}

function bytesOf(text: string): Buffer {
  return Buffer.from(text, "latin1");
}

function textOf(bytes: Buffer): string {
  return bytes.toString("latin1");
}
