// What is counted of the queues: the figures, and the history in steps.
import { STEP_COUNTS } from "../../queue/history.ts";
import { COUNTED, type Counted, type QueueCounts } from "../../queue/queue-status.ts";
import { Figures } from "./figures.ts";
import { LocalHistory } from "./history.ts";
import type { LocalQueue } from "./local-queue.ts";
import { LocalQueues } from "./local-queues.ts";

const STEP_PLACES = STEP_COUNTS.map((what) => COUNTED.indexOf(what));

export class LocalFigures extends LocalQueues {
  /** What the store itself has counted since it was emptied. */
  readonly tallied: Counted[] = [];
  /** The numbers of counts that were added and may come again. */
  readonly #counts = new Set<number>();
  /** What it has counted in this batch, for the histories, by the places of STEP_COUNTS. */
  readonly #steps = new Map<LocalQueue, number[]>();

  /** Counts what only the store knows. */
  tally(queue: LocalQueue, what: Counted): void {
    const { nowMs } = this;
    const figures = (queue.figures ??= new Figures());
    const place = STEP_COUNTS.indexOf(what as (typeof STEP_COUNTS)[number]);
    figures.addOne(nowMs, what);
    this.tallied.push(what);
    this.#noteStep(queue, place, 1);
    this.changes?.counted(queue, () => {
      figures.addOne(nowMs, what, -1);
      this.#noteStep(queue, place, -1);
    });
  }

  /** place -1: it is not in a history. */
  #noteStep(queue: LocalQueue, place: number, sign: 1 | -1): void {
    if (place < 0) return;
    let counts = this.#steps.get(queue);
    if (!counts) this.#steps.set(queue, (counts = STEP_COUNTS.map(() => 0)));
    counts[place]! += sign;
  }

  /** To be called at the end of a batch: then the levels are those after it. */
  settleSteps(): void {
    for (const [queue, counts] of this.#steps) {
      if (!queue.isUnused && counts.some((count) => count !== 0)) this.#addStep(queue, counts);
    }
    this.forgetSteps();
  }

  /** The batch was undone. */
  protected forgetSteps(): void {
    if (this.#steps.size > 0) this.#steps.clear();
  }

  /** Whether counts of that number are new. Those of numbers below `settled` do not come again. */
  noteCount(number: number, settled: number): boolean {
    if (this.#counts.has(number)) return false;
    for (const each of this.#counts) if (each < settled) this.#counts.delete(each);
    this.#counts.add(number);
    this.changes?.undoBy(() => this.#counts.delete(number));
    return true;
  }

  addCounts(queue: LocalQueue, counts: QueueCounts): void {
    const { nowMs } = this;
    const figures = (queue.figures ??= new Figures());
    figures.add(nowMs, counts);
    this.changes?.counted(queue, () => figures.add(nowMs, counts, -1));
    this.#addStep(
      queue,
      STEP_PLACES.map((place) => counts.totals[place]!),
    );
  }

  #addStep(queue: LocalQueue, counts: number[]): void {
    const { history: before } = queue;
    const after = LocalHistory.after(before, this.nowMs, counts, levelsOf(queue));
    this.changes?.recorded(queue, after, () => this.setHistory(queue, before));
    this.setHistory(queue, after);
  }
}

/** How many events it has now, by the places of STEP_LEVELS. */
export function levelsOf(queue: LocalQueue | undefined): number[] {
  if (queue === undefined) return [0, 0, 0, 0];
  const { ready, claimed, delayed, failed } = queue;
  return [ready, claimed.length, delayed?.length ?? 0, failed?.length ?? 0];
}
