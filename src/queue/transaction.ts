// Which operations may stand in a transaction, and what stores need to know of them.
import { boundName } from "./bindings.ts";
import { TOO_LARGE } from "./lists.ts";
import type { Operation, Transaction } from "./operations.ts";
import { BATCH_CONTENTS_BYTES } from "./operations.ts";
import type { StoreObserver } from "./store.ts";
import type { StreamTaken } from "./streams.ts";

/** What an operation is in a transaction; null: it cannot stand in one. */
type Part = "pushes" | "takes" | "changes" | "shows";

/**
 * - pushes: may be refused, by pauses and limits of queues too; see pushesOf
 * - takes: its result has contents of events, see withoutContents
 * - changes, shows: anything else
 */
const PARTS: Record<Operation["kind"], Part | null> = {
  push: "pushes",
  pushBatch: "pushes",
  pop: "takes",
  popBatch: "takes",
  peek: "takes",
  ack: "changes",
  ackBatch: "changes",
  redo: "changes",
  fail: "changes",
  crash: "changes",
  touch: "changes",
  touchBatch: "changes",
  remove: "changes",
  retry: "changes",
  move: "changes",
  set: "changes",
  cancel: "changes",
  flush: "changes",
  configure: "changes",
  pause: "changes",
  resume: "changes",
  setGroup: "changes",
  initCounter: "changes",
  countDown: "changes",
  dropCounter: "changes",
  getCounter: "shows",
  bind: "changes",
  unbind: "changes",
  cronSet: "changes",
  cronDelete: "changes",
  listPush: "pushes",
  listInsert: "pushes",
  listPop: "takes",
  listMove: "takes",
  listRange: "takes",
  listRemove: "changes",
  listTrim: "changes",
  listSet: "changes",
  listLength: "shows",
  setAdd: "changes",
  setRemove: "changes",
  setDrop: "changes",
  setMembers: "takes",
  setContains: "shows",
  setCount: "shows",
  streamAdd: "pushes",
  streamTake: "takes",
  streamClaim: "takes",
  streamRange: "takes",
  streamInfo: "takes",
  streamTrim: "changes",
  streamRemove: "changes",
  streamAck: "changes",
  streamNack: "changes",
  streamCreateGroup: "changes",
  streamDestroyGroup: "changes",
  streamCreateConsumer: "changes",
  streamDeleteConsumer: "changes",
  streamLength: "shows",
  streamPending: "shows",
  settings: "shows",
  status: "shows",
  group: "shows",
  get: "takes",
  // With many events or names they would need a bound of their own.
  scan: null,
  stats: null,
  history: null,
  groups: null,
  listCounters: null,
  cronGet: null,
  cronList: null,
  cronQueues: null,
  setList: null,
  // What okq does by itself, or over all queues.
  unpop: null,
  count: null,
  list: null,
  ready: null,
  register: null,
  tick: null,
  cronDue: null,
  cronFire: null,
  probe: null,
  transaction: null,
};

export const TRANSACTION_EVENTS_MAX = 1000;

export function mayBeInTransaction(operation: Operation): boolean {
  if (PARTS[operation.kind] === null) return false;
  // All parts of a store have a copy of the settings of all queues.
  return operation.kind !== "configure" || operation.queue !== null;
}

export function takesContents({ kind }: Operation): boolean {
  return PARTS[kind] === "takes";
}

/** The events that it adds at most, by queue. */
export function pushesOf(operation: Operation): { queue: Buffer; count: number }[] {
  switch (operation.kind) {
    case "push":
    case "listInsert":
    case "streamAdd":
      return [{ queue: operation.queue, count: 1 }];
    case "pushBatch":
      return [{ queue: operation.queue, count: operation.events.length }];
    case "listPush":
      return [{ queue: operation.queue, count: operation.contents.length }];
    case "listMove":
      return [{ queue: operation.target, count: 1 }];
    default:
      return [];
  }
}

