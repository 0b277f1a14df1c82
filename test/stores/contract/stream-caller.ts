// Short functions for the operations on streams, with latin1 text instead of bytes, and ids as
// "5-1". What is no such answer, as WRONG_TYPE, comes as it is.
import type { FailOutcome, Popped } from "../../../src/queue/event.ts";
import type { Operation } from "../../../src/queue/operations.ts";
import {
  FIRST_ID,
  LAST_ID,
  type StreamId,
  streamIdOf,
  textOfStreamId,
} from "../../../src/queue/stream-ids.ts";
import type {
  PendingClaim,
  StreamAck,
  StreamAckOutcome,
  StreamAdd,
  StreamCreateGroup,
  StreamNack,
  StreamTrim,
} from "../../../src/queue/streams.ts";
import { bytesOf, type Caller, textOf } from "./caller.ts";

/** Beyond what any of these queues has. */
export const ALL = 1000;

/** "-" and "+" are the first and the last place. */
export function placeNamed(text: string): StreamId {
  if (text === "-") return FIRST_ID;
  if (text === "+") return LAST_ID;
  const id = streamIdOf(bytesOf(text));
  if (!id) throw new Error(`${text} is no id of a stream`);
  return id;
}

/** "*", "5-*" or "5-1", as XADD takes them. */
function givenId(text: string): StreamAdd["id"] {
  if (text === "*") return null;
  if (!text.endsWith("-*")) return placeNamed(text);
  return { ms: BigInt(text.slice(0, -2)), seq: null };
}

type Trim = Pick<StreamTrim, "by" | "most">;

export const toLength = (length: number, slack = 0, most = ALL): Trim => ({
  by: { length, slack },
  most,
});
export const fromId = (id: string, most = ALL): Trim => ({ by: { from: placeNamed(id) }, most });

interface AddOptions {
  ifThere?: boolean;
  trim?: Trim | null;
  contents?: string;
}

const onQueue = (queue: string) => ({ queue: bytesOf(queue) });
const inGroup = (queue: string, group: string) => ({
  queue: bytesOf(queue),
  group: bytesOf(group),
});
const claimantOf = (consumer: string) => bytesOf(`process-1 7 ${consumer}`);

export const adding = (queue: string, id: string, options: AddOptions = {}) => {
  const { ifThere = false, trim = null, contents = `contents of ${id}` } = options;
  const event = { id: givenId(id), contents: bytesOf(contents) };
  return { kind: "streamAdd", ...onQueue(queue), ...event, ifThere, trim } as const;
};
export const trimming = (queue: string, trim: Trim) =>
  ({ kind: "streamTrim", ...onQueue(queue), ...trim }) as const;
export const removing = (queue: string, ...ids: string[]) =>
  ({ kind: "streamRemove", ...onQueue(queue), ids: ids.map(bytesOf) }) as const;
export const counting = (queue: string) => ({ kind: "streamLength", ...onQueue(queue) }) as const;
export const showing = (
  queue: string,
  from = "-",
  to = "+",
  { count = ALL, isReverse = false } = {},
) => {
  const ends = { from: placeNamed(from), to: placeNamed(to) };
  return { kind: "streamRange", ...onQueue(queue), ...ends, count, isReverse } as const;
};
export const taking = (
  queue: string,
  group: string,
  consumer: string,
  count = 1,
  isForGood = false,
) => {
  const claimant = claimantOf(consumer);
  return { kind: "streamTake", ...inGroup(queue, group), claimant, count, isForGood } as const;
};

interface ClaimOptions {
  minIdleMs?: number;
  isCounted?: boolean;
}

export const claiming = (
  queue: string,
  group: string,
  consumer: string,
  ids: string[],
  { minIdleMs = 0, isCounted = true }: ClaimOptions = {},
) =>
  ({
    kind: "streamClaim",
    ...inGroup(queue, group),
    claimant: claimantOf(consumer),
    which: { ids: ids.map(bytesOf) },
    minIdleMs,
    isCounted,
  }) as const;
