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

async function tookMs(work: Promise<void>): Promise<number> {
  const startedAt = performance.now();
  await work;
  return performance.now() - startedAt;
}

test("each failure from a network waits longer than the one before, others do not", async () => {
  const { failures } = newFailures();
  const note = (address: string) => tookMs(failures.note("ann", from(address), performance.now()));
  const [first, second, other] = [note("10.0.0.1:1"), note("10.0.0.1:2"), note("10.0.0.2:1")];
  expect(await first).toBeWithin(240, 450);
  expect(await other).toBeWithin(240, 450);
  expect(await second).toBeWithin(490, 750);
});

test("nobody waits on behalf of a client that is gone", async () => {
  const { failures } = newFailures();
  const client = new AbortController();
  const waiting = failures.note("ann", from("10.0.0.1:1", client.signal), performance.now());
  client.abort();
  expect(await tookMs(waiting)).toBeLessThan(50);
  const late = failures.note("ann", from("10.0.0.1:2", client.signal), performance.now());
  expect(await tookMs(late)).toBeLessThan(50);
});

test("time that a login took already counts", async () => {
  const { failures } = newFailures();
  const note = failures.note("ann", from("10.0.0.1:1"), performance.now() - 300);
  expect(await tookMs(note)).toBeLessThan(50);
});

test("closing ends the waiting of all who failed", async () => {
  const { log, failures } = newFailures();
  const notes = Array.from({ length: 1000 }, (_, i) =>
    failures.note("ann", from(`10.0.0.1:${i}`), performance.now()),
  );
  expect(log).toHaveLength(1000);
  expect(log[0]).toEqual(["login failed", { user: "ann", addr: "10.0.0.1:0" }]);
  const startedAt = performance.now();
  failures.close();
  await Promise.all(notes);
  expect(performance.now() - startedAt).toBeLessThan(200);
});
