// What is left of a flushed queue until a chore deletes it belongs to no queue, over restarts too.
import { expect, test } from "bun:test";
import { LifeCaller } from "./contract/life-caller.ts";
import { openObjects } from "./open-objects.ts";
import { openSqlite } from "./open-sqlite.ts";

const stores = { sqlite: openSqlite, objects: openObjects };
const cases = Object.keys(stores).flatMap((name) => [
  [name as keyof typeof stores, "reopen"] as const,
  [name as keyof typeof stores, "crash"] as const,
]);

test.each(cases)("%s: a new queue does not get flushed events after a %s", async (name, end) => {
  const under = await stores[name]();
  const store = new LifeCaller(under);
  // The number of its queue is greater than all that its row has.
  await store.pushWith("q", "flushed");
  await store.flush("q");
  await under[end]();
  await store.configure("other", { lease: "3" });
  await under[end]();
  expect(await store.counts("other")).toEqual({});
  expect(await store.get("other", "flushed")).toBeNull();
  await under.close();
});
