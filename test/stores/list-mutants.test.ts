// The comparison of the lives of events notices a store whose lists break one rule.
import { NO_OPTIONS, type Popped } from "../../src/queue/event.ts";
import type { ListMoved, ListPop, ListPushed } from "../../src/queue/lists.ts";
import type { Operation } from "../../src/queue/operations.ts";
import { type Breakage, doing, instead } from "./breaking-store.ts";
import { showing, testMutants } from "./life-mutants.ts";
import { operations, type Operations } from "./reference/reference-operations.ts";
import type { ReferenceState } from "./reference/reference-state.ts";

const opposite = { left: "right", right: "left" } as const;

const breakages: Record<string, Breakage> = {
  "a push goes to the other end": doing("listPush", ({ end }) => ({ end: opposite[end] })),
  "a push has another order": doing("listPush", ({ contents }) => ({
    contents: contents.toReversed(),
  })),
  "the length after a push is one too high": showing("listPush", (pushed: ListPushed) => ({
    ...pushed,
    length: pushed.length + 1,
  })),
  "a push makes the list that must be there": doing("listPush", () => ({ ifThere: false })),
  "a pop takes from the other end": doing("listPop", ({ end }) => ({ end: opposite[end] })),
  "a pop takes one more": doing("listPop", ({ count }) => ({ count: count + 1 })),
  "a pop looks at its queues backwards": doing("listPop", ({ queues }) => ({
    queues: queues.toReversed(),
  })),
  "a pop looks at its first queue only": doing("listPop", ({ queues }) => ({
    queues: queues.slice(0, 1),
  })),
  "a pop answers in another order": showing("listPop", (all: Popped[]) => all.toReversed()),
  "a pop says that its events are new": showing("listPop", (all: Popped[]) =>
    all.map((popped) => ({ ...popped, pushedAtMs: popped.pushedAtMs + 1 })),
  ),
  "a pop claims its events": instead("listPop", ({ queues, count }) => {
    const claimant = Buffer.from("process 7 a");
    return {
      operation: { kind: "popBatch", queues, count, leaseMs: 60_000, claimant },
      result: (all: Popped[]) => all.map((popped) => ({ ...popped, token: null })),
    };
  }),
  "a pop cannot be undone": {
    operation: (operation) => (isUndoneForGood(operation) ? getOf(operation) : operation),
    result: (result, operation) => (isUndoneForGood(operation) ? true : result),
  },
  "a move takes from the other end": doing("listMove", ({ from }) => ({ from: opposite[from] })),
  "a move puts at the other end": doing("listMove", ({ to }) => ({ to: opposite[to] })),
  "a move goes to its own queue": doing("listMove", ({ queue }) => ({ target: queue })),
  "a move answers what it took": showing("listMove", ({ taken, ...moved }: ListMoved) => ({
    ...moved,
    taken,
    id: taken.id,
  })),
  "a range ends before its last index": doing("listRange", ({ to }) => ({ to: to - 1 })),
  "a range begins behind its first index": doing("listRange", ({ from }) => ({ from: from + 1 })),
  "a range begins on the right": showing("listRange", (all: Buffer[]) => all.toReversed()),
  "a negative index counts from the left": doing("listRange", ({ from }) => ({
    from: Math.abs(from),
  })),
  "a removal begins at the other end": doing("listRemove", ({ count }) => ({ count: -count })),
  "a removal takes all": doing("listRemove", () => ({ count: 0 })),
  "a removal takes one less": doing("listRemove", ({ count }) => ({
    count: Math.sign(count) * Math.max(1, Math.abs(count) - 1),
  })),
  "a trim keeps one less": doing("listTrim", ({ from }) => ({ from: from + 1 })),
  "a trim keeps one more": doing("listTrim", ({ to }) => ({ to: to === -1 ? -1 : to + 1 })),
  "a trim removes nothing": doing("listTrim", () => ({ from: 0, to: -1 })),
  "a change is made at the next index": doing("listSet", ({ index }) => ({ index: index + 1 })),
  "an index beyond the end is the end": doing("listSet", ({ index }) => ({
    index: Math.min(index, 0),
  })),
  "an insertion is on the other side": doing("listInsert", ({ side }) => ({
    side: side === "before" ? "after" : "before",
  })),
  "an insertion into no list is one beside nothing": showing(
    "listInsert",
    (inserted: { length: number }) => ({ ...inserted, length: inserted.length || -1 }),
  ),
};

