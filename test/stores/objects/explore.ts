// Walks through all states of the model, breadth first, until a promise is broken.

import { type Bounds, initialState, keyOf, type Rule, type State, Violation } from "./model.ts";
import { nextSteps } from "./model-steps.ts";

export interface Exploration {
  states: number;
  /** null if all promises are kept in all states. */
  broken: { promise: string; steps: string[] } | null;
}

/** 53 bits: with ten million states, two have the same hash with a probability of 1 in 180. */
function hashOf(state: State): number {
  const key = keyOf(state);
  return Bun.hash.xxHash32(key, 1) * 2 ** 21 + (Bun.hash.xxHash32(key, 2) >>> 11);
}

/** Throws if there are more states than that. */
export function explore(bounds: Bounds, broken: Rule | null, statesMax: number): Exploration {
  const first = initialState(bounds);
  const seen = new Set([hashOf(first)]);
  /** By the number of a state: the number of the one before, and how it was reached. */
  const before: number[] = [-1];
  const ways: (() => string)[] = [() => "the start"];
  let level: [number, State][] = [[0, first]];
  while (level.length > 0) {
    const next: typeof level = [];
    for (const [number, state] of level) {
      let last = "";
      try {
        nextSteps(state, bounds, broken, (reached, what, index, request) => {
          const hash = hashOf(reached);
          if (seen.has(hash)) return;
          seen.add(hash);
          next.push([before.length, reached]);
          before.push(number);
          ways.push(() => `${index} ${request?.key ?? ""} ${what}`);
        });
      } catch (error) {
        if (!(error instanceof Violation)) throw error;
        const steps: string[] = [last];
        for (let at = number; at > 0; at = before[at]!) steps.unshift(ways[at]!());
        return { states: seen.size, broken: { promise: error.message, steps } };
      }
      if (seen.size > statesMax) throw new Error(`there are more than ${statesMax} states`);
    }
    level = next;
  }
  return { states: seen.size, broken: null };
}
