// The account of the events of workers: how often each was handled, acknowledged and lost, by what
// the workers said, and what okq has of them in the end.
import { expect } from "bun:test";
import type { Okq, Worker } from "okq/client";
import { eventually } from "../support/eventually.ts";

export const QUEUE = "q";

export class WorkerLedger {
  readonly pushed: string[];
  readonly handled = new Map<string, number>();
  readonly done = new Map<string, number>();
  readonly lost = new Set<string>();
  readonly #okq: Okq;

  /** okq is a client of the test that no fault concerns. */
  constructor(okq: Okq, count: number) {
    this.#okq = okq;
    this.pushed = Array.from({ length: count }, (_, at) => `e${at}`);
  }

  /** Pushes the events. The queue keeps those that are acknowledged. */
  async push(): Promise<void> {
    await this.#okq.call("QCONFIG", QUEUE, "keep-completed", "100000", "backoff", "none");
    await this.#okq.queue(QUEUE).pushMany(this.pushed, { ids: this.pushed });
  }

  watch(worker: Worker): void {
    worker.on("popped", ({ job }) => this.note("handled", job.id));
    worker.on("done", ({ job }) => this.note("done", job.id));
    worker.on("lost", ({ job }) => this.note("lost", job.id));
  }

  note(what: "handled" | "done" | "lost", id: string): void {
    if (what === "lost") this.lost.add(id);
    else this[what].set(id, (this[what].get(id) ?? 0) + 1);
  }

  /** Resolves when okq has so many acknowledged events. */
  async completed(count = this.pushed.length): Promise<void> {
    await eventually(async () => (await this.#inState("completed")).length >= count, {
      timeoutMs: 60_000,
      message: `${count} events are completed`,
    });
  }

  /** Resolves to the claimed events when nothing is ready and these workers have all claims. */
  async onlyClaimedBy(isOne: (worker: string) => boolean): Promise<string[]> {
    return await eventually(async () => {
      const isReady = (await this.#inState("ready")).length > 0;
      const workers = await this.#inState("claimed", "worker");
      return isReady || !workers.every(isOne) ? null : await this.#inState("claimed");
    });
  }

  /** The events that were handled more than once. */
  get repeated(): string[] {
    return [...this.handled].flatMap(([id, times]) => (times > 1 ? [id] : []));
  }

  /**
   * All events are completed and none is left. Each was handled, none was acknowledged twice, and
   * the events that were handled more than once are among these.
   */
  async settle(mayRepeat: (id: string) => boolean): Promise<void> {
    await this.completed();
    for (const state of ["ready", "delayed", "claimed", "failed"]) {
      expect([state, await this.#inState(state)]).toEqual([state, []]);
    }
    expect((await this.#inState("completed")).toSorted()).toEqual(this.pushed.toSorted());
    expect(this.pushed.filter((id) => !this.handled.has(id))).toEqual([]);
    expect([...this.done].filter(([, times]) => times > 1)).toEqual([]);
    expect(this.repeated.filter((id) => !mayRepeat(id))).toEqual([]);
  }

  /** A field of the events in that state. */
  async #inState(state: string, field = "id"): Promise<string[]> {
    const values: string[] = [];
    for (let after: unknown[] = []; ;) {
      const words = ["STATE", state, "COUNT", 1000, ...after] as string[];
      const [next, rows] = (await this.#okq.call("QLIST", QUEUE, ...words)) as [
        unknown,
        unknown[][],
      ];
      for (const row of rows) values.push(String(row[row.map(String).indexOf(field) + 1]));
      if (next === null) return values;
      after = ["AFTER", String(next)];
    }
  }
}
