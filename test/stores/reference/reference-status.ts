// The numbers of a queue of the reference store.
import type { State } from "../../../src/queue/event.ts";
import type { QueueStatus } from "../../../src/queue/queue-status.ts";
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
  };
}
