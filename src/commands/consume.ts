// QPOP and QNEXT: events out, from one or several queues, at once or when there is one.
import { claimantOf } from "../queue/claimant.ts";
import type { Popped } from "../queue/event.ts";
import { NIL_ARRAY, type Reply } from "../resp/reply.ts";
import type { Answer } from "./answer.ts";
import { checkWorker } from "./arguments.ts";
import { type QueueCall, type QueueCommand, queueCommand } from "./command.ts";
import { commandError } from "./errors.ts";
import { claimOf } from "./claims.ts";
import { checkQueues } from "./notify.ts";
import { eventReply, PoppedEvents } from "./popped-events.ts";
import type { Options } from "./syntax-types.ts";
import { waiting } from "./waiting.ts";

const POP_OPTIONS =
  "[COUNT count] [WAIT seconds>0] [LEASE seconds>0|NOACK] [WEIGHTS weight ...] [AS worker]";
const FROM = "FROM queue [queue ...]";

type PopOptions = Options<typeof POP_OPTIONS> & { FROM: Buffer[] };

/** A pop as it was asked for. */
interface Asked {
  queues: Buffer[];
  count: number;
  leaseMs: number | null;
  claimant: Buffer;
  waitMs: number;
}

/** Throws if the options do not fit together. */
function readPop(options: PopOptions, { client, context }: QueueCall): Asked {
  const { COUNT = 1, WAIT = 0, LEASE = null, NOACK, WEIGHTS, AS, FROM: queues } = options;
  checkQueues(queues);
  if (WEIGHTS && WEIGHTS.length !== queues.length) {
    throw commandError("weights", { count: WEIGHTS.length, queues: queues.length });
  }
  const worker = AS ?? Buffer.from(client.name, "latin1");
  checkWorker(worker);
  return {
    queues: WEIGHTS ? drawn(queues, WEIGHTS) : queues,
    count: COUNT,
    leaseMs: NOACK ? 0 : LEASE,
    claimant: claimantOf(context.processId, client.id, worker),
    waitMs: WAIT,
  };
}

/**
 * The queues in an order drawn at random: each place goes to one of those left, with a probability
 * by weight (the method of Efraimidis and Spirakis).
 */
function drawn(queues: Buffer[], weights: number[]): Buffer[] {
  const keys = weights.map((weight) => -Math.log(1 - Math.random()) / weight);
  const order = queues.map((_, at) => at).toSorted((a, b) => keys[a]! - keys[b]!);
  return order.map((at) => queues[at]!);
}

/** Pops what there is, or waits for it. Null if there was nothing in time. */
async function pop(asked: Asked, call: QueueCall): Promise<Popped[] | null> {
  const { client, context } = call;
  const { queues, waitMs } = asked;
  const { maxNameBytes, maxWaitingBytes } = context.settings;
  // A consumer creates its queues.
  const areAllowed = queues.every(({ length }) => length <= maxNameBytes);
  if (areAllowed) client.consumer.popsFrom(queues, maxWaitingBytes);
  const attempt = () => popOnce(asked, call);
  if (waitMs === 0) return await attempt();
  await context.store.watch(queues, "ready");
  const wait = { queues, timeoutMs: waitMs, attempt, takes: true } as const;
  return await waiting(client, (signal) => context.waiters.wait({ ...wait, signal }), queues);
}

async function popOnce(asked: Asked, { client }: QueueCall): Promise<Popped[] | null> {
  const { queues, count, leaseMs, claimant } = asked;
  const { session } = client;
  if (queues.length === 1 && count === 1) {
    const popped = await session.ask({ kind: "pop", queue: queues[0]!, leaseMs, claimant });
    return popped && [popped];
  }
  const found = await session.ask({ kind: "popBatch", queues, count, leaseMs, claimant });
  return found.length > 0 ? found : null;
}

/** `wrap` makes the whole reply from that to the pop. */
function answerTo(
  popped: Popped[] | null,
  { leaseMs }: Asked,
  { client, context }: QueueCall,
  wrap: (reply: Reply) => Reply,
): Answer {
  if (popped === null) return wrap(NIL_ARRAY);
  context.stats.pops += popped.length;
  const isClaimed = leaseMs !== 0;
  if (isClaimed && client.held) for (const each of popped) client.held.add(each);
  const reply = wrap(popped.map((each) => eventReply(each, isClaimed)));
  return new PoppedEvents(context.store, popped, reply, isClaimed);
}

const shared = {
  group: "queue",
  access: "consume",
  since: "0.1.0",
  flags: ["write", "blocking"],
  isExclusive: "with WAIT",
} as const;

export const consumeCommands: QueueCommand[] = [
  queueCommand({
    ...shared,
    name: "QPOP",
    syntax: `${POP_OPTIONS} ${FROM}`,
    summary:
      "Pops up to COUNT events (1), each as [queue, id, contents, token, attempt, headers] " +
      "(more may be added behind), from the first queue that has any and from those behind it, " +
      "or nil; waits up to WAIT seconds while there are none. LEASE: claimed for so long; " +
      "NOACK: removed at once. WEIGHTS draws the order of the queues, one weight for each. AS " +
      "names the worker, else CLIENT SETNAME.",
    async run(_, options, call) {
      const asked = readPop(options, call);
      return answerTo(await pop(asked, call), asked, call, (reply) => reply);
    },
  }),
  queueCommand({
    ...shared,
    name: "QNEXT",
    syntax: `queue id token [RESULT value] ${POP_OPTIONS} ${FROM}`,
    summary:
      "Acknowledges a claim as QACK does, and pops as QPOP does, in one round trip: [1 or 0, " +
      "what QPOP answers]. The acknowledgement is done at once, and a 0 does not hinder the pop.",
    async run([, queue, id, token], { RESULT = null, ...options }, call) {
      const asked = readPop(options, call);
      const { client, context } = call;
      const ack = client.session.ask({
        kind: "ack",
        queue,
        ...claimOf(id, token),
        result: RESULT,
      });
      // Submitted in the same turn, so that both are in one batch.
      const [wasClaimed, popped] = await Promise.all([ack, pop(asked, call)]);
      if (wasClaimed) context.stats.acks += 1;
      client.held?.delete(queue, id);
      return answerTo(popped, asked, call, (reply) => [wasClaimed ? 1 : 0, reply]);
    },
  }),
];
