// The times of cron specs: cases that robfig/cron publishes for its parser (spec_test.go), cases of
// crontab(5), and clocks that change.
import { describe, expect, test } from "bun:test";
import { CronSchedule } from "../../src/queue/cron.ts";

function scheduleOf(spec: string, zone = "UTC"): CronSchedule {
  const schedule = CronSchedule.of(spec, zone);
  if (typeof schedule === "string") throw new Error(`${spec}: ${schedule}`);
  return schedule;
}

/** The next times behind that one, in UTC. */
function times(spec: string, zone: string, after: string, count: number): string[] {
  const schedule = scheduleOf(spec, zone);
  const found: string[] = [];
  for (let ms = Date.parse(after); found.length < count;) {
    ms = schedule.nextAfter(ms);
    found.push(new Date(ms).toISOString().replace(".000Z", "Z"));
  }
  return found;
}

/** Whether a spec has each of these times, in 2012 and without seconds unless they are there. */
const matches: [spec: string, time: string, hasIt: boolean][] = [
  ["0/15 * * * *", "2012-07-09T15:00", true],
  ["0/15 * * * *", "2012-07-09T15:45", true],
  ["0/15 * * * *", "2012-07-09T15:40", false],
  ["5/15 * * * *", "2012-07-09T15:05", true],
  ["5/15 * * * *", "2012-07-09T15:20", true],
  ["5/15 * * * *", "2012-07-09T15:50", true],
  ["0/15 * * Jul *", "2012-07-15T15:00", true],
  ["0/15 * * Jun *", "2012-07-15T15:00", false],
  ["30 08 ? Jul Sun", "2012-07-15T08:30", true],
  ["30 08 15 Jul ?", "2012-07-15T08:30", true],
  ["30 08 ? Jul Sun", "2012-07-16T08:30", false],
  ["30 08 15 Jul ?", "2012-07-16T08:30", false],
  // Day of month or weekday.
  ["* * 1,15 * Sun", "2012-07-15T00:00", true],
  ["* * 1,15 * Sun", "2012-06-15T00:00", true],
  ["* * 1,15 * Sun", "2012-08-01T00:00", true],
  ["* * 1,15 * Sun", "2012-08-05T00:00", true],
  ["* * 1,15 * Sun", "2012-08-06T00:00", false],
  // With a star both.
  ["* * * * Mon", "2012-07-15T00:00", false],
  ["* * 1,15 * *", "2012-07-09T00:00", false],
  ["* * 1,15 * *", "2012-07-15T00:00", true],
  ["* * */2 * Sun", "2012-07-15T00:00", true],
  ["* * */10 * Sun", "2012-07-15T00:00", false],
  // Sunday has two numbers.
  ["0 0 * * 0", "2012-07-15T00:00", true],
  ["0 0 * * 7", "2012-07-15T00:00", true],
  ["0 0 * * 5-7", "2012-07-15T00:00", true],
  ["0 0 * * fri-SUN", "2012-07-15T00:00", true],
  ["0 0 * * */2", "2012-07-15T00:00", true],
  ["0 0 * * */2", "2012-07-16T00:00", false],
  ["0 0 * * 1-5", "2012-07-15T00:00", false],
];

test.each(matches)("%s has %s: %p", (spec, time, hasIt) => {
  const ms = Date.parse(`${time}Z`);
  expect(scheduleOf(spec).nextAfter(ms - 1000) === ms).toBe(hasIt);
});