/** Those from that place on. */
export const claimingFrom = (
  queue: string,
  group: string,
  consumer: string,
  from: string,
  options: ClaimOptions & { count?: number; isOwn?: boolean } = {},
) => {
  const { minIdleMs = 0, isCounted = true, count = ALL, isOwn = false } = options;
  const which = { from: placeNamed(from), count, isOwn };
  const claimant = claimantOf(consumer);
  const rest = { claimant, which, minIdleMs, isCounted };
  return { kind: "streamClaim", ...inGroup(queue, group), ...rest } as const;
};
export const acking = (
  queue: string,
  group: string,
  ids: string[],
  others: StreamAck["others"] = "keep",
) => ({ kind: "streamAck", ...inGroup(queue, group), ids: ids.map(bytesOf), others }) as const;
export const nacking = (queue: string, group: string, ids: string[], how: StreamNack["how"]) =>
  ({ kind: "streamNack", ...inGroup(queue, group), ids: ids.map(bytesOf), how }) as const;

interface PendingOptions {
  from?: string;
  to?: string;
  count?: number;
  consumer?: string | null;
  minIdleMs?: number;
}

export const lookingAtClaims = (queue: string, group: string, options: PendingOptions = {}) => {
  const { from = "-", to = "+", count = ALL, consumer = null, minIdleMs = 0 } = options;
  const ends = { from: placeNamed(from), to: placeNamed(to) };
  const only = { consumer: consumer === null ? null : bytesOf(consumer), minIdleMs };
  return { kind: "streamPending", ...inGroup(queue, group), ...ends, count, ...only } as const;
};
export const asking = (queue: string) => ({ kind: "streamInfo", ...onQueue(queue) }) as const;
export const creating = (
  queue: string,
  group: string,
  after = "-",
  isMaking = true,
): StreamCreateGroup => ({
  kind: "streamCreateGroup",
  ...inGroup(queue, group),
  after: after === "last" ? after : placeNamed(after),
  isMaking,
});
export const destroying = (queue: string, group: string) =>
  ({ kind: "streamDestroyGroup", ...inGroup(queue, group) }) as const;
export const creatingConsumer = (queue: string, group: string, consumer: string) => {
  const name = bytesOf(consumer);
  return { kind: "streamCreateConsumer", ...inGroup(queue, group), consumer: name } as const;
};
export const deletingConsumer = (queue: string, group: string, consumer: string) => {
  const name = bytesOf(consumer);
  return { kind: "streamDeleteConsumer", ...inGroup(queue, group), consumer: name } as const;
};

/** All operations on that stream, for its group. Those that would make a stream come last. */
export const onStream = (queue: string, group = "default"): Operation[] => [
  trimming(queue, toLength(0)),
  removing(queue, "1-1"),
  counting(queue),
  showing(queue),
  taking(queue, group, "ann"),
  claiming(queue, group, "ann", ["1-1"]),
  claimingFrom(queue, group, "ann", "-"),
  acking(queue, group, ["1-1"], "remove"),
  nacking(queue, group, ["1-1"], "redo"),
  lookingAtClaims(queue, group),
  asking(queue),
  destroying(queue, group),
  creatingConsumer(queue, group, "ann"),
  deletingConsumer(queue, group, "ann"),
  creating(queue, "g", "-", false),
  adding(queue, "*", { ifThere: true }),
  creating(queue, "g"),
  adding(queue, "*"),
];

/** The id of the entry. */
export async function add(
  store: Caller,
  queue: string,
  id: string,
  options: AddOptions = {},
): Promise<string | null> {
  const result = await store.submit(adding(queue, id, options));
  return Buffer.isBuffer(result) ? textOf(result) : result;
}

export async function addAll(store: Caller, queue: string, ...ids: string[]): Promise<void> {
  await Promise.all(
    ids.map(async (id) => {
      const result = await add(store, queue, id);
      if (result !== id) throw new Error(`${id}: ${result}`);
    }),
  );
}

/** The ids of the entries. */
export async function entriesOf(
  store: Caller,
  queue: string,
  from = "-",
  to = "+",
  options: { count?: number; isReverse?: boolean } = {},
): Promise<string> {
  const result = await store.submit(showing(queue, from, to, options));
  return typeof result === "string" ? result : result.map(({ id }) => textOf(id)).join(" ");
}

/** How many entries, and the latest id. */
export async function sizeOf(store: Caller, queue: string): Promise<[number, string] | string> {
  const result = await store.submit(counting(queue));
  return typeof result === "string" ? result : [result.length, textOfStreamId(result.lastId)];
}

