// The history of a queue: what was counted in each minute of the last hour, and in each ten minutes
// of the last day.
// oxlint-disable no-await-in-loop -- the steps take place in this order
import { expect } from "bun:test";
import {
  type QueueHistory,
  type Series,
  STEP_COUNTS,
  STEP_LEVELS,
} from "../../../src/queue/history.ts";
import { type Counted, COUNTED, emptyCounts } from "../../../src/queue/queue-status.ts";
import type { Check } from "../contract.ts";
import { bytesOf, type Caller } from "./caller.ts";
import type { LifeCaller } from "./life-caller.ts";

type Counts = Partial<Record<Counted, number>>;

const MINUTE_MS = 60_000;
const HOUR_STEPS = 60;
const DAY_STEPS = 144;
/** A day in minutes. */
const DAY = 1440;

let latest = 0;

/** What okq has counted comes to the store. */
export async function count(store: Caller, queue: string, counts: Counts, number = ++latest) {
  const totals = COUNTED.map((what) => counts[what] ?? 0);
  const counted = [{ queue: bytesOf(queue), counts: { ...emptyCounts(), totals } }];
  await store.submit({ kind: "count", number, settled: number, counted });
}

export function historyOf(store: Caller, queue = "q"): Promise<QueueHistory> {
  return store.submit({ kind: "history", queue: bytesOf(queue) });
}

/** By its name what a series has; of levels only the states that are named. */
function shown(series: Series, ...names: string[]): Record<string, (number | null)[]> {
  const counts = STEP_COUNTS.map((name, at) => [`${name}`, series.counts[at]!] as const);
  const levels = STEP_LEVELS.map((name, at) => [`are ${name}`, series.levels[at]!] as const);
  const all = [...counts, ...levels].filter(([name]) => names.includes(name));
  return Object.fromEntries(all);
}

/** The latest steps of the hour. */
async function minutes(store: Caller, steps: number, ...names: string[]) {
  const all = shown((await historyOf(store)).hour, ...names);
  return Object.fromEntries(Object.entries(all).map(([name, each]) => [name, each.slice(-steps)]));
}

/** To the beginning of a ten minutes. */
function toRoundTime(store: Caller): void {
  store.advance(10 * MINUTE_MS - (store.nowMs % (10 * MINUTE_MS)));
}

const isSum = (series: Series, place: number) =>
  series.counts[place]!.reduce<number>((sum, each) => sum + (each ?? 0), 0);

