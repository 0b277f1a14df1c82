// One batch: the operations of many sessions, arranged in calls of verbs. Operations of different
// sessions may change places, so that like ones share a call; those of one session may not.
import { StoreError } from "../../queue/errors.ts";
import { nameOf } from "../../queue/name-cache.ts";
import type { Operation, Receiver } from "../../queue/store.ts";
import { type Argument, poppedCount, type ScriptReply, type Variant, verbs } from "./verbs.ts";

/** Where a session's latest operation stands: nothing of it may come before. */
export interface Position {
  batch: Batch | null;
  call: number;
}

interface Call {
  place: number;
  kind: Operation["kind"];
  operations: Operation[];
  /** Of the operations, in their order. */
  receivers: Receiver<unknown>[];
  /** Of the operations, once they are known; or what all of them failed with. */
  results: unknown[] | StoreError | null;
}

/** Lua's unpack has room for some thousands of values on its stack. */
const CALL_OPERATIONS_MAX = 1000;

export class Batch {
  /** How many single operations it is worth, for one may ask for many queues. */
  weight = 0;
  bytes = 0;
  readonly #calls: Call[] = [];
  /** Calls that like operations may join, in order of place, by queue and then by variant. */
  readonly #joinable = new Map<string, Map<Variant, Call[]>>();

  add(operation: Operation, receiver: Receiver<never>, position: Position): void {
    const call = this.#callFor(operation, position.batch === this ? position.call : 0);
    position.batch = this;
    position.call = call.place;
    this.weight += weightOf(operation);
    this.bytes += sizeOf(operation);
    call.operations.push(operation);
    call.receivers.push(receiver as Receiver<unknown>);
  }

  /** The first call, not before that place, that the operation may join; else a new one. */
  #callFor(operation: Operation, earliest: number): Call {
    const variant = verbs[operation.kind].variant(operation as never);
    if (variant === null) return this.#newCall(operation.kind);
    const calls = this.#likeCalls((operation as { queue: Buffer }).queue, variant);
    for (let at = lowerBound(calls, earliest); at < calls.length; at++) {
      if (calls[at]!.operations.length < CALL_OPERATIONS_MAX) return calls[at]!;
    }
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
    const place = this.#calls.length;
    const call: Call = { place, kind, operations: [], receivers: [], results: null };
    this.#calls.push(call);
    return call;
  }

  /** The keys of its queues and the arguments of its calls, as batch.lua takes them. */
  encode(keysOf: (queue: Buffer) => Buffer[]): { keys: Buffer[]; args: Argument[] } {
    const keys: Buffer[] = [];
    const args: Argument[] = [];
    const numbers = new Map<string, string>();
    const numberOf = (queue: Buffer) => {
      const name = nameOf(queue);
      let number = numbers.get(name);
      if (number === undefined) {
        number = String(numbers.size);
        numbers.set(name, number);
        keys.push(...keysOf(queue));
      }
      return number;
    };
    for (const { kind, operations } of this.#calls) {
      const call = verbs[kind].call(operations as never, numberOf);
      args.push(kind, String(call.length));
      for (const argument of call) args.push(argument);
    }
    return { keys, args };
  }

  /**
   * Takes what the calls answered, without telling anybody yet. When the script ended early, what
   * it did not come to is returned, as a batch to be sent before any other.
   */
  take(replies: ScriptReply[], hasEndedEarly: boolean): Batch | null {
    const rest = new Batch();
    for (const call of this.#calls) {
      const reply = replies[call.place];
      const isLast = call.place === replies.length - 1;
      // The last one made may have ended in its midst, if it is one that popped events.
      const isCut = hasEndedEarly && isLast && call.kind === "pop" && !(reply instanceof Error);
      const all = call.operations.length;
      const done = reply === undefined ? 0 : isCut ? poppedCount(reply) : all;
      if (done < all) rest.#moveFrom(call, done);
      call.results = reply === undefined ? [] : resultsOf(call, reply);
    }
    return rest.#calls.length > 0 ? rest : null;
  }

  #moveFrom({ kind, operations, receivers }: Call, from: number): void {
    const call = this.#newCall(kind);
    call.operations = operations.splice(from);
    call.receivers = receivers.splice(from);
    this.weight += call.operations.length;
  }

  /** Whether anything that was taken is a change which the store must not lose. */
  get hasChanged(): boolean {
    return this.#calls.some(
      ({ kind, results }) =>
        Array.isArray(results) && results.some((result) => isChange(kind, result)),
    );
  }

  /** Tells receivers what was taken. */
  succeed(): void {
    for (const call of this.#calls) tell(call, null);
  }

  /** Tells receivers of it, but for those of whom it is known that they changed nothing. */
  fail(error: StoreError): void {
    for (const call of this.#calls) tell(call, error);
  }
}

function resultsOf({ kind, operations }: Call, reply: ScriptReply): unknown[] | StoreError {
  if (reply instanceof Error) return new StoreError("refused", reply.message);
  return verbs[kind].results(reply, operations as never);
}

function tell({ kind, receivers, results }: Call, error: StoreError | null): void {
  for (let at = 0; at < receivers.length; at++) {
    const receiver = receivers[at]!;
    if (results instanceof StoreError) receiver.failed(results);
    else if (error && (!results || isChange(kind, results[at]))) receiver.failed(error);
    else receiver.succeeded(results![at]);
  }
}

function isChange(kind: Operation["kind"], result: unknown): boolean {
  return verbs[kind].isChange(result as never);
}

/** Index of the first call whose place is at least that. */
function lowerBound(calls: Call[], place: number): number {
  let low = 0;
  let high = calls.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (calls[middle]!.place < place) low = middle + 1;
    else high = middle;
  }
  return low;
}

function weightOf(operation: Operation): number {
  if ("queues" in operation) return operation.queues.length;
  if ("consumers" in operation) return operation.consumers.length;
  return "limit" in operation ? operation.limit : 1;
}

function sizeOf(operation: Operation): number {
  switch (operation.kind) {
    case "push":
      return operation.id.length + operation.contents.length;
    case "ack":
      return operation.id.length;
    case "unpop":
      return operation.popped.id.length + operation.popped.contents.length;
    case "status":
    case "ready":
      return operation.queues.reduce((sum, queue) => sum + queue.length, 0);
    case "register":
      return operation.consumers.reduce((sum, { queue }) => sum + queue.length, 0);
    default:
      return 0;
  }
}
