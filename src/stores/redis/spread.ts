// Operations on queues of several shards: splits them into one part for each shard, does the parts
// at the same time, and joins their results into one.
import type { CronAt, CronDue, CronQueues, QueueNames } from "../../queue/cron-operations.ts";
import { StoreError } from "../../queue/errors.ts";
import { type Bind, boundName } from "../../queue/bindings.ts";
import type { Popped } from "../../queue/event.ts";
import type {
  Configure,
  ConfigureOutcome,
  Count,
  CountOutcome,
  List,
  Move,
  Ready,
  Status,
} from "../../queue/management.ts";
import {
  BATCH_CONTENTS_BYTES,
  type Operation,
  type PopBatch,
  type ResultOf,
  type Tick,
  type Ticked,
  type Register,
} from "../../queue/operations.ts";
import { type ListMove, type ListPop, WRONG_TYPE } from "../../queue/lists.ts";
import type { QueuePage, QueueStatus } from "../../queue/queue-status.ts";
import { queuesOf } from "../../queue/transaction.ts";
import { type Ask, moveApart } from "./move-apart.ts";
import type { SetList, SetNames } from "../../queue/sets.ts";
import { shardOf, SHARDS } from "./shards.ts";
import { within } from "./within.ts";

/** Facts about the shards that this process knows. */
export interface KnownShards {
  /** Whether a lease has expired there. */
  isDue(shard: number): boolean;
  /** The next shard to look at although nothing seems due there. */
  nextToLookAt: number;
  /** Shards in which a tick is under way. */
  ticking: Set<number>;
  /** Shards in which this process may have registered consumers. */
  consumed: Set<number>;
  /** A shard may take longer for a tick: the others are not held up by that. */
  tickMsMax: number;
}

/** How many such shards at a time: so few that an idle okq sends a cluster very little. */
const LOOKED_AT_ONCE = 8;

const everyShard = Array.from({ length: SHARDS }, (_, shard) => shard);

/** The one shard that the operation concerns, or null if there are several. */
export function shardOfAll(operation: Operation): number | null {
  if (operation.kind === "move" || operation.kind === "listMove") return shardOfMove(operation);
  if (operation.kind === "configure") return shardOfConfigure(operation);
  if (operation.kind === "bind") return shardOfBind(operation);
  if (operation.kind === "transaction") return shardOfQueues(queuesOf(operation));
  if ("queue" in operation && operation.queue) return shardOf(operation.queue);
  if (!("queues" in operation) || operation.queues.length === 0) return null;
  const first = shardOf(operation.queues[0]!);
  return operation.queues.every((queue) => shardOf(queue) === first) ? first : null;
}

/** null: they are in several. */
function shardOfQueues(queues: Buffer[]): number | null {
  const first = queues.length === 0 ? 0 : shardOf(queues[0]!);
  return queues.every((queue) => shardOf(queue) === first) ? first : null;
}

/** null: between two shards. */
function shardOfMove({ queue, target }: Move | ListMove): number | null {
  const shard = shardOf(queue);
  return shardOf(target) === shard ? shard : null;
}

/** null: that of all queues, or its failed events would go to another shard. */
function shardOfConfigure({ queue, values }: Configure): number | null {
  if (queue === null) return null;
  const shard = shardOf(queue);
  const isApart = ([name, value]: [string, string | null]) =>
    name === "failed-to" && value && shardOf(Buffer.from(value, "latin1")) !== shard;
  return values.some(isApart) ? null : shard;
}

/** null: with a part in braces the bound queue may be of another shard. */
function shardOfBind({ queue, name }: Bind): number | null {
  const shard = shardOf(queue);
  return shardOf(boundName(queue, name)) === shard ? shard : null;
}

/** If a part fails, rejects with its error once all parts are done. */
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
    case "cronQueues":
      return cronQueues(operation, ask);
    case "setList":
      return setList(operation, ask);
    case "cronDue":
      return cronDue(operation, ask, known);
    case "tick":
      return tick(operation, ask, known);
    case "popBatch":
      return popBatch(operation, ask);
    case "settings":
      return ask(0, operation);
    case "configure":
      return configure(operation, ask);
    case "bind":
      return Promise.resolve("apart");
    case "count":
      return addCounts(operation, ask);
    case "move":
      return moveApart(operation, ask);
    case "probe":
      return probe(ask);
    case "listPop":
      return listPop(operation, ask);
    case "listMove":
    case "transaction":
      return Promise.reject(new StoreError("refused", "its queues are in different shards"));
    default:
      throw new Error(`${operation.kind} is not spread`);
  }
}

