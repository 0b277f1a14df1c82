// Pops in the reference store.
import { Refusal } from "../../../src/queue/errors.ts";
import type { End, Popped } from "../../../src/queue/event.ts";
import { BATCH_CONTENTS_BYTES } from "../../../src/queue/operations.ts";
import { countPart, judgeParts, type Uncount } from "./reference-counters.ts";
import type { ReferenceEvent } from "./reference-event.ts";
import type { ReferenceQueue } from "./reference-queue.ts";
import type { ReferenceState } from "./reference-state.ts";

/** What undoes a pop. */
export interface Undo {
  claim: number | null;
  event: ReferenceEvent;
  /** null: a new one at the left end. */
  rank: ReferenceEvent["rank"] | null;
  atMs: number;
  counted: Uncount | null;
}

/**
 * At the right end what comes next, at the left end the event that stands there: only turns and
 * limits of groups tell the difference.
 */
export function popFrom(
  state: ReferenceState,
  queue: ReferenceQueue,
  wantedMs: number | null,
  claimant: Buffer | null,
  end: End = "right",
): Popped | null {
  const worker = claimant && workerOf(claimant);
  if (queue.isPaused("out", worker)) return null;
  const { leaseMs, claimedMax } = queue.given;
  if (queue.turns.room <= 0) return null;
  for (let event; (event = eventAt(queue, end));) {
    if (queue.isExpired(event)) {
      queue.expire(event);
      continue;
    }
    const leasedMs = wantedMs ?? event.options.leaseMs ?? leaseMs;
    const isLimited = claimedMax !== null && queue.count("claimed") >= claimedMax;
    if (isLimited && leasedMs > 0) return null;
    const { id, contents, options } = event;
    const rank = end === "left" && options.group === null ? null : event.rank;
    if (leasedMs === 0) judgeParts(state, [event], queue);
    const atMs = queue.nowMs;
    queue.turns.give(event);
    const claim = leasedMs > 0 ? queue.claim(event, leasedMs, claimant) : null;
    if (!claim) queue.remove(event);
    const counted = claim ? null : countPart(state, event);
    const undone = claim ? event : { ...event };
    return {
      queue: bytesOf(queue.name),
      id: bytesOf(id),
      contents: Buffer.from(contents),
      token: claim?.token ? bytesOf(claim.token) : null,
      attempt: 1 + event.failures + event.crashes,
      headers: claimant && options.headers,
      pushedAtMs: event.pushedAtMs,
      undo: { claim: claim?.number ?? null, event: undone, rank, atMs, counted },
    };
  }
  return null;
}

interface Wanted {
  count: number;
  leaseMs: number | null;
  claimant: Buffer | null;
  end?: End;
}

/** From each of these queues as many as there are. Fails only if there are none. */
export function popSome(
  state: ReferenceState,
  queues: ReferenceQueue[],
  { count, leaseMs, claimant, end }: Wanted,
): Popped[] {
  const popped: Popped[] = [];
  let bytes = 0;
  try {
    for (const queue of queues) {
      while (popped.length < count && bytes <= BATCH_CONTENTS_BYTES) {
        const event = popFrom(state, queue, leaseMs, claimant, end);
        if (!event) break;
        popped.push(event);
        bytes += event.contents.length;
      }
    }
  } catch (error) {
    if (popped.length === 0 || !(error instanceof Refusal)) throw error;
  }
  return popped;
}

/** Of the events that may be handed out there. */
export function eventAt(queue: ReferenceQueue, end: End): ReferenceEvent | undefined {
  return end === "right" ? queue.turns.next : queue.inState("ready").at(-1);
}

/** It stands behind the process and the client. */
function workerOf(claimant: Buffer): Buffer {
  const client = claimant.indexOf(" ") + 1;
  return claimant.subarray(claimant.indexOf(" ", client) + 1);
}

function bytesOf(text: string): Buffer {
  return Buffer.from(text, "latin1");
}
