// The memory budget of a store on disk: which data counts, and which data is loaded into memory.
import { expect, setDefaultTimeout, test } from "bun:test";
import { Caller } from "./contract/caller.ts";
import { openSqlite, type SqliteUnderTest } from "./open-sqlite.ts";
import { Random } from "./random.ts";

setDefaultTimeout(20_000);

const MEGABYTE = 1024 * 1024;
const KILOBYTE = "x".repeat(1024);

async function withStore(
  memoryBudgetBytes: number,
  work: (store: Caller, under: SqliteUnderTest) => Promise<void>,
): Promise<void> {
  const under = await openSqlite({ memoryBudgetBytes });
  await work(new Caller(under), under);
  await under.close();
}

/** Facts of INFO: the memory taken, and the number of events that are only on disk. */
function factsOf(under: SqliteUnderTest): { memory: number; onDisk: number } {
  const facts = Object.fromEntries(under.store.describe());
  return { memory: Number(facts["memory_bytes"]), onDisk: Number(facts["on_disk_only"]) };
}

const names = (count: number, prefix: string) =>
  Array.from({ length: count }, (_, at) => `${prefix}-${at}`);

test("counts ids, also of events with short contents", async () => {
  await withStore(MEGABYTE, async (store, under) => {
    await store.pushAll("q", names(500, "i".repeat(10_000)));
    expect(factsOf(under).onDisk).toBeGreaterThan(390);
    expect(factsOf(under).memory).toBeLessThan(MEGABYTE + 100_000);
  });
});

test("counts queues, names, and events that are only on disk", async () => {
  await withStore(MEGABYTE, async (store, under) => {
    const queues = names(1000, "q".repeat(1000));
    for (const queue of queues) await store.push(queue, "1");
    expect(factsOf(under).memory).toBeGreaterThan(2.5 * MEGABYTE);
    expect(factsOf(under).onDisk).toBeGreaterThan(550);
    const { memory } = factsOf(under);
    await store.pushAll("q", names(1000, "i"));
    expect(factsOf(under).memory - memory).toBeWithin(60_000, 90_000);
  });
});

test("a peek loads nothing into memory", async () => {
  await withStore(MEGABYTE, async (store, under) => {
    const queues = names(50, "q");
    for (const queue of queues) {
      for (const id of ["1", "2", "3"]) await store.push(queue, id, "left", KILOBYTE + id);
    }
    await under.reopen();
    const before = factsOf(under);
    expect(before.onDisk).toBe(150);
    for (const queue of queues) {
      expect(await store.peekEvent(queue, "left")).toEqual(["3", `${KILOBYTE}3`]);
      expect(await store.peekEvent(queue, "right")).toEqual(["1", `${KILOBYTE}1`]);
    }
    expect(factsOf(under)).toEqual(before);
  });
});

test("pops from many queues load little more than the popped events", async () => {
  await withStore(MEGABYTE, async (store, under) => {
    const queues = names(100, "q");
    const ids = names(64, "i");
    for (const queue of queues) {
      await Promise.all(ids.map((id) => store.push(queue, id, "left", KILOBYTE)));
    }
    await under.reopen();
    const { memory } = factsOf(under);
    for (const queue of queues) expect(await store.pop(queue)).toBe("i-0");
    // As objects with contents they would take 9 MB.
    expect(factsOf(under).memory - memory).toBeLessThan(MEGABYTE);
    for (const queue of queues) expect(await store.drain(queue)).toEqual(ids.slice(1));
  });
});

test.each([1, 2, 3])("counts nothing once all queues are gone, seed %d", async (seed) => {
  await withStore(20_000, async (store, under) => {
    const random = new Random(seed);
    const queues = names(5, "queue");
    for (let step = 0; step < 2000; step++) {
      const queue = random.of(queues);
      const id = `${random.below(100)}`.repeat(1 + random.below(20));
      const kind = random.weighted({ push: 60, pop: 20, take: 10, redo: 9, flush: 1 });
      if (kind === "push") await store.push(queue, id, random.of(["left", "right"]));
      else if (kind === "pop") await store.pop(queue);
      else if (kind === "take") await store.pop(queue, 0);
      else if (kind === "redo") await store.redo(queue, id);
      else await store.flush(queue);
      if (random.below(500) === 0) await under.reopen();
    }
    for (const queue of queues) await store.flush(queue);
    await store.submit({ kind: "tick", limit: 1, parts: "all" });
    expect(factsOf(under)).toEqual({ memory: 0, onDisk: 0 });
  });
});
