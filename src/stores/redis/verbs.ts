// For each operation: which ones may share a call of their verb, and with which verb each script
// does it. The .lua file of the verb is the other side.
import type { ListLength, ListPop, ListPush } from "../../queue/lists.ts";
import { nameOf } from "../../queue/name-cache.ts";
import type { Claim, Push, PushBatch } from "../../queue/operations.ts";
import type { Popped, PushOptions } from "../../queue/event.ts";
import type { Transaction } from "../../queue/operations.ts";
import { full } from "./full-verbs.ts";
import type { CopyInOutcome, Operation, ResultOf } from "./operation.ts";
import {
  isBatchPop,
  isSinglePop,
  isSinglePush,
  isSmallPush,
  hasChangedList,
  smallListVerbOf,
} from "./list-verbs.ts";
import { orderedVerbOf } from "./ordered-verbs.ts";
import { isLarge, plain, usualOr } from "./plain-verbs.ts";
import { isSmallStream, smallStreams, streamVariantOf } from "./small-stream-verbs.ts";
import { hasChangedStream } from "./stream-results.ts";
import type { Level } from "./script.ts";
import { tokens } from "./token-verbs.ts";
import { transactionVerb } from "./transaction-verb.ts";
import type { Verb } from "./verb.ts";

type Kind = Operation["kind"];
type OperationOf<K extends Kind> = Extract<Operation, { kind: K }>;

/**
 * Two operations on one queue share a call if their variants are equal. A variant belongs to one
 * kind: it must differ from those of all others.
 */
export type Variant = string | number;

const LARGE = { left: "large left", right: "large right" };
const MADE = { left: "made left", right: "made right" };
const IN_ORDER = { left: "in order left", right: "in order right" };
const MADE_IN_ORDER = { left: "made in order left", right: "made in order right" };
const LIST_PUSH = { left: "list push left", right: "list push right" };
const LIST_POP = { left: "list pop left", right: "list pop right" };
const WITH_OPTIONS = { left: "options left", right: "options right" };

/** null: each operation has a call of its own. */
export function variantOf(operation: Operation): Variant | null {
  switch (operation.kind) {
    case "push":
      return pushVariantOf(operation);
    case "pop":
      return operation.claimant === null ? usualOr(operation.leaseMs) : "pop";
    case "ack":
      return operation.token === null ? "ack" : "ack with token";
    case "redo":
      if (operation.start !== null) return "redo later";
      return operation.token === null ? "redo" : "redo with token";
    case "touch":
      return isPlainTouch(operation) ? "touch" : "touch with more";
    case "fail":
    case "crash":
      return operation.kind;
    case "transaction":
      return transactionVariantOf(operation);
    case "listPush":
      return isSinglePush(operation) ? LIST_PUSH[operation.end] : null;
    case "listPop":
      return isSinglePop(operation) ? LIST_POP[operation.end] : null;
    case "streamAdd":
    case "streamTake":
    case "streamAck":
      return streamVariantOf(operation);
    default:
      return null;
  }
}

/**
 * Transactions of acknowledgements and pushes may share a call if all of them could be done step by
 * step: the first step of each, then the second step of each.
 */
function transactionVariantOf({ operations }: Transaction): Variant | null {
  const steps = new Set<string>();
  let shape = "";
  for (const operation of operations) {
    if (operation.kind !== "ack" && operation.kind !== "push") return null;
    const variant = variantOf(operation);
    const isNamed = operation.kind === "push" && operation.id !== null;
    const queue = nameOf(operation.queue);
    // Two pushes into one queue stay side by side, and an id must not be taken and free at a time.
    const [own, other] = operation.kind === "push" ? ["push", "ack"] : ["ack", "named push"];
    if (variant === null || steps.has(`${own} ${queue}`)) return null;
    if ((isNamed || own === "ack") && steps.has(`${other} ${queue}`)) return null;
    steps.add(`${own} ${queue}`);
    if (isNamed) steps.add(`named push ${queue}`);
    shape += `${variant}\n${queue.length} ${queue}\n`;
  }
  return shape === "" ? null : `transaction ${shape}`;
}

