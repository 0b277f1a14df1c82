// Which queues a scrape shows, and what it costs to collect their figures.
import { expect, test } from "bun:test";
import { QueueWalks } from "../../src/http/metrics/queue-figures.ts";
import { LargestQueues } from "../../src/http/metrics/queue-sums.ts";
import { systemClock } from "../../src/queue/clock.ts";
import { StoreError } from "../../src/queue/errors.ts";
import { NO_OPTIONS } from "../../src/queue/event.ts";
import type { Operation, ResultOf } from "../../src/queue/operations.ts";
import type { QueueStatus } from "../../src/queue/queue-status.ts";
import { type Receiver, Session, type Store } from "../../src/queue/store.ts";
import { LocalStore } from "../../src/stores/local/local-store.ts";
import { Pattern } from "../../src/users/pattern.ts";
import { User } from "../../src/users/user.ts";
import { ForwardingStore } from "../stores/forwarding-store.ts";
import { eventually } from "../support/eventually.ts";
import { startTestOkq } from "../support/okq-server.ts";
import { askAll } from "../support/readable.ts";
import { TestClock } from "../support/test-clock.ts";
import { labelValues, valueIn } from "./exposition-parser.ts";
import { scrape } from "./scrape.ts";

function statusOf(name: string, ready: number): QueueStatus {
  const none = { delayed: 0, claimed: 0, failed: 0, completed: 0, consumers: 0 };
  return { queue: Buffer.from(name), ready, ...none, paused: [], isStream: false };
}

test("finds the largest queues, the first by name of equal ones", () => {
  const seed = Math.floor(Math.random() * 1e6);
  const random = (at: number) => Math.floor(((Math.sin(seed + at) + 1) * 1e6) % 7);
  const all = Array.from({ length: 500 }, (_, at) =>
    statusOf(`q${String(at).padStart(3, "0")}`, random(at)),
  );
  for (const count of [0, 1, 3, 100, 499, 500, 1000]) {
    const largest = new LargestQueues(count);
    for (const status of all) largest.add(status);
    const names = largest.all.map(({ queue }) => String(queue));
    const sorted = all.toSorted((a, b) => b.ready - a.ready || Buffer.compare(a.queue, b.queue));
    const wanted = sorted.slice(0, count).map(({ queue }) => String(queue));
    expect({ seed, count, names }).toEqual({ seed, count, names: wanted });
  }
});

test("shows the largest queues, and sums of the others", async () => {
  const okq = await startTestOkq({ httpAddr: "127.0.0.1:0" });
  const client = await okq.connect();
  const pushes = Array.from({ length: 150 }, (_, at) => ["QPUSH", `q${at}`, "x"]);
  await askAll(client, ...pushes, ["QPUSH", "q149", "y"], ["QPUSH", "other", "x"]);
  await askAll(client, ["QPUSH", "other", "y"], ["QPAUSE", "q149", "OUT"]);
  const ready = (seen: Awaited<ReturnType<typeof scrape>>, queue: string) =>
    valueIn(seen, "okq_queue_events", { queue, state: "ready" });
  const two = await scrape(okq, { query: "?queues=2" });
  expect([...labelValues(two, "queue")]).toEqual(["\\x6fther", "q149", "other"]);
  expect(["\\x6fther", "q149", "other"].map((queue) => ready(two, queue))).toEqual([2, 2, 149]);
  expect(valueIn(two, "okq_events_pushed_total", { queue: "other" })).toBeUndefined();
  const usual = await scrape(okq);
  expect(labelValues(usual, "queue").size).toBe(101);
  expect(ready(usual, "other")).toBe(51);
  expect(valueIn(usual, "okq_queues")).toBe(151);
  const all = await scrape(okq, { query: "?queues=1000" });
  expect(labelValues(all, "queue").size).toBe(151);
  expect(ready(all, "other")).toBeUndefined();
  const none = await scrape(okq, { query: "?queues=0" });
  expect([...labelValues(none, "queue")]).toEqual(["other"]);
  expect(ready(none, "other")).toBe(153);
  expect(valueIn(none, "okq_queue_paused", { queue: "other", direction: "out" })).toBe(1);
});

/** A store that notes what it is asked for, and may keep an answer back or fail. */
class WatchedStore extends ForwardingStore {
  readonly asked: string[] = [];
  readonly limits: number[] = [];
  isFailing = false;
  /** Answers wait for it. */
  gate: Promise<void> = Promise.resolve();
  protected readonly inner: Store;

  constructor() {
    super();
    this.inner = new LocalStore({ clock: systemClock, onReady() {} });
  }

  session(): Session {
    return new WatchedSession(this, this.inner.session());
  }
}

class WatchedSession extends Session {
  constructor(
    private readonly store: WatchedStore,
    private readonly inner: Session,
  ) {
    super();
  }

  submit<O extends Operation>(operation: O, receiver: Receiver<ResultOf<O>>): void {
    const { store } = this;
    store.asked.push(operation.kind);
    if (operation.kind === "list") store.limits.push(operation.limit);
    void store.gate.then(() => {
      if (store.isFailing) return receiver.failed(new StoreError("refused", "on purpose"));
      this.inner.submit(operation, receiver);
    });
  }
}

