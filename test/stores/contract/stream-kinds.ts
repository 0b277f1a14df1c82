// What makes a queue a stream or a list, and ends it; what the one refuses and the other takes. In
// a store of several parts all of these queues are in one.
// oxlint-disable no-await-in-loop -- the steps take place in this order

import { expect } from "bun:test";
import { WRONG_TYPE } from "../../../src/queue/lists.ts";
import type { Operation } from "../../../src/queue/operations.ts";
import type { Check } from "../contract.ts";
import { bind } from "./bound-caller.ts";
import { textOf } from "./caller.ts";
import { restartAll } from "./counters.ts";
import type { LifeCaller } from "./life-caller.ts";
import {
  counted,
  listOf,
  moved,
  onList,
  popFrom,
  popped,
  pushed,
  pushTo,
  removed,
  trimmed,
} from "./list-caller.ts";
import { membersOf, onSet, setAdd, setDrop } from "./set-caller.ts";
import {
  add,
  addAll,
  creating,
  entriesOf,
  onStream,
  removing,
  sizeOf,
  toLength,
  trimming,
} from "./stream-caller.ts";

/** In a cluster they are in one shard. */
const [Q, T, NONE] = ["{q}", "t{q}", "none{q}"];

/** What a queue is now: the stores tell of streams only; a list refuses to be counted as one. */
async function kindOf(store: LifeCaller, queue: string): Promise<string> {
  const { isStream } = await store.statusOf(queue);
  const listed = await store.submit({ kind: "list", after: null, limit: 1000 });
  const found = listed.queues.find((each) => textOf(each.queue) === queue);
  if (found && found.isStream !== isStream) throw new Error("status and list differ");
  if (isStream && !found) throw new Error("the stream is not listed");
  const isRefused = (await sizeOf(store, queue)) === WRONG_TYPE;
  if (isStream && isRefused) throw new Error("a stream refuses to be one");
  if (isStream) return "stream";
  return isRefused ? "list" : "neither";
}

async function expectRefused(store: LifeCaller, operations: Operation[]): Promise<void> {
  for (const operation of operations) {
    expect([operation, await store.submit(operation)]).toEqual([operation, WRONG_TYPE]);
  }
  const results = await store.submit({ kind: "transaction", operations });
  expect(results).toEqual(operations.map(() => WRONG_TYPE));
}

/** Ways of a list of one element, a, to become empty. */
const emptyings: Record<string, (store: LifeCaller) => Promise<unknown>> = {
  "popped at its left end": (store) => popFrom(store, [Q], "left"),
  "popped at its right end": (store) => popFrom(store, [Q], "right", 9),
  "moved to another list": (store) => store.submit(moved(Q, "left", T, "left")),
  trimmed: (store) => store.submit(trimmed(Q, 1, 0)),
  "removed by its contents": (store) => store.submit(removed(Q, "a", 0)),
  "popped for good": (store) => store.pop(Q, 0),
  acknowledged: async (store) => store.ackClaim(Q, await store.mustClaim(Q)),
  deleted: async (store) => store.remove(Q, await store.ids(Q, "ready")),
  flushed: (store) => store.flush(Q),
  expired: async (store) => {
    await store.configure(Q, { ttl: "1" });
    store.advance(1000);
    await store.reclaim();
    await store.configure(Q, { ttl: null });
  },
  "failed and not kept": async (store) => {
    await store.configure(Q, { "keep-failed": "0" });
    await store.fail(Q, await store.mustClaim(Q), "final");
    await store.configure(Q, { "keep-failed": null });
  },
};

