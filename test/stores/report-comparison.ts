// Compares what two stores report of the same operations. Their order may differ.
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
  }

  /** In the order of their texts, once there are that many. */
  async #textsOf([heard, startMs]: [Heard, number], count: number): Promise<string[]> {
    const reports = await heard.take(count).catch(() => heard.reports);
    const msOf = ({ atMs }: Report) => (this.#hasTimes ? atMs - startMs : 0);
    return reports.map((report) => textOf({ ...report, atMs: msOf(report) })).toSorted();
  }
}

function textOf(report: Report): string {
  return jsonOf(report).replaceAll(MADE_ID, '"made"');
}
