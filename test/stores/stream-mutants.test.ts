// The comparison of the lives of events notices a store whose streams break one rule.
import { WRONG_TYPE } from "../../src/queue/lists.ts";
import { FIRST_ID, streamIdAfter } from "../../src/queue/stream-ids.ts";
import type {
  PendingClaim,
  StreamClaimed,
  StreamEnded,
  StreamEntry,
  StreamFacts,
  StreamTaken,
} from "../../src/queue/streams.ts";
import { type Breakage, doing } from "./breaking-store.ts";
import { showing, testMutants } from "./life-mutants.ts";
import { operations, type Operations } from "./reference/reference-operations.ts";
import type { ReferenceState } from "./reference/reference-state.ts";

const breakages: Record<string, Breakage> = {
  "an add gives the next ms": doing("streamAdd", ({ id }) => ({
    id: id && id.seq === null ? { ms: id.ms + 1n, seq: null } : id,
  })),
  "an add makes the stream that must be there": doing("streamAdd", () => ({ ifThere: false })),
  "an add does not trim": doing("streamAdd", () => ({ trim: null })),
  "a trim takes one more": doing("streamTrim", ({ by, most }) => ({
    by: "length" in by ? { ...by, length: Math.max(0, by.length - 1) } : by,
    most,
  })),
  "a trim has no slack": doing("streamTrim", ({ by }) => ({
    by: "length" in by ? { ...by, slack: 0 } : by,
  })),
  "a removal takes the first id only": doing("streamRemove", ({ ids }) => ({
    ids: ids.slice(0, 1),
  })),
  "a range begins behind its first place": doing("streamRange", ({ from }) => ({
    from: streamIdAfter(from)!,
  })),
  "a range has the other order": showing("streamRange", (all: StreamEntry[]) => all.toReversed()),
  "a take is never for good": doing("streamTake", () => ({ isForGood: false })),
  "a take takes one more": doing("streamTake", ({ count }) => ({ count: count + 1 })),
  "a take answers in another order": showing("streamTake", ({ queue, popped }: StreamTaken) => ({
    queue,
    popped: popped.toReversed(),
  })),
  "a claim counts no attempt": doing("streamClaim", () => ({ isCounted: false })),
  "a claim takes those of others": doing("streamClaim", ({ which }) => ({
    which: "ids" in which ? which : { ...which, isOwn: false },
  })),
  "a claim does not look for how long": doing("streamClaim", () => ({ minIdleMs: 0 })),
  "a claim answers in another order": showing("streamClaim", (all: StreamClaimed) => ({
    ...all,
    claimed: all.claimed.toReversed(),
  })),
  "a claim does not tell the next one": showing("streamClaim", (all: StreamClaimed) => ({
    ...all,
    next: null,
  })),
  "an acknowledgement leaves what others have": doing("streamAck", ({ others }) => ({
    others: others === "remove" ? "keep" : others,
  })),
  "an acknowledgement says nothing of others": doing("streamAck", ({ others }) => ({
    others: others === "count" ? "keep" : others,
  })),
  "claims come back in another order": doing("streamNack", ({ ids }) => ({
    ids: ids.toReversed(),
  })),
  "outcomes come in another order": showing("streamNack", (ended: StreamEnded<unknown>) => ({
    ...ended,
    outcomes: ended.outcomes.toReversed(),
  })),
  "a failure for good is another one": doing("streamNack", ({ how }) => ({
    how: how === "final" ? "fail" : how,
  })),
  "pending claims of all consumers are shown": doing("streamPending", () => ({ consumer: null })),
  "pending claims come in another order": showing("streamPending", (all: PendingClaim[]) =>
    all.toReversed(),
  ),
  "an attempt is one too low": showing("streamPending", (all: PendingClaim[]) =>
    all.map(({ attempt, ...claim }) => Object.assign(claim, { attempt: attempt - 1 })),
  ),
  "a new group gets no copies": doing("streamCreateGroup", () => ({ after: "last" })),
  "a new group gets copies of all": doing("streamCreateGroup", ({ after: from }) => ({
    after: from === "last" ? from : FIRST_ID,
  })),
  "a group makes the stream that must be there": doing("streamCreateGroup", () => ({
    isMaking: true,
  })),
  "what was removed is not told": showing("streamInfo", (facts: StreamFacts | null) => ({
    ...facts,
    removedId: FIRST_ID,
  })),
};