const nexts: [after: string, spec: string, next: string][] = [
  ["2012-07-09T14:45:00Z", "0 0/15 * * * *", "2012-07-09T15:00:00Z"],
  ["2012-07-09T14:59:59Z", "0 0/15 * * * *", "2012-07-09T15:00:00Z"],
  ["2012-07-09T14:59:59.999Z", "0 0/15 * * * *", "2012-07-09T15:00:00Z"],
  ["2012-07-09T15:00:00Z", "0 0/15 * * * *", "2012-07-09T15:15:00Z"],
  ["2012-07-09T15:45:00Z", "0 20-35/15 * * * *", "2012-07-09T16:20:00Z"],
  ["2012-07-09T23:46:00Z", "0 */15 * * * *", "2012-07-10T00:00:00Z"],
  ["2012-07-09T23:45:00Z", "0 20-35/15 * * * *", "2012-07-10T00:20:00Z"],
  ["2012-07-09T23:35:51Z", "15/35 20-35/15 * * * *", "2012-07-10T00:20:15Z"],
  ["2012-07-09T23:35:51Z", "15/35 20-35/15 1/2 * * *", "2012-07-10T01:20:15Z"],
  ["2012-07-09T23:35:51Z", "15/35 20-35/15 10-12 * * *", "2012-07-10T10:20:15Z"],
  ["2012-07-09T23:35:51Z", "15/35 20-35/15 1/2 */2 * *", "2012-07-11T01:20:15Z"],
  ["2012-07-09T23:35:51Z", "15/35 20-35/15 * 9-20 * *", "2012-07-10T00:20:15Z"],
  ["2012-07-09T23:35:51Z", "15/35 20-35/15 * 9-20 Jul *", "2012-07-10T00:20:15Z"],
  ["2012-07-09T23:35:00Z", "0 0 0 9 Apr-Oct ?", "2012-08-09T00:00:00Z"],
  ["2012-07-09T23:35:00Z", "0 0 0 */5 Apr,Aug,Oct Mon", "2012-08-06T00:00:00Z"],
  ["2012-07-09T23:35:00Z", "0 0 0 */5 Oct Mon", "2012-10-01T00:00:00Z"],
  ["2012-07-09T23:35:00Z", "0 0 0 * Feb Mon", "2013-02-04T00:00:00Z"],
  ["2012-07-09T23:35:00Z", "0 0 0 * Feb Mon/2", "2013-02-01T00:00:00Z"],
  ["2012-12-31T23:59:45Z", "0 * * * * *", "2013-01-01T00:00:00Z"],
  ["2012-07-09T23:35:00Z", "0 0 0 29 Feb ?", "2016-02-29T00:00:00Z"],
  ["2012-07-09T23:35:51Z", "* * * * * *", "2012-07-09T23:35:52Z"],
  // 2100 has no 29 February.
  ["2097-01-01T00:00:00Z", "0 0 29 2 *", "2104-02-29T00:00:00Z"],
  // Both, since one begins with a star: a 29 February that is a Sunday.
  ["2090-01-01T00:00:00Z", "0 0 29 2 */7", "2128-02-29T00:00:00Z"],
];

test.each(nexts)("behind %s %s is at %s", (after, spec, next) => {
  expect(times(spec, "UTC", after, 1)).toEqual([next]);
});

test.each(["0 0 30 2 *", "0 0 31 2 ?", "0 0 0 31 Apr ?", "0 0 31 2,4,6,9,11 *"])(
  "%s has no times",
  (spec) => {
    expect(CronSchedule.of(spec, "UTC")).toBe("never");
  },
);

test.each([
  "",
  "* * * *",
  "* * * * * * *",
  "60 * * * *",
  "60 * * * * *",
  "* 24 * * *",
  "* * 0 * *",
  "* * 32 * *",
  "* * * 13 *",
  "* * * * 8",
  "5-1 * * * *",
  "*/0 * * * *",
  "1,,2 * * * *",
  "1/2/3 * * * *",
  "1-2-3 * * * *",
  "-1 * * * *",
  "1.5 * * * *",
  "Jul * * * *",
  "* * * * Monday",
  "@daily",
  "* * L * *",
  "\xff * * * *",
  `${"1,".repeat(200)}1 * * * *`,
])("%p is not a spec", (spec) => {
  expect(CronSchedule.of(spec, "UTC")).toBe("spec");
});

test.each(["", "Nowhere/City", "Europe", "x".repeat(10_000), "\xff"])(
  "%p is not a time zone",
  (zone) => {
    expect(CronSchedule.of("* * * * *", zone)).toBe("zone");
  },
);

