// QWORKERS over the wire.
import { describe, expect, test } from "bun:test";
import { eventually } from "../support/eventually.ts";
import { lifeStoresAndCluster, startOkqOn, useCluster } from "../support/okq-server.ts";
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
      { worker: "ann", claims: 2 },
      { worker: "bob", claims: 2 },
    ]);
    expect(rows[0]!["client"]).toBe(String(await ask(ann, "CLIENT", "ID")));
    expect(Number(rows[0]!["oldest-claim-seconds"])).toBeGreaterThanOrEqual(0);
    expect((await workers(ann, "p"))[1]).toMatchObject([{ worker: "bob", claims: 1 }]);
    const [after, first] = await workers(ann, "COUNT", "1");
    expect(first).toHaveLength(1);
    const [end, second] = await workers(ann, "AFTER", String(after), "COUNT", "1");
    expect([first[0]!["worker"], second[0]!["worker"], end]).toEqual(["ann", "bob", null]);
  });

  test("shows the queues for which a client waits", async () => {
    const okq = await startOkqOn(store);
    const [waiting, looking] = await Promise.all([okq.connect(), okq.connect()]);
    waiting.pipeline(["QPOP", "WAIT", "60", "AS", "ignored", "FROM", "a", "b"]);
    await eventually(async () => (await workers(looking))[1].length > 0);
    const [, [row]] = await workers(looking, "b");
    expect(row).toMatchObject({ claims: 0, waiting: ["b"] });
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
