// How much of a batch an operation is.
import type { Transaction } from "../../queue/operations.ts";
import { eventsOf } from "../../queue/transaction.ts";
import type { Operation } from "./operation.ts";

const GROWING: ReadonlySet<string> = new Set([
  "push",
  "pushBatch",
  "move",
  "copyIn",
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
  "initCounter",
  "cronFire",
  "probe",
]);

/** Whether it fails where Redis has no memory left. */
export function refusesWithoutMemory({ kind }: Operation): boolean {
  return GROWING.has(kind);
}

/** Whether Redis must have memory left for it, or for a part of it that is left out otherwise. */
export function needsMemory(operation: Operation): boolean {
  if (operation.kind === "ack") return operation.result !== null;
  if (operation.kind === "transaction") return operation.operations.some(needsMemory);
  if (operation.kind === "touch") return operation.progress !== null || operation.log !== null;
  return GROWING.has(operation.kind);
}

/** As many times the work of a push or pop, for each event or queue. */
const WEIGHTS: Partial<Record<Operation["kind"], number>> = {
  fail: 8,
  crash: 8,
  scan: 4,
  remove: 8,
  retry: 8,
  move: 16,
  copyOut: 8,
  copyIn: 16,
  settle: 8,
  list: 8,
  status: 8,
  stats: 16,
  history: 16,
  bind: 64,
  cronSet: 8,
  initCounter: 8,
  countDown: 8,
  dropCounter: 8,
  listCounters: 8,
  cronFire: 16,
  cronList: 4,
  listMove: 8,
  listRange: 64,
  listRemove: 128,
  listTrim: 64,
  listSet: 8,
  listInsert: 128,
  setMembers: 64,
  streamTrim: 64,
  streamRemove: 8,
  streamRange: 64,
  streamNack: 8,
  streamClaim: 8,
  streamPending: 64,
  streamInfo: 128,
  streamCreateGroup: 128,
  streamDestroyGroup: 128,
  streamCreateConsumer: 16,
  streamDeleteConsumer: 128,
};

/**
 * What an okq does by itself, about once a second. It has a batch of its own: the operations of
 * clients beside it would take the larger script that it needs.
 */
const ALONE: ReadonlySet<string> = new Set(["register", "count", "tick", "cronDue"]);

/** How much work it is for Redis: an operation on many things counts for each of them. */
export function weightOf(operation: Operation): number {
  switch (operation.kind) {
    case "push":
    case "pop":
    case "ack":
    case "streamAdd":
      return 1;
  }
  if (ALONE.has(operation.kind)) return Infinity;
  if (operation.kind === "transaction") return sumOf(operation, weightOf);
  return (WEIGHTS[operation.kind] ?? 1) * countOf(operation);
}

function countOf(operation: Operation): number {
  if (operation.kind === "streamAck") return Math.max(1, operation.ids.length);
  if (operation.kind === "popBatch") return operation.queues.length + operation.count;
  if (operation.kind === "listPop") return operation.queues.length - 1 + operation.count;
  if (operation.kind === "streamTake") return operation.count;
  if (operation.kind === "streamClaim") return eventsOf(operation);
  if (operation.kind === "listPush") return operation.contents.length;
  if ("queues" in operation) return operation.queues.length;
  if ("events" in operation) return operation.events.length;
  if ("claims" in operation) return operation.claims.length;
  if ("targets" in operation) return operation.targets.length;
  if ("ids" in operation) return operation.ids.length;
  if ("members" in operation) return operation.members.length;
  if ("copies" in operation) return operation.copies.length;
  return "limit" in operation ? operation.limit : 1;
}

function sumOf({ operations }: Transaction, of: (operation: Operation) => number): number {
  return operations.reduce((sum, each) => sum + of(each), 0);
}

/** Bytes of ids and contents. */
export function sizeOf(operation: Operation): number {
  switch (operation.kind) {
    case "push":
      return (operation.id?.length ?? 0) + operation.contents.length;
    case "pushBatch":
      return operation.events.reduce((sum, { contents }) => sum + contents.length, 0);
    case "listPush":
      return operation.contents.reduce((sum, { length }) => sum + length, 0);
    case "listSet":
    case "listRemove":
    case "streamAdd":
      return operation.contents.length;
    case "streamRemove":
    case "streamAck":
    case "streamNack":
      return operation.ids.reduce((sum, { length }) => sum + length, 0);
    case "listInsert":
      return operation.pivot.length + operation.contents.length;
    case "cronSet":
      return operation.definition.length;
    case "setAdd":
    case "setRemove":
    case "setContains":
      return operation.members.reduce((sum, member) => sum + member.length, 0);
    case "initCounter":
      return operation.event?.contents.length ?? 0;
    case "cronFire":
      return operation.push?.contents.length ?? 0;
    case "copyIn":
      return operation.copies.reduce(
        (sum, { value, errors, log }) => sum + value.length + errors.length + log.length,
        0,
      );
    case "ack":
    case "redo":
      return operation.id.length;
    case "unpop":
      return operation.popped.id.length + operation.popped.contents.length;
    case "status":
    case "ready":
      return operation.queues.reduce((sum, queue) => sum + queue.length, 0);
    case "transaction":
      return sumOf(operation, sizeOf);
    case "register":
      return operation.consumers.reduce((sum, { queue }) => sum + queue.length, 0);
    default:
      return 0;
  }
}
