// Reclaim: events with an expired lease are requeued, and the event popped first comes out first.
// oxlint-disable no-await-in-loop -- the steps take place in this order

import { expect } from "bun:test";
import type { Check } from "../contract.ts";

export function reclaims(check: Check): void {
  check("reclaim does not touch claims whose lease has not expired", async (store) => {
    await store.push("q", "1");
    await store.pop("q", 1000);
    expect(await store.reclaim()).toBe(0);
    store.advance(999);
    expect(await store.reclaim()).toBe(0);
    expect(await store.status("q")).toEqual([["q", 1, 1, 0]]);
  });

  check("a lease has expired when the clock reaches its deadline", async (store) => {
    await store.push("q", "1");
    await store.pop("q", 1000);
    store.advance(1000);
    expect(await store.reclaim()).toBe(1);
  });

  check("a reclaimed event is the next one out, with its contents", async (store) => {
    await store.pushAll("q", ["1", "2"]);
    await store.pop("q", 1000);
    store.advance(1500);
    expect(await store.reclaim()).toBe(1);
    expect(await store.status("q")).toEqual([["q", 2, 0, 0]]);
    expect(await store.popEvent("q")).toEqual(["1", "contents of 1"]);
    expect(await store.pop("q")).toBe("2");
  });

  check("a reclaimed event is not claimed any more", async (store) => {
    await store.push("q", "1");
    await store.pop("q", 1000);
    store.advance(1000);
    await store.reclaim();
    expect(await store.reclaim()).toBe(0);
    expect(await store.ack("q", "1")).toBe(false);
    expect(await store.push("q", "1")).toBe("duplicate");
  });

  check("events are requeued in the order in which they were popped", async (store) => {
    await store.pushAll("q", ["1", "2", "3", "4"]);
    for (const _ of "123") {
      await store.pop("q", 1000);
      store.advance(10);
    }
    store.advance(1000);
    expect(await store.reclaim()).toBe(3);
    expect(await store.drain("q")).toEqual(["1", "2", "3", "4"]);
  });

  check(
    "events popped within one millisecond are requeued in the order of popping",
    async (store) => {
      const shuffled = ["2", "\xff", "a", "", "10", "\x80", "A", "1", "a\xff", "\x00"];
      await store.pushAll("q", shuffled);
      for (const _ of shuffled) await store.pop("q", 1000);
      store.advance(1000);
      expect(await store.reclaim()).toBe(shuffled.length);
      expect(await store.drain("q")).toEqual(shuffled);
    },
  );

  check("events with different leases are requeued in the order of popping", async (store) => {
    await store.pushAll("q", ["a", "b", "c", "d"]);
    for (const lease of [10_000, 5000, 30_000, 1]) await store.pop("q", lease);
    store.advance(30_000);
    expect(await store.reclaim()).toBe(4);
    expect(await store.drain("q")).toEqual(["a", "b", "c", "d"]);
  });

  check("the event popped first comes out first, even if it is requeued later", async (store) => {
    await store.pushAll("q", ["1", "2", "3"]);
    await store.pop("q", 10_000);
    store.advance(1);
    await store.pop("q", 5000);
    store.advance(5000);
    expect(await store.reclaim()).toBe(1);
    expect(await store.peek("q")).toBe("2");
    store.advance(5000);
    expect(await store.reclaim()).toBe(1);
    expect(await store.drain("q")).toEqual(["1", "2", "3"]);
  });

  check("many events requeued in several rounds keep their order", async (store) => {
    const ids = Array.from({ length: 1200 }, (_, i) => `${(i * 7919) % 1200}`);
    await store.pushAll("q", ids);
    await Promise.all(ids.map(() => store.pop("q", 1000)));
    store.advance(1000);
    expect(await store.reclaim(500)).toBe(500);
    expect(await store.peek("q", "right")).toBe(ids[0]!);
    expect(await store.peek("q", "left")).toBe(ids[499]!);
    expect(await store.reclaim(500)).toBe(500);
    expect(await store.reclaim(500)).toBe(200);
    expect(await store.drain("q")).toEqual(ids);
  });

  check("a second claim of an event has a new lease", async (store) => {
    await store.pushAll("q", ["1", "2"]);
    await store.pop("q", 10_000);
    await store.redo("q", "1");
    await store.push("q", "3", "right");
    for (const _ of "312") await store.pop("q", 1000);
    store.advance(1000);
    expect(await store.reclaim()).toBe(3);
    expect(await store.drain("q")).toEqual(["3", "1", "2"]);
  });

  check("an event claimed again is requeued after earlier claims", async (store) => {
    await store.pushAll("q", ["1", "2"]);
    await store.pop("q", 1000);
    await store.pop("q", 5000);
    store.advance(1000);
    expect(await store.reclaim()).toBe(1);
    expect(await store.pop("q", 1000)).toBe("1");
    store.advance(5000);
    expect(await store.reclaim()).toBe(2);
    expect(await store.drain("q")).toEqual(["2", "1"]);
  });

  check("reclaim requeues at most its limit, the earliest deadlines first", async (store) => {
    await store.pushAll("q", ["1", "2", "3", "4", "5"]);
    for (const lease of [5000, 4000, 3000, 2000, 1000]) await store.pop("q", lease);
    store.advance(10_000);
    expect(await store.reclaim(2)).toBe(2);
    expect(await store.drain("q")).toEqual(["4", "5"]);
    expect(await store.reclaim(2)).toBe(2);
    expect(await store.drain("q")).toEqual(["2", "3"]);
    expect(await store.reclaim(2)).toBe(1);
    expect(await store.drain("q")).toEqual(["1"]);
    expect(await store.reclaim(2)).toBe(0);
  });

  check("reclaim requeues the events of every queue in their own queue", async (store) => {
    for (const queue of ["", "a", "a:b", "{a}"]) {
      await store.push(queue, `of ${queue}`);
      await store.pop(queue, 1000);
    }
    store.advance(1000);
    expect(await store.reclaim()).toBe(4);
    for (const queue of ["", "a", "a:b", "{a}"]) {
      expect(await store.drain(queue)).toEqual([`of ${queue}`]);
    }
  });

  check(
    "a limit counts the requeued events of all queues together",
    async (store) => {
      await store.pushAll("q", ["q1", "q3"]);
      await store.pushAll("r", ["r2", "r4"]);
      await store.pop("q", 1000);
      await store.pop("r", 2000);
      await store.pop("q", 3000);
      await store.pop("r", 4000);
      store.advance(5000);
      expect(await store.reclaim(1)).toBe(1);
      expect(await store.reclaim(2)).toBe(2);
      expect(await store.reclaim(2)).toBe(1);
      expect(await store.drain("q")).toEqual(["q1", "q3"]);
      expect(await store.drain("r")).toEqual(["r2", "r4"]);
    },
    "each part has its own limit",
  );

  check(
    "a short lease expires before longer ones claimed earlier in other queues",
    async (store) => {
      await store.pushAll("q", ["q5", "q1"]);
      await store.pushAll("r", ["r3"]);
      await store.pop("q", 5000);
      await store.pop("r", 3000);
      await store.pop("q", 1000);
      store.advance(2000);
      expect(await store.reclaim()).toBe(1);
      expect(await store.drain("q")).toEqual(["q1"]);
      store.advance(2000);
      expect(await store.reclaim()).toBe(1);
      expect(await store.drain("r")).toEqual(["r3"]);
    },
  );

  check("claims with one deadline are reclaimed in the order of popping", async (store) => {
    await store.pushAll("q", ["4", "1", "3", "2"]);
    for (const _ of "4132") await store.pop("q", 1000);
    store.advance(1000);
    expect(await store.reclaim(3)).toBe(3);
    expect(await store.drain("q")).toEqual(["4", "1", "3"]);
    expect(await store.reclaim(3)).toBe(1);
    expect(await store.drain("q")).toEqual(["2"]);
  });

  check("a claim that was acked or redone is not reclaimed", async (store) => {
    await store.pushAll("q", ["1", "2", "3"]);
    for (const lease of [1000, 2000, 3000]) await store.pop("q", lease);
    await store.ack("q", "1");
    await store.redo("q", "2");
    store.advance(5000);
    expect(await store.reclaim()).toBe(1);
    expect(await store.drain("q")).toEqual(["2", "3"]);
  });

  check("a second claim of an event has its own deadline", async (store) => {
    await store.push("q", "1");
    await store.pop("q", 1000);
    await store.redo("q", "1");
    store.advance(500);
    await store.pop("q", 5000);
    store.advance(1000);
    expect(await store.reclaim()).toBe(0);
    store.advance(4000);
    expect(await store.reclaim()).toBe(1);
  });
}