function pushVariantOf(push: Push): Variant | null {
  const { id, end, options } = push;
  // Where one push is refused the others of its call are refused, too, or change nothing. One that
  // replaces an event needs no room.
  if (options?.onDuplicate === "replace") return null;
  if (!arePlain(options)) {
    if (!areOrdered(options)) return WITH_OPTIONS[end];
    return id === null ? MADE_IN_ORDER[end] : IN_ORDER[end];
  }
  if (id === null) return MADE[end];
  return isLarge(push) ? LARGE[end] : end;
}

/** The smallest script that can do it. */
export function levelOf(operation: Operation): Level {
  switch (operation.kind) {
    case "push":
      if (!arePlain(operation.options)) return areOrdered(operation.options) ? "ordered" : "life";
      return operation.id === null ? "tokens" : "plain";
    case "pushBatch":
      return pushBatchLevelOf(operation);
    case "pop":
      return operation.claimant === null ? "plain" : "tokens";
    case "ack":
      return operation.token === null ? "plain" : "tokens";
    case "redo":
      if (operation.start !== null) return "life";
      return operation.token === null ? "plain" : "tokens";
    case "touch":
      return isPlainTouch(operation) ? "tokens" : "life";
    case "ackBatch":
    case "touchBatch":
      return haveTokens(operation.claims) ? "tokens" : "life";
    case "popBatch":
      return "tokens";
    case "peek":
    case "ready":
    case "listLength":
      return "plain";
    case "listPush":
      return isSmallPush(operation) ? "tokens" : "life";
    case "listPop":
      if (isSinglePop(operation)) return "plain";
      return isBatchPop(operation) ? "tokens" : "life";
    case "streamAdd":
    case "streamTake":
    case "streamAck":
      return isSmallStream(operation) ? "tokens" : "life";
    case "listMove":
    case "streamTrim":
    case "streamRemove":
    case "streamLength":
    case "streamRange":
    case "fail":
    case "crash":
      return "life";
    case "transaction":
      return transactionLevelOf(operation);
    default:
      return "full";
  }
}

function transactionLevelOf({ operations }: Transaction): Level {
  const level = operations.map(levelOf).reduce(higher, "plain");
  return level === "plain" || level === "tokens" ? "steps" : "full";
}

function pushBatchLevelOf({ events, options }: OperationOf<"pushBatch">): Level {
  if (!areOrdered(options) || events.length === 0) return "life";
  const areMade = events.every(({ id }) => id === null);
  if (!areMade && !events.every(({ id }) => id !== null)) return "life";
  if (!arePlain(options)) return "ordered";
  return areMade ? "tokens" : "plain";
}

/** Whether the script "ordered" can do it, as far as it is an operation of the smaller ones. */
export function isOrdered(operation: Operation): boolean {
  switch (operation.kind) {
    case "pop":
    case "popBatch":
      // What undoes a pop without a claim would have to know the place.
      return operation.leaseMs !== 0;
    case "redo":
    case "peek":
    case "listPush":
    case "listPop":
    case "listLength":
    case "streamAdd":
    case "streamTake":
    case "streamAck":
      return false;
    default:
      return true;
  }
}

const ranks: Record<Level, number> = {
  plain: 0,
  tokens: 1,
  ordered: 2,
  steps: 3,
  life: 4,
  full: 5,
};

/** The lowest level that has the verbs of both. It is asked for every operation. */
export function higher(a: Level, b: Level): Level {
  const level = ranks[a] > ranks[b] ? a : b;
  if (ranks[level] < ranks.steps) return level;
  // "ordered" and "life" have no transactions.
  const isWithSteps = a === "steps" || b === "steps";
  const isWithout = [a, b].some((each) => each === "ordered" || each === "life");
  return isWithSteps && isWithout ? "full" : level;
}

