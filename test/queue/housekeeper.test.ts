// Periodic work: which operations it sends to a store, when, and which operations it avoids.
// oxlint-disable no-await-in-loop -- the clock moves step by step
import { expect, test } from "bun:test";
import { Consumer } from "../../src/queue/consumer.ts";
import { Consumers } from "../../src/queue/consumers.ts";
import { StoreError } from "../../src/queue/errors.ts";
import { Housekeeper, type Work } from "../../src/queue/housekeeper.ts";
import type { Count } from "../../src/queue/management.ts";
import type { Operation } from "../../src/queue/operations.ts";
import type { Receiver, Session } from "../../src/queue/store.ts";
import { Endings } from "../../src/queue/endings.ts";
import { Counting } from "../../src/queue/counting.ts";
import { Tally } from "../../src/queue/tally.ts";
import { Readers } from "../../src/queue/readers.ts";
import { Waiters } from "../../src/queue/waiters.ts";
import { WaitingNotes } from "../../src/queue/waiting-notes.ts";
import { LocalStore } from "../../src/stores/local/local-store.ts";
import { closeAfterTest } from "../support/close-after-test.ts";
import { TestClock } from "../support/test-clock.ts";

const STEP_MS = 100;
const queue = Buffer.from("q");
const event = { id: Buffer.from("1"), contents: Buffer.from("x") };

/** These queues are not counted, and are the result. */
function countWithout(
  notDone: Buffer[],
  operation: Count,
  { receiver, submit }: { receiver: Receiver<never>; submit: Session["submit"] },
): void {
  const counted = operation.counted.filter(
    ({ queue: name }) => !notDone.some((each) => each.equals(name)),
  );
  submit(
    { ...operation, counted },
    { ...receiver, succeeded: () => receiver.succeeded({ notDone, unknown: [] } as never) },
  );
}

/** Sessions of a store that record their operations, and fail or keep silent where a test asks. */
function sessionsOf(store: LocalStore) {
  const asked: Operation["kind"][] = [];
  const failing = { count: 0 };
  /** Queues that the next count leaves out. */
  const leftOnce: Buffer[] = [];
  /** The store does not answer the status of these queues. They are in a part of their own. */
  const silent = new Set<string>();
  const session = (): Session => {
    const inner = store.session();
    const submit = inner.submit.bind(inner);
    inner.submit = (operation, receiver) => {
      asked.push(operation.kind);
      if (operation.kind === "count" && leftOnce.length > 0) {
        return countWithout(leftOnce.splice(0), operation, { receiver, submit });
      }
      const isStatus = operation.kind === "status";
      if (isStatus && operation.queues.some((name) => silent.has(String(name)))) return;
      if (failing.count === 0) return submit(operation, receiver);
      failing.count -= 1;
      receiver.failed(new StoreError("unavailable", "away"));
    };
    return inner;
  };
  return { session, asked, failing, leftOnce, silent };
}

