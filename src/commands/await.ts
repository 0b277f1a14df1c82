// QWAIT and QEMPTY: waits until an event has ended, or until a queue is empty.
import type { EventFacts } from "../queue/event.ts";
import { decodeHeaders } from "../queue/headers.ts";
import { failedToOf } from "../queue/settings.ts";
import { NIL_ARRAY, type Reply } from "../resp/reply.ts";
import type { Caller } from "./caller.ts";
import { type QueueCall, type QueueCommand, queueCommand } from "./command.ts";
import { givenSettings } from "./queue-settings.ts";
import { mayWait, waiting } from "./waiting.ts";

/** How it ended, or null if it has not. */
async function endOf(queue: Buffer, id: Buffer, caller: Caller): Promise<Reply[] | null> {
  const event = await caller.session.ask({ kind: "get", queue, id, isWhole: false });
  if (event === null) return (await failureElsewhere(queue, id, caller)) ?? ["gone", null];
  if (event.state === "completed") return ["completed", event.result];
  return event.state === "failed" ? ["failed", event.lastError] : null;
}

/** Its failure, if it has failed and is in the queue for failed events now. */
async function failureElsewhere(
  queue: Buffer,
  id: Buffer,
  { session }: Caller,
): Promise<Reply[] | null> {
  const [own, all] = await givenSettings(queue, session);
  const target = failedToOf(queue.toString("latin1"), own, all);
  if (target === null) return null;
  const elsewhere = Buffer.from(target, "latin1");
  const event = await session.ask({ kind: "get", queue: elsewhere, id, isWhole: false });
  if (!event || !headerOf(event, "okq-from")?.equals(queue)) return null;
  return ["failed", headerOf(event, "okq-error")];
}

function headerOf({ headers }: EventFacts, wanted: string): Buffer | null {
  const found = decodeHeaders(headers).find(([name]) => name.toString("latin1") === wanted);
  return found?.[1] ?? null;
}

async function isEmpty(queue: Buffer, isClaimedOnly: boolean, { session }: Caller) {
  const [status] = await session.ask({ kind: "status", queues: [queue] });
  const { ready, delayed, claimed } = status!;
  const left = isClaimedOnly ? claimed : ready + delayed + claimed;
  return left === 0 ? true : null;
}

async function wait<T>(
  awaited: { queue: Buffer; id: Buffer | null; timeoutMs: number },
  look: () => Promise<T | null>,
  { client, context }: QueueCall,
): Promise<T | null> {
  // Without messages of other processes it only takes longer.
  await context.store.watch([awaited.queue], "ended").catch(() => {});
  const what = { queues: [awaited.queue], worker: null, target: null };
  const ended = (signal: AbortSignal) => context.endings.wait<T>({ ...awaited, look, signal });
  const found = await waiting(client, ended, what);
  // A look may have been under way when the user lost the right.
  return mayWait(client.user, what) ? found : null;
}

const shared = {
  group: "queue",
  access: "inspect",
  since: "0.1.0",
  flags: ["readonly", "blocking"],
  isExclusive: true,
} as const;

export const awaitCommands: QueueCommand[] = [
  queueCommand({
    ...shared,
    name: "QWAIT",
    syntax: "queue id seconds",
    summary:
      "Waits until an event has ended: [completed, result], [failed, error], or [gone, nil] for " +
      "one that is not there (any more); nil at the end of the time. A result is only kept with " +
      "keep-completed.",
    async run([, queue, id, timeoutMs], _, call) {
      const look = () => endOf(queue, id, call.client);
      return (await wait({ queue, id, timeoutMs }, look, call)) ?? NIL_ARRAY;
    },
  }),
  queueCommand({
    ...shared,
    name: "QEMPTY",
    syntax: "queue seconds [CLAIMED]",
    summary:
      "Waits until nothing is ready, delayed or claimed in a queue, or with CLAIMED until " +
      "nothing is claimed: 1, or 0 at the end of the time.",
    async run([, queue, timeoutMs], { CLAIMED = false }, call) {
      const look = () => isEmpty(queue, CLAIMED, call.client);
      return (await wait({ queue, id: null, timeoutMs }, look, call)) ? 1 : 0;
    },
  }),
];
