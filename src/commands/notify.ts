// QREGISTER and QNOTIFY: saying what one consumes, and waiting for it.
import { nameOf } from "../queue/name-cache.ts";
import { OK, type Reply } from "../resp/reply.ts";
import { type Call, type Client, type Command, CommandError, type Context } from "./command.ts";
import { checkCount, checkNew, parseSeconds } from "./options.ts";

/** Queues that one connection may register on: each wait asks the store for all of them. */
const REGISTERED_MAX = 1024;
/** Of their names together, which are kept as long as the connection. */
const REGISTERED_BYTES_MAX = 256 * 1024;

const NOT_REGISTERED =
  "ERR not registered: every connection, also a new one of the same client, has to send " +
  "QREGISTER before QNOTIFY";

/** Trades the client's list of queues for another, here and in the store. */
export async function registerOn(
  client: Client,
  { consumers, registrations }: Context,
  queues: Buffer[],
): Promise<void> {
  const before = client.queues;
  client.queues = queues;
  const changed = consumers.replace(before, queues);
  if (changed.length === 0) return;
  const report = registrations.ask({ kind: "register", consumers: changed, isReset: false });
  consumers.reported = report.catch(() => {});
  try {
    await report;
  } catch (error) {
    if (client.queues === queues) {
      client.queues = before;
      consumers.replace(queues, before);
    }
    throw error;
  }
}

/**
 * Leaves all but these of the client's queues, even if the store fails: the store hears of it with
 * the housekeeper's next full count.
 */
export async function stayOn(kept: Buffer[], client: Client, context: Context): Promise<void> {
  const { queues } = client;
  if (kept.length === queues.length) return;
  try {
    await registerOn(client, context, kept);
  } catch (error) {
    context.reportFailure("deregistering a consumer", error as Error);
    if (client.queues !== queues) return;
    context.consumers.replace(queues, kept);
    client.queues = kept;
  }
}

/**
 * Resolves when the store knows of all consumers that left in this turn of the event loop. When a
 * turn learns that a connection ended, that connection is over by the end of the next turn.
 */
export async function leaversReported({ consumers }: Context): Promise<void> {
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  await consumers.reported;
}

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
  const { consumers, settings } = context;
  if (consumers.bytesWith(client.queues, queues) > settings.maxWaitingBytes) {
    throw new CommandError("ERR too many registrations of all clients (--max-waiting-bytes)");
  }
  const { hasRegistered } = client;
  client.hasRegistered = true;
  try {
    await registerOn(client, context, queues);
  } catch (error) {
    client.hasRegistered &&= hasRegistered;
    throw error;
  }
  return OK;
}

async function notify({ args, client, context }: Call): Promise<Reply> {
  const timeoutMs = parseSeconds("timeout", args[1]!);
  // A driver that repeats a QNOTIFY on a new connection would wait in vain.
  if (!client.hasRegistered) throw new CommandError(NOT_REGISTERED);
  if (timeoutMs > 0) await context.store.watch();
  const woken = await context.waiters.wait({
    queues: client.queues,
    timeoutMs,
    signal: client.gone,
    attempt: async () => {
      if (client.queues.length === 0) return null;
      const found = await client.session.ask({ kind: "ready", queues: client.queues });
      if (found) startBehind(client, found);
      return found;
    },
  });
  // The right to it may have been taken away while the store was asked.
  return client.queues.find((queue) => woken?.equals(queue)) ?? null;
}

/** Next time the search starts behind the queue just found, so that none starves the others. */
function startBehind(client: Client, found: Buffer): void {
  const next = client.queues.findIndex((queue) => queue.equals(found)) + 1;
  client.queues = [...client.queues.slice(next), ...client.queues.slice(0, next)];
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
