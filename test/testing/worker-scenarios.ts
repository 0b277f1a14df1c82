// Workers on okq/testing: the code of a worker is the same as against a server. See scenarios.ts.
import assert from "node:assert/strict";
import { fail, type Job, LeaseLostError, next, type Okq, retry, snooze } from "okq/client";
import { type Scenario, START } from "./scenarios.ts";

interface Mail {
  to: string;
}

type Send = (to: string, signal: AbortSignal) => Promise<void>;

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** The code under test: a mailer that gives up on strangers, and waits while the server is busy. */
function startMailer(okq: Okq, send: Send) {
  return okq.worker<Mail>("mail", async (event: Job<Mail>, signal) => {
    const { to } = event.contents;
    if (to === "stranger") return fail("no such user");
    if (to === "busy" && event.attempt === 1) return retry(5 * MINUTE_MS, "busy");
    if (to === "sleeper" && event.headers["woken"] === undefined) {
      return next("tomorrow", { to }, { delayMs: DAY_MS });
    }
    await send(to, signal);
    return { sent: to };
  });
}

export const workerScenarios: Record<string, Scenario> = {
  "a worker handles what is pushed, and its results are recorded": async (test) => {
    const sent: string[] = [];
    startMailer(test.okq, async (to) => void sent.push(to));
    const id = await test.okq.queue<Mail>("mail").push({ to: "ann" });
    await test.idle();
    assert.deepEqual(sent, ["ann"]);
    const { result } = await test.assertAcked("mail", id);
    assert.deepEqual(result, { sent: "ann" });
    await test.assertEmpty("mail");
  },

  "retries come with the clock": async (test) => {
    const sent: string[] = [];
    startMailer(test.okq, async (to) => void sent.push(to));
    const id = await test.okq.queue<Mail>("mail").push({ to: "busy" });
    await test.advance(5 * MINUTE_MS - 1);
    assert.deepEqual(sent, []);
    await test.advance(1);
    assert.deepEqual(sent, ["busy"]);
    await test.assertAcked("mail", id);
  },

  "a handler that throws is tried again with the backoff of the event, then fails": async (
    test,
  ) => {
    const calls: number[] = [];
    startMailer(test.okq, async () => {
      calls.push(test.nowMs() - START);
      throw new Error("connection refused");
    });
    const mail = test.okq.queue<Mail>("mail");
    const id = await mail.push({ to: "ann" }, { attempts: 4, backoff: "exponential 1 600" });
    await test.advance(10_000);
    assert.deepEqual(calls, [0, 1_000, 3_000, 7_000]);
    await test.assertFailed("mail", id, /connection refused/);
  },

  "an outcome of the handler ends the event for good, or sends it on": async (test) => {
    startMailer(test.okq, async () => {});
    const mail = test.okq.queue<Mail>("mail");
    const stranger = await mail.push({ to: "stranger" });
    const sleeper = await mail.push({ to: "sleeper" });
    await test.idle();
    await test.assertFailed(mail, stranger, "no such user");
    await test.assertAcked(mail, sleeper);
    await test.assertPushed("tomorrow", { id: sleeper, contents: { to: "sleeper" } });
  },

  "a handler keeps its claim for hours by heartbeats": async (test) => {
    let finish = () => {};
    const done = new Promise<void>((resolve) => (finish = resolve));
    startMailer(test.okq, () => done);
    const id = await test.okq.queue<Mail>("mail").push({ to: "ann" });
    await test.advance(3 * 60 * MINUTE_MS);
    const before = await test.happened("mail");
    assert.deepEqual(
      before.map(({ what }) => what),
      ["pushed", "popped"],
    );
    finish();
    await test.idle();
    await test.assertAcked("mail", id);
  },

  "a lost lease aborts the handler, and its event comes again": async (test) => {
    const reasons: unknown[] = [];
    startMailer(test.okq, async (_to, signal) => {
      if (reasons.length > 0) return;
      await new Promise<void>((resolve) => {
        signal.addEventListener("abort", () => {
          reasons.push(signal.reason);
          resolve();
        });
      });
    });
    const mail = test.okq.queue<Mail>("mail");
    const id = await mail.push({ to: "ann" });
    await test.advance(1_000);
    // Somebody else ends the claim.
    await test.okq.call("QACK", "mail", id, "REDO");
    await test.advance(MINUTE_MS);
    assert.ok(reasons[0] instanceof LeaseLostError);
    await test.idle();
    await test.assertAcked(mail, id);
  },

  "snoozed events count no attempt": async (test) => {
    const attempts: number[] = [];
    test.okq.worker("mail", async (event) => {
      attempts.push(event.attempt);
      return attempts.length < 4 ? snooze(new Date(MINUTE_MS)) : undefined;
    });
    const id = await test.okq.queue("mail").push(1);
    await test.advance(3 * MINUTE_MS);
    assert.deepEqual(attempts, [1, 1, 1, 1]);
    const ended = await test.happened("mail");
    assert.equal(ended.filter(({ what }) => what === "redone").length, 3);
    await test.assertAcked("mail", id);
  },

  "a batch is full, or as old as it may be": async (test) => {
    const batches: number[][] = [];
    const options = { size: 3, fillMs: 10_000 };
    test.okq.batchWorker<number>(
      "numbers",
      async (events) => void batches.push(events.map(({ contents }) => contents)),
      options,
    );
    const numbers = test.okq.queue<number>("numbers");
    await numbers.pushMany([1, 2, 3, 4]);
    await test.advance(9_999);
    assert.deepEqual(batches, [[1, 2, 3]]);
    await test.advance(1);
    assert.deepEqual(batches, [[1, 2, 3], [4]]);
    await test.idle();
  },

  "a worker drains, and another one closes in the middle of its work": async (test) => {
    const sent: string[] = [];
    const mail = test.okq.queue<Mail>("mail");
    await mail.pushMany([{ to: "ann" }, { to: "bob" }]);
    await startMailer(test.okq, async (to) => void sent.push(to)).drain();
    assert.deepEqual(sent, ["ann", "bob"]);
    const id = await mail.push({ to: "cid" });
    const worker = startMailer(test.okq, (_to, signal) => {
      return new Promise((_, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason as Error));
      });
    });
    await test.advance(1_000);
    const closed = worker.close({ graceMs: 5_000 });
    await test.advance(5_000);
    await closed;
    const happened = await test.happened(mail);
    assert.equal(happened.findLast((each) => each.id === id)?.what, "redone");
    assert.equal((await mail.pop())?.attempt, 1);
  },

  "a worker goes on when its connections break": async (test) => {
    const sent: string[] = [];
    startMailer(test.okq, async (to) => void sent.push(to));
    await test.advance(1_000);
    test.disconnect();
    await test.advance(1_000);
    const pushed = test.okq.queue<Mail>("mail").push({ to: "ann" });
    await test.advance(MINUTE_MS);
    await pushed;
    assert.deepEqual(sent, ["ann"]);
  },

  "a worker waits through hours without events": async (test) => {
    const sent: string[] = [];
    startMailer(test.okq, async (to) => void sent.push(to));
    await test.advance(3 * 60 * MINUTE_MS);
    await test.okq.queue<Mail>("mail").push({ to: "ann" });
    await test.idle();
    assert.deepEqual(sent, ["ann"]);
  },
};
