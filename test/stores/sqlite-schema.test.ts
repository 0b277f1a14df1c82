// Databases of earlier schemas: one whose claims have their tokens among the rare facts of events
// (until schema 4), and one whose counters come back for a single member (schema 6).
import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { join } from "node:path";
import {
  createSchema,
  LEASE_BASE,
  migrations,
  NO_TIME,
  PLACE_BASE,
} from "../../src/stores/local/sqlite/schema.ts";
import { CLAIMED, READY } from "../../src/stores/local/states.ts";
import { newFolder } from "../support/new-folder.ts";
import { LifeCaller, type Named } from "./contract/life-caller.ts";
import { openSqlite } from "./open-sqlite.ts";

const nowMs = 1_700_000_000_000;
const leaseMs = 5000;
/** The first two have numbers in a counter of today. */
const tokens = [`${nowMs}-0`, `${nowMs}-1023`, `${nowMs}-1024`] as const;
const facts = { failures: 1, lastError: "e" };

/** Each event is named after the token of its claim. */
function newDatabase(): string {
  const file = join(newFolder(), "okq.db");
  const db = new Database(file);
  createSchema(db, migrations.slice(0, 4));
  db.run("INSERT INTO queues VALUES (1, 'q', NULL)");
  db.run("UPDATE clock SET ms = ?, counted = ?", [nowMs, nowMs + 1000]);
  const insert = db.prepare("INSERT INTO events VALUES (?, 1, ?, ?, ?, ?, ?, NULL, ?, ?, 'x')");
  for (const [at, token] of tokens.entries()) {
    const claim = { token, claimant: "okq 7 w1", claimedAtMs: nowMs };
    const more = JSON.stringify(at === 1 ? { ...facts, ...claim } : claim);
    const [dueMs, lease] = [nowMs + leaseMs, LEASE_BASE + leaseMs];
    insert.run(2 + at, CLAIMED, dueMs, lease, nowMs, PLACE_BASE - 2 - at, token, more);
  }
  insert.run(9, READY, NO_TIME, LEASE_BASE, nowMs, PLACE_BASE + 9, "ready", null);
  insert.finalize();
  db.close();
  return file;
}

test("claims keep their tokens and consumers, also over another start", async () => {
  const file = newDatabase();
  const [one, two, unnumbered] = tokens.map((token) => ({ id: token, token })) as [
    Named,
    Named,
    Named,
  ];
  for (const round of [1, 2]) {
    const store = new LifeCaller(await openSqlite({ file, nowMs }));
    const held = await store.mustGet("q", two.id);
    expect(held).toMatchObject({ failures: 1, lastError: Buffer.from("e"), claimedAtMs: nowMs });
    expect(held.claimant).toEqual(Buffer.from("okq 7 w1"));
    if (round === 2) {
      expect(await store.ackClaim("q", { ...one, token: two.token })).toBe(false);
      expect(await store.ackClaim("q", one)).toBe(true);
      expect(await store.fail("q", two)).toBe("delayed");
      // Its token is lost: it comes back.
      expect(await store.ackClaim("q", unnumbered)).toBe(false);
      store.advance(leaseMs);
      await store.reclaim();
      expect(await store.drain("q")).toEqual(["ready", unnumbered.id, two.id]);
    }
    await store.under.close();
  }
});

test("counters keep what they counted; of one that came back its member counts", async () => {
  const file = join(newFolder(), "okq.db");
  const db = new Database(file);
  createSchema(db, migrations.slice(0, 6));
  db.run("INSERT INTO queues VALUES (1, 'q', NULL)");
  db.run("UPDATE clock SET ms = ?, counted = ?", [nowMs, nowMs + 1000]);
  db.run(
    `INSERT INTO events (key, queue, state, at, lease, pushed, place, grp, id, contents)
     VALUES (9, 1, ?, ?, ?, ?, ?, 'g', 'grouped', 'x')`,
    [READY, NO_TIME, LEASE_BASE, nowMs, PLACE_BASE + 9],
  );
  const insert = db.prepare("INSERT INTO counters VALUES (?, 'q', ?, 3, ?, ?, NULL, ?, NULL)");
  insert.run(10, "counting", 2, nowMs, null);
  insert.run(11, "back", 1, nowMs, "only");
  insert.finalize();
  db.run("INSERT INTO members VALUES (10, 'one')");
  db.close();
  for (const round of [1, 2]) {
    const store = new LifeCaller(await openSqlite({ file, nowMs }));
    const left = async (key: string, member: string) => {
      const names = { queue: Buffer.from("q"), key: Buffer.from(key) };
      return await store.submit({ kind: "countDown", ...names, member: Buffer.from(member) });
    };
    expect(await left("counting", "one")).toBe(2);
    expect(await left("back", "other")).toBe(1);
    if (round === 2) {
      expect(await left("counting", "two")).toBe(1);
      expect(await left("back", "only")).toBe(0);
      expect(await store.drain("q")).toEqual(["grouped"]);
    }
    await store.under.close();
  }
});
