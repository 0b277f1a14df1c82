// How far operations on streams look: beyond that they are too large, and nothing is done.
// oxlint-disable no-await-in-loop -- the steps take place in this order

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import type { End } from "../../src/queue/event.ts";
import { LIST_REACH, TOO_LARGE } from "../../src/queue/lists.ts";
import type { Operation } from "../../src/queue/operations.ts";
import { STREAM_STEP_MAX } from "../../src/queue/streams.ts";
import { bindingsOf } from "./contract/bound-caller.ts";
import { bytesOf } from "./contract/caller.ts";
import { LifeCaller } from "./contract/life-caller.ts";
import {
  ack,
  asking,
  claim,
  claiming,
  claimingFrom,
  counting,
  creating,
  creatingConsumer,
  deletingConsumer,
  destroying,
  lookingAtClaims,
  pendingOf,
  removing,
  showing,
  sizeOf,
  take,
  toLength,
  trimming,
} from "./contract/stream-caller.ts";
import { closeAfterTest } from "../support/close-after-test.ts";
import { startRedis } from "../support/redis-server.ts";
import type { StoreUnderTest } from "./contract.ts";
import { openLocal } from "./open-local.ts";
import { openOnRedis } from "./open-redis.ts";
import { openSqlite } from "./open-sqlite.ts";

setDefaultTimeout(60_000);

const stores: Record<string, () => Promise<StoreUnderTest>> = {
  local: () => openLocal(),
  SQLite: () => openSqlite(),
  async redis() {
    const server = await startRedis();
    closeAfterTest(server);
    return openOnRedis(server);
  },
};

async function callerOf(open: () => Promise<StoreUnderTest>): Promise<LifeCaller> {
  const under = await open();
  closeAfterTest(under);
  return new LifeCaller(under);
}

const PUSHED_AT_ONCE = 1000;

/** Pushes so many events without contents, under the ids 1-1, 1-2 and so on. */
async function pushMany(
  store: LifeCaller,
  queue: string,
  count: number,
  end: End = "left",
): Promise<void> {
  for (let first = 1; first <= count; first += PUSHED_AT_ONCE) {
    const length = Math.min(PUSHED_AT_ONCE, count - first + 1);
    const ids = Array.from({ length }, (_, at) => `1-${first + at}`);
    await store.pushBatch(queue, ids, { contents: "", end });
  }
}

async function takeAll(store: LifeCaller, queue: string): Promise<void> {
  while (await take(store, queue, "default", "ann", STREAM_STEP_MAX));
}

describe.each(Object.entries(stores))("the bounds of streams: %s", (_, open) => {
  test("a further group copies so many entries, and no more", async () => {
    const store = await callerOf(open);
    await pushMany(store, "q", LIST_REACH + 1);
    expect(await store.submit(creating("q", "a"))).toBe("ok");
    expect(await store.submit(creating("q", "b"))).toBe(TOO_LARGE);
    expect(await bindingsOf(store, "q")).toEqual([]);
    expect(await store.counts("q@b")).toEqual({});
    expect(await store.submit(creating("q", "b", "1-1"))).toBe("ok");
    expect((await sizeOf(store, "q@b"))[0]).toBe(LIST_REACH);
    expect(await take(store, "q", "b", "ann")).toBe("1-2");
    expect(await store.submit(creating("q", "c", "last"))).toBe("ok");
  });

  test("what would look at too many claims is not done", async () => {
    const store = await callerOf(open);
    await pushMany(store, "q", LIST_REACH + 1);
    await store.submit(creating("q", "a"));
    await takeAll(store, "q");
    expect(await store.counts("q")).toEqual({ claimed: LIST_REACH + 1 });
    const refused: Operation[] = [
      showing("q", "1-1", "1-1"),
      claimingFrom("q", "a", "bob", "-", { count: 1 }),
      lookingAtClaims("q", "a", { count: 1 }),
      asking("q"),
      deletingConsumer("q", "a", "ann"),
      destroying("q", "a"),
      creating("q", "b"),
    ];
    for (const operation of refused) {
      expect([operation.kind, await store.submit(operation)]).toEqual([operation.kind, TOO_LARGE]);
    }
    expect(await store.counts("q")).toEqual({ claimed: LIST_REACH + 1 });
    // What names its events, or looks at none, is done.
    expect(await store.submit(counting("q"))).toMatchObject({ length: LIST_REACH + 1 });
    expect(await store.submit(trimming("q", toLength(0)))).toBe(0);
    expect(await store.submit(creatingConsumer("q", "a", "bob"))).toBe(true);
    expect(await claim(store, claiming("q", "a", "bob", ["1-7"]))).toBe("1-7");
    expect(await ack(store, "q", "a", ["1-7"])).toEqual(["acked"]);
    expect(await pendingOf(store, "q", "a", { count: 1 })).toEqual([["1-1", "ann", 0, 1]]);
    expect(await store.submit(removing("q", "1-1"))).toBe(1);
    expect(await claim(store, claimingFrom("q", "a", "bob", "1-9", { count: 1 }))).toBe(
      "1-9 next 1-10",
    );
    expect(await store.submit(deletingConsumer("q", "a", "ann"))).toBe(LIST_REACH - 2);
    expect(await store.submit({ kind: "status", queues: [bytesOf("q")] })).toMatchObject([
      { ready: LIST_REACH - 2, claimed: 1 },
    ]);
  });

  test("what would look at too many events in other places is not done", async () => {
    const store = await callerOf(open);
    await pushMany(store, "q", LIST_REACH, "right");
    await store.submit(creating("q", "a"));
    const ids = ["1-1", `1-${LIST_REACH}`];
    for (const id of ids) {
      expect(await store.submit(showing("q", id, id))).toMatchObject([{ id: bytesOf(id) }]);
    }
    await store.push("q", "2-1", "right");
    for (const operation of [showing("q", "1-1", "1-1"), asking("q"), creating("q", "b")]) {
      expect([operation.kind, await store.submit(operation)]).toEqual([operation.kind, TOO_LARGE]);
    }
    expect(await store.submit(trimming("q", toLength(LIST_REACH)))).toBe(1);
    expect(await store.submit(showing("q", "1-9", "1-9"))).toHaveLength(1);
  });
});
