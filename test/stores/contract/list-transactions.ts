// Operations on lists in transactions, and behind a refusal.
// oxlint-disable no-await-in-loop -- the steps take place in this order

import { expect } from "bun:test";
import { EarlierFailure } from "../../../src/queue/errors.ts";
import type { EventFacts, Popped } from "../../../src/queue/event.ts";
import { LIST_REACH, LIST_STEP_MAX, TOO_LARGE } from "../../../src/queue/lists.ts";
import { BATCH_CONTENTS_BYTES, type Operation } from "../../../src/queue/operations.ts";
import type { Check } from "../contract.ts";
import { bytesOf, textOf } from "./caller.ts";
import {
  changed,
  counted,
  inserted,
  listOf,
  moved,
  popped,
  pushed,
  pushTo,
  ranged,
  removed,
  trimmed,
} from "./list-caller.ts";

/** In a cluster they are in one shard. */
const [Q, T] = ["{q}", "t{q}"];

export const transaction = (...operations: Operation[]) =>
  ({ kind: "transaction", operations }) as const;

export function listTransactions(check: Check): void {
  check("list operations of a transaction are done as one", async (store) => {
    await pushTo(store, Q, "right", "a", "b", "c");
    const results = await store.submit(
      transaction(
        moved(Q, "left", T, "right"),
        pushed(T, "left", ["x", "y"]),
        inserted(T, "after", "x", "z"),
        removed(T, "y", 0),
        changed(Q, 0, "B"),
        counted(Q),
        ranged(T),
        popped([T, Q], "right", 2),
        trimmed(Q, 1, -1),
        ranged(Q),
      ),
    );
    const texts = (list: unknown) => (list as Buffer[]).map(textOf);
    expect(results.slice(3, 6)).toEqual([1, true, 2]);
    expect(texts(results[6])).toEqual(["x", "z", "a"]);
    expect((results[7] as Popped[]).map(({ contents }) => textOf(contents))).toEqual(["a", "z"]);
    expect(texts(results[9])).toEqual(["c"]);
    expect([await listOf(store, Q), await listOf(store, T)]).toEqual([["c"], ["x"]]);
    // It is claimed, and its contents may not be in memory.
    expect(await store.pop(Q)).not.toBeNull();
    const [{ id }] = (await store.scan(Q, "claimed")) as [EventFacts];
    const redo = { kind: "redo", queue: bytesOf(Q), id, token: null, start: null } as const;
    expect(await store.submit(transaction(redo, removed(Q, "c", 1)))).toEqual([true, 1]);
    await pushTo(store, Q, "left", "c");
    // Lists after large contents find nothing more.
    await pushTo(store, Q, "right", "x".repeat(BATCH_CONTENTS_BYTES));
    const large = await store.submit(
      transaction(ranged(Q), popped([Q], "left"), moved(Q, "left", T, "left"), ranged(Q)),
    );
    expect(large.slice(1)).toEqual([[], null, TOO_LARGE]);
    expect(await store.submit(counted(Q))).toBe(2);
  });

  check("the list operations of a transaction go so far as one goes alone", async (store) => {
    const step = Array<string>(LIST_STEP_MAX).fill("");
    for (let length = 0; length < 0.4 * LIST_REACH; length += step.length) {
      await pushTo(store, Q, "right", ...step);
      store.advance(10);
    }
    await pushTo(store, Q, "left", "first");
    const operations = [
      removed(Q, "none", 1),
      ranged(Q, 0, 0.4 * LIST_REACH - 1),
      removed(Q, "first", 1),
      inserted(Q, "before", "first", "x"),
      ranged(Q),
      trimmed(Q, 0.3 * LIST_REACH, -1),
      ranged(Q, -1, -1),
      trimmed(Q, 0.1 * LIST_REACH, -1),
      changed(Q, -1, "last"),
    ];
    const results = await store.submit(transaction(...operations));
    expect(results[1]).toHaveLength(0.4 * LIST_REACH);
    const refused = Array<unknown>(4).fill(TOO_LARGE);
    expect(results.toSpliced(1, 1)).toEqual([0, ...refused, [bytesOf("")], true, true]);
    expect(await store.submit(removed(Q, "last", 0))).toBe(1);
  });

  check("no push of a transaction is refused after one that was judged", async (store) => {
    await store.configure(T, { "max-length": "3" });
    await pushTo(store, Q, "left", "a");
    await store.push(Q, "1", "right");
    await pushTo(store, T, "left", "b");
    const targets = [{ id: bytesOf("1"), version: null }];
    const move = { kind: "move", queue: bytesOf(Q), target: bytesOf(T), targets } as const;
    const push = pushed(T, "left", ["c"]);
    const results = await store.submit(transaction(moved(Q, "left", T, "left"), move, push));
    expect(results.slice(1)).toMatchObject([[true], { length: 4 }]);
  });

  check("what follows a refused list operation is not done", async (store) => {
    await store.pause(T, ["in"]);
    await pushTo(store, Q, "left", "a");
    const refused = store.submit(pushed(T, "left", ["x"])).catch((error: unknown) => error);
    const next = store.submit(popped([Q], "left")).catch((error: unknown) => error);
    expect(await refused).toMatchObject({ code: "PAUSED" });
    expect(await next).toBeInstanceOf(EarlierFailure);
    expect(await listOf(store, Q)).toEqual(["a"]);
  });
}
