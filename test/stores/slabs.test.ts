// The slabs of the store in memory, compared with a Map; and the events in them.
// oxlint-disable no-await-in-loop -- the steps take place in this order
import { describe, expect, test } from "bun:test";
import { LocalEvent, LocalQueue } from "../../src/stores/local/local-queue.ts";
import { decodeMore, moreWith } from "../../src/stores/local/more.ts";
import { isSlabbable, Slabs } from "../../src/stores/local/slabs.ts";
import { DELAYED, FAILED, type StoredState } from "../../src/stores/local/states.ts";
import { closeAfterTest } from "../support/close-after-test.ts";
import { nastyTexts } from "./contract/bytes.ts";
import { bytesOf } from "./contract/caller.ts";
import { LifeCaller } from "./contract/life-caller.ts";
import { openLocal } from "./open-local.ts";
import { Random } from "./random.ts";

const queue = new LocalQueue("q");

function eventWith(key: number, contents: string): LocalEvent {
  const event = new LocalEvent(queue, `id ${key}`, contents);
  Object.assign(event, { key, state: DELAYED });
  return event;
}

function randomEvent(key: number, random: Random): LocalEvent {
  const contents = random.of(nastyTexts).repeat(random.below(random.below(20) === 0 ? 90 : 9));
  const event = new LocalEvent(queue, random.of(nastyTexts) + key, contents);
  const [atMs, place, lease] = [random.below(2 ** 41), -key * 2 ** 20, random.below(1000)];
  const pushedAtMs = random.below(2 ** 41);
  Object.assign(event, {
    key,
    atMs,
    place,
    lease,
    pushedAtMs,
    state: random.of([DELAYED, FAILED]),
  });
  if (random.below(3) > 0) return event;
  const lastError = random.below(2) === 0 ? null : random.of(nastyTexts);
  event.more = moreWith(null, { failures: random.below(3), lastError, expiresAtMs: key });
  return event;
}

describe("slabs", () => {
  test.each([1, 2, 3])("give back what was put in, seed %d", (seed) => {
    const random = new Random(seed);
    const slabs = new Slabs();
    const events = new Map<number, LocalEvent>();
    for (let step = 1; step <= 30_000; step++) {
      const isGrowing = random.below(30_000) > step * 0.8;
      if (isGrowing) {
        const event = randomEvent(step, random);
        if (!isSlabbable(event)) continue;
        slabs.add(event);
        events.set(step, event);
      } else if (events.size > 0) {
        const key = random.of([...events.keys()].slice(0, 50));
        slabs.remove(key);
        events.delete(key);
        expect(slabs.read(key)).toBeUndefined();
      }
      if (step % 3000 > 0) continue;
      expect(slabs.size).toBe(events.size);
      let contentBytes = 0;
      for (const [key, event] of events) {
        const { more, expiresAtMs, unique, priority, group, token, claimant, ...stored } =
          slabs.read(key)!;
        const { id, state, atMs, place, lease, pushedAtMs, contents } = event;
        const position = { state: state as StoredState, atMs, place, lease, pushedAtMs };
        expect(stored).toEqual({ key, id, contents, ...position });
        expect([token, claimant]).toEqual([0, null]);
        expect(decodeMore({ more, expiresAtMs, unique, priority, group })).toEqual(event.more);
        contentBytes += contents!.length;
      }
      expect(slabs.contentBytes).toBe(contentBytes);
    }
    for (const key of events.keys()) slabs.remove(key);
    expect([slabs.size, slabs.contentBytes]).toEqual([0, 0]);
  });

  test("use the space of removed events again, also if some stay for ever", () => {
    const slabs = new Slabs();
    const contents = "x".repeat(200);
    // Every hundredth stays; the others leave soon, in another order.
    for (let key = 1; key <= 100_000; key++) {
      slabs.add(eventWith(key, contents));
      const old = key - 1000 + (key % 2 === 0 ? 1 : -1);
      if (old > 0 && old % 100 > 0) slabs.remove(old);
    }
    expect(slabs.size).toBeWithin(1980, 2010);
    expect(slabs.bytes).toBeWithin(2000 * 200, 2.5 * 2000 * 300 + 2 * 2 ** 18);
  });

  test("take little for a queue with few events", () => {
    const slabs = new Slabs();
    slabs.add(eventWith(1, "x"));
    expect(slabs.bytes).toBeLessThan(1100);
  });

  test("take no long contents and no event with very many facts", () => {
    expect(isSlabbable(eventWith(1, "x".repeat(4000)))).toBe(true);
    const long = new LocalEvent(queue, "id", Buffer.alloc(5000));
    expect(isSlabbable(long)).toBe(false);
    const event = eventWith(2, "x");
    event.more = moreWith(null, { log: Array(100).fill("x".repeat(4000)) });
    expect(isSlabbable(event)).toBe(false);
  });
});

