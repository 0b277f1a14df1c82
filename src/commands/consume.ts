// QPOP and QNEXT: events out, from one or several queues, at once or when there is one.
import type { Popped } from "../queue/event.ts";
import type { Ack, Pop, PopBatch } from "../queue/operations.ts";
import type { Taker } from "../queue/wait-list.ts";
import { NIL_ARRAY, type Reply } from "../resp/reply.ts";
import type { Answer } from "./answer.ts";
import { checkWorker } from "./arguments.ts";
import { type QueueCall, type QueueCommand, queueCommand } from "./command.ts";
import { commandError } from "./errors.ts";
import { tokenOf } from "./claims.ts";
import { checkQueues } from "./notify.ts";
import { eventReply, PoppedEvents } from "./popped-events.ts";
import { Submission } from "./submission.ts";
import type { Options } from "./syntax-types.ts";
import { countConsumer, takeOrWait } from "./taking.ts";

const POP_OPTIONS =
  "[COUNT count] [WAIT seconds>0] [LEASE seconds>0|NOACK] [WEIGHTS weight ...] [AS worker]";
const FROM = "FROM queue [queue ...]";

type PopOptions = Options<typeof POP_OPTIONS> & { FROM: Buffer[] };

/** A pop as it was asked for. */
interface Asked {
  queues: Buffer[];
  operation: Pop | PopBatch;
  taker: Taker;
  waitMs: number;
}

/** Throws if the options do not fit together. */
function readPop(options: PopOptions, { client, phase }: QueueCall): Asked {
  const { COUNT = 1, WAIT = 0, LEASE = null, NOACK, WEIGHTS, AS, FROM: queues } = options;
  checkQueues(queues);
  if (WEIGHTS && WEIGHTS.length !== queues.length) {
    throw commandError("weights", { count: WEIGHTS.length, queues: queues.length });
  }
  if (AS) checkWorker(AS);
  const worker = AS ? AS.toString("latin1") : client.name;
  const claimant = client.claimants.of(worker);
  const leaseMs = NOACK ? 0 : LEASE;
  const isOne = COUNT === 1 && queues.length === 1;
  const inOrder = WEIGHTS ? drawn(queues, WEIGHTS) : queues;
  return {
    queues,
    operation: isOne
      ? { kind: "pop", queue: queues[0]!, leaseMs, claimant }
      : { kind: "popBatch", queues: inOrder, count: COUNT, leaseMs, claimant },
    taker: { worker, claims: leaseMs !== 0 },
    // A transaction does not wait.
    waitMs: phase === "alone" ? WAIT : 0,
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

/** Pops what there is, or waits for it. See Taking. */
function popOrWait(
  { queues, operation, taker, waitMs }: Asked,
  call: QueueCall,
  before: Ack | null,
  answer: (found: Found, before: unknown) => Answer,
): Submission | Promise<Answer> {
  const again = async () => foundIn(await call.client.session.ask(operation));
  const common = { queues, target: null, timeoutMs: waitMs, taker };
  return takeOrWait({ ...common, before, operation, foundIn, again, answer }, call);
}

/** Null: nothing. */
type Found = Popped | Popped[] | null;

function foundIn(result: Found): Found {
  return Array.isArray(result) && result.length === 0 ? null : result;
}

/** `wrap` makes the whole reply from that to the pop. */
function answerTo(
  result: Found,
  { operation }: Asked,
  { client, context }: QueueCall,
  wrap: (reply: Reply) => Reply,
): Answer {
  const found = foundIn(result);
  if (found === null) return wrap(NIL_ARRAY);
  const popped = Array.isArray(found) ? found : [found];
  context.stats.pops += popped.length;
  const isClaimed = operation.leaseMs !== 0;
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
    run(_, options, call) {
      const asked = readPop(options, call);
      countConsumer(asked.queues, call);
      const answer = (found: Found) => answerTo(found, asked, call, (reply) => reply);
      if (asked.waitMs > 0) return popOrWait(asked, call, null, answer);
      return Submission.one(asked.operation, answer);
    },
  }),
  queueCommand({
    ...shared,
    name: "QNEXT",
    syntax: `queue id token [RESULT value] ${POP_OPTIONS} ${FROM}`,
    summary:
      "Acknowledges a claim as QACK does, and pops as QPOP does, in one round trip: [1 or 0, " +
      "what QPOP answers]. The acknowledgement is done at once, and a 0 does not hinder the pop.",
    run([, queue, id, token], options, call) {
      const asked = readPop(options, call);
      countConsumer(asked.queues, call);
      const { client, context } = call;
      const { RESULT: result = null } = options;
      const ack = { kind: "ack", queue, id, token: tokenOf(token), result } as const;
      const answer = (wasClaimed: boolean, found: Found) => {
        if (wasClaimed) context.stats.acks += 1;
        client.held?.delete(queue, id);
        return answerTo(found, asked, call, (reply) => [wasClaimed ? 1 : 0, reply]);
      };
      if (asked.waitMs === 0) return Submission.two(ack, asked.operation, answer);
      return popOrWait(asked, call, ack, (found, wasClaimed) => answer(wasClaimed === true, found));
    },
  }),
];
