// Compares what two stores report of the same operations, in any order, and what is counted of
// them.
import type { Histogram } from "../../src/queue/histogram.ts";
import { jsonOf } from "../../src/queue/report-json.ts";
import type { Report } from "../../src/queue/report.ts";
import type { StoreUnderTest } from "./contract.ts";
import type { Heard } from "./heard.ts";

const MADE_ID = /"\d{7,}-\d+"/g;

/** Has both report from now on. */
export async function hearBoth(a: StoreUnderTest, b: StoreUnderTest): Promise<BothHeard> {
  // A store that is restarted does at once what the other one does with its next tick.
  const hasTimes = !b.reopen;
  return new BothHeard([await a.hear(), a.nowMs()], [await b.hear(), b.nowMs()], hasTimes);
}

export class BothHeard {
  readonly #ofA: [Heard, startMs: number];
  readonly #ofB: [Heard, startMs: number];

  readonly #hasTimes: boolean;

  constructor(ofA: [Heard, startMs: number], ofB: [Heard, startMs: number], hasTimes: boolean) {
    this.#ofA = ofA;
    this.#ofB = ofB;
    this.#hasTimes = hasTimes;
  }

  /** Throws at the first difference. */
  async compare(seed: number): Promise<void> {
    const count = this.#ofA[0].reports.length;
    const [ofA, ofB] = [await this.#textsOf(this.#ofA, 0), await this.#textsOf(this.#ofB, count)];
    for (let at = 0; at < Math.max(ofA.length, ofB.length); at++) {
      if (ofA[at] === ofB[at]) continue;
      const texts = `  first  ${ofA[at]}\n  second ${ofB[at]}`;
      throw new Error(`the stores differ in a report: seed ${seed}, number ${at}\n${texts}`);
    }
    this.#compareCounts(seed);
  }

  #compareCounts(seed: number): void {
    const [ofA, ofB] = [this.#countsOf(this.#ofA), this.#countsOf(this.#ofB)];
    if (ofA === ofB) return;
    const texts = `  first  ${ofA}\n  second ${ofB}`;
    throw new Error(`the stores differ in what is counted: seed ${seed}\n${texts}`);
  }

  /** Of all queues, in the order of their names. */
  #countsOf([heard]: [Heard, number]): string {
    const inOrder = [...heard.tally.take()].toSorted(([one], [two]) => (one < two ? -1 : 1));
    const shown = inOrder.map(([queue, { totals, waits, runs }]) => {
      return { queue, totals, times: this.#hasTimes ? [sorted(waits), sorted(runs)] : [] };
    });
    return JSON.stringify(shown);
  }

  /** In the order of their texts, once there are that many. */
  async #textsOf([heard, startMs]: [Heard, number], count: number): Promise<string[]> {
    const reports = await heard.take(count).catch(() => heard.reports);
    const msOf = ({ atMs }: Report) => (this.#hasTimes ? atMs - startMs : 0);
    return reports.map((report) => textOf({ ...report, atMs: msOf(report) })).toSorted();
  }
}

function sorted(histogram: Histogram): [bucket: number, times: number][] {
  return [...histogram].toSorted(([one], [two]) => one - two);
}

function textOf(report: Report): string {
  return jsonOf(report).replaceAll(MADE_ID, '"made"');
}
