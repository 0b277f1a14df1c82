// When a client has to be closed, on the clock of the test: because it takes none of its replies,
// sends no command, or does not log in.
import { describe, expect, test } from "bun:test";
import { Patience, type State } from "../../src/server/patience.ts";
import type { Shared } from "../../src/server/shared.ts";

const SECOND = 1000;

function setUp(bounds: { output?: number; client?: number; login?: number }) {
  const stats = { closedSlow: 0, closedIdle: 0 };
  const warnings: [string, unknown][] = [];
  const settings = {
    clientOutputTimeout: bounds.output ?? 0,
    clientTimeout: bounds.client ?? 0,
    loginTimeout: bounds.login ?? 0,
  };
  const warn = (...warning: [string, unknown]) => warnings.push(warning);
  const shared = { context: { stats, settings, warn }, isFullOfReplies: false };
  const patience = new Patience(0);
  const state: State = {
    address: "10.0.0.1:1",
    sentBytes: 0,
    unsentBytes: 0,
    receivedBytes: 0,
    isBusy: false,
    isStranger: false,
  };
  /** The verdict at that time, of a client that does so from then on. */
  const at = (nowMs: number, change: Partial<State> = {}) => {
    Object.assign(state, change);
    return patience.check(
      state,
      nowMs,
      shared as unknown as Pick<Shared, "context" | "isFullOfReplies">,
    );
  };
  return { at, stats, warnings, shared };
}

describe("a client with replies to take", () => {
  test("is closed when it takes nothing for the output timeout", () => {
    const { at, stats, warnings } = setUp({ output: 10 });
    expect(at(0, { unsentBytes: 5 })).toBeNull();
    expect(at(9.9 * SECOND)).toBeNull();
    expect(at(10 * SECOND)).toBe("kill");
    expect(stats).toEqual({ closedSlow: 1, closedIdle: 0 });
    expect(warnings).toEqual([
      ["closed a client that takes none of its replies", { addr: "10.0.0.1:1", unsent: 5 }],
    ]);
  });

  test("stays as long as it takes some now and then", () => {
    const { at } = setUp({ output: 10 });
    for (let second = 0; second < 100; second += 9) {
      expect(at(second * SECOND, { unsentBytes: 5, sentBytes: second })).toBeNull();
    }
    expect(at(110 * SECOND)).toBe("kill");
  });

  test("has the whole time again after a moment without any", () => {
    const { at } = setUp({ output: 10 });
    at(0, { unsentBytes: 5 });
    expect(at(9 * SECOND, { unsentBytes: 0 })).toBeNull();
    expect(at(18 * SECOND, { unsentBytes: 5 })).toBeNull();
    expect(at(19 * SECOND)).toBe("kill");
  });

  test("is closed sooner while the room for replies is used up", () => {
    const { at, shared } = setUp({ output: 0 });
    expect(at(0, { unsentBytes: 5 })).toBeNull();
    expect(at(100 * SECOND)).toBeNull();
    expect(at(101 * SECOND, { sentBytes: 1 })).toBeNull();
    shared.isFullOfReplies = true;
    expect(at(103.9 * SECOND)).toBeNull();
    expect(at(104 * SECOND)).toBe("kill");
  });
});

describe("a client without a command", () => {
  test("is asked to leave after the client timeout", () => {
    const { at, stats, warnings } = setUp({ client: 10 });
    expect(at(5 * SECOND, { receivedBytes: 20 })).toBeNull();
    expect(at(14.9 * SECOND)).toBeNull();
    expect(at(15 * SECOND)).toBe("quit");
    expect(stats).toEqual({ closedSlow: 0, closedIdle: 1 });
    expect(warnings).toEqual([]);
  });

  test("stays while a command is under way, or its replies are not taken", () => {
    const { at } = setUp({ client: 10 });
    expect(at(60 * SECOND, { isBusy: true })).toBeNull();
    expect(at(120 * SECOND, { isBusy: false, unsentBytes: 5 })).toBeNull();
    expect(at(129 * SECOND, { unsentBytes: 0 })).toBeNull();
    expect(at(130 * SECOND)).toBe("quit");
  });

  test("stays for ever without a client timeout", () => {
    const { at } = setUp({});
    expect(at(1e9)).toBeNull();
  });
});

describe("a client that has to log in", () => {
  test("is asked to leave after the login timeout, even if it sends commands", () => {
    const { at, stats } = setUp({ login: 10 });
    expect(at(5 * SECOND, { isStranger: true, receivedBytes: 9 })).toBeNull();
    expect(at(10 * SECOND, { receivedBytes: 18 })).toBe("quit");
    expect(stats.closedIdle).toBe(1);
  });

  test("is killed if it is busy with a login at that time", () => {
    const { at } = setUp({ login: 10 });
    expect(at(10 * SECOND, { isStranger: true, isBusy: true })).toBe("kill");
  });

  test("has its time from the moment when it was logged in last", () => {
    const { at } = setUp({ login: 10 });
    expect(at(50 * SECOND)).toBeNull();
    expect(at(59 * SECOND, { isStranger: true })).toBeNull();
    expect(at(60 * SECOND)).toBe("quit");
  });
});
