// Tests that a store does what the reference store does with the whole life of random events.
import { test } from "bun:test";
import type { StoreUnderTest } from "./contract.ts";
import { compareLives } from "./life-comparison.ts";
import { openReference } from "./open-reference.ts";

interface Has {
  hasGroups?: boolean;
  only?: "order" | "lists" | "streams";
}

/** OKQ_SEEDS takes the place of the seeds. */
export function testLikeReference(
  name: string,
  open: () => Promise<StoreUnderTest>,
  { seeds, rounds, ...has }: { seeds: readonly number[]; rounds: number } & Has,
): void {
  const chosen = process.env["OKQ_SEEDS"]?.split(",").map(Number) ?? seeds;
  test.each(chosen)(`${name}: events live as in the reference store (seed %d)`, async (seed) => {
    const [reference, store] = [await openReference(), await open()];
    try {
      // With queues for failed events a round has many ticks.
      const count = seed % 2 === 0 ? Math.ceil(rounds / 2) : rounds;
      await compareLives(reference, store, { seed, rounds: count, ...has });
    } finally {
      await reference.close();
      await store.close();
    }
  });
}
