// A move between two shards, which no script can do in one step:
//
//   copyOut   reads the events at home
//   copyIn    adds copies in the other shard, and waits for its replicas; nobody gets one yet
//   remove    removes the events at home that have not changed since
//   settle    keeps the copies of events that it removed, and drops the others
//
// So no event is ever in neither queue. If okq dies in between, a copy may stay: it can be popped
// some seconds later. The same move again finds it by its mark, and goes on with remove.
import { StoreError } from "../../queue/errors.ts";
import type { Move } from "../../queue/management.ts";
import type { Copy, Operation, ResultOf } from "./operation.ts";
import { shardOf } from "./shards.ts";

/** Submits one part to its shard. */
export type Ask = <O extends Operation>(shard: number, operation: O) => Promise<ResultOf<O>>;

export async function moveApart({ queue, target, targets }: Move, ask: Ask): Promise<boolean[]> {
  const home = shardOf(queue);
  const moved: boolean[] = [];
  while (moved.length < targets.length) {
    const rest = targets.slice(moved.length);
    const found = await ask(home, { kind: "copyOut", queue, targets: rest }).catch(
      (error: StoreError) => fail(error, moved.includes(true)),
    );
    const results = await moveCopies({ queue, target }, found, ask).catch((error: StoreError) =>
      fail(error, true),
    );
    moved.push(...results);
    if (results.length < found.length) break;
  }
  return moved;
}

/** hasBegun: a part of the move may be done. */
function fail(error: StoreError, hasBegun: boolean): never {
  throw hasBegun ? new StoreError("unknown", error.message) : error;
}

/** The result is shorter if the target takes no more. */
async function moveCopies(
  { queue, target }: Pick<Move, "queue" | "target">,
  found: (Copy | null)[],
  ask: Ask,
): Promise<boolean[]> {
  const copies = found.filter((copy) => copy !== null);
  if (copies.length === 0) return found.map(() => false);
  const [home, there] = [shardOf(queue), shardOf(target)];
  const owner = crypto.randomUUID();
  const outcomes = await ask(there, { kind: "copyIn", queue: target, copies, owner });
  const placed = outcomes.flatMap((outcome, at) => {
    return outcome === "taken" ? [] : [{ copy: copies[at]!, isAdded: outcome === "added" }];
  });
  const targets = placed.map(({ copy: { id, version } }) => {
    return { id, version: version.toString("latin1") };
  });
  const removed = await ask(home, { kind: "remove", queue, targets });
  const done = new Set(placed.filter((_, at) => removed[at]).map(({ copy }) => copy));
  // Another move may have removed the event of a copy that was there before.
  const settled = placed
    .filter(({ copy, isAdded }) => isAdded || done.has(copy))
    .map(({ copy }) => ({ id: copy.id, mark: copy.mark, isKept: done.has(copy) }));
  await ask(there, { kind: "settle", queue: target, copies: settled, owner });
  const end = outcomes.length < copies.length ? found.indexOf(copies[outcomes.length]!) : undefined;
  return found.slice(0, end).map((copy) => copy !== null && done.has(copy));
}
