// The store contract (src/queue/store.ts) in executable form: one suite that every store runs.
// Each test gets a new store.

import { describe, test } from "bun:test";
import type { Store } from "../../src/queue/store.ts";
import { batches } from "./contract/batches.ts";
import { bound } from "./contract/bound.ts";
import { boundArrivals } from "./contract/bound-arrivals.ts";
import { bytes } from "./contract/bytes.ts";
import { claims } from "./contract/claims.ts";
import { countedTransactions } from "./contract/counted-transactions.ts";
import { counters } from "./contract/counters.ts";
import { counts } from "./contract/counts.ts";
import { crons } from "./contract/crons.ts";
import { failures } from "./contract/failures.ts";
import { history } from "./contract/history.ts";
import { largeContents } from "./contract/large-contents.ts";
import { LifeCaller } from "./contract/life-caller.ts";
import { line } from "./contract/line.ts";
import { readiness } from "./contract/readiness.ts";
import { reclaims } from "./contract/reclaims.ts";
import { attempts } from "./contract/attempts.ts";
import { expiry } from "./contract/expiry.ts";
import { groupSettings } from "./contract/group-settings.ts";
import { groups } from "./contract/groups.ts";
import { kept } from "./contract/kept.ts";
import { limits } from "./contract/limits.ts";
import { listTakes } from "./contract/list-takes.ts";
import { listTransactions } from "./contract/list-transactions.ts";
import { lists } from "./contract/lists.ts";
import { listsAndSets } from "./contract/lists-and-sets.ts";
import { looks } from "./contract/looks.ts";
import { many } from "./contract/many.ts";
import { parts as partsOfCounters } from "./contract/parts.ts";
import { pauses } from "./contract/pauses.ts";
import { priorities } from "./contract/priorities.ts";
import { pushes } from "./contract/pushes.ts";
import { rates } from "./contract/rates.ts";
import { sets } from "./contract/sets.ts";
import { settings } from "./contract/settings.ts";
import { tokens } from "./contract/tokens.ts";
import { told } from "./contract/told.ts";
import { transactions } from "./contract/transactions.ts";
import { touches } from "./contract/touches.ts";
import { undone } from "./contract/undone.ts";
import { unpops } from "./contract/unpops.ts";
import { streams } from "./contract/streams.ts";
import { streamAcks } from "./contract/stream-acks.ts";
import { streamClaims } from "./contract/stream-claims.ts";
import { streamTakes } from "./contract/stream-takes.ts";
import { streamConsumers } from "./contract/stream-consumers.ts";
import { streamGroups } from "./contract/stream-groups.ts";
import { streamReports } from "./contract/stream-reports.ts";
import { streamTransactions } from "./contract/stream-transactions.ts";
import { streamMixes } from "./contract/stream-mixes.ts";
import { streamKinds } from "./contract/stream-kinds.ts";
import { streamRanges } from "./contract/stream-ranges.ts";
import { keys } from "./contract/keys.ts";
import { reports } from "./contract/reports.ts";
import { windows } from "./contract/windows.ts";
import type { Heard } from "./heard.ts";

/** A store without any queue, on a clock that moves by `advance` only. */
export interface StoreUnderTest {
  store: Store;
  /** The time of the store's clock. */
  nowMs(): number;
  /** Moves the store's clock, without sleeping. */
  advance(ms: number): void;
  /** The calls of onReady, in order: the queue as latin1 text, and the count. */
  ready: [queue: string, count: number][];
  /** Has it report from now on. */
  hear(): Promise<Heard>;
  /** Makes the store refuse or accept pushes into that queue, which must be empty. */
  setRefusing(queue: string, isRefusing: boolean): Promise<void>;
  /** The number of parts, 1 by default. Limits apply to each part. */
  parts?: number;
  /** Closes the store and everything that was started for it. */
  close(): Promise<void>;
  /** For a durable store: closes it and opens it again. */
  reopen?(): Promise<void>;
  /** Like reopen, but after a kill -9 instead of a close. */
  crash?(): Promise<void>;
}

/** Defines one test: a statement about stores, and code that checks it with an empty store. */
export type Check = (
  sentence: string,
  body: (caller: LifeCaller) => Promise<void>,
  /** The reason why the statement does not hold for a store with several parts. */
  notOfParts?: string,
) => void;

const chapters = {
  line,
  claims,
  reclaims,
  unpops,
  counts,
  history,
  bytes,
  largeContents,
  batches,
  failures,
  readiness,
  pushes,
  tokens,
  attempts,
  touches,
  settings,
  pauses,
  kept,
  expiry,
  limits,
  windows,
  bound,
  boundArrivals,
  crons,
  keys,
  counters,
  parts: partsOfCounters,
  many,
  undone,
  looks,
  told,
  priorities,
  groups,
  groupSettings,
  rates,
  sets,
  listsAndSets,
  countedTransactions,
  transactions,
  reports,
  lists,
  listTakes,
  listTransactions,
  streams,
  streamRanges,
  streamKinds,
  streamTakes,
  streamClaims,
  streamAcks,
  streamGroups,
  streamConsumers,
  streamTransactions,
  streamReports,
  streamMixes,
};

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
        await body(new LifeCaller(under));
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
