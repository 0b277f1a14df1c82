// The real code of the protocol, with every request, reply, timer and death decided by a test: at
// random, with seeds that are told and can be repeated (OKQ_SEED=n), more of them with
// OKQ_MODEL=long.
import { expect, test } from "bun:test";
import { type Rarity, runAtRandom } from "./schedule.ts";

const kinds: Record<string, Rarity> = {
  "few faults": { fault: 50, sleep: 200, death: 200 },
  "many faults": { fault: 4, sleep: 100, death: 100 },
  "long sleeps": { fault: 30, sleep: 12, death: 300 },
  "many deaths": { fault: 30, sleep: 100, death: 20 },
};
const rounds = process.env["OKQ_MODEL"] === "long" ? 10_000 : 150;
const STEPS = 400;

test.each(Object.keys(kinds))(
  "keeps its promises with %s",
  async (kind) => {
    const only = process.env["OKQ_SEED"];
    const seeds = only ? [Number(only)] : Array.from({ length: rounds }, (_, index) => index + 1);
    const sums: Record<string, number> = {};
    for (const seed of seeds) {
      const world = await runAtRandom(seed, 2 + (seed % 2), STEPS, kinds[kind]!);
      for (const [name, count] of Object.entries(world.account.counts)) {
        sums[name] = (sums[name] ?? 0) + count;
      }
    }
    console.log(`${seeds.length} seeds with ${kind}: ${JSON.stringify(sums)}`);
    expect(sums["acknowledged"]).toBeGreaterThan(0);
  },
  3_600_000,
);
