// XREADGROUP: entries that a consumer of a group claims, or has claimed before, from one stream or
// several. It may wait for them.
import { StoreError } from "../queue/errors.ts";
import type { Popped } from "../queue/event.ts";
import { boundName } from "../queue/bindings.ts";
import { nameOf } from "../queue/name-cache.ts";
import type { ResultOf } from "../queue/operations.ts";
import { FIRST_ID, type StreamId, streamIdAfter } from "../queue/stream-ids.ts";
import {
  STREAM_TAKE_MAX,
  type StreamAck,
  type StreamClaim,
  type StreamTake,
} from "../queue/streams.ts";
import { NIL_ARRAY, PairLists, type Reply } from "../resp/reply.ts";
import type { Answer } from "./answer.ts";
import type { QueueCall, QueueCommand } from "./command.ts";
import { CommandError, commandError } from "./errors.ts";
import { integerOf } from "./list-arguments.ts";
import { checkQueues } from "./notify.ts";
import { PoppedEvents } from "./popped-events.ts";
import { blockMsIn, streamIdIn } from "./stream-arguments.ts";
import { entryReply, fieldsReply } from "./stream-entries.ts";
import { claimantOf, demandGroup, type GroupName, groupResultOf, refuse } from "./stream-group.ts";
import { minIdleIn } from "./stream-claim.ts";
import { Submission } from "./submission.ts";
import { countConsumer } from "./taking.ts";
import { waiting } from "./waiting.ts";
import { wordOf } from "./words.ts";

/** So many entries of a stream are read in a transaction that does not say how many. */
const FEW = 100;
/** Of more arguments most of the bytes that came with them are their own. */
const COPIED_MAX = 64;
const [DOLLAR, GREATER] = [36, 62];
const NO_NAME = Buffer.alloc(0);

interface Options {
  group: Buffer | null;
  consumer: Buffer;
  /** 0: as many as may be. */
  count: number;
  /** null: it does not wait. */
  blockMs: number | null;
  /** Not null: claims that have begun so long ago come first. */
  minIdleMs: number | null;
  isForGood: boolean;
}

interface Reading extends Options {
  group: Buffer;
  queues: Buffer[];
  /** Entries that the consumer has claimed, behind that id; null: new ones. */
  behind: (StreamId | null)[];
  /** The id behind those was wrong. */
  wrong: CommandError | null;
}

/** The options, and the words behind STREAMS, as Redis reads them. */
function readingIn(args: Buffer[]): Reading {
  const options: Options = {
    group: null,
    consumer: NO_NAME,
    count: 0,
    blockMs: null,
    minIdleMs: null,
    isForGood: false,
  };
  for (let at = 1; at < args.length; at++) {
    const more = args.length - at - 1;
    const option = wordOf(args[at]!);
    if (option === "STREAMS" && more > 0) return streamsIn(options, args, at + 1);
    if (option === "GROUP" && more >= 2) {
      options.group = args[++at]!;
      options.consumer = args[++at]!;
    } else if (option === "NOACK") options.isForGood = true;
    else if (more > 0) readOption(options, option, args[++at]!);
    else throw commandError("syntax");
  }
  throw commandError("syntax");
}

function readOption(options: Options, option: string, value: Buffer): void {
  if (option === "BLOCK") options.blockMs = blockMsIn(value);
  else if (option === "COUNT") options.count = Math.max(0, integerOf(value));
  else if (option === "CLAIM") options.minIdleMs = minIdleIn(value, "XREADGROUP");
  else throw commandError("syntax");
}

