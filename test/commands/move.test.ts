// QMOVE, QSET and QCANCEL over the wire.
import { describe, expect, test } from "bun:test";
import { lifeStoresAndCluster, startOkqOn, useCluster } from "../support/okq-server.ts";
import { ask, askAll, type Readable } from "../support/readable.ts";
import { passwordOf, writeUsers } from "../support/users.ts";
import type { Wire } from "../support/wire.ts";

useCluster();

async function drain(client: Wire, queue: string): Promise<Readable[]> {
  const ids: Readable[] = [];
  for (;;) {
    const event = (await ask(client, "QRPOP", queue, "NOACK")) as [string] | null;
    if (event === null) return ids;
    ids.push(event[0]);
  }
}

async function popToken(client: Wire, queue: string): Promise<{ id: string; token: string }> {
  const [[, id, , token]] = (await ask(client, "QPOP", "FROM", queue)) as [string[]];
  return { id: id!, token: token! };
}

describe.each(lifeStoresAndCluster)("on %s", (store) => {
  const connect = async () => await (await startOkqOn(store)).connect();

  test("QMOVE moves the ready events that fit, in their order", async () => {
    const client = await connect();
    for (const id of ["a1", "b1", "a2", "b2", "a3"]) await ask(client, "QPUSH", "q", id, "ID", id);
    await ask(client, "QPUSH", "target", "x", "ID", "first");
    expect(await ask(client, "QMOVE", "q", "target", "MATCH", "a*", "COUNT", 2)).toBe(2);
    expect(await drain(client, "q")).toEqual(["b1", "b2", "a3"]);
    expect(await drain(client, "target")).toEqual(["first", "a1", "a2"]);
  });

  test("QMOVE keeps the state and the due time of events that are not ready", async () => {
    const client = await connect();
    await ask(client, "QPUSH", "q", "x", "ID", "later", "DELAY", 100);
    await ask(client, "QPUSH", "q", "x", "ID", "broken");
    const { id, token } = await popToken(client, "q");
    await ask(client, "QFAIL", "q", id, token, "ERROR", "no", "FINAL");
    const dueAt = async (queue: string) =>
      ((await ask(client, "QGET", queue, "later")) as string[]).at(-1);
    const before = await dueAt("q");
    expect(await ask(client, "QMOVE", "q", "t", "STATE", "delayed")).toBe(1);
    expect(await ask(client, "QMOVE", "q", "t", "STATE", "failed")).toBe(1);
    expect(await dueAt("t")).toBe(before!);
    const moved = (await ask(client, "QGET", "t", "broken")) as string[];
    expect(moved.slice(0, 4)).toEqual(["id", "broken", "state", "failed"]);
    expect(moved).toContain("last-error");
  });

  test("QMOVE IDS leaves events that are claimed, missing, or whose id is taken", async () => {
    const client = await connect();
    for (const id of ["claimed", "taken", "free"]) await ask(client, "QPUSH", "q", id, "ID", id);
    await ask(client, "QPUSH", "t", "x", "ID", "taken");
    await ask(client, "QRPOP", "q");
    const ids = ["claimed", "taken", "free", "missing"];
    expect(await ask(client, "QMOVE", "q", "t", "IDS", ...ids)).toBe(1);
    expect(await drain(client, "t")).toEqual(["taken", "free"]);
    expect(await drain(client, "q")).toEqual(["taken"]);
  });

  test("QMOVE IDS takes those that fit, up to COUNT, in the order of the ids", async () => {
    const client = await connect();
    const ids = Array.from({ length: 30 }, (_, n) => `${n}`);
    for (const id of ids) await ask(client, "QPUSH", "q", id, "ID", id);
    await ask(client, "QPUSH", "q", "x", "ID", "later 5", "DELAY", 100);
    const given = ["later 5", ...ids.toReversed()];
    const move = ["QMOVE", "q", "t", "STATE", "ready", "MATCH", "*5", "COUNT", 2, "IDS", ...given];
    expect(await ask(client, ...move)).toBe(2);
    expect(await drain(client, "t")).toEqual(["25", "15"]);
    expect(await ask(client, ...move)).toBe(1);
    expect(await ask(client, ...move)).toBe(0);
  });

  test("a full or paused target ends QMOVE", async () => {
    const client = await connect();
    for (const id of ["1", "2", "3"]) await ask(client, "QPUSH", "q", id, "ID", id);
    await ask(client, "QCONFIG", "t", "max-length", 2);
    expect(await ask(client, "QMOVE", "q", "t")).toBe(2);
    await ask(client, "QPAUSE", "p", "IN");
    expect(await ask(client, "QMOVE", "q", "p")).toBe(0);
    expect(await drain(client, "q")).toEqual(["3"]);
  });

  test("QMOVE needs another queue, and not the claimed state", async () => {
    const client = await connect();
    expect(await ask(client, "QMOVE", "q", "q")).toBe("-ERR the target is the queue itself");
    expect(await ask(client, "QMOVE", "q", "t", "STATE", "claimed")).toMatch(
      /^-ERR .*STATE.*ready/,
    );
  });

  test("QMOVE needs the right to push into the target", async () => {
    const okq = await startOkqOn(store, {
      users: writeUsers("ann manage,inspect *", "bob all mail*").path,
    });
    const [ann, bob] = await Promise.all([okq.connect(), okq.connect()]);
    await ask(ann, "AUTH", "ann", passwordOf("ann"));
    await ask(bob, "AUTH", "bob", passwordOf("bob"));
    expect(await ask(ann, "QMOVE", "mail", "other")).toMatch(/^-NOPERM .*'other'/);
    expect(await ask(bob, "QMOVE", "mail", "other")).toMatch(/^-NOPERM .*'other'/);
    expect(await ask(bob, "QMOVE", "mail", "mail2")).toBe(0);
  });

  test("QSET changes contents and headers of an event, and leaves its place", async () => {
    const client = await connect();
    for (const id of ["1", "2"]) await ask(client, "QPUSH", "q", id, "ID", id, "HEADER", "a", "b");
    const headers = ["HEADER", "a", "new", "HEADER", "c", "d"];
    expect(await ask(client, "QSET", "q", "1", "CONTENTS", "changed", ...headers)).toBe(1);
    const [event] = (await ask(client, "QPOP", "FROM", "q")) as [Readable[]];
    expect([event[1], event[2], event[5]]).toEqual(["1", "changed", ["a", "new", "c", "d"]]);
    expect(await ask(client, "QSET", "q", "1", "CONTENTS", "x")).toBe(0);
    expect(await ask(client, "QSET", "q", "missing", "CONTENTS", "x")).toBe(0);
  });

  test("QSET DELAY delays an event, and makes a delayed one ready", async () => {
    const client = await connect();
    await ask(client, "QPUSH", "q", "x", "ID", "1");
    expect(await ask(client, "QSET", "q", "1", "DELAY", 100)).toBe(1);
    expect(await ask(client, "QRPOP", "q")).toBeNull();
    expect(await ask(client, "QSET", "q", "1", "DELAY", 0)).toBe(1);
    expect(await ask(client, "QRPOP", "q")).toEqual(["1", "x"]);
  });

  test("QCANCEL removes a waiting event, and asks the consumer of a claimed one", async () => {
    const client = await connect();
    await askAll(
      client,
      ["QPUSH", "q", "x", "ID", "claimed"],
      ["QPUSH", "q", "x", "ID", "ready"],
      ["QPUSH", "q", "x", "ID", "delayed", "DELAY", 100],
    );
    const { id, token } = await popToken(client, "q");
    expect(await ask(client, "QCANCEL", "q", "ready")).toBe("removed");
    expect(await ask(client, "QCANCEL", "q", "delayed")).toBe("removed");
    expect(await ask(client, "QCANCEL", "q", "missing")).toBeNull();
    expect(await ask(client, "QTOUCH", "q", id, token)).toBe(1);
    expect(await ask(client, "QGET", "q", id)).not.toContain("cancelled");
    expect(await ask(client, "QCANCEL", "q", id)).toBe("asked");
    expect(await ask(client, "QGET", "q", id)).toContain("cancelled");
    expect(await ask(client, "QTOUCH", "q", id, token)).toBe(2);
    expect(await ask(client, "QFAIL", "q", id, token)).toBe("removed");
    expect(await ask(client, "QGET", "q", id)).toBeNull();
  });
});
