// The operations of the reference store: one function per kind, with the name of the kind.
import { management } from "./reference-management.ts";
import { factsOf, statusOf } from "./reference-status.ts";
import { Refusal } from "../../../src/queue/errors.ts";
import { Duplicate, NO_OPTIONS, type End, type Popped } from "../../../src/queue/event.ts";
import type { PushOptions } from "../../../src/queue/event.ts";
import { BATCH_CONTENTS_BYTES, type Claim, type Operation } from "../../../src/queue/operations.ts";
import type { Results } from "../../../src/queue/operations.ts";
import { compareKeys, keyOf } from "./reference-queue.ts";
import type { ReferenceEvent, ReferenceQueue } from "./reference-queue.ts";
import type { ReferenceState } from "./reference-state.ts";

type OperationOf<K extends Operation["kind"]> = Extract<Operation, { kind: K }>;

/** Settings that say how many events there may be. */
const REVIEWED = new Set(["max-length", "on-full", "keep-completed", "keep-failed"]);
const LOG_LINES_MAX = 100;
const CHAIN_MAX = 16;

interface Undo {
  claim: number | null;
  event: ReferenceEvent;
  rank: ReferenceEvent["rank"];
}

type Operations = {
  [K in Operation["kind"]]: (state: ReferenceState, operation: OperationOf<K>) => Results[K];
};

