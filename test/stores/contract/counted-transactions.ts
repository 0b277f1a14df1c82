// Transactions that bring counters to 0: their events are judged before anything is done.

import { expect } from "bun:test";
import type { Operation } from "../../../src/queue/operations.ts";
import type { Check } from "../contract.ts";
import { bytesOf } from "./caller.ts";
import { init, KEY, left, member, restartAll } from "./counters.ts";
import { type Held, type LifeCaller, refusalOf } from "./life-caller.ts";

const done = (name: string, key = KEY): Operation => ({
  kind: "countDown",
  queue: bytesOf("c"),
  key: bytesOf(key),
  member: bytesOf(name),
});

const initOf = (key: string, count: number): Operation => ({
  kind: "initCounter",
  queue: bytesOf("c"),
  key: bytesOf(key),
  count,
  ttlMs: null,
  event: { contents: bytesOf("joined"), end: "left", options: null },
});

const dropped = (key: string): Operation => ({
  kind: "dropCounter",
  queue: bytesOf("c"),
  key: bytesOf(key),
});

const push = (queue: string, id: string): Operation => ({
  kind: "push",
  queue: bytesOf(queue),
  end: "left",
  id: bytesOf(id),
  contents: bytesOf(id),
  options: null,
});

const ack = ({ id, token }: Pick<Held, "id" | "token">): Operation => ({
  kind: "ack",
  queue: bytesOf("c@1"),
  id: bytesOf(id),
  token: token === null ? null : bytesOf(token),
  result: null,
});

const ackBatch = (held: Held[]): Operation => ({
  kind: "ackBatch",
  queue: bytesOf("c@1"),
  claims: held.map(({ id, token }) => ({ id: bytesOf(id), token: bytesOf(token!) })),
});

/** Another session does it: what a refusal says, or "done". */
function outcomeOf(store: LifeCaller, ...operations: Operation[]): Promise<string> {
  return refusalOf(store.another().submit({ kind: "transaction", operations }));
}

async function claimMembers(store: LifeCaller, ids: string[]): Promise<Held[]> {
  await Promise.all(ids.map((id) => store.pushWith("c@1", id, member)));
  return store.claimBatch(["c@1"], ids.length);
}

export function countedTransactions(check: Check): void {
  check("a transaction whose counter may not push is refused as a whole", async (store) => {
    await init(store, 2);
    const held = await claimMembers(store, ["a", "b"]);
    const transactions = (): Operation[][] => [
      [push("c@2", "first"), done("x"), done("x"), done("y")],
      [push("c@2", "first"), ...held.map(ack)],
      [push("c@2", "first"), ackBatch(held)],
      [push("c@2", "first"), done("x"), ack({ id: held[0]!.id, token: null })],
    ];
    const outcomes = async () => {
      const all = transactions().map((operations) => outcomeOf(store, ...operations));
      return new Set(await Promise.all(all));
    };
    await store.pause("c", ["in"]);
    expect(await outcomes()).toEqual(new Set(["PAUSED c"]));
    await store.resume("c", ["in"]);
    await store.configure("c", { "max-length": "1" });
    await store.pushWith("c", "other");
    expect(await outcomes()).toEqual(new Set(["QUEUEFULL c"]));
    await restartAll(store);
    expect(await store.ids("c@2", "ready")).toEqual([]);
    expect(await left(store)).toBe(2);
    expect(await store.ids("c@1", "claimed")).toHaveLength(2);
    await store.remove("c", ["other"]);
    expect(await outcomeOf(store, ...held.map(ack))).toBe("done");
    expect(await store.ids("c", "ready")).toEqual([KEY]);
    expect(await left(store)).toBeNull();
  });

  check("the events of counters and the pushes need room together", async (store) => {
    await store.configure("c", { "max-length": "2" });
    await init(store, 1);
    await init(store, 1, { key: "second" });
    await init(store, 1, { key: "third" });
    const three = [done("x", "second"), done("x"), push("c", "pushed")];
    expect(await outcomeOf(store, ...three)).toBe("QUEUEFULL c");
    const ended = [done("x", "second"), done("x"), done("x", "third")];
    expect(await outcomeOf(store, ...ended)).toBe("QUEUEFULL c");
    expect(await left(store, "second")).toBe(1);
    await store.configure("c", { "on-full": "drop-oldest" });
    expect(await outcomeOf(store, ...ended)).toBe("done");
    expect((await store.ids("c", "ready")).toSorted()).toEqual(["third", KEY].toSorted());
  });

  check("what does not bring a counter to 0 needs no room", async (store) => {
    await init(store, 2);
    const held = await claimMembers(store, ["a"]);
    await store.pause("c", ["in"]);
    const few = [
      done("x"),
      done("x"),
      ack({ id: "a", token: "1-0" }),
      ack({ id: "b", token: null }),
    ];
    expect(await outcomeOf(store, ...few)).toBe("done");
    expect(await left(store)).toBe(1);
    expect(await outcomeOf(store, dropped(KEY), done("y"), ...held.map(ack))).toBe("done");
    expect(await left(store)).toBeNull();
    // A counter without an event.
    await init(store, 1, { event: null });
    expect(await outcomeOf(store, done("x"))).toBe("done");
    expect(await store.ids("c", "ready")).toEqual([]);
  });

  check("an id that is taken needs no room", async (store) => {
    await init(store, 1);
    await store.pushWith("c", KEY);
    await store.configure("c", { "max-length": "1" });
    expect(await outcomeOf(store, done("x"))).toBe("done");
    expect(await left(store)).toBeNull();
  });

  check("a counter that the transaction makes is judged as one that is there", async (store) => {
    await store.pause("c", ["in"]);
    expect(await outcomeOf(store, initOf("new", 2), done("x", "new"))).toBe("done");
    expect(await left(store, "new")).toBe(1);
    expect(await outcomeOf(store, initOf("new", 5), done("y", "new"))).toBe("PAUSED c");
    expect(await outcomeOf(store, initOf("b", 1), done("y", "b"))).toBe("PAUSED c");
    const again = [dropped("new"), initOf("new", 2), done("y", "new")];
    expect(await outcomeOf(store, ...again)).toBe("done");
    expect(await left(store, "new")).toBe(1);
    expect(await left(store, "b")).toBeNull();
  });

  check("a queue that is bound to that of a counter can refuse its event", async (store) => {
    const named = { queue: bytesOf("c"), name: bytesOf("mail") };
    expect(await store.submit({ kind: "bind", ...named })).toBe("ok");
    await init(store, 1);
    await store.configure("c@mail", { "max-length": "1" });
    await store.pushWith("c@mail", "other");
    expect(await outcomeOf(store, done("x"), push("c@2", "first"))).toBe("QUEUEFULL c@mail");
    await store.flush("c@mail");
    expect(await outcomeOf(store, done("x"), push("c@2", "first"))).toBe("done");
    expect(await store.ids("c@mail", "ready")).toEqual([KEY]);
  });
}
