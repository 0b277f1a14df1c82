// Who may be read while too many bytes wait unread over all clients, with a clock of the test's.
import { describe, expect, test } from "bun:test";
import type { Context } from "../../src/commands/context.ts";
import { type Holder, Unread } from "../../src/server/unread.ts";

const KB = 1024;

function setUp() {
  const stats = { unreadBytes: 0 };
  const settings = { maxWaitingBytes: 100 * KB };
  const woken: unknown[] = [];
  const stalled: string[] = [];
  const turns = { add: (holder: unknown) => void woken.push(holder) };
  const unread = new Unread({ stats, settings } as unknown as Context, turns);
  const holder = (name: string): Holder & { name: string } => ({
    name,
    takeTurn: () => {},
    stalled: () => void stalled.push(name),
  });
  /** Names of those that were given a turn since the last call. */
  const turnsGiven = () => woken.splice(0).map((each) => (each as { name: string }).name);
  return { stats, unread, stalled, turnsGiven, a: holder("a"), b: holder("b"), c: holder("c") };
}

describe("while too much waits unread", () => {
  test("only the one that waits longest is read, and whoever has little", () => {
    const { unread, stats, turnsGiven, a, b, c } = setUp();
    expect(unread.mayRead(a, 60 * KB, true)).toBeTrue();
    expect(unread.mayRead(b, 60 * KB, true)).toBeFalse();
    expect(unread.mayRead(a, 90 * KB, true)).toBeTrue();
    expect(unread.mayRead(c, 16 * KB, true)).toBeTrue();
    expect(stats.unreadBytes).toBe(150 * KB);
    expect(turnsGiven()).toEqual([]);
    unread.leave(a);
    expect(turnsGiven()).toEqual(["b"]);
    unread.leave(b);
    expect(stats.unreadBytes).toBe(0);
  });

  test("who begins another command stands behind those that wait", () => {
    const { unread, turnsGiven, a, b } = setUp();
    unread.mayRead(a, 90 * KB, true);
    unread.mayRead(b, 60 * KB, true);
    unread.stepBack(a);
    expect(unread.mayRead(a, 80 * KB, true)).toBeFalse();
    expect(turnsGiven()).toEqual(["b"]);
    expect(unread.mayRead(b, 60 * KB, true)).toBeTrue();
  });

  test("the first one is closed when it sends nothing, or takes too long in all", () => {
    const { unread, stalled, a, b } = setUp();
    unread.mayRead(a, 60 * KB, true);
    unread.mayRead(b, 60 * KB, true);
    for (let seconds = 0; seconds <= 59; seconds++) {
      unread.mayRead(a, (60 + seconds) * KB, true);
      unread.check(seconds * 1000);
    }
    expect(stalled).toEqual([]);
    unread.check(60_000);
    expect(stalled).toEqual(["a"]);
    unread.leave(a);
    unread.mayRead(b, 101 * KB, true);
    unread.check(61_000);
    unread.check(70_000);
    // Nobody waits for it.
    expect(stalled).toEqual(["a"]);
  });

  test("one that cannot start its whole command lets the next one go on", () => {
    const { unread, stalled, turnsGiven, a, b } = setUp();
    unread.mayRead(a, 90 * KB, true);
    unread.mayRead(b, 60 * KB, true);
    unread.mayRead(a, 95 * KB, false);
    unread.check(0);
    unread.check(2_900);
    expect(turnsGiven()).toEqual([]);
    unread.check(3_000);
    expect(turnsGiven()).toEqual(["b"]);
    expect(unread.mayRead(b, 60 * KB, true)).toBeTrue();
    expect(stalled).toEqual([]);
  });
});
