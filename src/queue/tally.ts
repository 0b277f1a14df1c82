// Counts what this okq process does with each queue, until the store takes the counts: totals, and
// how long events waited and how long they were worked on. It costs some additions per operation.
import { Duplicate, type Popped } from "./event.ts";
import type { StoreObserver } from "./store.ts";
import { bucketOf, count } from "./histogram.ts";
import { listChanges } from "./list-changes.ts";
import type { ListOperation } from "./lists.ts";
import { nameOf } from "./name-cache.ts";
import type { Operation, Results } from "./operations.ts";
import { ProcessFigures } from "./process-figures.ts";
import { addCounts, COUNTED, type Counted, emptyCounts, type QueueCounts } from "./queue-status.ts";
import { type StreamListener, tellStreamChanges } from "./stream-changes.ts";

const PLACES = Object.fromEntries(COUNTED.map((name, place) => [name, place])) as Record<
  Counted,
  number
>;

/** If the store is away for long, the counts of further queues are lost. */
const KEPT_QUEUES_MAX = 10_000;

const DIGIT_0 = 48;

export class Tally implements StoreObserver {
  readonly process = new ProcessFigures();
  #queues = new Map<string, QueueCounts>();
  /** Mostly the same Buffer names the queue of the next operation too. */
  #latest: Buffer | null = null;
  #latestCounts: QueueCounts | null = null;
  /** When the stream operation was done that is counted. */
  #nowMs = 0;
  readonly #streamed: StreamListener = {
    pushed: (queue) => this.happened(queue, "pushed"),
    popped: (popped) => this.#popped(popped, this.#nowMs),
    acked: (queue) => this.happened(queue, "acked"),
    failed: (queue, _, outcome) => {
      this.happened(queue, "failures");
      if (outcome === "failed") this.happened(queue, "failed");
    },
  };

  /** Whether something was counted since the counts were taken. */
  get isEmpty(): boolean {
    return this.#queues.size === 0;
  }

  /** The counts since the last call, by the name of the queue. */
  take(): Map<string, QueueCounts> {
    const taken = this.#queues;
    this.#queues = new Map();
    this.#latest = null;
    return taken;
  }

  /** Counts that were taken, and that the store did not get. There may be none. */
  putBack(taken: Map<string, QueueCounts>): void {
    for (const [name, counts] of taken) {
      if (this.#queues.size >= KEPT_QUEUES_MAX) return;
      addCounts(this.#of(Buffer.from(name, "latin1")), counts);
    }
  }

  happened(queue: Buffer, what: Counted, times = 1): void {
    if (times === 0) return;
    this.#of(queue).totals[PLACES[what]]! += times;
    this.process.totals[PLACES[what]]! += times;
  }

  done(operation: Operation, result: unknown, nowMs: number): void {
    switch (operation.kind) {
      case "push":
        if (!(result instanceof Duplicate)) this.happened(operation.queue, "pushed");
        else this.process.duplicates += 1;
        break;
      case "cronFire":
        if (result instanceof Buffer) this.happened(operation.queue, "pushed");
        break;
      case "pushBatch": {
        const pushed = (result as Results["pushBatch"]).filter(
          (each) => !(each instanceof Duplicate),
        );
        this.happened(operation.queue, "pushed", pushed.length);
        this.process.duplicates += operation.events.length - pushed.length;
        break;
      }
      case "listPush":
      case "listPop":
      case "listMove":
      case "listInsert":
        this.#listed(operation, result, nowMs);
        break;
      case "streamAdd":
      case "streamTake":
      case "streamClaim":
      case "streamAck":
      case "streamNack":
        this.#nowMs = nowMs;
        tellStreamChanges(operation, result, this.#streamed);
        break;
      case "pop":
        if (result !== null) this.#popped(result as Popped, nowMs);
        break;
      case "popBatch":
        for (const popped of result as Popped[]) this.#popped(popped, nowMs);
        break;
      case "unpop":
        if (result) this.#of(operation.queue).totals[PLACES.popped]! -= 1;
        break;
      case "ack":
        if (result) this.#ended(operation.queue, "acked", operation.token, nowMs);
        break;
      case "ackBatch":
        for (const [at, wasClaimed] of (result as boolean[]).entries()) {
          if (!wasClaimed) continue;
          this.#ended(operation.queue, "acked", operation.claims[at]!.token, nowMs);
        }
        break;
      case "fail":
        if (result !== null) this.#ended(operation.queue, "failures", operation.token, nowMs);
        if (result === "failed") this.happened(operation.queue, "failed");
        break;
    }
  }

  #listed(operation: ListOperation, result: unknown, nowMs: number): void {
    for (const { popped, pushed } of listChanges(operation, result)) {
      if (pushed) this.happened(pushed.queue, "pushed");
      if (popped) this.#popped(popped, nowMs);
    }
  }

  #popped({ queue, pushedAtMs, token, attempt }: Popped, nowMs: number): void {
    const counts = this.#of(queue);
    const waitedMs = Math.max(0, nowMs - pushedAtMs);
    counts.totals[PLACES.popped]! += 1;
    count(counts.waits, bucketOf(waitedMs));
    this.process.totals[PLACES.popped]! += 1;
    this.process.waits.add(waitedMs);
    if (token !== null && attempt > 1) this.process.redelivered += 1;
  }

  /** A token begins with the time of its claim. */
  #ended(queue: Buffer, what: Counted, token: Buffer | null, nowMs: number): void {
    this.happened(queue, what);
    const claimedAtMs = token === null ? 0 : timeIn(token);
    if (claimedAtMs === 0) return;
    const ranMs = Math.max(0, nowMs - claimedAtMs);
    count(this.#of(queue).runs, bucketOf(ranMs));
    this.process.runs.add(ranMs);
  }

  #of(queue: Buffer): QueueCounts {
    if (queue === this.#latest) return this.#latestCounts!;
    const name = nameOf(queue);
    let counts = this.#queues.get(name);
    if (!counts) {
      counts = emptyCounts();
      this.#queues.set(name, counts);
    }
    this.#latest = queue;
    this.#latestCounts = counts;
    return counts;
  }
}

/** The number with which a token begins; 0 if there is none. */
export function timeIn(token: Buffer): number {
  let ms = 0;
  for (let at = 0; at < token.length; at++) {
    const digit = token[at]! - DIGIT_0;
    if (digit < 0 || digit > 9) break;
    ms = ms * 10 + digit;
  }
  return ms;
}
