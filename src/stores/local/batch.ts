// A batch of the local store: the operations of one turn of the event loop, and what becomes of
// them when the journal fails.
import { EarlierFailure, StoreError } from "../../queue/errors.ts";
import type { Failures } from "../../queue/failures.ts";
import type { Operation, Results } from "../../queue/operations.ts";
import type { Report } from "../../queue/report.ts";
import type { Receiver, StoreObserver } from "../../queue/store.ts";
import { tellDone } from "../../queue/transaction.ts";

/** Operations in one batch; further ones wait for the next turn, so that sockets are served. */
export const batchOperationsMax = 4096;
/** Copies in one batch besides those of its first operation: a few milliseconds of work. */
const batchCopiesMax = 1024;
/** Bytes of ids and contents that one batch writes to the journal besides its first event. */
const batchBytesMax = 1024 * 1024;

export type Result = Results[Operation["kind"]];

export interface Submitted {
  operation: Operation;
  receiver: Receiver<Result>;
  /** The failures of its session, and how many they were at submission. */
  failures: Failures;
  failureCount: number;
  /** Set by execution. */
  outcome: Result | StoreError | undefined;
  /** What it did that its result does not tell; null if nobody listens. */
  reports: Report[] | null;
}

type Kinds = ReadonlySet<Operation["kind"]>;

/** The journal does not record these operations, so its failures do not affect them. */
const unrecordedKinds: Kinds = new Set(["register"]);
/** These operations need room on the disk: a journal may refuse them while all others go on. */
const growingKinds: Kinds = new Set([
  "push",
  "pushBatch",
  "set",
  "listPush",
  "listMove",
  "listSet",
  "listInsert",
  "streamAdd",
  "streamCreateGroup",
  "streamCreateConsumer",
  "setAdd",
  "cronSet",
  "cronFire",
  "initCounter",
  "countDown",
  "probe",
]);
/** These keep what they need not: an error, a result, a completed event. */
const keepingKinds: Kinds = new Set([
  "ack",
  "ackBatch",
  "fail",
  "crash",
  "touch",
  "tick",
  "streamTake",
  "streamClaim",
  "streamAck",
  "streamNack",
]);
export const readingKinds: Kinds = new Set([
  "peek",
  "get",
  "scan",
  "settings",
  "status",
  "stats",
  "history",
  "list",
  "ready",
  "listLength",
  "listRange",
  "streamLength",
  "streamRange",
  "streamPending",
  "streamInfo",
  "setMembers",
  "setContains",
  "setCount",
  "setList",
  "group",
  "groups",
  "getCounter",
  "listCounters",
  "cronGet",
  "cronList",
  "cronQueues",
  "cronDue",
]);
export const noKinds: Kinds = new Set();
/** okq sends these by itself, and none of them because another one was answered. */
const ownKinds: Kinds = new Set(["tick", "register", "count", "cronDue", "cronFire"]);

/** How many of them clients have sent. */
export function countOfClients(submitted: Submitted[]): number {
  let count = 0;
  for (const { operation } of submitted) if (!ownKinds.has(operation.kind)) count++;
  return count;
}

/** Whether it matters to the batch that the journal has no room. */
export function needsRoom(batch: Submitted[]): boolean {
  return batch.some(
    ({ operation }) => isOf(operation, growingKinds) || isOf(operation, keepingKinds),
  );
}

/** Whether the journal may refuse it for lack of room. */
export function isGrowing(operation: Operation): boolean {
  return isOf(operation, growingKinds);
}

function isOf(operation: Operation, kinds: Kinds): boolean {
  if (operation.kind !== "transaction") return kinds.has(operation.kind);
  return operation.operations.some(({ kind }) => kinds.has(kind));
}

/** How many queues get a copy of what is pushed to that queue. */
type CopiesOf = (queue: Buffer) => number;

/** How many of the first `count` operations fit into one batch by their bytes; at least one. */
export function countWithin(submitted: Submitted[], count: number, copiesOf: CopiesOf): number {
  let bytes = 0;
  for (let at = 0; at < count; at++) {
    bytes += bytesOf(submitted[at]!.operation, copiesOf);
    if (bytes > batchBytesMax && at > 0) return at;
  }
  return count;
}

/** How many of the first `count` operations fit into one batch by their copies; at least one. */
export function countOfCopies(submitted: Submitted[], count: number, copiesOf: CopiesOf): number {
  let copies = 0;
  for (let at = 0; at < count; at++) {
    copies += copiesIn(submitted[at]!.operation, copiesOf);
    if (copies > batchCopiesMax && at > 0) return at;
  }
  return count;
}

