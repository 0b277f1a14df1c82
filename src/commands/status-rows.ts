// The status of many queues in little memory: their names in one buffer and their counts in one
// array per page. As objects they would take ten times as much.
import { type QueueStatus, totalOf } from "../queue/queue-status.ts";

/** What the classic commands show. */
export interface StatusRow {
  queue: Buffer;
  total: number;
  claimed: number;
  consumers: number;
}

const NUMBERS = 4;
/** The memory of a page besides names and numbers. */
const PAGE_BYTES = 512;

interface Page {
  names: Buffer;
  /** For each queue the length of its name and its counts. */
  numbers: Float64Array;
}

export class StatusRows {
  readonly #pages: Page[] = [];
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** Returns how many bytes they take in memory. */
  add(statuses: QueueStatus[]): number {
    if (statuses.length === 0) return 0;
    const numbers = new Float64Array(statuses.length * NUMBERS);
    for (const [at, status] of statuses.entries()) {
      const { queue, claimed, consumers } = status;
      numbers.set([queue.length, totalOf(status), claimed, consumers], at * NUMBERS);
    }
    const names = Buffer.concat(statuses.map(({ queue }) => queue));
    this.#pages.push({ names, numbers });
    this.#count += statuses.length;
    return names.length + numbers.byteLength + PAGE_BYTES;
  }

  /** In the order in which they were added. */
  *[Symbol.iterator](): Generator<StatusRow> {
    for (const { names, numbers } of this.#pages) {
      let start = 0;
      for (let at = 0; at < numbers.length; at += NUMBERS) {
        const end = start + numbers[at]!;
        const queue = names.subarray(start, end);
        start = end;
        yield {
          queue,
          total: numbers[at + 1]!,
          claimed: numbers[at + 2]!,
          consumers: numbers[at + 3]!,
        };
      }
    }
  }
}