function isUndoneForGood(operation: Operation): operation is Extract<Operation, { kind: "unpop" }> {
  return operation.kind === "unpop" && operation.popped.token === null;
}

function getOf({ queue, popped }: Extract<Operation, { kind: "unpop" }>): Operation {
  return { kind: "get", queue, id: popped.id, isWhole: false };
}

function queueOf(state: ReferenceState, name: Buffer) {
  return state.queue(name.toString("latin1"));
}

/** Takes on from the following queues until it has as many. */
function popFromAll(state: ReferenceState, { queues, count, ...pop }: ListPop) {
  const all: Popped[] = [];
  for (const queue of queues) {
    const left = count - all.length;
    if (left === 0) break;
    const popped = operations.listPop(state, { ...pop, queues: [queue], count: left });
    if (!Array.isArray(popped)) return all.length > 0 ? all : popped;
    all.push(...popped);
  }
  return all;
}

/** Wrong ways to do an operation. */
const wrongWays: Record<string, Partial<Operations>> = {
  "a pop takes on from the following queues": { listPop: popFromAll },
  "an undone pop on the left comes back on the right": {
    listPop(state, pop) {
      const all = operations.listPop(state, pop);
      if (!Array.isArray(all)) return all;
      for (const { undo } of all) Object.assign(undo as object, { rank: ["1 right end", -1e9] });
      return all;
    },
  },
  "a pop does not count down the counter": {
    listPop(state, pop) {
      const queues = pop.queues.map((name) => queueOf(state, name));
      for (const { events } of queues) for (const event of events.values()) event.part = null;
      return operations.listPop(state, pop);
    },
  },
  "a move forgets headers": {
    listMove(state, move) {
      const moved = operations.listMove(state, move);
      const event = typeof moved === "object" && moved && queueOf(state, move.target);
      if (!event) return moved;
      const there = event.events.get((moved as ListMoved).id.toString("latin1"));
      if (there) there.options = NO_OPTIONS;
      return moved;
    },
  },
  "a refused move takes the event": {
    listMove(state, move) {
      try {
        return operations.listMove(state, move);
      } catch (error) {
        const { queue, from } = move;
        operations.listPop(state, { kind: "listPop", queues: [queue], end: from, count: 1 });
        throw error;
      }
    },
  },
  "a move is not refused": {
    listMove(state, move) {
      state.isJudged = true;
      const moved = operations.listMove(state, move);
      state.isJudged = false;
      return moved;
    },
  },
  "a length counts delayed events": {
    listLength(state, look) {
      const length = operations.listLength(state, look);
      const delayed = queueOf(state, look.queue).count("delayed");
      return typeof length === "number" ? length + delayed : length;
    },
  },
  "a change forgets since when an event waits": {
    listSet(state, set) {
      const line = queueOf(state, set.queue).inState("ready").toReversed();
      const event = line.at(set.index);
      if (event) event.pushedAtMs = state.nowMs;
      return operations.listSet(state, set);
    },
  },
  "an insertion is beside the right-most pivot": {
    listInsert(state, insert) {
      const line = queueOf(state, insert.queue).inState("ready");
      const last = line.find((event) => event.contents.equals(insert.pivot));
      if (!last) return operations.listInsert(state, insert);
      const { contents } = last;
      last.contents = Buffer.from("the only one");
      const inserted = operations.listInsert(state, { ...insert, pivot: last.contents });
      last.contents = contents;
      return inserted;
    },
  },
  "an insertion leaves the places of the others": {
    listInsert(state, insert) {
      const queue = queueOf(state, insert.queue);
      const ranks = new Map(queue.inState("ready").map((event) => [event, event.rank]));
      const inserted = operations.listInsert(state, insert);
      for (const [event, rank] of ranks) event.rank = rank;
      return inserted;
    },
  },
};

testMutants({
  only: "lists",
  // In the first of them moves are refused; the second one shows what is rare.
  seeds: [107, 6, ...Array.from({ length: 30 }, (_, at) => at + 1)],
  breakages,
  wrongWays,
});