function streamsIn(options: Options, args: Buffer[], first: number): Reading {
  const words = args.length - first;
  if (words % 2 === 1) {
    throw commandError("unbalancedStreams", { list: "XREAD list of streams", symbol: "$" });
  }
  const { group, consumer, count, blockMs, minIdleMs, isForGood } = options;
  if (!group) throw commandError("missingGroup");
  const firstId = first + words / 2;
  const queues = args.slice(first, firstId);
  checkQueues(queues);
  const behind: Reading["behind"] = [];
  let wrong: CommandError | null = null;
  try {
    for (let at = firstId; at < args.length; at++) behind.push(behindIn(args[at]!));
  } catch (error) {
    wrong = error as CommandError;
  }
  // Name by name: a spread takes several times as long.
  return { group, consumer, count, blockMs, minIdleMs, isForGood, queues, behind, wrong };
}

function behindIn(id: Buffer): StreamId | null {
  const character = id.length === 1 ? id[0] : null;
  if (character === GREATER) return null;
  if (character === DOLLAR) throw commandError("newOnly");
  return streamIdIn(id);
}

type Reads = StreamTake | StreamClaim;

/** Operations on one stream: for own claims, for idle ones and new entries, or for new ones. */
function readsOf(reading: Reading, at: number, claimant: Buffer, inTransaction: boolean): Reads[] {
  const { group, minIdleMs } = reading;
  const take = takeOf(reading, at, claimant, inTransaction);
  const { queue, count } = take;
  const behind = reading.behind[at]!;
  if (behind === null && minIdleMs === null) return [take];
  const common = { queue, group, claimant } as const;
  const claim = { ...common, kind: "streamClaim" } as const;
  if (behind !== null) {
    const from = streamIdAfter(behind);
    // Nothing is behind the last id.
    const which = from ? { from, count, isOwn: true } : { ids: [] };
    return [{ ...claim, minIdleMs: 0, which, isCounted: false }];
  }
  const which = { from: FIRST_ID, count, isOwn: false };
  return [{ ...claim, minIdleMs: minIdleMs!, which, isCounted: true }, take];
}

function takeOf(
  { queues, group, count: wanted, isForGood }: Reading,
  at: number,
  claimant: Buffer,
  inTransaction: boolean,
): StreamTake {
  const count = Math.min(wanted || (inTransaction ? FEW : STREAM_TAKE_MAX), STREAM_TAKE_MAX);
  return { kind: "streamTake", queue: queues[at]!, group, claimant, count, isForGood };
}

/** What the operations of a call found. */
class Found {
  readonly entries: [Buffer, Reply[]][] = [];
  /** What goes back if the client is gone. */
  readonly popped: Popped[] = [];
  /** Claims that it had before. */
  readonly renewed: Popped[] = [];
  /** More than the reply may have: it goes back at once. */
  readonly surplus: Popped[] = [];
  /** The queues of the groups. */
  readonly queues: Buffer[] = [];
  error: unknown = null;

  /** One after the other; a result is undefined if its operation failed. */
  static in(reads: Reads[], results: unknown[], reading: Reading): Found {
    const found = new Found();
    const { group, minIdleMs } = reading;
    for (const [at, read] of reads.entries()) {
      try {
        const result = results[at] as ResultOf<Reads>;
        if (result === undefined) continue;
        const own = groupResultOf(result, "XREADGROUP", { queue: read.queue, group });
        found.queues.push(own.queue);
        if ("claimed" in own) found.#addClaimed(read as StreamClaim, own.claimed);
        else found.#addNew(read as StreamTake, own.popped, minIdleMs !== null);
      } catch (error) {
        found.error ??= error;
      }
    }
    return found;
  }

