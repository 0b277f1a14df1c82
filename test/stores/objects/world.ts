// Some okq processes on one bucket, whose every step is decided by a test: when each request takes
// effect, when its reply arrives, and whether it does; when time passes, and who sleeps or dies.

import type { Cancel, Clock } from "../../../src/queue/clock.ts";
import { BucketError } from "../../../src/s3/bucket.ts";
import { MemoryBucket, MemoryObjects, type Passage } from "../../support/memory-bucket.ts";
import { Account } from "./account.ts";
import { Member } from "./member.ts";

/** Object stores refuse requests whose signature is older. */
const SIGNED_MS = 15 * 60_000;
export const HOUR_MS = 61 * 60_000;

/** A request of a process. */
export interface Call {
  name: string;
  isWrite: boolean;
  /** The process slept before it had sent it. */
  sign(): void;
  /** Else the object store refuses it. */
  isInTime(): boolean;
  /** The effect, as often as it arrives. */
  apply(): void;
  /** Lets the reply arrive, that of the latest effect. */
  reply(): void;
  /** It takes effect, and its reply arrives; or it is refused as too old. */
  finish(): void;
  /** Tells the process that it failed. */
  fail(outcome: "none" | "unknown"): void;
  isApplied: boolean;
}

interface Timer {
  dueMs: number;
  run: () => void;
}

/** The clock of one process; its timers run only when it is awake. */
export class WorldClock implements Clock {
  readonly timers = new Set<Timer>();
  /** The steady clock stood still while the machine slept. */
  stoodMs = 0;
  /** Somebody set the machine's clock. */
  setMs = 0;

  constructor(readonly world: { nowMs: number }) {}

  nowMs(): number {
    return this.world.nowMs - this.stoodMs;
  }

  wallMs(): number {
    return this.world.nowMs + this.setMs;
  }

  after(delayMs: number, run: () => void): Cancel {
    const timer = { dueMs: this.nowMs() + delayMs, run };
    this.timers.add(timer);
    return () => void this.timers.delete(timer);
  }

  every(): Cancel {
    throw new Error("is not needed");
  }

  /** By the time of the world. */
  get nextMs(): number {
    return Math.min(...[...this.timers].map(({ dueMs }) => dueMs)) + this.stoodMs;
  }

  runDue(): void {
    const due = [...this.timers].filter(({ dueMs }) => dueMs <= this.nowMs());
    for (const timer of due.toSorted((a, b) => a.dueMs - b.dueMs)) {
      if (this.timers.delete(timer)) timer.run();
    }
  }
}

/** The process itself: what runs in it, its requests, and whether it sleeps. */
export class Place {
  readonly calls: Call[] = [];
  readonly clock: WorldClock;
  readonly member: Member;
  #asleepSinceMs: number | null = null;

  constructor(
    readonly world: World,
    id: string,
  ) {
    this.clock = new WorldClock(world);
    const bucket = new MemoryBucket(world.objects, this.clock, this.#passage, 3);
    this.member = new Member(world, id, bucket, this.clock);
  }

  get isAsleep(): boolean {
    return this.#asleepSinceMs !== null;
  }

  fallAsleep(): void {
    this.#asleepSinceMs ??= this.world.nowMs;
  }

  /** The whole machine slept, or only the process. */
  wake(isMachine: boolean): void {
    if (isMachine) this.clock.stoodMs += this.world.nowMs - (this.#asleepSinceMs ?? 0);
    this.#asleepSinceMs = null;
    for (const call of this.calls) if (!call.isApplied) call.sign();
    this.clock.runDue();
  }

  readonly #passage: Passage = (name, effect) => {
    type Result = ReturnType<typeof effect>;
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    let result: Result;
    let signedMs = this.clock.wallMs();
    const call: Call = {
      name,
      isWrite: !/^(read|list)/.test(name),
      isApplied: false,
      sign: () => (signedMs = this.clock.wallMs()),
      isInTime: () => Math.abs(this.world.nowMs - signedMs) < SIGNED_MS,
      apply() {
        result = effect();
        call.isApplied = true;
      },
      reply: () => {
        this.#forget(call);
        resolve(result);
      },
      finish: () => {
        if (!call.isApplied && !call.isInTime()) return call.fail("none");
        if (!call.isApplied) call.apply();
        call.reply();
      },
      fail: (outcome) => {
        this.#forget(call);
        reject(new BucketError(outcome, `${name} fails: ${outcome}`));
      },
    };
    this.calls.push(call);
    return promise;
  };

  #forget(call: Call): void {
    this.calls.splice(this.calls.indexOf(call), 1);
  }
}

export class World {
  nowMs = 1_000_000;
  readonly objects = new MemoryObjects();
  readonly account = new Account();
  /** Requests that still arrive some time, and nobody waits for. */
  late: Call[] = [];
  places: Place[] = [];
  areLinksBroken = false;
  #ids = 0;

  constructor(places: number) {
    for (let count = 0; count < places; count++) this.places.push(this.#born());
  }

  #born(): Place {
    return new Place(this, `okq-${++this.#ids}`);
  }

  reaches(id: string): boolean {
    const place = this.places.find(({ member }) => member.id === id);
    return place !== undefined && !place.isAsleep && !this.areLinksBroken;
  }

  /** Kills the process and starts another one. */
  replace(index: number): void {
    const { calls } = this.places[index]!;
    this.late.push(...calls.filter(({ isWrite, isApplied }) => isWrite && !isApplied));
    this.places[index]!.member.isDead = true;
    this.places[index] = this.#born();
  }

  arriveLate(call: Call): void {
    this.late = this.late.filter((other) => other !== call);
    if (call.isInTime()) call.apply();
  }

  get nextTimerMs(): number {
    return Math.min(...this.#awake.map(({ clock }) => clock.nextMs));
  }

  /** Infinity: there is no timer, so nothing happens. */
  passTime(toMs: number): void {
    if (toMs !== Infinity) this.nowMs = Math.max(this.nowMs, toMs);
    for (const { clock } of this.#awake) clock.runDue();
  }

  get #awake(): Place[] {
    return this.places.filter(({ isAsleep }) => !isAsleep);
  }

  /** Lets everything run that waits for neither a request nor a timer. */
  async settle(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    if (this.account.broken !== null) throw this.account.broken;
  }

  /** From now on nothing fails, until somebody serves and `isOver`. */
  async calm(isOver: () => boolean): Promise<void> {
    this.areLinksBroken = false;
    for (const place of this.places) {
      place.clock.setMs = 0;
      place.wake(false);
    }
    for (let step = 0; step < 5000; step++) {
      await this.settle();
      if (isOver()) return;
      const calls = this.places.flatMap((place) => place.calls);
      for (const call of calls) {
        call.finish();
      }
      if (calls.length === 0) this.passTime(this.nextTimerMs);
    }
    throw new Error("nobody serves though nothing fails any more");
  }
}
