// Runs random operations on two stores at once. Both must give the same answers and end in the same
// state. The comparison itself knows no rules of queues.
// oxlint-disable no-await-in-loop -- the steps take place in this order

import type { Popped } from "../../src/queue/event.ts";
import type { Operation, Unpop } from "../../src/queue/operations.ts";
import { EarlierFailure, StoreError } from "../../src/queue/errors.ts";
import type { StoreUnderTest } from "./contract.ts";
import { bytesOf, Caller } from "./contract/caller.ts";
import { RandomOperations, RECLAIM_ALL, REFUSING } from "./random-operations.ts";
import { Random } from "./random.ts";

/**
 * Both stores are new and empty. Submits `rounds` batches of 1 to 61 operations through one session
 * each, some with a refused push; the clocks move only between batches. If the second store is
 * durable, it is restarted now and then. Throws at the first difference, with the seed, the round,
 * the operation and both answers.
 */
export async function compareStores(
  a: StoreUnderTest,
  b: StoreUnderTest,
  { seed, rounds }: { seed: number; rounds: number },
): Promise<void> {
  const random = new Random(seed);
  const operations = new RandomOperations(random);
  const pair = new Pair(new Caller(a), new Caller(b), seed);
  await Promise.all([a.setRefusing(REFUSING, true), b.setRefusing(REFUSING, true)]);
  for (pair.round = 1; pair.round <= rounds; pair.round++) {
    const pauseMs = operations.pauseMs();
    if (pauseMs > 0) pair.advance(pauseMs);
    const batch = operations.withRefusal(operations.batch());
    await pair.submitAll(pauseMs > 0 ? [operations.heartbeat(), ...batch] : batch);
    if (random.below(3) === 0) await pair.unpopSome(random);
    if (random.below(8) === 0) await pair.walk(1 + random.below(4));
    if (random.below(4) === 0) await pair.reclaimAll(1 + random.below(4));
    if (b.reopen && random.below(12) === 0) await pair.restartSecond(random, operations);
  }
  await pair.compareState(operations.queues);
}

/** The number of latest pops that may be undone. */
const LATEST_POPS = 8;

/** The answer to an operation, and for a pop the operation that undoes it. */
interface Answer {
  text: string;
  unpop: Unpop | null;
}

class Pair {
  round = 0;
  /** The latest pops of both stores, as operations that undo them. */
  readonly #unpops: [ofA: Unpop, ofB: Unpop][] = [];
  readonly #a: Caller;
  readonly #b: Caller;
  readonly #seed: number;

  constructor(a: Caller, b: Caller, seed: number) {
    this.#a = a;
    this.#b = b;
    this.#seed = seed;
  }

  advance(ms: number): void {
    this.#a.advance(ms);
    this.#b.advance(ms);
  }

  /** Restarts the second store, and makes expired claims and consumers equal again. */
  async restartSecond(random: Random, operations: RandomOperations): Promise<void> {
    await this.submitAll([{ kind: "tick", limit: RECLAIM_ALL, parts: "all" }]);
    const { reopen, crash } = this.#b.under;
    await (random.below(2) === 0 ? reopen : crash)?.();
    // The new process cannot undo earlier pops.
    this.#unpops.length = 0;
    await this.submitAll([operations.heartbeat()]);
  }

