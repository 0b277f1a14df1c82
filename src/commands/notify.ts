// QREGISTER and QNOTIFY: register as a consumer of queues, and wait for events in them.
import { nameOf } from "../queue/name-cache.ts";
import { OK, type Reply } from "../resp/reply.ts";
import { checkCount, checkNew } from "./arguments.ts";
import { type QueueCall, type QueueCommand, queueCommand } from "./command.ts";
import { commandError } from "./errors.ts";
import { waiting } from "./waiting.ts";

/** Queues that one connection may register on. Each wait asks the store about all of them. */
const REGISTERED_MAX = 1024;
/** The length of their names together. They are kept as long as the connection. */
const REGISTERED_BYTES_MAX = 256 * 1024;

/** Throws if a client may not wait on so many queues, or on names that are so long together. */
export function checkQueues(queues: Buffer[]): void {
  checkCount("queues", queues.length, REGISTERED_MAX);
  const bytes = queues.reduce((sum, { length }) => sum + length, 0);
  if (bytes > REGISTERED_BYTES_MAX) {
    throw commandError("namesTooLong", { bytes, bytesMax: REGISTERED_BYTES_MAX });
  }
}

async function register(queues: Buffer[], { client, context }: QueueCall): Promise<Reply> {
  checkQueues(queues);
  for (const queue of queues) checkNew("queue name", queue, context);
  // Copied, because the list outlives the command, and a view would keep the whole received chunk.
  const unique = new Map(queues.map((queue) => [nameOf(queue), queue]));
  const registered = [...unique.values()].map((queue) => Buffer.from(queue));
  const { consumer } = client;
  if (consumer.bytesWith(registered) > context.settings.maxWaitingBytes) {
    throw commandError("tooManyRegistrations");
  }
  await consumer.register(registered);
  return OK;
}

async function notify(timeoutMs: number, { client, context }: QueueCall): Promise<Reply> {
  const { consumer, session } = client;
  // A driver that repeats a QNOTIFY on a new connection would wait and never get an event.
  if (!consumer.hasRegistered) throw commandError("notRegistered");
  if (timeoutMs > 0) await context.store.watch(consumer.queues, "ready");
  const attempt = async () => {
    const { queues } = consumer;
    if (queues.length === 0) return null;
    const found = await session.ask({ kind: "ready", queues });
    if (found) consumer.searchAfter(found);
    return found;
  };
  const { queues } = consumer;
  const wait = (signal: AbortSignal) =>
    context.waiters.wait({ queues, timeoutMs, attempt, signal });
  const woken = await waiting(client, wait, { queues, worker: client.name, target: null });
  // The user may have lost the right to the queue meanwhile.
  return consumer.queues.find((queue) => woken?.equals(queue)) ?? null;
}

const shared = { group: "queue", access: "consume", since: "0.1.0" } as const;

export const notifyCommands: QueueCommand[] = [
  queueCommand({
    ...shared,
    name: "QREGISTER",
    syntax: "[queue ...]",
    summary:
      "Makes this connection a consumer of these queues and of no others; QNOTIFY waits on them.",
    flags: ["write"],
    isExclusive: true,
    isOfConnection: true,
    run: ([, ...queues], _, call) => register(queues, call),
  }),
  queueCommand({
    ...shared,
    name: "QNOTIFY",
    syntax: "timeout",
    summary:
      "Waits up to timeout seconds for a ready event in a registered queue; the queue's name, " +
      "or nil. Commands sent after it wait too. An error if this connection never registered.",
    flags: ["readonly", "blocking"],
    isExclusive: true,
    run: ([, timeoutMs], _, call) => notify(timeoutMs, call),
  }),
];