/** Whether only headers are given, which are part of the event's value. */
function arePlain(options: PushOptions | null): boolean {
  return (
    options === null || (options.priority === null && options.group === null && areOrdered(options))
  );
}

/** Whether only headers, a priority and a group are given. */
function areOrdered(options: PushOptions | null): boolean {
  return (
    options === null ||
    (options.start === null &&
      options.ttlMs === null &&
      options.attemptsMax === null &&
      options.backoff === null &&
      options.leaseMs === null &&
      options.unique === null &&
      options.part === null &&
      options.onDuplicate === "refuse")
  );
}

function isPlainTouch({ token, progress, log }: OperationOf<"touch">): boolean {
  return token !== null && progress === null && log === null;
}

function haveTokens(claims: Claim[]): boolean {
  return claims.length > 0 && claims.every(({ token }) => token !== null);
}

function isSmallList(operation: Operation): operation is ListPush | ListPop | ListLength {
  const { kind } = operation;
  return kind === "listPush" || kind === "listPop" || kind === "listLength";
}

type Verbs = { [K in Kind]?: Verb<K> };

const transactions = {
  steps: transactionVerb((operation) => verbOf(operation, "steps"), "step by step"),
  full: transactionVerb((operation) => verbOf(operation, "full"), "one by one"),
};

/** The verb that does such operations in a script of that level. */
export function verbOf<K extends Kind>(operation: OperationOf<K>, level: Level): Verb<K> {
  const kind = operation.kind as K;
  if (kind === "transaction") {
    return transactions[level === "full" ? "full" : "steps"] as unknown as Verb<K>;
  }
  if (level === "life" || level === "full") return (full as Verbs)[kind] as Verb<K>;
  const own = levelOf(operation);
  if (own === "ordered") return orderedVerbOf(operation as Push | PushBatch) as unknown as Verb<K>;
  if (kind in smallStreams) return smallStreams[kind as "streamAdd"] as unknown as Verb<K>;
  if (isSmallList(operation)) return smallListVerbOf(operation) as unknown as Verb<K>;
  const verbs: Verbs = own === "plain" ? plain : tokens;
  return verbs[kind] as Verb<K>;
}

/** Whether the receiver of the result relies on a change that a failover must not undo. */
export function isChange<K extends Kind>(kind: K, result: ResultOf<OperationOf<K>>): boolean {
  switch (kind) {
    case "transaction":
    // A duplicate is an event that is there: its producer relies on it.
    case "push":
    case "pushBatch":
    case "flush":
    case "initCounter":
    case "configure":
    case "pause":
    case "resume":
    case "bind":
    case "cronSet":
    case "probe":
      return true;
    case "pop":
    case "fail":
    case "touch":
    case "countDown":
      return result !== null;
    case "unpop":
    case "ack":
    case "redo":
    case "crash":
    case "dropCounter":
    case "unbind":
    case "cronDelete":
      return result === true;
    case "popBatch":
      return (result as Popped[]).length > 0;
    case "listPush":
    case "listPop":
    case "listMove":
    case "listInsert":
    case "listRemove":
    case "listTrim":
    case "listSet":
      return hasChangedList(kind, result);
    case "set":
    case "setGroup":
    case "setDrop":
      return result === true;
    case "setAdd":
      return typeof result === "number";
    case "setRemove":
      return typeof result === "number" && result > 0;
    case "cancel":
      return result !== null;
    case "cronFire":
      return result !== "stale";
    case "copyIn":
      return (result as CopyInOutcome[]).some((outcome) => outcome !== "taken");
    case "move":
    case "ackBatch":
    case "remove":
    case "retry":
    case "touchBatch":
      return (result as unknown[]).some(Boolean);
    default:
      return hasChangedStream(kind, result);
  }
}