async function status({ queues }: Status, ask: Ask): Promise<QueueStatus[]> {
  const statuses: QueueStatus[] = [];
  await all([...sections(queues, (queue) => queue)], async ([shard, indexes]) => {
    const own = indexes.map((index) => queues[index]!);
    const answer = await ask(shard, { kind: "status", queues: own });
    indexes.forEach((index, at) => (statuses[index] = answer[at]!));
  });
  return statuses;
}

/** Rejects if a shard fails and the others have found nothing. */
async function ready({ queues }: Ready, ask: Ask): Promise<Buffer | null> {
  let first = queues.length;
  const looks = all([...sections(queues, (queue) => queue)], async ([shard, indexes]) => {
    const own = indexes.map((index) => queues[index]!);
    const found = await ask(shard, { kind: "ready", queues: own });
    if (found) first = Math.min(first, indexes[own.indexOf(found)]!);
  });
  await looks.catch((error: unknown) => {
    if (first === queues.length) throw error;
  });
  return queues[first] ?? null;
}

/** A page ends at the first name behind which some shard has more queues. */
async function list(operation: List, ask: Ask): Promise<QueuePage> {
  const pages = await all(everyShard, (shard) => ask(shard, operation));
  const next = endOf(pages);
  const queues = pages
    .flatMap((page) => page.queues)
    .filter(({ queue }) => !next || queue.compare(next) <= 0)
    .toSorted((a, b) => a.queue.compare(b.queue));
  return { queues, next };
}

async function cronQueues(operation: CronQueues, ask: Ask): Promise<QueueNames> {
  const pages = await all(everyShard, (shard) => ask(shard, operation));
  const next = endOf(pages);
  const queues = pages
    .flatMap((page) => page.queues)
    .filter((queue) => !next || queue.compare(next) <= 0)
    .toSorted(Buffer.compare);
  return { queues, next };
}

async function setList(operation: SetList, ask: Ask): Promise<SetNames> {
  const pages = await all(everyShard, (shard) => ask(shard, operation));
  const next = endOf(pages);
  const names = pages
    .flatMap((page) => page.names)
    .filter((name) => !next || name.compare(next) <= 0)
    .toSorted(Buffer.compare);
  return { names, next };
}

/** The first name behind which some shard has more; null if none has. */
function endOf(pages: { next: Buffer | null }[]): Buffer | null {
  const ends = pages.flatMap(({ next }) => next ?? []);
  return ends.length === 0 ? null : ends.reduce((a, b) => (a.compare(b) < 0 ? a : b));
}

/** What shards answer in time; rejects if none does. A tick looks at the others again. */
async function cronDue(
  operation: CronDue,
  ask: Ask,
  { tickMsMax }: KnownShards,
): Promise<CronAt[]> {
  const due: CronAt[] = [];
  const failures: unknown[] = [];
  const looks = operation.parts.map(async (shard) => {
    try {
      due.push(...(await ask(shard, operation)));
    } catch (error) {
      failures.push(error);
    }
  });
  await within(tickMsMax, Promise.all(looks)).catch(() => {});
  if (failures.length > 0 && due.length === 0) throw failures[0];
  return [...due];
}

async function register(
  { consumers, isReset }: Register,
  ask: Ask,
  { consumed }: KnownShards,
): Promise<null> {
  const own = sections(consumers, ({ queue }) => queue);
  for (const shard of own.keys()) consumed.add(shard);
  await all(isReset ? [...consumed] : [...own.keys()], async (shard) => {
    const counts = (own.get(shard) ?? []).map((index) => consumers[index]!);
    await ask(shard, { kind: "register", consumers: counts, isReset });
    if (isReset && counts.length === 0) consumed.delete(shard);
  });
  return null;
}

/** A shard that cannot be used makes it reject only when the others have no more to do at once. */
async function tick(operation: Tick, ask: Ask, known: KnownShards): Promise<Ticked> {
  const { ticking } = known;
  let moved = 0;
  const cronParts: number[] = [];
  const failures: unknown[] = [];
  const shardsToAsk = shardsToTick(operation.parts, known).filter((shard) => !ticking.has(shard));
  const ticks = shardsToAsk.map(async (shard) => {
    ticking.add(shard);
    await ask(shard, operation).then(
      (ticked) => {
        moved += ticked.moved;
        if (ticked.cronParts.length > 0) cronParts.push(shard);
      },
      (error: unknown) => failures.push(error),
    );
    ticking.delete(shard);
  });
  await within(known.tickMsMax, Promise.all(ticks)).catch(() => {});
  if (failures.length > 0 && moved < operation.limit && cronParts.length === 0) throw failures[0];
  return { moved, cronParts: [...cronParts] };
}

