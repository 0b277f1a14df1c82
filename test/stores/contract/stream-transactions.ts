// Operations on streams in transactions, behind a refusal, and many at once.
// oxlint-disable no-await-in-loop -- the steps take place in this order

import { expect } from "bun:test";
import { EarlierFailure } from "../../../src/queue/errors.ts";
import { TOO_LARGE } from "../../../src/queue/lists.ts";
import { BATCH_CONTENTS_BYTES, type Operation } from "../../../src/queue/operations.ts";
import { NO_GROUP, SMALLER_ID } from "../../../src/queue/streams.ts";
import type { Check } from "../contract.ts";
import { bytesOf } from "./caller.ts";
import { init, left, member } from "./counters.ts";
import { type LifeCaller, refusalOf } from "./life-caller.ts";
import { transaction } from "./list-transactions.ts";
import {
  acking,
  add,
  adding,
  addAll,
  asking,
  claiming,
  claimingFrom,
  counting,
  creating,
  creatingConsumer,
  deletingConsumer,
  destroying,
  entriesOf,
  factsOf,
  fromId,
  groupsOf,
  heldIn,
  lookingAtClaims,
  nacking,
  removing,
  showing,
  sizeOf,
  take,
  taking,
  toLength,
  trimming,
} from "./stream-caller.ts";

/** All operations in an order in which each finds something, or not. No id is made. */
export const life = (queue: string): Operation[] => [
  adding(queue, "1-1", { ifThere: true }),
  creating(queue, "a"),
  creating(queue, "b"),
  creating(queue, "a"),
  adding(queue, "1-1"),
  adding(queue, "1-1"),
  adding(queue, "2-*"),
  adding(queue, "2-*", { trim: toLength(9) }),
  taking(queue, "a", "ann"),
  adding(queue, "3-0"),
  adding(queue, "4-0"),
  adding(queue, "5-0", { trim: fromId("2-0") }),
  counting(queue),
  taking(queue, "a", "bob", 2),
  taking(queue, "default", "ann"),
  taking(queue, "b", "ann", 2),
  taking(queue, "b", "bob", 1, true),
  taking(queue, "none", "ann"),
  creatingConsumer(queue, "b", "carl"),
  claiming(queue, "a", "carl", ["1-1", "3-0", "9-9"]),
  claimingFrom(queue, "a", "dora", "2-0", { count: 1 }),
  claimingFrom(queue, "b", "ann", "-", { isOwn: true, isCounted: false }),
  lookingAtClaims(queue, "a"),
  lookingAtClaims(queue, "b", { consumer: "ann" }),
  acking(queue, "a", ["1-1", "1-1"]),
  acking(queue, "a", ["2-0"], "count"),
  taking(queue, "a", "ann", 9),
  acking(queue, "b", ["2-0"], "remove"),
  nacking(queue, "a", ["3-0", "2-1"], "redo"),
  taking(queue, "a", "emil", 1),
  deletingConsumer(queue, "b", "ann"),
  showing(queue),
  showing(queue, "2-0", "4-9", { count: 2, isReverse: true }),
  removing(queue, "4-0", "9-9"),
  asking(queue),
  trimming(queue, toLength(1)),
  destroying(queue, "b"),
  creating(queue, "c", "2-1"),
  taking(queue, "c", "ann", 9),
  asking(queue),
  destroying(queue, "a"),
  { kind: "flush", queue: bytesOf(queue) },
  adding(queue, "1-1"),
  asking(queue),
];

/** A result without what differs from one time to the next: tokens, and the name of the queue. */
export function shown(result: unknown): unknown {
  const hidden = new Set(["token", "undo", "queue", "pushedAtMs"]);
  const text = JSON.stringify(result, (name, value: unknown) => {
    if (hidden.has(name)) return undefined;
    return typeof value === "bigint" ? `${value}` : value;
  });
  return JSON.parse(text);
}

/** The same operations, one after the other, and what they leave. */
async function oneByOne(store: LifeCaller, queue: string): Promise<unknown[]> {
  const results: unknown[] = [];
  for (const operation of life(queue)) results.push(shown(await store.submit(operation)));
  return results;
}

