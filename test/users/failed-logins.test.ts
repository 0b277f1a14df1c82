// Failed logins: from where they are counted, and how long they wait.
import { expect, test } from "bun:test";
import { type Clock, FailedLogins, networkOf } from "../../src/users/failed-logins.ts";
import { closeAfterTest } from "../support/close-after-test.ts";

test.each([
  ["10.0.0.1:5555", "10.0.0.1"],
  ["::ffff:10.0.0.1:5555", "10.0.0.1"],
  ["::1:5555", "0:0:0:0"],
  ["2001:db8::1:5555", "2001:db8:0:0"],
  ["2001:DB8:1:2:3:4:5:6:5555", "2001:db8:1:2"],
  ["fe80::1:2:3:4:5555", "fe80:0:0:0"],
  ["/run/okq.sock:0", "/run/okq.sock"],
])("%s is in the network %s", (address, network) => {
  expect(networkOf(address)).toBe(network);
});

/** Stands still until it is advanced. */
class ManualClock implements Clock {
  #nowMs = 1_000_000;
  readonly #timers = new Map<() => void, number>();

  nowMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, run: () => void): () => void {
    this.#timers.set(run, this.#nowMs + delayMs);
    return () => void this.#timers.delete(run);
  }

  async advance(ms: number): Promise<void> {
    this.#nowMs += ms;
    for (const [run, atMs] of this.#timers) if (atMs <= this.#nowMs) run();
    await Promise.resolve();
  }

  get timers(): number {
    return this.#timers.size;
  }
}

function newFailures() {
  const log: [string, Record<string, unknown>][] = [];
  const clock = new ManualClock();
  const failures = closeAfterTest(new FailedLogins((...line) => log.push(line), clock));
  /** A wrong login from there, asked so long ago, and whether it is answered. */
  const fail = (address: string, gone = new AbortController().signal, agoMs = 0) => {
    const failed = { isAnswered: false };
    void failures.note("ann", { address, gone }, clock.nowMs() - agoMs).then(() => {
      failed.isAnswered = true;
    });
    return failed;
  };
  /** How long the answer to a login from there takes; up to a minute passes. */
  const delayMs = async (address: string) => {
    const failed = fail(address);
    let passedMs = 0;
    while (!failed.isAnswered && passedMs < 60_000) {
      await clock.advance(10);
      passedMs += 10;
    }
    return passedMs;
  };
  return { log, clock, failures, fail, delayMs };
}

test("each failure from a network waits longer than the one before, others do not", async () => {
  const { delayMs } = newFailures();
  const delays: number[] = [];
  for (let port = 1; port <= 7; port++) delays.push(await delayMs(`10.0.0.1:${port}`));
  expect(delays).toEqual([250, 500, 1000, 2000, 4000, 4000, 4000]);
  expect(await delayMs("10.0.0.2:1")).toBe(250);
});

test("wrong logins sent before the first was answered count as one", async () => {
  const { clock, fail, delayMs } = newFailures();
  const pool = Array.from({ length: 100 }, (_, port) => fail(`10.0.0.1:${port}`));
  await clock.advance(240);
  const last = fail("10.0.0.1:200");
  expect(pool.some(({ isAnswered }) => isAnswered)).toBeFalse();
  await clock.advance(10);
  expect(pool.every(({ isAnswered }) => isAnswered)).toBeTrue();
  await clock.advance(230);
  expect(last.isAnswered).toBeFalse();
  await clock.advance(10);
  expect(last.isAnswered).toBeTrue();
  expect(await delayMs("10.0.0.1:201")).toBe(500);
});

test("a flood waits four seconds from its fifth round on, with any number of clients", async () => {
  const { clock, fail } = newFailures();
  let tries = 0;
  const start = (port: number) => ({ port, failed: fail(`10.0.0.1:${port}`) });
  let flood = Array.from({ length: 200 }, (_, port) => start(port));
  for (let passedMs = 0; passedMs < 60_000; passedMs += 50) {
    await clock.advance(50);
    flood = flood.map((one) => {
      if (!one.failed.isAnswered) return one;
      tries += 1;
      return start(one.port);
    });
  }
  // Rounds of 0.25, 0.5, 1, 2 and 4 seconds, then one every 4 seconds.
  expect(tries).toBe(200 * (5 + Math.floor((60 - 7.75) / 4)));
});

test("a network is forgiven one round every twelve seconds", async () => {
  const { clock, delayMs } = newFailures();
  for (const expected of [250, 500, 1000, 2000, 4000]) {
    expect(await delayMs("10.0.0.1:1")).toBe(expected);
  }
  await clock.advance(36_000);
  expect(await delayMs("10.0.0.1:1")).toBe(1000);
  await clock.advance(11_000);
  expect(await delayMs("10.0.0.1:1")).toBe(2000);
  await clock.advance(60_000);
  // Now and then a mistake: none of them waits.
  for (let i = 0; i < 10; i++) {
    expect(await delayMs("10.0.0.1:1")).toBe(250);
    await clock.advance(12_000);
  }
});

test("nobody waits on behalf of a client that is gone", async () => {
  const { clock, fail } = newFailures();
  const client = new AbortController();
  const waiting = fail("10.0.0.1:1", client.signal);
  client.abort();
  const late = fail("10.0.0.1:2", client.signal);
  await clock.advance(0);
  expect([waiting, late]).toEqual([{ isAnswered: true }, { isAnswered: true }]);
  expect(clock.timers).toBe(0);
});

test("time that a login took already counts", async () => {
  const { clock, fail } = newFailures();
  const failed = fail("10.0.0.1:1", undefined, 300);
  await clock.advance(0);
  expect(failed.isAnswered).toBeTrue();
});

test("closing ends the waiting of all who failed", async () => {
  const { log, clock, failures, fail } = newFailures();
  const all = Array.from({ length: 1000 }, (_, port) => fail(`10.0.0.1:${port}`));
  expect(log).toHaveLength(1000);
  expect(log[0]).toEqual(["login failed", { user: "ann", addr: "10.0.0.1:0" }]);
  failures.close();
  await clock.advance(0);
  expect(all.every(({ isAnswered }) => isAnswered)).toBeTrue();
  expect(clock.timers).toBe(0);
});
