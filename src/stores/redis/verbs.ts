// For each operation: which ones may share a call of their verb, and with which verb each script
// does it. The .lua file of the verb is the other side.
import type { Push } from "../../queue/operations.ts";
import type { Popped } from "../../queue/event.ts";
import { LARGE_BYTES } from "./keys.ts";
import { full } from "./full-verbs.ts";
import type { CopyInOutcome, Operation, ResultOf } from "./operation.ts";
import { plain, usualOr } from "./plain-verbs.ts";
import type { Level } from "./script.ts";
import type { Verb } from "./verb.ts";

type Kind = Operation["kind"];
type OperationOf<K extends Kind> = Extract<Operation, { kind: K }>;

/**
 * Two operations on one queue share a call if their variants are equal. A variant belongs to one
 * kind: it must differ from those of all others.
 */
export type Variant = string | number;

const LARGE = { left: "large left", right: "large right" };
const WITH_OPTIONS = { left: "options left", right: "options right" };

/** Whether its contents may be sent beside the script. */
export function isLarge({ contents }: Push): boolean {
  return contents.length >= LARGE_BYTES;
}

/** null: each operation has a call of its own. */
export function variantOf(operation: Operation): Variant | null {
  switch (operation.kind) {
    case "push":
      // Where one push is refused the others of its call are refused, too, or change nothing. One
      // that replaces an event needs no room.
      if (operation.options?.onDuplicate === "replace") return null;
      if (!isPlainPush(operation)) return WITH_OPTIONS[operation.end];
      return isLarge(operation) ? LARGE[operation.end] : operation.end;
    case "pop":
      return isPlainPop(operation) ? usualOr(operation.leaseMs) : "pop";
    case "ack":
      return isPlainEnd(operation) && operation.result === null ? "ack" : "ack with";
    case "redo":
      return isPlainEnd(operation) && operation.start === null ? "redo" : "redo with";
    case "fail":
    case "crash":
    case "touch":
      return operation.kind;
    default:
      return null;
  }
}

/** The smallest script that can do it. */
export function levelOf(operation: Operation): Level {
  switch (operation.kind) {
    case "push":
      return isPlainPush(operation) ? "plain" : "life";
    case "pop":
      return isPlainPop(operation) ? "plain" : "life";
    case "ack":
      return isPlainEnd(operation) && operation.result === null ? "plain" : "life";
    case "redo":
      return isPlainEnd(operation) && operation.start === null ? "plain" : "life";
    case "peek":
    case "ready":
      return "plain";
    case "fail":
    case "crash":
    case "touch":
      return "life";
    default:
      return "full";
  }
}

const levels: Level[] = ["plain", "life", "full"];

/** Of two levels, the one that has the verbs of both. */
export function higher(a: Level, b: Level): Level {
  return levels[Math.max(levels.indexOf(a), levels.indexOf(b))]!;
}

function isPlainPush({ id, options }: Push): boolean {
  return id !== null && options === null;
}

function isPlainPop({ claimant }: OperationOf<"pop">): boolean {
  return claimant === null;
}

function isPlainEnd({ token }: { token: Buffer | null }): boolean {
  return token === null;
}

/** The verb that does operations of that kind in a script of that level. */
export function verbOf<K extends Kind>(kind: K, level: Level): Verb<K> {
  const verb = level === "plain" ? (plain as { [P in Kind]?: Verb<P> })[kind] : undefined;
  return (verb ?? full[kind]) as Verb<K>;
}

/** Whether the receiver of the result relies on a change that a failover must not undo. */
export function isChange<K extends Kind>(kind: K, result: ResultOf<OperationOf<K>>): boolean {
  switch (kind) {
    // A duplicate is an event that is there: its producer relies on it.
    case "push":
    case "pushBatch":
    case "flush":
    case "configure":
    case "pause":
    case "resume":
    case "probe":
      return true;
    case "pop":
    case "fail":
    case "touch":
      return result !== null;
    case "unpop":
    case "ack":
    case "redo":
    case "crash":
      return result === true;
    case "popBatch":
      return (result as Popped[]).length > 0;
    case "set":
      return result === true;
    case "cancel":
      return result !== null;
    case "copyIn":
      return (result as CopyInOutcome[]).some((outcome) => outcome !== "taken");
    case "move":
    case "ackBatch":
    case "remove":
    case "retry":
    case "touchBatch":
      return (result as unknown[]).some(Boolean);
    default:
      return false;
  }
}
