// What a store tells its observer of batches, and of what it counts itself.
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { NO_OPTIONS } from "../../src/queue/event.ts";
import type { Session, StoreObserver } from "../../src/queue/store.ts";
import { JournalError } from "../../src/stores/local/journal.ts";
import { LocalStore } from "../../src/stores/local/local-store.ts";
import { SqliteJournal } from "../../src/stores/local/sqlite/sqlite-journal.ts";
import { closeAfterTest } from "../support/close-after-test.ts";
import { newFolder } from "../support/new-folder.ts";
import { TestClock } from "../support/test-clock.ts";
import { FailingJournal } from "./failing-journal.ts";

async function setUp() {
  const told: string[] = [];
  const observer: StoreObserver = {
    done() {},
    batchEnded: (size, tookMs, result) => void told.push(`${size} in ${tookMs} ms ${result}`),
    tallied: (what, times) => void told.push(`${times} ${what}`),
  };
  const clock = new TestClock();
  const file = join(newFolder(), "okq.db");
  const journal = new FailingJournal(new SqliteJournal({ file, fsync: "no" }));
  const options = { clock, onReady() {}, observer, journal, memoryBudgetBytes: 2 ** 28 };
  const store = closeAfterTest(await LocalStore.open(options));
  told.length = 0;
  return { told, clock, journal, store, session: store.session() };
}

const queue = Buffer.from("q");
const x = Buffer.from("x");

function push(session: Session, id: string, ttlMs: number | null = null): Promise<unknown> {
  const options = ttlMs === null ? NO_OPTIONS : { ...NO_OPTIONS, ttlMs };
  const event = { id: Buffer.from(id), contents: x, end: "left", options } as const;
  return session.ask({ kind: "push", queue, ...event });
}

const tick = { kind: "tick", limit: 10, parts: "all" } as const;

describe("a local store tells", () => {
  test("of each batch its operations, its time and its result", async () => {
    const { told, clock, journal, session } = await setUp();
    await Promise.all([push(session, "1"), push(session, "2")]);
    journal.isLate = () => {
      clock.advance(7);
      return true;
    };
    await push(session, "3");
    journal.nextFailure = () => new JournalError("failed", "not now");
    await push(session, "4").catch(() => {});
    journal.nextFailure = () => new JournalError("unknown", "perhaps");
    await push(session, "5").catch(() => {});
    expect(told).toEqual([
      "2 in 0 ms done",
      "1 in 7 ms done",
      "1 in 7 ms refused",
      "1 in 7 ms unknown",
    ]);
  });

  test("of what expired once, also if the first attempt is undone", async () => {
    const { told, clock, journal, session } = await setUp();
    await Promise.all([push(session, "1", 10), push(session, "2", 10)]);
    told.length = 0;
    clock.advance(20);
    journal.nextFailure = () => new JournalError("failed", "not now");
    await session.ask(tick).catch(() => {});
    expect(told).toEqual(["1 in 0 ms refused"]);
    journal.nextFailure = () => null;
    await session.ask(tick);
    expect(told.slice(1)).toEqual(["1 expired", "1 expired", "1 in 0 ms done"]);
  });
});