function copiesIn(operation: Operation, copiesOf: CopiesOf): number {
  switch (operation.kind) {
    case "push":
    case "streamAdd":
      return copiesOf(operation.queue);
    case "pushBatch":
      return operation.events.length * copiesOf(operation.queue);
    case "listPush":
      return operation.contents.length * copiesOf(operation.queue);
    case "listMove":
      return copiesOf(operation.target);
    case "listInsert":
      return copiesOf(operation.queue);
    case "transaction":
      return operation.operations.reduce((sum, each) => sum + copiesIn(each, copiesOf), 0);
    default:
      return 0;
  }
}

/** About how much an operation writes to the journal. */
function bytesOf(operation: Operation, copiesOf: CopiesOf): number {
  switch (operation.kind) {
    case "push": {
      const bytes = (operation.id?.length ?? 0) + operation.contents.length;
      return bytes * (1 + copiesOf(operation.queue));
    }
    case "pushBatch": {
      const bytes = operation.events.reduce(
        (sum, { id, contents }) => sum + (id?.length ?? 0) + contents.length,
        0,
      );
      return bytes * (1 + copiesOf(operation.queue));
    }
    // It may copy many events: it gets a batch of its own.
    case "streamCreateGroup":
      return batchBytesMax;
    case "set":
      return operation.contents?.length ?? 0;
    case "listPush": {
      const bytes = operation.contents.reduce((sum, contents) => sum + contents.length, 0);
      return bytes * (1 + copiesOf(operation.queue));
    }
    case "listInsert":
    case "streamAdd":
      return operation.contents.length * (1 + copiesOf(operation.queue));
    case "listSet":
      return operation.contents.length;
    case "cronSet":
      return operation.definition.length;
    case "cronFire":
      return operation.push?.contents.length ?? 0;
    case "initCounter":
      return operation.event?.contents.length ?? 0;
    case "countDown":
      return operation.member.length;
    case "setAdd":
    case "setRemove":
      return operation.members.reduce(
        (sum, member) => sum + rowBytesOf(operation.queue, member),
        0,
      );
    case "ack":
      return operation.result?.length ?? 0;
    case "fail":
      return operation.error?.length ?? 0;
    case "transaction":
      return operation.operations.reduce((sum, each) => sum + bytesOf(each, copiesOf), 0);
    default:
      return 0;
  }
}

/** A row takes time by itself, too. */
function rowBytesOf(set: Buffer, member: Buffer): number {
  return set.length + member.length + 64;
}

/** Fails the operations of a batch, except for those that failed already and the spared kinds. */
export function failBatch(batch: Submitted[], error: StoreError, spared: Kinds): void {
  const untold = new UntoldFailures();
  for (const submitted of batch) {
    const { kind } = submitted.operation;
    if (!(submitted.outcome instanceof StoreError) && !unrecordedKinds.has(kind)) {
      if (!spared.has(kind)) submitted.outcome = error;
      else submitted.outcome = untold.earlierFailureOf(submitted) ?? submitted.outcome;
    }
    untold.note(submitted);
  }
}

/** Gives every receiver in the batch its outcome. The batch was done at that time. */
export function answer(batch: Submitted[], observer: StoreObserver | null, nowMs: number): void {
  for (const { operation, outcome, reports, receiver, failures } of batch) {
    if (outcome instanceof StoreError) {
      failures.add(outcome);
      receiver.failed(outcome);
    } else {
      if (reports) for (const report of reports) observer?.reported?.(report);
      if (observer) tellDone(observer, operation, outcome, nowMs);
      receiver.succeeded(outcome as Result);
    }
  }
}

/** The failures in a batch that their sessions have not been told of yet. */
export class UntoldFailures {
  readonly #errors = new Map<Failures, StoreError>();

  note({ failures, outcome }: Submitted): void {
    const isFirst = outcome instanceof StoreError && !(outcome instanceof EarlierFailure);
    if (isFirst) this.#errors.set(failures, outcome);
  }

  /** The error of an operation after a failure in this batch or an earlier one; else null. */
  earlierFailureOf({ failures, failureCount }: Submitted): StoreError | null {
    if (failures.hasNewSince(failureCount)) return failures.earlierFailure();
    const error = this.#errors.size > 0 && this.#errors.get(failures);
    return error ? new EarlierFailure(error) : null;
  }
}