export function history(check: Check): void {
  check("nothing is known of a queue that is not there, but what it has now", async (store) => {
    const { hour, day } = await historyOf(store, "nowhere");
    for (const [{ counts, levels }, steps] of [
      [hour, HOUR_STEPS],
      [day, DAY_STEPS],
    ] as const) {
      expect(counts).toEqual(STEP_COUNTS.map(() => Array<null>(steps).fill(null)));
      const known = Array<number | null>(steps)
        .fill(null)
        .with(steps - 1, 0);
      expect(levels).toEqual(STEP_LEVELS.map(() => known));
    }
    expect(await store.list()).toEqual([]);
  });

  check("a step starts with a minute, or with ten", async (store) => {
    store.advance(12_345);
    const { hour, day } = await historyOf(store);
    expect([hour.stepMs, day.stepMs]).toEqual([MINUTE_MS, 10 * MINUTE_MS]);
    for (const { startsAtMs, stepMs, counts } of [hour, day]) {
      expect(Math.abs(startsAtMs % stepMs)).toBe(0);
      expect(startsAtMs + (counts[0]!.length - 1) * stepMs).toBeWithin(
        store.nowMs - stepMs + 1,
        store.nowMs + 1,
      );
    }
  });

  check("counts are added to the minute in which they come", async (store) => {
    toRoundTime(store);
    await store.pushAll("q", ["1", "2", "3"]);
    await count(store, "q", { pushed: 2, popped: 1 });
    await count(store, "q", { pushed: 1, acked: 5, failures: 6, failed: 7, crashes: 8 });
    store.advance(2 * MINUTE_MS);
    await count(store, "q", { pushed: 300, expired: 5 });
    const [before, none] = [[null], [0, 0]];
    expect(await minutes(store, 4, ...STEP_COUNTS)).toEqual({
      pushed: [...before, 3, 0, 300],
      popped: [...before, 1, ...none],
      acked: [...before, 5, ...none],
      failures: [...before, 6, ...none],
      failed: [...before, 7, ...none],
    });
    const { day } = await historyOf(store);
    expect(shown(day, "pushed")["pushed"]!.slice(-2)).toEqual([null, 303]);
  });

  check("the same counts are added once", async (store) => {
    await store.push("q", "1");
    await count(store, "q", { pushed: 2 }, ++latest);
    await count(store, "q", { pushed: 2 }, latest);
    expect(await minutes(store, 1, "pushed")).toEqual({ pushed: [2] });
  });

  check("an event that was put back was not handed out, and no count is below 0", async (store) => {
    await store.push("q", "1");
    await count(store, "q", { popped: 3 });
    await count(store, "q", { popped: -1 });
    store.advance(MINUTE_MS);
    await count(store, "q", { popped: -1 });
    expect(await minutes(store, 2, "popped")).toEqual({ popped: [2, 0] });
    toRoundTime(store);
    const { day } = await historyOf(store);
    expect(shown(day, "popped")["popped"]!.slice(-2)).toEqual([1, 0]);
  });

  check(
    "a step has the events that are there when counts come, the last one those of now",
    async (store) => {
      toRoundTime(store);
      await store.pushAll("q", ["1", "2", "3", "4"]);
      await store.pushWith("q", "late", { start: { afterMs: 10 * DAY * MINUTE_MS } });
      await store.pop("q", 10 * DAY * MINUTE_MS);
      await store.fail("q", await store.mustClaim("q"), "final");
      await count(store, "q", { pushed: 5 });
      store.advance(3 * MINUTE_MS);
      const states = ["are ready", "are claimed", "are delayed", "are failed"];
      await store.pop("q", 10 * DAY * MINUTE_MS);
      const hour = await minutes(store, 5, ...states);
      expect(hour).toEqual({
        "are ready": [null, 2, 2, 2, 1],
        "are claimed": [null, 1, 1, 1, 2],
        "are delayed": [null, 1, 1, 1, 1],
        "are failed": [null, 1, 1, 1, 1],
      });
      await count(store, "q", { popped: 1 });
      store.advance(21 * MINUTE_MS);
      await store.remove("q", ["late"]);
      const day = shown((await historyOf(store)).day, ...states);
      expect(Object.values(day).map((each) => each.slice(-4))).toEqual([
        [null, 1, 1, 1],
        [null, 2, 2, 2],
        [null, 1, 1, 0],
        [null, 1, 1, 1],
      ]);
    },
  );

  check("levels from before the first step that is shown are known", async (store) => {
    await store.pushAll("q", ["1", "2"]);
    await count(store, "q", { pushed: 2 });
    store.advance(2 * MINUTE_MS);
    await count(store, "q", { popped: 1 });
    store.advance(100 * MINUTE_MS);
    await count(store, "q", { popped: 1 });
    const { hour } = await historyOf(store);
    expect(shown(hour, "popped", "are ready")).toEqual({
      popped: [...Array<number>(HOUR_STEPS - 1).fill(0), 1],
      "are ready": Array<number>(HOUR_STEPS).fill(2),
    });
  });

  check("an hour and a day are as they were counted, whatever the gaps", async (store) => {
    await store.register({ q: 1 });
    const pushed: [minute: number, count: number][] = [];
    const minuteNow = () => Math.floor(store.nowMs / MINUTE_MS);
    const first = minuteNow();
    const gaps = [1, 1, 2, 1, 9, 10, 11, 1, 59, 60, 61, 3, 1, 1, 130, 2, 600, 1, 7, 1000, 5, 1];
    for (const [at, gap] of [...gaps, ...Array<number>(75).fill(1)].entries()) {
      pushed.push([minuteNow(), 1 + at * at]);
      await count(store, "q", { pushed: 1 + at * at });
      if (at % 8 === 0 || at >= gaps.length + 70) {
        const { hour, day } = await historyOf(store);
        for (const [{ counts }, unit] of [
          [hour, 1],
          [day, 10],
        ] as const) {
          const steps = counts[0]!.length;
          const last = Math.floor(minuteNow() / unit);
          const expected = counts[0]!.map((_, index) => {
            const step = last - steps + 1 + index;
            if (step < Math.floor(first / unit)) return null;
            const own = pushed.filter(([minute]) => Math.floor(minute / unit) === step);
            return own.reduce((sum, [, times]) => sum + times, 0);
          });
          expect(counts[0]).toEqual(expected);
        }
      }
      store.advance(gap * MINUTE_MS);
    }
  });

  check("what the store itself counts is in the history too", async (store) => {
    await store.configure("q", { "max-attempts": "1" });
    await store.push("q", "1");
    await store.pop("q", 1000);
    store.advance(1000);
    await store.reclaim();
    expect(await minutes(store, 2, "failed", "are failed")).toEqual({
      failed: [null, 1],
      "are failed": [null, 1],
    });
    store.advance(2 * MINUTE_MS);
    await store.remove("q", ["1"]);
    expect(await minutes(store, 3, "failed", "are failed")).toEqual({
      failed: [1, 0, 0],
      "are failed": [1, 1, 0],
    });
  });

  check("a queue that gets copies has what came to it", async (store) => {
    await store.submit({ kind: "bind", queue: bytesOf("top"), name: bytesOf("b") });
    await store.pushAll("top", ["1", "2"]);
    const { hour } = await historyOf(store, "top@b");
    expect(shown(hour, "pushed", "are ready")["pushed"]!.at(-1)).toBe(2);
    store.advance(MINUTE_MS);
    const later = shown((await historyOf(store, "top@b")).hour, "are ready");
    expect(later["are ready"]!.slice(-2)).toEqual([2, 2]);
  });

  check("begins anew when a day has passed without counts", async (store) => {
    await store.push("q", "1");
    await count(store, "q", { pushed: 1 });
    store.advance(DAY * MINUTE_MS);
    expect(shown((await historyOf(store)).hour, "pushed", "are ready")).toEqual({
      pushed: Array<number>(HOUR_STEPS).fill(0),
      "are ready": Array<number>(HOUR_STEPS).fill(1),
    });
    store.advance(MINUTE_MS);
    expect(await minutes(store, 2, "pushed", "are ready")).toEqual({
      pushed: [null, null],
      "are ready": [null, 1],
    });
    await count(store, "q", { pushed: 1 });
    expect(await minutes(store, 2, "pushed", "are ready")).toEqual({
      pushed: [null, 1],
      "are ready": [null, 1],
    });
  });

  check("stays when the queue is flushed, and ends with it", async (store) => {
    await store.register({ q: 1 });
    await store.push("q", "1");
    await count(store, "q", { pushed: 1 });
    await store.flush("q");
    await store.push("q", "2");
    store.advance(MINUTE_MS);
    await count(store, "q", { pushed: 1 });
    expect(await minutes(store, 3, "pushed")).toEqual({ pushed: [null, 1, 1] });
    await store.register({ q: 0 });
    await store.flush("q");
    await store.reclaim();
    expect(await minutes(store, 3, "pushed")).toEqual({ pushed: [null, null, null] });
    await count(store, "q", { pushed: 1 });
    expect(await minutes(store, 3, "pushed")).toEqual({ pushed: [null, null, null] });
    await store.push("q", "3");
    await count(store, "q", { pushed: 1 });
    expect(await minutes(store, 3, "pushed")).toEqual({ pushed: [null, null, 1] });
  });

  check("is there after a restart and after a kill", async (store) => {
    const { under } = store;
    if (!under.reopen || !under.crash) return;
    await store.configure("q", { "keep-failed": "5" });
    for (const [at, restart] of [under.reopen, under.crash, under.reopen, under.crash].entries()) {
      await fillSome(store, at);
      const before = await historyOf(store);
      await restart();
      expect(await historyOf(store)).toEqual(before);
    }
    const { hour, day } = await historyOf(store);
    expect([isSum(hour, 0), isSum(day, 0)]).toEqual([29, 41]);
  });
}

/** Counts come, minutes end, and now and then the queue is flushed. */
async function fillSome(store: LifeCaller, round: number): Promise<void> {
  for (let at = 0; at < 10; at++) {
    await store.push("q", `${round}.${at}`);
    await count(store, "q", { pushed: 1 });
    store.advance(2 * MINUTE_MS);
  }
  if (round === 2) await store.flush("q");
  if (round === 0) await count(store, "q", { pushed: 1 });
}
