// QREGISTER and QNOTIFY: saying what one consumes, and waiting for it.
import { nameOf } from "../queue/name-cache.ts";
import { OK, type Reply } from "../resp/reply.ts";
import { type Call, type Command, CommandError } from "./command.ts";
import { checkCount, checkNew, parseSeconds } from "./options.ts";

/** Queues that one connection may register on: each wait asks the store for all of them. */
const REGISTERED_MAX = 1024;
/** Of their names together, which are kept as long as the connection. */
const REGISTERED_BYTES_MAX = 256 * 1024;

const NOT_REGISTERED =
  "ERR not registered: every connection, also a new one of the same client, has to send " +
  "QREGISTER before QNOTIFY";

async function register({ args, client, context }: Call): Promise<Reply> {
  checkCount("queues", args.length - 1, REGISTERED_MAX);
  const bytes = args.slice(1).reduce((sum, { length }) => sum + length, 0);
  if (bytes > REGISTERED_BYTES_MAX) {
    throw new CommandError(`ERR too long names, ${bytes} bytes of at most ${REGISTERED_BYTES_MAX}`);
  }
  for (const queue of args.slice(1)) checkNew("queue name", queue, context);
  // Copies: the list outlives the command, and a view would keep a whole received chunk.
  const unique = new Map(args.slice(1).map((queue) => [nameOf(queue), queue]));
  const queues = [...unique.values()].map((queue) => Buffer.from(queue));
  const { consumer } = client;
  if (consumer.bytesWith(queues) > context.settings.maxWaitingBytes) {
    throw new CommandError("ERR too many registrations of all clients (--max-waiting-bytes)");
  }
  await consumer.register(queues);
  return OK;
}

async function notify({ args, client, context }: Call): Promise<Reply> {
  const { consumer, session } = client;
  const timeoutMs = parseSeconds("timeout", args[1]!);
  // A driver that repeats a QNOTIFY on a new connection would wait in vain.
  if (!consumer.hasRegistered) throw new CommandError(NOT_REGISTERED);
  if (timeoutMs > 0) await context.store.watch();
  const woken = await context.waiters.wait({
    queues: consumer.queues,
    timeoutMs,
    signal: client.gone,
    attempt: async () => {
      if (consumer.queues.length === 0) return null;
      const found = await session.ask({ kind: "ready", queues: consumer.queues });
      if (found) consumer.searchBehind(found);
      return found;
    },
  });
  // The right to it may have been taken away while the store was asked.
  return consumer.queues.find((queue) => woken?.equals(queue)) ?? null;
}

export const notifyCommands: Command[] = [
  {
    name: "QREGISTER",
    syntax: "[queue ...]",
    summary:
      "Makes this connection a consumer of these queues and of no others; QNOTIFY waits on them.",
    group: "queue",
    access: "consume",
    since: "0.1.0",
    flags: ["write"],
    isExclusive: true,
    run: register,
  },
  {
    name: "QNOTIFY",
    syntax: "timeout",
    summary:
      "Waits up to timeout seconds for a ready event in a registered queue; the queue's name, " +
      "or nil. Commands sent behind it wait too. An error if this connection never registered.",
    group: "queue",
    access: "consume",
    since: "0.1.0",
    flags: ["readonly", "blocking"],
    isExclusive: true,
    run: notify,
  },
];