describe("where clocks change", () => {
  const changes: [title: string, spec: string, zone: string, after: string, next: string[]][] = [
    [
      "a time that they skip is at the change",
      "30 2 * * *",
      "Europe/Berlin",
      "2026-03-28T12:00:00Z",
      ["2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"],
    ],
    [
      "several times that they skip are one",
      "*/15 2 * * *",
      "America/New_York",
      "2026-03-07T12:00:00Z",
      ["2026-03-08T07:00:00Z", "2026-03-09T06:00:00Z", "2026-03-09T06:15:00Z"],
    ],
    [
      "the time of the change itself is one with those that are skipped",
      "0,30 2,3 * * *",
      "Europe/Berlin",
      "2026-03-28T12:00:00Z",
      ["2026-03-29T01:00:00Z", "2026-03-29T01:30:00Z", "2026-03-30T00:00:00Z"],
    ],
    [
      "a time that they show twice is at the first",
      "30 2 * * *",
      "Europe/Berlin",
      "2026-10-24T12:00:00Z",
      ["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"],
    ],
    [
      "seen from within the second hour too",
      "*/20 2 * * *",
      "Europe/Berlin",
      "2026-10-25T01:10:00Z",
      ["2026-10-26T01:00:00Z", "2026-10-26T01:20:00Z"],
    ],
    [
      "a day that has no midnight",
      "0 0 * * *",
      "America/Santiago",
      "2026-09-05T12:00:00Z",
      ["2026-09-06T04:00:00Z", "2026-09-07T03:00:00Z"],
    ],
    [
      "half an hour that is skipped",
      "15 2 * * *",
      "Australia/Lord_Howe",
      "2026-10-03T12:00:00Z",
      ["2026-10-03T15:30:00Z", "2026-10-04T15:15:00Z"],
    ],
    [
      "half an hour that comes twice",
      "45 1 * * *",
      "Australia/Lord_Howe",
      "2026-04-04T10:00:00Z",
      ["2026-04-04T14:45:00Z", "2026-04-05T15:15:00Z"],
    ],
    [
      "a day that a whole country skipped",
      "0 12 30 12 *",
      "Pacific/Apia",
      "2011-12-01T00:00:00Z",
      ["2011-12-30T10:00:00Z", "2012-12-29T22:00:00Z"],
    ],
    [
      "a spec of every hour goes on evenly when they go back",
      "30 * * * *",
      "Europe/Berlin",
      "2026-10-24T23:00:00Z",
      ["2026-10-24T23:30:00Z", "2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"],
    ],
    [
      "a spec of every hour goes on evenly when they go forward",
      "30 * * * *",
      "Europe/Berlin",
      "2026-03-29T00:00:00Z",
      ["2026-03-29T00:30:00Z", "2026-03-29T01:30:00Z", "2026-03-29T02:30:00Z"],
    ],
    [
      "a spec of every hour of a far day",
      "0 * 1 1 *",
      "Asia/Kathmandu",
      "2026-02-01T00:00:00Z",
      ["2026-12-31T18:15:00Z", "2026-12-31T19:15:00Z"],
    ],
  ];

  test.each(changes)("%s: %s in %s behind %s", (_, spec, zone, after, next) => {
    expect(times(spec, zone, after, next.length)).toEqual(next);
  });

  test.each(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Tehran", "UTC"])(
    "all times of a year in %s fit their spec, and no two are equal",
    (zone) => {
      const schedule = scheduleOf("7 */5 * * *", zone);
      const clock = new Intl.DateTimeFormat("en", {
        timeZone: zone,
        hour: "numeric",
        minute: "numeric",
        hourCycle: "h23",
      });
      let ms = Date.parse("2026-01-01T00:00:00Z");
      let count = 0;
      let moved = 0;
      for (; ms < Date.parse("2027-01-01T00:00:00Z"); count++) {
        const next = schedule.nextAfter(ms);
        expect(next).toBeGreaterThan(ms);
        // Between two times nothing else is the next one.
        expect(schedule.nextAfter(Math.floor((ms + next) / 2))).toBe(next);
        ms = next;
        if (!/^(00|05|10|15|20):07$/.test(clock.format(ms))) moved += 1;
      }
      expect(count).toBeWithin(5 * 365 - 1, 5 * 365 + 2);
      expect(moved).toBeLessThanOrEqual(1);
    },
  );
});

test("the last time of a span is found without a look at all of them", () => {
  const [from, to] = ["2000-01-01T00:00:00Z", "2026-07-09T15:00:30Z"].map(Date.parse);
  const last = (spec: string) => new Date(scheduleOf(spec).lastBetween(from!, to!)).toISOString();
  expect(last("* * * * * *")).toBe("2026-07-09T15:00:30.000Z");
  expect(last("0 0 1 1 *")).toBe("2026-01-01T00:00:00.000Z");
  expect(last("0 0 29 2 *")).toBe("2024-02-29T00:00:00.000Z");
});
