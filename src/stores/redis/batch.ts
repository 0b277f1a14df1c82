// One batch: the operations of many sessions, arranged in calls of verbs. Operations of different
// sessions may change places, so that like ones share a call; those of one session may not.
import { StoreError } from "../../queue/errors.ts";
import { nameOf } from "../../queue/name-cache.ts";
import type { Operation, ResultOf } from "../../queue/store.ts";
import { queueKeys } from "./keys.ts";
import { type Argument, type ScriptReply, type Variant, verbs } from "./verbs.ts";

/** Where a session's latest operation stands: nothing of it may come before. */
export interface Position {
  batch: Batch | null;
  call: number;
}

interface Entry {
  operation: Operation;
  resolve(result: unknown): void;
  reject(error: StoreError): void;
}

interface Call {
  place: number;
  kind: Operation["kind"];
  entries: Entry[];
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

  add<O extends Operation>(operation: O, position: Position): Promise<ResultOf<O>> {
    const call = this.#callFor(operation, position.batch === this ? position.call : 0);
    position.batch = this;
    position.call = call.place;
    this.weight += weightOf(operation);
    this.bytes += sizeOf(operation);
    return new Promise((resolve, reject) => {
      call.entries.push({ operation, resolve: resolve as Entry["resolve"], reject });
    });
  }

  /** The first call, not before that place, that the operation may join; else a new one. */
  #callFor(operation: Operation, earliest: number): Call {
    const variant = verbs[operation.kind].variant(operation as never);
    if (variant === null) return this.#newCall(operation.kind);
    const calls = this.#likeCalls((operation as { queue: Buffer }).queue, variant);
    for (let at = lowerBound(calls, earliest); at < calls.length; at++) {
      if (calls[at]!.entries.length < CALL_OPERATIONS_MAX) return calls[at]!;
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
    const call: Call = { place: this.#calls.length, kind, entries: [] };
    this.#calls.push(call);
    return call;
  }

  /** The keys of its queues and the arguments of its calls, as batch.lua takes them. */
  encode(): { keys: Buffer[]; args: Argument[] } {
    const keys: Buffer[] = [];
    const args: Argument[] = [];
    const numbers = new Map<string, string>();
    const numberOf = (queue: Buffer) => {
      const name = nameOf(queue);
      let number = numbers.get(name);
      if (number === undefined) {
        number = String(numbers.size);
        numbers.set(name, number);
        keys.push(...queueKeys(queue));
      }
      return number;
    };
    for (const { kind, entries } of this.#calls) {
      const operations = entries.map((entry) => entry.operation);
      const call = verbs[kind].call(operations as never, numberOf);
      args.push(kind, String(call.length));
      for (const argument of call) args.push(argument);
    }
    return { keys, args };
  }

  /** Settles every operation with what its call answered. */
  settle(replies: ScriptReply[]): void {
    for (const { place, kind, entries } of this.#calls) {
      const reply = replies[place]!;
      if (reply instanceof Error) {
        const error = new StoreError("refused", reply.message);
        for (const entry of entries) entry.reject(error);
        continue;
      }
      const operations = entries.map((entry) => entry.operation);
      const results = verbs[kind].results(reply, operations as never);
      entries.forEach((entry, at) => entry.resolve(results[at]));
    }
  }

  fail(error: StoreError): void {
    for (const { entries } of this.#calls) {
      for (const entry of entries) entry.reject(error);
    }
  }
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
    case "status":
    case "ready":
      return operation.queues.reduce((sum, queue) => sum + queue.length, 0);
    case "register":
      return operation.consumers.reduce((sum, { queue }) => sum + queue.length, 0);
    default:
      return 0;
  }
}
