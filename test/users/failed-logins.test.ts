// The delay of failed logins, which grows with the failures of a network.
import { expect, test } from "bun:test";
import { FailedLogins, networkOf } from "../../src/users/failed-logins.ts";
import { closeAfterTest } from "../support/close-after-test.ts";
import { TestClock } from "../support/test-clock.ts";

test.each([
  ["10.0.0.1:5555", "10.0.0.1"],
  ["[::1]:5555", "0:0:0:0"],
  ["[2001:db8::1]:5555", "2001:db8:0:0"],
  ["[2001:DB8:1:2:3:4:5:6]:5555", "2001:db8:1:2"],
  ["[fe80::1:2:3:4]:5555", "fe80:0:0:0"],
  ["/run/okq.sock:0", "/run/okq.sock"],
])("%s is in the network %s", (address, network) => {
  expect(networkOf(address)).toBe(network);
});

function newFailures() {
  const log: [string, Record<string, unknown>][] = [];
  const clock = new TestClock();
  const failures = closeAfterTest(new FailedLogins((...line) => log.push(line), clock));
  /** Moves the clock. Resolves when the answers that became due have arrived. */
  const advance = async (ms: number) => {
    clock.advance(ms);
    await Promise.resolve();
  };
  /** A failed login from that address, requested agoMs ago. Tells whether it is answered. */
  const fail = (address: string, gone = new AbortController().signal, agoMs = 0) => {
    const failed = { isAnswered: false };
    void failures.note("ann", { address, gone }, clock.nowMs() - agoMs).then(() => {
      failed.isAnswered = true;
    });
    return failed;
  };
  /** The delay of the answer to a failed login from that address, up to a minute. */
  const delayMs = async (address: string) => {
    const failed = fail(address);
    let passedMs = 0;
    while (!failed.isAnswered && passedMs < 60_000) {
      await advance(10);
      passedMs += 10;
    }
    return passedMs;
  };
  return { log, clock, failures, fail, delayMs, advance };
}

test("delays each failure of a network longer than the last one", async () => {
  const { delayMs } = newFailures();
  const delays: number[] = [];
  for (let port = 1; port <= 7; port++) delays.push(await delayMs(`10.0.0.1:${port}`));
  expect(delays).toEqual([250, 500, 1000, 2000, 4000, 4000, 4000]);
  expect(await delayMs("10.0.0.2:1")).toBe(250);
});

test("counts failures before the first answer as one", async () => {
  const { advance, fail, delayMs } = newFailures();
  const pool = Array.from({ length: 100 }, (_, port) => fail(`10.0.0.1:${port}`));
  await advance(240);
  const last = fail("10.0.0.1:200");
  expect(pool.some(({ isAnswered }) => isAnswered)).toBeFalse();
  await advance(10);
  expect(pool.every(({ isAnswered }) => isAnswered)).toBeTrue();
  await advance(230);
  expect(last.isAnswered).toBeFalse();
  await advance(10);
  expect(last.isAnswered).toBeTrue();
  expect(await delayMs("10.0.0.1:201")).toBe(500);
});

test("delays a flood by four seconds from its fifth round on", async () => {
  const { advance, fail } = newFailures();
  let tries = 0;
  const start = (port: number) => ({ port, failed: fail(`10.0.0.1:${port}`) });
  let flood = Array.from({ length: 200 }, (_, port) => start(port));
  for (let passedMs = 0; passedMs < 60_000; passedMs += 50) {
    await advance(50);
    flood = flood.map((one) => {
      if (!one.failed.isAnswered) return one;
      tries += 1;
      return start(one.port);
    });
  }
  // Rounds of 0.25, 0.5, 1, 2 and 4 seconds, then one every 4 seconds.
  expect(tries).toBe(200 * (5 + Math.floor((60 - 7.75) / 4)));
});

test("forgives a network one round every twelve seconds", async () => {
  const { advance, delayMs } = newFailures();
  for (const expected of [250, 500, 1000, 2000, 4000]) {
    expect(await delayMs("10.0.0.1:1")).toBe(expected);
  }
  await advance(36_000);
  expect(await delayMs("10.0.0.1:1")).toBe(1000);
  await advance(11_000);
  expect(await delayMs("10.0.0.1:1")).toBe(2000);
  await advance(60_000);
  // With rare mistakes no login waits longer.
  for (let i = 0; i < 10; i++) {
    expect(await delayMs("10.0.0.1:1")).toBe(250);
    await advance(12_000);
  }
});

test("does not delay the answer to a disconnected client", async () => {
  const { advance, clock, fail } = newFailures();
  const client = new AbortController();
  const waiting = fail("10.0.0.1:1", client.signal);
  client.abort();
  const late = fail("10.0.0.1:2", client.signal);
  await advance(0);
  expect([waiting, late]).toEqual([{ isAnswered: true }, { isAnswered: true }]);
  expect(clock.timers).toBe(0);
});

test("subtracts the time that the login has already taken from the delay", async () => {
  const { advance, fail } = newFailures();
  const failed = fail("10.0.0.1:1", undefined, 300);
  await advance(0);
  expect(failed.isAnswered).toBeTrue();
});

test("answers all waiting logins at close", async () => {
  const { log, advance, clock, failures, fail } = newFailures();
  const all = Array.from({ length: 1000 }, (_, port) => fail(`10.0.0.1:${port}`));
  expect(log).toHaveLength(1000);
  expect(log[0]).toEqual(["login failed", { user: "ann", addr: "10.0.0.1" }]);
  failures.close();
  await advance(0);
  expect(all.every(({ isAnswered }) => isAnswered)).toBeTrue();
  expect(clock.timers).toBe(0);
});

test("forgets the network with the oldest failure above 10,000 networks", async () => {
  const { fail, delayMs } = newFailures();
  expect(await delayMs("10.0.0.1:1")).toBe(250);
  const failElsewhere = (count: number) => {
    for (let at = 0; at < count; at++) fail(`10.1.${at >> 8}.${at & 255}:1`, AbortSignal.abort());
  };
  failElsewhere(9_999);
  expect(await delayMs("10.0.0.1:1")).toBe(500);
  failElsewhere(10_000);
  expect(await delayMs("10.0.0.1:1")).toBe(250);
});

test("answers the login that waits longest at once above 10,000 delays", async () => {
  const { advance, clock, fail } = newFailures();
  const first = fail("10.0.0.1:1");
  for (let count = 1; count < 10_000; count++) fail("10.0.0.1:1");
  await advance(0);
  expect([first.isAnswered, clock.timers]).toEqual([false, 10_000]);
  fail("10.0.0.1:1");
  await advance(0);
  expect([first.isAnswered, clock.timers]).toEqual([true, 10_000]);
});
