// A batch: operations of many sessions, grouped into calls of verbs. Operations of different
// sessions may be reordered to share a call. Those of one session keep their order.
//
// A call fails as a whole. Calls that share a session, directly or through other calls, form a
// chain. When a call fails, the script skips the later calls of its chain. Those are the rest of
// the batch: they are sent next, without the operations of sessions that had a failure.
import { StoreError } from "../../queue/errors.ts";
import { nameOf } from "../../queue/name-cache.ts";
import type { Popped } from "../../queue/event.ts";
import type { Pop } from "../../queue/operations.ts";
import type { BatchResult, Receiver, StoreObserver } from "../../queue/store.ts";
import type { Encoded } from "../../resp/reply.ts";
import { type Call, endOf, link, lowerBound, move, type Position, truncate } from "./call.ts";
import { Fetch } from "./fetch.ts";
import { needsMemory, sizeOf } from "./operation-size.ts";
import type { QueueKeys } from "./keys.ts";
import { queuesOf, tellDone } from "../../queue/transaction.ts";
import { isForMove, type Operation } from "./operation.ts";
import { type Staged, stagedOf } from "./staged.ts";
import type { RareQueues } from "./rare-queues.ts";
import type { Level } from "./script.ts";
import { headOf } from "./value.ts";
import type { Argument, ScriptReply } from "./verb.ts";
import { higher, isChange, isOrdered, levelOf, type Variant, variantOf, verbOf } from "./verbs.ts";

export class Batch {
  /** How much work it is for Redis: an operation on many queues counts once for each. */
  weight = 0;
  bytes = 0;
  /** Whether Redis must have memory left for one of its operations. */
  isGrowing = false;
  /** The smallest script that has all of its verbs. */
  level: Level = "plain";
  /** Whether the script "ordered" has all that it needs. */
  isOrdered = true;
  /** When it was first sent; 0: not yet. */
  sentAtMs = 0;
  /** Whether one of its calls failed. */
  hasFailed = false;
  /** It takes no more operations, because it is the rest of another batch. */
  isClosed = false;
  #calls: Call[] = [];
  /** The script that it was sent to. */
  #sentAs: Level = "plain";
  #isListening = false;
  /** Calls that similar operations may join, in their order, by queue and then by variant. */
  readonly #joinable = new Map<string, Map<Variant, Call[]>>();

  /** weight: weightOf(operation). */
  add(operation: Operation, receiver: Receiver<never>, position: Position, weight: number): void {
    const before = position.batch === this ? this.#calls[position.call]! : null;
    // Each transaction of a call is of another session: if one is refused, others are not.
    const after = operation.kind === "transaction" ? 1 : 0;
    const call = this.#callFor(operation, before ? before.index + after : 0);
    if (before && before !== call) link(before, call);
    position.batch = this;
    position.call = call.index;
    this.#note(operation);
    this.weight += weight;
    this.bytes += sizeOf(operation);
    call.operations.push(operation);
    call.receivers.push(receiver as Receiver<unknown>);
    call.positions.push(position);
    call.failures.push(position.count);
  }

