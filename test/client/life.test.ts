// The life of an event as the client sees it, on each store.
import { describe, expect, test } from "bun:test";
import { DuplicateError } from "okq/client";
import { connectClient } from "../support/client.ts";
import { startOkqOn } from "../support/okq-server.ts";

describe.each(["memory", "redis"] as const)("on %s", (store) => {
  async function start() {
    const { port } = await startOkqOn(store);
    return connectClient(port);
  }

  test("pushes, pops and acknowledges an event", async () => {
    const mail = (await start()).queue<{ to: string }>("mail");
    const id = await mail.push({ to: "ann" }, { headers: { trace: "7" } });
    const event = (await mail.pop())!;
    expect(event).toMatchObject({ queue: "mail", id, contents: { to: "ann" }, attempt: 1 });
    expect(event.headers).toEqual({ trace: "7" });
    expect(event.bytes.toString()).toBe('{"to":"ann"}');
    expect(await mail.ack(event)).toBe(true);
    expect(await mail.ack(event)).toBe(false);
    expect(await mail.pop()).toBeNull();
  });

  test("waits for an event without hindering others", async () => {
    const okq = await start();
    const mail = okq.queue("mail", { contents: "text" });
    const popped = mail.pop({ waitMs: 30_000 });
    await okq.ping();
    await mail.push("hello");
    expect((await popped)?.contents).toBe("hello");
    expect(await mail.pop({ waitMs: 20 })).toBeNull();
  });

  test("fails, touches and gives back an event", async () => {
    const mail = (await start()).queue<number>("mail");
    await mail.push(1, { id: "a", backoff: "none" });
    const first = (await mail.pop())!;
    expect(await mail.touch(first, { leaseMs: 60_000, progress: "half" })).toBe("held");
    expect(await mail.fail(first, { error: "no such user" })).toBe("ready");
    expect(await mail.fail(first)).toBeNull();
    expect(await mail.touch(first)).toBe("lost");
    const second = (await mail.pop())!;
    expect(second.attempt).toBe(2);
    expect(await mail.ack(second, { redo: true })).toBe(true);
    const third = (await mail.pop())!;
    expect(await mail.fail(third, { final: true })).toBe("failed");
  });

  test("does many in one step", async () => {
    const mail = (await start()).queue<number>("mail");
    const numbers = Array.from({ length: 1_500 }, (_, n) => n);
    const ids = await mail.pushMany(numbers);
    expect(new Set(ids).size).toBe(1_500);
    const events = [...(await mail.popMany(1_000)), ...(await mail.popMany(1_000))];
    expect(events.map(({ contents }) => contents)).toEqual(numbers);
    expect(new Set(await mail.touchMany(events))).toEqual(new Set(["held"]));
    expect(await mail.ackMany(events)).toEqual(numbers.map(() => true));
    expect(await mail.pushMany([1, 2], { ids: ["a", "b"] })).toEqual(["a", "b"]);
    expect(await mail.pushMany([3, 4], { ids: ["b", "c"] })).toEqual([null, "c"]);
  });

  test("acknowledges and pops the next one in one round trip", async () => {
    const mail = (await start()).queue<string>("mail");
    await mail.pushMany(["one", "two"]);
    const first = (await mail.pop())!;
    const { acked, event } = await mail.next(first, { waitMs: 1_000 });
    expect([acked, event?.contents]).toEqual([true, "two"]);
    expect(await mail.next(first)).toEqual({ acked: false, event: null });
  });

  test("refuses a second event with the same id", async () => {
    const mail = (await start()).queue<string>("mail");
    expect(await mail.push("one", { id: "a" })).toBe("a");
    const error = await mail.push("two", { id: "a" }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(DuplicateError);
    expect(error).toMatchObject({ id: "a", outcome: "none", code: "DUPLICATE" });
    expect(await mail.push("two", { id: "a", onDuplicate: "keep" })).toBe("a");
    expect((await mail.peek())?.contents).toBe("one");
    await mail.push("two", { id: "a", onDuplicate: "replace" });
    expect((await mail.peek({ last: true }))?.contents).toBe("two");
  });
});
