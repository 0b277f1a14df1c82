// Failed logins: from where they are counted, and how long they wait.
import { expect, test } from "bun:test";
import { FailedLogins, networkOf } from "../../src/users/failed-logins.ts";
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

function newFailures() {
  const log: [string, Record<string, unknown>][] = [];
  return { log, failures: closeAfterTest(new FailedLogins((...line) => log.push(line))) };
}

function from(address: string, gone = new AbortController().signal) {
  return { address, gone };
}

test("each failure from a network waits longer than the one before, others do not", async () => {
  const { failures } = newFailures();
  const answered: string[] = [];
  const note = async (name: string, address: string, leastMs: number) => {
    const startedAt = performance.now();
    await failures.note("ann", from(address), startedAt);
    answered.push(name);
    expect(performance.now() - startedAt).toBeGreaterThan(leastMs - 10);
  };
  await Promise.all([
    note("first", "10.0.0.1:1", 250),
    note("second", "10.0.0.1:2", 500),
    note("other", "10.0.0.2:1", 250),
  ]);
  expect(answered).toEqual(["first", "other", "second"]);
});

/** The first to resolve of these and a failure that waits as the first of its network does. */
async function firstOf(failures: FailedLogins, notes: Record<string, Promise<void>>) {
  const waits = failures.note("bob", from("10.9.9.9:1"), performance.now());
  const named = Object.entries({ ...notes, waits });
  return await Promise.race(named.map(([name, note]) => note.then(() => name)));
}

test("nobody waits on behalf of a client that is gone", async () => {
  const { failures } = newFailures();
  const client = new AbortController();
  const waiting = failures.note("ann", from("10.0.0.1:1", client.signal), performance.now());
  client.abort();
  expect(await firstOf(failures, { waiting })).toBe("waiting");
  const late = failures.note("ann", from("10.0.0.1:2", client.signal), performance.now());
  expect(await firstOf(failures, { late })).toBe("late");
});

test("time that a login took already counts", async () => {
  const { failures } = newFailures();
  const note = failures.note("ann", from("10.0.0.1:1"), performance.now() - 300);
  expect(await firstOf(failures, { note })).toBe("note");
});

test("closing ends the waiting of all who failed", async () => {
  const { log, failures } = newFailures();
  let answered = 0;
  // Some of them would wait for seconds.
  const notes = Array.from({ length: 1000 }, async (_, i) => {
    await failures.note("ann", from(`10.0.0.1:${i}`), performance.now());
    answered += 1;
  });
  expect(log).toHaveLength(1000);
  expect(log[0]).toEqual(["login failed", { user: "ann", addr: "10.0.0.1:0" }]);
  failures.close();
  // None is left to a timer.
  await new Promise<void>((resolve) => void setImmediate(resolve));
  expect(answered).toBe(1000);
  await Promise.all(notes);
});
