// From which clients okq reads while the budget for unstarted input is full.
import { describe, expect, test } from "bun:test";
import { Budget } from "../../../src/commands/budget.ts";
import { type Sender, UnstartedInput } from "../../../src/server/flow/unstarted-input.ts";

const KB = 1024;

interface Named {
  name: string;
}

function setUp() {
  const budget = new Budget(100 * KB);
  const scheduled: unknown[] = [];
  const stalled: string[] = [];
  const input = new UnstartedInput(budget, { add: (sender) => void scheduled.push(sender) });
  const sender = (name: string): Sender & Named => ({
    name,
    afterTurn: () => {},
    stalled: () => void stalled.push(name),
  });
  /** Updates a sender, and returns whether okq reads from it. */
  const mayRead = (from: Sender, bytes: number, isIncomplete = true) => {
    input.update(from, bytes, isIncomplete);
    return input.mayRead(from);
  };
  /** Names of the senders that were woken since the last call. */
  const woken = () => scheduled.splice(0).map((each) => (each as Named).name);
  const [a, b, c] = [sender("a"), sender("b"), sender("c")];
  return { budget, input, mayRead, stalled, woken, a, b, c };
}

describe("while the budget is full", () => {
  test("reads only from the client that waits longest, and from clients with little", () => {
    const { input, budget, mayRead, woken, a, b, c } = setUp();
    expect(mayRead(a, 60 * KB)).toBeTrue();
    expect(mayRead(b, 60 * KB)).toBeFalse();
    expect(mayRead(a, 90 * KB)).toBeTrue();
    expect(mayRead(c, 16 * KB)).toBeTrue();
    expect(budget.bytes).toBe(150 * KB);
    expect(woken()).toEqual([]);
    input.leave(a);
    expect(woken()).toEqual(["b"]);
    input.leave(b);
    expect(budget.bytes).toBe(0);
  });

  test("a client that begins another command enters the wait list after the others", () => {
    const { input, mayRead, woken, a, b } = setUp();
    mayRead(a, 90 * KB);
    mayRead(b, 60 * KB);
    input.started(a);
    expect(mayRead(a, 80 * KB)).toBeFalse();
    expect(woken()).toEqual(["b"]);
    expect(mayRead(b, 60 * KB)).toBeTrue();
  });

  test("the first client in line is stalled if it sends nothing or takes too long", () => {
    const { input, mayRead, stalled, a, b } = setUp();
    mayRead(a, 60 * KB);
    mayRead(b, 60 * KB);
    for (let seconds = 0; seconds <= 59; seconds++) {
      mayRead(a, (60 + seconds) * KB);
      input.check(seconds * 1000);
    }
    expect(stalled).toEqual([]);
    input.check(60_000);
    expect(stalled).toEqual(["a"]);
    input.leave(a);
    mayRead(b, 101 * KB);
    input.check(61_000);
    input.check(70_000);
    // No other client waits for this one.
    expect(stalled).toEqual(["a"]);
  });

  test("a client whose complete command cannot start lets the next client continue", () => {
    const { input, mayRead, stalled, woken, a, b } = setUp();
    mayRead(a, 90 * KB);
    mayRead(b, 60 * KB);
    mayRead(a, 95 * KB, false);
    input.check(0);
    input.check(2_900);
    expect(woken()).toEqual([]);
    input.check(3_000);
    expect(woken()).toEqual(["b"]);
    expect(mayRead(b, 60 * KB)).toBeTrue();
    expect(stalled).toEqual([]);
  });
});