  #note(operation: Operation): void {
    this.isGrowing ||= needsMemory(operation);
    this.isOrdered &&= isOrdered(operation);
    if (this.level !== "full") this.level = higher(this.level, levelOf(operation));
  }

  /** The smallest script that may serve it where some queues need a larger one. */
  levelAmong(rare: RareQueues): Level {
    let { level } = this;
    for (const { operations } of this.#calls) {
      for (const queue of queuesNamedBy(operations[0]!)) {
        level = higher(level, rare.levelOf(nameOf(queue)));
      }
    }
    return level;
  }

  get isEmpty(): boolean {
    return this.#calls.length === 0;
  }

  /** The first call from that index on that the operation may join, or else a new one. */
  #callFor(operation: Operation, earliest: number): Call {
    const variant = variantOf(operation);
    if (variant === null) return this.#newCall(operation.kind);
    const calls = this.#likeCalls(queuesNamedBy(operation)[0]!, variant);
    const joined = calls[lowerBound(calls, earliest)];
    if (joined) return joined;
    const call = this.#newCall(operation.kind);
    calls.push(call);
    return call;
  }

  #likeCalls(queue: Buffer, variant: Variant): Call[] {
    const name = nameOf(queue);
    let variants = this.#joinable.get(name);
    if (!variants) this.#joinable.set(name, (variants = new Map()));
    let calls = variants.get(variant);
    if (!calls) variants.set(variant, (calls = []));
    return calls;
  }

  #newCall(kind: Operation["kind"]): Call {
    const index = this.#calls.length;
    const call: Call = {
      index,
      kind,
      chain: { number: index, into: null, hasSeveralCalls: false },
      operations: [],
      receivers: [],
      positions: [],
      failures: [],
      results: null,
    };
    this.#calls.push(call);
    return call;
  }

  /** Refuses and removes the operations after a failure. To be called before sending. */
  refuseAfterFailures(): void {
    let isAnyEmpty = false;
    for (const call of this.#calls) {
      const isRefused = (at: number) => call.positions[at]!.hasNewSince(call.failures[at]!);
      let kept = 0;
      for (let at = 0; at < call.operations.length; at++) {
        if (isRefused(at)) call.receivers[at]!.failed(call.positions[at]!.earlierFailure());
        else move(call, at, kept++);
      }
      truncate(call, kept);
      isAnyEmpty ||= kept === 0;
    }
    if (!isAnyEmpty) return;
    this.#calls = this.#calls.filter(({ operations }) => operations.length > 0);
    for (const [index, call] of this.#calls.entries()) call.index = index;
  }

  /** The pushes whose contents may be sent beside the script; null if that must not be. */
  staged(): Staged[] | null {
    return this.isClosed ? null : stagedOf(this.#calls);
  }

  /**
   * The queues that it names and their keys, and the arguments of its calls, as batch.lua takes
   * them. nowMs: by the server's clock. batchNumber: another one for each batch. isStaged: without
   * large contents.
   */
  encode(
    queueKeys: QueueKeys,
    level: Level,
    nowMs: number,
    batchNumber: number,
    isStaged: boolean,
  ): { names: string[]; keys: Encoded[]; args: Argument[] } {
    this.#sentAs = level;
    this.#isListening = false;
    const keys: Encoded[] = [];
    const args: Argument[] = [];
    const numbers = new Map<string, string>();
    const numberOf = (queue: Buffer) => {
      const name = nameOf(queue);
      let number = numbers.get(name);
      if (number === undefined) {
        number = String(numbers.size);
        numbers.set(name, number);
        keys.push(queueKeys.of(queue, name));
      }
      return number;
    };
    const plainHead = headOf(nowMs, null, batchNumber);
    const encoding = { numberOf, isStaged, nowMs, batchNumber, plainHead };
    for (const { operations, chain } of this.#calls) {
      const verb = verbOf(operations[0]!, level);
      const call = verb.call(operations as never, encoding);
      const { number, hasSeveralCalls } = endOf(chain);
      // A negative length announces the number of a chain: see batch.lua.
      if (hasSeveralCalls) args.push(verb.name, String(-3 - call.length), String(number));
      else args.push(verb.name, String(2 + call.length));
      for (const argument of call) args.push(argument);
    }
    return { names: [...numbers.keys()], keys, args };
  }

  /** Puts a call of "listen" in front of the encoded ones. It is none of the calls of the batch. */
  listen(args: Argument[], channel: string): void {
    args.unshift("listen", "3", channel);
    this.#isListening = true;
  }

  /**
   * Reads the answers of the calls, without telling the receivers yet. If the script ended early or
   * a call failed, returns the rest: a batch to be sent before any other.
   */
  readReplies(replies: ScriptReply[], hasEndedEarly: boolean): Batch | null {
    const rest = new Batch();
    if (this.#isListening) replies.shift();
    for (const call of this.#calls) {
      const reply = replies[call.index];
      const isLast = call.index === replies.length - 1;
      // If the batch ended early, its last call may be done in part.
      const isCut = hasEndedEarly && isLast && !(reply instanceof Error);
      const isMade = reply !== undefined && !isNotMade(reply);
      this.hasFailed ||= reply instanceof Error;
      const all = call.operations.length;
      const { doneIn } = verbOf(call.operations[0]!, this.#sentAs);
      const done = !isMade ? 0 : isCut && doneIn ? doneIn(reply) : all;
      if (done < all) rest.#moveFrom(call, done);
      call.results = isMade ? resultsOf(call, reply, this.#sentAs) : [];
      this.hasFailed ||=
        Array.isArray(call.results) && call.results.some((each) => each instanceof StoreError);
    }
    rest.isClosed = true;
    return rest.isEmpty ? null : rest;
  }

  #moveFrom(from: Call, at: number): void {
    const call = this.#newCall(from.kind);
    call.chain = endOf(from.chain);
    call.operations = from.operations.splice(at);
    call.receivers = from.receivers.splice(at);
    call.positions = from.positions.splice(at);
    call.failures = from.failures.splice(at);
    for (const operation of call.operations) this.#note(operation);
    this.weight += call.operations.length;
  }

  /** The fetches of the contents that were too large for the reply of the script. */
  fetches(): Fetch[] {
    const fetches: Fetch[] = [];
    for (const { kind, operations, results } of this.#calls) {
      if (kind !== "pop" || !Array.isArray(results) || results.length === 0) continue;
      const fetch = new Fetch(operations[0] as Pop, results as (Popped | null)[]);
      if (fetch.ids.length > 0) fetches.push(fetch);
    }
    return fetches;
  }

  /** Whether any result is of a change that a failover must not undo. */
  get hasChanged(): boolean {
    return this.#calls.some(
      ({ kind, results }) =>
        Array.isArray(results) && results.some((result) => isChanged(kind, result)),
    );
  }

  /** Tells the receivers their results, and the observer of what was done by that time. */
  succeed(observer: StoreObserver | null, nowMs: number): void {
    const observe = observing(observer, nowMs);
    for (const call of this.#calls) tell(call, observe, null);
  }

  /** To be called before its receivers are told. */
  ended(observer: StoreObserver | null, nowMs: number, result: BatchResult): void {
    const size = this.#calls.reduce((sum, { operations }) => sum + operations.length, 0);
    observer?.batchEnded?.(size, this.sentAtMs === 0 ? 0 : nowMs - this.sentAtMs, result);
  }

  /**
   * Fails the operations with such results (changes), those without results, and those of the same
   * session after them. Tells the others their results. The observer is told of what has results.
   */
  fail(
    error: StoreError,
    observer: StoreObserver | null,
    nowMs: number,
    isAffected = isChanged,
  ): void {
    const observe = observing(observer, nowMs);
    for (const call of this.#calls) tell(call, observe, error, isAffected);
  }
}

/** Operations that share a call name the same queues. */
function queuesNamedBy(operation: Operation): Buffer[] {
  if (operation.kind === "transaction") return queuesOf(operation);
  if ("queues" in operation) return operation.queues;
  return "queue" in operation && operation.queue !== null ? [operation.queue] : [];
}

/** The script answers a status for a call that it skipped. No verb answers a status. */
function isNotMade(reply: ScriptReply): boolean {
  return Buffer.isBuffer(reply);
}

function resultsOf({ operations }: Call, reply: ScriptReply, level: Level): unknown[] | StoreError {
  if (reply instanceof Error) return new StoreError("refused", reply.message);
  return verbOf(operations[0]!, level).results(reply, operations as never);
}

/** To be called with each operation that was done, and its result. */
type Observe = (operation: Operation, result: unknown) => void;

function observing(observer: StoreObserver | null, nowMs: number): Observe {
  if (!observer) return () => {};
  return (operation, result) => {
    if (!isForMove(operation)) tellDone(observer, operation, result, nowMs);
  };
}

function tell(
  call: Call,
  observe: Observe,
  error: StoreError | null,
  isAffected = isChanged,
): void {
  const { kind, operations, receivers, positions, failures, results } = call;
  let hasRefused = false;
  for (let at = 0; at < receivers.length; at++) {
    const [receiver, position] = [receivers[at]!, positions[at]!];
    const isAfter = position.hasNewSince(failures[at]!);
    let failure: StoreError | null = null;
    if (results instanceof StoreError) failure = results;
    else if (results?.[at] instanceof StoreError || (hasRefused && isAfter)) {
      // Behind a refused push of its session nothing of this call was done, see variantOf.
      failure = isAfter ? position.earlierFailure() : (results![at] as StoreError);
      hasRefused = true;
    } else {
      if (results) observe(operations[at]!, results[at]);
      if (error && (!results || isAffected(kind, results[at]))) failure = error;
      // It came after an operation whose outcome is unknown.
      else if (error && isAfter) {
        failure = isChanged(kind, results![at]) ? error : position.earlierFailure();
      }
    }
    if (!failure) receiver.succeeded((results as unknown[])[at]);
    else {
      position.add(failure);
      receiver.failed(failure);
    }
  }
}

/** Whether an error after the script's reply concerns an operation with that result. */
export type IsAffected = (kind: Operation["kind"], result: unknown) => boolean;

function isChanged(kind: Operation["kind"], result: unknown): boolean {
  return isChange(kind, result as never);
}
