// Moves, changes, cancellation and figures in the reference store.
import { decodeHeaders, encodeHeaders } from "../../../src/queue/headers.ts";
import { tooLarge, type Bind, type Unbind } from "../../../src/queue/bindings.ts";
import type { GetGroup, ScanGroups, SetGroup } from "../../../src/queue/groups.ts";
import type { History } from "../../../src/queue/history.ts";
import type { Cancel, Count, Move, SetEvent, Stats } from "../../../src/queue/management.ts";
import type { Results } from "../../../src/queue/operations.ts";
import { addCounts } from "../../../src/queue/queue-status.ts";
import { GROUP_ENDED } from "../../../src/queue/store.ts";
import { ELSEWHERE, type ReferenceEvent } from "./reference-event.ts";
import type { ReferenceQueue } from "./reference-queue.ts";
import type { ReferenceState } from "./reference-state.ts";
import { statusOf } from "./reference-status.ts";

export const management = {
  move(state: ReferenceState, { queue: name, target: to, targets }: Move): Results["move"] {
    const [queue, target] = [state.queue(textOf(name)), state.queue(textOf(to))];
    const moved: boolean[] = [];
    for (const { id, version } of targets) {
      const event = queue.events.get(textOf(id));
      const isThere = event && (version === null || version === String(event.version));
      const isFree = event && event.state !== "claimed" && !target.tree.isTaken(event.id);
      if (!isThere || !isFree || queue === target) moved.push(false);
      else {
        const needsRoom = event.state === "ready" || event.state === "delayed";
        if (needsRoom ? !target.tree.isOpen : target.isPaused("in")) return moved;
        moveOne(queue, target, event);
        moved.push(true);
      }
    }
    return moved;
  },

  set(state: ReferenceState, { queue: name, id, ...changes }: SetEvent): Results["set"] {
    const queue = state.queue(textOf(name));
    const event = queue.events.get(textOf(id));
    if (!event || event.state === "claimed" || event.state === "completed") return false;
    const { contents, start, ttlMs, priority, headers } = changes;
    if (start !== null && event.state === "failed") return false;
    if (contents !== null) event.contents = Buffer.from(contents);
    if (ttlMs !== null) {
      event.options = { ...event.options, ttlMs };
      event.ttlFromMs = state.nowMs;
    }
    if (headers.length > 0) {
      const all = new Map(
        [...decodeHeaders(event.options.headers), ...headers].map(([header, value]) => [
          textOf(header),
          value,
        ]),
      );
      const block = encodeHeaders([...all].map(([header, value]) => [bytesOf(header), value]));
      event.options = { ...event.options, headers: block };
    }
    const isReordered = priority !== null && priority !== event.priority;
    if (isReordered) event.priority = priority;
    if (isReordered && event.state === "ready") event.rank = queue.rankAt("left");
    if (start !== null) queue.enter(event, start, queue.rankAt("left"));
    return true;
  },

  bind(state: ReferenceState, { queue: name, name: bound }: Bind): Results["bind"] {
    const queue = state.queue(textOf(name));
    const text = textOf(bound);
    if (queue.bindings.has(text)) return "ok";
    queue.bindings.add(text);
    const boundTo = (top: string) => [...state.queue(top).bindings].map((each) => `${top}@${each}`);
    const top = tooLarge(queue.name, boundTo);
    if (top === null) return "ok";
    queue.bindings.delete(text);
    return { tooMany: bytesOf(top) };
  },

  unbind(state: ReferenceState, { queue, name }: Unbind): Results["unbind"] {
    const wasThere = state.queue(textOf(queue)).bindings.delete(textOf(name));
    if (wasThere) state.becameReady(`${textOf(queue)}@${textOf(name)}`, GROUP_ENDED);
    return wasThere;
  },

  cancel(state: ReferenceState, { queue: name, id }: Cancel): Results["cancel"] {
    const queue = state.queue(textOf(name));
    const event = queue.events.get(textOf(id));
    if (event?.claim) {
      event.claim.isCancelled = true;
      return "asked";
    }
    if (event?.state !== "ready" && event?.state !== "delayed") return null;
    queue.remove(event);
    return "removed";
  },

  count(state: ReferenceState, { number, counted }: Count): Results["count"] {
    const outcome = { notDone: [], unknown: [] };
    if (state.counted.has(number)) return outcome;
    state.counted.add(number);
    for (const { queue: name, counts } of counted) {
      const queue = state.queue(textOf(name));
      if (!queue.isUsed) continue;
      addCounts(queue.counts, counts);
      queue.history.add(counts.totals, statusOf(queue), state.nowMs);
    }
    return outcome;
  },

  stats(state: ReferenceState, { queue: name, isWhole }: Stats): Results["stats"] {
    const queue = state.queue(textOf(name));
    const delayed = queue.inState("delayed");
    const pushedAt = queue.inState("ready").map(({ pushedAtMs }) => pushedAtMs);
    return {
      ...statusOf(queue),
      retrying: delayed.filter(({ failures, crashes }) => failures + crashes > 0).length,
      counts: queue.counts,
      recent: queue.counts,
      oldestReadyAtMs: pushedAt.length > 0 ? Math.min(...pushedAt) : null,
      windows:
        [...queue.windows.values()].filter((ms) => ms > state.nowMs).length +
        [...queue.keys.windows.values()].filter((ms) => ms > state.nowMs).length,
      bindings: [...queue.bindings].map(bytesOf),
      heldBackBy: queue.turns.heldBackBy(null),
      pausedWorkers: isWhole ? queue.pausedWorkers.map(bytesOf) : [],
      nowMs: state.nowMs,
    };
  },

  history(state: ReferenceState, { queue: name }: History): Results["history"] {
    const queue = state.queue(textOf(name));
    return queue.history.shown(statusOf(queue), state.nowMs);
  },

  group: (state: ReferenceState, { queue, group }: GetGroup): Results["group"] =>
    state.queue(textOf(queue)).turns.factsOf(textOf(group)),

  groups(state: ReferenceState, { queue, after, limit }: ScanGroups): Results["groups"] {
    const { turns } = state.queue(textOf(queue));
    const names = turns.names.toSorted((a, b) => (a < b ? -1 : 1));
    const left = names.filter((name) => after === null || name > textOf(after));
    const page = left.slice(0, limit);
    return {
      groups: page.map((name) => ({ group: bytesOf(name), ready: turns.factsOf(name).ready })),
      next: left.length > limit ? bytesOf(page.at(-1)!) : null,
    };
  },

  setGroup: (state: ReferenceState, { queue, group, values }: SetGroup): Results["setGroup"] =>
    state.queue(textOf(queue)).turns.setOwn(textOf(group), values),
};

/** It keeps its state, and counts from 0. */
function moveOne(from: ReferenceQueue, to: ReferenceQueue, event: ReferenceEvent): void {
  const { state, atMs } = event;
  from.remove(event);
  const fresh = { failures: 0, crashes: 0, pushedAtMs: to.nowMs, ttlFromMs: to.nowMs };
  const options = { ...event.options, ttlMs: null, unique: null };
  const moved = { ...event, ...fresh, ...ELSEWHERE, options };
  if (state === "ready" || state === "delayed") {
    const { tree } = to;
    tree.makeRoomFor(1);
    const start = state === "ready" ? null : { atMs };
    const enter = (queue: ReferenceQueue, copy: ReferenceEvent) =>
      queue.enter(copy, start, queue.rankAt("left"));
    tree.enter(moved, enter, from.name);
    return;
  }
  to.events.delete(moved.id);
  to.events.set(moved.id, moved);
  to.keep(moved);
}

function bytesOf(text: string): Buffer {
  return Buffer.from(text, "latin1");
}

function textOf(bytes: Buffer): string {
  return bytes.toString("latin1");
}