export function streamKinds(check: Check): void {
  check("a queue is a stream from the first entry that is added until a flush", async (store) => {
    expect(await kindOf(store, Q)).toBe("neither");
    await addAll(store, Q, "1-1");
    for (const step of [
      () => restartAll(store),
      () => store.push(Q, "2-1"),
      () => store.submit(trimming(Q, toLength(0))),
      () => store.reclaim(),
      () => restartAll(store),
      () => store.push(Q, "other"),
      () => store.pop(Q, 0),
      () => store.remove(Q, ["other"]),
      () => store.reclaim(),
    ]) {
      await step();
      expect(await kindOf(store, Q)).toBe("stream");
    }
    expect(await store.list()).toEqual([[Q, 0, 0, 0]]);
    await store.flush(Q);
    expect(await kindOf(store, Q)).toBe("neither");
    expect(await store.list()).toEqual([]);
    await restartAll(store);
    expect(await kindOf(store, Q)).toBe("neither");
    // Its latest id went with it.
    expect(await add(store, Q, "0-1")).toBe("0-1");
  });

  check("an entry makes no stream of a queue that has events in any state", async (store) => {
    const claim = () => store.mustClaim(Q, 5000);
    await store.configure(Q, { "keep-completed": "1" });
    for (const push of [
      () => store.push(Q, "1"),
      () => store.pushWith(Q, "1", { start: { afterMs: 9000 } }),
      async () => (await store.push(Q, "1"), await claim()),
      async () => (await store.push(Q, "1"), await store.fail(Q, await claim(), "final")),
      async () => (await store.push(Q, "1"), await store.ackClaim(Q, await claim())),
    ]) {
      await push();
      const made = (await add(store, Q, "*"))!;
      expect(await kindOf(store, Q)).toBe("neither");
      expect(await entriesOf(store, Q)).toContain(made);
      expect(await pushTo(store, Q, "left", "a")).not.toBe(WRONG_TYPE);
      await restartAll(store);
      expect(await kindOf(store, Q)).toBe("neither");
      await store.flush(Q);
    }
  });

  check("a queue of events becomes a stream with its first group", async (store) => {
    await store.push(Q, "1");
    expect(await store.submit(creating(Q, "g"))).toBe("ok");
    expect(await kindOf(store, Q)).toBe("stream");
    await store.pop(Q, 0);
    expect(await kindOf(store, Q)).toBe("stream");
    expect(await store.submit(creating(NONE, "g"))).toBe("ok");
    expect(await kindOf(store, NONE)).toBe("stream");
    expect(await sizeOf(store, NONE)).toEqual([0, "0-0"]);
    await restartAll(store);
    expect(await store.list()).toEqual([
      [NONE, 0, 0, 0],
      [Q, 0, 0, 0],
    ]);
  });

  check("a copy makes no stream of the queue that gets it", async (store) => {
    await bind(store, Q, "1");
    await addAll(store, Q, "1-1");
    expect(await kindOf(store, Q)).toBe("stream");
    expect(await kindOf(store, `${Q}@1`)).toBe("neither");
    await store.pop(`${Q}@1`, 0);
    expect((await store.list()).map(([queue]) => queue)).toEqual([Q]);
  });

  check("operations on lists do nothing with a stream", async (store) => {
    await pushTo(store, T, "left", "a");
    await addAll(store, Q, "1-1");
    for (const length of [1, 0]) {
      await expectRefused(store, [
        ...onList(Q, T),
        moved(T, "left", Q, "left"),
        moved(Q, "left", Q, "right"),
        popped([NONE, Q, T], "left"),
      ]);
      expect(await sizeOf(store, Q)).toEqual([length, "1-1"]);
      expect(await listOf(store, T)).toEqual(["a"]);
      await store.submit(removing(Q, "1-1"));
    }
    expect(await popFrom(store, [T, Q], "left")).toEqual([`${T}: a`]);
    expect(await store.submit(moved(T, "left", Q, "left"))).toBeNull();
    await store.flush(Q);
    expect(await pushTo(store, Q, "left", "a")).toBe(1);
    expect(await kindOf(store, Q)).toBe("list");
  });

  check("operations on streams do nothing with a list", async (store) => {
    await pushTo(store, Q, "right", "a", "b");
    await expectRefused(store, onStream(Q));
    await expectRefused(store, onStream(Q, "no group"));
    expect(await listOf(store, Q)).toEqual(["a", "b"]);
    await restartAll(store);
    await expectRefused(store, onStream(Q));
    // It is one as long as it has events in any state.
    const held = await store.mustClaim(Q);
    await store.fail(Q, await store.mustClaim(Q), "final");
    await store.push(Q, "1");
    await store.pop(Q, 0);
    expect(await store.submit(counted(Q))).toBe(0);
    await expectRefused(store, onStream(Q));
    await store.ackClaim(Q, held);
    expect(await kindOf(store, Q)).toBe("list");
    await store.remove(Q, await store.ids(Q, "failed"));
    expect(await kindOf(store, Q)).toBe("neither");
    expect(await store.list()).toEqual([]);
  });

  check("what is moved into a queue without events makes it a list", async (store) => {
    await store.push(Q, "1");
    await store.push(Q, "2");
    expect(await kindOf(store, Q)).toBe("neither");
    await store.submit(moved(Q, "left", T, "left"));
    expect(await kindOf(store, T)).toBe("list");
    expect(await kindOf(store, Q)).toBe("neither");
    await store.push(NONE, "1");
    await store.submit(moved(Q, "left", NONE, "left"));
    expect(await kindOf(store, NONE)).toBe("neither");
  });

  check("a list that only turns round stays one", async (store) => {
    await pushTo(store, Q, "left", "a");
    await store.submit(moved(Q, "left", Q, "right"));
    expect(await kindOf(store, Q)).toBe("list");
    expect(await listOf(store, Q)).toEqual(["a"]);
  });

  check("a queue of events takes operations on lists and on streams", async (store) => {
    await store.push(Q, "1");
    expect(await pushTo(store, Q, "left", "a")).toBe(2);
    expect(await store.submit(moved(Q, "left", Q, "left"))).not.toBe(WRONG_TYPE);
    const made = (await add(store, Q, "*"))!;
    expect(await entriesOf(store, Q)).toContain(made);
    expect(await listOf(store, Q)).toHaveLength(3);
    await restartAll(store);
    expect(await kindOf(store, Q)).toBe("neither");
    expect(await listOf(store, Q)).toHaveLength(3);
  });

  for (const [way, empty] of Object.entries(emptyings)) {
    check(`a list is none when it is empty: ${way}`, async (store) => {
      await pushTo(store, Q, "left", "a");
      expect(await kindOf(store, Q)).toBe("list");
      await empty(store);
      expect(await kindOf(store, Q)).toBe("neither");
      expect(await add(store, Q, "1-1")).toBe("1-1");
      expect(await kindOf(store, Q)).toBe("stream");
      await store.flush(Q);
      await pushTo(store, Q, "left", "a");
      await empty(store);
      await restartAll(store);
      await store.push(Q, "1");
      expect(await kindOf(store, Q)).toBe("neither");
    });
  }

  check("operations on streams do nothing with the name of a set", async (store) => {
    await store.submit(setAdd(Q, "m"));
    await expectRefused(store, onStream(Q));
    expect(await membersOf(store, Q)).toEqual(["m"]);
    expect(await store.list()).toEqual([]);
    await store.submit(setDrop(Q));
    expect(await add(store, Q, "1-1")).toBe("1-1");
  });

  check("operations on sets do nothing with a stream", async (store) => {
    await addAll(store, Q, "1-1");
    for (const length of [1, 0]) {
      await expectRefused(store, onSet(Q));
      expect(await sizeOf(store, Q)).toEqual([length, "1-1"]);
      await store.submit(removing(Q, "1-1"));
    }
    await restartAll(store);
    await expectRefused(store, onSet(Q));
    await store.flush(Q);
    expect(await store.submit(setAdd(Q, "m"))).toBe(1);
  });

  check("a set behind events is no obstacle to operations on their stream", async (store) => {
    await store.submit(setAdd(Q, "m"));
    await store.push(Q, "1-1");
    expect(await add(store, Q, "2-1")).toBe("2-1");
    expect(await entriesOf(store, Q)).toBe("1-1 2-1");
    expect(await store.submit(trimming(Q, toLength(0)))).toBe(2);
    expect(await add(store, Q, "2-1")).toBe(WRONG_TYPE);
    expect(await membersOf(store, Q)).toEqual(["m"]);
  });

  check("in a transaction each operation meets what those before it made", async (store) => {
    const results = await store.submit({
      kind: "transaction",
      operations: [
        pushed(Q, "left", ["a"]),
        trimming(Q, toLength(0)),
        popped([Q], "left"),
        creating(Q, "g"),
        pushed(Q, "left", ["a"]),
        { kind: "flush", queue: Buffer.from(Q) },
        pushed(Q, "left", ["a"]),
        creating(Q, "g"),
      ],
    });
    const shown = results.map((each) => (typeof each === "string" ? each : null));
    const none = [WRONG_TYPE, null, "ok", WRONG_TYPE, null, null, WRONG_TYPE];
    expect(shown).toEqual([null, ...none]);
    expect(await kindOf(store, Q)).toBe("list");
  });
}