describe("many events in memory", () => {
  const factsOf = (caller: LifeCaller) => {
    const facts = Object.fromEntries(caller.under.store.describe());
    const [memory, contents] = [facts["memory_bytes"], facts["content_bytes"]];
    return { memory: Number(memory), contents: Number(contents) };
  };

  async function open(warmEventsMax?: number): Promise<LifeCaller> {
    const caller = new LifeCaller(await openLocal(warmEventsMax));
    closeAfterTest(caller.under);
    return caller;
  }

  test("are counted as what they take", async () => {
    const caller = await open();
    const ids = Array<null>(1000).fill(null);
    const push = async (count: number) => {
      for (let at = 0; at < count; at += 1000) {
        await caller.pushBatch("q", ids, { contents: "x".repeat(100), start: { afterMs: 60_000 } });
      }
    };
    await push(50_000);
    const before = factsOf(caller);
    await push(100_000);
    const after = factsOf(caller);
    expect(after.contents - before.contents).toBe(100_000 * 100);
    expect((after.memory - before.memory) / 100_000).toBeWithin(250, 330);
  });

  test.each(["left", "right"] as const)(
    "of a long line from the %s are no objects",
    async (end) => {
      const caller = await open(100);
      const ids = Array<null>(1000).fill(null);
      const push = async (count: number) => {
        for (let at = 0; at < count; at += 1000) {
          await caller.pushBatch("q", ids, { contents: "x".repeat(100), end });
        }
      };
      await push(10_000);
      const before = factsOf(caller);
      await push(50_000);
      expect((factsOf(caller).memory - before.memory) / 50_000).toBeWithin(200, 330);
    },
  );

  test.each([1, 2, 3, 4])("count as nothing once they are gone, seed %d", async (seed) => {
    const caller = await open(seed % 2 === 0 ? 0 : 5);
    const random = new Random(seed);
    const queues = ["a", "b", "c"];
    await caller.configure(null, { "keep-completed": "20", backoff: "fixed 1", lease: "1" });
    for (let step = 0; step < 2000; step++) {
      const name = random.of(queues);
      const id = `${random.below(100)}`;
      const kind = random.weighted({ push: 6, delay: 6, end: 8, remove: 2, move: 2, tick: 1 });
      const contents = "x".repeat(random.below(5000));
      if (kind === "push") await caller.pushWith(name, id, { contents });
      else if (kind === "delay") {
        await caller.pushWith(name, id, { contents, start: { afterMs: random.below(9000) } });
      } else if (kind === "end") {
        const held = await caller.claim(name);
        if (held && random.below(2) === 0) await caller.ackClaim(name, held, "a result");
        else if (held) await caller.fail(name, held, random.of(["final", "backoff"]), "an error");
      } else if (kind === "remove") await caller.remove(name, [id]);
      else if (kind === "move") {
        const targets = [{ id: bytesOf(id), version: null }];
        const target = bytesOf(random.of(queues));
        await caller.submit({ kind: "move", queue: bytesOf(name), target, targets });
      } else {
        caller.advance(500);
        await caller.reclaim(5);
      }
      if (random.below(400) === 0) await caller.flush(name);
    }
    expect(factsOf(caller).memory).toBeGreaterThan(1000);
    for (const name of queues) await caller.flush(name);
    await caller.configure(null, { "keep-completed": null, backoff: null, lease: null });
    await caller.reclaim();
    expect(factsOf(caller)).toEqual({ memory: 0, contents: 0 });
  });
});
