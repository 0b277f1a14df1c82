// The store contract (src/queue/store.ts) in executable form: one suite that every store runs.
// It knows no store, only what one answers.

import { describe, test } from "bun:test";
import type { Store } from "../../src/queue/store.ts";
import { batches } from "./contract/batches.ts";
import { bytes } from "./contract/bytes.ts";
import { Caller } from "./contract/caller.ts";
import { claims } from "./contract/claims.ts";
import { counts } from "./contract/counts.ts";
import { failures } from "./contract/failures.ts";
import { line } from "./contract/line.ts";
import { readiness } from "./contract/readiness.ts";
import { reclaims } from "./contract/reclaims.ts";

/** A store without any queue, on a clock that moves by `advance` only. */
export interface StoreUnderTest {
  store: Store;
  /** Moves the store's clock, without sleeping. */
  advance(ms: number): void;
  /** What onReady was told, in order: the queue as latin1 text, and the count. */
  ready: [queue: string, count: number][];
  /** From now on pushes into that queue, which must be empty, are refused; or no longer. */
  setRefusing(queue: string, isRefusing: boolean): Promise<void>;
  /** Of how many parts a limit holds for each; 1 if not said. */
  parts?: number;
  /** Closes the store and whatever was started for it. */
  close(): Promise<void>;
  /** For a store that outlives its process: ends it in an orderly way, and opens it again. */
  reopen?(): Promise<void>;
  /** As reopen, but ends it as a kill -9 would. */
  crash?(): Promise<void>;
}

/** Defines one test: a sentence about stores, and what must hold of an empty one. */
export type Check = (
  sentence: string,
  body: (caller: Caller) => Promise<void>,
  /** Why it does not hold of a store of several parts. */
  notOfParts?: string,
) => void;

const chapters = { line, claims, reclaims, counts, bytes, batches, failures, readiness };

export function storeContract(
  name: string,
  open: () => Promise<StoreUnderTest>,
  { parts = 1 } = {},
): void {
  const check: Check = (sentence, body, notOfParts) => {
    const isSkipped = notOfParts !== undefined && parts > 1;
    const title = isSkipped ? `${sentence} (skipped: ${notOfParts})` : sentence;
    test.skipIf(isSkipped)(title, async () => {
      const under = await open();
      try {
        await body(new Caller(under));
      } finally {
        await under.close();
      }
    });
  };
  describe(`the store contract: ${name}`, () => {
    for (const [title, chapter] of Object.entries(chapters)) {
      describe(title, () => chapter(check));
    }
  });
}
