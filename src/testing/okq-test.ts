// An okq within the process of a test, with a clock that the test moves and assertions on what was
// pushed and done. Code under test gets `test.okq`, or connects with `test.options`.
import type { Duplex } from "node:stream";
import { connect, type ConnectOptions } from "../client/connect.ts";
import type { Okq } from "../client/okq.ts";
import type { Queue } from "../client/queue/queue.ts";
import { turnOfEventLoop } from "./activity.ts";
import * as assertions from "./assertions.ts";
import { type Decode, decodeAny, endedIn, pushedIn } from "./event-lists.ts";
import type { EndedEvent, Happening, PushedEvent } from "./events.ts";
import { MovedClock } from "./moved-clock.ts";
import { countsText, statusOfQueues } from "./queue-counts.ts";
import { StartedOkq } from "./started-okq.ts";

export interface TestOptions {
  /** The time at which the clock stands at first; without it the current time. */
  now?: Date | number;
}

export interface IdleOptions {
  /** How long idle() waits at most, in real milliseconds. */
  withinMs?: number;
}

/** A queue by its name, or the Queue of a client, which knows the form of its contents. */
export type QueueOrName<T> = string | Queue<T>;

/** What connect() needs to reach the okq of a test, whatever its address and login. */
export type TestConnection = Required<
  Pick<ConnectOptions, "stream" | "clock" | "username" | "password">
>;

const IDLE_MS_MAX = 2_000;
/** Workers and okq end within this time of the clock. */
const CLOSE_MS_MAX = 60 * 60_000;
/** Timers that become due one after the other without time going on. */
const STEPS_AT_ONCE_MAX = 10_000;

/** Starts an okq in this process, with the memory store and no port. Any number may run. */
export function startTest(options: TestOptions = {}): Promise<OkqTest> {
  return OkqTest.start(options);
}

export class OkqTest implements AsyncDisposable {
  /** A client of this okq. */
  readonly okq: Okq;
  /** For code that connects itself: `connect(address, test.options)`. It closes its clients. */
  readonly options: TestConnection;
  readonly #started: StartedOkq;
  readonly #clock: MovedClock;
  readonly #clients = new Set<Okq>();
  #isAdvancing = false;
  #refusedUntilMs = -Infinity;
  #closing: Promise<void> | null = null;

  /** As startTest(). */
  static async start({ now = Date.now() }: TestOptions): Promise<OkqTest> {
    const nowMs = Number(now);
    if (!Number.isFinite(nowMs)) throw new RangeError(`now must be a time, got ${String(now)}`);
    const clock = new MovedClock(nowMs);
    const started = new StartedOkq(clock);
    await started.open();
    return new OkqTest(started, clock);
  }

