// Tests of operations on a local store whose journal fails: each is done as a whole, or nothing of
// it is.
// oxlint-disable no-await-in-loop -- the steps take place in this order
import { describe, expect, test } from "bun:test";
import { StoreError } from "../../src/queue/errors.ts";
import type { Operation } from "../../src/queue/operations.ts";
import { JournalError } from "../../src/stores/local/journal.ts";
import type { LifeCaller } from "./contract/life-caller.ts";
import type { FailingJournal } from "./failing-journal.ts";
import { failureOf } from "./open-sqlite.ts";

interface Failing {
  /** A durable store whose events are cold. */
  open(): Promise<{ store: LifeCaller; journal: FailingJournal }>;
  /** Everything that the operations may change. */
  everything(store: LifeCaller): Promise<unknown>;
  /** They need room on the disk. */
  growing: Operation[];
  others: Operation[];
  /** They change nothing. */
  looks?: Operation[];
  /** Kinds of operations that read nothing here. */
  readless?: Operation["kind"][];
  /** Kinds that are tried again, and are done if there is room by then. */
  retried?: Operation["kind"][];
}

export function testFailures(failing: Failing): void {
  const { open, everything, growing, others, looks = [], readless = [], retried = [] } = failing;
  const named = (operation: Operation) => [nameOf(operation), operation] as const;
  const cases = [...growing, ...others].map(named);

  describe("does nothing if one of the reads for it fails:", () => {
    test.each([...cases, ...looks.map(named)])("%s", async (_, operation) => {
      const { store, journal } = await open();
      const before = await everything(store);
      let failures = 0;
      for (; ; failures++) {
        const { answer, reads } = await withoutRead(failures, operation, store, journal);
        if (!(answer instanceof StoreError) || reads <= failures) break;
        expect(await everything(store)).toEqual(before);
      }
      if (!readless.includes(operation.kind)) expect(failures).toBeGreaterThan(0);
      if (!looks.includes(operation)) expect(await everything(store)).not.toEqual(before);
      await store.under.close();
    });
  });

  describe("is undone if the journal cannot write it:", () => {
    test.each(cases)("%s", async (_, operation) => {
      const { store, journal } = await open();
      const before = await everything(store);
      journal.nextFailure = () => new JournalError("failed", "not now");
      expect(await failureOf(store.submit(operation))).toBe("refused: not now");
      expect(await everything(store)).toEqual(before);
      journal.nextFailure = () => null;
      const after = await store.submit(operation).then(() => everything(store));
      expect(after).not.toEqual(before);
      await store.submit({ kind: "tick", limit: 0, parts: "all" });
      await store.under.crash!();
      expect(await everything(store)).toEqual(after);
      await store.under.close();
    });
  });

  describe("where the disk is full", () => {
    test.each(cases)("only what needs room is refused: %s", async (_, operation) => {
      const { store, journal } = await open();
      const before = await everything(store);
      const isGrowing = growing.includes(operation);
      const full = new JournalError("full", "no room");
      const isRetried = retried.includes(operation.kind);
      let commits = 0;
      journal.nextFailure = () => (isRetried || commits++ === 0 ? full : null);
      const push = failureOf(store.another().push("other", "1"));
      const done = store.submit(operation).then(() => "done", String);
      expect(await push).toBe("refused: no room");
      expect(await done).toBe(isGrowing ? "Error: no room" : "done");
      expect(Bun.deepEquals(await everything(store), before)).toBe(isGrowing);
      await store.under.close();
    });
  });
}

/** Does the operation, while the read with so many before it fails. And how many reads it made. */
async function withoutRead(
  failing: number,
  operation: Operation,
  store: LifeCaller,
  journal: FailingJournal,
): Promise<{ answer: unknown; reads: number }> {
  let reads = 0;
  const unread = () => new JournalError("failed", "cannot be read");
  journal.nextReadFailure = () => (reads++ === failing ? unread() : null);
  const session = store.another();
  const answer: unknown = await session.submit(operation).catch((error: unknown) => error);
  journal.nextReadFailure = () => null;
  return { answer, reads };
}

function nameOf(operation: Operation): string {
  return JSON.stringify(operation, (_, value: unknown) => {
    if (typeof value === "bigint") return `${value}`;
    const { type, data } = (value ?? {}) as { type?: string; data?: number[] };
    return type === "Buffer" ? Buffer.from(data!.slice(0, 9)).toString() : value;
  });
}
