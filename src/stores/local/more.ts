// The rare facts of an event: most events have none of them. Bytes are latin1 text here, one
// character per byte, as ids are.

export interface NotedError {
  atMs: number;
  attempt: number;
  text: string;
}

export interface Facts {
  failures: number;
  crashes: number;
  attemptsMax: number | null;
  backoff: string | null;
  leaseMs: number | null;
  ttlMs: number | null;
  /** From when its TTL counts, if not from its push. */
  ttlFromMs: number | null;
  /** As headers.ts encodes them. */
  headers: string | null;
  /** Its unique key, behind what keys.ts puts in front of it. A journal has a column for it. */
  unique: string | null;
  /** Of an event without a group. A journal has a column for it, and one for the group. */
  priority: number;
  group: string | null;
  /**
   * Its place in its group, if that does not follow from its key; 0 if it does, or if the event has
   * not been ready yet.
   */
  rank: number;
  /** The counter of which it is a member, as encodePart writes it. */
  part: string | null;
  lastError: string | null;
  errors: readonly NotedError[];
  log: readonly string[];
  progress: string | null;
  result: string | null;
  /** When its claim began, if its lease was prolonged since. */
  claimedAtMs: number | null;
  /** The consumer that has claimed it was asked to stop. */
  isCancelled: boolean;
  /** When it expires while it waits; 0: never. A journal keeps it in a column of its own. */
  expiresAtMs: number;
}

export type PartNames = [queue: string, key: string, member: string];

export function encodePart(names: PartNames): string {
  return JSON.stringify(names);
}

export function decodePart(part: string): PartNames {
  return JSON.parse(part) as PartNames;
}

/** Never changed: an event gets another one. */
export interface More extends Readonly<Facts> {
  /** About how much memory it takes. */
  readonly bytes: number;
}

const NOTHING: Facts = {
  failures: 0,
  crashes: 0,
  attemptsMax: null,
  backoff: null,
  leaseMs: null,
  ttlMs: null,
  ttlFromMs: null,
  headers: null,
  unique: null,
  priority: 0,
  group: null,
  rank: 0,
  part: null,
  lastError: null,
  errors: [],
  log: [],
  progress: null,
  result: null,
  claimedAtMs: null,
  isCancelled: false,
  expiresAtMs: 0,
};

const names = Object.keys(NOTHING) as (keyof Facts)[];
const EMPTY: More = { ...NOTHING, bytes: 0 };
/** Bytes of the object itself. */
const overheadBytes = 200;
const entryBytes = 100;

/** What the push of an event says. */
export type PushedFacts = Pick<
  Facts,
  | "attemptsMax"
  | "backoff"
  | "group"
  | "headers"
  | "leaseMs"
  | "part"
  | "priority"
  | "ttlMs"
  | "unique"
>;

/** moreWith() for a new event, as fast as it can be; null if that is nothing. */
export function moreOf(pushed: PushedFacts): More | null {
  const { attemptsMax, backoff, group, headers, leaseMs, part, priority, ttlMs, unique } = pushed;
  const hasNumber = attemptsMax !== null || leaseMs !== null || priority !== 0 || ttlMs !== null;
  const hasText = backoff !== null || headers !== null || part !== null || unique !== null;
  if (!hasNumber && !hasText && group === null) return null;
  const bytes = sizeOf(backoff) + sizeOf(group) + sizeOf(headers) + sizeOf(part) + sizeOf(unique);
  // Field by field: a spread takes several times as long.
  return {
    ...EMPTY,
    attemptsMax,
    backoff,
    group,
    headers,
    leaseMs,
    part,
    priority,
    ttlMs,
    unique,
    bytes: overheadBytes + bytes,
  };
}

function sizeOf(text: string | null): number {
  return text === null ? 0 : text.length;
}

/** The same with these changes; null if nothing is left of it. */
export function moreWith(more: More | null, changes: Partial<Facts>): More | null {
  const facts: Facts & { bytes: number } = { ...(more ?? EMPTY), ...changes, bytes: 0 };
  let bytes = overheadBytes;
  let isPlain = true;
  for (const name of names) {
    const value = facts[name];
    if (isNothing(name, value)) continue;
    isPlain = false;
    if (typeof value === "string") bytes += value.length;
  }
  if (isPlain) return null;
  for (const { text } of facts.errors) bytes += text.length + entryBytes;
  for (const line of facts.log) bytes += line.length + entryBytes;
  facts.bytes = bytes;
  return facts;
}

const inSlabs = names.filter((name) => name !== "expiresAtMs");
/** A journal keeps the others in columns of their own. */
export const WITHOUT_COLUMNS = inSlabs.filter(
  (name) => name !== "unique" && name !== "priority" && name !== "group",
);

/** These facts as a journal or a slab keeps them; null if that is nothing. */
export function encodeMore(more: More | null, facts = inSlabs): string | null {
  if (more === null) return null;
  let kept: Partial<Record<keyof Facts, unknown>> | null = null;
  for (const name of facts) {
    const value = more[name];
    if (!isNothing(name, value)) (kept ??= {})[name] = value;
  }
  return kept === null ? null : JSON.stringify(kept);
}

/** What a journal has of it: a text and columns, which are null where the text says it. */
interface Stored {
  readonly more: string | null;
  readonly expiresAtMs: number;
  readonly unique: string | null;
  readonly priority: number | null;
  readonly group: string | null;
}

export function decodeMore({ more, expiresAtMs, unique, priority, group }: Stored): More | null {
  const isPlain = more === null && expiresAtMs === 0 && unique === null;
  if (isPlain && priority === null && group === null) return null;
  const kept = more === null ? {} : (JSON.parse(more) as Partial<Facts>);
  return moreWith(null, {
    ...kept,
    expiresAtMs,
    ...(unique === null ? {} : { unique }),
    ...(priority === null ? {} : { priority }),
    ...(group === null ? {} : { group }),
  });
}

function isNothing(name: keyof Facts, value: Facts[keyof Facts]): boolean {
  return Array.isArray(value) ? value.length === 0 : value === NOTHING[name];
}