/** A local store that records its operations, and a housekeeper that works on it. */
function startHousekeeper() {
  const clock = new TestClock();
  const store = new LocalStore({ clock, onReady() {}, onDue: () => housekeeper.wake() });
  const watched: string[] = [];
  const { session, silent, ...records } = sessionsOf(store);
  const noting = Object.assign(Object.create(store) as LocalStore, {
    session,
    async watch(queues: Buffer[]) {
      watched.push(...queues.map(String));
    },
    dueInMs: () => store.dueInMs(),
    partOf: (name: Buffer) => (silent.has(String(name)) ? 1 : 0),
  });
  const consumers = new Consumers(noting, (error) => {
    throw error;
  });
  const waiters = new Waiters(clock);
  const tally = new Tally();
  const onRound = (_work: Work, error: Error | null) => {
    if (error && !(error instanceof StoreError)) throw error;
  };
  const housekeeper: Housekeeper = new Housekeeper({
    store: noting,
    consumers,
    waiters,
    readers: new Readers(clock),
    endings: new Endings(clock),
    waitingNotes: new WaitingNotes(undefined, clock, () => []),
    reporter: { renew: async () => {}, clear: async () => {} },
    counting: new Counting(noting.session(), tally),
    clock,
    onRound,
    onSkipped() {},
  });
  closeAfterTest({ close: async () => (housekeeper.stop(), await store.close()) });
  /** Advances the clock by that time in small steps, and runs the work that is due in each. */
  const pass = async (ms: number) => {
    for (let passedMs = 0; passedMs < ms; passedMs += STEP_MS) {
      clock.advance(STEP_MS);
      await store.session().ask({ kind: "status", queues: [] });
    }
  };
  const consumer = () => new Consumer(consumers);
  const parts = { store, waiters, consumer, housekeeper, clock, tally };
  return { ...parts, ...records, silent, watched, pass };
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

test("sleeps until a lease expires, also when a later pop makes that time earlier", async () => {
  const { store, clock, pass, asked } = startHousekeeper();
  const session = store.session();
  const [first, second] = [event, { ...event, id: Buffer.from("2") }];
  for (const pushed of [first, second]) {
    await session.ask({ kind: "push", queue, end: "left", ...pushed, options: null });
  }
  await session.ask({ kind: "pop", queue, leaseMs: 9_000, claimant: null });
  await pass(1_000);
  await session.ask({ kind: "pop", queue, leaseMs: 2_000, claimant: null });
  const { timers } = clock;
  await pass(1_900);
  const ready = async () =>
    (await session.ask({ kind: "status", queues: [queue] })).map((status) => status.ready);
  expect(await ready()).toEqual([0]);
  await pass(200);
  expect(await ready()).toEqual([1]);
  expect([clock.timers, asked]).toEqual([timers, ["tick", "tick"]]);
});

test("ticks five times a second at most, however often something becomes due", async () => {
  const { store, asked, pass } = startHousekeeper();
  const session = store.session();
  for (let at = 0; at < 100; at++) {
    const id = Buffer.from(`${at}`);
    await session.ask({ kind: "push", queue, end: "left", ...event, id, options: null });
    await session.ask({ kind: "pop", queue, leaseMs: 10 * (at + 1), claimant: null });
  }
  await pass(1_200);
  const [status] = await session.ask({ kind: "status", queues: [queue] });
  expect(status).toMatchObject({ ready: 100, claimed: 0 });
  expect(asked.length).toBeLessThanOrEqual(1 + 6);
});

test("gives the store each count once, also where a part of it is away", async () => {
  const { tally, pass, store, leftOnce } = startHousekeeper();
  const [a, b] = [Buffer.from("a"), Buffer.from("b")];
  const session = store.session();
  for (const name of [a, b]) {
    await session.ask({ kind: "push", queue: name, end: "left", ...event, options: null });
    tally.happened(name, "pushed");
  }
  leftOnce.push(b);
  await pass(4_000);
  for (const name of [a, b]) {
    const { counts } = await session.ask({ kind: "stats", queue: name, isWhole: false });
    expect(counts.totals[0]).toBe(1);
  }
});

test("tries again, with a pause, when a tick fails", async () => {
  const { store, clock, failing, pass, asked } = startHousekeeper();
  const session = store.session();
  await session.ask({ kind: "push", queue, end: "left", ...event, options: null });
  await session.ask({ kind: "pop", queue, leaseMs: 1_000, claimant: null });
  failing.count = 3;
  await pass(1_600);
  expect(failing.count).toBe(0);
  await pass(200);
  const [status] = await session.ask({ kind: "status", queues: [queue] });
  expect(status).toMatchObject({ ready: 1, claimed: 0 });
  expect(asked.length).toBeLessThanOrEqual(6);
  expect(clock.timers).toBe(8);
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
  await one.leaveAll();
  await pass(20_000);
  expect(reports()).toBe(5 + 2);
});

test("hears of the queues that clients wait for also while it cannot look at them", async () => {
  const { waiters, pass, failing, watched } = startHousekeeper();
  const { signal } = new AbortController();
  const wait = waiters.wait({
    queues: [queue],
    timeoutMs: 3000,
    attempt: async () => null,
    signal,
  });
  failing.count = 1000;
  await pass(2_500);
  expect(watched).toEqual([String(queue), String(queue)]);
  await pass(1_000);
  expect(await wait).toBeNull();
});

test("wakes waiters also while another part of the store does not answer", async () => {
  const { store, waiters, pass, silent } = startHousekeeper();
  const away = Buffer.from("away");
  const { signal } = new AbortController();
  const isWoken = new Map<Buffer, boolean>();
  for (const name of [away, queue]) {
    const attempt = async () => {
      isWoken.set(name, isWoken.has(name));
      return isWoken.get(name) ? name : null;
    };
    void waiters.wait({ queues: [name], timeoutMs: 600_000, attempt, signal });
    await store.session().ask({ kind: "push", queue: name, end: "left", ...event, options: null });
  }
  silent.add(away.toString());
  await pass(3_000);
  expect([isWoken.get(away), isWoken.get(queue)]).toEqual([false, true]);
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
