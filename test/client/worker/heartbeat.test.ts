// The schedule of heartbeats, on a clock that the test moves.
import { expect, test } from "bun:test";
import type { Clock } from "../../../src/queue/clock.ts";
import { Claim } from "../../../src/client/worker/claim.ts";
import { Heartbeat } from "../../../src/client/worker/heartbeat.ts";
import { eventually } from "../../support/eventually.ts";
import { TestClock } from "../../support/test-clock.ts";

interface Times {
  leaseMs?: number;
  sentAtMs?: number;
  receivedAtMs: number;
}

function claimOf(id: string, times: Times, queue = "q"): Claim {
  const { leaseMs = 30_000, receivedAtMs, sentAtMs = receivedAtMs } = times;
  const event = { queue, id, contents: 0, token: "t", attempt: 1, headers: {}, bytes: Buffer.of() };
  return new Claim(event, { leaseMs, sentAtMs, receivedAtMs }, async () => {});
}

function start(clock: Clock, answer: (ids: string[]) => Promise<number[]>) {
  const touched: string[][] = [];
  const told = { lost: [] as string[], cancelled: [] as string[], late: [] as number[] };
  const heartbeat = new Heartbeat({
    clock,
    touch(claims) {
      const ids = claims.map(({ job }) => job.id);
      touched.push(ids);
      return answer(ids);
    },
    lost: ({ job }) => void told.lost.push(job.id),
    cancelled: ({ job }) => void told.cancelled.push(job.id),
    late: (ms) => void told.late.push(ms),
  });
  return { heartbeat, touched, told };
}

const all = async (ids: string[]) => ids.map(() => 1);

test("touches claims at half of the lease, those of a time together", () => {
  const clock = new TestClock();
  const { heartbeat, touched } = start(clock, all);
  const nowMs = clock.nowMs();
  heartbeat.add(claimOf("1", { receivedAtMs: nowMs }));
  clock.advance(3_000);
  heartbeat.add(claimOf("2", { receivedAtMs: nowMs + 3_000 }));
  heartbeat.add(claimOf("other", { receivedAtMs: nowMs + 3_000 }, "p"));
  clock.advance(2_000);
  heartbeat.add(claimOf("3", { receivedAtMs: nowMs + 5_000 }));
  clock.advance(9_999);
  expect(touched).toEqual([]);
  clock.advance(1);
  expect(touched).toEqual([["1", "2"], ["other"]]);
  clock.advance(5_000);
  expect(touched.at(-1)).toEqual(["3"]);
});

test("a thousand claims in one command at most", () => {
  const clock = new TestClock();
  const { heartbeat, touched } = start(clock, all);
  for (let at = 0; at < 2_500; at++) {
    heartbeat.add(claimOf(String(at), { receivedAtMs: clock.nowMs() }));
  }
  clock.advance(15_000);
  expect(touched.map(({ length }) => length)).toEqual([1_000, 1_000, 500]);
});

test("the claim of a pop that has waited for long is touched at once", () => {
  const clock = new TestClock();
  const { heartbeat, touched } = start(clock, all);
  const receivedAtMs = clock.nowMs();
  heartbeat.add(claimOf("1", { sentAtMs: receivedAtMs - 29_000, receivedAtMs }));
  clock.advance(0);
  expect(touched).toEqual([["1"]]);
});

test("a touch without an answer is repeated, until the lease must have ended", async () => {
  const clock = new TestClock();
  const { heartbeat, touched, told } = start(clock, () => Promise.reject(new Error("away")));
  heartbeat.add(claimOf("1", { receivedAtMs: clock.nowMs() }));
  clock.advance(15_000);
  await eventually(() => {
    const before = touched.length;
    clock.advance(1_000);
    return told.lost.length > 0 || touched.length < before;
  });
  expect(touched.length).toBeGreaterThan(10);
  expect(clock.nowMs()).toBeGreaterThanOrEqual(1_030_000);
  expect(told.lost).toEqual(["1"]);
});

test("an answered touch makes the lease count from when it was sent", async () => {
  const clock = new TestClock();
  const { heartbeat } = start(clock, all);
  const claim = claimOf("1", { receivedAtMs: clock.nowMs() });
  heartbeat.add(claim);
  clock.advance(15_000);
  await eventually(() => claim.leaseEndsAtMs === clock.nowMs() + 30_000);
});

test("an answer that comes after the end of the work changes nothing", async () => {
  const clock = new TestClock();
  const answer = Promise.withResolvers<number[]>();
  const { heartbeat, told } = start(clock, () => answer.promise);
  const claim = claimOf("1", { receivedAtMs: clock.nowMs() });
  heartbeat.add(claim);
  clock.advance(15_000);
  heartbeat.delete(claim);
  answer.resolve([0]);
  await eventually(() => claim.leaseEndsAtMs === clock.nowMs() + 30_000);
  expect(told.lost).toEqual([]);
});

test("tells how late a heartbeat was, and drops what was lost meanwhile", () => {
  let nowMs = 0;
  const due: (() => void)[] = [];
  const clock: Clock = {
    nowMs: () => nowMs,
    wallMs: () => nowMs,
    after(_delayMs, run) {
      due.push(run);
      return () => {};
    },
    every: () => () => {},
  };
  const { heartbeat, touched, told } = start(clock, all);
  heartbeat.add(claimOf("1", { leaseMs: 10_000, receivedAtMs: 0 }));
  heartbeat.add(claimOf("2", { leaseMs: 60_000, receivedAtMs: 0 }));
  nowMs = 40_000;
  due[0]!();
  expect(told).toEqual({ lost: ["1"], cancelled: [], late: [35_000] });
  expect(touched).toEqual([["2"]]);
});
