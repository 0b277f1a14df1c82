// The local store: the contract, its own guarantees, and its data structures.
// oxlint-disable no-await-in-loop -- the steps take place in this order

import { describe, expect, test } from "bun:test";
import type { Operation } from "../../src/queue/operations.ts";
import { ColdIndex } from "../../src/stores/local/cold-index.ts";
import { Deque } from "../../src/stores/local/deque.ts";
import { HashIndex, hashOf } from "../../src/stores/local/hash-index.ts";
import { IndexedHeap } from "../../src/stores/local/indexed-heap.ts";
import { batchOperationsMax } from "../../src/stores/local/batch.ts";
import { MemoryRelease } from "../../src/stores/local/memory-release.ts";
import { closeAfterTest } from "../support/close-after-test.ts";
import { TestClock } from "../support/test-clock.ts";
import { storeContract } from "./contract.ts";
import { Caller } from "./contract/caller.ts";
import { testLikeReference } from "./like-reference.ts";
import { openLocal } from "./open-local.ts";
import { Random } from "./random.ts";

storeContract("local", () => openLocal());
storeContract("local, all events in slabs", () => openLocal(0));
const likeReference = { seeds: [1, 2, 3, 4, 5], rounds: 150 };
testLikeReference("local", () => openLocal(), likeReference);
testLikeReference("local, all events in slabs", () => openLocal(0), likeReference);
testLikeReference("local, some events in slabs", () => openLocal(3), likeReference);
const listsLikeReference = { seeds: [1, 2], rounds: 100, only: "lists" } as const;
testLikeReference("local, lists", () => openLocal(), listsLikeReference);
const streamsLikeReference = { seeds: [1, 2], rounds: 100, only: "streams" } as const;
testLikeReference("local, streams", () => openLocal(), streamsLikeReference);
testLikeReference("local, streams, all events in slabs", () => openLocal(0), streamsLikeReference);
testLikeReference("local, lists, all events in slabs", () => openLocal(0), listsLikeReference);

async function openCaller(): Promise<Caller> {
  return new Caller(await openLocal());
}

/** Bytes in use after several garbage collections. */
function leastHeap(): number {
  const heaps = [1, 2, 3].map(() => (Bun.gc(true), process.memoryUsage().heapUsed));
  return Math.min(...heaps);
}

