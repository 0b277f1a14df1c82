// Operations on lists leave the names of sets alone. In a store of several parts all of them are in
// one.
// oxlint-disable no-await-in-loop -- the steps take place in this order

import { expect } from "bun:test";
import { type ListPush, WRONG_TYPE } from "../../../src/queue/lists.ts";
import type { Operation } from "../../../src/queue/operations.ts";
import type { Check } from "../contract.ts";
import { bytesOf } from "./caller.ts";
import type { LifeCaller } from "./life-caller.ts";
import { membersOf, setAdd, setDrop } from "./set-caller.ts";

const [SET, LIST, EMPTY] = ["set{1}", "list{1}", "empty{1}"];
const contents = bytesOf("x");

const listPush = (queue: string, ifThere = false): ListPush => ({
  kind: "listPush",
  queue: bytesOf(queue),
  end: "left",
  contents: [contents],
  ifThere,
});
const listPop = (...queues: string[]) =>
  ({ kind: "listPop", queues: queues.map(bytesOf), end: "right", count: 1 }) as const;
const listMove = (queue: string, target: string) =>
  ({
    kind: "listMove",
    queue: bytesOf(queue),
    from: "right",
    target: bytesOf(target),
    to: "left",
  }) as const;
const listLength = (queue: string) => ({ kind: "listLength", queue: bytesOf(queue) }) as const;

function onList(queueName: string): Operation[] {
  const queue = bytesOf(queueName);
  return [
    listPush(queueName),
    listPush(queueName, true),
    listPop(queueName),
    listPop(EMPTY, queueName, LIST),
    listMove(queueName, LIST),
    listMove(queueName, queueName),
    listMove(LIST, queueName),
    listLength(queueName),
    { kind: "listRange", queue, from: 0, to: -1 },
    { kind: "listRemove", queue, contents, count: 0 },
    { kind: "listTrim", queue, from: 0, to: 0 },
    { kind: "listSet", queue, index: 0, contents },
    { kind: "listInsert", queue, side: "after", pivot: contents, contents },
  ];
}

async function expectUnchanged(store: LifeCaller): Promise<void> {
  expect(await membersOf(store, SET)).toEqual(["m"]);
  expect(await store.list()).toEqual([[LIST, 1, 0, 0]]);
}

export function listsAndSets(check: Check): void {
  check("operations on lists do nothing with the name of a set", async (store) => {
    await store.push(LIST, "1");
    await store.submit(setAdd(SET, "m"));
    for (const operation of onList(SET)) {
      expect([operation, await store.submit(operation)]).toEqual([operation, WRONG_TYPE]);
    }
    await expectUnchanged(store);
    const operations = onList(SET);
    const results = await store.submit({ kind: "transaction", operations });
    expect(results).toEqual(operations.map(() => WRONG_TYPE));
    await expectUnchanged(store);
    expect(await store.submit(setDrop(SET))).toBe(true);
    expect(await store.submit(listPush(SET))).toMatchObject({ length: 1 });
    expect(await store.submit(setAdd(SET, "m"))).toBe(WRONG_TYPE);
    expect(await store.submit(listPop(SET))).toHaveLength(1);
    expect(await store.submit(setAdd(SET, "m"))).toBe(1);
    await expectUnchanged(store);
  });

  check(
    "a set behind the list that is popped, or a move of nothing, does no harm",
    async (store) => {
      await store.push(LIST, "1");
      await store.submit(setAdd(SET, "m"));
      expect(await store.submit(listMove(EMPTY, SET))).toBeNull();
      await expectUnchanged(store);
      expect(await store.submit(listPop(LIST, SET))).toHaveLength(1);
      expect(await store.submit(listPop(LIST, SET))).toBe(WRONG_TYPE);
    },
  );

  check("a set behind events is no obstacle to operations on their list", async (store) => {
    await store.submit(setAdd(SET, "m"));
    await store.push(SET, "1");
    expect(await store.submit(listPush(SET))).toMatchObject({ length: 2 });
    expect(await store.submit(listLength(SET))).toBe(2);
    expect(await store.submit(listMove(SET, SET))).not.toBe(WRONG_TYPE);
    for (const length of [1, 1]) expect(await store.submit(listPop(SET))).toHaveLength(length);
    expect(await store.submit(listPop(SET))).toBe(WRONG_TYPE);
    expect(await membersOf(store, SET)).toEqual(["m"]);
  });
}