export const operations: Operations = {
  ...management,

  push: (state, { queue, end, id, contents, options }) =>
    pushAll(state, queue, end, [{ id, contents }], options ?? NO_OPTIONS)[0]!,
  pushBatch: (state, { queue, end, events, options }) =>
    pushAll(state, queue, end, events, options),

  pop: (state, { queue, leaseMs, claimant }) =>
    popFrom(state.queue(textOf(queue)), leaseMs, claimant),

  popBatch(state, { queues, count, leaseMs, claimant }) {
    const popped: Popped[] = [];
    let bytes = 0;
    for (const queue of queues) {
      while (popped.length < count && bytes <= BATCH_CONTENTS_BYTES) {
        const event = popFrom(state.queue(textOf(queue)), leaseMs, claimant);
        if (!event) break;
        popped.push(event);
        bytes += event.contents.length;
      }
    }
    return popped;
  },

  unpop(state, { queue: name, popped }) {
    const queue = state.queue(textOf(name));
    const { claim, event: given, rank } = popped.undo as Undo;
    // A removed one that was undone before lives on by itself.
    const event = claim === null ? { ...given } : given;
    if (claim !== null) {
      if (queue.events.get(event.id) !== event || event.claim?.number !== claim) return false;
      if (event.claim.isCancelled) {
        queue.remove(event);
        return true;
      }
    } else if (queue.taken(event.id)) return false;
    queue.enter(event, null, rank);
    queue.events.set(event.id, event);
    return true;
  },

  ack: (state, { queue, result, ...claim }) => ackOne(state.queue(textOf(queue)), claim, result),
  ackBatch: (state, { queue, claims }) =>
    claims.map((claim) => ackOne(state.queue(textOf(queue)), claim, null)),

  redo(state, { queue: name, start, ...claim }) {
    const queue = state.queue(textOf(name));
    const event = claimedBy(queue, claim);
    if (event?.claim!.isCancelled) queue.remove(event);
    else if (event) queue.enter(event, start, queue.rankAt("right"));
    return event !== null;
  },

  fail(state, { queue: name, error, next, ...claim }) {
    const queue = state.queue(textOf(name));
    const event = claimedBy(queue, claim);
    if (event?.claim!.isCancelled) {
      queue.remove(event);
      return "removed";
    }
    return event && (queue.fail(event, error, next) as "ready" | "delayed" | "failed");
  },

  crash(state, { queue: name, ...claim }) {
    const queue = state.queue(textOf(name));
    const event = claimedBy(queue, claim);
    if (event) queue.crash(event);
    return event !== null;
  },

  touch(state, { queue, leaseMs, progress, log, ...claim }) {
    const event = claimedBy(state.queue(textOf(queue)), claim);
    if (!event) return null;
    event.claim!.endsAtMs = state.nowMs + (leaseMs ?? event.claim!.leaseMs);
    if (progress) event.progress = progress;
    if (log) event.log = [...event.log, log].slice(-LOG_LINES_MAX);
    return event.claim!.isCancelled ? "cancelled" : "touched";
  },
  touchBatch: (state, { queue, claims, leaseMs }) =>
    claims.map((claim) => {
      const touch = { kind: "touch", queue, leaseMs, progress: null, log: null, ...claim } as const;
      return operations.touch(state, touch);
    }),

  peek(state, { queue, end }) {
    const event = state
      .queue(textOf(queue))
      .inState("ready")
      .at(end === "left" ? -1 : 0);
    return event ? { id: bytesOf(event.id), contents: Buffer.from(event.contents) } : null;
  },

  get(state, { queue: name, id }) {
    const queue = state.queue(textOf(name));
    const event = queue.events.get(textOf(id));
    return event ? factsOf(queue, event) : null;
  },

  scan(state, { queue: name, state: which, after, limit, isReverse, isWhole }) {
    const queue = state.queue(textOf(name));
    const inOrder = queue.inState(which);
    const events = isReverse ? inOrder.toReversed() : inOrder;
    const sign = isReverse ? -1 : 1;
    const last = after && (JSON.parse(textOf(after)) as (string | number)[]);
    const left = last ? events.filter((e) => sign * compareKeys(keyOf(e), last) > 0) : events;
    const page = left.slice(0, limit);
    const bare = isWhole ? {} : { contents: null, errors: [], log: [] };
    return {
      events: page.map((event) => ({ ...factsOf(queue, event), ...bare })),
      next: left.length > limit ? bytesOf(JSON.stringify(keyOf(page.at(-1)!))) : null,
    };
  },

  remove: (state, { queue: name, targets }) =>
    targets.map(({ id, version }) => {
      const queue = state.queue(textOf(name));
      const event = queue.events.get(textOf(id));
      if (!event || event.state === "claimed" || !isVersion(event, version)) return false;
      queue.remove(event);
      return true;
    }),

  retry: (state, { queue: name, targets, end }) =>
    targets.map(({ id, version }) => {
      const queue = state.queue(textOf(name));
      const event = queue.events.get(textOf(id));
      if (!event || !isVersion(event, version)) return false;
      const hasFailed = event.failures + event.crashes > 0;
      if (event.state !== "failed" && !(event.state === "delayed" && hasFailed)) return false;
      Object.assign(event, { failures: 0, crashes: 0, ttlFromMs: state.nowMs });

      queue.enter(event, null, queue.rankAt(end));
      return true;
    }),

  flush(state, { queue }) {
    state.queue(textOf(queue)).events.clear();
    state.queue(textOf(queue)).windows.clear();
    return null;
  },

  settings: (state, { queue }) =>
    new Map(queue === null ? state.allSettings : state.queue(textOf(queue)).settings),

  configure(state, { queue: name, values }) {
    const failedTo = values.find(([setting]) => setting === "failed-to")?.[1];
    if (name !== null && failedTo && isCycle(state, textOf(name), failedTo)) return "cycle";
    const settings = name === null ? state.allSettings : state.queue(textOf(name)).settings;
    for (const [setting, value] of values) {
      if (value === null) settings.delete(setting);
      else settings.set(setting, value);
    }
    const isReviewed = values.some(([setting]) => REVIEWED.has(setting));
    for (const each of isReviewed ? state.usedQueues() : []) {
      const queue = state.queue(each);
      const isMeant = name === null || each === textOf(name);
      if (isMeant && queue.events.size > 0) queue.isReviewed = true;
    }
    const mayHandOut = values.some(([setting]) => setting === "max-claimed");
    for (const each of mayHandOut ? state.usedQueues() : []) {
      const queue = state.queue(each);
      if (name === null || each === textOf(name)) queue.tellReady(queue.count("ready"));
    }
    return "ok";
  },

  pause(state, { queue: name, directions, forMs, worker }) {
    const queue = state.queue(textOf(name));
    const untilMs = forMs === null ? Infinity : state.nowMs + forMs;
    if (worker) return queue.pauseWorker(textOf(worker), untilMs);
    for (const direction of directions) queue.pauses.set(direction, untilMs);
    return true;
  },

  resume(state, { queue: name, directions, worker }) {
    const queue = state.queue(textOf(name));
    const isOut = worker !== null || directions.includes("out");
    if (worker) queue.workerPauses.delete(textOf(worker));
    else for (const direction of directions) queue.pauses.delete(direction);
    if (isOut) queue.tellReady(queue.count("ready"));
    return null;
  },

  status: (state, { queues }) => queues.map((queue) => statusOf(state.queue(textOf(queue)))),

  list(state, { after, limit }) {
    const names = state.usedQueues().filter((name) => after === null || name > textOf(after));
    const queues = names.slice(0, limit).map((name) => statusOf(state.queue(name)));
    return { queues, next: names.length > limit ? queues.at(-1)!.queue : null };
  },

  ready(state, { queues }) {
    const found = queues.find((name) => {
      const queue = state.queue(textOf(name));
      const { claimedMax } = queue.given;
      if (queue.isPaused("out")) return false;
      if (claimedMax !== null && queue.count("claimed") >= claimedMax) return false;
      return queue.inState("ready").some((event) => !queue.isExpired(event));
    });
    return found ?? null;
  },

  register(state, { consumers, isReset }) {
    if (isReset) for (const name of state.usedQueues()) state.queue(name).consumers = 0;
    for (const { queue, count } of consumers) state.queue(textOf(queue)).consumers = count;
    return null;
  },

  tick: (state, { limit }) => state.tick(limit),
  probe: () => null,
};