describe("the local store", () => {
  test("reports a ready queue at most once per batch, after the results", async () => {
    const store = await openCaller();
    const told: number[] = [];
    await Promise.all(
      ["1", "2", "3"].map(async (id) => {
        await store.push("q", id);
        told.push(store.under.ready.length);
      }),
    );
    expect(store.under.ready).toEqual([["q", 3]]);
    expect(told.length).toBe(3);
    await Promise.all([store.pop("q"), store.redo("q", "1"), store.push("r", "1")]);
    expect(store.under.ready.slice(1)).toEqual([
      ["q", 1],
      ["r", 1],
    ]);
  });

  test("executes nothing before the end of the turn", async () => {
    const store = await openCaller();
    const push = store.push("q", "1");
    await Promise.resolve();
    expect(store.under.ready).toEqual([]);
    await push;
    expect(store.under.ready).toEqual([["q", 1]]);
  });

  test("executes a limited number of operations per turn, in order", async () => {
    const store = await openCaller();
    const ids = Array.from({ length: 2 * batchOperationsMax + 1 }, (_, i) => `${i}`);
    await store.pushAll("q", ids);
    expect(store.under.ready).toEqual([
      ["q", batchOperationsMax],
      ["q", batchOperationsMax],
      ["q", 1],
    ]);
    expect(await store.drain("q")).toEqual(ids);
  });

  test("refuses an operation that throws, and executes the others", async () => {
    const store = await openCaller();
    const bad = { kind: "push", queue: Buffer.from("q"), end: "left", id: Buffer.from("2") };
    const unknown = { kind: "no such kind" };
    const results = await Promise.allSettled([
      store.push("q", "1"),
      store.submit(bad as Operation),
      store.another().submit(unknown as unknown as Operation),
      store.another().push("q", "3"),
    ]);
    const failures = results.map((r) => (r.status === "rejected" ? r.reason.failure : r.value));
    expect(failures).toEqual(["ok", "refused", "refused", "ok"]);
    expect(await store.drain("q")).toEqual(["1", "3"]);
  });

  test("executes operations submitted before close, and no later ones", async () => {
    const store = await openCaller();
    const before = Promise.all([store.push("q", "1"), store.pop("q")]);
    await store.under.store.close();
    expect(await before).toEqual(["ok", "1"]);
    await expect(store.pop("q")).rejects.toMatchObject({ failure: "unavailable" });
    await store.under.store.close();
  });

  test("marks the last page, also if it is full", async () => {
    const store = await openCaller();
    for (const queue of ["a", "b", "c", "d"]) await store.push(queue, "1");
    const nexts = async (limit: number, after: string | null) => {
      const { next } = await store.page(after, limit);
      return next?.toString("latin1") ?? null;
    };
    expect(await nexts(4, null)).toBeNull();
    expect(await nexts(3, null)).toBe("c");
    expect(await nexts(2, "b")).toBeNull();
    expect(await nexts(2, "d")).toBeNull();
  });

  test("counts queues, events and bytes", async () => {
    const store = await openCaller();
    const facts = () => Object.fromEntries(store.under.store.describe());
    await store.push("q", "1", "left", "12345");
    await store.push("q", "2", "left", "123");
    await store.push("r", "1", "left", "12");
    await store.pop("q");
    const held = { store: "memory", queues: 2, ready: 2, claimed: 1, content_bytes: 10 };
    expect(facts()).toMatchObject({ ...held, delayed: 0, failed: 0, completed: 0 });
    await store.redo("q", "1");
    expect(facts()).toMatchObject({ ready: 3, claimed: 0, content_bytes: 10 });
    await store.pop("q");
    await store.flush("q");
    expect(facts()).toMatchObject({ ready: 1, claimed: 0, content_bytes: 2 });
    await store.pop("r", 0);
    expect(facts()).toMatchObject({ ready: 0, claimed: 0, content_bytes: 0 });
  });

  test("forgets empty queues at the next reclaim", async () => {
    const store = await openCaller();
    const { store: local } = store.under;
    const names = Array.from({ length: 100 }, (_, number) => `q${number}`);
    await Promise.all(names.map((name) => store.push(name, "1")));
    expect(local.dueInMs()).toBeGreaterThan(0);
    await Promise.all(names.map((name) => store.pop(name, 0)));
    expect(local.dueInMs()).toBe(0);
    await store.reclaim();
    expect(Object.fromEntries(local.describe())).toMatchObject({ queues: 0 });
    expect(local.dueInMs()).toBeGreaterThan(0);
  });

  test("a reclaim is due when the first lease has expired", async () => {
    const store = await openCaller();
    await store.pushAll("q", ["1", "2"]);
    await store.pop("q", 100);
    await store.pop("q", 50);
    expect(store.under.store.dueInMs()).toBeGreaterThan(0);
    store.advance(50);
    expect(store.under.store.dueInMs()).toBe(0);
    await store.reclaim();
    expect(store.under.store.dueInMs()).toBeGreaterThan(0);
  });

  test("holds contents of 64 MB", async () => {
    const store = await openCaller();
    const contents = Buffer.alloc(64 * 1024 * 1024, "\xff\x00a", "latin1");
    const [queue, id] = [Buffer.from("q"), Buffer.from("huge")];
    await store.submit({ kind: "push", queue, end: "left", id, contents, options: null });
    const event = await store.submit({ kind: "pop", queue, leaseMs: 0, claimant: null });
    expect(event?.contents.equals(contents)).toBe(true);
  });

  test("uses no more memory after many claims and acks", async () => {
    const store = await openCaller();
    const cycles = async (count: number) => {
      for (let i = 0; i < count; i += 1000) {
        const ids = Array.from({ length: 1000 }, (_, k) => `${i + k}`);
        void ids.map((id) => store.push("q", id));
        void ids.map(() => store.pop("q", 30_000));
        await Promise.all(ids.map((id) => store.ack("q", id)));
      }
      store.under.ready.length = 0;
      return leastHeap();
    };
    const before = await cycles(20_000);
    // If claims of at least 100 bytes were kept, they would take twice the bound.
    const after = await cycles(200_000);
    expect(after - before).toBeLessThan(10_000_000);
  });
});

