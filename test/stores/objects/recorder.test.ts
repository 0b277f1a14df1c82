// Statements that are recorded first and run later, while the recording is on its way.

import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { Recorder } from "../../../src/stores/local/objects/recorder.ts";
import { Replay } from "../../../src/stores/local/objects/replay.ts";

function opened() {
  const db = new Database(":memory:");
  db.run("CREATE TABLE t (key INTEGER PRIMARY KEY, text)");
  db.run("PRAGMA user_version = 7");
  const recorder = new Recorder();
  const prepare = (sql: string) => recorder.prepare(db, sql);
  const add = prepare("INSERT INTO t VALUES (?, ?)");
  const drop = prepare("DELETE FROM t WHERE key = ?");
  const rows = () => db.query("SELECT key, text FROM t ORDER BY key").values();
  return { db, recorder, prepare, add, drop, rows };
}

test("they run in their order, and a replay does the same", () => {
  const { recorder, add, drop, rows } = opened();
  recorder.begin(7);
  add.run(1, "one");
  add.run(2, "two");
  drop.run(1);
  add.run(1, "again");
  recorder.end();
  const recording = recorder.take()!;
  expect(rows()).toEqual([]);
  recorder.run();
  recorder.run();
  expect(rows()).toEqual([
    [1, "again"],
    [2, "two"],
  ]);
  const other = opened();
  new Replay(other.db).run(recording);
  expect(other.rows()).toEqual(rows());
});

test("a statement that reads sees what is held back", () => {
  const { recorder, prepare, add } = opened();
  const last = prepare("SELECT MAX(key) FROM t");
  recorder.begin(7);
  add.run(5, "five");
  expect(last.values()).toEqual([[5]]);
  add.run(6, "six");
  recorder.end();
  expect(last.values()).toEqual([[6]]);
});

test("outside of a recording they run at once and are not recorded", () => {
  const { recorder, add, drop, rows } = opened();
  expect(add.run(1, "one").changes).toBe(1);
  expect(rows()).toEqual([[1, "one"]]);
  recorder.begin(7);
  recorder.end();
  expect(recorder.take()).toBeNull();
  expect(drop.run(1).changes).toBe(1);
});

test("a failure is told again, and nothing behind it runs", () => {
  const { recorder, add, rows } = opened();
  recorder.begin(7);
  add.run(1, "one");
  add.run(1, "twice");
  add.run(2, "two");
  recorder.end();
  expect(() => recorder.run()).toThrow("UNIQUE");
  expect(() => recorder.run()).toThrow("UNIQUE");
  expect(rows()).toEqual([[1, "one"]]);
  recorder.drop();
  recorder.run();
});

test("what is dropped does not run", () => {
  const { recorder, add, rows } = opened();
  recorder.begin(7);
  add.run(1, "one");
  recorder.end();
  recorder.drop();
  recorder.run();
  expect(rows()).toEqual([]);
});
