// A command that takes events counts as a consumer of their queues, and may wait until there are
// some.
import type { Taker } from "../queue/wait-list.ts";
import type { QueueCall } from "./command.ts";
import { Takings } from "./takings.ts";
import { waiting } from "./waiting.ts";

export interface Taking<T> {
  queues: Buffer[];
  /** Into which it pushes what it takes; null: it pushes nothing. */
  target: Buffer | null;
  taker: Taker;
  /** How long it waits. */
  timeoutMs: number;
  /** Takes what there is; null if there is nothing, so that it waits on. */
  attempt: () => Promise<T | null>;
}

/** A consumer creates its queues. */
export function countConsumer(queues: Buffer[], { client, context, phase }: QueueCall): void {
  if (phase === "queued") return;
  const { maxNameBytes, maxWaitingBytes } = context.settings;
  const areAllowed = queues.every(({ length }) => length <= maxNameBytes);
  if (areAllowed) client.consumer.popsFrom(queues, maxWaitingBytes);
}

/** Takes what there is, or waits for it. Null if there was nothing in time. */
export async function takeOrWait<T>(taking: Taking<T>, call: QueueCall): Promise<T | null> {
  const { client, context } = call;
  const { queues, target, taker, timeoutMs, attempt } = taking;
  const wait = async () => {
    await context.store.watch(queues, "ready");
    const waitOn = (signal: AbortSignal) =>
      context.waiters.wait({ queues, timeoutMs, attempt, takes: taker, signal });
    return await waiting(client, waitOn, { queues, worker: taker.worker, target });
  };
  // Mostly there is something, and nobody waits who would be overtaken.
  if (!call.takings && context.waiters.areAwaited(queues)) return await wait();
  call.takings ??= new Takings();
  const found = await call.takings.first(attempt);
  if (found !== null) return found;
  try {
    return client.gone.aborted ? null : await wait();
  } finally {
    call.takings.waited();
  }
}