describe("the release of memory", () => {
  const mebibyte = 1024 * 1024;

  function setUp() {
    const counts = { collections: 0 };
    const clock = new TestClock();
    const release = new MemoryRelease(clock, () => counts.collections++);
    closeAfterTest(release);
    return { clock, counts, release };
  }

  test("collects garbage once, a second after most of a peak is gone", () => {
    const { clock, counts, release } = setUp();
    for (const held of [0, 100, 400, 300, 101]) release.observe(held * mebibyte, 1);
    for (const held of [100, 100, 90, 95]) release.observe(held * mebibyte, 1);
    expect(counts.collections).toBe(0);
    clock.advance(1000);
    expect(counts.collections).toBe(1);
    release.observe(10 * mebibyte, 1);
    clock.advance(10_000);
    expect(counts.collections).toBe(2);
    expect(clock.timers).toBe(0);
  });

  test("waits for a second of low load, however long that takes", () => {
    const { clock, counts, release } = setUp();
    for (const held of [100, 0]) release.observe(held * mebibyte, 1);
    for (let second = 0; second < 600; second++) {
      release.observe(0, 1000);
      clock.advance(1000);
    }
    expect(counts.collections).toBe(0);
    release.observe(0, 20);
    clock.advance(1000);
    expect(counts.collections).toBe(1);
  });

  test("ignores small backlogs that come and go", () => {
    const { clock, counts, release } = setUp();
    for (let i = 0; i < 100; i++) {
      release.observe(15 * mebibyte, 1);
      release.observe(0, 1);
    }
    clock.advance(1000);
    expect(counts.collections).toBe(0);
  });
});

describe("the deque", () => {
  test.each([1, 2, 3])("gives the results of an array, seed %d", (seed) => {
    const random = new Random(seed);
    const deque = new Deque<number>(8);
    const model: number[] = [];
    for (let i = 0; i < 20_000; i++) {
      // Grows and shrinks in turn.
      const isGrowing = Math.floor(i / 2000) % 2 === 0;
      const kind = random.weighted({ push: isGrowing ? 3 : 1, pop: isGrowing ? 1 : 3 });
      const isLeft = random.below(2) === 0;
      if (kind === "pop") {
        const popped = isLeft ? deque.popLeft() : deque.popRight();
        expect(popped).toBe(isLeft ? model.shift() : model.pop());
      } else if (isLeft) {
        deque.pushLeft(i);
        model.unshift(i);
      } else {
        deque.pushRight(i);
        model.push(i);
      }
      expect(deque.length).toBe(model.length);
      expect(deque.peekLeft()).toBe(model[0]);
      expect(deque.peekRight()).toBe(model.at(-1));
      const distance = random.below(model.length + 3);
      expect(deque.fromRight(distance)).toBe(model.at(-1 - distance));
      if (distance < model.length) {
        deque.setFromRight(distance, -i);
        model[model.length - 1 - distance] = -i;
      }
      if (i % 500 === 0) expect([...deque]).toEqual(model);
    }
  });

  test("shrinks after it was drained", () => {
    const deque = new Deque<number>();
    const emptyCapacity = deque.capacity;
    for (let i = 0; i < 100_000; i++) deque.pushLeft(i);
    expect(deque.capacity).toBeLessThanOrEqual(4 * 100_000);
    for (let i = 0; i < 100_000; i++) deque.popRight();
    expect(deque.capacity).toBe(emptyCapacity);
  });
});