function shardsToTick(which: Tick["parts"], known: KnownShards): number[] {
  if (which === "all") return everyShard;
  const due = everyShard.filter(known.isDue);
  if (which === "due") return due;
  const from = known.nextToLookAt;
  known.nextToLookAt = (from + LOOKED_AT_ONCE) % SHARDS;
  const next = everyShard.filter((shard) => (shard - from + SHARDS) % SHARDS < LOOKED_AT_ONCE);
  return [...new Set([...due, ...next])];
}

/**
 * Pops shard by shard, in the order of the queues. It goes on behind a shard that cannot be used,
 * and fails only if nothing was popped.
 */
async function popBatch(operation: PopBatch, ask: Ask): Promise<Popped[]> {
  const popped: Popped[] = [];
  let bytes = 0;
  let failure: StoreError | null = null;
  for (const queues of runs(operation.queues)) {
    const count = operation.count - popped.length;
    if (count === 0 || bytes > BATCH_CONTENTS_BYTES) break;
    try {
      const some = await ask(shardOf(queues[0]!), { ...operation, queues, count });
      popped.push(...some);
      for (const { contents } of some) bytes += contents.length;
    } catch (error) {
      failure ??= error as StoreError;
      if ((error as StoreError).failure !== "unavailable") break;
    }
  }
  if (failure && popped.length === 0) throw failure;
  return popped;
}

/** As popBatch, but what is taken is of one queue. */
async function listPop(operation: ListPop, ask: Ask): Promise<ResultOf<ListPop>> {
  let failure: StoreError | null = null;
  for (const queues of runs(operation.queues)) {
    try {
      const some = await ask(shardOf(queues[0]!), { ...operation, queues });
      if (some === WRONG_TYPE || some.length > 0) return some;
    } catch (error) {
      failure ??= error as StoreError;
      if ((error as StoreError).failure !== "unavailable") break;
    }
  }
  if (failure) throw failure;
  return [];
}

/** The queues in their order, cut where the next one is of another shard. */
function runs(queues: Buffer[]): Buffer[][] {
  const found: Buffer[][] = [];
  for (const queue of queues) {
    const last = found.at(-1);
    if (last && shardOf(last[0]!) === shardOf(queue)) last.push(queue);
    else found.push([queue]);
  }
  return found;
}

/** The settings of all queues: every shard has a copy. */
async function configure(operation: Configure, ask: Ask): Promise<ConfigureOutcome> {
  if (operation.queue !== null) return "apart";
  const outcomes = await all(everyShard, (shard) => ask(shard, operation));
  return outcomes[0]!;
}

/** Rejects if no shard has added its own, with an error that says whether one may have. */
async function addCounts(operation: Count, ask: Ask): Promise<CountOutcome> {
  const { counted } = operation;
  const own = [...sections(counted, ({ queue }) => queue)];
  const asked = own.map(([shard, indexes]) =>
    ask(shard, { ...operation, counted: indexes.map((index) => counted[index]!) }),
  );
  const outcome: CountOutcome = { notDone: [], unknown: [] };
  const failures: unknown[] = [];
  for (const [at, part] of (await Promise.allSettled(asked)).entries()) {
    if (part.status === "fulfilled") continue;
    failures.push(part.reason);
    const queues = own[at]![1].map((index) => counted[index]!.queue);
    (isUnknown(part.reason) ? outcome.unknown : outcome.notDone).push(...queues);
  }
  if (failures.length === own.length) throw failures.find(isUnknown) ?? failures[0];
  return outcome;
}

function isUnknown(error: unknown): boolean {
  return error instanceof StoreError && error.failure === "unknown";
}

async function probe(ask: Ask): Promise<null> {
  await all(everyShard, (shard) => ask(shard, { kind: "probe" }));
  return null;
}

/** For each shard the indexes of its things. */
function sections<T>(things: T[], queueOf: (thing: T) => Buffer): Map<number, number[]> {
  const indexes = new Map<number, number[]>();
  things.forEach((thing, index) => {
    const shard = shardOf(queueOf(thing));
    const own = indexes.get(shard);
    if (own) own.push(index);
    else indexes.set(shard, [index]);
  });
  return indexes;
}

/** As Promise.all, but it does not settle before every part has. */
async function all<T, R>(items: T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const settled = await Promise.allSettled(items.map(work));
  return settled.map((part) => {
    if (part.status === "rejected") throw part.reason;
    return part.value;
  });
}