export async function takeUndoable(
  store: Caller,
  queue: string,
  group: string,
  consumer: string,
  count = 1,
  isForGood = false,
): Promise<Popped[]> {
  const result = await store.submit(taking(queue, group, consumer, count, isForGood));
  if (typeof result === "string") throw new Error(result);
  return result.popped;
}

/** The ids of what was taken. */
export async function take(
  store: Caller,
  queue: string,
  group: string,
  consumer: string,
  count = 1,
  isForGood = false,
): Promise<string> {
  const result = await store.submit(taking(queue, group, consumer, count, isForGood));
  return typeof result === "string" ? result : idsOf(result.popped);
}

/** The ids of what was claimed, then the place of the next one where there is one. */
export async function claim(
  store: Caller,
  operation: ReturnType<typeof claiming> | ReturnType<typeof claimingFrom>,
): Promise<string> {
  const result = await store.submit(operation);
  if (typeof result === "string") return result;
  const next = result.next === null ? [] : ["next", textOfStreamId(result.next)];
  const ids = result.claimed.map(({ popped }) => textOf(popped.id));
  return [...ids, ...next].join(" ");
}

export async function ack(
  store: Caller,
  queue: string,
  group: string,
  ids: string[],
  others: StreamAck["others"] = "keep",
): Promise<StreamAckOutcome[] | string> {
  const result = await store.submit(acking(queue, group, ids, others));
  return typeof result === "string" ? result : result.outcomes;
}

export async function nack(
  store: Caller,
  queue: string,
  group: string,
  ids: string[],
  how: StreamNack["how"],
): Promise<FailOutcome[] | string> {
  const result = await store.submit(nacking(queue, group, ids, how));
  return typeof result === "string" ? result : result.outcomes;
}

export type PendingRow = [id: string, consumer: string, idleMs: number, attempt: number];

export async function pendingOf(
  store: Caller,
  queue: string,
  group: string,
  options: PendingOptions = {},
): Promise<PendingRow[] | string> {
  const result = await store.submit(lookingAtClaims(queue, group, options));
  return typeof result === "string" ? result : result.map(rowOf);
}

/** Who has which claims, as "1-1 ann, 2-1 bob". */
export async function heldIn(store: Caller, queue: string, group: string): Promise<string> {
  const rows = await pendingOf(store, queue, group);
  return typeof rows === "string" ? rows : rows.map(([id, who]) => `${id} ${who}`).join(", ");
}

/** All facts of a stream, as text and numbers. */
export async function factsOf(store: Caller, queue: string) {
  const facts = await store.submit(asking(queue));
  if (facts === null || typeof facts === "string") return facts;
  const idOf = (entry: { id: Buffer } | null) => entry && textOf(entry.id);
  return {
    length: facts.length,
    lastId: textOfStreamId(facts.lastId),
    removedId: textOfStreamId(facts.removedId),
    added: facts.added,
    first: idOf(facts.first),
    last: idOf(facts.last),
    groups: facts.groups.map(({ name, deliveredId, ready, pending, consumers, ...rest }) => ({
      name: textOf(name),
      deliveredId: textOfStreamId(deliveredId),
      ready,
      pending,
      firstPending: rest.firstPending && textOf(rest.firstPending),
      lastPending: rest.lastPending && textOf(rest.lastPending),
      consumers: consumers.map((each) => ({ ...each, name: textOf(each.name) })),
    })),
  };
}

type GroupShown = Exclude<Awaited<ReturnType<typeof factsOf>>, string | null>["groups"][number];

/** The groups of a stream in their order, by name. */
export async function groupsOf(store: Caller, queue: string): Promise<Record<string, GroupShown>> {
  const facts = await factsOf(store, queue);
  if (facts === null || typeof facts === "string") throw new Error(`no stream: ${facts}`);
  return Object.fromEntries(facts.groups.map((group) => [group.name, group]));
}

/** The consumers of a group and how many claims each has. */
export async function consumersOf(
  store: Caller,
  queue: string,
  group: string,
): Promise<Record<string, number>> {
  const { consumers } = (await groupsOf(store, queue))[group] ?? { consumers: [] };
  return Object.fromEntries(consumers.map(({ name, pending }) => [name, pending]));
}

function idsOf(popped: Popped[]): string {
  return popped.map(({ id }) => textOf(id)).join(" ");
}

function rowOf({ id, consumer, idleMs, attempt }: PendingClaim): PendingRow {
  return [textOf(id), textOf(consumer), idleMs, attempt];
}
