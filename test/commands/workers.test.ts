// QWORKERS over the wire.
import { describe, expect, test } from "bun:test";
import { eventually } from "../support/eventually.ts";
import {
  lifeStoresAndCluster,
  onEmpty,
  startOkqOn,
  startTestOkq,
  useCluster,
} from "../support/okq-server.ts";
import { ask, type Readable } from "../support/readable.ts";
import { passwordOf, writeUsers } from "../support/users.ts";
import type { Wire } from "../support/wire.ts";

useCluster();

type Row = Record<string, Readable>;

async function workers(client: Wire, ...args: string[]): Promise<[next: Readable, rows: Row[]]> {
  const [next, rows] = (await ask(client, "QWORKERS", ...args)) as [Readable, Readable[][]];
  const rowOf = (flat: Readable[]) =>
    Array.from({ length: flat.length / 2 }, (_, n) => [flat[2 * n], flat[2 * n + 1]]);
  return [next, rows.map((flat) => Object.fromEntries(rowOf(flat)) as Row)];
}

describe.each(lifeStoresAndCluster)("on %s", (store) => {
  test("shows who holds claims of which age, by worker and client", async () => {
    const okq = await startOkqOn(store);
    const [ann, bob] = await Promise.all([okq.connect(), okq.connect()]);
    for (let n = 0; n < 3; n++) await ask(ann, "QPUSH", "q", "x");
    await ask(ann, "QPUSH", "p", "x");
    await ask(ann, "QPOP", "COUNT", "2", "AS", "ann", "FROM", "q");
    await ask(bob, "CLIENT", "SETNAME", "bob");
    await ask(bob, "QPOP", "COUNT", "2", "FROM", "q", "p");
    const [next, rows] = await workers(ann);
    expect(next).toBeNull();
    expect(rows).toMatchObject([
      { worker: "ann", claims: 2, holding: ["q"] },
      { worker: "bob", claims: 2, holding: ["p", "q"] },
    ]);
    expect(rows[0]!["client"]).toBe(String(await ask(ann, "CLIENT", "ID")));
    expect(Number(rows[0]!["oldest-claim-seconds"])).toBeGreaterThanOrEqual(0);
    expect((await workers(ann, "p"))[1]).toMatchObject([{ worker: "bob", claims: 1 }]);
    const [after, first] = await workers(ann, "COUNT", "1");
    expect(first).toHaveLength(1);
    const [end, second] = await workers(ann, "AFTER", String(after), "COUNT", "1");
    expect([first[0]!["worker"], second[0]!["worker"], end]).toEqual(["ann", "bob", null]);
  });

  test("shows the queues for which a client waits, in the row of its worker", async () => {
    const okq = await startOkqOn(store);
    const [waiting, looking] = await Promise.all([okq.connect(), okq.connect()]);
    await ask(waiting, "QPUSH", "a", "x");
    await ask(waiting, "QPOP", "AS", "ann", "FROM", "a");
    waiting.pipeline(["QPOP", "WAIT", "60", "AS", "ann", "FROM", "a", "b"]);
    await eventually(async () => (await workers(looking, "b"))[1].length > 0);
    expect((await workers(looking, "b"))[1]).toMatchObject([
      { worker: "ann", claims: 0, waiting: ["b"] },
    ]);
    expect((await workers(looking))[1]).toMatchObject([
      { worker: "ann", claims: 1, waiting: ["a", "b"] },
    ]);
    expect((await workers(looking, "c"))[1]).toEqual([]);
  });

  test("shows a user its queues only", async () => {
    const okq = await startOkqOn(store, { users: writeUsers("ann all *", "bob all mail*").path });
    const [ann, bob] = await Promise.all([okq.connect(), okq.connect()]);
    await ask(ann, "AUTH", "ann", passwordOf("ann"));
    await ask(bob, "AUTH", "bob", passwordOf("bob"));
    await ask(ann, "QPUSH", "other", "x");
    await ask(ann, "QPOP", "FROM", "other");
    expect((await workers(bob))[1]).toEqual([]);
    expect(await ask(bob, "QWORKERS", "other")).toMatch(/^-NOPERM .*'other'/);
  });
});

describe.each(["redis", "cluster"] as const)("several okq on %s", (store) => {
  test("show each other's waiting clients, until they wait no more", async () => {
    const shared = await onEmpty(store);
    const [first, second] = [await startTestOkq(shared), await startTestOkq(shared)];
    const [waiting, other] = [await first.connect(), await first.connect()];
    const looking = await second.connect();
    await ask(waiting, "CLIENT", "SETNAME", "ann");
    const client = String(await ask(waiting, "CLIENT", "ID"));
    waiting.pipeline(["QPOP", "WAIT", "60", "FROM", "a", Buffer.from("b\xff", "latin1")]);
    await eventually(async () => (await workers(looking))[1].length === 1);
    const row = { worker: "ann", client, claims: 0, waiting: ["a", "b\xff"] };
    expect((await workers(looking))[1]).toMatchObject([row]);
    expect((await workers(looking, "a"))[1]).toMatchObject([{ ...row, waiting: ["a"] }]);
    expect((await workers(looking, "c"))[1]).toEqual([]);
    await ask(other, "QPUSH", "a", "x");
    await waiting.next();
    await eventually(async () => (await workers(looking))[1][0]?.["waiting"] === undefined);
    waiting.pipeline(["QPOP", "WAIT", "60", "FROM", "c"]);
    await eventually(async () => (await workers(looking, "c"))[1].length === 1);
    await first.close();
    expect((await workers(looking, "c"))[1]).toEqual([]);
  });
});
