// Results of stream operations in a form that is the same for every store: entries of the same
// place may come in any order.
import type { Operation } from "../../src/queue/operations.ts";
import { streamIdOf } from "../../src/queue/stream-ids.ts";
import type { StreamClaimed, StreamEntry, StreamFacts } from "../../src/queue/streams.ts";

/** What is compared. */
export interface Comparable {
  /** Times and delivered ids, which a restart may change. */
  hasTimes: boolean;
  /** Also what a store may show or not, as events do not stand in the order of their places. */
  hasOpen: boolean;
}

interface Named {
  id: Buffer;
}

/** undefined: it is another operation, or a result that is one word. */
export function comparableStreamed(
  operation: Operation,
  result: unknown,
  { hasTimes, hasOpen }: Comparable,
): unknown {
  if (typeof result !== "object" || result === null) return undefined;
  if (operation.kind === "streamRange" && !hasOpen) return "some entries";
  if (operation.kind === "streamRange" || operation.kind === "streamPending") {
    return inOneOrder(result as Named[], operation.count);
  }
  if (operation.kind === "streamInfo") {
    const { first, last, ...facts } = comparableFacts(result as StreamFacts, hasTimes);
    return hasOpen ? { ...facts, first, last } : facts;
  }
  if (operation.kind !== "streamClaim" || "ids" in operation.which) return undefined;
  const { claimed, ...others } = result as StreamClaimed;
  const named = claimed.map(({ popped, idleMs }) => ({ popped, idleMs, id: popped.id }));
  return { ...others, claimed: inOneOrder(named, operation.which.count) };
}

/** Whether it may share its place with others. */
function mayTie({ id }: Named): boolean {
  return streamIdOf(id) === null;
}

function inOneOrder<N extends Named>(all: N[], count: number): (N | "some other")[] {
  const runs: N[][] = [];
  for (const one of all) {
    const run = mayTie(one) ? runs.at(-1) : undefined;
    if (run?.[0] && mayTie(run[0])) run.push(one);
    else runs.push([one]);
  }
  const last = all.at(-1);
  const isCut = all.length === count && last !== undefined && mayTie(last);
  return runs.flatMap((run, at): (N | "some other")[] => {
    if (isCut && at === runs.length - 1) return run.map(() => "some other");
    return run.toSorted((a, b) => a.id.compare(b.id));
  });
}

function comparableFacts(
  { first, last, groups, ...facts }: StreamFacts,
  hasTimes: boolean,
): Record<"first" | "last" | "groups", unknown> {
  const entryOf = (entry: StreamEntry | null) => (entry && mayTie(entry) ? "some other" : entry);
  return {
    ...facts,
    first: entryOf(first),
    last: entryOf(last),
    groups: groups.map(({ firstPending, lastPending, consumers, deliveredId, ...group }) => ({
      ...group,
      deliveredId: hasTimes ? deliveredId : null,
      firstPending: idOf(firstPending),
      lastPending: idOf(lastPending),
      consumers: consumers.map(({ idleMs, inactiveMs, ...consumer }) => {
        return hasTimes ? { ...consumer, idleMs, inactiveMs } : consumer;
      }),
    })),
  };
}

function idOf(id: Buffer | null): Buffer | string | null {
  return id && mayTie({ id }) ? "some other" : id;
}
