// Requests and replies that are lost between the client and okq.
import { describe, expect, test } from "bun:test";
import { ConnectionError, DuplicateError } from "okq/client";
import { connectClient, connectThroughProxy, rejectionOf } from "../support/client.ts";
import { startOkqOn } from "../support/okq-server.ts";

describe.each(["memory", "redis"] as const)("on %s", (store) => {
  async function start() {
    const { port } = await startOkqOn(store);
    const proxied = connectThroughProxy(port);
    // The connections of the tests are made before the losses begin.
    await proxied.okq.ping();
    return { ...proxied, direct: connectClient(port) };
  }

  test.each(["requests", "replies"] as const)("pushes once although %s are lost", async (what) => {
    const { okq, direct, lose } = await start();
    const pushes = ["a", undefined].map((id) =>
      okq.queue("mail").push("hello", id === undefined ? {} : { id }),
    );
    const batch = okq.queue("mail").pushMany(["one", "two"]);
    const kept = okq.queue("mail").push("kept", { id: "k", onDuplicate: "keep" });
    await lose(what);
    const ids = [...(await Promise.all(pushes)), ...(await batch), await kept];
    const popped = await direct.queue("mail").popMany(10);
    expect(new Set(popped.map(({ id }) => id))).toEqual(new Set(ids as string[]));
    expect(popped.length).toBe(5);
  });

  test("tells a duplicate of its own from that of another", async () => {
    const { okq, direct, lose } = await start();
    await direct.queue("mail").push("hello", { id: "a", unique: "key" });
    const push = okq.queue("mail").push("hello", { unique: "key" });
    await lose("replies");
    const error = await rejectionOf(push);
    expect(error).toBeInstanceOf(DuplicateError);
    expect(error).toMatchObject({ id: "a", outcome: "unknown" });
  });

  test("counts ends of claims as done when replies are lost", async () => {
    const { okq, lose } = await start();
    const mail = okq.queue<number>("mail");
    await mail.pushMany([1, 2, 3, 4, 5, 6]);
    const [a, b, c, d, e] = (await mail.popMany(5)) as [any, any, any, any, any];
    const ends = [
      mail.ack(a, { result: "done" }),
      mail.ackMany([b, c]),
      mail.fail(d, { error: "no" }),
      mail.touch(e),
      mail.touchMany([e]),
    ];
    await lose("replies");
    expect(await Promise.all(ends)).toEqual([true, [true, true], "unknown", "held", ["held"]]);
    const next = mail.next(e, { leaseMs: 1_000 });
    await lose("replies");
    // The first QNEXT claimed the last event: it comes back when that lease ends.
    expect(await next).toEqual({ acked: true, event: null });
    expect((await mail.pop({ waitMs: 30_000 }))?.id).not.toBeUndefined();
  });

  test.each(["requests", "replies"] as const)("goes on waiting when %s are lost", async (what) => {
    const { okq, direct, proxy, lose } = await start();
    const mail = okq.queue("mail");
    // A connection for waits.
    expect(await mail.pop({ waitMs: 1 })).toBeNull();
    if (what === "requests") {
      const popped = mail.pop({ waitMs: 60_000 });
      await lose("requests");
      await direct.queue("mail").push("hello");
      expect((await popped)?.contents).toBe("hello");
      return;
    }
    proxy.set("replies", "swallow");
    const popped = mail.pop({ waitMs: 60_000, leaseMs: 1_000 });
    await direct.queue("mail").push("hello");
    await lose("replies");
    expect(await popped).toMatchObject({ contents: "hello", attempt: 2 });
  });

  test("a raw command is not sent again once okq may have it", async () => {
    const { okq, direct, lose } = await start();
    const call = okq.call("QPUSH", "mail", "hello");
    await lose("replies");
    const error = await rejectionOf(call);
    expect(error).toBeInstanceOf(ConnectionError);
    expect(error.outcome).toBe("unknown");
    expect((await direct.queue("mail", { contents: "text" }).popMany(10)).length).toBe(1);
  });
});
