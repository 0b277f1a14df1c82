// The options that all pushes take.
import { type Part, type PushOptions, type Unique, type When } from "../queue/event.ts";
import { encodeHeaders, type Header } from "../queue/headers.ts";
import { checkLength, checkName, checkNew } from "./arguments.ts";
import type { Caller } from "./caller.ts";
import type { QueueContext } from "./context.ts";
import { commandError } from "./errors.ts";
import { demandPush } from "./permission.ts";
import type { Options } from "./syntax-types.ts";

/** For syntax lines. */
export const START = "[DELAY seconds|AT time]";
export const PUSH_OPTIONS =
  "[TTL seconds>0] [ATTEMPTS n] [BACKOFF rule] [LEASE seconds>0] [HEADER name value]...";

/** Of pushes at the left end. */
export const ORDER = "[PRIORITY priority|GROUP group]";

/** Not of batches: all of their events would have the same key. */
export const UNIQUE = "[UNIQUE key] [UNTIL CLAIMED|FOR seconds>0]";

export const PART = "[PART counterQueue key]";

const HEADER_NAME_BYTES_MAX = 1024;
const KEY_BYTES_MAX = 1024;
const GROUP_BYTES_MAX = 1024;
const HEADERS_BYTES_MAX = 64 * 1024;

type Given = Options<typeof PUSH_OPTIONS> &
  StartGiven &
  Options<typeof ORDER> &
  Options<typeof UNIQUE> &
  Options<typeof PART> & { ONDUP?: "ERROR" | "KEEP" | "REPLACE" };
type StartGiven = Options<typeof START>;

const onDuplicate = { ERROR: "refuse", KEEP: "keep", REPLACE: "replace" } as const;

/** Options that say nothing about the event itself. */
type Other = { NOBLOCK?: true; RIGHT?: true; ID?: Buffer };
const OTHERS = new Set(["NOBLOCK", "RIGHT", "ID"]);

/** null if no option was given: then a push costs the store nothing more. Throws for wrong ones. */
export function pushOptions(given: Given & Other): PushOptions | null {
  for (const name in given) if (!OTHERS.has(name)) return allOptions(given);
  return null;
}

export function allOptions(given: Given & Other): PushOptions {
  const { TTL, ATTEMPTS, BACKOFF, LEASE, HEADER, PRIORITY, GROUP, ONDUP = "ERROR" } = given;
  if (GROUP) checkGroup(GROUP);
  if (GROUP && given.RIGHT) {
    throw commandError("exclusiveOptions", { option: "GROUP", other: "RIGHT" });
  }
  // Field by field, in the order of NO_OPTIONS: a spread takes several times as long.
  return {
    headers: HEADER ? headersOf(HEADER) : null,
    start: startOf(given),
    ttlMs: TTL ?? null,
    attemptsMax: ATTEMPTS ?? null,
    backoff: BACKOFF ?? null,
    leaseMs: LEASE ?? null,
    unique: uniqueOf(given),
    part: partOf(given),
    priority: PRIORITY ?? null,
    group: GROUP ?? null,
    onDuplicate: onDuplicate[ONDUP],
  };
}

function partOf({ PART: part }: Options<typeof PART>): Part | null {
  if (part === undefined) return null;
  const [queue, key] = part;
  checkName("the key is", key, KEY_BYTES_MAX);
  return { queue, key };
}

/** Throws unless the client may count a counter down that is in the shard of the queue. */
export function checkPart(
  queue: Buffer,
  options: PushOptions | null,
  context: QueueContext,
  caller: Caller,
): void {
  if (options === null || options.part === null) return;
  const { queue: counted } = options.part;
  demandPush(counted, caller);
  checkNew("queue name", counted, context);
  const { store } = context;
  const isApart = store.partOf && store.partOf(counted) !== store.partOf(queue);
  if (isApart) throw commandError("partApart", { queue: counted });
}

/** Throws if the name of a group is empty, or longer than okq keeps. */
export function checkGroup(name: Buffer): void {
  checkName("the name of a group is", name, GROUP_BYTES_MAX);
}

function uniqueOf({ UNIQUE: key, UNTIL, FOR }: Options<typeof UNIQUE>): Unique | null {
  if (key === undefined) {
    const option = UNTIL === undefined ? "FOR" : "UNTIL";
    if (UNTIL ?? FOR) throw commandError("optionNeeds", { option, other: "UNIQUE" });
    return null;
  }
  checkName("the key is", key, KEY_BYTES_MAX);
  return { key, until: UNTIL === undefined ? "end" : "claimed", forMs: FOR ?? null };
}

/** When an event becomes ready, from DELAY or AT. */
export function startOf({ DELAY, AT }: StartGiven): When | null {
  if (DELAY !== undefined) return { afterMs: DELAY };
  return AT === undefined ? null : { atMs: AT };
}

/** Throws if there are too many or too long ones. */
export function headersOf(given: Header[]): Buffer | null {
  for (const [name] of given) checkName("the name of a header is", name, HEADER_NAME_BYTES_MAX);
  const block = encodeHeaders(given)!;
  checkLength("the headers are", block, HEADERS_BYTES_MAX);
  return block;
}
