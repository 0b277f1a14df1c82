// The tests that the comparison of the lives of events notices a store whose lists, or streams,
// break one rule.
// oxlint-disable no-await-in-loop -- the lives take place one after the other
import { describe, expect, test } from "bun:test";
import type { Operation } from "../../src/queue/operations.ts";
import { answering, type Breakage, breaking } from "./breaking-store.ts";
import { compareLives, type Compared } from "./life-comparison.ts";
import { openReference } from "./open-reference.ts";
import type { Operations } from "./reference/reference-operations.ts";

interface Mutants {
  /** Every second life has these only, the others have everything. */
  only: NonNullable<Compared["only"]>;
  /** Of the lives that show a difference. */
  seeds: number[];
  breakages: Record<string, Breakage>;
  /** Reference stores that do operations otherwise. */
  wrongWays: Record<string, Partial<Operations>>;
}

const ROUNDS = 60;
const NOTICED = /^Error: (the stores differ|.* was made twice)/;

/** Other results of that kind, but for those that are words, as of the name of a set. */
export function showing(kind: Operation["kind"], change: (result: never) => unknown): Breakage {
  return answering(kind, (result: unknown) =>
    typeof result === "string" ? result : change(result as never),
  );
}

export function testMutants({ only, seeds, breakages, wrongWays }: Mutants): void {
  const firstDifference = async (breakage: Breakage, wrong?: Partial<Operations>) => {
    for (const seed of seeds) {
      const life = { seed, rounds: ROUNDS, only: seed % 2 === 0 ? only : null };
      const found = await compare(life, breakage, wrong).catch(String);
      if (found) return found;
    }
    return "no difference";
  };
  describe("comparing the lives of events in two stores", () => {
    test.each([1, 2, 3])(`finds no difference between equal ${only}, seed %d`, async (seed) => {
      await compare({ seed, rounds: 200, only });
    });

    test.each(Object.entries(breakages))("notices when %s", async (_name, breakage) => {
      expect(await firstDifference(breakage)).toMatch(NOTICED);
    });

    test.each(Object.entries(wrongWays))("notices when %s", async (_name, wrong) => {
      expect(await firstDifference({}, wrong)).toMatch(NOTICED);
    });
  });
}

async function compare(life: Compared, breakage: Breakage = {}, wrong?: Partial<Operations>) {
  const [a, b] = [await openReference(), await openReference(wrong)];
  try {
    await compareLives(a, breaking(b, breakage), life);
  } finally {
    await Promise.all([a.close(), b.close()]);
  }
}
