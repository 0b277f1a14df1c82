// What okq/testing does, as programs that run on Bun and on Node: each throws if it is not so.
import assert, { AssertionError } from "node:assert/strict";
import { connect, ConnectionError, type Okq } from "okq/client";
import { type OkqTest, startTest } from "okq/testing";

export type Scenario = (test: OkqTest) => Promise<void>;

interface Mail {
  to: string;
  text?: string;
}

export const START = Date.UTC(2026, 2, 1, 12);
const DAY_MS = 24 * 60 * 60 * 1000;

export const scenarios: Record<string, Scenario> = {
  "an event waits for its delay, to the millisecond": async (test) => {
    const mail = test.okq.queue<Mail>("mail");
    await mail.push({ to: "ann" }, { delayMs: 60_000 });
    await test.advance(59_999);
    assert.equal(await mail.pop(), null);
    await test.advance(1);
    assert.deepEqual((await mail.pop())?.contents, { to: "ann" });
    assert.equal(test.nowMs(), START + 60_000);
  },

  "a pop that waits gets an event when it becomes due": async (test) => {
    const mail = test.okq.queue<Mail>("mail");
    let got: Mail | null | undefined;
    const popped = mail.pop({ waitMs: 30_000 }).then((event) => (got = event?.contents ?? null));
    await mail.push({ to: "ann" }, { delayMs: 10_000 });
    await test.advance(9_999);
    assert.equal(got, undefined);
    await test.advance(1);
    assert.deepEqual(got, { to: "ann" });
    await popped;
  },

  "a pop that waits in vain ends with the clock": async (test) => {
    let got: unknown;
    const queue = test.okq.queue("mail");
    const popped = queue.pop({ waitMs: 3_600_000 }).then((event) => (got = event));
    await test.advance(3_599_999);
    assert.equal(got, undefined);
    await test.advance(1);
    assert.equal(got, null);
    await popped;
  },

  "events that become due shortly after each other come in time": async (test) => {
    const mail = test.okq.queue<number>("mail");
    for (const delayMs of [1_000, 1_001, 1_100]) await mail.push(delayMs, { delayMs });
    for (const waitMs of [1_000, 1, 99]) {
      await test.advance(waitMs);
      assert.equal((await mail.pop())?.contents, test.nowMs() - START);
    }
  },

  "what a timer begins happens at its time, also in a later turn of the event loop": async (
    test,
  ) => {
    const mail = test.okq.queue<number>("mail");
    test.options.clock.after(1_000, () => setImmediate(() => void mail.push(1)));
    await test.advance(10_000);
    const [pushed] = await test.assertPushed(mail);
    assert.equal(pushed!.at.getTime(), START + 1_000);
  },

  "a lease that ends is a crash, and the event comes back": async (test) => {
    const mail = test.okq.queue<Mail>("mail");
    const id = await mail.push({ to: "ann" });
    const first = await mail.pop({ leaseMs: 30_000, worker: "w1" });
    await test.advance(29_999);
    assert.equal(await mail.pop(), null);
    await test.advance(1);
    const second = await mail.pop();
    assert.equal(second?.attempt, 2);
    assert.equal(await mail.ack(first!), false);
    assert.equal(await mail.ack(second!), true);
    const happened = await test.happened(mail);
    const told = happened.map(({ what, attempt }) => `${what} ${attempt ?? ""}`.trim());
    assert.deepEqual(told, ["pushed", "popped 1", "crashed 1", "popped 2", "acked"]);
    assert.equal(happened[2]!.worker, "w1");
    assert.equal(happened[2]!.at.getTime(), START + 30_000);
    await test.assertAcked("mail", id);
  },

  "failures back off exactly, until the last attempt": async (test) => {
    const mail = test.okq.queue<Mail>("mail");
    const id = await mail.push({ to: "ann" }, { attempts: 3, backoff: "exponential 1 600" });
    for (const waitMs of [1_000, 2_000]) {
      await mail.fail((await mail.pop())!, { error: "no such user" });
      await test.advance(waitMs - 1);
      assert.equal(await mail.pop(), null);
      await test.advance(1);
    }
    await rejectsWith(test.assertFailed("mail", id), /has not ended, not failed/);
    await mail.fail((await mail.pop())!, { error: "no such user" });
    const failed = await test.assertFailed(mail, id, /such/);
    assert.equal(failed.attempt, 3);
    await test.assertEmpty(mail);
  },

  "an event expires with its TTL": async (test) => {
    const mail = test.okq.queue<Mail>("mail");
    const id = await mail.push({ to: "ann" }, { ttlMs: 5_000 });
    await test.advance(5_000);
    await test.assertEmpty(mail);
    const ended = await test.ended(mail);
    assert.deepEqual(ended, [{ id, outcome: "expired", at: new Date(START + 5_000) }]);
  },

  "a cron entry pushes through a day": async (test) => {
    await test.okq.call("QCRON", "SET", "report", "hourly", "0 * * * *", "now");
    await test.advance(DAY_MS);
    const pushed = await test.pushed("report");
    const hours = pushed.map((event) => (event.at.getTime() - START) / 3_600_000);
    assert.deepEqual(
      hours,
      Array.from({ length: 24 }, (_, hour) => hour + 1),
    );
    assert.ok(pushed.every(({ contents }) => contents === "now"));
  },

  "higher priorities come first": async (test) => {
    const mail = test.okq.queue("mail", { contents: "text" });
    await mail.push("later", { priority: -1 });
    await mail.push("plain");
    await mail.push("urgent", { priority: 10 });
    const popped = await mail.popMany(3);
    const contents = popped.map((event) => event.contents);
    assert.deepEqual(contents, ["urgent", "plain", "later"]);
  },

  "records of pushes have contents in the form of the queue, headers and times": async (test) => {
    const bytes = test.okq.queue("bytes", { contents: "bytes" });
    await bytes.push(Buffer.from([0, 255]), { headers: { traceparent: "00-1" } });
    const [event] = await test.pushed(bytes);
    assert.deepEqual([...event!.contents], [0, 255]);
    assert.deepEqual(event!.headers, { traceparent: "00-1" });
    assert.equal(event!.at.getTime(), START);
    const many = test.okq.queue<number>("many");
    await many.pushMany([1, 2, 3], { headers: { from: "test" } });
    const pushed = await test.pushed(many);
    const told = pushed.map(({ contents, headers }) => `${contents} ${headers["from"]}`);
    assert.deepEqual(told, ["1 test", "2 test", "3 test"]);
  },

  "events that okq pushes itself are recorded with their contents": async (test) => {
    await test.okq.call("QCONFIG", "mail", "failed-to", "dead");
    const mail = test.okq.queue<Mail>("mail");
    const id = await mail.push({ to: "ann" });
    await mail.fail((await mail.pop())!, { error: "no", final: true });
    const [dead] = await test.assertPushed("dead", { contents: { to: "ann" }, from: "mail" });
    assert.equal(dead!.headers["okq-error"], "no");
    await test.assertFailed("mail", id, "no");
  },

  "assertions show what there was instead": async (test) => {
    const mail = test.okq.queue<Mail>("mail");
    await rejectsWith(test.assertPushed("mail"), /nothing was pushed to "mail"/);
    const id = await mail.push({ to: "bob", text: "hello" });
    await test.assertPushed(mail, { contents: { to: "bob" }, id });
    await test.assertPushed(mail, { contents: { text: /^hel/ } });
    await test.assertNotPushed(mail, { contents: { to: "ann" } });
    const forAnn = test.assertPushed(mail, { contents: { to: "ann" } });
    await rejectsWith(forAnn, /contents\.to is 'bob', not 'ann'/);
    await rejectsWith(test.assertNotPushed(mail), /expected no event in "mail".*\n.*bob/);
    await rejectsWith(test.assertEmpty(mail), /"mail": 1 ready/);
    await rejectsWith(test.assertAcked(mail, id), /has not ended, not acked.*\n.*pushed at 2026/);
    await rejectsWith(test.assertAcked(mail, "other"), /'other' of "mail" was never there/);
    await mail.ack((await mail.pop())!);
    await rejectsWith(test.assertFailed(mail, id), /is acked, not failed/);
  },

  "a failure for another reason is not taken for the expected one": async (test) => {
    const mail = test.okq.queue<Mail>("mail");
    const id = await mail.push({ to: "ann" });
    await mail.fail((await mail.pop())!, { error: "mailbox full", final: true });
    await test.assertFailed(mail, id, "mailbox full");
    await rejectsWith(test.assertFailed(mail, id, /timeout/), /'mailbox full'.*timeout/);
  },

  "idle() waits for claims, and tells what is left": async (test) => {
    const mail = test.okq.queue<Mail>("mail");
    await test.idle();
    await mail.push({ to: "ann" });
    await rejectsWith(test.idle({ withinMs: 1 }), /not idle after 1 ms: "mail": 1 ready/);
    const event = await mail.pop();
    await rejectsWith(test.idle({ withinMs: 1 }), /"mail": 1 claimed/);
    const idle = test.idle();
    await mail.ack(event!);
    await idle;
  },

  "reset() forgets events, settings and records; clients stay": async (test) => {
    const mail = test.okq.queue<Mail>("mail");
    const other = test.okq.queue<number>("other");
    await test.okq.call("QCONFIG", "mail", "max-length", "1");
    await test.okq.call("QCRON", "SET", "report", "hourly", "0 * * * *", "now");
    await mail.push({ to: "ann" });
    const waiting = other.pop({ waitMs: 600_000 });
    await test.reset();
    assert.deepEqual(await test.pushed(mail), []);
    await test.assertEmpty(mail);
    await mail.pushMany([{ to: "ann" }, { to: "bob" }]);
    await other.push(1);
    assert.equal((await waiting)?.contents, 1);
    await test.advance(3_600_000);
    await test.assertNotPushed("report");
  },

  "a client whose connection breaks comes back": async (test) => {
    const mail = test.okq.queue<Mail>("mail");
    await mail.push({ to: "ann" });
    test.disconnect();
    const pushed = mail.push({ to: "bob" });
    await test.advance(10_000);
    await pushed;
    assert.equal((await test.pushed(mail)).length, 2);
  },

  "an outage lasts as long as it is told, and pushes give up in time": async (test) => {
    const mail = test.okq.queue<Mail>("mail");
    test.disconnect({ forMs: 3_600_000 });
    const given = mail.push({ to: "ann" });
    const outcome = assert.rejects(given, ConnectionError);
    await test.advance(60_000);
    await outcome;
    await test.advance(3_600_000);
    await mail.push({ to: "bob" });
    const pushed = await test.pushed(mail);
    assert.deepEqual(
      pushed.map(({ contents }) => contents.to),
      ["bob"],
    );
  },

  "several clients share one okq": async (test) => {
    const other: Okq = test.connect({ name: "other" });
    await test.okq.queue("mail").push(1);
    assert.equal((await other.queue("mail").pop())?.contents, 1);
    await other.close();
  },

  "code that connects itself reaches the okq of the test, whatever its address": async (test) => {
    const okq = connect("okqs://ann:secret@queues.example:1", test.options);
    await okq.queue("mail").push(1);
    await test.assertPushed("mail", { contents: 1 });
    await okq.close();
  },

  "tests run side by side, each with its own queues and clock": async (test) => {
    const second = await startTest({ now: START + DAY_MS });
    await test.okq.queue("mail").push(1);
    await Promise.all([test.advance(1_000), second.advance(2_000)]);
    assert.equal(test.nowMs(), START + 1_000);
    assert.equal(second.nowMs(), START + DAY_MS + 2_000);
    await second.assertNotPushed("mail");
    await test.assertPushed("mail");
    await second.close();
  },

  "large contents pass in both directions": async (test) => {
    const files = test.okq.queue("files", { contents: "bytes" });
    const large = Buffer.alloc(5_000_000, "0123456789");
    await files.push(large);
    assert.ok(large.equals((await files.pop())!.contents));
  },

  "a client that reads slowly gets everything": async (test) => {
    const files = test.okq.queue("files", { contents: "bytes" });
    await files.pushMany([1, 2, 3].map((byte) => Buffer.alloc(300_000, byte)));
    const stream = await test.options.stream();
    stream.write("QRPOP files\r\n".repeat(3));
    let bytes = 0;
    for await (const chunk of stream) {
      bytes += (chunk as Buffer).length;
      if (bytes > 900_000) break;
      await new Promise((resolve) => void setImmediate(resolve));
    }
  },

  "fifty tests run at once": async () => {
    const numbers = Array.from({ length: 50 }, (_, n) => n);
    const counts = numbers.map(async (n) => {
      const test = await startTest();
      await test.okq.queue("numbers").pushMany(numbers.slice(0, n), { delayMs: 1_000 });
      await test.advance(1_000);
      const popped = await test.okq.queue("numbers").popMany(50);
      await test.close();
      return popped.length;
    });
    assert.deepEqual(await Promise.all(counts), numbers);
  },

  "misuse is refused with a reason": async (test) => {
    await assert.rejects(test.advance(-1), RangeError);
    await assert.rejects(test.advance(Number.NaN), RangeError);
    await assert.rejects(startTest({ now: Number.NaN }), RangeError);
    const first = test.advance(1_000);
    await assert.rejects(test.advance(1_000), /has not ended/);
    await first;
    const again = () => void test.options.clock.after(0, again);
    again();
    await assert.rejects(test.advance(1), /again and again/);
    await test.close();
    await test.close();
    await assert.rejects(test.advance(1), /closed/);
    await assert.rejects(test.pushed("mail"), /closed/);
    assert.throws(() => test.connect(), /closed/);
    await assert.rejects(test.okq.queue("mail").push(1));
  },
};

/** Runs it on a test of its own, which is closed then. */
export async function run(scenario: Scenario): Promise<void> {
  const test = await startTest({ now: START });
  await scenario(test).finally(() => test.close());
}

async function rejectsWith(work: Promise<unknown>, message: RegExp): Promise<void> {
  await assert.rejects(work, (error) => {
    assert.ok(error instanceof AssertionError);
    assert.match(error.message, message);
    return true;
  });
}