function pushAll(
  state: ReferenceState,
  name: Buffer,
  end: End,
  events: { id: Buffer | null; contents: Buffer }[],
  options: PushOptions,
): (Buffer | Duplicate)[] {
  const queue = state.queue(textOf(name));
  const { tree } = queue;
  const { pausedOne } = tree;
  if (pausedOne) throw new Refusal("PAUSED", bytesOf(pausedOne.name));
  const isTaken = (id: string) => queue.takenForPush(id) || tree.isTaken(id);
  const ids = events.map(({ id }) => id && id.toString("latin1"));
  const added = new Set(ids.filter((id) => id !== null && !isTaken(id)));
  const newCount = added.size + ids.filter((id) => id === null).length;
  const fullOne = tree.fullOne(events.length, newCount);
  if (fullOne) throw new Refusal("QUEUEFULL", bytesOf(fullOne.name));
  if (newCount > 0) tree.makeRoomFor(newCount, new Set(ids));
  const inBatch = new Set<string>();
  return events.map(({ contents: given }, at) => {
    const contents = Buffer.from(given);
    const id = ids[at] ?? state.newId(queue);
    const there = queue.taken(id);
    const isSecond = inBatch.has(id);
    inBatch.add(id);
    const isNamed = ids[at] !== null;
    if (!isNamed || !isTaken(id)) {
      tree.enter(
        (each) => newEvent(each, id, contents, options, end),
        (each, event) => each.enter(event, options.start, event.rank),
      );
      if (isNamed) queue.takeWindow(id);
    } else if (isSecond || options.onDuplicate === "refuse") return new Duplicate(bytesOf(id));
    else if (options.onDuplicate === "replace") {
      const isReplaced = there && replace(queue, there, contents, options, end);
      if (!isReplaced) return new Duplicate(bytesOf(id));
      queue.takeWindow(id);
    }
    return bytesOf(id);
  });
}

