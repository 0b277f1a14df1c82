// The operations of the reference store: one function per kind, with the name of the kind.
import { claimedBy } from "./reference-claims.ts";
import { cronOperations } from "./reference-crons.ts";
import { management } from "./reference-management.ts";
import { counting, countPart, judgeParts, uncount } from "./reference-counters.ts";
import { listing } from "./reference-lists.ts";
import { popFrom, popSome, type Undo } from "./reference-pops.ts";
import { pushing } from "./reference-pushes.ts";
import { setOperations } from "./reference-sets.ts";
import { settingOperations } from "./reference-settings.ts";
import { factsOf, statusOf } from "./reference-status.ts";
import { streamClaims } from "./reference-stream-claims.ts";
import { flushOne, streamGroups } from "./reference-stream-groups.ts";
import { streaming } from "./reference-streams.ts";
import { transact } from "./reference-transaction.ts";
import type { Claim, Operation } from "../../../src/queue/operations.ts";
import type { Results } from "../../../src/queue/operations.ts";
import { compareKeys, keyOf, type ReferenceEvent } from "./reference-event.ts";
import type { ReferenceState } from "./reference-state.ts";

type OperationOf<K extends Operation["kind"]> = Extract<Operation, { kind: K }>;

/** What a look that is not whole leaves out. */
const BARE = { contents: null, errors: [], log: [] };
const LOG_LINES_MAX = 100;

export type Operations = {
  [K in Operation["kind"]]: (state: ReferenceState, operation: OperationOf<K>) => Results[K];
};

export const operations: Operations = {
  ...management,
  ...cronOperations((state, push) => operations.push(state, push)),
  ...settingOperations,
  ...setOperations,
  ...pushing,
  ...counting,
  ...listing,
  ...streaming,
  ...streamClaims,
  ...streamGroups,

  pop: (state, { queue, leaseMs, claimant }) =>
    popFrom(state, state.queue(textOf(queue)), leaseMs, claimant),

  popBatch: (state, { queues, ...wanted }) =>
    popSome(
      state,
      queues.map((queue) => state.queue(textOf(queue))),
      wanted,
    ),

  unpop(state, { queue: name, popped }) {
    const queue = state.queue(textOf(name));
    const { claim, event: given, rank, atMs, counted } = popped.undo as Undo;
    // A removed one that was undone before lives on by itself.
    const event = claim === null ? { ...given } : given;
    if (claim !== null) {
      if (queue.events.get(event.id) !== event || event.claim?.number !== claim) return false;
      queue.turns.takeBack(event, atMs);
      if (event.claim.isCancelled) {
        queue.remove(event);
        return true;
      }
    } else if (queue.taken(event.id)) return false;
    else queue.turns.takeBack(event, atMs);
    if (counted) uncount(counted);
    queue.enter(event, null, rank ?? queue.rankAt("left"));
    queue.events.set(event.id, event);
    return true;
  },

  ack: (state, { queue, result, ...claim }) => ackAll(state, queue, [claim], result)[0]!,
  ackBatch: (state, { queue, claims }) => ackAll(state, queue, claims, null),

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
    const from = state.queue(textOf(queue));
    const event = end === "left" ? from.inState("ready").at(-1) : from.turns.next;
    return event ? { id: bytesOf(event.id), contents: Buffer.from(event.contents) } : null;
  },

  get(state, { queue: name, id, isWhole }) {
    const queue = state.queue(textOf(name));
    const event = queue.events.get(textOf(id));
    if (!event) return null;
    const heldBackBy = event.state === "ready" ? queue.turns.heldBackBy(event) : null;
    return { ...factsOf(queue, event), ...(isWhole ? {} : BARE), heldBackBy };
  },

  scan(state, { queue: name, state: which, after, limit, isReverse, isWhole }) {
    const queue = state.queue(textOf(name));
    const inOrder = queue.inState(which);
    const events = isReverse ? inOrder.toReversed() : inOrder;
    const sign = isReverse ? -1 : 1;
    const last = after && (JSON.parse(textOf(after)) as (string | number)[]);
    const left = last ? events.filter((e) => sign * compareKeys(keyOf(e), last) > 0) : events;
    const page = left.slice(0, limit);
    return {
      events: page.map((event) => ({ ...factsOf(queue, event), ...(isWhole ? {} : BARE) })),
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
      if (queue.keys.hasLost(event)) return false;
      Object.assign(event, { failures: 0, crashes: 0, ttlFromMs: state.nowMs });

      queue.enter(event, null, queue.rankAt(end));
      return true;
    }),

  flush(state, { queue }) {
    flushOne(state, state.queue(textOf(queue)));
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
      if (queue.turns.room <= 0) return false;
      return queue.turns.all.some((event) => !queue.isExpired(event));
    });
    return found ?? null;
  },

  register(state, { consumers, isReset }) {
    if (isReset) for (const name of state.usedQueues()) state.queue(name).consumers = 0;
    for (const { queue, count } of consumers) state.queue(textOf(queue)).consumers = count;
    return null;
  },

  tick(state, { limit }) {
    const moved = state.tick(limit);
    return { moved, cronParts: state.cronDueAtMs <= state.nowMs ? [0] : [] };
  },
  probe: () => null,
  transaction: (state, transaction) =>
    transact(state, transaction, (each) => {
      const result = operations[each.kind](state, each as never);
      state.settle();
      return result;
    }),
};

function ackAll(
  state: ReferenceState,
  name: Buffer,
  claims: Claim[],
  result: Buffer | null,
): boolean[] {
  const queue = state.queue(textOf(name));
  const events = claims.map((claim) => claimedBy(queue, claim));
  judgeParts(state, [...new Set(events.filter((event) => event !== null))]);
  return claims.map((claim) => {
    const event = claimedBy(queue, claim);
    if (!event) return false;
    const { count } = queue.given.keepCompleted;
    if (count === 0) queue.remove(event);
    else queue.complete(event, result);
    countPart(state, event);
    return true;
  });
}

function isVersion(event: ReferenceEvent, version: string | null): boolean {
  return version === null || version === String(event.version);
}

function bytesOf(text: string): Buffer {
  return Buffer.from(text, "latin1");
}

function textOf(bytes: Buffer): string {
  return bytes.toString("latin1");
}
