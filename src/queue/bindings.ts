// Bound queues: each gets a copy of every event that enters the queue to which it is bound.
//
//   bind orders, "mail" -> orders@mail gets copies     (tree of orders: orders, orders@mail,
//   bind orders@mail, "eu" -> orders@mail@eu does too   orders@mail@eu)
//
// The tree of a queue is the queue itself and all that are bound to it or to another one of the
// tree, each once. Its keepers are those that keep what enters: all but those that are bound-only
// and have bound queues. What enters a queue, enters all keepers of its tree in the same step:
// - each event that a push adds, with its id, contents and options, but without unique key and part
// - each ready or delayed event that comes by failed-to or a move, with what it takes along. Failed
//   and completed ones that are moved are not copied, and bound-only does not concern them.
// Such a step is refused as a whole: with PAUSED if a queue of the tree is paused, with QUEUEFULL
// if a keeper is full. drop-oldest holds for each keeper by itself. A failed event whose own queue
// is in the tree of its failed-to stays failed at home.
//
// A push, a move and failed-to find an id taken if an event of any queue of the tree has it, as in
// one queue. Only the event of the queue itself can be replaced: an id that only another one of the
// tree has is a Duplicate. Dedupe windows and unique keys are those of the queue that is pushed to;
// a copy neither takes one nor looks for one.
//
// From then on copies are events by themselves. Each counts as pushed in its queue.

/** Queues in a tree besides the one at its top. */
export const BOUND_MAX = 64;

/** Binds `<queue>@<name>` to the queue. It may be bound already. */
export interface Bind {
  kind: "bind";
  queue: Buffer;
  name: Buffer;
}

/**
 * "apart": the two are in different parts of the store. tooMany names the queue, or one above it,
 * whose tree would have more than BOUND_MAX queues. Then nothing is changed.
 */
export type BindOutcome = "ok" | "apart" | { tooMany: Buffer };

/** Ends that; the other queue and its events stay. False if it was not bound. */
export interface Unbind {
  kind: "unbind";
  queue: Buffer;
  name: Buffer;
}

const AT = Buffer.from("@");

export function boundName(queue: Buffer, name: Buffer): Buffer {
  return Buffer.concat([queue, AT, name]);
}

/** In the order in which they were bound, each with its own behind it; at most `most` of them. */
export function treeOf<Q>(top: Q, boundTo: (queue: Q) => Iterable<Q>, most = Infinity): Set<Q> {
  const tree = new Set<Q>();
  const add = (queue: Q) => {
    if (tree.has(queue) || tree.size >= most) return;
    tree.add(queue);
    for (const bound of boundTo(queue)) add(bound);
  };
  add(top);
  return tree;
}

/**
 * The first queue whose tree is too large now that this one has another bound queue; null if none
 * is. The name of a queue above it is that of this one up to an @.
 */
export function tooLarge(
  queue: string,
  boundTo: (queue: string) => Iterable<string>,
): string | null {
  for (let end = queue.length; end > 0; end = queue.lastIndexOf("@", end - 1)) {
    const top = queue.slice(0, end);
    if (treeOf(top, boundTo, BOUND_MAX + 2).size > BOUND_MAX + 1) return top;
  }
  return null;
}