function newEvent(
  queue: ReferenceQueue,
  id: string,
  contents: Buffer,
  options: PushOptions,
  end: End,
): ReferenceEvent {
  const { nowMs } = queue;
  const counts = { failures: 0, crashes: 0, version: 0, order: 0, atMs: 0 };
  const none = { claim: null, lastError: null, errors: [], log: [], progress: null, result: null };
  const times = { pushedAtMs: nowMs, ttlFromMs: nowMs };
  const rank = queue.rankAt(end);
  return { id, contents, options, state: "delayed", rank, ...times, ...counts, ...none };
}

function replace(
  queue: ReferenceQueue,
  event: ReferenceEvent,
  contents: Buffer,
  options: PushOptions,
  end: End,
): boolean {
  if (event.state !== "ready" && event.state !== "delayed") return false;
  const wasReady = event.state === "ready";
  const kept = event.state === "delayed" ? { atMs: event.atMs } : null;
  const isMoved = end === "right" || (options.start !== null && !wasReady);
  const rank = isMoved ? queue.rankAt(end) : event.rank;
  const times = { pushedAtMs: queue.nowMs, ttlFromMs: queue.nowMs };
  Object.assign(event, { contents, options, ...times });
  queue.enter(event, options.start ?? kept, rank);
  return true;
}

function popFrom(
  queue: ReferenceQueue,
  wantedMs: number | null,
  claimant: Buffer | null,
): Popped | null {
  const worker = claimant && workerOf(claimant);
  if (queue.isPaused("out", worker)) return null;
  const { leaseMs, claimedMax } = queue.given;
  for (const event of queue.inState("ready")) {
    if (queue.isExpired(event)) {
      queue.expire(event);
      continue;
    }
    const leasedMs = wantedMs ?? event.options.leaseMs ?? leaseMs;
    const isLimited = claimedMax !== null && queue.count("claimed") >= claimedMax;
    if (isLimited && leasedMs > 0) return null;
    const { id, contents, options, rank } = event;
    const claim = leasedMs > 0 ? queue.claim(event, leasedMs, claimant) : null;
    if (!claim) queue.remove(event);
    return {
      queue: bytesOf(queue.name),
      id: bytesOf(id),
      contents: Buffer.from(contents),
      token: claim?.token ? bytesOf(claim.token) : null,
      attempt: 1 + event.failures + event.crashes,
      headers: claimant && options.headers,
      pushedAtMs: event.pushedAtMs,
      undo: { claim: claim?.number ?? null, event: claim ? event : { ...event }, rank },
    };
  }
  return null;
}

/** It stands behind the process and the client. */
function workerOf(claimant: Buffer): Buffer {
  const client = claimant.indexOf(" ") + 1;
  return claimant.subarray(claimant.indexOf(" ", client) + 1);
}

function claimedBy(queue: ReferenceQueue, { id, token }: Claim): ReferenceEvent | null {
  const event = queue.events.get(textOf(id));
  if (!event?.claim) return null;
  return token === null || event.claim.token === textOf(token) ? event : null;
}

function ackOne(queue: ReferenceQueue, claim: Claim, result: Buffer | null): boolean {
  const event = claimedBy(queue, claim);
  if (event) {
    const { count } = queue.given.keepCompleted;
    if (count === 0) queue.remove(event);
    else queue.complete(event, result);
  }
  return event !== null;
}

function isVersion(event: ReferenceEvent, version: string | null): boolean {
  return version === null || version === String(event.version);
}

function isCycle(state: ReferenceState, from: string, to: string): boolean {
  let name: string | null = to;
  for (let hops = 1; hops <= CHAIN_MAX; hops++) {
    if (name === from) return true;
    const own: string | undefined = state.queue(name).settings.get("failed-to");
    if (!own) return false;
    name = own;
  }
  return true;
}

function bytesOf(text: string): Buffer {
  return Buffer.from(text, "latin1");
}

function textOf(bytes: Buffer): string {
  return bytes.toString("latin1");
}