  #addClaimed(
    { queue, isCounted }: StreamClaim,
    claimed: { popped: Popped; idleMs: number }[],
  ): void {
    const rows: Reply[] = [];
    for (const { popped, idleMs } of claimed) {
      const { id, contents, attempt } = popped;
      (isCounted ? this.popped : this.renewed).push(popped);
      const how = isCounted ? [idleMs, attempt - 1] : [];
      rows.push([id, fieldsReply(contents), ...how]);
    }
    // The history of a consumer is shown also if it is empty.
    if (rows.length > 0 || !isCounted) this.entries.push([queue, rows]);
  }

  #addNew({ queue, count }: StreamTake, all: Popped[], isBehindClaims: boolean): void {
    const last = this.entries.at(-1);
    const rows = isBehindClaims && last?.[0] === queue ? last[1] : [];
    const popped = all.slice(0, count - rows.length);
    this.surplus.push(...all.slice(popped.length));
    if (popped.length === 0) return;
    if (rows.length === 0) this.entries.push([queue, rows]);
    for (const { id, contents } of popped) {
      rows.push([id, fieldsReply(contents), ...(isBehindClaims ? [0, 0] : [])]);
    }
    this.popped.push(...popped);
  }
}

/** Gives back the surplus, and after an error all that was popped. */
async function giveBack({ error, popped, surplus }: Found, { context }: QueueCall): Promise<void> {
  const undone = surplus.splice(0);
  if (error) undone.unshift(...popped.splice(0));
  if (undone.length > 0) await new PoppedEvents(context.store, undone, null, true).giveBack();
}

/** Null: nothing was found. */
function answerTo(found: Found, { isForGood }: Reading, call: QueueCall): Answer | null {
  const { client, context } = call;
  const { popped, entries, error } = found;
  void giveBack(found, call);
  if (error) throw error;
  if (found.queues.length > 0) countConsumer(found.queues, call);
  if (entries.length === 0) return null;
  context.stats.pops += popped.length;
  if (!isForGood) for (const each of popped) client.held?.add(each);
  for (const each of found.renewed) client.held?.add(each);
  return new PoppedEvents(context.store, popped, new PairLists(entries), !isForGood);
}

/** Reads several streams, which may be in different parts of the store. */
async function findIn(reads: Reads[], reading: Reading, call: QueueCall): Promise<Found> {
  const asked = reads.map((read) => call.client.session.ask<Reads>(read));
  const outcomes = await Promise.allSettled(asked);
  const results = outcomes.map((each) => (each.status === "fulfilled" ? each.value : undefined));
  const found = Found.in(reads, results, reading);
  const failed = outcomes.find(({ status }) => status === "rejected");
  if (failed) found.error = (failed as PromiseRejectedResult).reason;
  await giveBack(found, call);
  return found;
}

/** The queues of the groups of these streams. */
async function queuesOf(reads: Reads[], reading: Reading, call: QueueCall): Promise<Buffer[]> {
  const { session } = call.client;
  const { group } = reading;
  const queues = [...new Map(reads.map(({ queue }) => [nameOf(queue), queue])).values()];
  const looks = queues.map(async (queue) => {
    const none: StreamAck = { kind: "streamAck", queue, group, ids: [], others: "keep" };
    const result = await session.ask(none);
    return groupResultOf(result, "XREADGROUP", { queue, group }).queue;
  });
  return await Promise.all(looks);
}

/** As a QPOP waits, on the queues of the groups. */
async function waitFor(
  queues: Buffer[],
  reads: Reads[],
  reading: Reading,
  call: QueueCall,
): Promise<Answer> {
  const { client, context } = call;
  const { isForGood, blockMs } = reading;
  const worker = nameOf(reading.consumer);
  countConsumer(queues, call);
  await context.store.watch(queues, "ready");
  const attempt = async () => {
    const found = await findIn(reads, reading, call);
    // It waits on while the store is away.
    if (found.error instanceof StoreError) throw found.error;
    return found.error || found.entries.length > 0 ? found : null;
  };
  const takes = { worker, claims: !isForGood };
  const wait = (signal: AbortSignal) =>
    context.waiters.wait({ queues, timeoutMs: blockMs!, attempt, takes, signal });
  const found = await waiting(client, wait, { queues: reading.queues, worker, target: null });
  return (found && answerTo(found, reading, call)) ?? NIL_ARRAY;
}