describe("the heap", () => {
  interface Element {
    rank: number;
    heapAt: number;
  }

  test.each([1, 2, 3])("gives the results of a sorted array, seed %d", (seed) => {
    const random = new Random(seed);
    const heap = new IndexedHeap<Element>((a, b) => a.rank < b.rank);
    const model: Element[] = [];
    const first = () => model.reduce((min, { rank }) => Math.min(min, rank), Infinity);
    for (let i = 0; i < 10_000; i++) {
      const kind = random.weighted({ add: 5, remove: 4, move: 2 });
      const element = random.of(model);
      if (kind === "add" || !element) {
        const added = { rank: random.below(50), heapAt: -1 };
        heap.add(added);
        model.push(added);
      } else if (kind === "move") {
        element.rank = random.below(50);
        heap.moved(element);
      } else {
        heap.remove(element);
        model.splice(model.indexOf(element), 1);
        expect(element.heapAt).toBe(-1);
      }
      expect(heap.length).toBe(model.length);
      expect(heap.first?.rank ?? Infinity).toBe(first());
    }
    const drained: number[] = [];
    while (heap.first) {
      drained.push(heap.first.rank);
      heap.remove(heap.first);
    }
    expect(drained).toEqual(model.map(({ rank }) => rank).toSorted((a, b) => a - b));
  });
});

describe("the hash index", () => {
  interface Element {
    key: string;
    hash: number;
  }

  // Hashes of a few bits cause frequent collisions, and so gaps to close.
  test.each([1, 2, 3, 32])("gives the results of a Map with hashes of %d bits", (bits) => {
    const random = new Random(bits);
    const hashed = (key: string) => (bits === 32 ? hashOf(key) : hashOf(key) >> (32 - bits));
    const index = new HashIndex<Element>((element) => element.key);
    const model = new Map<string, Element>();
    for (let i = 0; i < 20_000; i++) {
      const key = `${random.below(Math.floor(i / 4000) % 2 === 0 ? 400 : 60)}`;
      const found = index.get(key, hashed(key));
      expect(found).toBe(model.get(key));
      if (found) {
        index.remove(found);
        model.delete(key);
      } else {
        const element = { key, hash: hashed(key) };
        index.add(element);
        model.set(key, element);
      }
      expect(index.size).toBe(model.size);
    }
    expect(new Set(index)).toEqual(new Set(model.values()));
  });

  test("shrinks after it was emptied", () => {
    const index = new HashIndex<Element>((element) => element.key);
    const emptyCapacity = index.capacity;
    const elements = Array.from({ length: 50_000 }, (_, i) => ({
      key: `${i}`,
      hash: hashOf(`${i}`),
    }));
    for (const element of elements) index.add(element);
    for (const element of elements) index.remove(element);
    expect(index.capacity).toBe(emptyCapacity);
  });
});

describe("the index of cold events", () => {
  // Few hashes cause frequent collisions, and so gaps to close; many hashes cause shards.
  test.each([
    [8, 2_000],
    [4096, 20_000],
    [2 ** 32, 100_000],
  ])("does what a Map of lists does with %d hashes", (hashCount, entryCount) => {
    const random = new Random(hashCount);
    const index = new ColdIndex();
    const entries: [hash: number, key: number][] = [];
    const keys = new Map<number, Set<number>>();
    for (let key = 1; key <= entryCount; key++) {
      const hash = random.below(hashCount) | 0;
      index.add(hash, key);
      entries.push([hash, key]);
      keys.set(hash, (keys.get(hash) ?? new Set()).add(key));
      if (random.below(3) > 0) continue;
      const [goneHash, gone] = entries.splice(random.below(entries.length), 1)[0]!;
      index.remove(goneHash, gone);
      keys.get(goneHash)!.delete(gone);
      expect(index.find(goneHash, (found) => found === gone)).toBe(0);
    }
    expect(index.size).toBe(entries.length);
    for (const [hash, key] of entries) {
      if (index.find(hash, (found) => found === key) !== key) throw new Error(`${key} is missing`);
      index.remove(hash, key);
    }
    expect(index.size).toBe(0);
  });

  test("uses less than 50 bytes per event, and shrinks when it is emptied", () => {
    const index = new ColdIndex();
    const emptyBytes = index.bytes;
    for (let key = 1; key <= 300_000; key++) index.add(hashOf(`${key}`), key);
    expect(index.bytes / 300_000).toBeLessThan(50);
    for (let key = 1; key <= 300_000; key++) index.remove(hashOf(`${key}`), key);
    expect(index.bytes).toBeLessThanOrEqual(256 * emptyBytes);
  });
});
