// The comparison of reports notices a store whose reports break one rule.
import { beforeAll, expect, test } from "bun:test";
import type { Report } from "../../src/queue/report.ts";
import { Tally } from "../../src/queue/tally.ts";
import { Heard } from "./heard.ts";
import { compareLives } from "./life-comparison.ts";
import { openReference } from "./open-reference.ts";
import { BothHeard } from "./report-comparison.ts";

/** What a store with that fault reports in the place of a report. */
type Fault = (report: Report) => Report[];

function without(...names: (keyof Report)[]): Fault {
  return (report) => {
    const left = Object.entries(report).filter(([name]) => !names.includes(name as keyof Report));
    return [Object.fromEntries(left) as unknown as Report];
  };
}

const faults: Record<string, Fault> = {
  "crashes are not reported": (report) => (report.kind === "crashed" ? [] : [report]),
  "an expiry is not reported": (report) => (report.kind === "expired" ? [] : [report]),
  "a last crash is no failure": (report) =>
    report.kind === "failed" && String(report.error).startsWith("crashed") ? [] : [report],
  "an attempt is one too many": (report) =>
    report.attempt ? [{ ...report, attempt: report.attempt + 1 }] : [report],
  "a push is reported twice": (report) => (report.kind === "pushed" ? [report, report] : [report]),
  "a failure for good looks like another": without("isFinal"),
  "the worker is missing": without("worker"),
  "the error is missing": without("error"),
  "it is not said from where an event came": without("from"),
};

/** Of lists and streams. */
const kinds = [
  "listPush",
  "listPop",
  "listMove",
  "listInsert",
  "streamAdd",
  "streamTake",
  "streamClaim",
  "streamAck",
  "streamNack",
] as const;

/** What a life on two equal stores reports, seed by seed. */
let reported: { of: Report[]; startMs: number }[] = [];

beforeAll(async () => {
  const lives = [1, 2, 3].map(async (seed) => {
    const [one, two] = [await openReference(), await openReference()];
    const heard = await two.hear();
    const of: Report[] = [];
    const take = async () => (of.push(...heard.reports), heard.reports.splice(0));
    const hear = async (): Promise<Heard> => Object.assign(Object.create(heard), { take });
    const startMs = two.nowMs();
    await compareLives(one, { ...two, hear }, { seed, rounds: 60 });
    return { of, startMs };
  });
  reported = await Promise.all(lives);
});

test.each(Object.entries(faults))("%s", async (_, fault) => {
  const differences = reported.map(async ({ of, startMs }) => {
    const heardOf = (reports: Report[]): [Heard, number] => {
      const heard = new Heard();
      heard.reports.push(...reports);
      heard.patienceMs = 0;
      return [heard, startMs];
    };
    const both = new BothHeard(heardOf(of), heardOf(of.flatMap(fault)), true);
    return await both.compare(1).catch((error: Error) => error.message);
  });
  expect((await Promise.all(differences)).join("\n")).toContain("the stores differ in a report");
});

/**
 * The first difference that the comparison of some lives shows if the second store tells its
 * observer something else.
 */
async function differenceOf(kind: string, change: (heard: Heard) => void): Promise<string> {
  const only = kind.startsWith("list") ? "lists" : kind.startsWith("stream") ? "streams" : null;
  for (const seed of [1, 2, 3, 5, 6]) {
    const [one, two] = [await openReference(), await openReference()];
    const hear = async () => {
      const heard = await two.hear();
      heard.patienceMs = 0;
      change(heard);
      return heard;
    };
    const life = compareLives(one, { ...two, hear }, { seed, rounds: 60, only });
    const found = await life.then(String, (error: Error) => error.message);
    if (found !== "undefined") return found;
  }
  return "no difference";
}

// The store itself reports what fails.
test.each(kinds.filter((kind) => kind !== "streamNack"))("%s reports nothing", async (kind) => {
  const difference = await differenceOf(kind, (heard) => {
    heard.done = (operation, ...of) => {
      if (operation.kind !== kind) Heard.prototype.done.call(heard, operation, ...of);
    };
  });
  expect(difference).toContain("the stores differ in a report");
});

test.each([...kinds, "push", "pop", "unpop", "ack", "fail"])("%s is not counted", async (kind) => {
  const difference = await differenceOf(kind, ({ tally }) => {
    tally.done = (operation, ...of) => {
      if (operation.kind !== kind) Tally.prototype.done.call(tally, operation, ...of);
    };
  });
  expect(difference).toContain("the stores differ in what is counted");
});
