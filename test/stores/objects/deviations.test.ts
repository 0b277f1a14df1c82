// The real code of the protocol along a takeover, with every single deviation from the usual
// course; with OKQ_MODEL=long with every pair of them.
import { expect, test } from "bun:test";
import { type Deviation, runWith, wakes } from "./deviations.ts";

/** All deviations behind the last one of these. Resolves with their number. */
async function runAll(wakesUp: string, deviations: Deviation[], depth: number): Promise<number> {
  const counts = await runWith(wakesUp, deviations);
  if (depth === 0) return 1;
  let runs = 1;
  const first = (deviations.at(-1)?.[0] ?? -1) + 1;
  for (let step = first; step < counts.length; step++) {
    for (let alternative = 1; alternative < counts[step]!; alternative++) {
      runs += await runAll(wakesUp, [...deviations, [step, alternative]], depth - 1);
    }
  }
  return runs;
}

test.each(wakes)(
  "keeps its promises with every deviation: wakes %s",
  async (wakesUp) => {
    const runs = await runAll(wakesUp, [], process.env["OKQ_MODEL"] === "long" ? 2 : 1);
    console.log(`${runs} runs, wakes ${wakesUp}`);
    expect(runs).toBeGreaterThan(500);
  },
  3_600_000,
);
