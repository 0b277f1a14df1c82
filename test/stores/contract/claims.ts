// Claims: the effects of pop, ack and redo on a claimed event.
// oxlint-disable no-await-in-loop -- the steps take place in this order

import { expect } from "bun:test";
import type { Check } from "../contract.ts";

export function claims(check: Check): void {
  check("a popped event is claimed: counted, but not ready", async (store) => {
    await store.push("q", "1");
    await store.pop("q");
    expect(await store.status("q")).toEqual([["q", 1, 1, 0]]);
    expect(await store.ready("q")).toBeNull();
  });

  check("a push with a claimed id is a duplicate and changes nothing", async (store) => {
    await store.push("q", "1");
    await store.pop("q");
    expect(await store.push("q", "1", "left", "other")).toBe("duplicate");
    expect(await store.push("q", "1", "right", "other")).toBe("duplicate");
    expect(await store.status("q")).toEqual([["q", 1, 1, 0]]);
    await store.redo("q", "1");
    expect(await store.popEvent("q")).toEqual(["1", "contents of 1"]);
  });

  check("an acknowledged event is gone, and its id is free again", async (store) => {
    await store.push("q", "1", "left", "old");
    await store.pop("q");
    expect(await store.ack("q", "1")).toBe(true);
    expect(await store.status("q")).toEqual([["q", 0, 0, 0]]);
    expect(await store.push("q", "1", "left", "new")).toBe("ok");
    expect(await store.popEvent("q")).toEqual(["1", "new"]);
  });

  check("an acknowledged event is not claimed any more", async (store) => {
    await store.push("q", "1");
    await store.pop("q");
    await store.ack("q", "1");
    expect(await store.ack("q", "1")).toBe(false);
    expect(await store.redo("q", "1")).toBe(false);
    expect(await store.pop("q")).toBeNull();
  });

  check("ack of a ready event, an unknown id or a missing queue changes nothing", async (store) => {
    await store.push("q", "1");
    expect(await store.ack("q", "1")).toBe(false);
    expect(await store.redo("q", "1")).toBe(false);
    expect(await store.ack("q", "unknown")).toBe(false);
    expect(await store.redo("nowhere", "1")).toBe(false);
    expect(await store.status("q", "nowhere")).toEqual([
      ["q", 1, 0, 0],
      ["nowhere", 0, 0, 0],
    ]);
    expect(await store.drain("q")).toEqual(["1"]);
  });

  check("ack ends only the claim in its queue", async (store) => {
    for (const queue of ["q", "r"]) {
      await store.push(queue, "1");
      await store.pop(queue);
    }
    expect(await store.ack("q", "1")).toBe(true);
    expect(await store.status("q", "r")).toEqual([
      ["q", 0, 0, 0],
      ["r", 1, 1, 0],
    ]);
  });

  check("claims may be acknowledged in any order", async (store) => {
    const ids = ["1", "2", "3", "4", "5"];
    await store.pushAll("q", ids);
    for (const _ of ids) await store.pop("q");
    for (const id of ["3", "1", "5", "2", "4"]) expect(await store.ack("q", id)).toBe(true);
    expect(await store.status("q")).toEqual([["q", 0, 0, 0]]);
  });

  check("redo makes a claimed event the next one out, with its contents", async (store) => {
    await store.pushAll("q", ["1", "2", "3"]);
    await store.pop("q");
    expect(await store.redo("q", "1")).toBe(true);
    expect(await store.status("q")).toEqual([["q", 3, 0, 0]]);
    expect(await store.popEvent("q")).toEqual(["1", "contents of 1"]);
  });

  check("the last of several redone events is the next one out", async (store) => {
    await store.pushAll("q", ["1", "2", "3"]);
    await store.pop("q");
    await store.pop("q");
    await store.redo("q", "1");
    await store.redo("q", "2");
    expect(await store.drain("q")).toEqual(["2", "1", "3"]);
  });

  check("a redone event is still a duplicate, and cannot be redone twice", async (store) => {
    await store.push("q", "1");
    await store.pop("q");
    await store.redo("q", "1");
    expect(await store.redo("q", "1")).toBe(false);
    expect(await store.push("q", "1")).toBe("duplicate");
    expect(await store.drain("q")).toEqual(["1"]);
  });

  check("a lease of 0 removes the event at once, and its id is free again", async (store) => {
    await store.push("q", "1", "left", "old");
    expect(await store.popEvent("q", 0)).toEqual(["1", "old"]);
    expect(await store.status("q")).toEqual([["q", 0, 0, 0]]);
    expect(await store.ack("q", "1")).toBe(false);
    expect(await store.redo("q", "1")).toBe(false);
    expect(await store.push("q", "1")).toBe("ok");
  });

  check("an event popped with a lease of 0 is never requeued", async (store) => {
    await store.push("q", "1");
    await store.pop("q", 0);
    store.advance(100_000);
    expect(await store.reclaim()).toBe(0);
    expect(await store.pop("q")).toBeNull();
  });

  check("an event with an expired lease is claimed until it is reclaimed", async (store) => {
    await store.pushAll("q", ["1", "2"]);
    await store.pop("q", 1000);
    await store.pop("q", 1000);
    store.advance(5000);
    expect(await store.status("q")).toEqual([["q", 2, 2, 0]]);
    expect(await store.push("q", "1")).toBe("duplicate");
    expect(await store.ack("q", "1")).toBe(true);
    expect(await store.redo("q", "2")).toBe(true);
    expect(await store.reclaim()).toBe(0);
    expect(await store.drain("q")).toEqual(["2"]);
  });
}
