// The timeouts of a client that does not read its replies, sends no command, or does not log in.
import { describe, expect, test } from "bun:test";
import { type Timeout, Timeouts, type Watched } from "../../../src/server/flow/timeouts.ts";

const SECOND = 1000;

type Change = Partial<Watched> & { isUnsentFull?: boolean };

function setUp(settings: { output?: number; client?: number; login?: number }) {
  const timeouts = new Timeouts(
    {
      clientOutputTimeout: settings.output ?? 0,
      clientTimeout: settings.client ?? 0,
      loginTimeout: settings.login ?? 0,
    },
    0,
  );
  const client = { sentBytes: 0, bytesOut: 0, receivedBytes: 0, isBusy: false, isLoggedIn: true };
  const state = { ...client, isUnsentFull: false };
  /** Changes the state of the client, and returns the result of a check at that time. */
  return (nowMs: number, change: Change = {}): Timeout | null => {
    Object.assign(state, change);
    timeouts.observe(state, nowMs);
    return timeouts.passed(nowMs, state.isUnsentFull);
  };
}

describe("a client with replies to read", () => {
  test("is closed when it reads nothing for the output timeout", () => {
    const at = setUp({ output: 10 });
    expect(at(0, { bytesOut: 5 })).toBeNull();
    expect(at(9.9 * SECOND)).toBeNull();
    expect(at(10 * SECOND)).toBe("output");
  });

  test("stays connected while it reads something now and then", () => {
    const at = setUp({ output: 10 });
    for (let second = 0; second < 100; second += 9) {
      expect(at(second * SECOND, { bytesOut: 5, sentBytes: second })).toBeNull();
    }
    expect(at(110 * SECOND)).toBe("output");
  });

  test("gets the full timeout again once it has read everything", () => {
    const at = setUp({ output: 10 });
    at(0, { bytesOut: 5 });
    expect(at(9 * SECOND, { bytesOut: 0 })).toBeNull();
    expect(at(18 * SECOND, { bytesOut: 5 })).toBeNull();
    expect(at(19 * SECOND)).toBe("output");
  });

  test("gets a shorter timeout while the budget for unsent replies is full", () => {
    const at = setUp({ output: 0 });
    expect(at(0, { bytesOut: 5 })).toBeNull();
    expect(at(100 * SECOND)).toBeNull();
    expect(at(101 * SECOND, { sentBytes: 1 })).toBeNull();
    expect(at(103.9 * SECOND, { isUnsentFull: true })).toBeNull();
    expect(at(104 * SECOND)).toBe("output");
  });
});

describe("a client that sends no command", () => {
  test("is closed after the client timeout", () => {
    const at = setUp({ client: 10 });
    expect(at(5 * SECOND, { receivedBytes: 20 })).toBeNull();
    expect(at(14.9 * SECOND)).toBeNull();
    expect(at(15 * SECOND)).toBe("idle");
  });

  test("stays connected while it has commands in flight or unread replies", () => {
    const at = setUp({ client: 10 });
    expect(at(60 * SECOND, { isBusy: true })).toBeNull();
    expect(at(120 * SECOND, { isBusy: false, bytesOut: 5 })).toBeNull();
    expect(at(129 * SECOND, { bytesOut: 0 })).toBeNull();
    expect(at(130 * SECOND)).toBe("idle");
  });

  test("stays connected if there is no client timeout", () => {
    expect(setUp({})(1e9)).toBeNull();
  });
});

describe("a client that has to log in", () => {
  test("is closed after the login timeout, however many commands it sends", () => {
    const at = setUp({ login: 10 });
    expect(at(5 * SECOND, { isLoggedIn: false, receivedBytes: 9 })).toBeNull();
    expect(at(10 * SECOND, { receivedBytes: 18, isBusy: true })).toBe("login");
  });

  test("gets the login timeout again when it is logged out", () => {
    const at = setUp({ login: 10 });
    expect(at(50 * SECOND)).toBeNull();
    expect(at(59 * SECOND, { isLoggedIn: false })).toBeNull();
    expect(at(60 * SECOND)).toBe("login");
  });
});