function queueOf(state: ReferenceState, name: Buffer) {
  return state.queue(name.toString("latin1"));
}

/** Wrong ways to do an operation. */
const wrongWays: Record<string, Partial<Operations>> = {
  "a stream forgets its latest id when it is empty": {
    streamLength(state, look) {
      const { stream, events } = queueOf(state, look.queue);
      if (stream && events.size === 0) stream.lastId = FIRST_ID;
      return operations.streamLength(state, look);
    },
  },
  "a stream without entries is gone": {
    streamTrim(state, trim) {
      const result = operations.streamTrim(state, trim);
      const queue = queueOf(state, trim.queue);
      if (queue.events.size === 0) queue.stream = null;
      return result;
    },
  },
  "entries are added to lists": {
    streamAdd(state, add) {
      queueOf(state, add.queue).isList = false;
      return operations.streamAdd(state, add);
    },
  },
  "a list takes what a stream has": {
    listPop(state, pop) {
      const streams = pop.queues.map((name) => queueOf(state, name));
      const records = streams.map(({ stream }) => stream);
      for (const each of streams) each.stream = null;
      const popped = operations.listPop(state, pop);
      for (const [at, each] of streams.entries()) each.stream = records[at]!;
      return popped;
    },
  },
  "a list knows its kind no more": {
    listPush(state, push) {
      const pushed = operations.listPush(state, push);
      if (pushed !== WRONG_TYPE) queueOf(state, push.queue).isList = false;
      return pushed;
    },
  },
  "a flush leaves the groups": {
    flush(state, flush) {
      const queue = queueOf(state, flush.queue);
      const bindings = [...queue.bindings];
      const result = operations.flush(state, flush);
      for (const name of bindings) queue.bindings.add(name);
      return result;
    },
  },
  "claims of a deleted consumer stay": {
    streamDeleteConsumer(state, remove) {
      const queue = queueOf(state, remove.queue);
      const claims = new Map(queue.inState("claimed").map((event) => [event, event.claim]));
      const result = operations.streamDeleteConsumer(state, remove);
      for (const [event, claim] of claims) Object.assign(event, { claim, state: "claimed" });
      return result;
    },
  },
  "a destroyed group keeps its name": {
    streamDestroyGroup(state, destroy) {
      const queue = queueOf(state, destroy.queue);
      const group = queue.stream?.group ?? null;
      const result = operations.streamDestroyGroup(state, destroy);
      if (queue.stream) queue.stream.group = group;
      return result;
    },
  },
  "an undone claim has another place": {
    streamClaim(state, claim) {
      const result = operations.streamClaim(state, claim);
      if (typeof result === "string") return result;
      for (const { popped } of result.claimed) {
        if (claim.isCounted) Object.assign(popped.undo as object, { rank: ["1 right end", -1e9] });
      }
      return result;
    },
  },
  "a claim keeps the old lease": {
    streamClaim(state, claim) {
      const queue = queueOf(state, claim.queue);
      const ends = new Map(queue.inState("claimed").map((e) => [e, e.claim!.endsAtMs]));
      const result = operations.streamClaim(state, claim);
      for (const [event, endsAtMs] of ends) if (event.claim) event.claim.endsAtMs = endsAtMs;
      return result;
    },
  },
};

testMutants({
  only: "streams",
  // In the first of them many pending claims are shown; the next ones show what is rare.
  seeds: [36, 28, 20, 10, 18, ...Array.from({ length: 30 }, (_, at) => at + 1)],
  breakages,
  wrongWays,
});
