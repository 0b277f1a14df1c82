// From which clients okq reads while the budget for unread input is full.
import { describe, expect, test } from "bun:test";
import { Budget } from "../../../src/commands/budget.ts";
import { type Sender, UnreadInput } from "../../../src/server/flow/unread.ts";

const KB = 1024;

interface Named {
  name: string;
}

function setUp() {
  const budget = new Budget(100 * KB);
  const scheduled: unknown[] = [];
  const stalled: string[] = [];
  const unread = new UnreadInput(budget, { add: (sender) => void scheduled.push(sender) });
  const sender = (name: string): Sender & Named => ({
    name,
    atEndOfTurn: () => {},
    stalled: () => void stalled.push(name),
  });
  /** Updates a sender, and returns whether okq reads from it. */
  const mayRead = (from: Sender, bytes: number, isIncomplete = true) => {
    unread.update(from, bytes, isIncomplete);
    return unread.mayRead(from);
  };
  /** Names of the senders that were woken since the last call. */
  const woken = () => scheduled.splice(0).map((each) => (each as Named).name);
  const [a, b, c] = [sender("a"), sender("b"), sender("c")];
  return { budget, unread, mayRead, stalled, woken, a, b, c };
}

describe("while the budget is full", () => {
  test("reads only from the client that waits longest, and from clients with little", () => {
    const { unread, budget, mayRead, woken, a, b, c } = setUp();
    expect(mayRead(a, 60 * KB)).toBeTrue();
    expect(mayRead(b, 60 * KB)).toBeFalse();
    expect(mayRead(a, 90 * KB)).toBeTrue();
    expect(mayRead(c, 16 * KB)).toBeTrue();
    expect(budget.bytes).toBe(150 * KB);
    expect(woken()).toEqual([]);
    unread.leave(a);
    expect(woken()).toEqual(["b"]);
    unread.leave(b);
    expect(budget.bytes).toBe(0);
  });

  test("a client that begins another command queues up behind waiting clients", () => {
    const { unread, mayRead, woken, a, b } = setUp();
    mayRead(a, 90 * KB);
    mayRead(b, 60 * KB);
    unread.started(a);
    expect(mayRead(a, 80 * KB)).toBeFalse();
    expect(woken()).toEqual(["b"]);
    expect(mayRead(b, 60 * KB)).toBeTrue();
  });

  test("the first client in line is stalled if it sends nothing or takes too long", () => {
    const { unread, mayRead, stalled, a, b } = setUp();
    mayRead(a, 60 * KB);
    mayRead(b, 60 * KB);
    for (let seconds = 0; seconds <= 59; seconds++) {
      mayRead(a, (60 + seconds) * KB);
      unread.check(seconds * 1000);
    }
    expect(stalled).toEqual([]);
    unread.check(60_000);
    expect(stalled).toEqual(["a"]);
    unread.leave(a);
    mayRead(b, 101 * KB);
    unread.check(61_000);
    unread.check(70_000);
    // No other client waits for this one.
    expect(stalled).toEqual(["a"]);
  });

  test("a client whose complete command cannot start lets the next client continue", () => {
    const { unread, mayRead, stalled, woken, a, b } = setUp();
    mayRead(a, 90 * KB);
    mayRead(b, 60 * KB);
    mayRead(a, 95 * KB, false);
    unread.check(0);
    unread.check(2_900);
    expect(woken()).toEqual([]);
    unread.check(3_000);
    expect(woken()).toEqual(["b"]);
    expect(mayRead(b, 60 * KB)).toBeTrue();
    expect(stalled).toEqual([]);
  });
});