  async submitAll(batch: Operation[]): Promise<void> {
    const [ofA, ofB] = await Promise.all([answers(this.#a, batch), answers(this.#b, batch)]);
    for (const [i, operation] of batch.entries()) {
      const [a, b] = [ofA[i]!, ofB[i]!];
      if (a.unpop && b.unpop) this.#unpops.push([a.unpop, b.unpop]);
      if (a.text === b.text) continue;
      const before = batch.slice(0, i).map(written).join("\n    ");
      this.#differ(`${written(operation)}, in its batch after\n    ${before}`, a.text, b.text);
    }
    this.#unpops.splice(0, this.#unpops.length - LATEST_POPS);
  }

  /** Undoes some of the latest pops, in any order. Most of their claims have ended. */
  async unpopSome(random: Random): Promise<void> {
    const some = random.shuffled(this.#unpops).slice(0, 1 + random.below(LATEST_POPS));
    const undo = async (store: Caller, at: 0 | 1) =>
      written(await Promise.all(some.map((unpops) => store.submit(unpops[at]))));
    const [ofA, ofB] = await Promise.all([undo(this.#a, 0), undo(this.#b, 1)]);
    const what = some.map(([unpop]) => written(unpop)).join("\n    ");
    this.#compare(`unpops of\n    ${what}`, ofA, ofB);
  }

  /** Compares all pages together, because a store may split the list anywhere. */
  async walk(limit: number): Promise<void> {
    const [ofA, ofB] = await Promise.all([this.#a.list(limit), this.#b.list(limit)]);
    this.#compare(`the list of queues, limit ${limit}`, written(ofA), written(ofB));
  }

  /** Compares the number of requeued events, except for the last round, and then the state. */
  async reclaimAll(limit: number): Promise<void> {
    const [ofA, ofB] = await Promise.all([reclaimsOf(this.#a, limit), reclaimsOf(this.#b, limit)]);
    const areAlike = this.#a.parts === this.#b.parts;
    const [a, b] = areAlike ? [ofA, ofB] : [sumOf(ofA), sumOf(ofB)];
    this.#compare(`reclaims with limit ${limit}`, written(a), written(b));
  }

  /** Compares status and peeks, then all ready events, then all claimed ones. */
  async compareState(queues: string[]): Promise<void> {
    await this.submitAll([{ kind: "status", queues: queues.map(bytesOf) }]);
    await this.walk(1000);
    await this.#drain(queues);
    this.advance(3_600_000);
    await this.submitAll([{ kind: "tick", limit: RECLAIM_ALL, parts: "all" }]);
    await this.#drain(queues);
    await this.submitAll(queues.map((queue) => ({ kind: "flush", queue: bytesOf(queue) })));
    await this.submitAll([{ kind: "status", queues: queues.map(bytesOf) }]);
  }

  async #drain(queues: string[]): Promise<void> {
    const pops = queues.map(
      (queue) => ({ kind: "pop", queue: bytesOf(queue), leaseMs: 0, claimant: null }) as const,
    );
    // One round more than the number of events.
    const total = async (store: Caller) =>
      (await store.status(...queues)).reduce((sum, [, count]) => sum + count, 0);
    const count = Math.max(await total(this.#a), await total(this.#b));
    for (let i = 0; i <= count; i++) await this.submitAll(pops);
  }

  #compare(what: string, ofA: string | undefined, ofB: string | undefined): void {
    if (ofA !== ofB) this.#differ(what, ofA, ofB);
  }

  #differ(what: string, ofA: string | undefined, ofB: string | undefined): never {
    throw new Error(
      `the stores differ: seed ${this.#seed}, round ${this.round}\n` +
        `  first  ${ofA}\n  second ${ofB}\n  to ${what}`,
    );
  }
}

async function reclaimsOf(store: Caller, limit: number): Promise<number[]> {
  const counts: number[] = [];
  do counts.push(await store.reclaim(limit));
  while (counts.at(-1)! >= limit);
  return counts;
}

function sumOf(counts: number[]): number {
  return counts.reduce((sum, count) => sum + count, 0);
}

/** Submits all operations in one turn. An error counts as an answer. */
function answers(store: Caller, batch: Operation[]): Promise<Answer[]> {
  const answer = (operation: Operation) =>
    store.submit(operation).then(
      (result) => answerOf(operation, result),
      (error) => ({ text: failure(error), unpop: null }),
    );
  return Promise.all(batch.map(answer));
}

/** Omits claims and ranks, which each store numbers in its own way. */
function answerOf(operation: Operation, result: unknown): Answer {
  if (operation.kind !== "pop" || result === null) return { text: written(result), unpop: null };
  const { queue } = operation;
  const { id, contents } = result as Popped;
  const unpop: Unpop = { kind: "unpop", queue, popped: result as Popped };
  return { text: written({ id, contents }), unpop };
}

function failure(error: unknown): string {
  if (!(error instanceof StoreError)) return String(error);
  return error instanceof EarlierFailure ? "after a failure" : `StoreError ${error.failure}`;
}

/** Readable and exact: buffers as escaped latin1 text. */
function written(value: unknown): string {
  if (Buffer.isBuffer(value)) {
    const text = value.toString("latin1");
    return JSON.stringify(text).replaceAll(/[\x7f-\xff]/g, (byte) => escaped(byte));
  }
  if (Array.isArray(value)) return `[${value.map(written).join(", ")}]`;
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
    const fields = entries.map(([name, field]) => `${name}: ${written(field)}`);
    return `{ ${fields.join(", ")} }`;
  }
  return JSON.stringify(value);
}

function escaped(byte: string): string {
  return `\\x${byte.charCodeAt(0).toString(16).padStart(2, "0")}`;
}