/** How many events it is about, at most. */
export function eventsOf(operation: Operation): number {
  switch (operation.kind) {
    case "popBatch":
    case "listPop":
    case "streamTake":
    case "streamRange":
    case "streamPending":
      return operation.count;
    case "streamClaim":
      return "ids" in operation.which ? operation.which.ids.length : operation.which.count;
    case "streamTrim":
      return operation.most;
    case "streamAdd":
      return 1 + (operation.trim?.most ?? 0);
    case "streamRemove":
    case "streamAck":
    case "streamNack":
      return operation.ids.length;
    case "listPush":
      return operation.contents.length;
    case "setAdd":
    case "setRemove":
    case "setContains":
      return operation.members.length;
    case "pushBatch":
      return operation.events.length;
    case "ackBatch":
    case "touchBatch":
      return operation.claims.length;
    case "remove":
    case "retry":
    case "move":
      return operation.targets.length;
    case "transaction":
      return operation.operations.reduce((sum, each) => sum + eventsOf(each), 0);
    default:
      return 1;
  }
}

/** The queues that it names; some may come twice. */
export function queuesOf(operation: Operation): Buffer[] {
  switch (operation.kind) {
    case "transaction":
      return operation.operations.flatMap(queuesOf);
    case "move":
    case "listMove":
      return [operation.queue, operation.target];
    case "bind":
      return [operation.queue, boundName(operation.queue, operation.name)];
    case "configure": {
      const failedTo = operation.values.find(([name]) => name === "failed-to")?.[1];
      const own = operation.queue === null ? [] : [operation.queue];
      return failedTo ? [...own, Buffer.from(failedTo, "latin1")] : own;
    }
    case "register":
      return operation.consumers.map(({ queue }) => queue);
    case "count":
      return operation.counted.map(({ queue }) => queue);
  }
  if ("queues" in operation) return operation.queues;
  return "queue" in operation && operation.queue !== null ? [operation.queue] : [];
}

/** Where a result has contents. */
interface Holding {
  contents?: Buffer | null;
  popped?: Holding | Holding[];
  claimed?: Holding[];
  first?: Holding | null;
  last?: Holding | null;
}

/** Bounds the contents in the results of one transaction. */
export class TakenContents {
  #bytes = 0;

  /** Whether the transaction takes no more contents. */
  get isOver(): boolean {
    return this.#bytes > BATCH_CONTENTS_BYTES;
  }

  /** The result of an operation that takesContents. */
  add(result: unknown): void {
    if (Array.isArray(result)) for (const one of result) this.add(one);
    else if (Buffer.isBuffer(result)) this.#bytes += result.length;
    else if (result !== null && typeof result === "object") this.#addOf(result);
  }

  #addOf({ contents, popped, claimed, first, last }: Holding): void {
    if (contents) this.#bytes += contents.length;
    for (const one of [popped, claimed, first, last]) if (one) this.add(one);
  }
}

/**
 * What is done in the place of an operation that takesContents where a transaction takes no more;
 * null: nothing, as if there were no event.
 */
export function withoutContents(operation: Operation): Operation | null {
  return operation.kind === "get" ? { ...operation, isWhole: false } : null;
}

/** What an operation that takesContents answers when there is nothing. */
export function nothingOf(operation: Operation): null | [] | object | typeof TOO_LARGE {
  switch (operation.kind) {
    case "listRange":
    case "setMembers":
    case "streamRange":
    case "streamClaim":
    case "streamInfo":
      return TOO_LARGE;
    case "streamTake":
      return { queue: operation.queue, popped: [] } satisfies StreamTaken;
    case "popBatch":
    case "listPop":
      return [];
    default:
      return null;
  }
}

/** Tells an observer of an operation, or of each that is in a transaction. */
export function tellDone(
  observer: StoreObserver,
  operation: Operation,
  result: unknown,
  nowMs: number,
): void {
  if (operation.kind !== "transaction") return observer.done(operation, result, nowMs);
  for (const [at, each] of (operation as Transaction).operations.entries()) {
    observer.done(each, (result as unknown[])[at], nowMs);
  }
}
