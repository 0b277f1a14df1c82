// What the reference store shows of a queue and of an event.
import type { EventFacts, State } from "../../../src/queue/event.ts";
import type { QueueStatus } from "../../../src/queue/queue-status.ts";
import type { ReferenceEvent } from "./reference-event.ts";
import type { ReferenceQueue } from "./reference-queue.ts";

export function statusOf(queue: ReferenceQueue): QueueStatus {
  const count = (state: State) => queue.count(state);
  return {
    queue: Buffer.from(queue.name, "latin1"),
    ready: count("ready"),
    delayed: count("delayed"),
    claimed: count("claimed"),
    failed: count("failed"),
    completed: count("completed"),
    consumers: queue.consumers,
    paused: (["in", "out"] as const).filter((direction) => queue.isPaused(direction)),
    isStream: queue.stream !== null,
  };
}

export function factsOf(queue: ReferenceQueue, event: ReferenceEvent): EventFacts {
  const { state, options, claim, atMs } = event;
  const isOver = state === "failed" || state === "completed";
  const { attemptsMax, backoff, leaseMs, headers, unique } = options;
  return {
    id: Buffer.from(event.id, "latin1"),
    state,
    contents: event.contents,
    pushedAtMs: event.pushedAtMs,
    atMs: state === "ready" ? null : state === "claimed" ? claim!.endsAtMs : atMs,
    failures: event.failures,
    crashes: event.crashes,
    attemptsMax: attemptsMax ?? queue.given.attemptsMax,
    backoff,
    leaseMs,
    priority: event.priority,
    group: event.group === null ? null : Buffer.from(event.group, "latin1"),
    heldBackBy: null,
    headers,
    unique: unique?.key ?? null,
    expiresAtMs: isOver ? null : queue.expiresAtMs(event),
    claimant: claim?.claimant ?? null,
    claimedAtMs: claim?.token ? claim.sinceMs : null,
    isCancelled: claim?.isCancelled ?? false,
    lastError: event.lastError,
    errors: [...event.errors],
    log: [...event.log],
    progress: event.progress,
    result: event.result,
    version: String(event.version),
  };
}
