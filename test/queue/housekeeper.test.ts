// Periodic work: which operations it sends to a store, when, and which operations it avoids.
// oxlint-disable no-await-in-loop -- the clock moves step by step
import { expect, test } from "bun:test";
import { Consumer } from "../../src/queue/consumer.ts";
import { Consumers } from "../../src/queue/consumers.ts";
import { Housekeeper, type Work } from "../../src/queue/housekeeper.ts";
import type { Operation } from "../../src/queue/operations.ts";
import type { Session } from "../../src/queue/store.ts";
import { Waiters } from "../../src/queue/waiters.ts";
import { LocalStore } from "../../src/stores/local/local-store.ts";
import { closeAfterTest } from "../support/close-after-test.ts";
import { TestClock } from "../support/test-clock.ts";

const STEP_MS = 100;
const queue = Buffer.from("q");
const event = { id: Buffer.from("1"), contents: Buffer.from("x") };

/** A local store that records its operations, and a housekeeper that works on it. */
function startHousekeeper() {
  const clock = new TestClock();
  const store = new LocalStore({ clock, onReady() {} });
  const asked: Operation["kind"][] = [];
  const session = (): Session => {
    const inner = store.session();
    const submit = inner.submit.bind(inner);
    inner.submit = (operation, receiver) => {
      asked.push(operation.kind);
      submit(operation, receiver);
    };
    return inner;
  };
  const noting = Object.assign(Object.create(store) as LocalStore, {
    session,
    watch: async () => {},
    isDue: () => store.isDue(),
  });
  const consumers = new Consumers(noting, (error) => {
    throw error;
  });
  const waiters = new Waiters(clock);
  const onRound = (_work: Work, error: Error | null) => {
    if (error) throw error;
  };
  const housekeeper = new Housekeeper({ store: noting, consumers, waiters, clock, onRound });
  closeAfterTest({ close: async () => (housekeeper.stop(), await store.close()) });
  /** Advances the clock by that time in small steps, and runs the work that is due in each. */
  const pass = async (ms: number) => {
    for (let passedMs = 0; passedMs < ms; passedMs += STEP_MS) {
      clock.advance(STEP_MS);
      await store.session().ask({ kind: "status", queues: [] });
    }
  };
  const consumer = () => new Consumer(consumers);
  return { store, waiters, asked, pass, consumer, housekeeper, clock };
}

test("sends the store only a reclaim every ten seconds while nothing is due", async () => {
  const { asked, pass } = startHousekeeper();
  await pass(9_000);
  expect(asked).toEqual(["tick"]);
  await pass(20_000);
  expect(asked).toEqual(["tick", "tick", "tick"]);
});

test("requeues an event when its lease expires", async () => {
  const { store, pass } = startHousekeeper();
  const session = store.session();
  const peek = () => session.ask({ kind: "peek", queue, end: "right" });
  await session.ask({ kind: "push", queue, end: "left", ...event, options: null });
  await session.ask({ kind: "pop", queue, leaseMs: 1000, claimant: null });
  await pass(900);
  expect(await peek()).toBeNull();
  await pass(400);
  expect(await peek()).toEqual(event);
});

test("forgets empty queues without any command", async () => {
  const { store, pass } = startHousekeeper();
  const queues = Array.from({ length: 1000 }, (_, number) => Buffer.from(`q${number}`));
  const session = store.session();
  const push = (name: Buffer) =>
    session.ask({ kind: "push", queue: name, end: "left", ...event, options: null });
  await Promise.all(queues.map(push));
  const count = () => Object.fromEntries(store.describe())["queues"];
  expect(count()).toBe(1000);
  await Promise.all(
    queues.map((name) => session.ask({ kind: "pop", queue: name, leaseMs: 0, claimant: null })),
  );
  await pass(20_000);
  expect(count()).toBe(0);
});

test("reports consumers every five seconds, and once more when there are none left", async () => {
  const { asked, pass, consumer } = startHousekeeper();
  const one = consumer();
  const reports = () => asked.filter((kind) => kind === "register").length;
  await one.register([queue]);
  await pass(20_000);
  expect(reports()).toBe(1 + 4);
  await one.leaveAllBut([]);
  await pass(20_000);
  expect(reports()).toBe(5 + 2);
});

test("wakes a waiter for an event that no message announced", async () => {
  const { store, waiters, pass } = startHousekeeper();
  const session = store.session();
  const peek = () => session.ask({ kind: "peek", queue, end: "right" });
  const { signal } = new AbortController();
  const found = waiters.wait({ queues: [queue], timeoutMs: 60_000, attempt: peek, signal });
  await session.ask({ kind: "push", queue, end: "left", ...event, options: null });
  await pass(1_100);
  expect(await found).toEqual(event);
});

test("does nothing after it is stopped", async () => {
  const { asked, pass, housekeeper, clock } = startHousekeeper();
  housekeeper.stop();
  await pass(60_000);
  expect([asked, clock.timers]).toEqual([[], 0]);
});