const userOf = (...patterns: string[]) =>
  new User(
    "ann",
    null,
    ["inspect"],
    patterns.map((text) => new Pattern(text)),
  );
const all = userOf("*");

async function setUp(queues: number) {
  const store = new WatchedStore();
  const clock = new TestClock();
  const session = store.session();
  const push = (name: string) => {
    const id = Buffer.from("1");
    const event = { end: "left", id, contents: id, options: NO_OPTIONS } as const;
    return session.ask({ kind: "push", queue: Buffer.from(name), ...event });
  };
  await Promise.all(Array.from({ length: queues }, (_, at) => push(`q${at}`)));
  store.asked.length = 0;
  const failures: unknown[] = [];
  const reportFailure = (_: string, error: Error) => void failures.push(error);
  const walks = new QueueWalks({ store, clock, reportFailure });
  return { store, clock, walks, push, session, failures };
}

test("looks at few queues at a time", async () => {
  const { store, walks } = await setUp(1000);
  const figures = await walks.figuresFor(all, 100, 5000);
  expect(figures!.all.queues).toBe(1000);
  expect(figures!.shown).toHaveLength(100);
  expect(Math.max(...store.limits)).toBeLessThanOrEqual(64);
  const times = (kind: string) => store.asked.filter((each) => each === kind).length;
  expect(times("stats")).toBe(100);
  expect(times("list")).toBe(Math.ceil(1000 / store.limits[0]!));
});

test("several scrapers cost one walk, for some seconds", async () => {
  const { store, clock, walks } = await setUp(10);
  const scrapes = () => Promise.all([1, 2, 3].map((count) => walks.figuresFor(all, count, 5000)));
  await walks.figuresFor(all, 3, 5000);
  const ofOne = store.asked.length;
  await scrapes();
  clock.advance(4000);
  await scrapes();
  expect(store.asked.length).toBe(ofOne);
  clock.advance(2000);
  await scrapes();
  expect(store.asked.length).toBe(2 * ofOne);
});

test("more queues than before are shown at once", async () => {
  const { walks } = await setUp(10);
  const [few, many] = await Promise.all([
    walks.figuresFor(all, 1, 5000),
    walks.figuresFor(all, 8, 5000),
  ]);
  expect(few!.shown.length).toBeGreaterThanOrEqual(1);
  expect(many!.shown).toHaveLength(8);
});

test("users of other queues have figures of their own", async () => {
  const { walks } = await setUp(20);
  const [some, every] = [userOf("q1*"), all];
  expect((await walks.figuresFor(every, 5, 5000))!.all.queues).toBe(20);
  expect((await walks.figuresFor(some, 5, 5000))!.all.queues).toBe(11);
});

test("a slow store delays a scrape for a bounded time, and older figures are shown", async () => {
  const { store, clock, walks, push } = await setUp(3);
  await walks.figuresFor(all, 5, 5000);
  await push("new");
  clock.advance(60_000);
  const { promise, resolve } = Promise.withResolvers<void>();
  store.gate = promise;
  store.asked.length = 0;
  const late = walks.figuresFor(all, 5, 5000);
  await eventually(() => store.asked.length > 0);
  clock.advance(5000);
  expect((await late)!.all.queues).toBe(3);
  resolve();
  await eventually(() => {
    // The walk rests.
    clock.advance(20_000);
    return store.asked.includes("stats");
  });
  const next = await walks.figuresFor(all, 5, 5000);
  expect(next!.all.queues).toBe(4);
  expect(next!.tookMs).toBeGreaterThan(5000);
  await push("newer");
  clock.advance(10 * next!.tookMs);
  // It would take longer again.
  expect((await walks.figuresFor(all, 5, 5000))!.all.queues).toBe(4);
  await eventually(async () => (await walks.figuresFor(all, 5, 5000))!.all.queues === 5);
});

test("without figures of a store that fails, and with them once it works", async () => {
  const { store, walks, failures } = await setUp(3);
  store.isFailing = true;
  expect(await walks.figuresFor(all, 5, 5000)).toBeNull();
  store.isFailing = false;
  expect((await walks.figuresFor(all, 5, 5000))!.all.queues).toBe(3);
  expect(failures).toEqual([]);
});

test("a pop that is undone takes nothing off a total", async () => {
  const { clock, walks, session, push } = await setUp(0);
  await push("q");
  const queue = Buffer.from("q");
  let number = 0;
  const add = (popped: number, pushed: number) => {
    const counts = {
      totals: [pushed, popped, 0, 0, 0, 0, 0, 0],
      waits: new Map(),
      runs: new Map(),
    };
    number += 1;
    return session.ask({ kind: "count", number, settled: number, counted: [{ queue, counts }] });
  };
  const totals = async () => {
    clock.advance(60_000);
    return (await walks.figuresFor(all, 5, 5000))!.shown[0]!.totals.slice(0, 2);
  };
  await add(5, 7);
  expect(await totals()).toEqual([7, 5]);
  await add(-1, 0);
  expect(await totals()).toEqual([7, 5]);
  await add(2, 0);
  expect(await totals()).toEqual([7, 6]);
  // As in a queue that came into being anew.
  await add(-4, -3);
  expect(await totals()).toEqual([4, 2]);
});
