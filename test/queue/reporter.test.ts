// What processes on one store tell each other of what their clients listen to.
import { expect, test } from "bun:test";
import { StoreError } from "../../src/queue/errors.ts";
import type { Report } from "../../src/queue/report.ts";
import { Reporter } from "../../src/queue/reporter.ts";
import { TestClock } from "../support/test-clock.ts";

/** What is under way in memory is done. */
const settled = () => new Promise<void>((resolve) => void setImmediate(resolve));

class Notes {
  own: string[] = [];
  others: string[] = [];
  sent: Report[] = [];
  isAway = false;

  exchange = {
    leave: async (note: string) => {
      if (this.isAway) throw new StoreError("unavailable", "away");
      this.own.push(note);
    },
    others: async () => {
      if (this.isAway) throw new StoreError("unavailable", "away");
      return this.others;
    },
    send: (report: Report) => void this.sent.push(report),
  };
}

function start(interest: { queues: string[]; patterns: string[] }) {
  const [notes, clock] = [new Notes(), new TestClock()];
  const reporter = new Reporter({
    exchange: notes.exchange,
    clock,
    interest: {
      get isEmpty() {
        return interest.queues.length + interest.patterns.length === 0;
      },
      queues: () => interest.queues,
      patterns: () => interest.patterns,
      isEmptyOfChannels: true,
      plainChannels: () => [],
      plainPatterns: () => [],
      plainMatcher: (pattern) => (channel) => String(channel).startsWith(pattern),
      matcher: (pattern) => (queue) => String(queue).startsWith(pattern),
    },
    onReport() {},
  });
  const push = (queue: string) => {
    const id = Buffer.from("1");
    const operation = { kind: "push", end: "left", id, contents: id, options: null } as const;
    if (reporter.isWanted) reporter.done({ ...operation, queue: Buffer.from(queue) }, id, 0);
    return notes.sent.splice(0).length;
  };
  return { notes, clock, reporter, push, interest };
}

test("reports what others listen to, until they do not any more", async () => {
  const { notes, reporter, push } = start({ queues: [], patterns: [] });
  expect([reporter.isWanted, push("a")]).toEqual([false, 0]);
  notes.others = [JSON.stringify({ queues: ["a"], patterns: ["b-"] })];
  reporter.look();
  await settled();
  expect([push("a"), push("b-1"), push("c")]).toEqual([1, 1, 0]);
  notes.others = [];
  reporter.look();
  await settled();
  expect([reporter.isWanted, push("a")]).toEqual([false, 0]);
});

test("reports everything to a process whose note it cannot read, and to too many", async () => {
  const { notes, reporter, push } = start({ queues: [], patterns: [] });
  notes.others = ["of a later version"];
  reporter.look();
  await settled();
  expect(push("any")).toBe(1);
  notes.others = Array.from({ length: 101 }, () => JSON.stringify({ queues: [], patterns: [] }));
  reporter.look();
  await settled();
  expect(push("any")).toBe(1);
});

test("leaves a note at once, renews it, and takes it back", async () => {
  const { notes, clock, reporter, interest } = start({ queues: [], patterns: [] });
  await reporter.renew();
  expect(notes.own).toEqual([]);
  interest.queues = ["a"];
  reporter.changed();
  await reporter.listen();
  const note = JSON.stringify({ queues: ["a"], patterns: [] });
  expect(notes.own).toEqual([note]);
  for (let second = 0; second < 21; second++) {
    clock.advance(1000);
    await reporter.renew();
  }
  expect(notes.own).toEqual([note, note, note]);
  interest.queues = [];
  reporter.changed();
  await reporter.renew();
  expect(notes.own.at(-1)).toBe("");
});

test("names everything instead of very many queues", async () => {
  const { notes, reporter, interest, push } = start({ queues: [], patterns: [] });
  interest.queues = Array.from({ length: 501 }, (_, n) => `q${n}`);
  reporter.changed();
  await reporter.listen();
  expect(notes.own).toEqual(['"everything"']);
  expect(push("other")).toBe(1);
});

test("does not let a client wait for a store that is away, and leaves the note later", async () => {
  const { notes, reporter, interest } = start({ queues: [], patterns: [] });
  notes.isAway = true;
  interest.queues = ["a"];
  reporter.changed();
  await reporter.listen();
  expect(reporter.isWanted).toBe(true);
  notes.isAway = false;
  await reporter.renew();
  expect(notes.own.length).toBe(1);
});

test("looks again after some seconds, because a message may be lost", async () => {
  const { notes, clock, reporter, push } = start({ queues: [], patterns: [] });
  await reporter.renew();
  await settled();
  notes.others = [JSON.stringify({ queues: ["a"], patterns: [] })];
  await reporter.renew();
  await settled();
  expect(push("a")).toBe(0);
  clock.advance(5000);
  await reporter.renew();
  await settled();
  expect(push("a")).toBe(1);
});