  private constructor(started: StartedOkq, clock: MovedClock) {
    this.#started = started;
    this.#clock = clock;
    // An okq without users accepts an empty password.
    const login = { username: "", password: "" };
    this.options = { stream: async () => this.#connection(), clock, ...login };
    this.okq = this.connect();
  }

  /** One more client. It is closed with the test. */
  connect(options: Omit<ConnectOptions, keyof TestConnection> = {}): Okq {
    this.#checkOpen();
    const client = connect("okq://in-process", { name: "test", ...options, ...this.options });
    this.#clients.add(client);
    return client;
  }

  /**
   * Breaks all connections, as when the network fails, and refuses others for a time of the clock.
   * Clients connect again as the clock moves.
   */
  disconnect({ forMs = 0 }: { forMs?: number } = {}): void {
    this.#checkOpen();
    checkTime("disconnect", forMs);
    this.#refusedUntilMs = this.#clock.nowMs() + forMs;
    this.#started.disconnect();
  }

  /** The time of the clock, in ms since 1970. Only advance() moves it. */
  nowMs(): number {
    return this.#clock.nowMs();
  }

  /**
   * Moves the clock of okq, clients and workers. All that becomes due happens, each at its time,
   * and is over when the promise resolves, but for handlers that wait for something else than okq.
   */
  async advance(ms: number): Promise<void> {
    this.#checkOpen();
    checkTime("advance", ms);
    if (this.#isAdvancing) throw new Error("advance: another advance() has not ended, await it");
    this.#isAdvancing = true;
    try {
      await this.#advanceTo(this.#clock.nowMs() + ms);
    } finally {
      this.#isAdvancing = false;
    }
  }

  async #advanceTo(endMs: number): Promise<void> {
    const { activity } = this.#started;
    await activity.settled();
    let steps = 0;
    for (let atMs = this.#clock.nowMs(); this.#clock.stepAll(endMs);) {
      await activity.settledAfterTimers();
      const nowMs = this.#clock.nowMs();
      steps = nowMs > atMs ? 0 : steps + 1;
      if (steps > STEPS_AT_ONCE_MAX)
        throw new Error("advance: timers are set for now again and again");
      atMs = nowMs;
    }
  }

  /**
   * Resolves when no event is ready or claimed, so that workers have finished. Waits in real time,
   * and does not move the clock. Throws an AssertionError if that takes too long.
   */
  async idle({ withinMs = IDLE_MS_MAX }: IdleOptions = {}): Promise<void> {
    const endsAtMs = performance.now() + withinMs;
    for (;;) {
      await this.#settled();
      const left = await this.#countsLeft();
      if (left.length === 0) return;
      if (performance.now() > endsAtMs) {
        assertions.fail(`not idle after ${withinMs} ms: ${left.join("; ")}`, left, []);
      }
      await turnOfEventLoop();
    }
  }

  async #countsLeft(): Promise<string[]> {
    const all = await statusOfQueues(this.#started.session);
    return all.map((status) => countsText(status, ["ready", "claimed"])).filter(Boolean);
  }

  /** All events that were pushed to the queue since the start or reset(), in order. */
  async pushed<T = unknown>(queue: QueueOrName<T>): Promise<PushedEvent<T>[]> {
    await this.#settled();
    return await pushedIn(this.#started.happenings, nameOf(queue), decoderOf(queue));
  }

  /** All events of the queue that were acknowledged, failed for good, expired or were deleted. */
  async ended(queue: QueueOrName<unknown>): Promise<EndedEvent[]> {
    await this.#settled();
    return endedIn(this.#started.happenings, nameOf(queue));
  }

  /** Everything that happened to the events of the queue, in order. */
  async happened(queue: QueueOrName<unknown>): Promise<Happening[]> {
    await this.#settled();
    const name = nameOf(queue);
    return this.#started.happenings.all.filter((each) => each.queue === name);
  }

  /** Resolves to the events that have that part. */
  async assertPushed<T = unknown>(
    queue: QueueOrName<T>,
    part: assertions.PartOfPushed = {},
  ): Promise<PushedEvent<T>[]> {
    return assertions.assertPushed(nameOf(queue), await this.pushed(queue), part);
  }

  async assertNotPushed(
    queue: QueueOrName<unknown>,
    part: assertions.PartOfPushed = {},
  ): Promise<void> {
    assertions.assertNotPushed(nameOf(queue), await this.pushed(queue), part);
  }

  async assertAcked(queue: QueueOrName<unknown>, id: string): Promise<EndedEvent> {
    return await this.#assertEnded(queue, id, "acked");
  }

  /** It has failed for good. reason: all that its consumer said, or a RegExp that fits it. */
  async assertFailed(
    queue: QueueOrName<unknown>,
    id: string,
    reason?: string | RegExp,
  ): Promise<EndedEvent> {
    const failed = await this.#assertEnded(queue, id, "failed");
    if (reason !== undefined) assertions.assertReason(nameOf(queue), failed, reason);
    return failed;
  }

  async #assertEnded(
    queue: QueueOrName<unknown>,
    id: string,
    outcome: EndedEvent["outcome"],
  ): Promise<EndedEvent> {
    const happened = await this.happened(queue);
    const name = nameOf(queue);
    const ended = endedIn(this.#started.happenings, name);
    return assertions.assertEnded({ queue: name, id }, outcome, ended, happened);
  }

  /** No event of the queue is ready, delayed or claimed. */
  async assertEmpty(queue: QueueOrName<unknown>): Promise<void> {
    await this.#settled();
    const name = nameOf(queue);
    const [status] = await this.#started.session.ask({
      kind: "status",
      queues: [Buffer.from(name)],
    });
    const left = countsText(status!, ["ready", "delayed", "claimed"]);
    if (left !== "") assertions.fail(`expected no events, but there are ${left}`, left, "");
  }

  /** Removes all events, settings and records. Clients and workers stay; claims are lost. */
  async reset(): Promise<void> {
    await this.#settled();
    await this.#started.reset();
  }

  /** Closes all clients and okq. Nothing is left then that keeps the process. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    // Workers wait for their handlers, and okq for its clients.
    await this.#clockUntil(Promise.all([...this.#clients].map((client) => client.close())));
    await this.#clockUntil(this.#started.close());
  }

  /** Moves the clock until the work is done. */
  async #clockUntil(work: Promise<unknown>): Promise<void> {
    let isDone = false;
    const done = work.finally(() => (isDone = true));
    const endMs = this.#clock.nowMs() + CLOSE_MS_MAX;
    do await this.#started.activity.settled();
    while (
      // oxlint-disable-next-line no-unmodified-loop-condition -- it changes when the work is done
      !isDone &&
      this.#clock.step(endMs)
    );
    if (!isDone) throw new Error("close: the handler of a worker does not end");
    await done;
  }

  async #connection(): Promise<Duplex> {
    this.#checkOpen();
    if (this.#clock.nowMs() < this.#refusedUntilMs) throw new Error("connection refused");
    return this.#started.connect();
  }

  async #settled(): Promise<void> {
    this.#checkOpen();
    await this.#started.activity.settled();
  }

  #checkOpen(): void {
    if (this.#closing) throw new Error("this test okq is closed");
  }
}

function checkTime(what: string, ms: number): void {
  if (!(ms >= 0 && ms < Infinity)) throw new RangeError(`${what}: ${ms} is no time in ms`);
}

function nameOf(queue: QueueOrName<unknown>): string {
  return typeof queue === "string" ? queue : queue.name;
}

function decoderOf<T>(queue: QueueOrName<T>): Decode<T> {
  if (typeof queue === "string") return decodeAny as Decode<T>;
  return (bytes) => queue.codec.decode(bytes);
}
