// Settings and pauses of queues in the reference store.
import type { Configure, Pause, Resume, Settings } from "../../../src/queue/management.ts";
import type { Results } from "../../../src/queue/operations.ts";
import type { ReferenceState } from "./reference-state.ts";

/** Settings that say how many events there may be. */
const REVIEWED = new Set(["max-length", "on-full", "keep-completed", "keep-failed"]);
const CHAIN_MAX = 16;

export const settingOperations = {
  settings: (state: ReferenceState, { queue }: Settings): Results["settings"] =>
    new Map(queue === null ? state.allSettings : state.queue(textOf(queue)).settings),

  configure(state: ReferenceState, { queue: name, values }: Configure): Results["configure"] {
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
      if (name !== null && each !== textOf(name)) continue;
      if (queue.turns.areTaken) state.becameReady(each, queue.turns.offered);
      else queue.tellReady(queue.count("ready"));
    }
    return "ok";
  },

  pause(state: ReferenceState, operation: Pause): Results["pause"] {
    const { queue: name, directions, forMs, worker, group } = operation;
    const queue = state.queue(textOf(name));
    const untilMs = forMs === null ? Infinity : state.nowMs + forMs;
    if (worker) return queue.pauseWorker(textOf(worker), untilMs);
    if (group) return queue.turns.pause(textOf(group), untilMs);
    for (const direction of directions) queue.pauses.set(direction, untilMs);
    return true;
  },

  resume(
    state: ReferenceState,
    { queue: name, directions, worker, group }: Resume,
  ): Results["resume"] {
    const queue = state.queue(textOf(name));
    if (group) queue.turns.resume(textOf(group));
    if (group) return null;
    const isOut = worker !== null || directions.includes("out");
    if (worker) queue.workerPauses.delete(textOf(worker));
    else for (const direction of directions) queue.pauses.delete(direction);
    if (isOut) queue.tellReady(queue.count("ready"));
    return null;
  },
};

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

function textOf(bytes: Buffer): string {
  return bytes.toString("latin1");
}