/** A call that may wait has arguments of its own: as views they would keep all received bytes. */
function ownReadingIn(call: QueueCall): Reading {
  const reading = readingIn(call.args);
  if (reading.blockMs === null || call.phase !== "alone") return reading;
  if (call.args.length > COPIED_MAX) return reading;
  call.args = call.args.map((each) => Buffer.from(each));
  return readingIn(call.args);
}

/** The usual call: new entries of one stream, and it does not wait. As fast as it can be. */
function takeNew(reading: Reading, call: QueueCall): Submission {
  const { client, context, phase } = call;
  const claimant = claimantOf(reading.consumer, call);
  const take = takeOf(reading, 0, claimant, phase !== "alone");
  return Submission.one(take, (result) => {
    const { queue, popped } = groupResultOf(result, "XREADGROUP", take);
    countConsumer([queue], call);
    if (popped.length === 0) return NIL_ARRAY;
    context.stats.pops += popped.length;
    if (client.held && !take.isForGood) for (const each of popped) client.held.add(each);
    const entries = new PairLists([[take.queue, popped.map(entryReply)]]);
    return new PoppedEvents(context.store, popped, entries, !take.isForGood);
  });
}

function readGroup(call: QueueCall): Submission | Promise<Answer> {
  const reading = ownReadingIn(call);
  const { group, queues, behind, wrong, blockMs } = reading;
  for (const queue of queues) demandGroup({ queue, group }, call.client);
  const isUsual = queues.length === 1 && behind[0] === null && !wrong;
  if (isUsual && blockMs === null && reading.minIdleMs === null) return takeNew(reading, call);
  const groups: GroupName[] = queues.map((queue) => ({ queue, group }));
  if (wrong) return refuse(wrong, "XREADGROUP", groups.slice(0, behind.length + 1));
  const claimant = claimantOf(reading.consumer, call);
  const isPart = call.phase !== "alone";
  const reads = queues.flatMap((_, at) => readsOf(reading, at, claimant, isPart));
  const waits = !isPart && blockMs !== null && behind.every((id) => id === null);
  if (waits) call.isExclusive = true;
  const names = () => [...queues, ...queues.map((queue) => boundName(queue, group))];
  if (waits && call.context.waiters.areAwaited(names())) {
    return queuesOf(reads, reading, call).then((own) => waitFor(own, reads, reading, call));
  }
  const answer = (found: Found): Answer | Promise<Answer> => {
    const own = answerTo(found, reading, call);
    if (own !== null) return own;
    return waits ? waitFor(found.queues, reads, reading, call) : NIL_ARRAY;
  };
  if (reads.length === 1) {
    return Submission.one(reads[0]!, (result) => answer(Found.in(reads, [result], reading)));
  }
  if (!isPart) {
    // Later commands of its client see nothing that is undone.
    call.isExclusive = true;
    return findIn(reads, reading, call).then(answer);
  }
  return Submission.all(reads, (results) => answer(Found.in(reads, results, reading)));
}

export const streamReadGroupCommands: QueueCommand[] = [
  {
    name: "XREADGROUP",
    syntax:
      "GROUP group consumer [COUNT count] [BLOCK milliseconds] [CLAIM min-idle-time] [NOACK] " +
      "STREAMS queue [queue ...] id [id ...]",
    summary:
      "With the id > claims new entries of each of these streams for that consumer, up to COUNT " +
      `(at most ${STREAM_TAKE_MAX}, and up to about 1 MiB at once), with the lease of the queue; ` +
      "waits up to BLOCK ms while there are none, with 0 for ever, then nil. With another id " +
      "shows the consumer's claims behind that, and renews their leases. CLAIM: first claims " +
      "that have lasted so many ms, as entries of four elements. NOACK: delivers for good.",
    group: "stream",
    access: "consume",
    since: "0.1.0",
    flags: ["write", "blocking", "movablekeys"],
    run: readGroup,
  },
];