export function streamTransactions(check: Check): void {
  check("stream operations of a transaction are done as one", async (store) => {
    const expected = await oneByOne(store, "q");
    const results = await store.submit(transaction(...life("r")));
    for (const [at, operation] of life("r").entries()) {
      const pair = [operation.kind, at, shown(results[at])];
      expect(pair).toEqual([operation.kind, at, expected[at]]);
    }
    expect(await factsOf(store, "r")).toEqual((await factsOf(store, "q"))!);
  });

  check("stream operations that are submitted at once have the same results", async (store) => {
    const expected = await oneByOne(store, "q");
    const results = await Promise.all(life("r").map((operation) => store.submit(operation)));
    for (const [at, operation] of life("r").entries()) {
      const pair = [operation.kind, at, shown(results[at])];
      expect(pair).toEqual([operation.kind, at, expected[at]]);
    }
    expect(await factsOf(store, "r")).toEqual((await factsOf(store, "q"))!);
  });

  check("many entries are added, taken and acknowledged at once", async (store) => {
    await store.submit(creating("q", "g"));
    const sessions = [store, store.another(), store.another()];
    const added = await Promise.all(
      Array.from({ length: 300 }, (_, at) => add(sessions[at % 3]!, "q", "*")),
    );
    expect(new Set(added).size).toBe(300);
    expect((await entriesOf(store, "q")).split(" ").toSorted()).toEqual(
      (added as string[]).toSorted(),
    );
    const taken = await Promise.all(
      Array.from({ length: 330 }, (_, at) => take(sessions[at % 3]!, "q", "g", `c${at % 7}`)),
    );
    const found = taken.filter((id) => id !== "");
    expect(found.toSorted()).toEqual((added as string[]).toSorted());
    const acks = found.map((id, at) => sessions[at % 3]!.submit(acking("q", "g", [id, "9-9"])));
    for (const result of await Promise.all(acks)) {
      expect(result).toMatchObject({ outcomes: ["acked", "none"] });
    }
    const facts = (await groupsOf(store, "q"))["g"]!;
    expect(facts).toMatchObject({ pending: 0, ready: 0 });
    expect(facts.consumers.map(({ name }) => name)).toEqual(
      Array.from({ length: 7 }, (_, at) => `c${at}`),
    );
    expect(await factsOf(store, "q")).toMatchObject({ added: 300, length: 0 });
  });

  check("an entry that gets no id refuses nothing behind it", async (store) => {
    const results = await Promise.all(
      ["5-1", "5-1", "4-*", "6-*", "6-0", "6-*"].map((id) => add(store, "q", id)),
    );
    expect(results).toEqual(["5-1", SMALLER_ID, SMALLER_ID, "6-0", SMALLER_ID, "6-1"]);
    const took = [take(store, "q", "none", "ann"), take(store, "q", "default", "ann")];
    expect(await Promise.all(took)).toEqual([NO_GROUP, "5-1"]);
    expect(await heldIn(store, "q", "default")).toBe("5-1 ann");
  });

  check("what follows a refused entry is not done", async (store) => {
    await addAll(store, "q", "1-1");
    await store.configure("q", { "max-length": "2" });
    const all = [
      adding("q", "2-1"),
      adding("q", "3-1"),
      adding("q", "4-1"),
      taking("q", "default", "ann"),
    ];
    const outcomes = await Promise.all(
      all.map((operation) => store.submit<Operation>(operation).catch((error: unknown) => error)),
    );
    expect(outcomes[0]).toEqual(bytesOf("2-1"));
    expect(outcomes[1]).toMatchObject({ code: "QUEUEFULL" });
    expect(outcomes[2]).toBeInstanceOf(EarlierFailure);
    expect(outcomes[3]).toBeInstanceOf(EarlierFailure);
    expect(await sizeOf(store, "q")).toEqual([2, "2-1"]);
    expect(await heldIn(store, "q", "default")).toBe("");
  });

  check("what a transaction may not add or acknowledge refuses all of it", async (store) => {
    await addAll(store, "q", "1-1", "2-1");
    await store.configure("q", { "max-length": "3" });
    const full = transaction(
      trimming("q", toLength(0)),
      creating("q", "g"),
      adding("q", "3-1"),
      adding("q", "4-1"),
    );
    expect(await refusalOf(store.another().submit(full))).toBe("QUEUEFULL q");
    expect(await entriesOf(store, "q")).toBe("1-1 2-1");
    expect(await factsOf(store, "q")).toMatchObject({ groups: [], lastId: "2-1", added: 2 });
    await store.pause("q", ["in"]);
    const paused = transaction(removing("q", "1-1"), adding("q", "3-1"));
    expect(await refusalOf(store.another().submit(paused))).toBe("PAUSED q");
    expect(await entriesOf(store, "q")).toBe("1-1 2-1");
    // The event of a counter that the acknowledgements end has no room.
    await store.configure("c", { "max-length": "1" });
    await init(store, 2);
    await store.pushAll("c@1", ["0"]);
    for (const id of ["1", "2"]) await store.pushWith("c@1", id, member);
    await store.push("c", "full");
    await take(store, "c@1", "default", "ann", 9);
    const ended = transaction(removing("c@1", "0"), acking("c@1", "default", ["1", "2"]));
    expect(await refusalOf(store.another().submit(ended))).toBe("QUEUEFULL c");
    expect([await left(store), await heldIn(store, "c@1", "default")]).toEqual([
      2,
      "0 ann, 1 ann, 2 ann",
    ]);
  });

  check("after much contents the streams of a transaction find no more", async (store) => {
    await add(store, "q", "1-1", { contents: "x".repeat(BATCH_CONTENTS_BYTES + 1) });
    await addAll(store, "q", "2-1", "3-1");
    await take(store, "q", "default", "ann");
    const results = await store.submit(
      transaction(
        showing("q", "-", "2-1"),
        taking("q", "default", "bob"),
        showing("q", "3-1"),
        claiming("q", "default", "bob", ["1-1"]),
        asking("q"),
        counting("q"),
        adding("q", "4-1"),
      ),
    );
    expect(results[0]).toHaveLength(2);
    expect(results[1]).toEqual({ queue: bytesOf("q"), popped: [] });
    expect(results.slice(2, 5)).toEqual([TOO_LARGE, TOO_LARGE, TOO_LARGE]);
    expect(results[5]).toMatchObject({ length: 3 });
    expect(results[6]).toEqual(bytesOf("4-1"));
    expect(await heldIn(store, "q", "default")).toBe("1-1 ann");
    // What a claim and the ends of a stream have counts too.
    for (const first of [claiming("q", "default", "bob", ["1-1"]), asking("q")]) {
      const both = await store.submit(transaction(first, showing("q", "2-1")));
      expect([first.kind, both[1]]).toEqual([first.kind, TOO_LARGE]);
    }
  });
}
