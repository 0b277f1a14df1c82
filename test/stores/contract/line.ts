// The line of ready events: both ends, duplicates, peek, ready and flush.
// oxlint-disable no-await-in-loop -- the steps take place in this order

import { expect } from "bun:test";
import type { Check } from "../contract.ts";

export function line(check: Check): void {
  check("events pushed on the left come out in the order of pushing", async (store) => {
    await store.pushAll("q", ["1", "2", "3"]);
    expect(await store.drain("q")).toEqual(["1", "2", "3"]);
  });

  check("an event pushed on the right is the next one out", async (store) => {
    await store.pushAll("q", ["1", "2"]);
    expect(await store.push("q", "urgent", "right")).toBe("ok");
    expect(await store.drain("q")).toEqual(["urgent", "1", "2"]);
  });

  check("pushes at both ends make one line", async (store) => {
    await store.push("q", "c", "left");
    await store.push("q", "b", "right");
    await store.push("q", "d", "left");
    await store.push("q", "a", "right");
    expect(await store.drain("q")).toEqual(["a", "b", "c", "d"]);
  });

  check("a popped event has the contents that were pushed with its id", async (store) => {
    await store.push("q", "1", "left", "one");
    await store.push("q", "2", "left", "two");
    expect(await store.popEvent("q")).toEqual(["1", "one"]);
    expect(await store.popEvent("q", 0)).toEqual(["2", "two"]);
  });

  check("pop of a queue without ready events returns null", async (store) => {
    expect(await store.pop("nowhere")).toBeNull();
    expect(await store.pop("nowhere", 0)).toBeNull();
    await store.push("q", "1");
    await store.pop("q");
    expect(await store.pop("q")).toBeNull();
  });

  check("a push with a ready id is a duplicate and changes nothing", async (store) => {
    await store.push("q", "1", "left", "first");
    await store.push("q", "2");
    expect(await store.push("q", "2", "right", "other")).toBe("duplicate");
    expect(await store.push("q", "1", "left", "other")).toBe("duplicate");
    expect(await store.status("q")).toEqual([["q", 2, 0, 0]]);
    expect(await store.popEvent("q")).toEqual(["1", "first"]);
    expect(await store.popEvent("q")).toEqual(["2", "contents of 2"]);
  });

  check("an id is unique only in its queue", async (store) => {
    expect(await store.push("q", "1", "left", "here")).toBe("ok");
    expect(await store.push("r", "1", "left", "there")).toBe("ok");
    expect(await store.popEvent("q", 0)).toEqual(["1", "here"]);
    expect(await store.popEvent("r", 0)).toEqual(["1", "there"]);
  });

  check(
    "events pushed right come out first, then requeued events, then the others",
    async (store) => {
      await store.pushAll("q", ["1", "2", "3", "4"]);
      for (const lease of [5000, 5000, 1000]) await store.pop("q", lease);
      await store.push("q", "urgent", "right");
      await store.redo("q", "2");
      store.advance(5000);
      expect(await store.reclaim()).toBe(2);
      await store.push("q", "most urgent", "right");
      await store.push("q", "5", "left");
      expect(await store.status("q")).toEqual([["q", 7, 0, 0]]);
      expect([await store.peek("q", "right"), await store.peek("q", "left")]).toEqual([
        "most urgent",
        "5",
      ]);
      expect(await store.drain("q")).toEqual(["most urgent", "2", "urgent", "1", "3", "4", "5"]);
    },
  );

  check("a requeued event has its contents and its id, and can be flushed", async (store) => {
    await store.pushAll("q", ["1", "2"]);
    for (const _ of "12") await store.pop("q", 1000);
    store.advance(1000);
    await store.reclaim();
    await store.push("q", "3", "right");
    expect(await store.ready("q")).toBe("q");
    expect(await store.list()).toEqual([["q", 3, 0, 0]]);
    expect(await store.push("q", "2")).toBe("duplicate");
    expect(await store.push("q", "3", "right")).toBe("duplicate");
    expect(await store.peekEvent("q", "right")).toEqual(["3", "contents of 3"]);
    expect(await store.peekEvent("q", "left")).toEqual(["2", "contents of 2"]);
    await store.flush("q");
    expect(await store.ready("q")).toBeNull();
    expect(await store.peek("q", "left")).toBeNull();
    expect(await store.list()).toEqual([]);
    expect(await store.push("q", "2")).toBe("ok");
    expect(await store.drain("q")).toEqual(["2"]);
  });

  check("peek returns the event at either end and leaves it in the line", async (store) => {
    await store.pushAll("q", ["1", "2", "3"]);
    expect(await store.peekEvent("q", "right")).toEqual(["1", "contents of 1"]);
    expect(await store.peekEvent("q", "left")).toEqual(["3", "contents of 3"]);
    expect(await store.status("q")).toEqual([["q", 3, 0, 0]]);
    expect(await store.drain("q")).toEqual(["1", "2", "3"]);
  });

  check("peek does not see claimed events", async (store) => {
    await store.pushAll("q", ["1", "2"]);
    await store.pop("q");
    expect(await store.peek("q", "right")).toBe("2");
    await store.pop("q");
    expect(await store.peek("q", "right")).toBeNull();
    expect(await store.peek("q", "left")).toBeNull();
    expect(await store.peek("nowhere", "left")).toBeNull();
  });

  check("ready returns the first of the queues that has a ready event", async (store) => {
    await store.push("claimed", "1");
    await store.pop("claimed");
    await store.push("b", "1");
    await store.push("c", "1");
    expect(await store.ready("nowhere", "claimed", "c", "b")).toBe("c");
    expect(await store.ready("b", "c")).toBe("b");
    expect(await store.ready("nowhere", "claimed")).toBeNull();
    expect(await store.ready()).toBeNull();
  });

  check("flush removes ready and claimed events, and the ids are free", async (store) => {
    await store.pushAll("q", ["1", "2", "3"]);
    await store.pop("q");
    expect(await store.flush("q")).toBeNull();
    expect(await store.status("q")).toEqual([["q", 0, 0, 0]]);
    expect(await store.pop("q")).toBeNull();
    expect(await store.push("q", "1")).toBe("ok");
    expect(await store.push("q", "2")).toBe("ok");
    expect(await store.drain("q")).toEqual(["1", "2"]);
  });

  check("a claimed event never comes back after a flush", async (store) => {
    await store.pushAll("q", ["1", "2"]);
    await store.pop("q", 1000);
    await store.pop("q", 2000);
    await store.flush("q");
    expect(await store.redo("q", "1")).toBe(false);
    expect(await store.ack("q", "2")).toBe(false);
    store.advance(10_000);
    expect(await store.reclaim()).toBe(0);
    expect(await store.pop("q")).toBeNull();
  });

  check("after a flush the deadline of an old claim does not affect the same id", async (store) => {
    await store.push("q", "1");
    await store.pop("q", 1000);
    await store.flush("q");
    await store.push("q", "1", "left", "new");
    expect(await store.popEvent("q", 5000)).toEqual(["1", "new"]);
    store.advance(2000);
    expect(await store.reclaim()).toBe(0);
    expect(await store.ack("q", "1")).toBe(true);
  });

  check(
    "flush does not touch other queues, and does nothing for a missing queue",
    async (store) => {
      await store.push("q", "1");
      await store.push("r", "1");
      await store.flush("q");
      await store.flush("nowhere");
      expect(await store.status("q", "r", "nowhere")).toEqual([
        ["q", 0, 0, 0],
        ["r", 1, 0, 0],
        ["nowhere", 0, 0, 0],
      ]);
    },
  );
}
