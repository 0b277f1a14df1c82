// Operations on queues of several shards: one part for each shard, all at the same time, and one
// result out of the parts' results.
import type {
  List,
  Operation,
  QueuePage,
  QueueStatus,
  Ready,
  Reclaim,
  Register,
  ResultOf,
  Status,
} from "../../queue/store.ts";
import { shardOf, SHARDS } from "./shards.ts";

/** Has a shard do its part. */
export type Ask = <O extends Operation>(shard: number, operation: O) => Promise<ResultOf<O>>;

/** What this process knows of the shards. */
export interface KnownShards {
  /** Whether something is to be reclaimed there. */
  isDue(shard: number): boolean;
  /** The next shard to be looked at although nothing seems due there. */
  nextToLookAt: number;
  /** Where this process may have noted consumers. */
  consumed: Set<number>;
}

/** So few that an idle okq hardly asks a cluster for anything. */
const LOOKED_AT_ONCE = 8;

const everyShard = Array.from({ length: SHARDS }, (_, shard) => shard);

/** The shard in which all of the operation takes place; null if there is not just one. */
export function shardOfAll(operation: Operation): number | null {
  if ("queue" in operation) return shardOf(operation.queue);
  if (!("queues" in operation) || operation.queues.length === 0) return null;
  const first = shardOf(operation.queues[0]!);
  return operation.queues.every((queue) => shardOf(queue) === first) ? first : null;
}

/** Rejects with what one of the parts failed with, when all are done. */
export async function spread(operation: Operation, ask: Ask, known: KnownShards): Promise<never> {
  return (await parts(operation, ask, known)) as never;
}

function parts(operation: Operation, ask: Ask, known: KnownShards): Promise<unknown> {
  switch (operation.kind) {
    case "status":
      return status(operation, ask);
    case "ready":
      return ready(operation, ask);
    case "list":
      return list(operation, ask);
    case "register":
      return register(operation, ask, known);
    case "reclaim":
      return reclaim(operation, ask, known);
    case "probe":
      return probe(ask);
    default:
      throw new Error(`${operation.kind} is not spread`);
  }
}

async function status({ queues }: Status, ask: Ask): Promise<QueueStatus[]> {
  const statuses: QueueStatus[] = [];
  await all([...sections(queues, (queue) => queue)], async ([shard, places]) => {
    const own = places.map((place) => queues[place]!);
    const answer = await ask(shard, { kind: "status", queues: own });
    places.forEach((place, at) => (statuses[place] = answer[at]!));
  });
  return statuses;
}

async function ready({ queues }: Ready, ask: Ask): Promise<Buffer | null> {
  let first = queues.length;
  await all([...sections(queues, (queue) => queue)], async ([shard, places]) => {
    const own = places.map((place) => queues[place]!);
    const found = await ask(shard, { kind: "ready", queues: own });
    if (found) first = Math.min(first, places[own.indexOf(found)]!);
  });
  return queues[first] ?? null;
}

/** The names of a page are those up to the least name at which a shard has more to say. */
async function list(operation: List, ask: Ask): Promise<QueuePage> {
  const pages = await all(everyShard, (shard) => ask(shard, operation));
  const ends = pages.flatMap(({ next }) => next ?? []);
  const next = ends.length === 0 ? null : ends.reduce((a, b) => (a.compare(b) < 0 ? a : b));
  const queues = pages
    .flatMap((page) => page.queues)
    .filter(({ queue }) => !next || queue.compare(next) <= 0)
    .toSorted((a, b) => a.queue.compare(b.queue));
  return { queues, next };
}

async function register(
  { consumers, isReset }: Register,
  ask: Ask,
  { consumed }: KnownShards,
): Promise<null> {
  const own = sections(consumers, ({ queue }) => queue);
  for (const shard of own.keys()) consumed.add(shard);
  await all(isReset ? [...consumed] : [...own.keys()], async (shard) => {
    const counts = (own.get(shard) ?? []).map((place) => consumers[place]!);
    await ask(shard, { kind: "register", consumers: counts, isReset });
    if (isReset && counts.length === 0) consumed.delete(shard);
  });
  return null;
}

async function reclaim(operation: Reclaim, ask: Ask, known: KnownShards): Promise<number> {
  const shards = shardsToReclaim(operation.parts, known);
  const moved = await all(shards, (shard) => ask(shard, operation));
  return moved.reduce((sum, count) => sum + count, 0);
}

function shardsToReclaim(which: Reclaim["parts"], known: KnownShards): number[] {
  if (which === "all") return everyShard;
  const due = everyShard.filter(known.isDue);
  if (which === "due") return due;
  const from = known.nextToLookAt;
  known.nextToLookAt = (from + LOOKED_AT_ONCE) % SHARDS;
  const next = everyShard.filter((shard) => (shard - from + SHARDS) % SHARDS < LOOKED_AT_ONCE);
  return [...new Set([...due, ...next])];
}

async function probe(ask: Ask): Promise<null> {
  await all(everyShard, (shard) => ask(shard, { kind: "probe" }));
  return null;
}

/** The places of what belongs to each shard. */
function sections<T>(things: T[], queueOf: (thing: T) => Buffer): Map<number, number[]> {
  const places = new Map<number, number[]>();
  things.forEach((thing, place) => {
    const shard = shardOf(queueOf(thing));
    const own = places.get(shard);
    if (own) own.push(place);
    else places.set(shard, [place]);
  });
  return places;
}

/** As Promise.all, but it does not settle before every part has. */
async function all<T, R>(items: T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const settled = await Promise.allSettled(items.map(work));
  return settled.map((part) => {
    if (part.status === "rejected") throw part.reason;
    return part.value;
  });
}
