// The ways of an event with a unique key to end, and to come back.
// oxlint-disable no-await-in-loop -- the steps take place in this order

import { expect } from "bun:test";
import { bytesOf } from "./caller.ts";
import type { LifeCaller, Options } from "./life-caller.ts";

export const KEY = "the \x00 key\xff";
export const unique: Options = { unique: { key: KEY } };

/** Who has the key: the id that a push with it is told; null if it is free. */
export async function ownerOf(store: LifeCaller, queue = "q", key = KEY): Promise<string | null> {
  const probe = await store.pushWith(queue, "probe", { unique: { key }, end: "right" });
  if (probe !== "probe") return probe.replace("duplicate of ", "");
  expect(await store.remove(queue, ["probe"])).toEqual([true]);
  return null;
}

function moveTo(store: LifeCaller, target: string, ids: string[]): Promise<boolean[]> {
  const targets = ids.map((id) => ({ id: bytesOf(id), version: null }));
  return store.submit({ kind: "move", queue: bytesOf("q"), target: bytesOf(target), targets });
}

export const failFinally = async (store: LifeCaller) =>
  store.fail("q", await store.mustClaim("q"), "final");

/** Ways of the event "1" to end, each from when it is ready. */
export const ends: Record<string, (store: LifeCaller) => Promise<unknown>> = {
  "is acknowledged": async (store) => store.ackClaim("q", await store.mustClaim("q")),
  "is acknowledged without a token": async (store) => {
    await store.pop("q");
    return store.ack("q", "1");
  },
  "is acknowledged in a batch": async (store) => {
    const { id, token } = await store.mustClaim("q");
    const claims = [{ id: bytesOf(id), token: bytesOf(token!) }];
    return store.submit({ kind: "ackBatch", queue: bytesOf("q"), claims });
  },
  "is completed": async (store) => {
    await store.configure("q", { "keep-completed": "" });
    return store.ackClaim("q", await store.mustClaim("q"), "a result");
  },
  "is popped with NOACK": (store) => store.mustClaim("q", 0),
  "is popped by a classic NOACK": (store) => store.pop("q", 0),
  "is popped by a NOACK of several": (store) => store.claimBatch(["q"], 5, 0),
  "fails for good": failFinally,
  "fails the last time": async (store) => {
    await store.configure("q", { "max-attempts": "1" });
    return store.fail("q", await store.mustClaim("q"));
  },
  "fails for good and is not kept": async (store) => {
    await store.configure("q", { "keep-failed": "0" });
    return failFinally(store);
  },
  "crashes the last time": async (store) => {
    await store.configure("q", { "max-crashes": "1" });
    return store.crash("q", await store.mustClaim("q"));
  },
  "is dropped by its TTL": async (store) => {
    store.advance(60_000);
    return store.reclaim();
  },
  "fails by its TTL": async (store) => {
    await store.configure("q", { "on-expire": "fail" });
    store.advance(60_000);
    return store.reclaim();
  },
  "has expired when a pop comes to it": async (store) => {
    store.advance(60_000);
    return store.pop("q");
  },
  "is deleted": (store) => store.remove("q", ["1"]),
  "is flushed": (store) => store.flush("q"),
  "is moved to another queue": (store) => moveTo(store, "q@other", ["1"]),
  "moves on because it failed": async (store) => {
    await store.configure("q", { "failed-to": "q@failed" });
    await failFinally(store);
    expect((await store.mustGet("q@failed", "1")).unique).toBeNull();
  },
  "moves on under another id": async (store) => {
    await store.configure("q", { "failed-to": "q@failed" });
    await store.push("q@failed", "1");
    return failFinally(store);
  },
  "is dropped for another one": async (store) => {
    await store.configure("q", { "max-length": "1", "on-full": "drop-oldest" });
    await store.push("q", "2");
    return store.configure("q", { "max-length": null });
  },
  "is dropped for a batch": async (store) => {
    await store.configure("q", { "max-length": "2", "on-full": "drop-oldest" });
    await store.pushBatch("q", ["2", "3"]);
    return store.configure("q", { "max-length": null });
  },
  "is too many after a change of settings": async (store) => {
    await store.push("q", "2");
    await store.configure("q", { "max-length": "1", "on-full": "drop-oldest" });
    for (let ticks = 0; ticks < 5; ticks++) await store.reclaim();
    return store.configure("q", { "max-length": null });
  },
  "is cancelled while it is ready": (store) => cancel(store),
  "is cancelled, then its claim fails": async (store) => {
    const held = await store.mustClaim("q");
    await cancel(store);
    return store.fail("q", held);
  },
  "is cancelled, then its lease ends": async (store) => {
    await store.mustClaim("q", 1000);
    await cancel(store);
    store.advance(1000);
    return store.reclaim();
  },
  "is cancelled, then handed back": async (store) => {
    const held = await store.mustClaim("q");
    await cancel(store);
    return store.redoClaim("q", held);
  },
  "is cancelled, then its pop is undone": async (store) => {
    const held = await store.mustClaim("q");
    await cancel(store);
    return store.unpop("q", held.popped);
  },
  "is replaced by one without a key": (store) =>
    store.pushWith("q", "1", { onDuplicate: "replace", start: { afterMs: 5000 } }),
};

function cancel(store: LifeCaller): Promise<unknown> {
  return store.submit({ kind: "cancel", queue: bytesOf("q"), id: bytesOf("1") });
}

/** Ways of the event "1" to come back or to change, after which it still has its key. */
export const returns: Record<string, (store: LifeCaller) => Promise<unknown>> = {
  "is handed back": async (store) => store.redoClaim("q", await store.mustClaim("q")),
  "is handed back for later": async (store) =>
    store.redoClaim("q", await store.mustClaim("q"), { afterMs: 1000 }),
  "fails and is ready": async (store) =>
    store.fail("q", await store.mustClaim("q"), { afterMs: 0 }),
  "fails and is delayed": async (store) =>
    store.fail("q", await store.mustClaim("q"), { afterMs: 1000 }),
  crashes: async (store) => store.crash("q", await store.mustClaim("q")),
  "is taken back when its lease ends": async (store) => {
    await store.pop("q", 1000);
    store.advance(1000);
    return store.reclaim();
  },
  "is not handed out after all": async (store) =>
    store.unpop("q", (await store.mustClaim("q")).popped),
  "is not handed out with NOACK after all": async (store) =>
    store.unpop("q", (await store.mustClaim("q", 0)).popped),
  "is not handed out by a classic NOACK after all": async (store) =>
    store.unpop("q", await store.popUndoable("q", 0)),
  "is delayed, then due": async (store) => {
    await change(store, { start: { afterMs: 1000 } });
    expect(await ownerOf(store)).toBe("1");
    store.advance(1000);
    return store.reclaim();
  },
  "gets other contents": (store) => change(store, { contents: bytesOf("others") }),
  "is replaced by one of that key": (store) =>
    store.pushWith("q", "1", { ...unique, onDuplicate: "replace" }),
  "fails for good and is tried again": async (store) => {
    await failFinally(store);
    return store.retry("q", ["1"]);
  },
  "waits for another attempt and is tried again": async (store) => {
    await store.fail("q", await store.mustClaim("q"), { afterMs: 1000 });
    return store.retry("q", ["1"], "right");
  },
};

function change(store: LifeCaller, changes: object): Promise<unknown> {
  const none = { contents: null, priority: null, start: null, ttlMs: null, headers: [] };
  return store.submit({
    kind: "set",
    queue: bytesOf("q"),
    id: bytesOf("1"),
    ...none,
    ...changes,
  });
}
